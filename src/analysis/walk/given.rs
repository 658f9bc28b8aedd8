//! What all steps of one walk start from.

use super::double;
use crate::kernels::Real;
use crate::model::{AttentionSpec, BlockSpec, HeadId, Hook, LayerState, Network, Part, Placement};
use crate::trace::{Pattern, Trace};
use std::ops::Range;

/// A run, one of its heads, and two tokens.
pub(super) struct Given<'a> {
    pub(super) network: Option<&'a Network>,
    pub(super) trace: &'a Trace,
    pub(super) head: HeadId,
    pub(super) query: usize,
    pub(super) key: usize,
    pub(super) block: &'a BlockSpec,
    pub(super) spec: &'a AttentionSpec,
    pub(super) state: &'a LayerState<f32>,
    pub(super) pattern: Pattern<'a>,
}

impl<'a> Given<'a> {
    pub(super) fn new(
        network: Option<&'a Network>,
        trace: &'a Trace,
        head: HeadId,
        query: usize,
        key: usize,
    ) -> Self {
        let block = &trace.spec.blocks[head.layer];
        let (spec, state) = (&block.attention, &trace.layer(head.layer).state);
        Self { network, trace, head, query, key, block, spec, state, pattern: trace.pattern(head) }
    }

    pub(super) fn layer(&self) -> usize {
        self.head.layer
    }
    pub(super) fn kv_head(&self) -> usize {
        self.spec.kv_head(self.head.head)
    }
    pub(super) fn n_queries(&self) -> usize {
        self.pattern.n_queries()
    }
    pub(super) fn n_keys(&self) -> usize {
        self.pattern.n_keys()
    }
    pub(super) fn width(&self) -> usize {
        self.trace.spec.width
    }
    /// Keys that the query may look at.
    pub(super) fn seen(&self) -> Range<usize> {
        self.pattern.keys(self.query)
    }

    /// One row of a residual stream, in double precision.
    pub(super) fn row(&self, stream: &[f32], index: usize) -> Vec<f64> {
        double(&stream[index * self.width()..(index + 1) * self.width()])
    }
    /// The residual stream before the block, at one token.
    pub(super) fn stream(&self, token: usize) -> Vec<f64> {
        self.row(self.trace.resid(self.layer()), token)
    }
    /// What keys and values are made of, at one token: the source's where attention crosses over to it.
    pub(super) fn key_input(&self, network: &Network) -> Vec<f64> {
        match self.block.part {
            Part::Cross => network.memory(&self.row(self.trace.source_output(), self.key)),
            _ => self.read(network, self.key, &self.stream(self.key)),
        }
    }
    /// What the block's attention reads of the stream at one token, `x`.
    pub(super) fn read<F: Real>(&self, network: &Network, token: usize, x: &[F]) -> Vec<F> {
        let see = &mut |hook, data: &mut [F]| self.change(hook, self.layer(), token, data);
        network.read_by_attention(self.layer(), x, see)
    }

    /// Does to rows of an activation, of tokens from `first` on, what interventions did in the run.
    pub(super) fn change<F: Real>(&self, hook: Hook, layer: usize, first: usize, data: &mut [F]) {
        if self.trace.changes.touches(hook, layer) {
            let mut rows: Vec<f32> = data.iter().map(|x| x.single()).collect();
            let mut means = (*self.trace.means).clone();
            self.trace.changes.apply(hook, layer, first, &mut rows, &mut means);
            data.iter_mut().zip(rows).for_each(|(x, row)| *x = F::of(row));
        }
    }

    /// One head's output before W_O for one query, [value_dim]: Σ over keys of weight · value.
    pub(super) fn output_of(&self, head: usize, query: usize) -> Vec<f64> {
        let pattern = self.trace.pattern(HeadId { head, ..self.head });
        let values = &self.state.values[self.spec.kv_head(head)];
        let seen = pattern.keys(query);
        let mut z = vec![0.0; self.spec.value_dim()];
        let weights = pattern.tile(query..query + 1, seen.clone());
        for (key, weight) in seen.zip(weights) {
            for (z, &value) in z.iter_mut().zip(values.row(key)) {
                *z += f64::from(weight) * f64::from(value);
            }
        }
        z
    }

    /// Tokens whose rows must be there for the query's to come out of the block right, and the query's place in them.
    pub(super) fn neighbours(&self) -> (Range<usize>, usize) {
        let reach = self.block.convolution.map_or(0, |own| own.kernel / 2);
        let first = self.query.saturating_sub(reach);
        (first..(self.query + reach + 1).min(self.n_queries()), self.query - first)
    }

    /// `blocks.3.attn.hook_rot_q[22,5]`
    pub(super) fn hook(&self, hook: Hook, index: &[usize]) -> String {
        let index: Vec<String> = index.iter().map(usize::to_string).collect();
        format!("{}[{}]", self.trace.spec.hook_name(hook, self.layer()), index.join(","))
    }
    pub(super) fn is_post(&self) -> bool {
        self.block.placement == Placement::Post
    }
}
