//! One small file a family: `config.json` and tensor names become our `ModelSpec` and canonical weights.
//!
//! To add one: copy the nearest, add a line to `FAMILIES` and an entry to `tools/make_fixtures.py`.

mod bert;
mod fused;
mod gpt2;
mod llama;
mod qwen2;

use super::config::Config;
use super::error::SpecError;
use super::spec::{HeadSpec, ModelSpec};
pub(super) use fused::Rows;

const FAMILIES: &[&Family] = &[&gpt2::FAMILY, &llama::FAMILY, &qwen2::FAMILY, &bert::FAMILY];

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
    /// Read this where `theirs` is not there (tied weights)
    pub(super) fallback: Option<&'static str>,
    /// Stored [out, in], read as [in, out]
    pub(super) turned: bool,
    /// Which of the tensor's outputs (all, where there is nothing here)
    pub(super) rows: Option<fn(&ModelSpec, usize) -> Rows>,
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
    Map { ours, theirs, fallback: None, turned: false, rows: None, needed: Needed::Always }
}

impl Map {
    const fn turned(self) -> Self {
        Self { turned: true, ..self }
    }
    const fn or(self, fallback: &'static str) -> Self {
        Self { fallback: Some(fallback), ..self }
    }
    /// Of a fused tensor: one of the selections in `fused`
    const fn rows(self, rows: fn(&ModelSpec, usize) -> Rows) -> Self {
        Self { rows: Some(rows), ..self }
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

/// The head a class of the family has: none where it is called `…Model` (but some are called `…LMHeadModel`).
fn head_of(config: &Config) -> HeadSpec {
    match config.architecture() {
        Some(class) if class.ends_with("Model") && !class.ends_with("LMHeadModel") => HeadSpec::None,
        _ => HeadSpec::NextToken,
    }
}
