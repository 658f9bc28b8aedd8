//! Cohere (Command R): both halves of one norm without a bias, rotary on neighbouring pairs, logits times a factor.
//! Reference: `CohereForCausalLM`, `CohereModel` in Transformers, `modeling_cohere.py`.

use super::Family;
use super::llama::{self, Defaults};
use super::qwen3::QK_NORMS;
use crate::model::attention_spec::{QkNorm, QkNormAcross};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{ModelSpec, NormSpec, Placement};

pub(super) const FAMILY: Family = Family {
    model_type: "cohere",
    architectures: &["CohereForCausalLM", "CohereModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[llama::WEIGHTS, llama::ATTENTION_BIASES, QK_NORMS],
};

const DEFAULTS: Defaults = Defaults {
    width: 8192,
    heads: 64,
    layers: 40,
    mlp: 22_528,
    vocab: 256_000,
    context: 8192,
    theta: 500_000.0,
    norm: NormSpec::layer,
    eps_key: "layer_norm_eps",
    eps: 1e-5,
    ..Defaults::LLAMA
};

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let mut spec = decoder(config, "cohere", DEFAULTS.theta)?;
    let normed = config.flag_or("use_qk_norm", false)?;
    for block in &mut spec.blocks {
        let norm = block.ln1.filter(|_| normed);
        block.attention.qk_norm = norm.map(|norm| QkNorm::new(norm, QkNormAcross::OwnHead));
    }
    Ok(spec)
}

/// What both generations share.
pub(super) fn decoder(config: &Config, family: &str, theta: f64) -> Result<ModelSpec, SpecError> {
    let mut spec = llama::decoder(config, family, &Defaults { theta, ..DEFAULTS })?;
    spec.logits.scale = config.float_or("logit_scale", 0.0625)? as f32;
    for block in &mut spec.blocks {
        block.placement = Placement::Parallel;
        block.ln2 = None;
    }
    Ok(llama::turning_neighbours(spec))
}
