//! What is gathered about a head while its weights pass by: sums for the measures, and a thumbnail.

use crate::kernels::{Real, RowMoments, bin, larger, largest};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// For each position, the one before it that holds the same token.
///
/// A chain rather than lists: a prompt that says one token ten thousand times has fifty million pairs.
#[derive(Clone, Debug, Default)]
pub struct Repeats {
    last: std::collections::HashMap<u32, usize>,
    before: Vec<Option<usize>>,
}

impl Repeats {
    /// Of a whole prompt.
    pub fn of(tokens: &[u32]) -> Self {
        let mut repeats = Self::default();
        for &token in tokens {
            repeats.push(token);
        }
        repeats
    }
    /// Appends a token.
    pub fn push(&mut self, token: u32) {
        self.before.push(self.last.insert(token, self.before.len()));
    }
    /// Earlier positions with the same token, latest first; none where repeats mean nothing, as between two texts.
    pub fn earlier(&self, position: usize) -> impl Iterator<Item = usize> + '_ {
        let before = |position: usize| self.before.get(position).copied().flatten();
        std::iter::successors(before(position), move |&position| before(position))
    }
}

/// Sums over the queries of one head, from which its measures follow, and its thumbnail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// What the measures are made of
    pub sums: Sums,
    /// The pattern, max-pooled to at most 64 × 64
    pub thumbnail: Thumbnail,
    /// Rows of `thumbnail` that this part covers (all, once merged)
    rows: Range<usize>,
    n_queries: usize,
    n_keys: usize,
}

/// Sums over queries, in double precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Queries
    pub queries: f64,
    /// Queries whose token has been there before
    pub repeated: f64,
    /// Σ P
    pub total: f64,
    /// Σ P[q, q]
    pub own: f64,
    /// Σ P[q, q−1]
    pub previous: f64,
    /// Σ P[q, 0] over q ≥ 1
    pub first: f64,
    /// Σ of each row's entropy, in nats
    pub entropy: f64,
    /// Σ p·(q−k)
    pub distance: f64,
    /// Σ p·(q−k)²
    pub square: f64,
    /// Σ P[i, j] over earlier j with the same token
    pub duplicate: f64,
    /// Σ P[i, j+1] over earlier j with the same token
    pub induction: f64,
    /// The same, without weights below 0.01
    pub strong_induction: f64,
    /// Largest P[q, k] over q, k ≥ 1
    pub max: f64,
}

/// A head's pattern, max-pooled: row-major, queries down.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thumbnail {
    /// Cells down, at most 64
    pub rows: usize,
    /// Cells across, at most 64
    pub columns: usize,
    /// Largest weight in each cell, [rows, columns]
    pub values: Vec<f32>,
}

/// Cells of a thumbnail along a side of `n_tokens`.
pub fn thumbnail_size(n_tokens: usize) -> usize {
    n_tokens.min(64)
}

impl Gathered {
    /// For a block of queries out of `n_queries`, with or without a thumbnail.
    pub(crate) fn new(thumbnail: bool, n_queries: usize, n_keys: usize, queries: Range<usize>) -> Self {
        if !thumbnail {
            return Self { n_queries, n_keys, ..Self::default() };
        }
        let (rows, columns) = (thumbnail_size(n_queries), thumbnail_size(n_keys));
        let of = |query: usize| query * rows / n_queries.max(1);
        let part = of(queries.start)..of(queries.end - 1) + 1;
        let values = vec![0.0; part.len() * columns];
        Self {
            thumbnail: Thumbnail { rows, columns, values },
            rows: part,
            n_queries,
            n_keys,
            ..Self::default()
        }
    }

    /// Adds one query's weights over the keys from `first_key` on (all others are 0).
    pub(crate) fn add<F: Real>(
        &mut self,
        query: usize,
        first_key: usize,
        weights: &[F],
        moments: &RowMoments,
        repeats: &Repeats,
    ) {
        let at = |key: usize| {
            key.checked_sub(first_key).and_then(|k| weights.get(k)).map_or(0.0, |weight| weight.double())
        };
        let sums = &mut self.sums;
        sums.queries += 1.0;
        sums.total += moments.sum / moments.total();
        sums.own += at(query);
        sums.entropy += moments.entropy();
        sums.distance += moments.distance / moments.total();
        sums.square += moments.square / moments.total();
        if query > 0 {
            sums.previous += at(query - 1);
            sums.first += at(0);
        }
        let mut repeated = false;
        for earlier in repeats.earlier(query) {
            let (same, next) = (at(earlier), at(earlier + 1));
            sums.duplicate += same;
            sums.induction += next;
            sums.strong_induction += if next < 0.01 { 0.0 } else { next };
            repeated = true;
        }
        sums.repeated += f64::from(u8::from(repeated));
        self.pool(query, first_key, weights);
    }

    /// Puts one row into the thumbnail and finds its largest weight.
    fn pool<F: Real>(&mut self, query: usize, first_key: usize, weights: &[F]) {
        let inner = &weights[usize::from(first_key == 0).min(weights.len())..];
        let Thumbnail { rows, columns, .. } = self.thumbnail;
        if rows == 0 {
            if query > 0 {
                self.sums.max = self.sums.max.max(largest(inner).double());
            }
            return;
        }
        let keys = first_key..first_key + weights.len();
        let row = (query * rows / self.n_queries - self.rows.start) * columns;
        let cells = &mut self.thumbnail.values[row..row + columns];
        let mut max = 0.0_f64;
        for (column, cell) in cells.iter_mut().enumerate() {
            let bin = bin(self.n_keys, columns, column);
            let (start, end) = (bin.start.max(keys.start), bin.end.min(keys.end));
            if start >= end {
                continue;
            }
            let bin = &weights[start - first_key..end - first_key];
            let skip = usize::from(start == 0);
            let largest_inner = largest(&bin[skip..]);
            max = max.max(largest_inner.double());
            let value = if skip == 1 { larger(bin[0], largest_inner) } else { largest_inner };
            *cell = larger(*cell, value.single());
        }
        if query > 0 {
            self.sums.max = self.sums.max.max(max);
        }
    }

    /// Adds another part of the same head.
    pub(crate) fn merge(&mut self, part: &Self) {
        let (a, b) = (&mut self.sums, &part.sums);
        a.queries += b.queries;
        a.repeated += b.repeated;
        a.total += b.total;
        a.own += b.own;
        a.previous += b.previous;
        a.first += b.first;
        a.entropy += b.entropy;
        a.distance += b.distance;
        a.square += b.square;
        a.duplicate += b.duplicate;
        a.induction += b.induction;
        a.strong_induction += b.strong_induction;
        a.max = a.max.max(b.max);
        let Thumbnail { rows, columns, .. } = part.thumbnail;
        if rows == 0 {
            return;
        }
        if (self.thumbnail.rows, self.thumbnail.columns) != (rows, columns) {
            self.thumbnail = Thumbnail { rows, columns, values: vec![0.0; rows * columns] };
            self.rows = 0..rows;
        }
        let cells = &mut self.thumbnail.values[part.rows.start * columns..part.rows.end * columns];
        for (cell, &value) in cells.iter_mut().zip(&part.thumbnail.values) {
            *cell = larger(*cell, value);
        }
    }

    /// Bytes held beside the struct itself.
    pub(super) fn bytes(&self) -> usize {
        self.thumbnail.values.capacity() * size_of::<f32>()
    }
}
