//! The numbers of a map: rectangles of it, whole or made smaller, computed band by band on all threads.

use super::{Combine, FirstToken, GoOn, Groups, Map, UNKNOWN};
use crate::kernels::{bin, larger};
use rayon::prelude::*;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::Ordering;

/// Query tokens whose weights are held at once.
const ROWS: usize = 32;

impl Map {
    /// One value.
    pub fn cell(&self, query: usize, key: usize) -> f32 {
        self.chunk(query..query + 1, key..key + 1)[0]
    }
    /// All values of one row, [key].
    pub fn row(&self, query: usize) -> Vec<f32> {
        self.chunk(query..query + 1, 0..self.n_keys())
    }
    /// The mean of several rows, [key]: what their tokens look at together.
    pub fn mean_row(&self, queries: &[usize]) -> Vec<f32> {
        let mut sum = vec![0.0_f64; self.n_keys()];
        for &query in queries {
            sum.iter_mut().zip(self.row(query)).for_each(|(sum, value)| *sum += f64::from(value));
        }
        let n = queries.len().max(1) as f64;
        sum.into_iter().map(|sum| (sum / n) as f32).collect()
    }
    /// The sum of several columns, [query]: how much each row looks at their tokens together. `None` where `go_on`
    /// breaks off.
    pub fn column_sum(&self, keys: &[usize], go_on: GoOn<'_>) -> Option<Vec<f32>> {
        let mut sum = vec![0.0_f64; self.n_queries()];
        for &key in keys {
            let column = self.tile(0..self.n_queries(), key..key + 1, go_on)?;
            sum.iter_mut().zip(column).for_each(|(sum, value)| *sum += f64::from(value));
        }
        Some(sum.into_iter().map(|sum| sum as f32).collect())
    }
    /// A rectangle of values, [queries, keys], row-major. `None` where `go_on` breaks off.
    pub fn tile(&self, queries: Range<usize>, keys: Range<usize>, go_on: GoOn<'_>) -> Option<Vec<f32>> {
        let (first, step) = (queries.start, self.step());
        let width = keys.len();
        let mut out = vec![0.0; queries.len() * width];
        if out.is_empty() {
            return Some(out);
        }
        let done = out.par_chunks_mut(step * width).enumerate().try_for_each(|(index, out)| {
            go_on()?;
            let start = first + index * step;
            out.copy_from_slice(&self.chunk(start..start + out.len() / width, keys.clone()));
            ControlFlow::Continue(())
        });
        done.is_continue().then_some(out)
    }
    /// A rectangle made smaller: cut into `rows` × `columns` bins that differ by one cell at most, of each the value
    /// farthest from 0; row-major. `None` where `go_on` breaks off.
    ///
    /// # Panics
    /// If there are more bins than cells.
    pub fn pooled(
        &self,
        queries: Range<usize>,
        keys: Range<usize>,
        rows: usize,
        columns: usize,
        go_on: GoOn<'_>,
    ) -> Option<Vec<f32>> {
        assert!(rows <= queries.len() && columns <= keys.len(), "pooling cannot invent cells");
        if (rows, columns) == (queries.len(), keys.len()) {
            return self.tile(queries, keys, go_on);
        }
        let mut out = vec![0.0; rows * columns];
        if out.is_empty() {
            return Some(out);
        }
        let step = self.step();
        let done = out.par_chunks_mut(columns).enumerate().try_for_each(|(index, out)| {
            let band = bin(queries.len(), rows, index);
            let band = queries.start + band.start..queries.start + band.end;
            for start in band.clone().step_by(step) {
                go_on()?;
                let part = self.chunk(start..(start + step).min(band.end), keys.clone());
                part.chunks_exact(keys.len()).for_each(|row| pool_row(row, out));
            }
            ControlFlow::Continue(())
        });
        done.is_continue().then_some(out)
    }
    /// A coarse picture that costs few rows: of each of `rows` bands the first row alone, its keys pooled to `columns`.
    pub fn sketch(&self, rows: usize, columns: usize, go_on: GoOn<'_>) -> Option<Vec<f32>> {
        let (n_queries, n_keys) = (self.n_queries(), self.n_keys());
        let mut out = vec![0.0; rows * columns];
        if out.is_empty() {
            return Some(out);
        }
        let done = out.par_chunks_mut(columns).enumerate().try_for_each(|(index, out)| {
            go_on()?;
            // The last row of a band sees most
            let query = bin(n_queries, rows, index).end - 1;
            pool_row(&self.chunk(query..query + 1, 0..n_keys), out);
            ControlFlow::Continue(())
        });
        done.is_continue().then_some(out)
    }

    /// Rows that a task takes at once: about [`ROWS`] tokens.
    pub(super) fn step(&self) -> usize {
        (ROWS * self.n_queries())
            .checked_div(self.queries.tokens(0..self.n_queries()).len())
            .unwrap_or(1)
            .max(1)
    }

