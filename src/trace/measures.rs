//! A head's measures, from the sums that its pass gathered. Formulae and sources: `analysis::MEASURES`.

use crate::model::Sums;
use serde::{Deserialize, Serialize};

/// What one head's pattern is like, under the names of `heads --json`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeadMeasures {
    /// Mean weight on the query itself, in [0, 1]
    #[serde(rename = "self")]
    pub own: f64,
    /// Mean weight on the token before, in [0, 1]
    pub previous_token: f64,
    /// Mean entropy of a row, in nats
    pub entropy: f64,
    /// Mean distance from query to key, in tokens
    pub distance: f64,
    /// Variance of that distance, in tokens²
    pub variance: f64,
    /// Weight on what followed earlier showings of the query's token, in [0, 1]
    pub induction: f64,
    /// Largest weight apart from the first query and key, in [0, 1]
    pub max_activation: f64,
    /// Mean weight on the first token, in [0, 1]
    pub sink: f64,
    /// Share of all weight on the token before
    pub previous_token_head: f64,
    /// Share of all weight on earlier showings of the query's token
    pub duplicate_token_head: f64,
    /// Share of all weight on what followed them
    pub induction_head: f64,
}

impl HeadMeasures {
    /// From the sums over a head's queries.
    pub fn of(sums: &Sums) -> Self {
        let over = |sum: f64, n: f64| if n > 0.0 { sum / n } else { 0.0 };
        let (n, later) = (sums.queries, sums.queries - 1.0);
        let distance = over(sums.distance, n);
        Self {
            own: over(sums.own, n),
            previous_token: over(sums.previous, later),
            entropy: over(sums.entropy, n),
            distance,
            variance: over(sums.square, n) - distance * distance,
            induction: over(sums.strong_induction, sums.repeated),
            max_activation: sums.max,
            sink: over(sums.first, later),
            previous_token_head: over(sums.previous, sums.total),
            duplicate_token_head: over(sums.duplicate, sums.total),
            induction_head: over(sums.induction, sums.total),
        }
    }
}
