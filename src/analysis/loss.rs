//! How surprised a model is by each token of a text, in bits.

use crate::model::Network;
use crate::trace::Trace;
use std::ops::ControlFlow;

/// Rows whose logits are held at once: a vocabulary can be 150 000 wide.
const ROWS: usize = 32;

/// Natural logarithm of the probability that logits give one token.
///
/// `None` where there is no such token, or where a logit is no number.
pub fn log_probability(logits: &[f32], id: u32) -> Option<f64> {
    let own = f64::from(*logits.get(id as usize)?);
    let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits.iter().map(|&x| (f64::from(x) - max).exp()).sum();
    let log = own - max - sum.ln();
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
    let (width, vocab, n) = (trace.spec.width, trace.spec.vocab, trace.n_tokens());
    if !trace.spec.generates() {
        return None;
    }
    let resid = trace.resid(trace.n_layers());
    let mut losses = Vec::with_capacity(n.saturating_sub(1));
    for start in (0..n.saturating_sub(1)).step_by(ROWS) {
        if progress(start as f32 / n as f32).is_break() {
            return None;
        }
        let end = (start + ROWS).min(n - 1);
        let logits = network.logits(&resid[start * width..end * width]);
        for (row, token) in logits.chunks_exact(vocab).zip(&trace.tokens[start + 1..]) {
            let log = log_probability(row, token.id).unwrap_or(f64::NAN);
            losses.push(-log / std::f64::consts::LN_2);
        }
    }
    Some(losses)
}

/// Mean of numbers; NaN where there are none.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
