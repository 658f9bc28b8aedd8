//! Gemma 1 to 3 (text): embedding times √width, RMSNorm with 1 + w, head width of its own; from Gemma 2 on norms on
//! both sides of each half, windows and soft-caps; Gemma 3 norms q and k and has a rotary base for each kind of block.
//! Reference: `GemmaForCausalLM`, `Gemma2ForCausalLM`, `Gemma3ForCausalLM`, `VaultGemmaForCausalLM` in Transformers.

use super::llama::{self, Defaults};
use super::qwen3::QK_NORMS;
use super::{Family, Map, from, head_of, slide, sliding};
use crate::kernels::Activation;
use crate::model::attention_spec::{QkNorm, QkNormAcross, Window};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::rotary::Rotary;
use crate::model::spec::{HeadSpec, ModelSpec, NormSpec};

pub(super) const GEMMA: Family = Family {
    model_type: "gemma",
    architectures: &["GemmaForCausalLM", "GemmaModel"],
    prefixes: &["model.", ""],
    spec: gemma,
    weights: &[llama::WEIGHTS, llama::ATTENTION_BIASES],
};

pub(super) const GEMMA2: Family = Family {
    model_type: "gemma2",
    architectures: &["Gemma2ForCausalLM", "Gemma2Model"],
    prefixes: &["model.", ""],
    spec: gemma2,
    weights: &[WEIGHTS, llama::ATTENTION_BIASES],
};

/// Gemma 2 without the norms on what each half adds.
pub(super) const VAULT_GEMMA: Family = Family {
    model_type: "vaultgemma",
    architectures: &["VaultGemmaForCausalLM", "VaultGemmaModel"],
    prefixes: &["model.", ""],
    spec: vault,
    weights: &[WEIGHTS, llama::ATTENTION_BIASES],
};

pub(super) const GEMMA3: Family = Family {
    model_type: "gemma3_text",
    architectures: &["Gemma3ForCausalLM", "Gemma3TextModel", "Gemma3ForConditionalGeneration"],
    prefixes: &["model.", "", "language_model.model.", "model.language_model.", "language_model."],
    spec: |config| gemma3(config.nested("text_config").as_ref().unwrap_or(config), head_of(config)),
    weights: &[WEIGHTS, llama::ATTENTION_BIASES, QK_NORMS],
};

/// Llama's, but for the norms' names.
const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embed_tokens.weight"),
    from("blocks.{l}.ln1.w", "layers.{l}.input_layernorm.weight"),
    from("blocks.{l}.attn.W_Q", "layers.{l}.self_attn.q_proj.weight").turned(),
    from("blocks.{l}.attn.W_K", "layers.{l}.self_attn.k_proj.weight").turned(),
    from("blocks.{l}.attn.W_V", "layers.{l}.self_attn.v_proj.weight").turned(),
    from("blocks.{l}.attn.W_O", "layers.{l}.self_attn.o_proj.weight").turned(),
    from("blocks.{l}.ln1_post.w", "layers.{l}.post_attention_layernorm.weight"),
    from("blocks.{l}.ln2.w", "layers.{l}.pre_feedforward_layernorm.weight"),
    from("blocks.{l}.mlp.W_gate", "layers.{l}.mlp.gate_proj.weight").turned(),
    from("blocks.{l}.mlp.W_in", "layers.{l}.mlp.up_proj.weight").turned(),
    from("blocks.{l}.mlp.W_out", "layers.{l}.mlp.down_proj.weight").turned(),
    from("blocks.{l}.ln2_post.w", "layers.{l}.post_feedforward_layernorm.weight"),
    from("ln_final.w", "norm.weight"),
    from("unembed.W_U", "lm_head.weight").turned().or("embed_tokens.weight"),
];

fn norm(eps: f64) -> NormSpec {
    NormSpec { unit_offset: true, ..NormSpec::rms(eps) }
}

const FIRST: Defaults = Defaults {
    width: 3072,
    heads: 16,
    kv_heads: Some(16),
    head_dim: Some(256),
    layers: 28,
    mlp: 24_576,
    vocab: 256_000,
    context: 8192,
    norm,
    activation: Activation::GeluPytorchTanh,
    ..Defaults::LLAMA
};

