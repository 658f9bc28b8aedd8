//! A map made of patterns by a recipe: which heads, what is weighed, what becomes of the first key, and whether rows
//! and columns are tokens, words, lines or sentences. Knows no colours; holds no T×T array.
//!
//! `M = combine over heads h of level(first(weigh(P_h)))`: each head's pattern is weighed, loses its first key, and is
//! summed over the keys of a group and averaged over the queries of a group; then the heads are combined.

mod formula;
mod groups;
mod survey;
mod values;

pub use groups::{Groups, Level};
pub use survey::{Survey, snapped};

use super::{HeadId, Trace};
use crate::kernels::linear;
use crate::model::{Network, Side};
use rayon::prelude::*;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::AtomicU64;

/// Whether somebody still waits for what is computed.
pub type GoOn<'a> = &'a (dyn Fn() -> ControlFlow<()> + Sync);

/// Keys whose values are multiplied with the output matrix at once.
const KEYS: usize = 256;

/// How several heads become one map.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Combine {
    /// The mean of the heads
    #[default]
    Mean,
    /// The greatest of the heads, cell by cell
    Max,
    /// The least of the heads, cell by cell
    Min,
    /// The first head less the second: signed
    Difference,
}

impl Combine {
    /// Its name in options and files.
    pub fn id(self) -> &'static str {
        self.into()
    }
}

/// What a cell of a head holds.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Weigh {
    /// The attention weight: P\[q, k\]
    #[default]
    Weights,
    /// The length of what the weight moves: ‖P\[q, k\]·v_k·W_O‖₂ (Kobayashi et al. 2020)
    Values,
}

/// What becomes of the first key: many heads rest on it when they have nothing to look for (an attention sink; Xiao
/// et al. 2023), which hides all else.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum FirstToken {
    /// It stays
    #[default]
    Keep,
    /// Its column is left out; the other weights stay as they are
    Hide,
    /// Its column is left out; the other weights of each query are divided by their sum
    Renormalise,
}

/// What is done to each head before heads are combined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Steps {
    /// What a cell holds.
    pub weigh: Weigh,
    /// What becomes of the first key.
    pub first: FirstToken,
    /// What a row stands for: the mean over its tokens.
    pub queries: Level,
    /// What a column stands for: the sum over its tokens.
    pub keys: Level,
}

impl Steps {
    /// Whether they change nothing.
    pub fn are_plain(self) -> bool {
        self == Self::default()
    }
    /// The same, but of another cell.
    #[must_use]
    pub fn with(self, weigh: Weigh) -> Self {
        Self { weigh, ..self }
    }
}

/// What a map shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MapRecipe {
    /// The heads, which all have the same tokens down and across.
    pub heads: Vec<HeadId>,
    /// How they become one.
    pub combine: Combine,
    /// What is done to each before.
    pub steps: Steps,
}

impl MapRecipe {
    /// One head's pattern as it is.
    pub fn plain(head: HeadId) -> Self {
        Self { heads: vec![head], combine: Combine::default(), steps: Steps::default() }
    }
}

/// Why there is no such map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// No head was named.
    #[error("no head is selected")]
    NoHead,
    /// The run has no such head (yet).
    #[error("the run has no head {0}")]
    Missing(HeadId),
    /// Their rows or columns are different tokens.
    #[error("heads {0} and {1} look from or at different texts and make no common map")]
    Mixed(HeadId, HeadId),
    /// A difference is of two.
    #[error("a difference is of two heads, not of {0}")]
    NotTwo(usize),
    /// Values are weighed with the output matrix, which a saved run lacks.
    #[error("lengths ‖P·v·W_O‖ need the model's weights, and a saved run has none")]
    NeedsWeights,
}

/// A map that can be asked for any cell, row or rectangle. Rows and columns are those of the recipe's levels.
#[derive(Debug)]
pub struct Map {
    trace: Trace,
    recipe: MapRecipe,
    /// Subtracted from it, of the same size
    less: Option<Box<Map>>,
    /// ‖v_k·W_O‖₂ of each head, [key]; of none where weights are plain
    lengths: Vec<Vec<f32>>,
    /// Bits of each head's sums over all keys but the first, [query], as far as they are known
    rests: Vec<Vec<AtomicU64>>,
    queries: Groups,
    keys: Groups,
}

/// Bits of a sum that nobody has asked for yet: no number that a sum can be.
const UNKNOWN: u64 = u64::MAX;

