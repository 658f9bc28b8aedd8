//! Phi-3 and Phi-4: Llama's blocks with fused q/k/v and gate/in, stretched with a factor a pair (LongRoPE).
//! Reference: `Phi3ForCausalLM`, `Phi3Model` in Transformers, `modeling_phi3.py`.

use super::fused::{mlp_half, qkv};
use super::llama::{self, Defaults};
use super::{Family, Map, from, slide};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "phi3",
    architectures: &["Phi3ForCausalLM", "Phi3Model"],
    prefixes: &["model.", ""],
    spec,
    weights: &[WEIGHTS],
};

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embed_tokens.weight"),
    from("blocks.{l}.ln1.w", "layers.{l}.input_layernorm.weight"),
    from("blocks.{l}.attn.W_Q", "layers.{l}.self_attn.qkv_proj.weight").turned().rows(qkv::<0>),
    from("blocks.{l}.attn.W_K", "layers.{l}.self_attn.qkv_proj.weight").turned().rows(qkv::<1>),
    from("blocks.{l}.attn.W_V", "layers.{l}.self_attn.qkv_proj.weight").turned().rows(qkv::<2>),
    from("blocks.{l}.attn.W_O", "layers.{l}.self_attn.o_proj.weight").turned(),
    from("blocks.{l}.ln2.w", "layers.{l}.post_attention_layernorm.weight"),
    from("blocks.{l}.mlp.W_gate", "layers.{l}.mlp.gate_up_proj.weight").turned().rows(mlp_half::<0>),
    from("blocks.{l}.mlp.W_in", "layers.{l}.mlp.gate_up_proj.weight").turned().rows(mlp_half::<1>),
    from("blocks.{l}.mlp.W_out", "layers.{l}.mlp.down_proj.weight").turned(),
    from("ln_final.w", "norm.weight"),
    from("unembed.W_U", "lm_head.weight").turned().or("embed_tokens.weight"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let default =
        Defaults { width: 3072, mlp: 8192, vocab: 32_064, context: 4096, eps: 1e-5, ..Defaults::LLAMA };
    let mut spec = llama::decoder(config, "phi3", &default)?;
    let all = vec![true; spec.layers()];
    slide(&mut spec.blocks, config.count_opt("sliding_window")?, &all);
    Ok(spec)
}
