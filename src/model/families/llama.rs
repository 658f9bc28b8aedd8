//! Llama 1 to 3.2: RMSNorm before each sub-layer, rotary, grouped keys and values, gated MLP.
//! Reference: `LlamaForCausalLM`, `LlamaModel` in Transformers, `modeling_llama.py`.

use super::{Family, Map, from, groups, head_dim, head_of};
use crate::kernels::Activation;
use crate::model::attention_spec::AttentionSpec;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{BlockSpec, EmbeddingSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Placement};

pub(super) const FAMILY: Family = Family {
    model_type: "llama",
    architectures: &["LlamaForCausalLM", "LlamaModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[WEIGHTS, ATTENTION_BIASES, MLP_BIASES],
};

/// Many families store their weights under the same names.
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

/// Of all four projections, where the configuration says so.
pub(super) const ATTENTION_BIASES: &[Map] = &[
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias").when("attention_bias"),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias").when("attention_bias"),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias").when("attention_bias"),
    from("blocks.{l}.attn.b_O", "layers.{l}.self_attn.o_proj.bias").when("attention_bias"),
];

/// Of all three matrices, where the configuration says so.
pub(super) const MLP_BIASES: &[Map] = &[
    from("blocks.{l}.mlp.b_gate", "layers.{l}.mlp.gate_proj.bias").when("mlp_bias"),
    from("blocks.{l}.mlp.b_in", "layers.{l}.mlp.up_proj.bias").when("mlp_bias"),
    from("blocks.{l}.mlp.b_out", "layers.{l}.mlp.down_proj.bias").when("mlp_bias"),
];

/// Of the norms, for families whose norms have any.
pub(super) const NORM_BIASES: &[Map] = &[
    from("blocks.{l}.ln1.b", "layers.{l}.input_layernorm.bias"),
    from("blocks.{l}.ln2.b", "layers.{l}.post_attention_layernorm.bias"),
    from("ln_final.b", "norm.bias"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    decoder(config, "llama", &Defaults::LLAMA)
}

/// What the class fills in where `config.json` leaves a key out.
pub(super) struct Defaults {
    pub(super) width: usize,
    pub(super) heads: usize,
    /// As many as query heads, where there is none here
    pub(super) kv_heads: Option<usize>,
    /// The width over the heads, where there is none here
    pub(super) head_dim: Option<usize>,
    pub(super) layers: usize,
    pub(super) mlp: usize,
    pub(super) vocab: usize,
    pub(super) context: usize,
    pub(super) theta: f64,
    /// Part of each head that turns
    pub(super) partial: f64,
    pub(super) norm: fn(f64) -> NormSpec,
    pub(super) eps_key: &'static str,
    pub(super) eps: f64,
    pub(super) activation_key: &'static str,
    pub(super) activation: Activation,
}

impl Defaults {
    pub(super) const LLAMA: Self = Self {
        width: 4096,
        heads: 32,
        kv_heads: None,
        head_dim: None,
        layers: 32,
        mlp: 11_008,
        vocab: 32_000,
        context: 2048,
        theta: 10_000.0,
        partial: 1.0,
        norm: NormSpec::rms,
        eps_key: "rms_norm_eps",
        eps: 1e-6,
        activation_key: "hidden_act",
        activation: Activation::Silu,
    };
}

/// The same decoder, whose rotary turns neighbouring dimensions.
pub(super) fn turning_neighbours(mut spec: ModelSpec) -> ModelSpec {
    for rotary in spec.blocks.iter_mut().filter_map(|block| block.attention.rotary.as_mut()) {
        rotary.interleaved = true;
    }
    spec
}

/// The decoder that Llama set the pattern for.
pub(super) fn decoder(config: &Config, family: &str, default: &Defaults) -> Result<ModelSpec, SpecError> {
    let width = config.count_or("hidden_size", default.width)?;
    let heads = config.count_or("num_attention_heads", default.heads)?;
    let kv_heads = config.count_or("num_key_value_heads", default.kv_heads.unwrap_or(heads))?;
    groups(heads, kv_heads)?;
    let head_dim = match config.count_unless_null("head_dim", default.head_dim)? {
        Some(head_dim) => head_dim,
        None => head_dim(width, heads, "num_attention_heads")?,
    };
    let norm = (default.norm)(config.float_or(default.eps_key, default.eps)?);
    let turning =
        config.rotary_fraction("partial_rotary_factor", default.partial)?.min(1.0) * head_dim as f64;
    let rotary = config.rotary(turning as usize, default.theta, default.context)?;
    let context = rotary.context(config.count_or("max_position_embeddings", default.context)?);
    let attention =
        AttentionSpec { rotary: Some(rotary), ..AttentionSpec::causal(heads, kv_heads, head_dim) };
    let mlp = MlpSpec {
        width: config.count_or("intermediate_size", default.mlp)?,
        activation: config.activation_or(default.activation_key, default.activation)?,
        gated: true,
    };
    let block = BlockSpec::new(attention, mlp, norm, Placement::Pre);
    Ok(ModelSpec {
        family: family.into(),
        architecture: config.architecture().unwrap_or(family).into(),
        width,
        vocab: config.count_or("vocab_size", default.vocab)?,
        context: Some(context),
        encoder: None,
        embedding: EmbeddingSpec::default(),
        blocks: vec![block; config.layers_or("num_hidden_layers", default.layers)?],
        final_norm: Some(norm),
        head: head_of(config),
        logits: LogitSpec::default(),
    })
}
