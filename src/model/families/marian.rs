//! Marian (opus-mt): BART with sines for positions and no norm of its embeddings.
//! Reference: `MarianMTModel`, `MarianModel` in Transformers, `modeling_marian.py`.

use super::Family;
use super::bart::{self, Shape, Sizes};
use crate::kernels::Activation;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{ModelSpec, Placement, Positions};

pub(super) const FAMILY: Family = Family {
    model_type: "marian",
    architectures: &["MarianMTModel", "MarianModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[bart::WEIGHTS],
};
/// The decoder alone.
pub(super) const DECODER: Family = Family {
    architectures: &["MarianForCausalLM"],
    spec: |config| Ok(bart::alone(spec(config)?)),
    weights: &[bart::DECODER_WEIGHTS],
    ..FAMILY
};

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let shape = Shape {
        family: "marian",
        placement: Placement::Post,
        positions: Positions::Sinusoidal,
        embedding_norm: false,
        scaled: false,
        activation: Activation::Gelu,
        sizes: Sizes { layers: (12, 12), heads: 16, width: 1024, mlp: 4096, vocab: 58_101, context: 1024 },
        start: 58_100,
    };
    bart::translator(config, &shape)
}
