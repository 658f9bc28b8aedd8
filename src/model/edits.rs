//! What interventions change about one block's attention: asked where scores are made, and nowhere else.
//!
//! Weights that stand in for a head's own are put in as scores (their logarithms), so that softmax, measures,
//! thumbnail and `Pattern` need not know of them.

use super::attention_spec::AttentionSpec;
use crate::kernels::Real;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

/// Changes to one block's attention, head by head.
#[derive(Clone, Debug, Default)]
pub struct AttentionEdits {
    /// One per query head
    pub heads: Vec<HeadEdits>,
}

/// Changes to one head's attention: given weights first, then the temperature, then the cuts.
#[derive(Clone, Debug, Default)]
pub struct HeadEdits {
    /// Edges whose scores are −∞
    pub cuts: Vec<Cut>,
    /// What scores are divided by
    pub temperature: Option<f32>,
    /// Weights that stand in for the head's own
    pub given: Option<Given>,
    /// Rows of weights, [key], that stand in for a single query's; they go before `given`
    pub rows: BTreeMap<usize, Arc<[f32]>>,
    /// Those of them that leave to the sink what they lack to 1; the others are renormalised without it
    pub open: BTreeSet<usize>,
}

/// Every edge from one of some queries to one of some keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The queries
    pub queries: Range<usize>,
    /// The keys
    pub keys: Range<usize>,
}

/// A pattern that stands in for a head's own; rows are renormalised over the keys that a query sees.
#[derive(Clone, Debug)]
pub enum Given {
    /// The same weight on every key
    Uniform,
    /// All on the token before; on the token itself where the one before is out of sight
    Previous,
    /// All on the token itself
    Identity,
    /// Weights row by row, [query, key]; later queries keep their own
    Rows {
        /// Keys a row
        n_keys: usize,
        /// Not negative
        weights: Arc<[f32]>,
    },
    /// The scores of another run
    Run(Arc<dyn GivenScores>),
}

/// Scores that come from another run.
pub trait GivenScores: Debug + Send + Sync {
    /// Queries it has scores for; later ones keep their own.
    fn n_queries(&self) -> usize;
    /// The scores of `query` for the keys from `first_key` on, all of which it sees.
    fn scores(&self, query: usize, first_key: usize, scores: &mut [f32]);
}

impl HeadEdits {
    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.cuts.is_empty() && self.temperature.is_none() && self.given.is_none() && self.rows.is_empty()
    }

    /// Puts given scores in the place of a row's own; false where the row has none.
    pub(super) fn give<F: Real>(
        &self,
        spec: &AttentionSpec,
        query: usize,
        first_key: usize,
        scores: &mut [F],
    ) -> bool {
        let keys = first_key..first_key + scores.len();
        if let Some(weights) = self.row(query) {
            for (score, key) in scores.iter_mut().zip(keys) {
                *score = F::of(weights.get(key).copied().unwrap_or(0.0)).ln();
            }
            return true;
        }
        match &self.given {
            Some(Given::Uniform) => scores.fill(F::zero()),
            Some(Given::Previous | Given::Identity) => {
                let target = self.target(spec, query);
                for (score, key) in scores.iter_mut().zip(keys) {
                    *score = if target == Some(key) { F::zero() } else { F::neg_infinity() };
                }
            }
            Some(Given::Run(run)) if query < run.n_queries() => {
                let mut theirs = vec![0.0; scores.len()];
                run.scores(query, first_key, &mut theirs);
                scores.iter_mut().zip(theirs).for_each(|(score, their)| *score = F::of(their));
            }
            None | Some(Given::Rows { .. } | Given::Run(_)) => return false,
        }
        true
    }

    /// Temperature and cuts, on scores as they would have entered softmax.
    pub(super) fn adjust<F: Real>(&self, query: usize, first_key: usize, scores: &mut [F]) {
        if let Some(temperature) = self.temperature.map(F::of) {
            for score in scores.iter_mut() {
                *score /= temperature;
            }
        }
        let keys = first_key..first_key + scores.len();
        for cut in self.cuts.iter().filter(|cut| cut.queries.contains(&query)) {
            let (from, to) = (cut.keys.start.max(keys.start), cut.keys.end.min(keys.end));
            if from < to {
                scores[from - first_key..to - first_key].fill(F::neg_infinity());
            }
        }
    }

    /// The sink's score in a row whose weights are given: the logarithm of what they leave to it. None where the row is
    /// the head's own.
    pub(super) fn given_sink<F: Real>(&self, query: usize) -> Option<F> {
        let closed = matches!(self.given, Some(Given::Uniform | Given::Previous | Given::Identity));
        let row = match self.row(query) {
            None if closed => return Some(F::neg_infinity()),
            row => row?,
        };
        let left = 1.0 - row.iter().copied().map(f64::from).sum::<f64>();
        Some(if self.open.contains(&query) { F::of64(left.max(0.0).ln()) } else { F::neg_infinity() })
    }

    /// Whether no key that `query` sees (`seen`) has any weight left.
    pub fn leaves_empty(&self, spec: &AttentionSpec, query: usize, seen: Range<usize>) -> bool {
        let mut cuts: Vec<&Range<usize>> =
            self.cuts.iter().filter(|cut| cut.queries.contains(&query)).map(|cut| &cut.keys).collect();
        cuts.sort_by_key(|keys| keys.start);
        let mut from = seen.start;
        for cut in cuts {
            if from < cut.start.min(seen.end) && self.gives(spec, query, from..cut.start.min(seen.end)) {
                return false;
            }
            from = from.max(cut.end);
        }
        from >= seen.end || !self.gives(spec, query, from..seen.end)
    }

    /// Whether any of some keys has a weight before cuts.
    fn gives(&self, spec: &AttentionSpec, query: usize, mut keys: Range<usize>) -> bool {
        if let Some(weights) = self.row(query) {
            return keys.any(|key| weights.get(key).is_some_and(|&weight| weight > 0.0));
        }
        match self.given {
            Some(Given::Previous | Given::Identity) => {
                self.target(spec, query).is_some_and(|target| keys.contains(&target))
            }
            _ => !keys.is_empty(),
        }
    }

    /// The weights that are given for one query.
    fn row(&self, query: usize) -> Option<&[f32]> {
        if let Some(row) = self.rows.get(&query) {
            return Some(row);
        }
        match &self.given {
            Some(Given::Rows { n_keys, weights }) => weights.chunks_exact(*n_keys).nth(query),
            _ => None,
        }
    }

    /// The one key that a query is given.
    fn target(&self, spec: &AttentionSpec, query: usize) -> Option<usize> {
        let before = || query.checked_sub(1).filter(|before| spec.keys(query, query + 1).contains(before));
        match self.given {
            Some(Given::Previous) => before().or(Some(query)),
            Some(Given::Identity) => Some(query),
            _ => None,
        }
    }
}

impl AttentionEdits {
    /// Nothing changed yet, for so many heads.
    pub fn new(heads: usize) -> Self {
        Self { heads: vec![HeadEdits::default(); heads] }
    }

    /// The first head and query, of `queries`, that would be left without any key to look at.
    pub fn empty_row(
        &self,
        spec: &AttentionSpec,
        queries: Range<usize>,
        n_keys: usize,
    ) -> Option<(usize, usize)> {
        let edited = self.heads.iter().enumerate().filter(|(_, head)| !head.is_empty());
        edited.flat_map(|(index, head)| queries.clone().map(move |query| (index, head, query))).find_map(
            |(index, head, query)| {
                head.leaves_empty(spec, query, spec.keys(query, n_keys)).then_some((index, query))
            },
        )
    }
}
