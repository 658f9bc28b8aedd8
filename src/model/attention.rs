//! Attention of one block: every head, in blocks of queries, with all that is kept of it.
//!
//! A block's scores against all its keys live in a stripe of a few hundred kilobytes, so each row's softmax is exact
//! and needs no second pass of exponentials; the stripe is overwritten by the next block. What stays is q, k, v as
//! they entered the product and one log-sum-exp a row. Measures and thumbnail are gathered from the stripe.

use super::attention_spec::{AttentionSpec, Buckets, PositionBias};
use super::disentangled::Distances;
use super::edits::{AttentionEdits, HeadEdits};
use super::gather::{Gathered, Sums};
use super::transformer::Context;
use crate::kernels::{KeyPanels, PANEL, PaddedRows, Real};
use half::bf16;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Numbers a stripe may hold: 512 kB of single precision, half of a second-level cache.
const STRIPE: usize = 1 << 17;
/// Most queries a block: more would gain nothing, as the keys already stay in cache.
const BLOCK: usize = 64;

/// What one block's attention leaves behind; at the same time the KV cache that decoding extends.
#[derive(Clone, Debug)]
pub struct LayerState<F> {
    /// Query heads
    pub heads: Vec<HeadState<F>>,
    /// Keys of each k/v head, as they enter the product
    pub keys: Vec<KeyPanels<F>>,
    /// Values of each k/v head
    pub values: Vec<PaddedRows<F>>,
    /// What is learned about distances, where scores depend on them so
    pub relative: Option<Relative<F>>,
    /// Keys and queries of distances, where scores have products with them
    pub distances: Option<Distances<F>>,
    /// Each head's sink, [head]; empty where there is none
    pub sinks: Vec<F>,
    /// What interventions change
    pub edits: Option<Arc<AttentionEdits>>,
}

/// Learned numbers by distance, as T5 has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Relative<F> {
    /// [bucket, head]
    table: Vec<F>,
    heads: usize,
    /// Bucket of each distance from −max to max; farther ones share the ends', but for odd `spec`
    buckets: Vec<usize>,
    max: isize,
    spec: Buckets,
}

impl<F: Real> Relative<F> {
    /// From the table of one block, [bucket, head].
    pub fn new(buckets: Buckets, heads: usize, table: &[F]) -> Self {
        let max = buckets.max_distance as isize;
        Self {
            table: table.to_vec(),
            heads,
            buckets: (-max..=max).map(|relative| buckets.of(relative)).collect(),
            max,
            spec: buckets,
        }
    }
    /// The table, [bucket, head].
    pub fn table(&self) -> &[F] {
        &self.table
    }
    fn of(&self, head: usize, relative: isize) -> F {
        let bucket = if relative.abs() > self.max && self.spec.runs_back() {
            self.spec.of(relative)
        } else {
            self.buckets[(relative.clamp(-self.max, self.max) + self.max) as usize]
        };
        self.table[bucket * self.heads + head]
    }
}

/// What one query head leaves behind.
#[derive(Clone, Debug)]
pub struct HeadState<F> {
    /// Queries as they enter the product, [token, head_dim]
    pub queries: Vec<F>,
    /// Log-sum-exp of each query's scores, [token]
    pub lse: Vec<F>,
    /// Sums that the measures are made of, and the thumbnail
    pub gathered: Gathered,
}

