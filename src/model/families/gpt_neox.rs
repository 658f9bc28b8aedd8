//! GPT-NeoX and Pythia: both halves side by side with a norm each, or one after the other; rotary on a part of each
//! head; queries, keys and values of a head next to each other.
//! Reference: `GPTNeoXForCausalLM`, `GPTNeoXModel` in Transformers, `modeling_gpt_neox.py`.

use super::fused::qkv_by_head;
use super::{Family, Map, from, head_dim, head_of};
use crate::kernels::Activation;
use crate::model::attention_spec::AttentionSpec;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{BlockSpec, EmbeddingSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Placement};

pub(super) const FAMILY: Family = Family {
    model_type: "gpt_neox",
    architectures: &["GPTNeoXForCausalLM", "GPTNeoXModel"],
    prefixes: &["gpt_neox.", ""],
    spec,
    weights: &[WEIGHTS],
};

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embed_in.weight"),
    from("blocks.{l}.ln1.w", "layers.{l}.input_layernorm.weight"),
    from("blocks.{l}.ln1.b", "layers.{l}.input_layernorm.bias"),
    from("blocks.{l}.attn.W_Q", "layers.{l}.attention.query_key_value.weight")
        .turned()
        .rows(qkv_by_head::<0>),
    from("blocks.{l}.attn.W_K", "layers.{l}.attention.query_key_value.weight")
        .turned()
        .rows(qkv_by_head::<1>),
    from("blocks.{l}.attn.W_V", "layers.{l}.attention.query_key_value.weight")
        .turned()
        .rows(qkv_by_head::<2>),
    from("blocks.{l}.attn.b_Q", "layers.{l}.attention.query_key_value.bias")
        .rows(qkv_by_head::<0>)
        .unless_off("attention_bias"),
    from("blocks.{l}.attn.b_K", "layers.{l}.attention.query_key_value.bias")
        .rows(qkv_by_head::<1>)
        .unless_off("attention_bias"),
    from("blocks.{l}.attn.b_V", "layers.{l}.attention.query_key_value.bias")
        .rows(qkv_by_head::<2>)
        .unless_off("attention_bias"),
    from("blocks.{l}.attn.W_O", "layers.{l}.attention.dense.weight").turned(),
    from("blocks.{l}.attn.b_O", "layers.{l}.attention.dense.bias").unless_off("attention_bias"),
    from("blocks.{l}.ln2.w", "layers.{l}.post_attention_layernorm.weight"),
    from("blocks.{l}.ln2.b", "layers.{l}.post_attention_layernorm.bias"),
    from("blocks.{l}.mlp.W_in", "layers.{l}.mlp.dense_h_to_4h.weight").turned(),
    from("blocks.{l}.mlp.b_in", "layers.{l}.mlp.dense_h_to_4h.bias"),
    from("blocks.{l}.mlp.W_out", "layers.{l}.mlp.dense_4h_to_h.weight").turned(),
    from("blocks.{l}.mlp.b_out", "layers.{l}.mlp.dense_4h_to_h.bias"),
    from("ln_final.w", "final_layer_norm.weight"),
    from("ln_final.b", "final_layer_norm.bias"),
    from("unembed.W_U", "embed_out.weight").turned().or("embed_in.weight"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let width = config.count_or("hidden_size", 6144)?;
    let heads = config.count_or("num_attention_heads", 64)?;
    let head_dim = head_dim(width, heads, "num_attention_heads")?;
    let norm = NormSpec::layer(config.float_or("layer_norm_eps", 1e-5)?);
    let turning = config.rotary_fraction("rotary_pct", 0.25)?.min(1.0) * head_dim as f64;
    let theta = config.float_or("rotary_emb_base", 10_000.0)?;
    let rotary = config.rotary(turning as usize, theta, 2048)?;
    let context = Some(rotary.context(config.count_or("max_position_embeddings", 2048)?));
    let attention = AttentionSpec { rotary: Some(rotary), ..AttentionSpec::causal(heads, heads, head_dim) };
    let mlp = MlpSpec {
        width: config.count_or("intermediate_size", 24_576)?,
        activation: config.activation_or("hidden_act", Activation::Gelu)?,
        gated: false,
    };
    let parallel = config.flag_or("use_parallel_residual", true)?;
    let placement = if parallel { Placement::Parallel } else { Placement::Pre };
    let block = BlockSpec::new(attention, mlp, norm, placement);
    Ok(ModelSpec {
        family: "gpt_neox".into(),
        architecture: config.architecture().unwrap_or("GPTNeoXForCausalLM").into(),
        width,
        vocab: config.count_or("vocab_size", 50_432)?,
        context,
        encoder: None,
        embedding: EmbeddingSpec::default(),
        blocks: vec![block; config.layers_or("num_hidden_layers", 44)?],
        final_norm: Some(norm),
        head: head_of(config),
        logits: LogitSpec::default(),
    })
}
