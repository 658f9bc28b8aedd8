//! Heads that any text-writing family may wear: classes of a text (`score`), of each token, or an answer span.
//! Reference: `GenericForSequenceClassification` and its neighbours in Transformers, `modeling_layers.py`;
//! `BartForSequenceClassification`, `MBartForQuestionAnswering`, `T5ForTokenClassification` and theirs.

use super::encoder::{dense, n_classes, outcome};
use super::{Map, from};
use crate::model::classes::{ClassActivation, ClassHead, ClassLayer, Outcome, Pooling};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{HeadSpec, ModelSpec};

/// What a class's name ends in, and what its last layer is called in decoders.
const ENDS: &[&str] = &["ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering"];
/// Encoder–decoders whose target, when they classify, is the source moved on by one.
const MOVED_ON: &[&str] = &["Bart", "MBart", "T5", "MT5", "UMT5"];
/// Those of them whose target begins with the source's last token.
const WRAPS: &[&str] = &["MBart"];

/// Of a decoder: one layer.
const SCORE: &[Map] = &[
    from("head.0.W", "score.weight").turned().or("classifier.weight").or("qa_outputs.weight"),
    from("head.0.b", "score.bias").or("classifier.bias").or("qa_outputs.bias").optional(),
];

/// The same where the residual stream is projected onto the embeddings' width first.
const PROJECTED: &[Map] = &[
    from("head.0.W", "project_out.weight").turned(),
    from("head.1.W", "score.weight").turned().or("classifier.weight").or("qa_outputs.weight"),
    from("head.1.b", "score.bias").or("classifier.bias").or("qa_outputs.bias").optional(),
];

/// Of an encoder–decoder: two.
const CLASSIFICATION_HEAD: &[Map] = &[
    from("head.0.W", "classification_head.dense.weight").turned(),
    from("head.0.b", "classification_head.dense.bias"),
    from("head.1.W", "classification_head.out_proj.weight").turned(),
    from("head.1.b", "classification_head.out_proj.bias"),
];

/// The weights of such a head.
pub(super) fn weights(spec: &ModelSpec) -> &'static [Map] {
    let tokens = matches!(&spec.head, HeadSpec::Classes(head) if head.pooling == Pooling::Each);
    match (&spec.encoder, narrower(spec)) {
        (Some(_), _) if !tokens => CLASSIFICATION_HEAD,
        (None, Some(_)) => PROJECTED,
        _ => SCORE,
    }
}

/// The other classes of the family that a class with such a head belongs to; empty for other classes.
pub(super) fn kin(class: &str) -> Vec<String> {
    let stem = ENDS.iter().find_map(|end| class.strip_suffix(end));
    // Of an encoder–decoder, not its decoder alone; tags are the encoder's
    let first = if class.ends_with(ENDS[1]) { "EncoderModel" } else { "ForConditionalGeneration" };
    let ends = [first, "ForCausalLM", "LMHeadModel", "Model"];
    stem.into_iter().flat_map(|stem| ends.map(|end| format!("{stem}{end}"))).collect()
}

/// The width that such a head reads, where it is not the residual stream's: that of embeddings which are projected
/// onto it by themselves.
fn narrower(spec: &ModelSpec) -> Option<usize> {
    spec.embedding.projection.filter(|projection| !projection.whole_sum).map(|projection| projection.width)
}

/// The head of such a class; `None` where the family's blocks cannot wear it.
pub(super) fn head(config: &Config, class: &str, spec: &ModelSpec) -> Result<Option<HeadSpec>, SpecError> {
    let last = |outputs| ClassLayer::Dense { outputs, activation: ClassActivation::Linear };
    let layers = |outputs| narrower(spec).map(last).into_iter().chain([last(outputs)]).collect();
    let whole = class.ends_with(ENDS[0]);
    let labels = config.labels();
    let classes = n_classes(config)?;
    let head = if spec.encoder.is_some() {
        let stem = class.strip_suffix(if whole { ENDS[0] } else { ENDS[2] }).unwrap_or_default();
        if !MOVED_ON.contains(&stem) {
            return Ok(None);
        }
        let (end, padding) = (config.id("eos_token_id"), config.id("pad_token_id"));
        let wraps = WRAPS.contains(&stem);
        let text = ClassHead { padding, end, wraps, ..ClassHead::LAST };
        if whole {
            let layers = vec![dense(spec.width, ClassActivation::Tanh), last(classes)];
            ClassHead { layers, labels, outcome: outcome(config, classes)?, ..text }
        } else {
            ClassHead { pooling: Pooling::Each, layers: vec![last(2)], outcome: Outcome::Span, ..text }
        }
    } else if !spec.is_causal() && !class.ends_with(ENDS[1]) {
        return Ok(None);
    } else if whole {
        let padding = config.id("pad_token_id");
        let layers = layers(classes);
        ClassHead { layers, labels, outcome: outcome(config, classes)?, padding, ..ClassHead::LAST }
    } else if class.ends_with(ENDS[1]) {
        ClassHead { pooling: Pooling::Each, layers: layers(classes), labels, ..ClassHead::LAST }
    } else {
        let (pooling, outcome) = (Pooling::Each, Outcome::Span);
        ClassHead { pooling, outcome, layers: layers(2), ..ClassHead::LAST }
    };
    Ok(Some(HeadSpec::Classes(head)))
}