impl<F: Real> LayerState<F> {
    /// Nothing yet, with room for `n_queries` and `n_keys`.
    pub fn new(spec: &AttentionSpec, n_queries: usize, n_keys: usize) -> Self {
        let head = || HeadState {
            queries: Vec::with_capacity(n_queries * spec.head_dim),
            lse: Vec::with_capacity(n_queries),
            gathered: Gathered::default(),
        };
        let mut keys = vec![KeyPanels::new(spec.head_dim); spec.kv_heads];
        let mut values = vec![PaddedRows::new(spec.value_dim()); spec.kv_heads];
        for (keys, values) in keys.iter_mut().zip(&mut values) {
            keys.reserve(n_keys);
            values.reserve(n_keys);
        }
        let heads = (0..spec.heads).map(|_| head()).collect();
        Self { heads, keys, values, relative: None, distances: None, sinks: Vec::new(), edits: None }
    }
    /// Scores of one head's queries `rows` over key panels, not yet [`Self::finish`]ed: row r begins at `r·stride`.
    pub fn products(
        &self,
        spec: &AttentionSpec,
        head: usize,
        rows: Range<usize>,
        panels: Range<usize>,
        out: &mut [F],
        stride: usize,
    ) {
        let queries = &self.heads[head].queries[rows.start * spec.head_dim..rows.end * spec.head_dim];
        F::scores(queries, &self.keys[spec.kv_head(head)], panels, F::of(spec.scale), out, stride);
    }
    /// Makes of one query's products with the keys from `first_key` on its scores as they enter softmax.
    ///
    /// The only place where scores are made, for the pass and for whatever is asked of it afterwards.
    pub fn finish(
        &self,
        spec: &AttentionSpec,
        head: usize,
        query: usize,
        first_key: usize,
        scores: &mut [F],
    ) {
        let edits = self.edits_of(head);
        if !edits.is_some_and(|edits| edits.give(spec, query, first_key, scores)) {
            self.finish_own(spec, head, query, first_key, scores);
        }
        if let Some(edits) = edits {
            edits.adjust(query, first_key, scores);
        }
    }
    /// What interventions change about a head's scores; none where that is nothing.
    pub fn edits_of(&self, head: usize) -> Option<&HeadEdits> {
        self.edits.as_ref()?.heads.get(head).filter(|edits| !edits.is_empty())
    }
    /// The score of a query's sink, where it has one that takes part.
    pub fn sink(&self, head: usize, query: usize) -> Option<F> {
        let own = self.sinks.get(head).copied()?;
        let given = self.edits_of(head).and_then(|edits| edits.given_sink(query));
        Some(given.unwrap_or(own)).filter(|sink| *sink > F::neg_infinity())
    }
    /// Soft cap and position bias.
    fn finish_own(
        &self,
        spec: &AttentionSpec,
        head: usize,
        query: usize,
        first_key: usize,
        scores: &mut [F],
    ) {
        if let Some(cap) = spec.softcap {
            F::softcap(scores, F::of(cap));
        }
        self.add_bias(spec, head, query, first_key, scores);
    }
    /// Adds to one query's scores of the keys from `first_key` on what depends on where they stand.
    pub fn add_bias(
        &self,
        spec: &AttentionSpec,
        head: usize,
        query: usize,
        first_key: usize,
        scores: &mut [F],
    ) {
        let cells = scores.iter_mut().zip(first_key..);
        match &spec.bias {
            None => {}
            Some(PositionBias::Alibi { slopes, rounded, factor }) => {
                let slope = slopes[head];
                let product = |position: usize| match rounded {
                    true => bf16::from_f32(bf16::from_f32(slope).to_f32() * position as f32).to_f32(),
                    false => slope * position as f32,
                };
                let own = product(query);
                cells.for_each(|(score, key)| *score += F::of(factor * (product(key) - own)));
            }
            Some(PositionBias::Disentangled(own)) => {
                if let Some(distances) = &self.distances {
                    let dim = spec.head_dim;
                    let content = &self.heads[head].queries[query * dim..(query + 1) * dim];
                    let keys = &self.keys[spec.kv_head(head)];
                    let scale = F::of(spec.scale);
                    distances.add((own, head, scale), (query, content), (first_key, keys), scores);
                }
            }
            Some(PositionBias::Buckets(_)) => {
                if let Some(relative) = &self.relative {
                    cells.for_each(|(score, key)| *score += relative.of(head, key as isize - query as isize));
                }
            }
        }
    }
    /// The score that a product of query and key has by itself, before interventions: capped, with its position bias.
    pub fn own_score(
        &self,
        spec: &AttentionSpec,
        head: usize,
        (query, key): (usize, usize),
        product: F,
    ) -> F {
        let mut score = [product];
        self.finish_own(spec, head, query, key, &mut score);
        score[0]
    }
    /// Keys seen so far.
    pub fn n_keys(&self) -> usize {
        self.keys.first().map_or(0, KeyPanels::len)
    }
    /// What the measures are made of, head by head.
    pub fn sums(&self) -> Vec<Sums> {
        self.heads.iter().map(|head| head.gathered.sums).collect()
    }
    /// Goes back to the first `n_tokens` queries, and keys where a `keys` of its own belongs to each; `sums` is what
    /// [`Self::sums`] gave then.
    pub fn truncate(&mut self, n_tokens: usize, keys: bool, sums: &[Sums]) {
        let dim = self.keys.first().map_or(0, KeyPanels::dim);
        for (head, &sums) in self.heads.iter_mut().zip(sums) {
            head.queries.truncate(n_tokens * dim);
            head.lse.truncate(n_tokens);
            head.gathered.sums = sums;
        }
        for (keys, values) in self.keys.iter_mut().zip(&mut self.values).filter(|_| keys) {
            keys.truncate(n_tokens);
            values.truncate(n_tokens);
        }
    }
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        let heads = self.heads.iter().map(|head| {
            (head.queries.capacity() + head.lse.capacity()) * size_of::<F>() + head.gathered.bytes()
        });
        let keys = self.keys.iter().map(KeyPanels::bytes);
        let values = self.values.iter().map(PaddedRows::bytes);
        let distances = self.distances.as_ref().map_or(0, Distances::bytes);
        heads.chain(keys).chain(values).sum::<usize>() + distances
    }
}

