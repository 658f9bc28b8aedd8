//! DistilBERT: BERT without segments, under names of its own.
//! Reference: `DistilBertModel` and the classes with heads in Transformers, `modeling_distilbert.py`.

use super::encoder::{ANSWER, Heads, PostNorm, Sizes, TAGS, dense, head, post_norm};
use super::{Family, Map, from};
use crate::kernels::Activation;
use crate::model::classes::ClassActivation;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "distilbert",
    architectures: &["DistilBertModel", "DistilBertForMaskedLM"],
    prefixes: &["distilbert.", ""],
    spec,
    weights: &[WEIGHTS, MASKED],
};
pub(super) const CLASSES: Family = Family {
    architectures: &["DistilBertForSequenceClassification", "DistilBertForMultipleChoice"],
    weights: &[WEIGHTS, CLASSIFIER],
    ..FAMILY
};
pub(super) const TAGGER: Family =
    Family { architectures: &["DistilBertForTokenClassification"], weights: &[WEIGHTS, TAGS], ..FAMILY };
pub(super) const ANSWERS: Family =
    Family { architectures: &["DistilBertForQuestionAnswering"], weights: &[WEIGHTS, ANSWER], ..FAMILY };

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embeddings.word_embeddings.weight"),
    from("pos_embed.W_pos", "embeddings.position_embeddings.weight"),
    from("embed.ln.w", "embeddings.LayerNorm.weight"),
    from("embed.ln.b", "embeddings.LayerNorm.bias"),
    from("blocks.{l}.attn.W_Q", "transformer.layer.{l}.attention.q_lin.weight").turned(),
    from("blocks.{l}.attn.b_Q", "transformer.layer.{l}.attention.q_lin.bias"),
    from("blocks.{l}.attn.W_K", "transformer.layer.{l}.attention.k_lin.weight").turned(),
    from("blocks.{l}.attn.b_K", "transformer.layer.{l}.attention.k_lin.bias"),
    from("blocks.{l}.attn.W_V", "transformer.layer.{l}.attention.v_lin.weight").turned(),
    from("blocks.{l}.attn.b_V", "transformer.layer.{l}.attention.v_lin.bias"),
    from("blocks.{l}.attn.W_O", "transformer.layer.{l}.attention.out_lin.weight").turned(),
    from("blocks.{l}.attn.b_O", "transformer.layer.{l}.attention.out_lin.bias"),
    from("blocks.{l}.ln1.w", "transformer.layer.{l}.sa_layer_norm.weight"),
    from("blocks.{l}.ln1.b", "transformer.layer.{l}.sa_layer_norm.bias"),
    from("blocks.{l}.mlp.W_in", "transformer.layer.{l}.ffn.lin1.weight").turned(),
    from("blocks.{l}.mlp.b_in", "transformer.layer.{l}.ffn.lin1.bias"),
    from("blocks.{l}.mlp.W_out", "transformer.layer.{l}.ffn.lin2.weight").turned(),
    from("blocks.{l}.mlp.b_out", "transformer.layer.{l}.ffn.lin2.bias"),
    from("blocks.{l}.ln2.w", "transformer.layer.{l}.output_layer_norm.weight"),
    from("blocks.{l}.ln2.b", "transformer.layer.{l}.output_layer_norm.bias"),
];

const MASKED: &[Map] = &[
    from("head.W", "vocab_transform.weight").turned(),
    from("head.b", "vocab_transform.bias"),
    from("head.ln.w", "vocab_layer_norm.weight"),
    from("head.ln.b", "vocab_layer_norm.bias"),
    from("unembed.W_U", "vocab_projector.weight").turned().or("embeddings.word_embeddings.weight"),
    from("unembed.b_U", "vocab_projector.bias").optional(),
];

const CLASSIFIER: &[Map] = &[
    from("head.0.W", "pre_classifier.weight").turned(),
    from("head.0.b", "pre_classifier.bias"),
    from("head.1.W", "classifier.weight").turned(),
    from("head.1.b", "classifier.bias"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let sizes = Sizes {
        width: ("dim", 768),
        heads: ("n_heads", 12),
        layers: ("n_layers", 6),
        mlp: ("hidden_dim", 3072),
        token_types: 0,
        activation: ("activation", Activation::Gelu),
        ..Sizes::BERT
    };
    let PostNorm { mut spec, activation, norm } = post_norm(config, "distilbert", &sizes)?;
    let heads = Heads {
        masked: (activation, norm),
        classes: &[dense(spec.width, ClassActivation::Mlp(Activation::Relu))],
        tags: &[],
        pair: None,
    };
    spec.head = head(config, &heads)?;
    Ok(spec)
}
