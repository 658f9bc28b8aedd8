//! What commands of the timeline do, and mean.

use super::{Place, Sight, TimelineAct};
use crate::app::{
    command::{Command, CommandKind, Refusal},
    layout::Pane,
    panes::dialogs::Dialog,
    scene::Scene,
    state::State,
    training::Act,
    window::Window,
};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// How long a checkpoint stays while they play.
const PACE: Duration = Duration::from_millis(700);

impl State {
    /// Asks with the prompt, and with what is changed about the run in sight.
    pub(in crate::app) fn ask_timeline(&mut self) {
        self.timeline.asked.clone_from(&self.prompt);
        self.timeline.changes = self.changes_in_sight();
    }
}

impl Window {
    pub(in crate::app) fn act_on_timeline(&mut self, act: TimelineAct) {
        match act {
            TimelineAct::Open(folder) => self.open_timeline(folder),
            TimelineAct::Close => (self.state.timeline.folder, self.state.compare.step) = (None, None),
            TimelineAct::Go(step) | TimelineAct::Slide { step, .. } => {
                self.state.timeline.step = Some(step);
            }
            TimelineAct::Advance => self.advance_timeline(),
            TimelineAct::Play(on) => {
                self.session.timelines.playing = on.then(Instant::now);
                let at_end = self.next_checkpoint().is_none();
                if let Some(first) = self.checkpoint(0).filter(|_| on && at_end) {
                    self.go(first);
                }
            }
            TimelineAct::Show(role, true) => self.state.timeline.hidden.retain(|own| own != role),
            TimelineAct::Show(role, false) => self.state.timeline.hidden.push(role.to_owned()),
            TimelineAct::Whose(whose) => self.state.timeline.whose = whose,
            TimelineAct::Ask => self.state.ask_timeline(),
            TimelineAct::Compare => self.compare_in_sight(),
            TimelineAct::Second { step, .. } => self.compare_with_step(step),
        }
    }

    fn open_timeline(&mut self, folder: PathBuf) {
        self.dialog = Dialog::None;
        self.settings.remember(&folder);
        (self.state.ids, self.state.branches, self.file) = (None, Vec::new(), None);
        self.state.forget_model();
        self.state.open_timeline(folder);
        self.session.timelines.playing = None;
        self.show_pane(Pane::Timeline);
    }

    /// Keeps the step in sight as the second run, and goes to the one before it, so that the two differ; of a training
    /// that goes on, the step before is the second.
    fn compare_in_sight(&mut self) {
        let Some(sight) = self.sight() else { return };
        let (step, present) = (sight.step(), sight.is_present());
        let beside = sight.at.checked_sub(1).or(Some(sight.at + 1));
        let beside = beside.and_then(|at| sight.steps.get(at).copied());
        match beside {
            Some(before) if present => self.compare_with_step(before),
            Some(beside) => {
                self.compare_with_step(step);
                self.go(beside);
            }
            None => self.compare_with_step(step),
        }
    }

    fn sight(&self) -> Option<Sight<'_>> {
        Sight::of(&self.state.timeline, &self.session.timelines, &self.live)
    }

    fn checkpoint(&self, at: usize) -> Option<u64> {
        self.sight()?.steps.get(at).copied()
    }

    fn next_checkpoint(&self) -> Option<u64> {
        let sight = self.sight()?;
        sight.steps.get(sight.at + 1).copied()
    }

    fn go(&mut self, step: u64) {
        if self.state.timeline.folder.is_some() {
            self.state.timeline.step = Some(step);
        } else {
            let present = self.live.reports.last().is_some_and(|report| report.steps == step);
            self.live.act(Act::Look((!present).then_some(step)), self.session.post());
        }
    }

    fn advance_timeline(&mut self) {
        let next = self.next_checkpoint();
        self.session.timelines.playing = next.map(|_| Instant::now());
        if let Some(step) = next {
            self.go(step);
        }
    }

    /// Goes on where a checkpoint has had its time and is in sight.
    pub(in crate::app) fn keep_playing(&mut self, ctx: &egui::Context) {
        let Some(since) = self.session.timelines.playing else { return };
        if self.session.timelines.opening.progress().is_some() {
            return; // its end wakes the window
        }
        match PACE.checked_sub(since.elapsed()).filter(|left| !left.is_zero()) {
            Some(left) => ctx.request_repaint_after(left),
            None => self.apply(ctx, Command::Timeline(TimelineAct::Advance)),
        }
    }

    /// The moment of the live training that the views show, where they show one of it.
    pub(in crate::app) fn live_place(&self) -> Option<Place> {
        let Some(Place::Live(shown)) = self.session.place() else { return None };
        self.live.moving().filter(|moment| moment.is_of(&shown)).map(Place::Live)
    }
}

impl CommandKind {
    /// What a command of the timeline means right now.
    pub(in crate::app) fn aim_in_timeline(self, scene: &Scene<'_>) -> Result<Command, Refusal> {
        let words = scene.words.timeline;
        let open = scene.state.timeline.folder.is_some();
        if self == Self::CloseTimeline {
            let act = Command::Timeline(TimelineAct::Close);
            return if open { Ok(act) } else { Err(words.no_folder) };
        }
        let sight = scene.timeline().ok_or(words.empty)?;
        match self {
            Self::CheckpointBack => sight.at.checked_sub(1).and_then(|at| sight.go(at)).ok_or(words.first),
            Self::CheckpointForward => sight.go(sight.at + 1).ok_or(words.last),
            Self::CompareCheckpoint => Ok(Command::Timeline(TimelineAct::Compare)),
            _ => Ok(Command::Timeline(TimelineAct::Play(scene.timelines.playing.is_none()))),
        }
    }
}
