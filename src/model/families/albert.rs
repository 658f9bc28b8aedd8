//! ALBERT: one group of blocks used again and again, embeddings narrower than the model.
//! Reference: `AlbertModel` and the classes with heads in Transformers, `modeling_albert.py`.

use super::bert;
use super::encoder::{ANSWER, Heads, PostNorm, Sizes, TAGS, dense, head, narrow_embedding, post_norm};
use super::{Family, Map, from};
use crate::kernels::Activation;
use crate::model::classes::ClassActivation;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "albert",
    architectures: &["AlbertModel", "AlbertForMaskedLM", "AlbertForPreTraining"],
    prefixes: &["albert.", ""],
    spec,
    weights: &[bert::WEIGHTS, BLOCKS, MASKED, PAIR],
};
pub(super) const CLASSES: Family = Family {
    architectures: &["AlbertForSequenceClassification", "AlbertForMultipleChoice"],
    weights: &[bert::WEIGHTS, BLOCKS, POOLED],
    ..FAMILY
};
pub(super) const TAGGER: Family = Family {
    architectures: &["AlbertForTokenClassification"],
    weights: &[bert::WEIGHTS, BLOCKS, TAGS],
    ..FAMILY
};
pub(super) const ANSWERS: Family = Family {
    architectures: &["AlbertForQuestionAnswering"],
    weights: &[bert::WEIGHTS, BLOCKS, ANSWER],
    ..FAMILY
};

const MOST_BLOCKS: usize = 4096;

/// From the group of tensors that a block shares with others.
const fn shared(ours: &'static str, theirs: &'static str) -> Map {
    from(ours, theirs).shared(group)
}

const BLOCKS: &[Map] = &[
    from("embed.W_in", "encoder.embedding_hidden_mapping_in.weight").turned(),
    from("embed.b_in", "encoder.embedding_hidden_mapping_in.bias"),
    shared("blocks.{l}.attn.W_Q", "encoder.{g}.attention.query.weight").turned(),
    shared("blocks.{l}.attn.b_Q", "encoder.{g}.attention.query.bias"),
    shared("blocks.{l}.attn.W_K", "encoder.{g}.attention.key.weight").turned(),
    shared("blocks.{l}.attn.b_K", "encoder.{g}.attention.key.bias"),
    shared("blocks.{l}.attn.W_V", "encoder.{g}.attention.value.weight").turned(),
    shared("blocks.{l}.attn.b_V", "encoder.{g}.attention.value.bias"),
    shared("blocks.{l}.attn.W_O", "encoder.{g}.attention.dense.weight").turned(),
    shared("blocks.{l}.attn.b_O", "encoder.{g}.attention.dense.bias"),
    shared("blocks.{l}.ln1.w", "encoder.{g}.attention.LayerNorm.weight"),
    shared("blocks.{l}.ln1.b", "encoder.{g}.attention.LayerNorm.bias"),
    shared("blocks.{l}.mlp.W_in", "encoder.{g}.ffn.weight").turned(),
    shared("blocks.{l}.mlp.b_in", "encoder.{g}.ffn.bias"),
    shared("blocks.{l}.mlp.W_out", "encoder.{g}.ffn_output.weight").turned(),
    shared("blocks.{l}.mlp.b_out", "encoder.{g}.ffn_output.bias"),
    shared("blocks.{l}.ln2.w", "encoder.{g}.full_layer_layer_norm.weight"),
    shared("blocks.{l}.ln2.b", "encoder.{g}.full_layer_layer_norm.bias"),
];

const MASKED: &[Map] = &[
    from("head.W", "predictions.dense.weight").turned(),
    from("head.b", "predictions.dense.bias"),
    from("head.ln.w", "predictions.LayerNorm.weight"),
    from("head.ln.b", "predictions.LayerNorm.bias"),
    from("unembed.W_U", "predictions.decoder.weight").turned().or("embeddings.word_embeddings.weight"),
    from("unembed.b_U", "predictions.decoder.bias").or("predictions.bias").optional(),
];

const POOLED: &[Map] = &[
    from("head.0.W", "pooler.weight").turned(),
    from("head.0.b", "pooler.bias"),
    from("head.1.W", "classifier.weight").turned(),
    from("head.1.b", "classifier.bias"),
];

/// Whether two texts stand in their order.
const PAIR: &[Map] = &[
    from("pair.0.W", "pooler.weight").turned().optional(),
    from("pair.0.b", "pooler.bias").optional(),
    from("pair.1.W", "sop_classifier.classifier.weight").turned().optional(),
    from("pair.1.b", "sop_classifier.classifier.bias").optional(),
];

/// Times that a group is gone through.
fn layers(config: &Config) -> Result<usize, SpecError> {
    config.layers_or("num_hidden_layers", 12)
}

/// Blocks one after the other within a group.
fn inner(config: &Config) -> Result<usize, SpecError> {
    let inner = config.count_or("inner_group_num", 1)?;
    if inner.saturating_mul(layers(config)?) <= MOST_BLOCKS {
        return Ok(inner);
    }
    Err(SpecError::Value {
        key: "inner_group_num".into(),
        found: inner.to_string(),
        expected: "a number that makes no more than 4096 blocks of all layers",
    })
}

/// The group a block belongs to, and its place there: the layers are dealt out evenly, the first group first.
fn group(config: &Config, block: usize) -> Result<String, SpecError> {
    let inner = inner(config)?;
    let share = layers(config)? as f64 / config.count_or("num_hidden_groups", 1)? as f64;
    let group = ((block / inner) as f64 / share) as usize;
    Ok(format!("albert_layer_groups.{group}.albert_layers.{}", block % inner))
}

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let sizes = Sizes {
        width: ("hidden_size", 4096),
        heads: ("num_attention_heads", 64),
        mlp: ("intermediate_size", 16_384),
        vocab: 30_000,
        activation: ("hidden_act", Activation::NewGelu),
        ..Sizes::BERT
    };
    let PostNorm { mut spec, activation, norm } = post_norm(config, "albert", &sizes)?;
    let block = spec.blocks[0].clone();
    spec.blocks = vec![block; layers(config)? * inner(config)?];
    narrow_embedding(config, &mut spec, true)?;
    let heads = Heads {
        masked: (activation, norm),
        classes: &[dense(spec.width, ClassActivation::Tanh)],
        tags: &[],
        pair: Some(["InOrder", "Swapped"]),
    };
    spec.head = head(config, &heads)?;
    Ok(spec)
}
