//! What a run says in the end: the head's logits, and what they mean.

use super::prompt::LogitRows;
use crate::model::{HeadSpec, Model, Outcome, Tokenizer};
use crate::trace::{AnswerSpan, CANDIDATES, Candidate, Trace};
use std::sync::Arc;

/// Answers that a trace keeps.
const ANSWERS: usize = 8;

/// Computes the logits that were asked for, and what the head says: candidates, classes, answers, or a vector.
pub(super) fn answer(model: &Model, trace: &mut Trace, rows: LogitRows) {
    let mask = model.tokenizer.as_ref().and_then(Tokenizer::mask);
    let at = match trace.spec.head {
        HeadSpec::None | HeadSpec::Classes(_) | HeadSpec::Sentence(_) => None,
        HeadSpec::NextToken => Some(trace.n_tokens() - 1),
        HeadSpec::MaskedToken { .. } if trace.spec.generates() => Some(trace.n_tokens() - 1),
        HeadSpec::MaskedToken { .. } => trace.tokens.iter().position(|token| Some(token.id) == mask),
    };
    let resid = trace.resid(trace.n_layers());
    let (mut classes, mut answers) = (Vec::new(), Vec::new());
    match &trace.spec.head {
        HeadSpec::Classes(head) if head.outcome == Outcome::Span => {
            let (logits, first) = (model.network.class_logits(resid), trace.second.unwrap_or(0));
            let tokens = trace.tokens_of(trace.answer_side());
            answers = AnswerSpan::best(&trace.prompt, tokens, &logits, first, ANSWERS);
        }
        _ => classes = trace.class_rows(&model.network),
    }
    let vector = model.network.sentence(resid);
    let logits = match (rows, at) {
        (LogitRows::All, _) => trace.logits_of(&model.network, 0..trace.n_tokens()),
        (LogitRows::Answer, Some(at)) => trace.logits_of(&model.network, at..at + 1),
        (LogitRows::Answer, None) => Vec::new(),
    };
    let row = at.filter(|_| !logits.is_empty()).map(|at| {
        let vocab = trace.spec.vocab;
        let row = if rows == LogitRows::All { at } else { 0 };
        &logits[row * vocab..(row + 1) * vocab]
    });
    trace.classes = Arc::new(classes);
    trace.answers = Arc::new(answers);
    trace.vector = Arc::new(vector);
    trace.next = Arc::new(row.map_or_else(Vec::new, |row| Candidate::best(model, row, CANDIDATES)));
    trace.has_nan |= row.is_some_and(|row| row.iter().any(|x| x.is_nan()));
    trace.answer_at = at;
    trace.logits = Arc::new(logits);
}
