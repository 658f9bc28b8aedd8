//! The walk in sight: its steps, computed on a worker, and its playing.

use super::{
    banner::Banner,
    command::{Command, CommandKind, Refusal},
    derived::Derived,
    layout::{self, Pane},
    scene::Scene,
    session::Session,
    state::State,
    window::Window,
};
use crate::{
    analysis::{
        Cell,
        walk::{StepKind, Walk, walk},
    },
    model::HeadId,
};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// How long a step stays while the walk plays.
pub const PACE: Duration = Duration::from_secs(3);

/// Where the walk stands: part of the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WalkState {
    /// The step in sight.
    pub step: StepKind,
    /// How a head's dimensions are ordered.
    pub order: Order,
}

/// Order of a head's dimensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// As the model has them.
    #[default]
    Dimension,
    /// By the product of query and key, largest first.
    Product,
}

impl Order {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Dimension => Self::Product,
            Self::Product => Self::Dimension,
        }
    }
}

/// Which walk: a run, a head, a query, a key (the one most attended to, where none is pinned).
type Key = (u64, HeadId, usize, Option<usize>);

/// The walk, as far as it is known.
#[derive(Default)]
pub struct Walking {
    walks: Derived<Key, Walk>,
    /// When the step in sight came into sight, while the walk plays.
    pub playing: Option<Instant>,
}

impl Walking {
    /// The walk; while it is computed, the one before of the same run.
    pub fn walk(&self) -> Option<&Walk> {
        self.walks.latest().map(|(_, walk)| walk)
    }

    /// Why there is none.
    pub fn error(&self) -> Option<&Banner> {
        self.walks.error()
    }
}

impl Session {
    /// Has the selected head, query and key walked, where that is not what is there.
    pub fn follow_walk(&mut self, state: &State) {
        let query = self.pinned_query(state);
        let (run, trace) = self.visible(state);
        let known = trace.filter(|trace| trace.is_complete() && trace.has(state.head)).zip(query);
        let key = known.map(|(_, query)| (run, state.head, query, state.key));
        if self.walking.walks.is_of(key.as_ref(), &self.post) {
            return;
        }
        let trace = self.visible(state).1.cloned();
        let (model, post, words) = (self.model.clone(), self.post.clone(), self.post.words());
        self.walking.walks.follow("walk", key, &post, move |&(_, head, query, pinned)| {
            move |_: &crate::engine::Job| {
                let trace = trace.ok_or_else(|| Banner::error(&words.walk.not_there, None))?;
                let key = pinned.or_else(|| trace.pattern(head).strongest(query)).unwrap_or(0);
                let walked = walk(model.as_deref(), &trace, Cell { head, query, key });
                walked.map_err(|error| Banner::of(&error, words))
            }
        });
    }
}

impl Window {
    /// Goes to a step; while the walk plays, that one too stays its time.
    pub(super) fn set_step(&mut self, step: StepKind) {
        self.state.walk.step = step;
        if let Some(since) = &mut self.session.walking.playing {
            *since = Instant::now();
        }
    }

    /// Goes on by one step; after the last one the walk stops.
    pub(super) fn advance_walk(&mut self) {
        match self.state.walk.step.next() {
            Some(next) => self.set_step(next),
            None => self.session.walking.playing = None,
        }
    }

    /// Plays or stops; from the end it begins anew.
    pub(super) fn play_walk(&mut self, play: bool) {
        self.session.walking.playing = play.then(Instant::now);
        if play && self.state.walk.step.next().is_none() {
            self.state.walk.step = StepKind::Tokens;
        }
        if play {
            self.show_pane(Pane::Walk);
        }
    }

    /// Goes on where a step has had its time; an idle window is woken once, when that will be.
    pub(super) fn keep_time(&mut self, ctx: &egui::Context) {
        let Some(since) = self.session.walking.playing else { return };
        match PACE.checked_sub(since.elapsed()).filter(|left| !left.is_zero()) {
            Some(left) => ctx.request_repaint_after(left),
            None => self.apply(ctx, Command::AdvanceWalk),
        }
    }
}

impl CommandKind {
    /// What a command of the walk means right now.
    pub(super) fn aim_in_walk(self, scene: &Scene<'_>) -> Result<Command, Refusal> {
        let (words, step) = (scene.words.walk, scene.state.walk.step);
        match self {
            Self::PreviousStep => step.previous().map(Command::SetStep).ok_or(words.first_step),
            Self::NextStep => step.next().map(Command::SetStep).ok_or(words.last_step),
            _ => Ok(Command::PlayWalk(scene.walking.playing.is_none())),
        }
    }
}

impl Scene<'_> {
    /// Whether ← and → step through the walk: it is in sight, and the pane clicked last is not another in sight.
    pub fn walks(&self) -> bool {
        self.shows(Pane::Walk) && (self.front == Pane::Walk || !self.shows(self.front))
    }

    /// Whether a pane is in sight in this window.
    pub fn shows(&self, pane: Pane) -> bool {
        layout::shows(self.state, self.tree, pane)
    }
}
