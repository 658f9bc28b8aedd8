//! How strongly a head fires on passages: where a passage ranks among all, in the memory of a few hundred counters.

use super::Histogram;
use serde::{Deserialize, Serialize};

/// Bins of ln(p / (1 − p)) from −[`SPAN`] to [`SPAN`]: fine near 0 and 1, where weights crowd.
const BINS: usize = 256;
const SPAN: f64 = 16.0;
/// Even bins from 0 to 1, to be drawn.
const SHOWN: usize = 50;

/// Counts of largest weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Levels {
    fine: Vec<u32>,
    shown: Vec<u32>,
}

impl Default for Levels {
    fn default() -> Self {
        Self { fine: vec![0; BINS], shown: vec![0; SHOWN] }
    }
}

fn bin(weight: f32) -> usize {
    let p = f64::from(weight).clamp(0.0, 1.0);
    let place = ((p / (1.0 - p)).ln() + SPAN) / (2.0 * SPAN) * BINS as f64;
    (place.max(0.0) as usize).min(BINS - 1)
}

impl Levels {
    /// Counts a passage.
    pub(super) fn add(&mut self, weight: f32) {
        self.fine[bin(weight)] += 1;
        let shown = (f64::from(weight).clamp(0.0, 1.0) * SHOWN as f64) as usize;
        self.shown[shown.min(SHOWN - 1)] += 1;
    }

    /// The tenth of all passages that one lies in, 1 to 10. Those in one bin share the middle of it.
    pub(super) fn decile(&self, weight: f32) -> u8 {
        let own = bin(weight);
        let below: u64 = self.fine[..own].iter().map(|&n| u64::from(n)).sum();
        let all: u64 = self.fine.iter().map(|&n| u64::from(n)).sum();
        let rank = (below as f64 + f64::from(self.fine[own]) / 2.0) / (all as f64).max(1.0);
        ((rank * 10.0) as u8 + 1).min(10)
    }

    /// Passages by largest weight.
    pub(super) fn histogram(&self) -> Histogram {
        Histogram {
            edges: (0..=SHOWN).map(|i| i as f64 / SHOWN as f64).collect(),
            values: self.shown.iter().map(|&n| f64::from(n)).collect(),
        }
    }
}
