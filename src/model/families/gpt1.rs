//! GPT-1: GPT-2's tensors, but norms after each sum, none at the end, and `gelu` means the tanh form.
//! Reference: `OpenAIGPTLMHeadModel`, `OpenAIGPTModel` in Transformers, `modeling_openai.py`.

use super::{Family, Map, from, gpt2, head_dim, head_of};
use crate::kernels::Activation;
use crate::model::attention_spec::AttentionSpec;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{
    BlockSpec, EmbeddingSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Placement, Positions,
};

pub(super) const FAMILY: Family = Family {
    model_type: "openai-gpt",
    architectures: &["OpenAIGPTLMHeadModel", "OpenAIGPTDoubleHeadsModel", "OpenAIGPTModel"],
    prefixes: &["transformer.", ""],
    spec,
    weights: &[OUTSIDE, gpt2::NORMS, gpt2::ATTENTION, gpt2::MLP],
};

/// Embeddings and unembedding.
const OUTSIDE: &[Map] = &[
    from("embed.W_E", "tokens_embed.weight").or("lm_head.weight"),
    from("pos_embed.W_pos", "positions_embed.weight"),
    from("unembed.W_U", "lm_head.weight").turned().or("tokens_embed.weight"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let width = config.count_or("n_embd", 768)?;
    let heads = config.count_or("n_head", 12)?;
    let head_dim = head_dim(width, heads, "n_head")?;
    let activation = match config.activation_or("afn", Activation::Gelu)? {
        Activation::Gelu => Activation::NewGelu,
        other => other,
    };
    let block = BlockSpec::new(
        AttentionSpec::causal(heads, heads, head_dim),
        MlpSpec { width: 4 * width, activation, gated: false },
        NormSpec::layer(config.float_or("layer_norm_epsilon", 1e-5)?),
        Placement::Post,
    );
    Ok(ModelSpec {
        family: "gpt1".into(),
        architecture: config.architecture().unwrap_or("OpenAIGPTLMHeadModel").into(),
        width,
        vocab: config.count_or("vocab_size", 40_478)?,
        context: Some(config.count_or("n_positions", 512)?),
        encoder: None,
        embedding: EmbeddingSpec { positions: Positions::Learned { offset: 0 }, ..EmbeddingSpec::default() },
        blocks: vec![block; config.layers_or("n_layer", 12)?],
        final_norm: None,
        head: head_of(config),
        logits: LogitSpec::default(),
    })
}
