//! BERT: post-norm encoder with learned positions and segments; with its masked-word head where the weights have one.
//! Reference: `BertModel`, `BertForMaskedLM` in Transformers, `modeling_bert.py`.

use super::{Family, Map, from, head_dim};
use crate::model::attention_spec::AttentionSpec;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{
    BlockSpec, EmbeddingSpec, HeadSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Placement, Positions,
};
use candle_nn::Activation;

pub(super) const FAMILY: Family = Family {
    model_type: "bert",
    architectures: &["BertModel", "BertForMaskedLM"],
    prefixes: &["bert.", ""],
    spec,
    weights: &[WEIGHTS],
};

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embeddings.word_embeddings.weight"),
    from("pos_embed.W_pos", "embeddings.position_embeddings.weight"),
    from("embed.W_type", "embeddings.token_type_embeddings.weight"),
    from("embed.ln.w", "embeddings.LayerNorm.weight"),
    from("embed.ln.b", "embeddings.LayerNorm.bias"),
    from("blocks.{l}.attn.W_Q", "encoder.layer.{l}.attention.self.query.weight").turned(),
    from("blocks.{l}.attn.b_Q", "encoder.layer.{l}.attention.self.query.bias"),
    from("blocks.{l}.attn.W_K", "encoder.layer.{l}.attention.self.key.weight").turned(),
    from("blocks.{l}.attn.b_K", "encoder.layer.{l}.attention.self.key.bias"),
    from("blocks.{l}.attn.W_V", "encoder.layer.{l}.attention.self.value.weight").turned(),
    from("blocks.{l}.attn.b_V", "encoder.layer.{l}.attention.self.value.bias"),
    from("blocks.{l}.attn.W_O", "encoder.layer.{l}.attention.output.dense.weight").turned(),
    from("blocks.{l}.attn.b_O", "encoder.layer.{l}.attention.output.dense.bias"),
    from("blocks.{l}.ln1.w", "encoder.layer.{l}.attention.output.LayerNorm.weight"),
    from("blocks.{l}.ln1.b", "encoder.layer.{l}.attention.output.LayerNorm.bias"),
    from("blocks.{l}.mlp.W_in", "encoder.layer.{l}.intermediate.dense.weight").turned(),
    from("blocks.{l}.mlp.b_in", "encoder.layer.{l}.intermediate.dense.bias"),
    from("blocks.{l}.mlp.W_out", "encoder.layer.{l}.output.dense.weight").turned(),
    from("blocks.{l}.mlp.b_out", "encoder.layer.{l}.output.dense.bias"),
    from("blocks.{l}.ln2.w", "encoder.layer.{l}.output.LayerNorm.weight"),
    from("blocks.{l}.ln2.b", "encoder.layer.{l}.output.LayerNorm.bias"),
    from("head.W", "cls.predictions.transform.dense.weight").turned(),
    from("head.b", "cls.predictions.transform.dense.bias"),
    from("head.ln.w", "cls.predictions.transform.LayerNorm.weight"),
    from("head.ln.b", "cls.predictions.transform.LayerNorm.bias"),
    from("unembed.W_U", "cls.predictions.decoder.weight").turned().or("embeddings.word_embeddings.weight"),
    from("unembed.b_U", "cls.predictions.bias").or("cls.predictions.decoder.bias").optional(),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    config.must_be("position_embedding_type", "absolute", "absolute (the only kind that is read)")?;
    let width = config.count_or("hidden_size", 768)?;
    let heads = config.count_or("num_attention_heads", 12)?;
    let head_dim = head_dim(width, heads, "num_attention_heads")?;
    let norm = NormSpec::layer(config.float_or("layer_norm_eps", 1e-12)?);
    let activation = config.activation_or("hidden_act", Activation::Gelu)?;
    let causal = config.flag_or("is_decoder", false)?;
    let attention = AttentionSpec { causal, ..AttentionSpec::new(heads, heads, head_dim) };
    let mlp = MlpSpec { width: config.count_or("intermediate_size", 3072)?, activation, gated: false };
    let block = BlockSpec::new(attention, mlp, norm, Placement::Post);
    let architecture = config.architecture().unwrap_or("BertModel");
    Ok(ModelSpec {
        family: "bert".into(),
        architecture: architecture.into(),
        width,
        vocab: config.count_or("vocab_size", 30_522)?,
        context: Some(config.count_or("max_position_embeddings", 512)?),
        embedding: EmbeddingSpec {
            positions: Positions::Learned { offset: 0 },
            token_types: config.count_or("type_vocab_size", 2)?,
            norm: Some(norm),
            ..EmbeddingSpec::default()
        },
        blocks: vec![block; config.layers_or("num_hidden_layers", 12)?],
        final_norm: None,
        head: match architecture {
            "BertForMaskedLM" => HeadSpec::MaskedToken { activation, norm },
            _ => HeadSpec::None,
        },
        logits: LogitSpec::default(),
    })
}
