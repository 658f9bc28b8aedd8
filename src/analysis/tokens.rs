//! What each token of a run is like: the attention it received, how surprising it came, how open it leaves what follows.

use super::loss::{ROWS, each_answer, log_probability};
use crate::model::{HeadId, Network};
use crate::trace::{Side, Token, Trace};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// What tokens are tinted by.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Tint {
    /// The weight that one row of a head gives them.
    #[default]
    Row,
    /// The mean weight that they received from one head.
    Received,
    /// The same from all heads.
    ReceivedAll,
    /// How surprising they came.
    Loss,
    /// How open they left what follows.
    Entropy,
}

impl Tint {
    /// Whether its numbers are bits, not weights.
    pub fn is_bits(self) -> bool {
        matches!(self, Self::Loss | Self::Entropy)
    }
}

/// What stands under each token.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Beneath {
    /// Nothing.
    #[default]
    Nothing,
    /// Its id.
    Ids,
    /// Its bytes.
    Bytes,
}

/// Each token's number under a tint other than [`Tint::Row`], [token]; none of one that has no such number.
///
/// - `head`: whose attention [`Tint::Received`] counts
/// - `None` where no token has one, where the model does not say (loss and entropy take `network`), or where `progress`
///   (told the share done) breaks off
pub fn tinted(
    network: Option<&Network>,
    trace: &Trace,
    side: Side,
    (tint, head): (Tint, HeadId),
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Option<Vec<Option<f64>>> {
    let values: Vec<Option<f64>> = if tint.is_bits() {
        let said = predicted(network.filter(|_| side == Side::Target)?, trace, progress)?;
        if tint == Tint::Loss { said.loss } else { said.entropy.into_iter().map(Some).collect() }
    } else {
        let mut heads = heads_over(trace, side);
        heads.retain(|own| tint == Tint::ReceivedAll || head == *own);
        let mass = received(trace, &heads, side, progress).filter(|_| !heads.is_empty())?;
        mass.into_iter().map(Some).collect()
    };
    values.iter().any(Option::is_some).then_some(values)
}

/// A token's bytes as hexadecimal numbers, `20 62`, so many at most.
pub fn hex(token: &Token, most: usize) -> String {
    let bytes = token.bytes();
    let shown: Vec<String> = bytes.iter().take(most).map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes.len() > most { "…" } else { "" };
    format!("{}{more}", shown.join(" "))
}

/// Heads whose keys are tokens of one text, by layer.
pub fn heads_over(trace: &Trace, side: Side) -> Vec<HeadId> {
    let fits = |head: &HeadId| trace.has(*head) && trace.spec.blocks[head.layer].part.columns() == side;
    trace.head_ids().filter(fits).collect()
}

/// The mean weight that each token received from those that may look at it, [key], in [0, 1].
///
/// - formula: `1/|H| Σ_h 1/|Q_k| Σ_{q ∈ Q_k} P_h[q,k]`, with `Q_k` the queries that the mask lets see `k`; unlike a sum
///   over all queries it does not favour early tokens of a causal model
/// - `heads`: those whose keys are the same text ([`heads_over`]); 0 everywhere where there are none
/// - source: the mass by which heavy hitters are told (Zhang et al. 2023, *H2O*), divided by the number of queries
/// - `None` where `progress` (told the share done) breaks off
pub fn received(
    trace: &Trace,
    heads: &[HeadId],
    side: Side,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Option<Vec<f64>> {
    let mut all = vec![0.0; trace.tokens_of(side).len()];
    for (place, &head) in heads.iter().enumerate() {
        let pattern = trace.pattern(head);
        let (mut mass, mut seen) = (vec![0.0; all.len()], vec![0_u32; all.len()]);
        let (n_queries, n_keys) = (pattern.n_queries(), pattern.n_keys());
        for start in (0..n_queries).step_by(ROWS) {
            let share = (place as f32 + start as f32 / n_queries as f32) / heads.len() as f32;
            if progress(share).is_break() {
                return None;
            }
            let queries = start..(start + ROWS).min(n_queries);
            let rows = pattern.tile(queries.clone(), 0..n_keys);
            for (query, row) in queries.zip(rows.chunks_exact(n_keys.max(1))) {
                for key in pattern.keys(query) {
                    mass[key] += f64::from(row[key]);
                    seen[key] += 1;
                }
            }
        }
        for ((all, mass), seen) in all.iter_mut().zip(mass).zip(seen) {
            *all += mass / f64::from(seen.max(1)) / heads.len() as f64;
        }
    }
    Some(all)
}

/// What the model made of each token.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Predicted {
    /// −log₂ p(token | all before it), in bits, [token]; none of the first, nor in models that do not say what follows
    pub loss: Vec<Option<f64>>,
    /// −Σ p log₂ p of what the model says at each token, in bits from 0 to log₂ of the vocabulary, [token]
    pub entropy: Vec<f64>,
}

/// Loss and entropy of every token of the text that is written.
///
/// `None` where the model has no head that scores tokens, or where `progress` (told the share done) breaks off.
pub fn predicted(
    network: &Network,
    trace: &Trace,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Option<Predicted> {
    let n = trace.n_tokens();
    let mut out = Predicted { loss: vec![None; n], entropy: Vec::with_capacity(n) };
    each_answer(network, trace, 0..n, progress, &mut |token, row| {
        out.entropy.push(entropy_bits(row));
        if let Some(next) = trace.tokens.get(token + 1).filter(|_| trace.spec.generates()) {
            out.loss[token + 1] = log_probability(row, next.id).map(|log| -log / std::f64::consts::LN_2);
        }
    })?;
    Some(out)
}

/// −Σ p log₂ p of the softmax of logits, in bits.
pub fn entropy_bits(logits: &[f32]) -> f64 {
    let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let (mut sum, mut weighted) = (0.0, 0.0);
    for &logit in logits.iter().filter(|logit| **logit > f32::NEG_INFINITY) {
        let above = f64::from(logit) - max;
        let part = above.exp();
        sum += part;
        weighted += part * above;
    }
    // ln Σ exp − Σ p·x is 0 or more but for rounding
    ((sum.ln() - weighted / sum) / std::f64::consts::LN_2).max(0.0)
}
