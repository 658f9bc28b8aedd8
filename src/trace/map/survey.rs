//! What there is to know of a whole map at one glance: how far its values reach, and how many pass a threshold.

use super::{FirstToken, GoOn, Map};
use rayon::prelude::*;

/// Bits of a float that tell bins apart no more: 1024 bins an octave.
const FINE: u32 = 13;
/// The least value with a bin of its own, 2⁻²⁰, and the octaves from there on.
const LEAST: u32 = (127 - 20) << 23;
const OCTAVES: u32 = 40;
const BINS: usize = (OCTAVES as usize) << (23 - FINE);

/// A map's reach and how its values spread.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// Its value farthest from 0, rows apart that have one key to look at.
    pub reach: f32,
    /// Cells that are seen and not 0.
    pub cells: u64,
    /// Cells by size, 1024 bins an octave.
    bins: Vec<u64>,
}

/// The threshold next below `threshold` for which [`Survey::from`] counts exactly.
pub fn snapped(threshold: f32) -> f32 {
    f32::from_bits(threshold.abs().to_bits() >> FINE << FINE)
}

fn bin(size: f32) -> usize {
    let bits = size.to_bits();
    (bits.saturating_sub(LEAST) >> FINE).min(BINS as u32 - 1) as usize
}

impl Survey {
    fn new() -> Self {
        Self { reach: 0.0, cells: 0, bins: vec![0; BINS] }
    }
    /// Cells whose size is at least a [`snapped`] threshold.
    pub fn from(&self, threshold: f32) -> u64 {
        if threshold.to_bits() <= LEAST { self.cells } else { self.bins[bin(threshold)..].iter().sum() }
    }
    fn add(&mut self, row: &[f32], counts: bool) {
        for &value in row {
            let size = value.abs();
            if size > 0.0 {
                self.cells += 1;
                self.bins[bin(size)] += 1;
                if counts && size > self.reach && size < f32::INFINITY {
                    self.reach = size;
                }
            }
        }
    }
    fn join(mut self, other: &Self) -> Self {
        self.reach = self.reach.max(other.reach);
        self.cells += other.cells;
        self.bins.iter_mut().zip(&other.bins).for_each(|(own, other)| *own += other);
        self
    }
}

impl Map {
    /// Looks at every cell once. `progress` is told the share done, and may break off: then `None`.
    ///
    /// Costs all of the map's cells; holds a few dozen rows of them at a time.
    pub fn survey(&self, progress: &(dyn Fn(f32) -> std::ops::ControlFlow<()> + Sync)) -> Option<Survey> {
        // Rows grow longer downwards: each stretch is shared among all threads
        const STRETCHES: usize = 32;
        let (n_queries, step) = (self.n_queries(), self.step());
        let stretch = n_queries.div_ceil(STRETCHES).max(step);
        let mut all = Survey::new();
        for start in (0..n_queries).step_by(stretch) {
            if progress(start as f32 / n_queries as f32).is_break() {
                return None;
            }
            let rows: Vec<usize> = (start..(start + stretch).min(n_queries)).step_by(step).collect();
            let go_on: GoOn<'_> = &|| progress(start as f32 / n_queries as f32);
            let own = rows
                .par_iter()
                .fold(Survey::new, |mut survey, &row| {
                    if go_on().is_continue() {
                        let rows = row..(row + step).min((start + stretch).min(n_queries));
                        let values = self.chunk(rows.clone(), 0..self.n_keys());
                        for (query, row) in rows.zip(values.chunks_exact(self.n_keys().max(1))) {
                            survey.add(row, !self.is_alone(query));
                        }
                    }
                    survey
                })
                .reduce(Survey::new, |a, b| a.join(&b));
            all = all.join(&own);
        }
        if progress(1.0).is_break() { None } else { Some(all) }
    }

    /// Whether the softmax leaves a row no choice: it has one key, the first apart where that is left out. A map's
    /// colours are not made for it.
    pub fn is_alone(&self, query: usize) -> bool {
        let keys = self.seen_tokens(self.queries.tokens(query..query + 1));
        let least = if self.recipe.steps.first == FirstToken::Keep { 1 } else { 2 };
        keys.len() <= least && self.n_queries() > 1
    }
}
