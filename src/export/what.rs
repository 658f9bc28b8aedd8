//! What is written: which activations, of which layers and heads.

use std::ops::Range;
use std::str::FromStr;

use strum::{EnumIter, EnumString, IntoStaticStr};

use crate::model::{Hook, ModelSpec, Placement};

use super::error::ExportError;

/// A kind of activation, as `--what` spells it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    EnumIter,
    EnumString,
    IntoStaticStr,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum What {
    /// Attention weights
    #[default]
    Pattern,
    /// Attention scores, before the softmax
    Scores,
    /// The residual stream before each block, and after the last
    Resid,
    /// The residual stream between attention and MLP
    ResidMid,
    /// Queries, before rotary
    Q,
    /// Keys, before rotary
    K,
    /// Values
    V,
    /// Queries as they enter the product
    RotQ,
    /// Keys as they enter the product
    RotK,
    /// What each head read, before its output matrix
    Z,
    /// What each head adds to the residual stream
    Result,
    /// What attention adds to the residual stream
    AttnOut,
    /// The MLP before its activation function
    MlpPre,
    /// The MLP after its activation function
    MlpPost,
    /// What the MLP adds to the residual stream
    MlpOut,
    /// Token embeddings
    Embed,
    /// What enters the unembedding
    FinalNorm,
    /// A score for every next token
    Logits,
}

/// What runs along an axis of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    /// Query heads
    Head,
    /// Key/value heads
    KvHead,
    /// Tokens that look
    Query,
    /// Tokens looked at
    Key,
    /// Tokens of the prompt
    Token,
    /// Components of a vector
    Dimension,
    /// The vocabulary
    Id,
}

impl Along {
    /// Its column name in a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::KvHead => "kv_head",
            Self::Query => "query",
            Self::Key => "key",
            Self::Token => "token",
            Self::Dimension => "dimension",
            Self::Id => "id",
        }
    }
}

impl What {
    /// Its name in `--what`.
    pub fn id(self) -> &'static str {
        self.into()
    }

    /// What one value of it is called.
    pub fn quantity(self) -> &'static str {
        match self {
            Self::Pattern => "weight",
            Self::Scores => "score",
            Self::Logits => "logit",
            _ => "value",
        }
    }

    /// The activation it stands for, in blocks that have their own.
    pub fn hook(self) -> Hook {
        match self {
            Self::Pattern => Hook::Pattern,
            Self::Scores => Hook::AttnScores,
            Self::Resid => Hook::ResidPre,
            Self::ResidMid => Hook::ResidMid,
            Self::Q => Hook::Q,
            Self::K => Hook::K,
            Self::V => Hook::V,
            Self::RotQ => Hook::RotQ,
            Self::RotK => Hook::RotK,
            Self::Z => Hook::Z,
            Self::Result => Hook::Result,
            Self::AttnOut => Hook::AttnOut,
            Self::MlpPre => Hook::MlpPre,
            Self::MlpPost => Hook::MlpPost,
            Self::MlpOut => Hook::MlpOut,
            Self::Embed => Hook::Embed,
            Self::FinalNorm => Hook::FinalNormalized,
            Self::Logits => Hook::Logits,
        }
    }

    /// What runs along its axes.
    pub fn axes(self) -> &'static [Along] {
        match self {
            Self::Pattern | Self::Scores => &[Along::Head, Along::Query, Along::Key],
            Self::Q | Self::RotQ | Self::Z | Self::Result => &[Along::Token, Along::Head, Along::Dimension],
            Self::K | Self::V | Self::RotK => &[Along::Token, Along::KvHead, Along::Dimension],
            Self::Logits => &[Along::Token, Along::Id],
            _ => &[Along::Token, Along::Dimension],
        }
    }

    /// The arrays of it that `layers` have: (activation, block) in order.
    pub(crate) fn hooks(self, spec: &ModelSpec, layers: &[usize]) -> Vec<(Hook, usize)> {
        let hook = self.hook();
        if !hook.per_layer() {
            return vec![(hook, 0)];
        }
        let mut hooks: Vec<_> = layers.iter().map(|&layer| (hook, layer)).collect();
        let last = spec.layers().saturating_sub(1);
        if self == Self::Resid && layers.contains(&last) {
            let after = match spec.blocks[last].placement {
                Placement::Pre | Placement::Parallel | Placement::Normed => Hook::ResidPost,
                Placement::Post => Hook::NormalizedResidPost,
            };
            hooks.push((after, last));
        }
        hooks
    }
}

/// Numbers and ranges as `--layers` and `--heads` take them: `0,3-5`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ranges(Vec<Range<usize>>);

/// What was typed names no numbers.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no number or range: write numbers and ranges with commas between, such as 0,3-5")]
pub struct NotARange(String);

impl Ranges {
    /// One number.
    pub fn one(index: usize) -> Self {
        Self(std::iter::once(index..index + 1).collect())
    }

    fn contains(&self, index: usize) -> bool {
        self.0.iter().any(|range| range.contains(&index))
    }

    fn end(&self) -> usize {
        self.0.iter().map(|range| range.end).max().unwrap_or(0)
    }
}

impl FromStr for Ranges {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        let part = |part: &str| {
            let wrong = || NotARange(part.to_owned());
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let [first, last] = [first, last].map(|number| number.trim().parse::<usize>());
            match (first, last) {
                (Ok(first), Ok(last)) if first <= last && last < usize::MAX => Ok(first..last + 1),
                _ => Err(wrong()),
            }
        };
        text.split(',').map(str::trim).map(part).collect::<Result<_, _>>().map(Self)
    }
}

/// The layers and heads of which something is written; `None` means all.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Selection {
    /// Layers.
    pub layers: Option<Ranges>,
    /// Heads of each of those layers.
    pub heads: Option<Ranges>,
}

impl Selection {
    /// The layers it picks, in order. A number that the model does not have is an error.
    pub fn layers(&self, spec: &ModelSpec) -> Result<Vec<usize>, ExportError> {
        pick(self.layers.as_ref(), spec.layers(), "layer", "the model has")
    }

    /// The heads it picks in `layer`, in order.
    pub fn heads(&self, spec: &ModelSpec, layer: usize) -> Result<Vec<usize>, ExportError> {
        pick(self.heads.as_ref(), spec.heads(layer), "head", &format!("layer {layer} has"))
    }
}

fn pick(ranges: Option<&Ranges>, n: usize, one: &str, whose: &str) -> Result<Vec<usize>, ExportError> {
    match ranges {
        Some(ranges) if ranges.end() > n => {
            let last = ranges.end() - 1;
            let most = n.saturating_sub(1);
            Err(ExportError::Selection(format!("there is no {one} {last}: {whose} {one}s 0 to {most}")))
        }
        Some(ranges) => Ok((0..n).filter(|&index| ranges.contains(index)).collect()),
        None => Ok((0..n).collect()),
    }
}
