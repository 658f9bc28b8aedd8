//! StableLM: Llama's blocks with LayerNorm and rotary on a part of each head; the 12B model has both halves of one
//! norm and a norm of its own for every head's q and k.
//! Reference: `StableLmForCausalLM`, `StableLmModel` in Transformers, `modeling_stablelm.py`.

use super::llama::{self, Defaults};
use super::{Family, Map, from};
use crate::model::attention_spec::{QkNorm, QkNormAcross};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{ModelSpec, NormSpec, Placement};

pub(super) const FAMILY: Family = Family {
    model_type: "stablelm",
    architectures: &["StableLmForCausalLM", "StableLmModel", "StableLMEpochForCausalLM"],
    prefixes: &["model.", ""],
    spec,
    weights: &[llama::WEIGHTS, llama::NORM_BIASES, EXTRAS],
};

const EXTRAS: &[Map] = &[
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias").when("use_qkv_bias"),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias").when("use_qkv_bias"),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias").when("use_qkv_bias"),
    from("blocks.{l}.attn.q_norm.w", "layers.{l}.self_attn.q_layernorm.norms.{h}.weight")
        .when("qk_layernorm"),
    from("blocks.{l}.attn.k_norm.w", "layers.{l}.self_attn.k_layernorm.norms.{h}.weight")
        .when("qk_layernorm"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    // The first files say some things in words of their own
    let default = Defaults {
        width: 2560,
        kv_heads: Some(32),
        mlp: 6912,
        vocab: 50_304,
        context: 4096,
        partial: config.float_or("rope_pct", 0.25)?,
        norm: NormSpec::layer,
        eps_key: if config.has("norm_eps") { "norm_eps" } else { "layer_norm_eps" },
        eps: 1e-5,
        ..Defaults::LLAMA
    };
    let mut spec = llama::decoder(config, "stablelm", &default)?;
    whole_pairs(&spec)?;
    let normed = config.flag_or("qk_layernorm", false)?;
    let parallel = config.flag_or("use_parallel_residual", false)?;
    for block in &mut spec.blocks {
        let norm = block.ln1.filter(|_| normed);
        block.attention.qk_norm = norm.map(|norm| QkNorm::new(norm, QkNormAcross::OwnHead));
        if parallel {
            block.placement = Placement::Parallel;
            block.ln2 = None;
        }
    }
    Ok(spec)
}

/// Refuses half a pair: of an odd number of dimensions these classes cut too few off each head, and what they compute
/// then (a head grown by one dimension, or an error) means nothing.
pub(super) fn whole_pairs(spec: &ModelSpec) -> Result<(), SpecError> {
    let turning = spec.blocks.iter().filter_map(|block| block.attention.rotary.as_ref());
    match turning.map(|rotary| rotary.dims).find(|dims| !dims.is_multiple_of(2)) {
        Some(dims) => Err(SpecError::Value {
            key: "partial_rotary_factor".into(),
            found: format!("a part of which {dims} dimensions of each head turn"),
            expected: "a part that makes pairs of them: an even number",
        }),
        None => Ok(()),
    }
}
