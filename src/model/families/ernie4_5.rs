//! ERNIE 4.5 (dense) and Helium: Llama's blocks whose rotary turns neighbouring dimensions.
//! Reference: `Ernie4_5ForCausalLM`, `HeliumForCausalLM` in Transformers, `modeling_ernie4_5.py`, `modeling_helium.py`.

use super::llama::{self, Defaults};
use super::{Family, Map, from};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::ModelSpec;

pub(super) const ERNIE: Family = Family {
    model_type: "ernie4_5",
    architectures: &["Ernie4_5ForCausalLM", "Ernie4_5Model"],
    prefixes: &["model.", ""],
    spec: |config| spec(config, "ernie4_5", &ERNIE_DEFAULTS),
    weights: &[llama::WEIGHTS, BIASES],
};

pub(super) const HELIUM: Family = Family {
    model_type: "helium",
    architectures: &["HeliumForCausalLM", "HeliumModel"],
    prefixes: &["model.", ""],
    spec: |config| spec(config, "helium", &HELIUM_DEFAULTS),
    weights: &[llama::WEIGHTS, HELIUM_BIASES, llama::MLP_BIASES],
};

/// Of all matrices, by one switch.
const BIASES: &[Map] = &[
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias").when("use_bias"),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias").when("use_bias"),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias").when("use_bias"),
    from("blocks.{l}.attn.b_O", "layers.{l}.self_attn.o_proj.bias").when("use_bias"),
    from("blocks.{l}.mlp.b_gate", "layers.{l}.mlp.gate_proj.bias").when("use_bias"),
    from("blocks.{l}.mlp.b_in", "layers.{l}.mlp.up_proj.bias").when("use_bias"),
    from("blocks.{l}.mlp.b_out", "layers.{l}.mlp.down_proj.bias").when("use_bias"),
];

/// The output has none.
const HELIUM_BIASES: &[Map] = &[
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias").when("attention_bias"),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias").when("attention_bias"),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias").when("attention_bias"),
];

const ERNIE_DEFAULTS: Defaults = Defaults {
    width: 1024,
    heads: 16,
    kv_heads: Some(2),
    head_dim: Some(128),
    layers: 18,
    mlp: 3072,
    vocab: 103_424,
    context: 131_072,
    theta: 500_000.0,
    eps: 1e-5,
    ..Defaults::LLAMA
};

const HELIUM_DEFAULTS: Defaults = Defaults {
    width: 2560,
    heads: 20,
    kv_heads: Some(20),
    head_dim: Some(128),
    layers: 24,
    mlp: 7040,
    vocab: 48_000,
    context: 4096,
    theta: 100_000.0,
    eps: 1e-8,
    ..Defaults::LLAMA
};

fn spec(config: &Config, family: &str, defaults: &Defaults) -> Result<ModelSpec, SpecError> {
    llama::decoder(config, family, defaults).map(llama::turning_neighbours)
}
