//! Llama 1 to 3.2: RMSNorm before each sub-layer, rotary, grouped keys and values, gated MLP.
//! Reference: `LlamaForCausalLM`, `LlamaModel` in Transformers, `modeling_llama.py`.

use super::{Family, Map, from, groups, head_dim, head_of};
use crate::model::attention_spec::AttentionSpec;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{BlockSpec, EmbeddingSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Placement};
use candle_nn::Activation;

pub(super) const FAMILY: Family = Family {
    model_type: "llama",
    architectures: &["LlamaForCausalLM", "LlamaModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[WEIGHTS, BIASES],
};

/// Qwen2 stores its weights under the same names.
pub(super) const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embed_tokens.weight"),
    from("blocks.{l}.ln1.w", "layers.{l}.input_layernorm.weight"),
    from("blocks.{l}.attn.W_Q", "layers.{l}.self_attn.q_proj.weight").turned(),
    from("blocks.{l}.attn.W_K", "layers.{l}.self_attn.k_proj.weight").turned(),
    from("blocks.{l}.attn.W_V", "layers.{l}.self_attn.v_proj.weight").turned(),
    from("blocks.{l}.attn.W_O", "layers.{l}.self_attn.o_proj.weight").turned(),
    from("blocks.{l}.ln2.w", "layers.{l}.post_attention_layernorm.weight"),
    from("blocks.{l}.mlp.W_gate", "layers.{l}.mlp.gate_proj.weight").turned(),
    from("blocks.{l}.mlp.W_in", "layers.{l}.mlp.up_proj.weight").turned(),
    from("blocks.{l}.mlp.W_out", "layers.{l}.mlp.down_proj.weight").turned(),
    from("ln_final.w", "norm.weight"),
    from("unembed.W_U", "lm_head.weight").turned().or("embed_tokens.weight"),
];

const BIASES: &[Map] = &[
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias").when("attention_bias"),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias").when("attention_bias"),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias").when("attention_bias"),
    from("blocks.{l}.attn.b_O", "layers.{l}.self_attn.o_proj.bias").when("attention_bias"),
    from("blocks.{l}.mlp.b_gate", "layers.{l}.mlp.gate_proj.bias").when("mlp_bias"),
    from("blocks.{l}.mlp.b_in", "layers.{l}.mlp.up_proj.bias").when("mlp_bias"),
    from("blocks.{l}.mlp.b_out", "layers.{l}.mlp.down_proj.bias").when("mlp_bias"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    decoder(
        config,
        "llama",
        &Defaults { heads: 32, kv_heads: None, layers: 32, mlp: 11_008, vocab: 32_000, context: 2048 },
    )
}

/// What the class fills in where `config.json` leaves a key out.
pub(super) struct Defaults {
    pub(super) heads: usize,
    pub(super) kv_heads: Option<usize>,
    pub(super) layers: usize,
    pub(super) mlp: usize,
    pub(super) vocab: usize,
    pub(super) context: usize,
}

/// The decoder that Llama set the pattern for.
pub(super) fn decoder(config: &Config, family: &str, default: &Defaults) -> Result<ModelSpec, SpecError> {
    let width = config.count_or("hidden_size", 4096)?;
    let heads = config.count_or("num_attention_heads", default.heads)?;
    let kv_heads = config.count_or("num_key_value_heads", default.kv_heads.unwrap_or(heads))?;
    groups(heads, kv_heads)?;
    let head_dim = match config.count_opt("head_dim")? {
        Some(head_dim) => head_dim,
        None => head_dim(width, heads, "num_attention_heads")?,
    };
    let norm = NormSpec::rms(config.float_or("rms_norm_eps", 1e-6)?);
    let rotary = Some(config.rotary(head_dim, 10_000.0)?);
    let attention = AttentionSpec { rotary, ..AttentionSpec::causal(heads, kv_heads, head_dim) };
    let mlp = MlpSpec {
        width: config.count_or("intermediate_size", default.mlp)?,
        activation: config.activation_or("hidden_act", Activation::Silu)?,
        gated: true,
    };
    let block = BlockSpec::new(attention, mlp, norm, Placement::Pre);
    Ok(ModelSpec {
        family: family.into(),
        architecture: config.architecture().unwrap_or(family).into(),
        width,
        vocab: config.count_or("vocab_size", default.vocab)?,
        context: Some(config.count_or("max_position_embeddings", default.context)?),
        encoder: None,
        embedding: EmbeddingSpec::default(),
        blocks: vec![block; config.layers_or("num_hidden_layers", default.layers)?],
        final_norm: Some(norm),
        head: head_of(config),
        logits: LogitSpec::default(),
    })
}
