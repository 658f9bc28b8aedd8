//! M2M-100 and NLLB: pre-norm, with fairseq's sines for positions, counted from behind the padding's index.
//! Reference: `M2M100ForConditionalGeneration`, `M2M100Model` in Transformers, `modeling_m2m_100.py`.

use super::Family;
use super::bart::{self, Shape, Sizes};
use crate::kernels::Activation;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{ModelSpec, Placement, Positions};

pub(super) const FAMILY: Family = Family {
    model_type: "m2m_100",
    architectures: &["M2M100ForConditionalGeneration", "M2M100Model"],
    prefixes: &["model.", ""],
    spec,
    weights: &[bart::WEIGHTS],
};

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let padding = config.index_or("pad_token_id", 1)?;
    let shape = Shape {
        family: "m2m_100",
        placement: Placement::Pre,
        positions: Positions::FairseqSinusoidal { offset: padding + 1 },
        embedding_norm: false,
        scaled: true,
        activation: Activation::Relu,
        sizes: Sizes { layers: (12, 12), heads: 16, width: 1024, mlp: 4096, vocab: 128_112, context: 1024 },
        start: 2,
    };
    bart::translator(config, &shape)
}