const LATER: Defaults = Defaults {
    width: 2304,
    heads: 8,
    kv_heads: Some(4),
    layers: 26,
    mlp: 9216,
    activation_key: "hidden_activation",
    ..FIRST
};

fn gemma(config: &Config) -> Result<ModelSpec, SpecError> {
    // The first published files name the exact GELU, but were trained with what this later key says, or its default
    let later = config.has("hidden_activation") || config.is_null("hidden_activation");
    let activation_key = if later { "hidden_activation" } else { FIRST.activation_key };
    scaled(config, "gemma", &Defaults { activation_key, ..FIRST })
}

fn scaled(config: &Config, family: &str, default: &Defaults) -> Result<ModelSpec, SpecError> {
    let mut spec = llama::decoder(config, family, default)?;
    spec.embedding.scale = (spec.width as f64).sqrt() as f32;
    Ok(spec)
}

/// What Gemma 2 and 3 share.
fn sandwich(
    config: &Config,
    family: &str,
    default: &Defaults,
    caps: (Option<f64>, Option<f64>),
) -> Result<ModelSpec, SpecError> {
    let mut spec = scaled(config, family, default)?;
    let single = |cap: Option<f64>| cap.map(|cap| cap as f32);
    let softcap = single(config.float_unless_null("attn_logit_softcapping", caps.0)?);
    spec.logits.softcap = single(config.float_unless_null("final_logit_softcapping", caps.1)?);
    let scale = 1.0 / config.float_or("query_pre_attn_scalar", 256.0)?.sqrt();
    for block in &mut spec.blocks {
        (block.ln1_post, block.ln2_post) = (block.ln1, block.ln2);
        block.attention.scale = scale as f32;
        block.attention.softcap = softcap;
    }
    Ok(spec)
}

fn gemma2(config: &Config) -> Result<ModelSpec, SpecError> {
    let mut spec = sandwich(config, "gemma2", &LATER, (Some(50.0), Some(30.0)))?;
    let slides = sliding(config, spec.layers(), |layer| layer.is_multiple_of(2));
    slide(&mut spec.blocks, config.count_unless_null("sliding_window", Some(4096))?, &slides);
    Ok(spec)
}

fn vault(config: &Config) -> Result<ModelSpec, SpecError> {
    let mut spec = gemma2(config)?;
    spec.family = "vaultgemma".into();
    for block in &mut spec.blocks {
        (block.ln1_post, block.ln2_post) = (None, None);
    }
    Ok(spec)
}

fn gemma3(config: &Config, head: HeadSpec) -> Result<ModelSpec, SpecError> {
    let (theta, local) = (1_000_000.0, config.float_or("rope_local_base_freq", 10_000.0)?);
    let default = Defaults { vocab: 262_208, context: 131_072, theta, ..LATER };
    let mut spec = sandwich(config, "gemma3_text", &default, (None, None))?;
    spec.head = head; // Beside pictures, the class is named outside the text's configuration
    let every = config.count_or("sliding_window_pattern", 6)?;
    let slides = sliding(config, spec.layers(), |layer| !(layer + 1).is_multiple_of(every));
    slide(&mut spec.blocks, config.count_unless_null("sliding_window", Some(4096))?, &slides);
    let both_ways = config.flag_or("use_bidirectional_attention", false)?;
    for (block, slides) in spec.blocks.iter_mut().zip(slides) {
        if both_ways {
            let window = block.attention.window;
            block.attention.causal = false;
            block.attention.window = window.map(|window| match window {
                Window::Sliding(n) => Window::TwoSided(n / 2),
                other => other,
            });
        }
        let norm = block.ln1.unwrap_or_else(|| norm(1e-6));
        let attention = &mut block.attention;
        attention.qk_norm = Some(QkNorm::new(norm, QkNormAcross::Head));
        let (kind, base) = if slides { ("sliding_attention", local) } else { ("full_attention", theta) };
        // Older files have one scaling, meant for the full blocks
        attention.rotary = Some(match config.rotary_of(kind, attention.head_dim, base, default.context)? {
            Some(rotary) => rotary,
            None if slides => Rotary::new(attention.head_dim, local),
            None => config.rotary(attention.head_dim, theta, default.context)?,
        });
    }
    Ok(spec)
}
