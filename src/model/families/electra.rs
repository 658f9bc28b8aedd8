//! ELECTRA: BERT with embeddings narrower than the model; a generator, and a discriminator that says of each token
//! whether it was replaced.
//! Reference: `ElectraModel`, `ElectraForPreTraining`, `ElectraForMaskedLM`… in Transformers, `modeling_electra.py`.

use super::bert;
use super::encoder::{
    ANSWER, CLASSIFIER, Heads, PostNorm, Sizes, TAGS, dense, head, narrow_embedding, post_norm,
};
use super::{Family, Map, from};
use crate::kernels::Activation;
use crate::model::classes::{ClassActivation, ClassHead, Outcome, Pooling};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{HeadSpec, ModelSpec};

pub(super) const FAMILY: Family = Family {
    model_type: "electra",
    architectures: &["ElectraModel", "ElectraForMaskedLM", "ElectraForCausalLM"],
    prefixes: &["electra.", ""],
    spec,
    weights: &[bert::WEIGHTS, PROJECTION, bert::PROJECTIONS, bert::OUTPUTS, MASKED],
};
pub(super) const DISCRIMINATOR: Family = Family {
    architectures: &["ElectraForPreTraining"],
    weights: &[bert::WEIGHTS, PROJECTION, bert::PROJECTIONS, bert::OUTPUTS, JUDGE],
    ..FAMILY
};
pub(super) const CLASSES: Family = Family {
    architectures: &["ElectraForSequenceClassification"],
    weights: &[bert::WEIGHTS, PROJECTION, bert::PROJECTIONS, bert::OUTPUTS, CLASSIFIER],
    ..FAMILY
};
/// What stands between is called otherwise here.
pub(super) const CHOICES: Family = Family {
    architectures: &["ElectraForMultipleChoice"],
    weights: &[bert::WEIGHTS, PROJECTION, bert::PROJECTIONS, bert::OUTPUTS, SUMMARY],
    ..FAMILY
};
pub(super) const TAGGER: Family = Family {
    architectures: &["ElectraForTokenClassification"],
    weights: &[bert::WEIGHTS, PROJECTION, bert::PROJECTIONS, bert::OUTPUTS, TAGS],
    ..FAMILY
};
pub(super) const ANSWERS: Family = Family {
    architectures: &["ElectraForQuestionAnswering"],
    weights: &[bert::WEIGHTS, PROJECTION, bert::PROJECTIONS, bert::OUTPUTS, ANSWER],
    ..FAMILY
};

const PROJECTION: &[Map] = &[
    from("embed.W_in", "embeddings_project.weight").turned(),
    from("embed.b_in", "embeddings_project.bias"),
];

const MASKED: &[Map] = &[
    from("head.W", "generator_predictions.dense.weight").turned(),
    from("head.b", "generator_predictions.dense.bias"),
    from("head.ln.w", "generator_predictions.LayerNorm.weight"),
    from("head.ln.b", "generator_predictions.LayerNorm.bias"),
    from("unembed.W_U", "generator_lm_head.weight").turned().or("embeddings.word_embeddings.weight"),
    from("unembed.b_U", "generator_lm_head.bias").optional(),
];

const JUDGE: &[Map] = &[
    from("head.0.W", "discriminator_predictions.dense.weight").turned(),
    from("head.0.b", "discriminator_predictions.dense.bias"),
    from("head.1.W", "discriminator_predictions.dense_prediction.weight").turned(),
    from("head.1.b", "discriminator_predictions.dense_prediction.bias"),
];

const SUMMARY: &[Map] = &[
    from("head.0.W", "sequence_summary.summary.weight").turned(),
    from("head.0.b", "sequence_summary.summary.bias"),
    from("head.1.W", "classifier.weight").turned(),
    from("head.1.b", "classifier.bias"),
];

/// What `ElectraForMultipleChoice` makes of the first token's vector.
fn summary(config: &Config) -> Result<ClassActivation, SpecError> {
    config.must_be("summary_type", "first", "first (the only kind that is read)")?;
    if !config.flag_or("summary_use_proj", true)? {
        return Err(SpecError::Value {
            key: "summary_use_proj".into(),
            found: "false".into(),
            expected: "true (the only kind that is read)",
        });
    }
    if config.is_null("summary_activation") || config.word("summary_activation")? == Some("") {
        return Ok(ClassActivation::Linear);
    }
    Ok(ClassActivation::Mlp(config.activation_or("summary_activation", Activation::Gelu)?))
}

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let sizes = Sizes {
        width: ("hidden_size", 256),
        heads: ("num_attention_heads", 4),
        mlp: ("intermediate_size", 1024),
        ..Sizes::BERT
    };
    let PostNorm { mut spec, activation, norm } = post_norm(config, "electra", &sizes)?;
    narrow_embedding(config, &mut spec, false)?;
    let width = spec.width;
    let choice = config.architecture() == Some("ElectraForMultipleChoice");
    let between = if choice { summary(config)? } else { ClassActivation::Mlp(Activation::Gelu) };
    let heads =
        Heads { masked: (Activation::Gelu, norm), classes: &[dense(width, between)], tags: &[], pair: None };
    spec.head = match config.architecture() {
        Some("ElectraForPreTraining") => HeadSpec::Classes(ClassHead::new(
            Pooling::Each,
            vec![dense(width, ClassActivation::Mlp(activation)), dense(1, ClassActivation::Linear)],
            Outcome::AnyOf,
            vec!["original".into(), "replaced".into()],
        )),
        _ => head(config, &heads)?,
    };
    Ok(spec)
}
