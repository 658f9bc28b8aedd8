//! Arcee and Jais 2: Llama's blocks with a plain MLP; Jais 2 has LayerNorm and biases everywhere.
//! Reference: `ArceeForCausalLM`, `Jais2ForCausalLM` in Transformers, `modeling_arcee.py`, `modeling_jais2.py`.

use super::llama::{self, Defaults};
use super::{Family, Map, from};
use crate::kernels::Activation;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{ModelSpec, NormSpec};

pub(super) const ARCEE: Family = Family {
    model_type: "arcee",
    architectures: &["ArceeForCausalLM", "ArceeModel"],
    prefixes: &["model.", ""],
    spec: |config| spec(config, "arcee", &ARCEE_DEFAULTS),
    weights: &[llama::WEIGHTS, llama::ATTENTION_BIASES, llama::MLP_BIASES],
};

pub(super) const JAIS2: Family = Family {
    model_type: "jais2",
    architectures: &["Jais2ForCausalLM", "Jais2Model"],
    prefixes: &["model.", ""],
    spec: |config| spec(config, "jais2", &JAIS_DEFAULTS),
    weights: &[llama::WEIGHTS, llama::NORM_BIASES, BIASES],
};

/// On by default.
const BIASES: &[Map] = &[
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias").unless_off("attention_bias"),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias").unless_off("attention_bias"),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias").unless_off("attention_bias"),
    from("blocks.{l}.attn.b_O", "layers.{l}.self_attn.o_proj.bias").unless_off("attention_bias"),
    from("blocks.{l}.mlp.b_in", "layers.{l}.mlp.up_proj.bias").unless_off("mlp_bias"),
    from("blocks.{l}.mlp.b_out", "layers.{l}.mlp.down_proj.bias").unless_off("mlp_bias"),
];

const ARCEE_DEFAULTS: Defaults = Defaults {
    width: 2560,
    mlp: 18_432,
    context: 4096,
    eps: 1e-5,
    activation: Activation::Relu2,
    ..Defaults::LLAMA
};

const JAIS_DEFAULTS: Defaults = Defaults {
    width: 3328,
    heads: 26,
    mlp: 26_624,
    vocab: 150_272,
    context: 8192,
    norm: NormSpec::layer,
    eps_key: "layer_norm_eps",
    eps: 1e-5,
    activation: Activation::Relu2,
    ..Defaults::LLAMA
};

fn spec(config: &Config, family: &str, default: &Defaults) -> Result<ModelSpec, SpecError> {
    let mut spec = llama::decoder(config, family, default)?;
    for mlp in spec.blocks.iter_mut().filter_map(|block| block.mlp.as_mut()) {
        mlp.gated = false;
    }
    Ok(spec)
}