    /// A rectangle of few rows, on this thread.
    pub(super) fn chunk(&self, rows: Range<usize>, keys: Range<usize>) -> Vec<f32> {
        let mut out = Vec::new();
        for index in 0..self.recipe.heads.len() {
            let own = self.of_head(index, rows.clone(), keys.clone());
            if index == 0 {
                out = own;
                continue;
            }
            let both = out.iter_mut().zip(own);
            match self.recipe.combine {
                Combine::Mean => both.for_each(|(out, own)| *out += own),
                Combine::Max => both.for_each(|(out, own)| *out = larger(own, *out)),
                Combine::Min => both.for_each(|(out, own)| *out = -larger(-own, -*out)),
                Combine::Difference => both.for_each(|(out, own)| *out -= own),
            }
        }
        let n = self.recipe.heads.len();
        if self.recipe.combine == Combine::Mean && n > 1 {
            for value in &mut out {
                *value /= n as f32;
            }
        }
        if let Some(less) = &self.less {
            out.iter_mut().zip(less.chunk(rows, keys)).for_each(|(value, less)| *value -= less);
        }
        out
    }

    /// The same of one head, before heads are combined.
    fn of_head(&self, index: usize, rows: Range<usize>, keys: Range<usize>) -> Vec<f32> {
        let pattern = self.trace.pattern(self.recipe.heads[index]);
        let (queries, tokens) = (self.queries.tokens(rows.clone()), self.keys.tokens(keys.clone()));
        let plain = self.queries.are_tokens() && self.keys.are_tokens();
        let mut fold = Fold::new(self, rows.clone(), keys.clone(), plain);
        let mut out = vec![0.0; if plain { rows.len() * keys.len() } else { 0 }];
        for start in queries.clone().step_by(ROWS) {
            let band = start..(start + ROWS).min(queries.end);
            let ends = (pattern.keys(band.start), pattern.keys(band.end - 1));
            let seen = ends.0.start.max(tokens.start)..ends.1.end.min(tokens.end);
            if seen.is_empty() {
                continue;
            }
            let mut tile = pattern.tile(band.clone(), seen.clone());
            self.adjust(index, band.clone(), seen.clone(), &mut tile);
            for (query, row) in band.zip(tile.chunks_exact(seen.len())) {
                if plain {
                    let at = (query - queries.start) * keys.len() + seen.start - tokens.start;
                    out[at..at + row.len()].copy_from_slice(row);
                } else {
                    fold.add(query, seen.start, row);
                }
            }
        }
        if plain { out } else { fold.finish() }
    }

    /// Weighs a head's weights, and does with the first key what is asked.
    fn adjust(&self, index: usize, queries: Range<usize>, keys: Range<usize>, tile: &mut [f32]) {
        let first = self.recipe.steps.first;
        for (query, row) in queries.zip(tile.chunks_exact_mut(keys.len())) {
            if let Some(lengths) = self.lengths.get(index) {
                row.iter_mut().zip(&lengths[keys.clone()]).for_each(|(value, length)| *value *= length);
            }
            if first != FirstToken::Keep && keys.start == 0 {
                row[0] = 0.0;
            }
            if first == FirstToken::Renormalise {
                let rest = self.rest(index, query);
                let share = |value: f32| if rest > 0.0 { (f64::from(value) / rest) as f32 } else { 0.0 };
                for value in row {
                    *value = share(*value);
                }
            }
        }
    }

    /// What a query's values sum to over all keys but the first; computed once.
    fn rest(&self, index: usize, query: usize) -> f64 {
        let known = &self.rests[index][query];
        let bits = known.load(Ordering::Relaxed);
        if bits != UNKNOWN {
            return f64::from_bits(bits);
        }
        let row = self.trace.pattern(self.recipe.heads[index]).row(query);
        let value = |(key, &weight): (usize, &f32)| match self.lengths.get(index) {
            Some(lengths) => f64::from(weight * lengths[key]),
            None => f64::from(weight),
        };
        let sum: f64 = row.iter().enumerate().skip(1).map(value).sum();
        known.store(sum.to_bits(), Ordering::Relaxed);
        sum
    }
}

/// Of a row's bins the value farthest from 0, where it is farther than what is there.
fn pool_row(row: &[f32], out: &mut [f32]) {
    let columns = out.len();
    for (column, out) in out.iter_mut().enumerate() {
        for &value in &row[bin(row.len(), columns, column)] {
            if value.abs() > out.abs() || value.is_nan() {
                *out = value;
            }
        }
    }
}

/// Token rows summed over groups of keys and averaged over groups of queries.
struct Fold<'a> {
    queries: &'a Groups,
    keys: &'a Groups,
    rows: Range<usize>,
    columns: Range<usize>,
    sums: Vec<f64>,
}

impl<'a> Fold<'a> {
    fn new(map: &'a Map, rows: Range<usize>, columns: Range<usize>, plain: bool) -> Self {
        let n = if plain { 0 } else { rows.len() * columns.len() };
        Self { queries: &map.queries, keys: &map.keys, rows, columns, sums: vec![0.0; n] }
    }
    /// Adds a query's values of the keys from `first` on.
    fn add(&mut self, query: usize, first: usize, row: &[f32]) {
        let group = self.queries.group(query);
        let share = 1.0 / self.queries.tokens(group..group + 1).len() as f64;
        let at = (group - self.rows.start) * self.columns.len();
        let end = first + row.len();
        for column in self.keys.covering(first..end) {
            let tokens = self.keys.tokens(column..column + 1);
            let own = &row[tokens.start.max(first) - first..tokens.end.min(end) - first];
            let sum: f64 = own.iter().map(|&value| f64::from(value)).sum();
            self.sums[at + column - self.columns.start] += sum * share;
        }
    }
    fn finish(self) -> Vec<f32> {
        self.sums.into_iter().map(|sum| sum as f32).collect()
    }
}
