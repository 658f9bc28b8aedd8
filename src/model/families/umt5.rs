//! umT5: T5 with distances of its own in every block.
//! Reference: `UMT5ForConditionalGeneration`, `UMT5Model` in Transformers, `modeling_umt5.py`.

use super::{Family, Map, from, t5};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "umt5",
    architectures: &["UMT5ForConditionalGeneration", "UMT5Model"],
    prefixes: &[""],
    spec,
    weights: &[t5::WEIGHTS, DISTANCES],
};

/// The encoder alone.
pub(super) const ENCODER: Family = Family {
    architectures: &["UMT5EncoderModel"],
    spec: |config| Ok(t5::encoder(t5::with_distances(config, "umt5", "gated-gelu", false)?)),
    weights: &[t5::ENCODER_WEIGHTS, ENCODER_DISTANCES],
    ..FAMILY
};

const ENCODER_DISTANCES: &[Map] = &[from(
    "blocks.{l}.attn.W_rel",
    "encoder.block.{l}.layer.0.SelfAttention.relative_attention_bias.weight",
)];

const DISTANCES: &[Map] = &[
    from("encoder.{l}.attn.W_rel", "encoder.block.{l}.layer.0.SelfAttention.relative_attention_bias.weight"),
    from("decoder.{l}.attn.W_rel", "decoder.block.{l}.layer.0.SelfAttention.relative_attention_bias.weight"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    t5::with_distances(config, "umt5", "gated-gelu", t5::scales(config)?)
}
