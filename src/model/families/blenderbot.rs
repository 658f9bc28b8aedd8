//! Blenderbot: pre-norm, with learned positions counted from 0.
//! Reference: `BlenderbotForConditionalGeneration`, `BlenderbotModel` in Transformers, `modeling_blenderbot.py`.

use super::Family;
use super::bart::{self, Shape, Sizes};
use crate::kernels::Activation;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{ModelSpec, Placement, Positions};

/// Blenderbot-small: BART's norms, but its decoder's embeddings are normed before positions are added.
pub(super) const SMALL: Family = Family {
    model_type: "blenderbot-small",
    architectures: &["BlenderbotSmallForConditionalGeneration", "BlenderbotSmallModel"],
    spec: small,
    ..FAMILY
};

pub(super) const FAMILY: Family = Family {
    model_type: "blenderbot",
    architectures: &["BlenderbotForConditionalGeneration", "BlenderbotModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[bart::WEIGHTS],
};
/// The decoders alone.
pub(super) const DECODER: Family = Family {
    architectures: &["BlenderbotForCausalLM"],
    spec: |config| Ok(bart::alone(spec(config)?)),
    weights: &[bart::DECODER_WEIGHTS],
    ..FAMILY
};
pub(super) const SMALL_DECODER: Family = Family {
    model_type: SMALL.model_type,
    architectures: &["BlenderbotSmallForCausalLM"],
    spec: |config| Ok(bart::alone(small(config)?)),
    ..DECODER
};

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let shape = Shape {
        family: "blenderbot",
        placement: Placement::Pre,
        positions: Positions::Learned { offset: 0 },
        embedding_norm: false,
        scaled: false,
        activation: Activation::Gelu,
        sizes: Sizes { layers: (2, 24), heads: 32, width: 2560, mlp: 10_240, vocab: 8008, context: 128 },
        start: 1,
    };
    bart::translator(config, &shape)
}

fn small(config: &Config) -> Result<ModelSpec, SpecError> {
    let shape = Shape {
        family: "blenderbot-small",
        placement: Placement::Post,
        positions: Positions::Learned { offset: 0 },
        embedding_norm: true,
        scaled: false,
        activation: Activation::Gelu,
        sizes: Sizes { layers: (8, 8), heads: 16, width: 512, mlp: 2048, vocab: 50_265, context: 512 },
        start: 1,
    };
    let mut spec = bart::translator(config, &shape)?;
    // The norm would take a factor back but for its ε: the decoder has none
    (spec.embedding.norm_first, spec.embedding.scale) = (true, 1.0);
    Ok(spec)
}
