//! What a selection means in the run in sight.

use super::Session;
use crate::{
    app::{
        row::Row,
        state::{Cells, Hover, State},
    },
    model::HeadId,
    trace::{Side, Trace},
};

impl Session {
    /// Size of a head's map.
    pub fn cells(&self, head: HeadId) -> Cells {
        let known = self.trace.as_ref().filter(|trace| head.layer < trace.n_layers());
        known.map_or_else(Cells::default, |trace| Cells {
            queries: trace.query_tokens(head.layer).len(),
            keys: trace.key_tokens(head.layer).len(),
        })
    }

    /// The pinned query, else the token that the answer follows, else the last of the selected head's rows.
    pub fn pinned_query(&self, state: &State) -> Option<usize> {
        let n = self.cells(state.head).queries;
        let asks = |trace: &&Trace| trace.spec.blocks[state.head.layer].part.rows() == Side::Target;
        let answer = self.trace.as_ref().filter(|_| n > 0).filter(asks).and_then(|trace| trace.answer_at);
        state.query.or(answer).filter(|&query| query < n).or_else(|| n.checked_sub(1))
    }

    /// The row under the pointer or the pin in the selected head, kept until either changes.
    pub fn refresh_row(&mut self, state: &State, hover: Hover) {
        let (head, n) = (state.head, self.cells(state.head).queries);
        let query = hover.query.filter(|&query| query < n).or_else(|| self.pinned_query(state));
        let (run, trace) = self.visible(state);
        let trace = trace.filter(|trace| trace.has(head));
        let Some((trace, query)) = trace.zip(query) else {
            self.row = None;
            return;
        };
        if !self.row.as_ref().is_some_and(|row| row.is(run, head, query)) {
            self.row = Some(Row::new(run, trace, head, query));
        }
    }

    /// Fits a selection to the run in sight.
    pub fn fit(&self, state: &mut State) {
        let Some(trace) = &self.trace else { return };
        state.head.layer = state.head.layer.min(trace.n_layers().saturating_sub(1));
        state.head.head = state.head.head.min(trace.heads(state.head.layer).saturating_sub(1));
        state.fit_chosen(trace);
        let cells = self.cells(state.head);
        state.query = state.query.filter(|&query| query < cells.queries);
        state.key = state.key.filter(|&key| key < cells.keys);
        state.map.queries.retain(|&query| query < cells.queries);
        state.map.keys.retain(|&key| key < cells.keys);
        state.view = state.view.filter(|view| view.fits(cells));
        state.fit_stream(trace);
    }
}
