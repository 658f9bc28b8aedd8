//! mBART: BART with its norms before the parts, and one after each stack.
//! Reference: `MBartForConditionalGeneration`, `MBartModel` in Transformers, `modeling_mbart.py`.

use super::Family;
use super::bart::{self, Shape, Sizes};
use crate::kernels::Activation;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{ModelSpec, Placement, Positions};

pub(super) const FAMILY: Family = Family {
    model_type: "mbart",
    architectures: &["MBartForConditionalGeneration", "MBartModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[bart::WEIGHTS],
};
/// The decoder alone.
pub(super) const DECODER: Family = Family {
    architectures: &["MBartForCausalLM"],
    spec: |config| Ok(bart::alone(spec(config)?)),
    weights: &[bart::DECODER_WEIGHTS],
    ..FAMILY
};

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let shape = Shape {
        family: "mbart",
        placement: Placement::Pre,
        positions: Positions::Learned { offset: 2 },
        embedding_norm: true,
        scaled: false,
        activation: Activation::Gelu,
        sizes: Sizes { layers: (12, 12), heads: 16, width: 1024, mlp: 4096, vocab: 50_265, context: 1024 },
        start: 2,
    };
    bart::translator(config, &shape)
}
