//! StarCoder2: Llama's attention with LayerNorm, a plain MLP and biases everywhere.
//! Reference: `Starcoder2ForCausalLM`, `Starcoder2Model` in Transformers, `modeling_starcoder2.py`.

use super::llama::{self, Defaults};
use super::{Family, Map, from, slide};
use crate::kernels::Activation;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{ModelSpec, NormSpec};

pub(super) const FAMILY: Family = Family {
    model_type: "starcoder2",
    architectures: &["Starcoder2ForCausalLM", "Starcoder2Model"],
    prefixes: &["model.", ""],
    spec,
    weights: &[WEIGHTS, llama::NORM_BIASES],
};

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embed_tokens.weight"),
    from("blocks.{l}.ln1.w", "layers.{l}.input_layernorm.weight"),
    from("blocks.{l}.attn.W_Q", "layers.{l}.self_attn.q_proj.weight").turned(),
    from("blocks.{l}.attn.W_K", "layers.{l}.self_attn.k_proj.weight").turned(),
    from("blocks.{l}.attn.W_V", "layers.{l}.self_attn.v_proj.weight").turned(),
    from("blocks.{l}.attn.W_O", "layers.{l}.self_attn.o_proj.weight").turned(),
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias").unless_off("use_bias"),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias").unless_off("use_bias"),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias").unless_off("use_bias"),
    from("blocks.{l}.attn.b_O", "layers.{l}.self_attn.o_proj.bias").unless_off("use_bias"),
    from("blocks.{l}.ln2.w", "layers.{l}.post_attention_layernorm.weight"),
    from("blocks.{l}.mlp.W_in", "layers.{l}.mlp.c_fc.weight").turned(),
    from("blocks.{l}.mlp.b_in", "layers.{l}.mlp.c_fc.bias").unless_off("use_bias"),
    from("blocks.{l}.mlp.W_out", "layers.{l}.mlp.c_proj.weight").turned(),
    from("blocks.{l}.mlp.b_out", "layers.{l}.mlp.c_proj.bias").unless_off("use_bias"),
    from("ln_final.w", "norm.weight"),
    from("unembed.W_U", "lm_head.weight").turned().or("embed_tokens.weight"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults {
        width: 3072,
        heads: 24,
        kv_heads: Some(2),
        layers: 30,
        mlp: 12_288,
        vocab: 49_152,
        context: 4096,
        norm: NormSpec::layer,
        eps_key: "norm_epsilon",
        eps: 1e-5,
        activation: Activation::GeluPytorchTanh,
        ..Defaults::LLAMA
    };
    let mut spec = llama::decoder(config, "starcoder2", &default)?;
    let all = vec![true; spec.layers()];
    slide(&mut spec.blocks, config.count_opt("sliding_window")?, &all);
    for block in &mut spec.blocks {
        if let Some(mlp) = &mut block.mlp {
            mlp.gated = false;
        }
    }
    Ok(spec)
}
