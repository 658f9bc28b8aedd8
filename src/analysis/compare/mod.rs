//! Two runs beside each other: which tokens stand for the same, and how far heads, layers and answers differ there.
//!
//! Two prompts on one model, one prompt on two models, two checkpoints, a clean run and a changed one: it does not
//! matter which. Everything is taken over the tokens that are aligned, and what that leaves out is told.

mod align;
mod heads;
mod layers;
mod pieces;
mod words;

pub use align::{Alignment, By, Edit, Pair, align};
pub use heads::{Difference, Distance, HeadDifference, difference};
pub use layers::{LayerDifference, MOST_TOKENS, cka};
pub use pieces::{Piece, pieces};
pub use words::{NextWord, NextWords};

use crate::trace::{Side, Trace};
use std::ops::ControlFlow;

/// Two runs that cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// A run is still going on, or was broken off
    #[error("one of the two runs is not complete")]
    Incomplete,
    /// No token of one stands for one of the other
    #[error("the two prompts have no token in common")]
    NothingAligned,
    /// No head of one has a place in the other
    #[error("the two models have no head in the same place")]
    NoHead,
    /// The job was cancelled
    #[error("cancelled")]
    Cancelled,
}

impl CompareError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Incomplete => "wait until both are done".into(),
            Self::NothingAligned => "compare prompts that share some words".into(),
            Self::NoHead => {
                "compare two decoders, two encoders or two encoder–decoder models with each other".into()
            }
            Self::Cancelled => return None,
        })
    }
}

/// How two runs differ. The first is called A, the second B.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Tokens of both; of encoder–decoder models the target's
    pub target: Alignment,
    /// The source's; empty where there is no encoder
    pub source: Alignment,
    /// Every head that has the same place in both, in the order of the layers
    pub heads: Vec<HeadDifference>,
    /// Heads of A and of B that have no counterpart
    pub alone: [usize; 2],
    /// Residual streams, in the order of A's
    pub layers: Vec<LayerDifference>,
    /// What may follow
    pub next: NextWords,
}

impl Comparison {
    /// One text's alignment.
    pub fn alignment(&self, side: Side) -> &Alignment {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }
    /// Heads by divergence, the greatest first; those without an aligned row last.
    pub fn by_divergence(&self) -> Vec<&HeadDifference> {
        let mut heads: Vec<&HeadDifference> = self.heads.iter().collect();
        let of = |head: &HeadDifference| head.distance.map_or(-1.0, |distance| distance.divergence);
        heads.sort_by(|a, b| of(b).total_cmp(&of(a)));
        heads
    }
}

/// Aligns the tokens of two runs and measures how far they differ.
///
/// Costs what both patterns cost once, holds a few dozen rows of them a thread. `progress` is told the share done.
pub fn compare(
    a: &Trace,
    b: &Trace,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<Comparison, CompareError> {
    if !a.is_complete() || !b.is_complete() {
        return Err(CompareError::Incomplete);
    }
    let [target, source] = [Side::Target, Side::Source].map(|side| align(a, b, side));
    if target.pairs.is_empty() && source.pairs.is_empty() {
        return Err(CompareError::NothingAligned);
    }
    let pairs = heads::pairs(&a.spec, &b.spec);
    if pairs.is_empty() {
        return Err(CompareError::NoHead);
    }
    let count = |trace: &Trace| trace.head_ids().count() - pairs.len();
    let alone = [count(a), count(b)];
    let aligned = |side| if side == Side::Source { &source } else { &target };
    let mut heads = Vec::with_capacity(pairs.len());
    for layer in pairs.chunk_by(|a, b| a.0.layer == b.0.layer) {
        if progress(0.9 * heads.len() as f32 / pairs.len() as f32).is_break() {
            return Err(CompareError::Cancelled);
        }
        let part = a.spec.blocks[layer[0].0.layer].part;
        heads.extend(heads::of_layer(a, b, layer, aligned(part.rows()), aligned(part.columns())));
    }
    if progress(0.95).is_break() {
        return Err(CompareError::Cancelled);
    }
    let layers = layers::differences(a, b, &aligned);
    let next = NextWords::new(a, b);
    Ok(Comparison { target, source, heads, alone, layers, next })
}
