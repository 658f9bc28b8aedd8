//! EuroBERT: Llama's blocks that look both ways.
//! Reference: `EuroBertModel` and the classes with heads in Transformers, `modeling_eurobert.py`.

use super::Family;
use super::llama::{self, Defaults};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "eurobert",
    architectures: &["EuroBertModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[llama::WEIGHTS, llama::ATTENTION_BIASES, llama::MLP_BIASES],
};

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults {
        width: 768,
        heads: 12,
        layers: 12,
        mlp: 3072,
        vocab: 128_256,
        context: 8192,
        eps: 1e-5,
        ..Defaults::LLAMA
    };
    let mut spec = llama::decoder(config, "eurobert", &default)?;
    for block in &mut spec.blocks {
        block.attention.causal = false;
    }
    Ok(spec)
}
