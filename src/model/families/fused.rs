//! Which outputs of a fused tensor belong to which weight.

use crate::model::spec::ModelSpec;
use std::ops::Range;

/// Outputs of a tensor, in the order in which a weight has them.
#[derive(Clone, Debug)]
pub(in crate::model) struct Rows {
    /// Runs of outputs
    pub(in crate::model) ranges: Vec<Range<usize>>,
    /// Outputs of the whole tensor
    pub(in crate::model) of: usize,
}

impl Rows {
    /// All of them.
    pub(in crate::model) fn all(of: usize) -> Self {
        Self { ranges: vec![Range { start: 0, end: of }], of }
    }
    /// Whether these are every second output, of the even ones (0) or the odd (1), and where they are among those.
    pub(in crate::model) fn every_second(&self) -> Option<(usize, Self)> {
        let (first, last) = (self.ranges.first()?.start, self.ranges.last()?.start);
        let parity = first % 2;
        let fits = self.ranges.iter().all(|range| range.len() == 1 && range.start % 2 == parity);
        let half = first / 2..last / 2 + 1;
        let follow = fits && half.len() == self.ranges.len();
        follow.then(|| (parity, Self { ranges: vec![half], of: self.of / 2 }))
    }
    /// Consecutive parts of these sizes: part `index`.
    pub(super) fn part(index: usize, sizes: &[usize]) -> Self {
        let start = sizes[..index].iter().sum();
        Self { ranges: vec![Range { start, end: start + sizes[index] }], of: sizes.iter().sum() }
    }
}

/// Queries (0), keys (1), values (2), all heads of each together: [q | k | v].
pub(super) fn qkv<const PART: usize>(spec: &ModelSpec, layer: usize) -> Rows {
    let own = &spec.blocks[layer].attention;
    let sizes = [own.heads * own.head_dim, own.kv_heads * own.head_dim, own.kv_heads * own.value_dim()];
    Rows::part(PART, &sizes)
}

/// Queries, keys, values of each head together: [head, (q, k, v), head_dim] (NeoX, BLOOM).
pub(super) fn qkv_by_head<const PART: usize>(spec: &ModelSpec, layer: usize) -> Rows {
    let own = &spec.blocks[layer].attention;
    let (heads, dim) = (own.heads, own.head_dim);
    let ranges = (0..heads).map(|head| (3 * head + PART) * dim..(3 * head + PART + 1) * dim).collect();
    Rows { ranges, of: 3 * heads * dim }
}

/// The queries that share a key, that key, its value: [kv_head, (queries…, k, v), head_dim] (Falcon 40B).
pub(super) fn qkv_by_group<const PART: usize>(spec: &ModelSpec, layer: usize) -> Rows {
    let own = &spec.blocks[layer].attention;
    let (group, dim) = (own.heads / own.kv_heads, own.head_dim);
    let (start, end) = [(0, group), (group, group + 1), (group + 1, group + 2)][PART];
    let at = |kv_head: usize, slot: usize| (kv_head * (group + 2) + slot) * dim;
    let ranges = (0..own.kv_heads).map(|kv_head| at(kv_head, start)..at(kv_head, end)).collect();
    Rows { ranges, of: own.kv_heads * (group + 2) * dim }
}

/// The first (0) or second (1) half, of the MLP's hidden width each: [gate | in].
pub(super) fn mlp_half<const PART: usize>(spec: &ModelSpec, layer: usize) -> Rows {
    let width = spec.blocks[layer].mlp.as_ref().map_or(0, |mlp| mlp.width);
    Rows::part(PART, &[width, width])
}
