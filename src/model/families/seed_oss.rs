//! Seed-OSS: Llama's blocks with biases on q, k and v, and a head width of its own.
//! Reference: `SeedOssForCausalLM`, `SeedOssModel` in Transformers, `modeling_seed_oss.py`.

use super::llama::{self, Defaults};
use super::{Family, Map, from};

pub(super) const FAMILY: Family = Family {
    model_type: "seed_oss",
    architectures: &["SeedOssForCausalLM", "SeedOssModel"],
    prefixes: &["model.", ""],
    spec: |config| llama::decoder(config, "seed_oss", &DEFAULTS),
    weights: &[llama::WEIGHTS, BIASES, llama::MLP_BIASES],
};

const BIASES: &[Map] = &[
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias").unless_off("attention_bias"),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias").unless_off("attention_bias"),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias").unless_off("attention_bias"),
    from("blocks.{l}.attn.b_O", "layers.{l}.self_attn.o_proj.bias").when("attention_out_bias"),
];

const DEFAULTS: Defaults = Defaults {
    heads: 80,
    kv_heads: Some(8),
    head_dim: Some(128),
    layers: 64,
    mlp: 27_648,
    vocab: 155_136,
    context: 524_288,
    ..Defaults::LLAMA
};
