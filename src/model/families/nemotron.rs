//! Nemotron: LayerNorm with 1 + w, squared relu in a plain MLP, rotary on a part of each head.
//! Reference: `NemotronForCausalLM`, `NemotronModel` in Transformers, `modeling_nemotron.py`.

use super::Family;
use super::llama::{self, Defaults};
use crate::kernels::Activation;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{ModelSpec, NormSpec};

pub(super) const FAMILY: Family = Family {
    model_type: "nemotron",
    architectures: &["NemotronForCausalLM", "NemotronModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[llama::WEIGHTS, llama::NORM_BIASES, llama::ATTENTION_BIASES, llama::MLP_BIASES],
};

fn norm(eps: f64) -> NormSpec {
    NormSpec { unit_offset: true, ..NormSpec::layer(eps) }
}

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults {
        width: 6144,
        heads: 48,
        mlp: 24_576,
        vocab: 256_000,
        context: 4096,
        partial: 0.5,
        norm,
        eps_key: "norm_eps",
        eps: 1e-5,
        activation: Activation::Relu2,
        ..Defaults::LLAMA
    };
    let mut spec = llama::decoder(config, "nemotron", &default)?;
    for block in &mut spec.blocks {
        if let Some(mlp) = &mut block.mlp {
            mlp.gated = false;
        }
    }
    Ok(spec)
}
