//! GLM-4: Llama's blocks with a fused MLP input, rotary on neighbouring pairs of half of each head, biases on q, k
//! and v; the 0414 models have norms on what each half adds as well.
//! Reference: `GlmForCausalLM`, `Glm4ForCausalLM` in Transformers, `modeling_glm.py`, `modeling_glm4.py`.

use super::fused::mlp_half;
use super::llama::{self, Defaults};
use super::{Family, Map, from};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::ModelSpec;

pub(super) const GLM: Family = Family {
    model_type: "glm",
    architectures: &["GlmForCausalLM", "GlmModel"],
    prefixes: &["model.", ""],
    spec: |config| spec(config, "glm"),
    weights: &[WEIGHTS],
};

pub(super) const GLM4: Family = Family {
    model_type: "glm4",
    architectures: &["Glm4ForCausalLM", "Glm4Model"],
    prefixes: &["model.", ""],
    spec: glm4,
    weights: &[WEIGHTS, NORMS],
};

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embed_tokens.weight"),
    from("blocks.{l}.ln1.w", "layers.{l}.input_layernorm.weight"),
    from("blocks.{l}.attn.W_Q", "layers.{l}.self_attn.q_proj.weight").turned(),
    from("blocks.{l}.attn.W_K", "layers.{l}.self_attn.k_proj.weight").turned(),
    from("blocks.{l}.attn.W_V", "layers.{l}.self_attn.v_proj.weight").turned(),
    from("blocks.{l}.attn.W_O", "layers.{l}.self_attn.o_proj.weight").turned(),
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias").unless_off("attention_bias"),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias").unless_off("attention_bias"),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias").unless_off("attention_bias"),
    from("blocks.{l}.ln2.w", "layers.{l}.post_attention_layernorm.weight"),
    from("blocks.{l}.mlp.W_gate", "layers.{l}.mlp.gate_up_proj.weight").turned().rows(mlp_half::<0>),
    from("blocks.{l}.mlp.W_in", "layers.{l}.mlp.gate_up_proj.weight").turned().rows(mlp_half::<1>),
    from("blocks.{l}.mlp.W_out", "layers.{l}.mlp.down_proj.weight").turned(),
    from("ln_final.w", "norm.weight"),
    from("unembed.W_U", "lm_head.weight").turned().or("embed_tokens.weight"),
];

const NORMS: &[Map] = &[
    from("blocks.{l}.ln1_post.w", "layers.{l}.post_self_attn_layernorm.weight"),
    from("blocks.{l}.ln2_post.w", "layers.{l}.post_mlp_layernorm.weight"),
];

const DEFAULTS: Defaults = Defaults {
    kv_heads: Some(2),
    head_dim: Some(128),
    layers: 40,
    mlp: 13_696,
    vocab: 151_552,
    context: 131_072,
    partial: 0.5,
    eps: 1.562_5e-7,
    ..Defaults::LLAMA
};

fn spec(config: &Config, family: &str) -> Result<ModelSpec, SpecError> {
    llama::decoder(config, family, &DEFAULTS).map(llama::turning_neighbours)
}

fn glm4(config: &Config) -> Result<ModelSpec, SpecError> {
    let mut spec = spec(config, "glm4")?;
    for block in &mut spec.blocks {
        (block.ln1_post, block.ln2_post) = (block.ln1, block.ln2);
    }
    Ok(spec)
}
