//! One head's attention pattern, recomputed from what the pass kept: q, k and each row's log-sum-exp.
//!
//! The only door to attention values: heatmap, measures, exports and tests ask here. Knows no colours, no files.

use crate::kernels::{self, PANEL, bin};
use crate::model::{AttentionSpec, LayerState};
use rayon::prelude::*;
use std::ops::Range;

/// Queries whose scores are held at once while a large part is asked for.
const ROWS: usize = 32;

/// How several cells become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// The largest weight: thin lines stay visible
    Max,
    /// The mean weight; masked cells count as 0
    Mean,
}

/// The attention pattern of one head, [query, key]; rows sum to 1, less the sink's share where the head has one.
#[derive(Clone, Copy, Debug)]
pub struct Pattern<'a> {
    spec: &'a AttentionSpec,
    state: &'a LayerState<f32>,
    head: usize,
}

impl<'a> Pattern<'a> {
    /// Of one head of a block's attention, from what the pass kept.
    pub fn new(spec: &'a AttentionSpec, state: &'a LayerState<f32>, head: usize) -> Self {
        Self { spec, state, head }
    }
    fn lse(&self, query: usize) -> f32 {
        self.state.heads[self.head].lse[query]
    }
    /// The share of a query's attention that goes to the head's sink, and so to no key; 0 where there is none, or where an
    /// intervention gives the row its weights.
    pub fn sink_share(&self, query: usize) -> f64 {
        let sink = self.state.sink(self.head, query);
        sink.map_or(0.0, |sink| f64::from(sink - self.lse(query)).exp())
    }
    /// Rows.
    pub fn n_queries(&self) -> usize {
        self.state.heads[self.head].lse.len()
    }
    /// Columns.
    pub fn n_keys(&self) -> usize {
        self.state.n_keys()
    }
    /// Keys that `query` may look at; all other cells are 0.
    pub fn keys(&self, query: usize) -> Range<usize> {
        self.spec.keys(query, self.n_keys())
    }
    /// One weight, in [0, 1].
    pub fn cell(&self, query: usize, key: usize) -> f32 {
        self.tile(query..query + 1, key..key + 1)[0]
    }
    /// One score; −∞ where masked.
    pub fn score(&self, query: usize, key: usize) -> f32 {
        self.scores_tile(query..query + 1, key..key + 1)[0]
    }
    /// scale·⟨q, k⟩ of one cell as the pass computed it, masked or not, before cap, bias and interventions.
    pub fn product(&self, query: usize, key: usize) -> f32 {
        let mut panel = [0.0; PANEL];
        let panels = key / PANEL..key / PANEL + 1;
        self.state.products(self.spec, self.head, query..query + 1, panels, &mut panel, PANEL);
        panel[key % PANEL]
    }
    /// All weights of one query, [key].
    pub fn row(&self, query: usize) -> Vec<f32> {
        self.tile(query..query + 1, 0..self.n_keys())
    }
    /// The key that a query looks at most, the first of them among equals; none where it sees none.
    pub fn strongest(&self, query: usize) -> Option<usize> {
        let row = self.row(query);
        let seen = self.keys(query);
        seen.reduce(|best, key| if row[key] > row[best] { key } else { best })
    }
    /// All weights one key receives, [query].
    pub fn column(&self, key: usize) -> Vec<f32> {
        self.tile(0..self.n_queries(), key..key + 1)
    }
    /// A rectangle of weights, [queries, keys], row-major.
    pub fn tile(&self, queries: Range<usize>, keys: Range<usize>) -> Vec<f32> {
        self.rectangle(queries, keys, 0.0, |query, scores| kernels::weights(scores, self.lse(query)))
    }
    /// A rectangle of scores as they enter softmax, [queries, keys], row-major; −∞ where masked.
    pub fn scores_tile(&self, queries: Range<usize>, keys: Range<usize>) -> Vec<f32> {
        self.rectangle(queries, keys, f32::NEG_INFINITY, |_, _| {})
    }

