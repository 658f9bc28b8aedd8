//! GPT-BigCode (SantaCoder, StarCoder): GPT-2's block with one key and value for all heads, weights stored [out, in].
//! Reference: `GPTBigCodeForCausalLM`, `GPTBigCodeModel` in Transformers, `modeling_gpt_bigcode.py`.

use super::fused::qkv_by_group;
use super::{Family, Map, from, gpt_neo, gpt2, head_dim, head_of};
use crate::kernels::Activation;
use crate::model::attention_spec::AttentionSpec;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{
    BlockSpec, EmbeddingSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Placement, Positions,
};

pub(super) const FAMILY: Family = Family {
    model_type: "gpt_bigcode",
    architectures: &["GPTBigCodeForCausalLM", "GPTBigCodeModel"],
    prefixes: &["transformer.", ""],
    spec,
    weights: &[gpt2::OUTSIDE, gpt2::NORMS, ATTENTION, gpt_neo::MLP],
};

/// Queries, keys and values in one matrix.
const ATTENTION: &[Map] = &[
    from("blocks.{l}.attn.W_Q", "h.{l}.attn.c_attn.weight").turned().rows(qkv_by_group::<0>),
    from("blocks.{l}.attn.W_K", "h.{l}.attn.c_attn.weight").turned().rows(qkv_by_group::<1>),
    from("blocks.{l}.attn.W_V", "h.{l}.attn.c_attn.weight").turned().rows(qkv_by_group::<2>),
    from("blocks.{l}.attn.b_Q", "h.{l}.attn.c_attn.bias").rows(qkv_by_group::<0>),
    from("blocks.{l}.attn.b_K", "h.{l}.attn.c_attn.bias").rows(qkv_by_group::<1>),
    from("blocks.{l}.attn.b_V", "h.{l}.attn.c_attn.bias").rows(qkv_by_group::<2>),
    from("blocks.{l}.attn.W_O", "h.{l}.attn.c_proj.weight").turned(),
    from("blocks.{l}.attn.b_O", "h.{l}.attn.c_proj.bias"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let width = config.count_or("n_embd", 768)?;
    let heads = config.count_or("n_head", 12)?;
    let head_dim = head_dim(width, heads, "n_head")?;
    let norm = NormSpec::layer(config.float_or("layer_norm_epsilon", 1e-5)?);
    let kv_heads = if config.flag_or("multi_query", true)? { 1 } else { heads };
    let mut attention = AttentionSpec::causal(heads, kv_heads, head_dim);
    if !config.flag_or("scale_attn_weights", true)? {
        attention.scale = 1.0;
    }
    let mlp = MlpSpec {
        width: config.count_or("n_inner", 4 * width)?,
        activation: config.activation_or("activation_function", Activation::GeluPytorchTanh)?,
        gated: false,
    };
    let block = BlockSpec::new(attention, mlp, norm, Placement::Pre);
    Ok(ModelSpec {
        family: "gpt_bigcode".into(),
        architecture: config.architecture().unwrap_or("GPTBigCodeForCausalLM").into(),
        width,
        vocab: config.count_or("vocab_size", 50_257)?,
        context: Some(config.count_or("n_positions", 1024)?),
        encoder: None,
        embedding: EmbeddingSpec { positions: Positions::Learned { offset: 0 }, ..EmbeddingSpec::default() },
        blocks: vec![block; config.layers_or("n_layer", 12)?],
        final_norm: Some(norm),
        head: head_of(config),
        logits: LogitSpec::default(),
    })
}
