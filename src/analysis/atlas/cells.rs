//! A head's weights on one passage, the small ones left out: what sequences are drawn from.

use crate::trace::Pattern;
use serde::{Deserialize, Serialize};

/// Weights that a query keeps, and below which none is kept; as HeadVis advises.
const PER_ROW: usize = 8;
const LEAST: f32 = 0.005;
/// The whole of a weight: they are kept in ten-thousandths.
pub const FULL: u16 = 10_000;

/// Weights of one pattern [query, key] that are worth keeping.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cells {
    /// Where: query · tokens + key, ascending
    pub cells: Vec<u32>,
    /// How much, in ten-thousandths
    pub weights: Vec<u16>,
}

impl Cells {
    /// The greatest weights of every row: at most 8, none below 0.005.
    pub fn of(pattern: &Pattern<'_>) -> Self {
        let mut kept = Self::default();
        let n = pattern.n_keys();
        for query in 0..pattern.n_queries() {
            let row = pattern.row(query);
            let mut keys: Vec<usize> = (0..n).filter(|&key| row[key] >= LEAST).collect();
            keys.sort_by(|&a, &b| row[b].total_cmp(&row[a]).then(a.cmp(&b)));
            keys.truncate(PER_ROW);
            keys.sort_unstable();
            for key in keys {
                kept.cells.push((query * n + key) as u32);
                kept.weights.push((f64::from(row[key]) * f64::from(FULL)).round() as u16);
            }
        }
        kept
    }

    /// Query, key and weight of each, for a passage of `n` tokens.
    pub fn iter(&self, n: usize) -> impl Iterator<Item = (usize, usize, f32)> + '_ {
        self.cells.iter().zip(&self.weights).map(move |(&cell, &weight)| {
            let cell = cell as usize;
            (cell / n.max(1), cell % n.max(1), f32::from(weight) / f32::from(FULL))
        })
    }

    /// The largest of them, first query and key apart.
    pub fn strongest(&self, n: usize) -> Option<(usize, usize, f32)> {
        let apart = self.iter(n).filter(|&(query, key, _)| query > 0 && key > 0);
        apart.reduce(|best, cell| if cell.2 > best.2 { cell } else { best })
    }

    /// One query's, by key.
    pub fn row(&self, n: usize, query: usize) -> impl Iterator<Item = (usize, f32)> + '_ {
        self.iter(n).filter(move |cell| cell.0 == query).map(|(_, key, weight)| (key, weight))
    }
}