/// One task's result: a block of one head's queries.
struct Block<F> {
    head: usize,
    rows: Range<usize>,
    z: Vec<F>,
    lse: Vec<F>,
    gathered: Gathered,
}

/// Attention of the queries `rows` over all keys so far, [rows, head · head_dim].
///
/// Queries, keys and values of `rows` must have been pushed to `state`; this adds their log-sum-exps and measures.
pub(super) fn attend<F: Real>(
    spec: &AttentionSpec,
    state: &mut LayerState<F>,
    rows: Range<usize>,
    context: Context<'_>,
) -> Vec<F> {
    let n_keys = state.n_keys();
    let height = (STRIPE / n_keys.next_multiple_of(PANEL)).clamp(4, BLOCK) / 4 * 4;
    let starts = rows.clone().step_by(height).rev();
    let tasks: Vec<_> = starts.flat_map(|start| (0..spec.heads).map(move |head| (head, start))).collect();
    let shared: &LayerState<F> = state;
    let run = |stripe: &mut Vec<F>, &(head, start): &(usize, usize)| {
        let block = start..(start + height).min(rows.end);
        attend_block(spec, shared, head, block, rows.end, context, stripe)
    };
    let blocks: Vec<Block<F>> = tasks.par_iter().map_init(Vec::new, run).collect();

    let dim = spec.value_dim();
    let width = spec.heads * dim;
    let stride = dim.next_multiple_of(PANEL);
    let mut z = vec![F::zero(); rows.len() * width];
    for head in &mut state.heads {
        head.lse.resize(rows.end, F::zero());
    }
    for block in blocks {
        for (i, row) in block.rows.clone().enumerate() {
            let to = (row - rows.start) * width + block.head * dim;
            z[to..to + dim].copy_from_slice(&block.z[i * stride..][..dim]);
        }
        let head = &mut state.heads[block.head];
        head.lse[block.rows].copy_from_slice(&block.lse);
        head.gathered.merge(&block.gathered);
    }
    z
}

fn attend_block<F: Real>(
    spec: &AttentionSpec,
    state: &LayerState<F>,
    head: usize,
    rows: Range<usize>,
    n_queries: usize,
    context: Context<'_>,
    stripe: &mut Vec<F>,
) -> Block<F> {
    let (keys, values) = (&state.keys[spec.kv_head(head)], &state.values[spec.kv_head(head)]);
    let n_keys = keys.len();
    let seen = spec.keys(rows.start, n_keys).start..spec.keys(rows.end - 1, n_keys).end;
    let panels = seen.start / PANEL..seen.end.div_ceil(PANEL);
    let (first, stride) = (panels.start * PANEL, panels.len() * PANEL);
    stripe.resize(rows.len() * stride, F::zero());
    state.products(spec, head, rows.clone(), panels, stripe, stride);

    let mut gathered = Gathered::new(context.thumbnails, n_queries, n_keys, rows.clone());
    let mut lse = Vec::with_capacity(rows.len());
    for (query, row) in rows.clone().zip(stripe.chunks_exact_mut(stride)) {
        let seen = spec.keys(query, n_keys);
        row[..seen.start - first].fill(F::zero());
        row[seen.end - first..].fill(F::zero());
        let weights = &mut row[seen.start - first..seen.end - first];
        state.finish(spec, head, query, seen.start, weights);
        let mut moments = F::softmax(weights, query, seen.start);
        if let Some(sink) = state.sink(head, query) {
            moments.join(sink.double());
        }
        let share = F::one() / F::of64(moments.total());
        for weight in weights.iter_mut() {
            *weight *= share;
        }
        gathered.add(query, seen.start, weights, &moments, context.repeats);
        lse.push(F::of64(moments.lse()));
    }
    let mut z = vec![F::zero(); rows.len() * values.stride()];
    F::weighted_sum(stripe, stride, first..seen.end, values, &mut z);
    Block { head, rows, z, lse, gathered }
}
