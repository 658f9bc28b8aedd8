//! OLMo: norms without parameters; OLMo 2: norms on what each half adds and on all of q and k; OLMo 3: OLMo 2 with
//! windows; OLMoE: Llama's block with norms on q and k, and experts.
//! Reference: `OlmoForCausalLM`, `Olmo2ForCausalLM`, `Olmo3ForCausalLM`, `OlmoeForCausalLM` in Transformers.

use super::llama::{self, Defaults};
use super::qwen3::QK_NORMS;
use super::{Family, Map, from, qwen2_moe, slide, sliding};
use crate::model::attention_spec::{QkNorm, QkNormAcross};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::expert_spec::ExpertSpec;
use crate::model::rotary::Rotary;
use crate::model::spec::{ModelSpec, NormSpec};

pub(super) const OLMO: Family = Family {
    model_type: "olmo",
    architectures: &["OlmoForCausalLM", "OlmoModel"],
    prefixes: &["model.", ""],
    spec: olmo,
    weights: &[PLAIN, llama::ATTENTION_BIASES],
};

pub(super) const OLMO2: Family = Family {
    model_type: "olmo2",
    architectures: &["Olmo2ForCausalLM", "Olmo2Model"],
    prefixes: &["model.", ""],
    spec: |config| olmo2(config, "olmo2", &DEFAULTS),
    weights: &[PLAIN, NORMS, QK_NORMS, llama::ATTENTION_BIASES],
};

pub(super) const OLMO3: Family = Family {
    model_type: "olmo3",
    architectures: &["Olmo3ForCausalLM", "Olmo3Model"],
    prefixes: &["model.", ""],
    spec: olmo3,
    weights: &[PLAIN, NORMS, QK_NORMS, llama::ATTENTION_BIASES],
};

pub(super) const OLMOE: Family = Family {
    model_type: "olmoe",
    architectures: &["OlmoeForCausalLM", "OlmoeModel"],
    prefixes: &["model.", ""],
    spec: olmoe,
    weights: &[llama::WEIGHTS, QK_NORMS, llama::ATTENTION_BIASES, qwen2_moe::EXPERTS],
};

/// Llama's, less the norms.
pub(super) const PLAIN: &[Map] = &[
    from("embed.W_E", "embed_tokens.weight"),
    from("blocks.{l}.attn.W_Q", "layers.{l}.self_attn.q_proj.weight").turned(),
    from("blocks.{l}.attn.W_K", "layers.{l}.self_attn.k_proj.weight").turned(),
    from("blocks.{l}.attn.W_V", "layers.{l}.self_attn.v_proj.weight").turned(),
    from("blocks.{l}.attn.W_O", "layers.{l}.self_attn.o_proj.weight").turned(),
    from("blocks.{l}.mlp.W_gate", "layers.{l}.mlp.gate_proj.weight").turned(),
    from("blocks.{l}.mlp.W_in", "layers.{l}.mlp.up_proj.weight").turned(),
    from("blocks.{l}.mlp.W_out", "layers.{l}.mlp.down_proj.weight").turned(),
    from("unembed.W_U", "lm_head.weight").turned().or("embed_tokens.weight"),
];

pub(super) const NORMS: &[Map] = &[
    from("blocks.{l}.ln1_post.w", "layers.{l}.post_attention_layernorm.weight"),
    from("blocks.{l}.ln2_post.w", "layers.{l}.post_feedforward_layernorm.weight"),
    from("ln_final.w", "norm.weight"),
];

const DEFAULTS: Defaults = Defaults { vocab: 50_304, eps: 1e-5, ..Defaults::LLAMA };

fn olmo(config: &Config) -> Result<ModelSpec, SpecError> {
    // Its norm has no parameters and always this epsilon
    let default = Defaults { norm: NormSpec::layer, eps_key: "layer_norm_eps", ..DEFAULTS };
    let mut spec = llama::decoder(config, "olmo", &default)?;
    clip(config, &mut spec)?;
    Ok(spec)
}

fn clip(config: &Config, spec: &mut ModelSpec) -> Result<(), SpecError> {
    let clip = config.float_unless_null("clip_qkv", None)?.map(|limit| limit as f32);
    for block in &mut spec.blocks {
        block.attention.clip = clip;
    }
    Ok(())
}

fn norms_over_all(spec: &mut ModelSpec) {
    for block in &mut spec.blocks {
        let norm = block.ln1.or(block.ln1_post);
        block.attention.qk_norm = norm.map(|norm| QkNorm::new(norm, QkNormAcross::All));
    }
}

fn olmo2(config: &Config, family: &str, default: &Defaults) -> Result<ModelSpec, SpecError> {
    let mut spec = llama::decoder(config, family, default)?;
    for block in &mut spec.blocks {
        (block.ln1_post, block.ln2_post) = (block.ln1.take(), block.ln2.take());
    }
    norms_over_all(&mut spec);
    Ok(spec)
}

fn olmo3(config: &Config) -> Result<ModelSpec, SpecError> {
    let theta = 500_000.0;
    let mut spec = olmo2(config, "olmo3", &Defaults { theta, ..DEFAULTS })?;
    let slides = sliding(config, spec.layers(), |layer| !(layer + 1).is_multiple_of(4));
    slide(&mut spec.blocks, config.count_unless_null("sliding_window", Some(4096))?, &slides);
    for (block, slides) in spec.blocks.iter_mut().zip(slides) {
        let dims = block.attention.head_dim;
        let kind = if slides { "sliding_attention" } else { "full_attention" };
        // Older files have one scaling, meant for the full blocks
        block.attention.rotary = Some(match config.rotary_of(kind, dims, theta, DEFAULTS.context)? {
            Some(rotary) => rotary,
            None if slides => Rotary::new(dims, theta),
            None => config.rotary(dims, theta, DEFAULTS.context)?,
        });
    }
    Ok(spec)
}

fn olmoe(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults { width: 2048, heads: 16, layers: 16, mlp: 2048, context: 4096, ..DEFAULTS };
    let mut spec = llama::decoder(config, "olmoe", &default)?;
    clip(config, &mut spec)?;
    norms_over_all(&mut spec);
    let experts = ExpertSpec {
        normalised: config.flag_or("norm_topk_prob", false)?,
        ..ExpertSpec::new(config.count_or("num_experts", 64)?, config.count_or("num_experts_per_tok", 8)?)
    };
    for block in &mut spec.blocks {
        block.experts = Some(experts);
    }
    Ok(spec)
}
