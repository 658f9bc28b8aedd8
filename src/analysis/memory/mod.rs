//! Which earlier tokens does a token's state consist of? Several pictures of it, each with its formula and paper.
//!
//! None of them is the truth: `engine::honesty` lays them beside what cutting the path really does.
//!
//! A changed run is traced like any other, by its own patterns and values. Attention, rollout and flow read patterns
//! alone, whatever else was changed; the others know what a head no longer gives, and in norms and contributions a state
//! that was put there from elsewhere (a patched residual) is its own token's, whatever came before.

mod flow;
mod layers;
mod parts;
mod put;

pub use flow::FLOW_LIMIT;
use put::Put;

pub use layers::{Bands, FLOW_MAP_LIMIT, MemoryMap, RIVER_LIMIT, River, memory_map, river};

use crate::model::{HeadId, Network};
use crate::trace::Trace;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use strum::{EnumIter, EnumString, IntoStaticStr};

/// Most source tokens for which parts are worked out: [token, token] numbers are held for one block at a time.
pub const MEMORY_LIMIT: usize = 4096;

/// Queries whose weights are held at once.
const ROWS: usize = 32;

/// A picture of what a token's state at a layer consists of.
///
/// `t` is the token, `l` the layer, `P` a head's pattern, `A` the mean of a layer's heads.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Picture {
    /// Raw attention: the mean of A\[t, k\] over layers 0 to l; sums to 1 but for sinks
    Attention,
    /// Rollout: row t of Â_l⋯Â_0 with Â = (A + I)/row sum; sums to 1 (Abnar & Zuidema 2020)
    Rollout,
    /// Flow: maximum flow from (l, t) to each input token, capacities Â, over its sum (Abnar & Zuidema 2020)
    Flow,
    /// Value-weighted: Σ over layers 0 to l of ‖Σ_h P_h\[t, k\]·v_k·W_O‖₂, a length (Kobayashi et al. 2020)
    Values,
    /// The same with residual and norm, each layer's rows divided by their sum and multiplied over layers; sums to 1
    /// (Kobayashi et al. 2021; multiplied as Modarressi et al. 2022 do)
    Norms,
    /// Contributions: max(0, ‖y‖₁ − ‖y − part‖₁) over their sum, multiplied over layers; sums to 1 (ALTI, Ferrando
    /// et al. 2022)
    Contributions,
}

/// What a token's state consists of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemoryTrace {
    /// The token that is asked about
    pub token: usize,
    /// The block after which it is looked at
    pub layer: usize,
    /// Each picture, [source token]; flow is missing beyond [`FLOW_LIMIT`] tokens
    pub pictures: Vec<(Picture, Vec<f64>)>,
}

/// A memory trace that cannot be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MemoryTraceError {
    /// There is no such token or layer
    #[error(
        "there is no token {token} at layer {layer}: the run has {tokens} tokens and {layers} layers, from 0"
    )]
    Missing {
        /// The token
        token: usize,
        /// The layer
        layer: usize,
        /// Tokens there are
        tokens: usize,
        /// Layers there are
        layers: usize,
    },
    /// Square matrices would be too large
    #[error("the token has {found} sources, a memory trace takes up to {limit}")]
    TooLong {
        /// Source tokens
        found: usize,
        /// The most there may be
        limit: usize,
    },
    /// Source and target are two texts
    #[error("the model has an encoder of its own")]
    Encoder,
    /// Its owner wanted it no more
    #[error("cancelled")]
    Cancelled,
}

impl MemoryTraceError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => {
                Some("`mnemoscope run` lists the tokens, `mnemoscope info` the layers".into())
            }
            Self::TooLong { .. } => Some("ask about an earlier token, or give a shorter prompt".into()),
            Self::Encoder => Some("open a model of one stack, such as GPT-2 or BERT".into()),
            Self::Cancelled => None,
        }
    }
}

/// Tokens that the state of `token` can come from: all before it and itself, or every one where attention looks ahead.
pub fn sources(trace: &Trace, token: usize) -> usize {
    if trace.spec.is_causal() { token + 1 } else { trace.n_tokens() }
}

