//! Phi 1 to 2: both halves of one LayerNorm, rotary on a part of each head, plain MLP, biases everywhere.
//! Reference: `PhiForCausalLM`, `PhiModel` in Transformers, `modeling_phi.py`.

use super::llama::{self, Defaults};
use super::stablelm;
use super::{Family, Map, from};
use crate::kernels::Activation;
use crate::model::attention_spec::{QkNorm, QkNormAcross};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{ModelSpec, NormSpec, Placement};

pub(super) const FAMILY: Family = Family {
    model_type: "phi",
    architectures: &["PhiForCausalLM", "PhiModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[WEIGHTS],
};

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embed_tokens.weight"),
    from("blocks.{l}.ln1.w", "layers.{l}.input_layernorm.weight"),
    from("blocks.{l}.ln1.b", "layers.{l}.input_layernorm.bias"),
    from("blocks.{l}.attn.W_Q", "layers.{l}.self_attn.q_proj.weight").turned(),
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias"),
    from("blocks.{l}.attn.W_K", "layers.{l}.self_attn.k_proj.weight").turned(),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias"),
    from("blocks.{l}.attn.W_V", "layers.{l}.self_attn.v_proj.weight").turned(),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias"),
    from("blocks.{l}.attn.W_O", "layers.{l}.self_attn.dense.weight").turned(),
    from("blocks.{l}.attn.b_O", "layers.{l}.self_attn.dense.bias"),
    from("blocks.{l}.attn.q_norm.w", "layers.{l}.self_attn.q_layernorm.weight").when("qk_layernorm"),
    from("blocks.{l}.attn.q_norm.b", "layers.{l}.self_attn.q_layernorm.bias").when("qk_layernorm"),
    from("blocks.{l}.attn.k_norm.w", "layers.{l}.self_attn.k_layernorm.weight").when("qk_layernorm"),
    from("blocks.{l}.attn.k_norm.b", "layers.{l}.self_attn.k_layernorm.bias").when("qk_layernorm"),
    from("blocks.{l}.mlp.W_in", "layers.{l}.mlp.fc1.weight").turned(),
    from("blocks.{l}.mlp.b_in", "layers.{l}.mlp.fc1.bias"),
    from("blocks.{l}.mlp.W_out", "layers.{l}.mlp.fc2.weight").turned(),
    from("blocks.{l}.mlp.b_out", "layers.{l}.mlp.fc2.bias"),
    from("ln_final.w", "final_layernorm.weight"),
    from("ln_final.b", "final_layernorm.bias"),
    from("unembed.W_U", "lm_head.weight").turned().or("embed_tokens.weight"),
    from("unembed.b_U", "lm_head.bias"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults {
        width: 2048,
        layers: 24,
        mlp: 8192,
        vocab: 51_200,
        partial: 0.5,
        norm: NormSpec::layer,
        eps_key: "layer_norm_eps",
        eps: 1e-5,
        activation: Activation::NewGelu,
        ..Defaults::LLAMA
    };
    let mut spec = llama::decoder(config, "phi", &default)?;
    stablelm::whole_pairs(&spec)?;
    let normed = config.flag_or("qk_layernorm", false)?;
    for block in &mut spec.blocks {
        let norm = block.ln1.filter(|_| normed);
        block.attention.qk_norm = norm.map(|norm| QkNorm::new(norm, QkNormAcross::Head));
        block.placement = Placement::Parallel;
        block.ln2 = None;
        if let Some(mlp) = &mut block.mlp {
            mlp.gated = false;
        }
    }
    Ok(spec)
}