    fn rectangle(
        &self,
        queries: Range<usize>,
        keys: Range<usize>,
        masked: f32,
        finish: impl Fn(usize, &mut [f32]) + Sync,
    ) -> Vec<f32> {
        let width = keys.len();
        let mut out = vec![masked; queries.len() * width];
        if out.is_empty() {
            return out;
        }
        out.par_chunks_mut(ROWS * width).enumerate().for_each_init(Vec::new, |scratch, (block, out)| {
            let first = queries.start + block * ROWS;
            let rows = first..first + out.len() / width;
            self.each_row(rows, keys.clone(), scratch, |query, seen, scores| {
                finish(query, scores);
                let start = (query - first) * width + seen.start - keys.start;
                out[start..start + seen.len()].copy_from_slice(scores);
            });
        });
        out
    }

    /// Calls `row(query, seen keys, their scores)` for each query that sees any of `keys`.
    fn each_row(
        &self,
        queries: Range<usize>,
        keys: Range<usize>,
        scratch: &mut Vec<f32>,
        mut row: impl FnMut(usize, Range<usize>, &mut [f32]),
    ) {
        let panels = keys.start / PANEL..keys.end.div_ceil(PANEL);
        let (first, stride) = (panels.start * PANEL, panels.len() * PANEL);
        scratch.resize(queries.len() * stride, 0.0);
        self.state.products(self.spec, self.head, queries.clone(), panels, scratch, stride);
        for (query, scores) in queries.zip(scratch.chunks_exact_mut(stride)) {
            let seen = self.keys(query);
            let seen = seen.start.max(keys.start)..seen.end.min(keys.end);
            if !seen.is_empty() {
                let scores = &mut scores[seen.start - first..seen.end - first];
                self.state.finish(self.spec, self.head, query, seen.start, scores);
                row(query, seen, scores);
            }
        }
    }

    /// A rectangle of weights, made smaller: cut into `rows` × `columns` bins that differ by one cell at most, each
    /// pooled to one number; row-major. `rows` and `columns` must not exceed the rectangle's sides.
    ///
    /// Costs the rectangle's cells, holds a few dozen rows of them at a time.
    ///
    /// # Panics
    /// If there are more bins than cells.
    pub fn pooled(
        &self,
        queries: Range<usize>,
        keys: Range<usize>,
        rows: usize,
        columns: usize,
        pool: Pool,
    ) -> Vec<f32> {
        assert!(rows <= queries.len() && columns <= keys.len(), "pooling cannot invent cells");
        let mut out = vec![0.0; rows * columns];
        if out.is_empty() {
            return out;
        }
        let bins: Vec<_> = (0..columns).map(|column| bin(keys.len(), columns, column)).collect();
        out.par_chunks_mut(columns).enumerate().for_each_init(Vec::new, |scratch, (index, out)| {
            let band = bin(queries.len(), rows, index);
            let band = queries.start + band.start..queries.start + band.end;
            for start in band.clone().step_by(ROWS) {
                let part = start..(start + ROWS).min(band.end);
                self.each_row(part, keys.clone(), scratch, |query, seen, scores| {
                    kernels::weights(scores, self.lse(query));
                    let (from, to) = (seen.start - keys.start, seen.end - keys.start);
                    let first = from * columns / keys.len();
                    for (out, bin) in out.iter_mut().zip(&bins).skip(first) {
                        if bin.start >= to {
                            break;
                        }
                        let cells = &scores[bin.start.max(from) - from..bin.end.min(to) - from];
                        match pool {
                            Pool::Max => *out = kernels::largest(cells).max(*out),
                            Pool::Mean => *out += cells.iter().sum::<f32>(),
                        }
                    }
                });
            }
            if pool == Pool::Mean {
                for (out, bin) in out.iter_mut().zip(&bins) {
                    *out /= (bin.len() * band.len()) as f32;
                }
            }
        });
        out
    }
}
