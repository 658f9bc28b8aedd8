//! A patch sweep: another prompt's run put into the open one, place by place, by a worker; and the patch that a place is.

use super::{
    banner::Banner, derived::Derived, layout::Pane, scene::Scene, session::Session, state::State,
    window::Window,
};
use crate::{
    engine::{Job, Moved, Places, SweepAsk, moved_by},
    model::{HeadId, Hook, Stream},
    trace::{Intervention, OtherPrompt, Side, Span, Trace},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is swept: part of the state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SweepChoice {
    /// What stands in the box of the other prompt.
    pub prompt: String,
    /// What of that was asked to be run; empty: nothing.
    pub asked: String,
    /// Whose logit; none: what the other prompt makes likeliest.
    pub of: Option<u32>,
    /// Whose is taken off; none: what this prompt makes likeliest.
    pub less: Option<u32>,
    /// Which map is shown.
    pub places: Places,
}

/// Which sweep: a run, the other prompt, the two words.
type Asked = (u64, String, Option<u32>, Option<u32>);

/// The sweep, as far as it is made.
#[derive(Default)]
pub struct Sweeping {
    moved: Derived<Asked, Arc<Moved>>,
}

impl Sweeping {
    /// The sweep of a run.
    pub fn of(&self, run: u64) -> Option<&Arc<Moved>> {
        self.moved.get().filter(|_| self.moved.latest().is_some_and(|(asked, _)| asked.0 == run))
    }
    /// Why there is none.
    pub fn why_not(&self) -> Option<&Banner> {
        self.moved.error()
    }
    /// How much is done, while it is made.
    pub fn progress(&self) -> Option<f32> {
        self.moved.progress()
    }
}

impl SweepChoice {
    /// The patch that a place is.
    pub fn patch(&self, trace: &Trace, (layer, at): (usize, usize)) -> Intervention {
        let prompt = OtherPrompt::Text(self.asked.clone());
        match self.places {
            Places::Tokens => {
                let hook = trace.spec.hook_name(Hook::ResidPre, layer);
                Intervention::Patch { hook, tokens: Span::one(at), prompt }
            }
            Places::Heads => {
                let hook = format!("{}[{at}]", trace.spec.hook_name(Hook::Z, layer));
                Intervention::Patch { hook, tokens: Span::All, prompt }
            }
        }
    }

    /// What is written of it.
    pub fn ask(&self, known: Option<Arc<Moved>>) -> Option<SweepAsk> {
        let prompt = OtherPrompt::Text(self.asked.clone());
        (!self.asked.is_empty()).then_some(SweepAsk { prompt, places: self.places, known })
    }

    /// Nothing that depends on the model that was open.
    pub fn forget_model(&mut self) {
        (self.of, self.less) = (None, None);
        self.asked.clear();
    }
}

impl Session {
    /// Has what is asked for swept, from when a pane first shows it.
    pub fn follow_sweep(&mut self, state: &State, drawn: impl Fn(Pane) -> bool) {
        let choice = &state.sweep;
        let clean = self.trace.as_ref().filter(|trace| trace.is_complete() && self.busy.is_none());
        let asked = clean
            .filter(|_| !choice.asked.is_empty())
            .map(|_| (self.run, choice.asked.clone(), choice.of, choice.less));
        // What was begun goes on behind another tab
        if self.sweeping.moved.is_of(asked.as_ref(), &self.post) || (asked.is_some() && !drawn(Pane::Sweep)) {
            return;
        }
        let (model, trace, words) = (self.model.clone(), clean.cloned(), self.post.words());
        self.sweeping.moved.follow("patch sweep", asked, &self.post, |(_, text, of, less)| {
            let (prompt, metric) = (OtherPrompt::Text(text.clone()), (*of, *less));
            move |job: &Job| {
                let model = model.ok_or_else(|| Banner::error(&words.needs_weights, None))?;
                let trace = trace.ok_or_else(|| Banner::error(&words.needs_trace, None))?;
                moved_by(&model, &trace, &prompt, metric, &mut job.tell("Patching"))
                    .map(Arc::new)
                    .map_err(|error| Banner::of(&error, words))
            }
        });
    }
}

impl Window {
    /// Writes into the box of the other prompt.
    pub(super) fn edit_sweep(&mut self, text: String) {
        self.state.sweep.prompt = text;
    }

    /// Sweeps from what stands there, or stops.
    pub(super) fn run_sweep(&mut self, on: bool) {
        let choice = &mut self.state.sweep;
        choice.asked = if on { choice.prompt.clone() } else { String::new() };
    }

    /// Selects a place of the sweep, here and in every other view.
    pub(super) fn select_swept(&mut self, layer: usize, at: usize) {
        if self.state.sweep.places == Places::Heads {
            return self.select(HeadId { layer, head: at });
        }
        let streams = self.session.trace.as_ref().map_or_else(Vec::new, |trace| trace.spec.streams());
        if let Some(place) = streams.iter().position(|&stream| stream == Stream::Before(layer)) {
            self.select_place(place);
        }
        self.state.query = Some(at);
    }
}

impl Scene<'_> {
    /// The selected place of the sweep: the selected head, or the pinned token before the selected head's block.
    pub fn swept_place(&self) -> Option<(usize, usize)> {
        let head = self.state.head;
        match self.state.sweep.places {
            Places::Heads => Some((head.layer, head.head)),
            Places::Tokens if self.rows() == Side::Target => Some((head.layer, self.state.query?)),
            Places::Tokens => None,
        }
    }

    /// The sweep of the open run, and that run.
    pub fn swept(&self) -> Option<(&Arc<Moved>, &Trace)> {
        self.sweeping.of(self.clean_run).zip(self.clean)
    }
}
