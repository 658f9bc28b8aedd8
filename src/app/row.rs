//! The row that every view shows: one query's weights, and which keys have the greatest.

use crate::{model::HeadId, trace::Trace};

/// Keys that a table may show.
const TABLE: usize = 64;

/// One query's weights.
pub struct Row {
    /// Which query's.
    pub query: usize,
    /// One weight a key; 0 where masked.
    pub weights: Vec<f32>,
    /// Keys and weights, the greatest first; as many as a table may show.
    pub top: Vec<(usize, f32)>,
    /// What all of them sum to.
    pub sum: f64,
    run: u64,
    head: HeadId,
}

impl Row {
    /// Reads the row of `query` in `head`, which the run has been through.
    pub fn new(run: u64, trace: &Trace, head: HeadId, query: usize) -> Self {
        let weights = trace.pattern(head).row(query);
        let mut top: Vec<(usize, f32)> =
            weights.iter().copied().enumerate().filter(|cell| cell.1 > 0.0).collect();
        let greatest = |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1);
        if top.len() > TABLE {
            top.select_nth_unstable_by(TABLE, greatest);
            top.truncate(TABLE);
        }
        top.sort_by(greatest);
        let sum = weights.iter().map(|&weight| f64::from(weight)).sum();
        Self { query, weights, top, sum, run, head }
    }

    /// Whether it is this row.
    pub fn is(&self, run: u64, head: HeadId, query: usize) -> bool {
        (self.run, self.head, self.query) == (run, head, query)
    }
}
