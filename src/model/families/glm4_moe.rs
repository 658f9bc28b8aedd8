//! GLM-4.5 and dots.llm1: Llama's blocks with norms on each head's q and k, and DeepSeek-V3's experts in all but the
//! first blocks.
//! Reference: `Glm4MoeForCausalLM`, `Dots1ForCausalLM` in Transformers, `modeling_glm4_moe.py`, `modeling_dots1.py`.

use super::llama::{self, Defaults};
use super::qwen3::QK_NORMS;
use super::{Family, Map, deepseek, from, qwen2_moe, slide, sliding};
use crate::model::attention_spec::{QkNorm, QkNormAcross};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::ModelSpec;

pub(super) const GLM: Family = Family {
    model_type: "glm4_moe",
    architectures: &["Glm4MoeForCausalLM", "Glm4MoeModel"],
    prefixes: &["model.", ""],
    spec: glm,
    weights: &[llama::WEIGHTS, BIASES, QK_NORMS, qwen2_moe::EXPERTS, deepseek::SHARED, deepseek::CHOICE],
};

pub(super) const DOTS: Family = Family {
    model_type: "dots1",
    architectures: &["Dots1ForCausalLM", "Dots1Model"],
    prefixes: &["model.", ""],
    spec: dots,
    weights: &[
        llama::WEIGHTS,
        llama::ATTENTION_BIASES,
        QK_NORMS,
        qwen2_moe::EXPERTS,
        deepseek::SHARED,
        deepseek::CHOICE,
    ],
};

/// The output has none.
const BIASES: &[Map] = &[
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias").when("attention_bias"),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias").when("attention_bias"),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias").when("attention_bias"),
];

fn glm(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults {
        heads: 96,
        kv_heads: Some(8),
        layers: 46,
        mlp: 10_944,
        vocab: 151_552,
        context: 131_072,
        partial: 0.5,
        eps: 1e-5,
        ..Defaults::LLAMA
    };
    let mut spec = llama::decoder(config, "glm4_moe", &default)?;
    if config.flag_or("use_qk_norm", false)? {
        norm_heads(&mut spec);
    }
    let experts = deepseek::sigmoids(config, (1, 1), (128, Some(8)), true)?;
    deepseek::place(config, &mut spec, experts, (1, 1408, 1))?;
    Ok(spec)
}

fn dots(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults {
        width: 4608,
        kv_heads: Some(32),
        layers: 62,
        mlp: 10_944,
        vocab: 152_064,
        ..Defaults::LLAMA
    };
    let mut spec = llama::decoder(config, "dots1", &default)?;
    norm_heads(&mut spec);
    let bound = config.index_or("max_window_layers", 62)?;
    let slides = sliding(config, spec.layers(), |layer| layer >= bound);
    slide(&mut spec.blocks, config.count_unless_null("sliding_window", Some(4096))?, &slides);
    for key in ["n_routed_experts", "n_shared_experts"] {
        config.count_opt(key)?.ok_or(SpecError::Missing(key.into()))?;
    }
    let experts = deepseek::sigmoids(config, (1, 1), (1, None), false)?;
    deepseek::place(config, &mut spec, experts, (0, 1408, 1))?;
    Ok(spec)
}

fn norm_heads(spec: &mut ModelSpec) {
    for block in &mut spec.blocks {
        block.attention.qk_norm = block.ln1.map(|norm| QkNorm::new(norm, QkNormAcross::Head));
    }
}
