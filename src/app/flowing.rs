//! The lines of the flow: from which weight on, and the edges that a worker found among the tokens in
//! sight.

use super::{banner::Banner, derived::Derived, state::State, worker::Post};
use crate::{
    analysis::{Flow, FlowOptions, flow},
    engine::Job,
    model::HeadId,
    trace::Trace,
};
use serde::{Deserialize, Serialize};
use std::{ops::Range, sync::Arc};

/// Lines drawn at most: more would be a wall.
pub const LINES: usize = 4000;
/// Tokens by which what is in sight is rounded, so that scrolling a little asks for nothing new.
const STEP: usize = 32;

/// What the flow shows: part of the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FlowState {
    /// Weight from which on a line is drawn.
    pub threshold: f32,
}

impl Default for FlowState {
    fn default() -> Self {
        Self { threshold: 0.05 }
    }
}

/// The heads that are drawn: the one under the glass, then those chosen that have the same tokens on both sides.
pub fn heads(state: &State, trace: &Trace) -> Vec<HeadId> {
    let sides = |head: HeadId| trace.spec.blocks[head.layer].part.sides();
    let fits = |head: &HeadId| trace.has(*head) && sides(*head) == sides(state.head);
    if !trace.has(state.head) {
        return Vec::new();
    }
    state.heads().into_iter().filter(fits).collect()
}

/// The edges in sight, as far as they are known.
#[derive(Default)]
pub struct Flowing {
    edges: Derived<(u64, FlowOptions), Arc<Flow>>,
}

impl Flowing {
    /// The edges of some heads with an end among the tokens in sight; until they are found those from before, where
    /// they are of the same run and heads.
    pub fn edges(
        &mut self,
        (run, trace): (u64, &Trace),
        state: &State,
        (queries, keys): (Range<usize>, Range<usize>),
        post: &Post,
    ) -> Option<Arc<Flow>> {
        let around = |range: Range<usize>| range.start / STEP * STEP..range.end.next_multiple_of(STEP);
        let options = FlowOptions {
            heads: heads(state, trace),
            threshold: state.flow.threshold,
            queries: around(queries),
            keys: around(keys),
            limit: LINES,
        };
        self.edges.follow("flow", Some((run, options.clone())), post, |(_, options)| {
            let (trace, options) = (trace.clone(), options.clone());
            move |job: &Job| {
                let go_on = || job.go_on();
                let found = flow(&trace, &options, &go_on).unwrap_or_default();
                Ok::<_, Banner>(Arc::new(found))
            }
        });
        let latest = self.edges.latest();
        let same = |(of, own): &(u64, FlowOptions)| *of == run && own.heads == options.heads;
        latest.filter(|(key, _)| same(key)).map(|(_, flow)| Arc::clone(flow))
    }
}
