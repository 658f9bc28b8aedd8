//! Falcon: 7B (one key for all heads, both halves of one norm), 40B (grouped keys, a norm for each half), 11B (grouped
//! keys, one norm), and RW (ALiBi, one half after the other).
//! Reference: `FalconForCausalLM`, `FalconModel` in Transformers, `modeling_falcon.py`.

use super::alibi;
use super::fused::qkv_by_group;
use super::{Family, Map, from, groups, head_dim, head_of};
use crate::kernels::Activation;
use crate::model::attention_spec::AttentionSpec;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{BlockSpec, EmbeddingSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Placement};

pub(super) const FAMILY: Family = Family {
    model_type: "falcon",
    architectures: &["FalconForCausalLM", "FalconModel", "RWForCausalLM", "RWModel"],
    prefixes: &["transformer.", ""],
    spec,
    weights: &[WEIGHTS],
};

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "word_embeddings.weight"),
    from("blocks.{l}.ln1.w", "h.{l}.input_layernorm.weight").or("h.{l}.ln_attn.weight"),
    from("blocks.{l}.ln1.b", "h.{l}.input_layernorm.bias").or("h.{l}.ln_attn.bias"),
    from("blocks.{l}.attn.W_Q", "h.{l}.self_attention.query_key_value.weight")
        .turned()
        .rows(qkv_by_group::<0>),
    from("blocks.{l}.attn.W_K", "h.{l}.self_attention.query_key_value.weight")
        .turned()
        .rows(qkv_by_group::<1>),
    from("blocks.{l}.attn.W_V", "h.{l}.self_attention.query_key_value.weight")
        .turned()
        .rows(qkv_by_group::<2>),
    from("blocks.{l}.attn.b_Q", "h.{l}.self_attention.query_key_value.bias")
        .rows(qkv_by_group::<0>)
        .when("bias"),
    from("blocks.{l}.attn.b_K", "h.{l}.self_attention.query_key_value.bias")
        .rows(qkv_by_group::<1>)
        .when("bias"),
    from("blocks.{l}.attn.b_V", "h.{l}.self_attention.query_key_value.bias")
        .rows(qkv_by_group::<2>)
        .when("bias"),
    from("blocks.{l}.attn.W_O", "h.{l}.self_attention.dense.weight").turned(),
    from("blocks.{l}.attn.b_O", "h.{l}.self_attention.dense.bias").when("bias"),
    from("blocks.{l}.ln2.w", "h.{l}.post_attention_layernorm.weight").or("h.{l}.ln_mlp.weight"),
    from("blocks.{l}.ln2.b", "h.{l}.post_attention_layernorm.bias").or("h.{l}.ln_mlp.bias"),
    from("blocks.{l}.mlp.W_in", "h.{l}.mlp.dense_h_to_4h.weight").turned(),
    from("blocks.{l}.mlp.b_in", "h.{l}.mlp.dense_h_to_4h.bias").when("bias"),
    from("blocks.{l}.mlp.W_out", "h.{l}.mlp.dense_4h_to_h.weight").turned(),
    from("blocks.{l}.mlp.b_out", "h.{l}.mlp.dense_4h_to_h.bias").when("bias"),
    from("ln_final.w", "ln_f.weight"),
    from("ln_final.b", "ln_f.bias"),
    from("unembed.W_U", "lm_head.weight").turned().or("word_embeddings.weight"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    // The first files call some things as BLOOM does
    let key = |now: &'static str, first: &'static str| if config.has(now) { now } else { first };
    let width = config.count_or("hidden_size", 4544)?;
    let heads_key = key("num_attention_heads", "n_head");
    let heads = config.count_or(heads_key, 71)?;
    let head_dim = head_dim(width, heads, heads_key)?;
    let grouped = config.flag_or("new_decoder_architecture", false)?;
    let kv_heads = match (grouped, config.flag_or("multi_query", true)?) {
        (true, _) => config.count_or(key("num_kv_heads", "n_head_kv"), heads)?,
        (false, true) => 1,
        (false, false) => heads,
    };
    groups(heads, kv_heads)?;
    let mut attention = AttentionSpec::causal(heads, kv_heads, head_dim);
    let mut context = config.count_or("max_position_embeddings", 2048)?;
    if config.flag_or("alibi", false)? {
        attention.bias = Some(alibi::as_in_falcon(&attention)?);
    } else {
        let rotary = config.rotary(head_dim, 10_000.0, context)?;
        context = rotary.context(context);
        attention.rotary = Some(rotary);
    }
    let norm = NormSpec::layer(config.float_or("layer_norm_epsilon", 1e-5)?);
    let mlp = MlpSpec {
        width: config.count_or("ffn_hidden_size", 4 * width)?,
        activation: config.activation_or("activation", Activation::Gelu)?,
        gated: false,
    };
    let parallel = grouped || config.flag_or("parallel_attn", true)?;
    let placement = if parallel { Placement::Parallel } else { Placement::Pre };
    let mut block = BlockSpec::new(attention, mlp, norm, placement);
    let two_norms = grouped && config.count_or("num_ln_in_parallel_attn", 2)? == 2;
    block.ln2 = block.ln2.filter(|_| !parallel || two_norms);
    Ok(ModelSpec {
        family: "falcon".into(),
        architecture: config.architecture().unwrap_or("FalconForCausalLM").into(),
        width,
        vocab: config.count_or("vocab_size", 65_024)?,
        context: Some(context),
        encoder: None,
        embedding: EmbeddingSpec::default(),
        blocks: vec![block; config.layers_or(key("num_hidden_layers", "n_layer"), 32)?],
        final_norm: Some(norm),
        head: head_of(config),
        logits: LogitSpec::default(),
    })
}
