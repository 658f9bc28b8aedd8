//! Qwen3: Llama's blocks with a norm on each head's queries and keys; its MoE kind has experts in most blocks.
//! Reference: `Qwen3ForCausalLM`, `Qwen3MoeForCausalLM` in Transformers, `modeling_qwen3.py`, `modeling_qwen3_moe.py`.

use super::llama::{self, Defaults};
use super::{Family, Map, from, qwen2, qwen2_moe, slide};
use crate::model::attention_spec::{QkNorm, QkNormAcross};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::expert_spec::ExpertSpec;
use crate::model::spec::{ModelSpec, NormSpec};

pub(super) const QWEN3: Family = Family {
    model_type: "qwen3",
    architectures: &["Qwen3ForCausalLM", "Qwen3Model"],
    prefixes: &["model.", ""],
    spec: dense,
    weights: &[llama::WEIGHTS, llama::ATTENTION_BIASES, QK_NORMS],
};

pub(super) const QWEN3_MOE: Family = Family {
    model_type: "qwen3_moe",
    architectures: &["Qwen3MoeForCausalLM", "Qwen3MoeModel"],
    prefixes: &["model.", ""],
    spec: experts,
    weights: &[llama::WEIGHTS, llama::ATTENTION_BIASES, QK_NORMS, qwen2_moe::EXPERTS],
};

/// Gemma 3 and OLMo 2 store theirs under the same names.
pub(super) const QK_NORMS: &[Map] = &[
    from("blocks.{l}.attn.q_norm.w", "layers.{l}.self_attn.q_norm.weight").flat(),
    from("blocks.{l}.attn.k_norm.w", "layers.{l}.self_attn.k_norm.weight").flat(),
];

fn dense(config: &Config) -> Result<ModelSpec, SpecError> {
    let mut spec = spec(config, "qwen3", &Defaults { head_dim: Some(128), ..qwen2::DEFAULTS })?;
    qwen2::windows(config, &mut spec.blocks)?;
    Ok(spec)
}

fn spec(config: &Config, family: &str, default: &Defaults) -> Result<ModelSpec, SpecError> {
    let mut spec = llama::decoder(config, family, default)?;
    let norm = NormSpec::rms(config.float_or("rms_norm_eps", 1e-6)?);
    for block in &mut spec.blocks {
        block.attention.qk_norm = Some(QkNorm::new(norm, QkNormAcross::Head));
    }
    Ok(spec)
}

fn experts(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults { width: 2048, kv_heads: Some(4), layers: 24, mlp: 6144, ..qwen2::DEFAULTS };
    let mut spec = spec(config, "qwen3_moe", &default)?;
    if config.flag_or("use_sliding_window", false)? {
        let window = config.count_unless_null("sliding_window", Some(4096))?;
        let every = vec![true; spec.layers()];
        slide(&mut spec.blocks, window, &every);
    }
    let count = match config.count_opt("num_local_experts")? {
        Some(count) => count,
        None => config.count_or("num_experts", 128)?,
    };
    let normalised = config.flag_or("norm_topk_prob", false)?;
    let own = ExpertSpec { normalised, ..ExpertSpec::new(count, config.count_or("num_experts_per_tok", 8)?) };
    qwen2_moe::place(config, &mut spec, own, config.count_or("moe_intermediate_size", 768)?)?;
    Ok(spec)
}
