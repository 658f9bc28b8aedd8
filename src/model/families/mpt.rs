//! MPT: ALiBi with slopes of its own order, norms without biases, and no other biases either.
//! Reference: `MptForCausalLM`, `MptModel` in Transformers, `modeling_mpt.py`.

use super::alibi;
use super::fused::qkv;
use super::{Family, Map, from, head_dim, head_of};
use crate::kernels::Activation;
use crate::model::attention_spec::AttentionSpec;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{BlockSpec, EmbeddingSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Placement};

pub(super) const FAMILY: Family = Family {
    model_type: "mpt",
    architectures: &["MptForCausalLM", "MptModel", "MPTForCausalLM"],
    prefixes: &["transformer.", ""],
    spec,
    weights: &[WEIGHTS],
};

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "wte.weight"),
    from("blocks.{l}.ln1.w", "blocks.{l}.norm_1.weight"),
    from("blocks.{l}.attn.W_Q", "blocks.{l}.attn.Wqkv.weight").turned().rows(qkv::<0>),
    from("blocks.{l}.attn.W_K", "blocks.{l}.attn.Wqkv.weight").turned().rows(qkv::<1>),
    from("blocks.{l}.attn.W_V", "blocks.{l}.attn.Wqkv.weight").turned().rows(qkv::<2>),
    from("blocks.{l}.attn.W_O", "blocks.{l}.attn.out_proj.weight").turned(),
    from("blocks.{l}.ln2.w", "blocks.{l}.norm_2.weight"),
    from("blocks.{l}.mlp.W_in", "blocks.{l}.ffn.up_proj.weight").turned(),
    from("blocks.{l}.mlp.W_out", "blocks.{l}.ffn.down_proj.weight").turned(),
    from("ln_final.w", "norm_f.weight"),
    from("unembed.W_U", "lm_head.weight").turned().or("wte.weight"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let width = config.count_or("d_model", 2048)?;
    let heads = config.count_or("n_heads", 16)?;
    let head_dim = head_dim(width, heads, "n_heads")?;
    let norm = NormSpec::layer(config.float_or("layer_norm_epsilon", 1e-5)?);
    let mut attention = AttentionSpec::causal(heads, heads, head_dim);
    if let Some(own) = config.nested("attn_config") {
        for unread in ["prefix_lm", "qk_ln"] {
            if own.flag_or(unread, false)? {
                return Err(SpecError::Value {
                    key: format!("attn_config.{unread}"),
                    found: "true".into(),
                    expected: "false (the only kind that is read)",
                });
            }
        }
        attention.clip = own.float_unless_null("clip_qkv", None)?.map(|limit| limit as f32);
        if let Some(scale) = own.float_unless_null("softmax_scale", None)? {
            attention.scale = scale as f32;
        }
    }
    attention.bias = Some(alibi::sifted(heads)?);
    let mlp = MlpSpec { width: 4 * width, activation: Activation::Gelu, gated: false };
    let block = BlockSpec::new(attention, mlp, norm, Placement::Pre);
    Ok(ModelSpec {
        family: "mpt".into(),
        architecture: config.architecture().unwrap_or("MptForCausalLM").into(),
        width,
        vocab: config.count_or("vocab_size", 50_368)?,
        context: Some(config.count_or("max_seq_len", 2048)?),
        encoder: None,
        embedding: EmbeddingSpec::default(),
        blocks: vec![block; config.layers_or("n_layers", 24)?],
        final_norm: Some(norm),
        head: head_of(config),
        logits: LogitSpec::default(),
    })
}
