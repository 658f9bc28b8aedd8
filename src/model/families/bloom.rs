//! BLOOM: ALiBi, a norm over the embedding, queries, keys and values of a head next to each other.
//! Reference: `BloomForCausalLM`, `BloomModel` in Transformers, `modeling_bloom.py`.

use super::alibi;
use super::fused::qkv_by_head;
use super::{Family, Map, from, head_dim, head_of};
use crate::kernels::Activation;
use crate::model::attention_spec::AttentionSpec;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{BlockSpec, EmbeddingSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Placement};

pub(super) const FAMILY: Family = Family {
    model_type: "bloom",
    architectures: &["BloomForCausalLM", "BloomModel"],
    prefixes: &["transformer.", ""],
    spec,
    weights: &[WEIGHTS],
};

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "word_embeddings.weight"),
    from("embed.ln.w", "word_embeddings_layernorm.weight"),
    from("embed.ln.b", "word_embeddings_layernorm.bias"),
    from("blocks.{l}.ln1.w", "h.{l}.input_layernorm.weight"),
    from("blocks.{l}.ln1.b", "h.{l}.input_layernorm.bias"),
    from("blocks.{l}.attn.W_Q", "h.{l}.self_attention.query_key_value.weight")
        .turned()
        .rows(qkv_by_head::<0>),
    from("blocks.{l}.attn.W_K", "h.{l}.self_attention.query_key_value.weight")
        .turned()
        .rows(qkv_by_head::<1>),
    from("blocks.{l}.attn.W_V", "h.{l}.self_attention.query_key_value.weight")
        .turned()
        .rows(qkv_by_head::<2>),
    from("blocks.{l}.attn.b_Q", "h.{l}.self_attention.query_key_value.bias").rows(qkv_by_head::<0>),
    from("blocks.{l}.attn.b_K", "h.{l}.self_attention.query_key_value.bias").rows(qkv_by_head::<1>),
    from("blocks.{l}.attn.b_V", "h.{l}.self_attention.query_key_value.bias").rows(qkv_by_head::<2>),
    from("blocks.{l}.attn.W_O", "h.{l}.self_attention.dense.weight").turned(),
    from("blocks.{l}.attn.b_O", "h.{l}.self_attention.dense.bias").unless(sliced),
    from("blocks.{l}.ln2.w", "h.{l}.post_attention_layernorm.weight"),
    from("blocks.{l}.ln2.b", "h.{l}.post_attention_layernorm.bias"),
    from("blocks.{l}.mlp.W_in", "h.{l}.mlp.dense_h_to_4h.weight").turned(),
    from("blocks.{l}.mlp.b_in", "h.{l}.mlp.dense_h_to_4h.bias"),
    from("blocks.{l}.mlp.W_out", "h.{l}.mlp.dense_4h_to_h.weight").turned(),
    from("blocks.{l}.mlp.b_out", "h.{l}.mlp.dense_4h_to_h.bias").unless(sliced),
    from("ln_final.w", "ln_f.weight"),
    from("ln_final.b", "ln_f.bias"),
    from("unembed.W_U", "lm_head.weight").turned().or("word_embeddings.weight"),
];

/// Whether outputs are summed up slice by slice, as they were on several machines in training: Transformers' class then
/// leaves their biases out.
fn sliced(config: &Config) -> Result<bool, SpecError> {
    Ok(config.flag_or("slow_but_exact", false)? && config.count_or("pretraining_tp", 1)? > 1)
}

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let older = if config.has("n_embed") { "n_embed" } else { "hidden_size" };
    let width = config.count_or(older, 64)?;
    let heads_key = if config.has("num_attention_heads") { "num_attention_heads" } else { "n_head" };
    let heads = config.count_or(heads_key, 8)?;
    let head_dim = head_dim(width, heads, heads_key)?;
    let norm = NormSpec::layer(config.float_or("layer_norm_epsilon", 1e-5)?);
    let bias = Some(alibi::filled_up(heads)?);
    let attention = AttentionSpec { bias, ..AttentionSpec::causal(heads, heads, head_dim) };
    let mlp = MlpSpec { width: 4 * width, activation: Activation::NewGelu, gated: false };
    let normed = config.flag_or("apply_residual_connection_post_layernorm", false)?;
    let placement = if normed { Placement::Normed } else { Placement::Pre };
    let block = BlockSpec::new(attention, mlp, norm, placement);
    let layers_key = if config.has("num_hidden_layers") { "num_hidden_layers" } else { "n_layer" };
    Ok(ModelSpec {
        family: "bloom".into(),
        architecture: config.architecture().unwrap_or("BloomForCausalLM").into(),
        width,
        vocab: config.count_or("vocab_size", 250_880)?,
        // ALiBi has no end; the file says at most what it was trained with
        context: config.count_opt("seq_length")?,
        encoder: None,
        embedding: EmbeddingSpec { norm: Some(norm), ..EmbeddingSpec::default() },
        blocks: vec![block; config.layers_or(layers_key, 2)?],
        final_norm: Some(norm),
        head: head_of(config),
        logits: LogitSpec::default(),
    })
}