/// Every picture of what `token` consists of after block `layer`.
///
/// - MLPs mix no tokens and are left out, as in the papers
/// - costs, per layer, the patterns and sources²·heads·width for the last three pictures; flow see [`FLOW_LIMIT`]
/// - `progress` is told the share done, and may break off
pub fn memory_trace(
    network: &Network,
    trace: &Trace,
    token: usize,
    layer: usize,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<MemoryTrace, MemoryTraceError> {
    layers::asked(trace, token, layer)?;
    let n = sources(trace, token);
    if n > MEMORY_LIMIT {
        return Err(MemoryTraceError::TooLong { found: n, limit: MEMORY_LIMIT });
    }
    let one = |n: usize| {
        let mut row = vec![0.0; n];
        row[token] = 1.0;
        row
    };
    let (mut attention, mut values) = (vec![0.0; n], vec![0.0; n]);
    let mut rollout = one(n);
    let (mut norms, mut contributions) = (Put::new(one(n)), Put::new(one(n)));
    let mut capacities = Vec::new();
    let flows = n <= FLOW_LIMIT;
    // Flow is a maximum flow a token, and takes about as long as all the rest
    let share = if flows { 0.5 } else { 1.0 };
    for (done, layer) in (0..=layer).rev().enumerate() {
        let mut step = |part: f32| progress((done as f32 + part) / (layer + done + 1) as f32 * share);
        let mean = mean_attention(trace, layer, n);
        for (sum, weight) in attention.iter_mut().zip(&mean[token * n..]) {
            *sum += weight;
        }
        let mean = layers::with_residual(mean, n);
        rollout = times(&rollout, &mean, n);
        let parts = parts::parts(network, trace, layer, n, &mut step).ok_or(MemoryTraceError::Cancelled)?;
        for (sum, &length) in values.iter_mut().zip(&parts.lengths[token * n..]) {
            *sum += f64::from(length);
        }
        let put = put::put_after(trace, layer, n);
        norms.step(&put, &normalised(&parts.with_residual, n), n);
        contributions.step(&put, &normalised(&parts.contributions, n), n);
        if flows {
            capacities.push(mean);
        }
    }
    for share in &mut attention {
        *share /= (layer + 1) as f64;
    }
    let mut pictures = vec![(Picture::Attention, attention), (Picture::Rollout, rollout)];
    if flows {
        capacities.reverse();
        let mut step = |part: f32| progress(0.5 + part / 2.0);
        let flow = flow::flow(&capacities, n, token, &mut step).ok_or(MemoryTraceError::Cancelled)?;
        pictures.push((Picture::Flow, flow));
    }
    pictures.extend([
        (Picture::Values, values),
        (Picture::Norms, norms.row()),
        (Picture::Contributions, contributions.row()),
    ]);
    Ok(MemoryTrace { token, layer, pictures })
}

/// Mean of a layer's heads over the first `n` tokens, [query, key].
fn mean_attention(trace: &Trace, layer: usize, n: usize) -> Vec<f64> {
    let heads = trace.heads(layer);
    let mut mean = vec![0.0; n * n];
    for head in 0..heads {
        let pattern = trace.pattern(HeadId { layer, head });
        for start in (0..n).step_by(ROWS) {
            let tile = pattern.tile(start..(start + ROWS).min(n), 0..n);
            for (mean, weight) in mean[start * n..].iter_mut().zip(tile) {
                *mean += f64::from(weight) / heads as f64;
            }
        }
    }
    mean
}

/// Divides each row by its sum; a row of zeros stays with its own token.
fn normalise(matrix: &mut [f64], n: usize) {
    for (query, row) in matrix.chunks_exact_mut(n).enumerate() {
        let sum: f64 = row.iter().sum();
        if sum > 0.0 {
            for x in row {
                *x /= sum;
            }
        } else {
            row[query] = 1.0;
        }
    }
}

fn normalised(matrix: &[f32], n: usize) -> Vec<f64> {
    let mut matrix: Vec<f64> = matrix.iter().copied().map(f64::from).collect();
    normalise(&mut matrix, n);
    matrix
}

/// A row times a matrix, both over `n` tokens.
fn times(row: &[f64], matrix: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n];
    for (&by, matrix) in row.iter().zip(matrix.chunks_exact(n)).filter(|(by, _)| **by != 0.0) {
        out.iter_mut().zip(matrix).for_each(|(out, x)| *out += by * x);
    }
    out
}
