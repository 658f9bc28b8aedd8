//! The walk's twelve steps, and where each lies.

use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator as _;

/// The twelve steps, in order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Text became ids
    Tokens,
    /// Ids became vectors, with their positions
    Embedding,
    /// The residual stream, scaled for attention
    Norm,
    /// Query, key and value
    Projections,
    /// Query times key, number by number
    #[default]
    Scores,
    /// Scale, soft cap, position bias, mask
    Scale,
    /// Scores became weights
    Softmax,
    /// Values, weighted and added up
    Sum,
    /// What the head writes
    Output,
    /// It is added to the residual stream
    Residual,
    /// What the feed-forward part adds
    Mlp,
    /// What the model says in the end
    Logits,
}

/// Where a step lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Before the head
    Before,
    /// Inside the head
    Inside,
    /// After the head
    After,
}

impl StepKind {
    /// How many there are.
    pub const COUNT: usize = 12;
    /// Its number, from 1.
    pub fn number(self) -> usize {
        self as usize + 1
    }
    /// Where it lies.
    pub fn group(self) -> Group {
        match self {
            Self::Tokens | Self::Embedding | Self::Norm => Group::Before,
            Self::Projections | Self::Scores | Self::Scale | Self::Softmax | Self::Sum => Group::Inside,
            Self::Output | Self::Residual | Self::Mlp | Self::Logits => Group::After,
        }
    }
    /// The step after it.
    pub fn next(self) -> Option<Self> {
        Self::iter().nth(self as usize + 1)
    }
    /// The step before it.
    pub fn previous(self) -> Option<Self> {
        (self as usize).checked_sub(1).and_then(|index| Self::iter().nth(index))
    }
}
