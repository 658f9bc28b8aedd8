//! One small file a family: `config.json` and tensor names become our `ModelSpec` and canonical weights.
//!
//! To add one: copy the nearest, add a line to `FAMILIES` and an entry to `tools/make_fixtures.py`.

mod albert;
mod bart;
mod bert;
mod blenderbot;
mod distilbert;
mod electra;
mod encoder;
mod fused;
mod gpt2;
pub(super) mod keras;
mod llama;
mod m2m_100;
mod marian;
mod mbart;
mod modernbert;
mod mpnet;
mod pegasus;
mod qwen2;
mod roberta;
mod t5;
mod umt5;

use super::config::Config;
use super::error::SpecError;
use super::spec::{HeadSpec, ModelSpec};
pub(super) use fused::Rows;

const FAMILIES: &[&Family] = &[
    &gpt2::FAMILY,
    &llama::FAMILY,
    &qwen2::FAMILY,
    &bert::FAMILY,
    &t5::FAMILY,
    &t5::ENCODER,
    &t5::MULTILINGUAL,
    &umt5::FAMILY,
    &bart::FAMILY,
    &mbart::FAMILY,
    &marian::FAMILY,
    &pegasus::FAMILY,
    &m2m_100::FAMILY,
    &blenderbot::FAMILY,
    &blenderbot::SMALL,
    &bert::CLASSES,
    &bert::TAGGER,
    &bert::ANSWERS,
    &roberta::FAMILY,
    &roberta::XLM,
    &roberta::CLASSES,
    &roberta::TAGGER,
    &roberta::ANSWERS,
    &distilbert::FAMILY,
    &distilbert::CLASSES,
    &distilbert::TAGGER,
    &distilbert::ANSWERS,
    &albert::FAMILY,
    &albert::CLASSES,
    &albert::TAGGER,
    &albert::ANSWERS,
    &electra::FAMILY,
    &electra::DISCRIMINATOR,
    &electra::CLASSES,
    &electra::TAGGER,
    &electra::ANSWERS,
    &mpnet::FAMILY,
    &mpnet::CLASSES,
    &mpnet::TAGGER,
    &mpnet::ANSWERS,
    &modernbert::FAMILY,
    &modernbert::CLASSES,
];

/// What we must be told about a family.
pub(super) struct Family {
    /// `model_type` in `config.json`
    model_type: &'static str,
    /// Classes in `architectures` that we open
    architectures: &'static [&'static str],
    /// What may stand before every tensor name
    pub(super) prefixes: &'static [&'static str],
    spec: fn(&Config) -> Result<ModelSpec, SpecError>,
    /// Where each weight comes from; `{l}` stands for the block
    pub(super) weights: &'static [&'static [Map]],
}

/// Ours ← theirs.
#[derive(Clone, Copy)]
pub(super) struct Map {
    pub(super) ours: &'static str,
    pub(super) theirs: &'static str,
    /// Read the first of these that is there where `theirs` is not (tied weights)
    pub(super) fallbacks: [Option<&'static str>; 2],
    /// Stored [out, in], read as [in, out]
    pub(super) turned: bool,
    /// Which of the tensor's outputs (all, where there is nothing here)
    pub(super) rows: Option<fn(&ModelSpec, usize) -> Rows>,
    /// What `{g}` in `theirs` stands for, where blocks share their weights
    pub(super) group: Option<fn(&Config, usize) -> Result<String, SpecError>>,
    pub(super) needed: Needed,
}

/// When a model cannot do without a weight.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Needed {
    Always,
    /// Used where present
    Optional,
    /// Needed exactly when this key of `config.json` is true, and else not read
    If(&'static str),
}

const fn from(ours: &'static str, theirs: &'static str) -> Map {
    Map { ours, theirs, fallbacks: [None; 2], turned: false, rows: None, group: None, needed: Needed::Always }
}

impl Map {
    const fn turned(self) -> Self {
        Self { turned: true, ..self }
    }
    const fn or(self, fallback: &'static str) -> Self {
        let [first, _] = self.fallbacks;
        match first {
            None => Self { fallbacks: [Some(fallback), None], ..self },
            Some(_) => Self { fallbacks: [first, Some(fallback)], ..self },
        }
    }
    /// Of a fused tensor: one of the selections in `fused`
    const fn rows(self, rows: fn(&ModelSpec, usize) -> Rows) -> Self {
        Self { rows: Some(rows), ..self }
    }
    /// From the tensors that this block shares with others
    const fn shared(self, group: fn(&Config, usize) -> Result<String, SpecError>) -> Self {
        Self { group: Some(group), ..self }
    }
    const fn optional(self) -> Self {
        Self { needed: Needed::Optional, ..self }
    }
    const fn when(self, key: &'static str) -> Self {
        Self { needed: Needed::If(key), ..self }
    }
}

/// Architectures that open, for messages and documentation.
pub fn supported() -> Vec<&'static str> {
    FAMILIES.iter().flat_map(|family| family.architectures).copied().collect()
}

/// The family a configuration names, and its spec.
pub(super) fn recognise(config: &Config) -> Result<(&'static Family, ModelSpec), SpecError> {
    let named = |name: &str| FAMILIES.iter().find(|family| family.architectures.contains(&name));
    let typed = |name: &str| FAMILIES.iter().find(|family| family.model_type == name);
    let family = match (config.architecture(), config.model_type()) {
        (Some(class), _) => named(class).ok_or_else(|| SpecError::Unknown(class.into()))?,
        (None, Some(model_type)) => typed(model_type).ok_or_else(|| SpecError::Unknown(model_type.into()))?,
        (None, None) => return Err(SpecError::Unnamed),
    };
    Ok((family, (family.spec)(config)?))
}

/// Refuses head counts that cannot share keys evenly.
fn groups(heads: usize, kv_heads: usize) -> Result<(), SpecError> {
    if heads.is_multiple_of(kv_heads) {
        return Ok(());
    }
    Err(SpecError::Value {
        key: "num_key_value_heads".into(),
        found: kv_heads.to_string(),
        expected: "a divisor of num_attention_heads",
    })
}

/// Width of a head where the configuration does not give it.
fn head_dim(width: usize, heads: usize, key: &str) -> Result<usize, SpecError> {
    if width.is_multiple_of(heads) {
        return Ok(width / heads);
    }
    Err(SpecError::Value { key: key.into(), found: heads.to_string(), expected: "a divisor of the width" })
}

/// The head a class of the family has: none where it is called `…Model` (but for `…LMHeadModel` and `…MTModel`).
fn head_of(config: &Config) -> HeadSpec {
    match config.architecture() {
        Some(class)
            if class.ends_with("Model")
                && !["LMHeadModel", "MTModel"].iter().any(|end| class.ends_with(end)) =>
        {
            HeadSpec::None
        }
        _ => HeadSpec::NextToken,
    }
}
