//! Several heads at once: beside the one under the glass, those that were chosen and stay until they are let go.

use super::{
    command::{Command, Refusal},
    scene::Scene,
    state::State,
    window::Window,
};
use crate::{model::HeadId, trace::Trace};
use std::collections::HashSet;

impl State {
    /// The head under the glass, then the chosen ones in their order; each once.
    pub fn heads(&self) -> Vec<HeadId> {
        let others = self.chosen.iter().copied().filter(|&head| head != self.head);
        std::iter::once(self.head).chain(others).collect()
    }

    /// Keeps of the chosen heads those that a run's model has, each once; also while its layers are still computed.
    pub(super) fn fit_chosen(&mut self, trace: &Trace) {
        let mut seen = HashSet::new();
        let there = |head: HeadId| head.layer < trace.n_layers() && head.head < trace.heads(head.layer);
        self.chosen.retain(|&head| there(head) && seen.insert(head));
    }
}

impl Scene<'_> {
    /// Every head of a layer, chosen.
    pub fn choose_layer(&self, layer: usize) -> Result<Command, Refusal> {
        let trace = self.trace.ok_or(self.words.needs_trace)?;
        Ok(Command::ChooseHeads((0..trace.heads(layer)).map(|head| HeadId { layer, head }).collect()))
    }

    /// The chosen heads, let go.
    pub fn release(&self) -> Result<Command, Refusal> {
        if self.state.chosen.is_empty() {
            return Err(self.words.choosing.none_chosen);
        }
        Ok(Command::ChooseHeads(Vec::new()))
    }
}

impl Window {
    /// Chooses a head, or lets it go.
    pub(super) fn toggle_head(&mut self, head: HeadId) {
        let chosen = &mut self.state.chosen;
        match chosen.iter().position(|&own| own == head) {
            Some(index) => drop(chosen.remove(index)),
            None => chosen.push(head),
        }
    }

    /// Chooses these heads and no others; the glass moves to the first where it is on none of them.
    pub(super) fn choose_heads(&mut self, mut heads: Vec<HeadId>) {
        if let Some(trace) = &self.session.trace {
            heads.retain(|&head| trace.has(head));
        }
        if let Some(&first) = heads.first().filter(|_| !heads.contains(&self.state.head)) {
            self.select(first);
        }
        self.state.chosen = heads;
    }

    /// Chooses the head under the glass and another, and moves the glass there.
    pub(super) fn extend_to(&mut self, head: HeadId) {
        for one in [self.state.head, head] {
            if !self.state.chosen.contains(&one) {
                self.state.chosen.push(one);
            }
        }
        self.select(head);
    }
}
