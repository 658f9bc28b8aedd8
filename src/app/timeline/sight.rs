//! The training in sight, whichever it is: its checkpoints, what was measured, where the slider stands.

use super::{TimelineAct, TimelineState, Timelines, Whose};
use crate::{
    analysis::timeline::{Overview, Seen, StepAxis},
    app::{
        banner::Banner,
        command::Command,
        scene::Scene,
        training::{Act, Live},
    },
    model::HeadId,
};

/// A training for the panes that draw it.
pub struct Sight<'a> {
    /// Whether it goes on while one looks.
    pub live: bool,
    /// What was measured, by step.
    pub seen: Vec<&'a dyn Seen>,
    /// What that comes to.
    pub overview: &'a Overview,
    /// The steps that the slider stops at; of a live training the last is the present one.
    pub steps: Vec<u64>,
    /// Where it stands among them.
    pub at: usize,
}

impl<'a> Sight<'a> {
    /// The live training; none before it began.
    pub fn of_live(live: &'a Live) -> Option<Self> {
        let present = live.reports.last()?.steps;
        let kept = live.moments.iter().map(|moment| moment.report.steps).filter(|&step| step < present);
        let steps: Vec<u64> = kept.chain([present]).collect();
        let earlier = live.earlier().map(|moment| moment.report.steps);
        let at = earlier.and_then(|step| steps.iter().position(|&own| own == step));
        Some(Self {
            live: true,
            seen: live.reports.iter().map(|report| report as &dyn Seen).collect(),
            overview: &live.overview,
            at: at.unwrap_or(steps.len() - 1),
            steps,
        })
    }

    /// The step in sight.
    pub fn step(&self) -> u64 {
        self.steps.get(self.at).copied().unwrap_or(0)
    }

    /// Whether that is the present of a live training.
    pub fn is_present(&self) -> bool {
        self.live && self.at + 1 == self.steps.len()
    }

    /// An axis for all of it.
    pub fn axis(&self) -> StepAxis {
        StepAxis::of(&self.steps)
    }

    /// Goes to one of the steps.
    pub fn go(&self, at: usize) -> Option<Command> {
        let &step = self.steps.get(at)?;
        Some(if self.live {
            Command::Train(Act::Look((at + 1 < self.steps.len()).then_some(step)))
        } else {
            Command::Timeline(TimelineAct::Go(step))
        })
    }

    /// Where the one nearest to a step is, if that is not where the slider stands.
    pub fn nearest(&self, step: u64) -> Option<usize> {
        let nearest = (0..self.steps.len()).min_by_key(|&at| self.steps[at].abs_diff(step))?;
        (nearest != self.at).then_some(nearest)
    }

    /// Goes to one of the steps by a drag; `first`: the slider was pressed just now.
    pub fn slide(&self, at: usize, first: bool) -> Option<Command> {
        match self.go(at)? {
            Command::Timeline(TimelineAct::Go(step)) => {
                Some(Command::Timeline(TimelineAct::Slide { step, first }))
            }
            live => Some(live),
        }
    }

    /// What was measured at the step in sight.
    pub fn now(&self) -> Option<&'a dyn Seen> {
        let step = self.step();
        self.seen.iter().rev().find(|seen| seen.step() <= step).copied()
    }
}

impl<'a> Sight<'a> {
    /// The training in sight: the folder that is open, else the live one.
    pub fn of(state: &TimelineState, timelines: &'a Timelines, live: &'a Live) -> Option<Self> {
        if state.folder.is_none() {
            return Self::of_live(live);
        }
        let (found, at) = timelines.stand(state)?;
        Some(Self {
            live: false,
            seen: timelines.seen.iter().map(|seen| &**seen as &dyn Seen).collect(),
            overview: &timelines.overview,
            steps: found.all.iter().map(|checkpoint| checkpoint.step).collect(),
            at,
        })
    }
}

impl<'a> Scene<'a> {
    /// The training in sight: the folder that is open, else the live one.
    pub fn timeline(&self) -> Option<Sight<'a>> {
        Sight::of(&self.state.timeline, self.timelines, self.live)
    }

    /// The heads whose curves are drawn; none: the best at each step.
    pub fn timeline_heads(&self, sight: &Sight<'_>) -> Vec<HeadId> {
        match self.state.timeline.whose {
            Whose::Best => Vec::new(),
            Whose::Selected if sight.live => vec![self.live.head],
            Whose::Selected => self.state.heads(),
        }
    }

    /// Why there is no timeline, or not all of it.
    pub fn timeline_error(&self) -> Option<&'a Banner> {
        let timelines = self.timelines;
        timelines.found.error().or(timelines.opening.error()).or(timelines.measuring.error())
    }
}
