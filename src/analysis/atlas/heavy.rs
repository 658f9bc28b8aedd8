//! The heaviest of very many things, in the memory of a few: space-saving counters (Metwally et al. 2005).

use super::sum::Sum;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Counters kept: what weighs more than 1/64 of everything is certainly among them.
const COUNTERS: usize = 64;

/// The heaviest ids so far. A weight is too high by at most the least that is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Heavy {
    weights: BTreeMap<u32, Sum>,
    total: Sum,
}

impl Heavy {
    /// Adds weight to an id; where all counters are taken, the lightest is given up for it.
    pub(super) fn add(&mut self, id: u32, weight: f64) {
        self.total += weight;
        if let Some(own) = self.weights.get_mut(&id) {
            *own += weight;
            return;
        }
        let mut inherited = 0.0;
        if self.weights.len() == COUNTERS {
            // Of two equally light ones the lower id goes, so that a run can be repeated
            let lightest = self
                .weights
                .iter()
                .map(|(&id, &Sum(weight))| (weight, id))
                .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            if let Some((weight, id)) = lightest {
                self.weights.remove(&id);
                inherited = weight;
            }
        }
        self.weights.insert(id, Sum(inherited + weight));
    }

    /// The `n` heaviest and their share of everything, heaviest first.
    pub(super) fn top(&self, n: usize) -> Vec<(u32, f64)> {
        let share = |Sum(weight): &Sum| weight / self.total.0.max(f64::MIN_POSITIVE);
        let mut all: Vec<(u32, f64)> = self.weights.iter().map(|(&id, weight)| (id, share(weight))).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all.truncate(n);
        all
    }
}
