//! Pegasus: pre-norm, with sines for positions.
//! Reference: `PegasusForConditionalGeneration`, `PegasusModel` in Transformers, `modeling_pegasus.py`.

use super::Family;
use super::bart::{self, Shape, Sizes};
use crate::kernels::Activation;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{ModelSpec, Placement, Positions};

pub(super) const FAMILY: Family = Family {
    model_type: "pegasus",
    architectures: &["PegasusForConditionalGeneration", "PegasusModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[bart::WEIGHTS],
};
/// The decoder alone.
pub(super) const DECODER: Family = Family {
    architectures: &["PegasusForCausalLM"],
    spec: |config| Ok(bart::alone(spec(config)?)),
    weights: &[bart::DECODER_WEIGHTS],
    ..FAMILY
};

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let shape = Shape {
        family: "pegasus",
        placement: Placement::Pre,
        positions: Positions::Sinusoidal,
        embedding_norm: false,
        scaled: false,
        activation: Activation::Gelu,
        sizes: Sizes { layers: (12, 12), heads: 16, width: 1024, mlp: 4096, vocab: 50_265, context: 1024 },
        start: 0,
    };
    bart::translator(config, &shape)
}
