//! The answer that a model marks in what it read.

use crate::model::{Token, probabilities};
use std::ops::Range;

/// Most tokens of an answer.
const LONGEST: usize = 15;

/// A stretch of the prompt that answers a question.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AnswerSpan {
    /// Its tokens
    pub tokens: Range<usize>,
    /// What it says
    pub text: String,
    /// p(start)·p(end), each a softmax over the tokens that may answer
    pub p: f32,
}

impl AnswerSpan {
    /// The `k` most likely answers, best first: of at most 15 tokens, and each of tokens that no better one has.
    ///
    /// `logits` are start and end, [token, 2]; only tokens from `first` on may answer, and of those only such as
    /// stand for text, where any do.
    pub fn best(prompt: &str, tokens: &[Token], logits: &[f32], first: usize, k: usize) -> Vec<Self> {
        let written = |index: &usize| !tokens[*index].span.is_empty();
        let mut may: Vec<usize> = (first.min(tokens.len())..tokens.len()).filter(written).collect();
        if may.is_empty() {
            may = (first.min(tokens.len())..tokens.len()).collect();
        }
        let column = |at: usize| {
            let logits: Vec<f32> =
                may.iter().filter_map(|&index| logits.get(2 * index + at).copied()).collect();
            probabilities(&logits, 1.0)
        };
        let (start, end) = (column(0), column(1));
        if start.len() != may.len() || end.len() != may.len() {
            return Vec::new();
        }
        let near = |from: usize| (from..may.len().min(from + LONGEST)).map(move |to| (from, to));
        let mut spans: Vec<_> = (0..may.len()).flat_map(near).collect();
        let p = |&(from, to): &(usize, usize)| start[from] * end[to];
        spans.sort_by(|a, b| p(b).total_cmp(&p(a)));
        let mut answers: Vec<Self> = Vec::new();
        for span in spans {
            let range = may[span.0]..may[span.1] + 1;
            let apart = |own: &Self| own.tokens.end <= range.start || range.end <= own.tokens.start;
            if answers.len() == k {
                break;
            }
            if answers.iter().all(apart) {
                let text = text_of(prompt, &tokens[range.clone()]);
                answers.push(Self { tokens: range, text, p: p(&span) as f32 });
            }
        }
        answers
    }
}

/// The prompt's own characters where tokens know them, else the tokens' texts.
fn text_of(prompt: &str, tokens: &[Token]) -> String {
    let ends = tokens.first().zip(tokens.last());
    let own = ends.and_then(|(first, last)| prompt.get(first.span.start..last.span.end));
    match own.filter(|own| !own.is_empty()) {
        Some(own) => own.split_whitespace().collect::<Vec<_>>().join(" "),
        None => tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" "),
    }
}
