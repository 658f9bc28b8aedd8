//! A table of words by words that is never laid out: two lists of short vectors, of which it holds every product.

use super::eigen::{eigenvalue_share, rows_times_rows};
use super::top::{Entry, Top};
use crate::kernels::linear;
use crate::model::row_major;
use rayon::prelude::*;
use std::ops::ControlFlow;

/// Rows that are multiplied at once.
const ROWS: usize = 256;
/// Columns of a tile: it stays in cache between product and search.
const COLUMNS: usize = 2048;
/// How near the front a word must be to count among the first.
pub const FIRST: usize = 5;

/// value\[row, column\] = ⟨rows\[row\], columns\[column\]⟩, [words, words].
#[derive(Clone, Debug, PartialEq)]
pub struct WordTable {
    /// [word, dim]
    rows: Vec<f32>,
    /// [word, dim]
    columns: Vec<f32>,
    dim: usize,
}

/// The ends of some part of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ends {
    /// The greatest values, greatest first
    pub most: Vec<Entry>,
    /// The least, least first
    pub least: Vec<Entry>,
}

/// What is known once every entry has been seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The greatest and the least entries of all
    pub ends: Ends,
    /// How words stand to themselves; none where rows and columns are not of the same words
    pub own: Option<Own>,
}

/// How the words of a table stand to themselves: its diagonal.
#[derive(Clone, Debug, PartialEq)]
pub struct Own {
    /// The words whose own entry lies highest above the mean of its row, with that entry
    pub most: Vec<Entry>,
    /// Share of all words that are the greatest of their row
    pub first: f64,
    /// Share of all words among the [`FIRST`] greatest of their row
    pub among_first: f64,
}

impl WordTable {
    /// From the vectors of rows and columns, [word, dim]; `centred`: the mean over all columns is taken off each, so
    /// that every row is told from what it gives a column on average, as softmax sees it.
    pub(super) fn new(rows: Vec<f32>, mut columns: Vec<f32>, dim: usize, centred: bool) -> Self {
        if centred {
            let mean = mean(&columns, dim);
            for column in columns.chunks_exact_mut(dim) {
                column.iter_mut().zip(&mean).for_each(|(x, mean)| *x = (f64::from(*x) - mean) as f32);
            }
        }
        Self { rows, columns, dim }
    }

    /// Words down and across.
    pub fn size(&self) -> (usize, usize) {
        (self.rows.len() / self.dim, self.columns.len() / self.dim)
    }

    /// One value.
    pub fn value(&self, row: u32, column: u32) -> f64 {
        dot(vector(&self.rows, row, self.dim), vector(&self.columns, column, self.dim))
    }

    /// The ends of one row.
    pub fn row(&self, row: u32, top: usize) -> Ends {
        let own = vector(&self.rows, row, self.dim);
        Ends::of(rows_times_rows(own, &self.columns, self.dim), top, |column| (row, column), self)
    }

    /// The ends of one column.
    pub fn column(&self, column: u32, top: usize) -> Ends {
        let own = vector(&self.columns, column, self.dim);
        Ends::of(rows_times_rows(own, &self.rows, self.dim), top, |row| (row, column), self)
    }

    /// Σλ / Σ|λ| over the eigenvalues of the table, where it is square: those of columnsᵀ·rows, [dim, dim], which are
    /// the same but for zeros. 1: words stand well to themselves in every direction.
    pub fn eigenvalue_share(&self) -> Option<f64> {
        let (n, m) = self.size();
        if n != m {
            return None;
        }
        let mut by_dim = vec![0.0; self.columns.len()];
        for (word, column) in self.columns.chunks_exact(self.dim).enumerate() {
            column.iter().enumerate().for_each(|(dim, &x)| by_dim[dim * n + word] = x);
        }
        eigenvalue_share(&linear(&by_dim, &row_major(&self.rows, self.dim), None))
    }

