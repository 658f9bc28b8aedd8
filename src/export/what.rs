//! What is written: which activations, of which layers and heads.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use strum::{EnumIter, EnumString, IntoStaticStr};

use crate::model::{Hook, ModelSpec, Part, Stream};

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
    /// The same on the embeddings' width, in models that go back to it
    Projected,
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
            Self::Projected => Hook::Projected,
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
        let mut hooks = Vec::with_capacity(layers.len() + 2);
        // A decoder's self-attention has no MLP: only whoever names it alone is told
        let of_mlp = matches!(hook, Hook::MlpPre | Hook::MlpPost | Hook::MlpOut);
        let has = |layer: usize| !of_mlp || spec.blocks[layer].mlp.is_some();
        let some = layers.iter().any(|&layer| has(layer));
        for &layer in layers.iter().filter(|&&layer| has(layer) || !some) {
            hooks.push((hook, layer));
            if self == Self::Resid && spec.ends_stack(layer) {
                hooks.push(spec.stream_hook(Stream::After(layer)));
            }
        }
        hooks
    }
}

/// Numbers and ranges as `--layers` and `--heads` take them: `0,3-5`; layers also by their part: `encoder.0,cross.0-2`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ranges(Vec<(Option<Part>, Range<usize>)>);

/// What was typed names no numbers.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no number or range: write numbers and ranges with commas between, such as 0,3-5")]
pub struct NotARange(String);

impl Ranges {
    /// One number.
    pub fn one(index: usize) -> Self {
        Self(vec![(None, index..index + 1)])
    }

    /// All `n` layers of a part of the model.
    pub fn of_part(part: Part, n: usize) -> Self {
        Self(vec![(Some(part).filter(|&part| part != Part::Only), 0..n)])
    }

    fn of(&self, part: Option<Part>) -> Vec<&Range<usize>> {
        self.0.iter().filter(|(named, _)| *named == part).map(|(_, range)| range).collect()
    }
}

/// As it is typed.
impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = self.0.iter().map(|(part, range)| {
            let part = part.map_or_else(String::new, |part| format!("{}.", part.name()));
            match range.len() {
                1 => format!("{part}{}", range.start),
                _ => format!("{part}{}-{}", range.start, range.end.saturating_sub(1)),
            }
        });
        f.write_str(&typed.collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Ranges {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        let range = |typed: &str| {
            let wrong = || NotARange(typed.to_owned());
            let (part, numbers) = match typed.split_once('.') {
                Some((name, numbers)) => {
                    let named = Part::ALL.into_iter().find(|part| part.name() == name.trim());
                    (Some(named.filter(|&part| part != Part::Only).ok_or_else(wrong)?), numbers)
                }
                None => (None, typed),
            };
            let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
            let [first, last] = [first, last].map(|number| number.trim().parse::<usize>());
            match (first, last) {
                (Ok(first), Ok(last)) if first <= last && last < usize::MAX => Ok((part, first..last + 1)),
                _ => Err(wrong()),
            }
        };
        text.split(',').map(str::trim).map(range).collect::<Result<_, _>>().map(Self)
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
        let Some(ranges) = &self.layers else { return Ok((0..spec.layers()).collect()) };
        let mut layers = pick(&ranges.of(None), spec.layers(), "layer", "the model has")?;
        for part in Part::ALL {
            let (named, n) = (ranges.of(Some(part)), spec.layers_of(part));
            if n == 0 && !named.is_empty() {
                return Err(ExportError::Selection(format!("the model has no {} layers", part.name())));
            }
            let whose =
                format!("the {} has", if part == Part::Cross { "cross-attention" } else { part.name() });
            let picked = pick(&named, n, "layer", &whose)?;
            layers.extend(picked.into_iter().filter_map(|index| spec.layer_of(part, index)));
        }
        layers.sort_unstable();
        layers.dedup();
        Ok(layers)
    }

    /// The heads it picks in `layer`, in order.
    pub fn heads(&self, spec: &ModelSpec, layer: usize) -> Result<Vec<usize>, ExportError> {
        let (n, name) = (spec.heads(layer), spec.layer_name(layer));
        let Some(ranges) = &self.heads else { return Ok((0..n).collect()) };
        if ranges.0.iter().any(|(part, _)| part.is_some()) {
            let why = "parts are named with --layers: --heads takes numbers, such as 0-3";
            return Err(ExportError::Selection(why.into()));
        }
        pick(&ranges.of(None), n, "head", &format!("layer {name} has"))
    }
}

/// The numbers below `n` that some range holds, in order.
fn pick(ranges: &[&Range<usize>], n: usize, one: &str, whose: &str) -> Result<Vec<usize>, ExportError> {
    match ranges.iter().map(|range| range.end).max() {
        Some(end) if end > n => {
            let (last, most) = (end - 1, n.saturating_sub(1));
            Err(ExportError::Selection(format!("there is no {one} {last}: {whose} {one}s 0 to {most}")))
        }
        _ => Ok((0..n).filter(|index| ranges.iter().any(|range| range.contains(index))).collect()),
    }
}