impl Map {
    /// Makes ready what `recipe` asks for. Lengths cost a head's values times its output matrix.
    pub fn new(trace: &Trace, network: Option<&Network>, recipe: MapRecipe) -> Result<Self, MapError> {
        let first = *recipe.heads.first().ok_or(MapError::NoHead)?;
        for &head in &recipe.heads {
            if !trace.has(head) {
                return Err(MapError::Missing(head));
            }
            if sides(trace, head) != sides(trace, first) {
                return Err(MapError::Mixed(first, head));
            }
        }
        if recipe.combine == Combine::Difference && recipe.heads.len() != 2 {
            return Err(MapError::NotTwo(recipe.heads.len()));
        }
        let lengths = match recipe.steps.weigh {
            Weigh::Weights => Vec::new(),
            Weigh::Values => {
                let network = network.ok_or(MapError::NeedsWeights)?;
                recipe.heads.iter().map(|&head| value_lengths(trace, network, head)).collect()
            }
        };
        let n_queries = trace.query_tokens(first.layer).len();
        let rests = match recipe.steps.first {
            FirstToken::Renormalise => {
                let unknown = || (0..n_queries).map(|_| AtomicU64::new(UNKNOWN)).collect();
                recipe.heads.iter().map(|_| unknown()).collect()
            }
            FirstToken::Keep | FirstToken::Hide => Vec::new(),
        };
        let (rows, columns) = sides(trace, first);
        let queries = trace.groups(rows, recipe.steps.queries);
        let keys = trace.groups(columns, recipe.steps.keys);
        Ok(Self { trace: trace.clone(), recipe, less: None, lengths, rests, queries, keys })
    }

    /// This map less another of the same recipe, of a run on as many tokens.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self { less: Some(Box::new(other)), ..self }
    }

    /// What it shows.
    pub fn recipe(&self) -> &MapRecipe {
        &self.recipe
    }
    /// Rows.
    pub fn n_queries(&self) -> usize {
        self.queries.len()
    }
    /// Columns.
    pub fn n_keys(&self) -> usize {
        self.keys.len()
    }
    /// Which tokens its rows are.
    pub fn queries(&self) -> &Groups {
        &self.queries
    }
    /// Which tokens its columns are.
    pub fn keys(&self) -> &Groups {
        &self.keys
    }
    /// Whether its values have both signs.
    pub fn is_signed(&self) -> bool {
        self.recipe.combine == Combine::Difference || self.less.is_some()
    }
    /// Columns that some token of row `query` may look at in some head; the others are 0. A hidden first key counts
    /// among those that are not seen.
    pub fn seen(&self, query: usize) -> Range<usize> {
        let mut tokens = self.seen_tokens(self.queries.tokens(query..query + 1));
        if self.recipe.steps.first != FirstToken::Keep {
            tokens.start = tokens.start.max(1);
        }
        if tokens.is_empty() { 0..0 } else { self.keys.covering(tokens) }
    }
    /// Keys that some of these queries see in some head.
    fn seen_tokens(&self, queries: Range<usize>) -> Range<usize> {
        let ends = self.recipe.heads.iter().map(|&head| {
            let pattern = self.trace.pattern(head);
            pattern.keys(queries.start).start..pattern.keys(queries.end - 1).end
        });
        ends.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end)).unwrap_or(0..0)
    }
}

impl Trace {
    /// One text's tokens in groups.
    pub fn groups(&self, side: Side, level: Level) -> Groups {
        Groups::of(self.tokens_of(side), self.text_of(side), level)
    }
    /// What each group of one text reads.
    pub fn group_labels(&self, side: Side, groups: &Groups) -> Vec<String> {
        groups.labels(self.tokens_of(side), self.text_of(side))
    }
    /// What tokens' spans are places in, where it is known.
    fn text_of(&self, side: Side) -> &str {
        if side == self.prompt_side() { &self.prompt } else { "" }
    }
}

/// Whose tokens are a head's rows and columns.
fn sides(trace: &Trace, head: HeadId) -> (Side, Side) {
    trace.spec.blocks[head.layer].part.sides()
}

/// ‖v_k·W_O‖₂ of one head, [key].
fn value_lengths(trace: &Trace, network: &Network, head: HeadId) -> Vec<f32> {
    let values = trace.v(head);
    let dim = trace.spec.blocks[head.layer].attention.value_dim();
    let width = trace.spec.width;
    let written = |values: &[f32]| linear(values, &network.head_output(head.layer, head.head), None);
    let chunks: Vec<Vec<f32>> =
        values.par_chunks(KEYS * dim).map(|values| super::norms(&written(values), width)).collect();
    chunks.concat()
}
