//! How surprised a model is by each token of a text, in bits.

use crate::model::Network;
use crate::trace::Trace;
use std::ops::{ControlFlow, Range};

/// Rows whose logits are held at once: a vocabulary can be 150 000 wide.
pub(super) const ROWS: usize = 32;

/// ln Σ exp of logits, in double precision.
pub(super) fn log_sum(logits: &[f32]) -> f64 {
    let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    max + logits.iter().map(|&logit| (f64::from(logit) - max).exp()).sum::<f64>().ln()
}

/// Shows what the model says at each of these tokens: the token, its logits [vocab].
///
/// `None` where the model has no head that scores tokens, or where `progress` (told the share done) breaks off.
pub(super) fn each_answer(
    network: &Network,
    trace: &Trace,
    tokens: Range<usize>,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
    see: &mut dyn FnMut(usize, &[f32]),
) -> Option<()> {
    let vocab = trace.spec.vocab;
    for start in tokens.clone().step_by(ROWS) {
        if progress((start - tokens.start) as f32 / tokens.len() as f32).is_break() {
            return None;
        }
        let end = (start + ROWS).min(tokens.end);
        let logits = trace.logits_of(network, start..end);
        if logits.is_empty() {
            return None;
        }
        (start..).zip(logits.chunks_exact(vocab)).for_each(|(token, row)| see(token, row));
    }
    Some(())
}

/// Natural logarithm of the probability that logits give one token.
///
/// `None` where there is no such token, or where a logit is no number.
pub fn log_probability(logits: &[f32], id: u32) -> Option<f64> {
    let own = f64::from(*logits.get(id as usize)?);
    let log = own - log_sum(logits);
    (!log.is_nan()).then_some(log)
}

/// −log₂ p(token | all before it) of every token but the first, [token − 1], in bits.
///
/// `None` where the model gives no next token, or where `progress` (told the share done) breaks off.
pub fn losses(
    network: &Network,
    trace: &Trace,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Option<Vec<f64>> {
    if !trace.spec.generates() {
        return None;
    }
    let announcing = trace.n_tokens().saturating_sub(1);
    let mut losses = Vec::with_capacity(announcing);
    each_answer(network, trace, 0..announcing, progress, &mut |token, row| {
        let log = log_probability(row, trace.tokens[token + 1].id).unwrap_or(f64::NAN);
        losses.push(-log / std::f64::consts::LN_2);
    })?;
    Some(losses)
}

/// Mean of numbers; NaN where there are none.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