    /// Goes through every entry, a tile at a time; `None` where `progress` (told the share done) breaks off.
    pub fn scan(&self, top: usize, progress: &mut dyn FnMut(f32) -> ControlFlow<()>) -> Option<Scan> {
        let (n, m) = self.size();
        let own: Vec<f32> = if n == m { self.diagonal() } else { Vec::new() };
        let mut above = vec![0_u32; own.len()];
        let (mut most, mut least) = (Top::new(top), Top::new(top));
        for first in (0..n).step_by(ROWS) {
            if progress(first as f32 / n as f32).is_break() {
                return None;
            }
            let rows = &self.rows[first * self.dim..(first + ROWS).min(n) * self.dim];
            for start in (0..m).step_by(COLUMNS) {
                let columns = &self.columns[start * self.dim..(start + COLUMNS).min(m) * self.dim];
                let width = columns.len() / self.dim;
                let tile = rows_times_rows(rows, columns, self.dim);
                let floors = (most.floor(), least.floor());
                let counts = above.get_mut(first..(first + ROWS).min(n)).unwrap_or_default();
                let found = tile.par_chunks(width).enumerate().map(|(index, values)| {
                    let row = first + index;
                    let ends = ends_of((row, start), values, floors, top);
                    let better = own.get(row).map_or(0, |&own| {
                        let higher = |&(column, &value): &(usize, &f32)| value > own && start + column != row;
                        values.iter().enumerate().filter(higher).count() as u32
                    });
                    (ends, better)
                });
                let found: Vec<_> = found.collect();
                for (index, ((more, less), better)) in found.into_iter().enumerate() {
                    (most, least) = (most.join(more), least.join(less));
                    if let Some(count) = counts.get_mut(index) {
                        *count += better;
                    }
                }
            }
        }
        let share =
            |limit: u32| above.iter().filter(|&&above| above < limit).count() as f64 / n.max(1) as f64;
        let own = (n == m).then(|| Own {
            most: self.own_most(&own, top),
            first: share(1),
            among_first: share(FIRST as u32),
        });
        Some(Scan { ends: Ends { most: self.exact(most), least: self.exact(least) }, own })
    }

    /// Every word's own entry.
    fn diagonal(&self) -> Vec<f32> {
        let pairs = self.rows.par_chunks_exact(self.dim).zip(self.columns.par_chunks_exact(self.dim));
        pairs.map(|(row, column)| dot(row, column) as f32).collect()
    }

    /// The words whose own entry lies highest above the mean of its row.
    fn own_most(&self, own: &[f32], top: usize) -> Vec<Entry> {
        let mean: Vec<f32> = mean(&self.columns, self.dim).into_iter().map(|x| x as f32).collect();
        let mut kept = Top::new(top);
        for (word, row) in (0..).zip(self.rows.chunks_exact(self.dim)) {
            let value = f64::from(own[word as usize]) - dot(row, &mean);
            kept.offer(Entry { row: word, column: word, value });
        }
        self.exact(kept)
    }

    /// The entries with their values in double precision, in their order.
    fn exact(&self, kept: Top) -> Vec<Entry> {
        let entries = kept.sorted().into_iter();
        entries.map(|entry| Entry { value: self.value(entry.row, entry.column), ..entry }).collect()
    }
}

impl Ends {
    fn of(values: Vec<f32>, top: usize, place: impl Fn(u32) -> (u32, u32), table: &WordTable) -> Self {
        let (mut most, mut least) = (Top::new(top), Top::new(top));
        for (index, value) in (0..).zip(values) {
            let (row, column) = place(index);
            let value = f64::from(value);
            most.offer(Entry { row, column, value });
            least.offer(Entry { row, column, value: -value });
        }
        Self { most: table.exact(most), least: table.exact(least) }
    }
}

/// The ends of a piece of one row that reach the floors.
fn ends_of((row, start): (usize, usize), values: &[f32], floors: (f64, f64), top: usize) -> (Top, Top) {
    let (mut most, mut least) = (Top::new(top), Top::new(top));
    let (high, low) = (floors.0 as f32, -(floors.1 as f32));
    for (index, &value) in values.iter().enumerate() {
        if value >= high || value <= low {
            let entry = |value: f32| Entry {
                row: row as u32,
                column: (start + index) as u32,
                value: f64::from(value),
            };
            most.offer(entry(value));
            least.offer(entry(-value));
        }
    }
    (most, least)
}

fn vector(all: &[f32], word: u32, dim: usize) -> &[f32] {
    &all[word as usize * dim..][..dim]
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum()
}

/// Mean over all vectors, [dim].
fn mean(vectors: &[f32], dim: usize) -> Vec<f64> {
    let mut sums = vec![0.0_f64; dim];
    for vector in vectors.chunks_exact(dim) {
        sums.iter_mut().zip(vector).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    let n = (vectors.len() / dim.max(1)).max(1) as f64;
    sums.into_iter().map(|sum| sum / n).collect()
}
