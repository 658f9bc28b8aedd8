//! The strongest edges of some heads between the tokens in sight: what a picture of lines can show of any length.

use crate::model::HeadId;
use crate::trace::Trace;
use std::ops::{ControlFlow, Range};

/// Rows of weights that are held at once.
const ROWS: usize = 64;

/// Which edges.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowOptions {
    /// Of these heads, which all have the same tokens down and across
    pub heads: Vec<HeadId>,
    /// That weigh at least this
    pub threshold: f32,
    /// Whose query is in sight
    pub queries: Range<usize>,
    /// Or whose key is
    pub keys: Range<usize>,
    /// So many at most, the strongest
    pub limit: usize,
}

/// One weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Which of the heads that were asked for
    pub head: usize,
    /// The token that looks
    pub query: usize,
    /// The token that is looked at
    pub key: usize,
    /// The weight
    pub weight: f32,
}

/// Edges, the weakest first, so that the strongest is drawn on top.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    /// Those that are kept
    pub edges: Vec<Edge>,
    /// How many passed the threshold
    pub found: usize,
}

/// The edges that weigh at least the threshold and have an end in sight.
///
/// Costs (queries in sight × all keys + all queries × keys in sight) weights a head. `None` where `go_on` breaks off.
pub fn flow(trace: &Trace, options: &FlowOptions, go_on: &dyn Fn() -> ControlFlow<()>) -> Option<Flow> {
    let mut flow = Flow::default();
    for (index, &head) in options.heads.iter().enumerate().filter(|(_, head)| trace.has(**head)) {
        let pattern = trace.pattern(head);
        let (n_queries, n_keys) = (pattern.n_queries(), pattern.n_keys());
        let seen = options.queries.start.min(n_queries)..options.queries.end.min(n_queries);
        let keys = options.keys.start.min(n_keys)..options.keys.end.min(n_keys);
        let parts = [(0..seen.start, keys.clone()), (seen.clone(), 0..n_keys), (seen.end..n_queries, keys)];
        for (queries, keys) in
            parts.into_iter().filter(|(queries, keys)| !queries.is_empty() && !keys.is_empty())
        {
            for start in queries.clone().step_by(ROWS) {
                if go_on().is_break() {
                    return None;
                }
                let rows = start..(start + ROWS).min(queries.end);
                let tile = pattern.tile(rows.clone(), keys.clone());
                for (query, row) in rows.zip(tile.chunks_exact(keys.len())) {
                    let strong =
                        row.iter().zip(keys.clone()).filter(|(weight, _)| **weight >= options.threshold);
                    flow.edges.extend(strong.map(|(&weight, key)| Edge { head: index, query, key, weight }));
                }
                flow.shorten(options.limit);
            }
        }
    }
    flow.found += flow.edges.len();
    flow.edges.sort_by(|a, b| a.weight.total_cmp(&b.weight));
    let spare = flow.edges.len().saturating_sub(options.limit);
    flow.edges.drain(..spare);
    Some(flow)
}

impl Flow {
    /// Lets the weakest go once there are many more than are kept.
    fn shorten(&mut self, limit: usize) {
        if self.edges.len() > 8 * limit.max(1) {
            self.edges.select_nth_unstable_by(limit, |a, b| b.weight.total_cmp(&a.weight));
            self.found += self.edges.len() - limit;
            self.edges.truncate(limit);
        }
    }
}
