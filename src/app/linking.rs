//! One selection for all views: layer, head, query and key hang together, and so does what the pointer is on.
//!
//! **Invariant** (kept by `Session::fit`): where there is a run, the place on the residual stream is one of the selected
//! head's block. Whoever selects a head moves it, and whoever selects a place there moves the head.

use super::{command::Command, scene::Scene, state::State, window::Window};
use crate::{
    model::{HeadId, Stream},
    trace::Trace,
};

/// What the pointer is on, this frame: every view shows it, any view sets it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hover {
    /// A token as the one that looks.
    pub query: Option<usize>,
    /// A token as one that is looked at.
    pub key: Option<usize>,
    /// A head.
    pub head: Option<HeadId>,
    /// A block.
    pub layer: Option<usize>,
}

impl Hover {
    /// A head of the open model.
    pub fn of_head(head: HeadId) -> Self {
        Self { head: Some(head), layer: Some(head.layer), ..Self::default() }
    }

    /// The row alone where there is one: for views in which a token has no column.
    #[must_use]
    pub fn rows_only(self) -> Self {
        Self { key: self.key.filter(|_| self.query.is_none()), ..self }
    }

    /// The same in a block.
    #[must_use]
    pub fn in_layer(self, layer: usize) -> Self {
        Self { layer: Some(layer), ..self }
    }
}

/// The block that a place on the residual stream is of: the one that it enters, or the last of its stack.
pub fn block_of(stream: Stream) -> usize {
    let (Stream::Before(layer) | Stream::After(layer)) = stream;
    layer
}

impl State {
    /// Keeps the place on the residual stream in the selected head's block, and the memory panes at it where they look at
    /// one layer alone.
    pub(super) fn fit_stream(&mut self, trace: &Trace) {
        let streams = trace.spec.streams();
        let own = |stream: &Stream| block_of(*stream) == self.head.layer;
        if !streams.get(self.layer).is_some_and(own) {
            self.layer = streams.iter().position(own).unwrap_or(0);
        }
        self.memory.last_layer = self.memory.last_layer.map(|_| self.head.layer);
    }
}

impl Window {
    /// Selects a head; what is pinned or zoomed stays where the map has the same texts along its sides.
    pub(super) fn select(&mut self, head: HeadId) {
        let sides = |head: HeadId| {
            let block = self.session.trace.as_ref().and_then(|trace| trace.spec.blocks.get(head.layer));
            block.map(|block| block.part.sides())
        };
        if let (Some(old), Some(new)) = (sides(self.state.head), sides(head)) {
            self.state.query = self.state.query.filter(|_| old.0 == new.0);
            self.state.key = self.state.key.filter(|_| old.1 == new.1);
            self.state.view = self.state.view.filter(|_| old == new);
        }
        self.state.head = head;
    }

    /// Selects a place on the residual stream, and with it a head of its block: the one with the same number.
    pub(super) fn select_place(&mut self, place: usize) {
        self.state.layer = place;
        let stream = self.session.trace.as_ref().and_then(|trace| trace.spec.streams().get(place).copied());
        if let Some(stream) = stream {
            self.select_block(block_of(stream));
        }
    }

    /// Selects the head with the same number in a block, the block's last where it has fewer.
    pub(super) fn select_block(&mut self, layer: usize) {
        let Some(trace) = self.session.trace.as_ref().filter(|trace| layer < trace.n_layers()) else {
            return;
        };
        let head = self.state.head.head.min(trace.heads(layer).saturating_sub(1));
        if layer != self.state.head.layer {
            self.select(HeadId { layer, head });
        }
    }

    /// Has the memory panes look at one layer, which is selected everywhere then, or at all.
    pub(super) fn set_last_layer(&mut self, layer: Option<usize>) {
        self.state.memory.last_layer = layer;
        if let Some(layer) = layer {
            self.select_block(layer);
        }
    }
}

impl Scene<'_> {
    /// The block that every view marks: under the pointer, else selected.
    pub fn shown_layer(&self) -> usize {
        self.hover.layer.unwrap_or(self.state.head.layer)
    }

    /// Selects a block where the pointer leaves no place on its stream: what enters it.
    pub fn select_block(&self, layer: usize) -> Option<Command> {
        self.select_stream(Stream::Before(layer))
    }
}
