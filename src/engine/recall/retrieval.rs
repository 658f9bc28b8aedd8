//! Retrieval scores: which heads look at the very token that is copied?

use super::templates::Question;
use crate::model::HeadId;
use crate::trace::Trace;

/// Share of the answer's tokens that each head copies from the fact, in [0, 1], heads in the order of `heads`.
///
/// - for every token w of the answer, at the query that says it: a head earns 1/|answer| where the key that it looks
///   at most, j, lies within the needle, the place where the fact tells the answer, and token j is w
/// - the answer's own tokens are fed, so of a question that is answered rightly this is greedy decoding
/// - source: Wu et al. 2024, *Retrieval Head Mechanistically Explains Long-Context Factuality*, equation 1: |g ∩ k| / |k|
///   with g the tokens a head copies and k the needle
pub(super) fn retrieval(trace: &Trace, question: &Question, heads: &[HeadId]) -> Vec<f64> {
    let Question { prompt, answer, needle, .. } = question;
    let copies = |head: HeadId, index: usize, id: u32| {
        let row = trace.pattern(head).row(prompt.len() - 1 + index);
        let most = (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
        most.is_some_and(|key| needle.contains(&key) && prompt.get(key) == Some(&id))
    };
    let score = |&head: &HeadId| {
        let copied = answer.iter().enumerate().filter(|&(index, &id)| copies(head, index, id)).count();
        copied as f64 / answer.len() as f64
    };
    heads.iter().map(score).collect()
}
