//! RoBERTa, XLM-R, CamemBERT and data2vec: BERT's blocks, positions that skip padding, a head of their own.
//! Reference: `RobertaModel` and the classes with heads in Transformers, `modeling_roberta.py`.

use super::bert;
use super::encoder::{ANSWER, CLASSIFIER, Heads, PostNorm, Sizes, TAGS, dense, head, post_norm};
use super::{Family, Map, from};
use crate::kernels::Activation;
use crate::model::classes::{ClassActivation, ClassLayer};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{ModelSpec, NormSpec, Positions};

pub(super) const FAMILY: Family = Family {
    model_type: "roberta",
    architectures: &[
        "RobertaModel",
        "RobertaForMaskedLM",
        "RobertaForCausalLM",
        "XLMRobertaModel",
        "XLMRobertaForMaskedLM",
        "XLMRobertaForCausalLM",
        "CamembertModel",
        "CamembertForMaskedLM",
        "CamembertForCausalLM",
    ],
    prefixes: &["roberta.", ""],
    spec: |config| spec(config, "roberta", 50_265),
    weights: &[bert::WEIGHTS, bert::PROJECTIONS, bert::OUTPUTS, MASKED],
};
/// Trained otherwise, and called otherwise.
pub(super) const DATA2VEC: Family = Family {
    model_type: "data2vec-text",
    architectures: &["Data2VecTextModel", "Data2VecTextForMaskedLM", "Data2VecTextForCausalLM"],
    prefixes: &["data2vec_text.", ""],
    spec: |config| spec(config, "data2vec-text", 30_522),
    ..FAMILY
};
pub(super) const DATA2VEC_CLASSES: Family = Family {
    architectures: &["Data2VecTextForSequenceClassification"],
    weights: CLASSES.weights,
    ..DATA2VEC
};
pub(super) const DATA2VEC_CHOICES: Family =
    Family { architectures: &["Data2VecTextForMultipleChoice"], weights: CHOICES.weights, ..DATA2VEC };
pub(super) const DATA2VEC_TAGGER: Family =
    Family { architectures: &["Data2VecTextForTokenClassification"], weights: TAGGER.weights, ..DATA2VEC };
pub(super) const DATA2VEC_ANSWERS: Family =
    Family { architectures: &["Data2VecTextForQuestionAnswering"], weights: ANSWERS.weights, ..DATA2VEC };
/// Only its name is XLM-R's own.
pub(super) const XLM: Family = Family { model_type: "xlm-roberta", architectures: &[], ..FAMILY };
pub(super) const CLASSES: Family = Family {
    architectures: &[
        "RobertaForSequenceClassification",
        "XLMRobertaForSequenceClassification",
        "CamembertForSequenceClassification",
    ],
    weights: &[bert::WEIGHTS, bert::PROJECTIONS, bert::OUTPUTS, CLASSIFIER],
    ..FAMILY
};
pub(super) const TAGGER: Family = Family {
    architectures: &[
        "RobertaForTokenClassification",
        "XLMRobertaForTokenClassification",
        "CamembertForTokenClassification",
    ],
    weights: &[bert::WEIGHTS, bert::PROJECTIONS, bert::OUTPUTS, TAGS],
    ..FAMILY
};
/// These read the pooler that the others leave out.
pub(super) const CHOICES: Family = Family {
    architectures: &["RobertaForMultipleChoice", "XLMRobertaForMultipleChoice", "CamembertForMultipleChoice"],
    weights: &[bert::WEIGHTS, bert::PROJECTIONS, bert::OUTPUTS, bert::POOLED],
    ..FAMILY
};
pub(super) const ANSWERS: Family = Family {
    architectures: &[
        "RobertaForQuestionAnswering",
        "XLMRobertaForQuestionAnswering",
        "CamembertForQuestionAnswering",
    ],
    weights: &[bert::WEIGHTS, bert::PROJECTIONS, bert::OUTPUTS, ANSWER],
    ..FAMILY
};

pub(super) const MASKED: &[Map] = &[
    from("head.W", "lm_head.dense.weight").turned(),
    from("head.b", "lm_head.dense.bias"),
    from("head.ln.w", "lm_head.layer_norm.weight"),
    from("head.ln.b", "lm_head.layer_norm.bias"),
    from("unembed.W_U", "lm_head.decoder.weight").turned().or("embeddings.word_embeddings.weight"),
    from("unembed.b_U", "lm_head.decoder.bias").or("lm_head.bias").optional(),
];

fn spec(config: &Config, family: &str, vocab: usize) -> Result<ModelSpec, SpecError> {
    let padding = config.index_or("pad_token_id", 1)?;
    let PostNorm { mut spec, norm, .. } = post_norm(config, family, &Sizes { vocab, ..Sizes::BERT })?;
    skip_padding(&mut spec, padding)?;
    spec.head = head(config, &heads(norm, &[dense(spec.width, ClassActivation::Tanh)]))?;
    Ok(spec)
}

/// Positions are counted from the row behind the padding token's id on, and padding tokens keep that row.
pub(super) fn skip_padding(spec: &mut ModelSpec, padding: usize) -> Result<(), SpecError> {
    let rows = spec.context.unwrap_or_default();
    spec.embedding.positions = Positions::LearnedPast { padding };
    spec.context =
        Some(rows.checked_sub(padding + 1).filter(|&n| n > 0).ok_or_else(|| SpecError::Value {
            key: "max_position_embeddings".into(),
            found: rows.to_string(),
            expected: "more rows than the padding token's id and one",
        })?);
    Ok(())
}

/// Gelu in the masked-word head, whatever the blocks have.
pub(super) fn heads(norm: NormSpec, classes: &[ClassLayer]) -> Heads<'_> {
    Heads { masked: (Activation::Gelu, norm), classes, tags: &[], pair: None }
}
