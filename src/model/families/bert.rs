//! BERT: post-norm encoder with learned positions and segments; with any of its heads, and as a decoder; ERNIE.
//! Reference: `BertModel`, `BertForMaskedLM`, `BertForSequenceClassification`… in Transformers, `modeling_bert.py`,
//! `modeling_ernie.py`.

use super::encoder::{ANSWER, Heads, PostNorm, Sizes, TAGS, dense, head, post_norm};
use super::{Family, Map, from};
use crate::model::classes::ClassActivation;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "bert",
    architectures: &["BertModel", "BertForMaskedLM", "BertForPreTraining", "BertLMHeadModel"],
    prefixes: &["bert.", ""],
    spec: |config| spec(config, "bert"),
    weights: &[WEIGHTS, PROJECTIONS, OUTPUTS, MASKED, PAIR],
};
pub(super) const CLASSES: Family = Family {
    architectures: &["BertForSequenceClassification", "BertForMultipleChoice"],
    weights: &[WEIGHTS, PROJECTIONS, OUTPUTS, POOLED],
    ..FAMILY
};
pub(super) const NEXT: Family = Family {
    architectures: &["BertForNextSentencePrediction"],
    weights: &[WEIGHTS, PROJECTIONS, OUTPUTS, NEXT_SENTENCE],
    ..FAMILY
};
pub(super) const TAGGER: Family = Family {
    architectures: &["BertForTokenClassification"],
    weights: &[WEIGHTS, PROJECTIONS, OUTPUTS, TAGS],
    ..FAMILY
};
pub(super) const ANSWERS: Family = Family {
    architectures: &["BertForQuestionAnswering"],
    weights: &[WEIGHTS, PROJECTIONS, OUTPUTS, ANSWER],
    ..FAMILY
};

/// Baidu's: BERT but for its names, where it does not tell tasks apart.
pub(super) const ERNIE: Family = Family {
    model_type: "ernie",
    architectures: &["ErnieModel", "ErnieForMaskedLM", "ErnieForPreTraining", "ErnieForCausalLM"],
    prefixes: &["ernie.", ""],
    spec: ernie,
    ..FAMILY
};
pub(super) const ERNIE_CLASSES: Family = Family {
    architectures: &["ErnieForSequenceClassification", "ErnieForMultipleChoice"],
    weights: CLASSES.weights,
    ..ERNIE
};
pub(super) const ERNIE_NEXT: Family =
    Family { architectures: &["ErnieForNextSentencePrediction"], weights: NEXT.weights, ..ERNIE };
pub(super) const ERNIE_TAGGER: Family =
    Family { architectures: &["ErnieForTokenClassification"], weights: TAGGER.weights, ..ERNIE };
pub(super) const ERNIE_ANSWERS: Family =
    Family { architectures: &["ErnieForQuestionAnswering"], weights: ANSWERS.weights, ..ERNIE };

pub(super) const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embeddings.word_embeddings.weight"),
    from("pos_embed.W_pos", "embeddings.position_embeddings.weight"),
    from("embed.W_type", "embeddings.token_type_embeddings.weight"),
    from("embed.ln.w", "embeddings.LayerNorm.weight"),
    from("embed.ln.b", "embeddings.LayerNorm.bias"),
];

pub(super) const PROJECTIONS: &[Map] = &[
    from("blocks.{l}.attn.W_Q", "encoder.layer.{l}.attention.self.query.weight").turned(),
    from("blocks.{l}.attn.b_Q", "encoder.layer.{l}.attention.self.query.bias"),
    from("blocks.{l}.attn.W_K", "encoder.layer.{l}.attention.self.key.weight").turned(),
    from("blocks.{l}.attn.b_K", "encoder.layer.{l}.attention.self.key.bias"),
    from("blocks.{l}.attn.W_V", "encoder.layer.{l}.attention.self.value.weight").turned(),
    from("blocks.{l}.attn.b_V", "encoder.layer.{l}.attention.self.value.bias"),
];

/// What follows the heads.
pub(super) const OUTPUTS: &[Map] = &[
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
];

pub(super) const MASKED: &[Map] = &[
    from("head.W", "cls.predictions.transform.dense.weight").turned(),
    from("head.b", "cls.predictions.transform.dense.bias"),
    from("head.ln.w", "cls.predictions.transform.LayerNorm.weight"),
    from("head.ln.b", "cls.predictions.transform.LayerNorm.bias"),
    from("unembed.W_U", "cls.predictions.decoder.weight").turned().or("embeddings.word_embeddings.weight"),
    from("unembed.b_U", "cls.predictions.decoder.bias").or("cls.predictions.bias").optional(),
];

pub(super) const POOLED: &[Map] = &[
    from("head.0.W", "pooler.dense.weight").turned(),
    from("head.0.b", "pooler.dense.bias"),
    from("head.1.W", "classifier.weight").turned(),
    from("head.1.b", "classifier.bias"),
];

/// Whether the second text follows the first: beside the words, which older files have without it…
pub(super) const PAIR: &[Map] = &[
    from("pair.0.W", "pooler.dense.weight").turned().optional(),
    from("pair.0.b", "pooler.dense.bias").optional(),
    from("pair.1.W", "cls.seq_relationship.weight").turned().optional(),
    from("pair.1.b", "cls.seq_relationship.bias").optional(),
];
/// …and alone.
const NEXT_SENTENCE: &[Map] = &[
    from("head.0.W", "pooler.dense.weight").turned(),
    from("head.0.b", "pooler.dense.bias"),
    from("head.1.W", "cls.seq_relationship.weight").turned(),
    from("head.1.b", "cls.seq_relationship.bias"),
];

fn ernie(config: &Config) -> Result<ModelSpec, SpecError> {
    if config.flag_or("use_task_id", false)? {
        return Err(SpecError::Value {
            key: "use_task_id".into(),
            found: "true".into(),
            expected: "false (tasks are not told apart)",
        });
    }
    spec(config, "ernie")
}

fn spec(config: &Config, family: &str) -> Result<ModelSpec, SpecError> {
    with_heads(config, post_norm(config, family, &Sizes::BERT)?)
}

/// With whichever of BERT's heads the class has.
pub(super) fn with_heads(config: &Config, bare: PostNorm) -> Result<ModelSpec, SpecError> {
    let PostNorm { mut spec, activation, norm } = bare;
    let heads = Heads {
        masked: (activation, norm),
        classes: &[dense(spec.width, ClassActivation::Tanh)],
        tags: &[],
        pair: Some(["IsNext", "NotNext"]),
    };
    spec.head = head(config, &heads)?;
    Ok(spec)
}
