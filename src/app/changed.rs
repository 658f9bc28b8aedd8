//! The run with interventions, beside the clean one: follows what is switched on, and knows when it is out of date; and
//! what is done to the list of them.

use super::{
    banner::Banner,
    session::Session,
    state::{Shown, State, Switch},
    window::Window,
    worker::{News, Post, spawn},
};
use crate::{
    engine::{self, Job},
    model::Model,
    trace::{Intervention, Trace},
};
use std::sync::Arc;

/// The changed run, as far as there is one.
#[derive(Default)]
pub struct Changed {
    /// Its number, under which pictures of it are kept.
    pub run: u64,
    /// The run.
    pub trace: Option<Trace>,
    /// The clean run and the interventions it is of, or will be.
    asked: Option<(u64, Vec<Intervention>)>,
    number: u64,
    job: Job,
}

impl Changed {
    /// Starts what is switched on anew where it is not what is there. `number` is for the new run.
    pub fn follow(
        &mut self,
        model: Option<&Arc<Model>>,
        (run, clean): (u64, Option<&Trace>),
        switches: &[Switch],
        number: u64,
        post: &Post,
    ) -> bool {
        let wanted: Vec<Intervention> =
            switches.iter().filter(|switch| switch.on).map(|switch| switch.what.clone()).collect();
        let Some((model, clean)) = model.zip(clean.filter(|clean| clean.is_complete())) else {
            if self.asked.as_ref().is_some_and(|(of, _)| *of != run) {
                self.forget();
            }
            return false;
        };
        if wanted.is_empty() {
            self.forget();
            return false;
        }
        let asked = Some((run, wanted));
        if self.asked == asked {
            return false;
        }
        if self.asked.as_ref().is_none_or(|(of, _)| *of != run) {
            self.forget();
        }
        self.job.cancel();
        (self.job, self.number, self.asked) = (Job::new(), number, asked.clone());
        let (model, clean, job) = (Arc::clone(model), clean.clone(), self.job.clone());
        let interventions = asked.map_or_else(Vec::new, |(_, interventions)| interventions);
        spawn("interventions", post, number, move |post| {
            post.send(match engine::intervene(&model, &clean, &interventions, &job, &mut |_| {}) {
                Ok(trace) => News::Changed { job: number, trace },
                Err(_) if job.is_cancelled() => return,
                Err(error) => News::Unchanged { job: number, banner: Banner::of(&error, post.words()) },
            });
        });
        true
    }

    /// Whether a run is on its way.
    pub fn is_running(&self) -> bool {
        self.number != self.run && self.asked.is_some()
    }

    /// Takes in a run, if it is the one that was asked for last.
    pub fn arrived(&mut self, number: u64, trace: Trace) {
        if number == self.number {
            (self.run, self.trace) = (number, Some(trace));
        }
    }

    /// Takes in that there is none; gives back the banner that says why.
    pub fn failed(&mut self, number: u64, banner: Banner) -> Option<Banner> {
        (number == self.number).then(|| {
            (self.run, self.trace) = (number, None);
            banner
        })
    }

    /// The changed run, where it is of the clean run of this number.
    pub fn of(&self, clean: u64) -> Option<&Trace> {
        self.trace.as_ref().filter(|_| self.asked.as_ref().is_some_and(|(of, _)| *of == clean))
    }

    fn forget(&mut self) {
        self.job.cancel();
        (self.trace, self.asked) = (None, None);
    }
}

impl State {
    /// The interventions that are switched on.
    pub fn switched_on(&self) -> Vec<Intervention> {
        self.interventions.iter().filter(|switch| switch.on).map(|switch| switch.what.clone()).collect()
    }

    /// Those of the run in sight; none where the clean one is.
    pub fn changes_in_sight(&self) -> Vec<Intervention> {
        if self.shown == Shown::Clean { Vec::new() } else { self.switched_on() }
    }
}

impl Session {
    /// Runs again with what is switched on, where that is not what is there.
    pub fn intervene(&mut self, state: &State) {
        // Not of a target that is still being written
        let clean = (self.run, self.trace.as_ref().filter(|_| self.busy.is_none()));
        let number = self.numbers + 1;
        if self.changed.follow(self.model.as_ref(), clean, &state.interventions, number, &self.post) {
            self.numbers = number;
        }
    }

    /// The run in sight and its number: the changed one, where there is one and it is wanted.
    pub fn visible(&self, state: &State) -> (u64, Option<&Trace>) {
        match self.changed_run() {
            Some(trace) if state.shown != Shown::Clean => (self.changed.run, Some(trace)),
            _ => (self.run, self.trace.as_ref()),
        }
    }

    /// The same, where it is whole and nothing runs: what workers may ask.
    pub(super) fn visible_whole(&self, state: &State) -> Option<(u64, &Trace)> {
        let (run, trace) = self.visible(state);
        Some((run, trace.filter(|trace| trace.is_complete() && self.busy.is_none())?))
    }

    /// The run that is subtracted, where a difference is shown.
    pub(super) fn less_of(&self, state: &State) -> Option<(u64, &Trace)> {
        let both = self.trace.as_ref().filter(|_| self.changed_run().is_some());
        both.filter(|_| state.shown == Shown::Difference).map(|clean| (self.run, clean))
    }

    /// The changed run of the clean run that is there; one of a model before is not of it.
    pub(super) fn changed_run(&self) -> Option<&Trace> {
        self.changed.of(self.run).filter(|_| self.trace.is_some())
    }
}

impl Window {
    /// Adds a change, or switches it on again; the changed run comes in sight.
    pub(super) fn intervene(&mut self, what: Intervention) {
        match self.state.interventions.iter_mut().find(|switch| switch.what == what) {
            Some(switch) => switch.on = true,
            None => self.state.interventions.push(Switch { what, on: true }),
        }
        if self.state.shown == Shown::Clean {
            self.state.shown = Shown::Changed;
        }
    }

    /// Has the selected head look from `query` at `key` too; `first` begins the row anew.
    pub(super) fn paint(&mut self, query: usize, key: usize, first: bool) {
        let head = self.state.head;
        let own = |switch: &&mut Switch| match &switch.what {
            Intervention::Paint { head: painted, query: row, .. } => (*painted, *row) == (head, query),
            _ => false,
        };
        let Some(switch) = self.state.interventions.iter_mut().find(own) else {
            return self.intervene(Intervention::Paint { head, query, weights: vec![(key, 1.0)] });
        };
        switch.on = true;
        if let Intervention::Paint { weights, .. } = &mut switch.what {
            if first {
                weights.clear();
            }
            if weights.iter().all(|(painted, _)| *painted != key) {
                weights.push((key, 1.0));
            }
        }
    }
}
