//! What if the KV cache forgot? A text run under an eviction policy, beside the same run with everything kept.

mod policy;
mod writing;

pub use policy::{Entries, Gone, NotAPolicy, Policy};
pub use writing::{Written, write_on};

use super::answer::answer;
use super::{Job, LogitRows, RunError};
use crate::analysis::{entry_bytes, log_probability, losses, mean};
use crate::model::{AttentionEdits, Context, Cut, HeadId, Hook, LayerState, Model, Repeats};
use crate::trace::{Changes, Means, Pattern, Trace};
use serde::Serialize;
use std::sync::Arc;

/// A text with everything kept, and with entries forgotten.
#[derive(Clone, Debug, Serialize)]
pub struct Eviction {
    /// The policy, as it is written
    pub policy: String,
    /// For each entry the first query that no longer finds it, [layer][token]
    pub gone: Vec<Gone>,
    /// Entries that are left at the end, [layer]
    pub kept: Vec<usize>,
    /// Bytes of the cache at the end, everything kept
    pub bytes_before: usize,
    /// Bytes of what is left
    pub bytes_after: usize,
    /// −log₂ p of each token but the first, everything kept, [token − 1], in bits
    pub losses_before: Vec<f64>,
    /// The same under the policy
    pub losses_after: Vec<f64>,
    /// Mean loss in bits a token, everything kept; none for a single token
    pub loss_before: Option<f64>,
    /// The same under the policy
    pub loss_after: Option<f64>,
    /// The likeliest next token with everything kept: its id
    pub answer: u32,
    /// What it stands for
    pub answer_text: String,
    /// Its probability with everything kept
    pub p_before: f64,
    /// Its probability under the policy
    pub p_after: f64,
    /// The likeliest next token under the policy
    pub answer_after: u32,
    /// What that stands for
    pub answer_after_text: String,
}

/// An eviction that cannot be tried.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum EvictionError {
    /// Nothing is cached
    #[error("{0} keeps no KV cache: it does not continue text, or has an encoder of its own")]
    NoCache(String),
    /// The policy names entries that are not there
    #[error(
        "there is no entry {entry}: the text has {tokens} tokens, the model {layers} layers, both from 0"
    )]
    NoEntry {
        /// As it is written
        entry: String,
        /// Tokens of the text
        tokens: usize,
        /// Layers of the model
        layers: usize,
    },
    /// A run failed
    #[error(transparent)]
    Run(#[from] RunError),
}

impl EvictionError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoCache(_) => Some("open a decoder with a language-model head".into()),
            Self::NoEntry { .. } => {
                Some("`mnemoscope run` lists the tokens, `mnemoscope info` the layers".into())
            }
            Self::Run(error) => error.hint(),
        }
    }
}

/// Runs the text of `run` under `policy`, one pass, and compares: loss, the next token, bytes. A run with interventions
/// keeps them. The run under the policy comes beside, as large as `run`.
///
/// A query finds its own entry always. Heavy hitters are ranked by attention under the policy itself, never by later
/// queries; it takes a second attention for each layer.
pub fn evict(
    model: &Model,
    run: &Trace,
    policy: &Policy,
    job: &Job,
) -> Result<(Eviction, Trace), EvictionError> {
    checked(model, run, policy)?;
    let (trace, gone) = run_under(model, run, policy, job)?;
    let bits = |trace: &Trace, from: f32| {
        let progress = &mut |done: f32| {
            job.report("Measuring the loss", from + done / 4.0);
            job.go_on()
        };
        losses(&model.network, trace, progress).ok_or(RunError::Cancelled)
    };
    let (losses_before, losses_after) = (bits(run, 0.5)?, bits(&trace, 0.75)?);
    let best =
        |trace: &Trace| trace.next.first().map_or((0, String::new()), |next| (next.id, next.text.clone()));
    let ((answer, answer_text), (answer_after, answer_after_text)) = (best(run), best(&trace));
    let p = |trace: &Trace| log_probability(trace.answer_logits(), answer).map_or(f64::NAN, f64::exp);
    let kept: Vec<usize> =
        gone.iter().map(|layer| layer.iter().filter(|gone| gone.is_none()).count()).collect();
    let bytes = |entries: &dyn Fn(usize) -> usize| {
        (0..run.n_layers()).map(|layer| entries(layer) * entry_bytes(run, layer)).sum()
    };
    job.report("Measuring the loss", 1.0);
    let average = |losses: &[f64]| (!losses.is_empty()).then(|| mean(losses));
    let eviction = Eviction {
        policy: policy.to_string(),
        bytes_before: bytes(&|_| run.n_tokens()),
        bytes_after: bytes(&|layer| kept[layer]),
        loss_before: average(&losses_before),
        loss_after: average(&losses_after),
        p_before: p(run),
        p_after: p(&trace),
        gone,
        kept,
        losses_before,
        losses_after,
        answer,
        answer_text,
        answer_after,
        answer_after_text,
    };
    Ok((eviction, trace))
}

/// Whether there is a cache, and what the policy names is in it.
fn checked(model: &Model, run: &Trace, policy: &Policy) -> Result<(), EvictionError> {
    if !run.spec.generates() || run.spec.encoder.is_some() {
        return Err(EvictionError::NoCache(model.name.clone()));
    }
    let (tokens, layers) = (run.n_tokens(), run.n_layers());
    match policy.beyond(tokens, layers) {
        Some(entry) => Err(EvictionError::NoEntry { entry, tokens, layers }),
        None => Ok(()),
    }
}

/// The pass, each layer under what the policy forgets there.
fn run_under(model: &Model, run: &Trace, policy: &Policy, job: &Job) -> Result<(Trace, Vec<Gone>), RunError> {
    let (n, layers) = (run.n_tokens(), run.n_layers());
    let repeats = Repeats::of(&run.ids());
    let context = Context { first: 0, repeats: &repeats, thumbnails: true, scales: false };
    let own = Arc::clone(&run.changes);
    let mut means = Means::new();
    let mut trace = run.resumed(0, 0, Changes::clone(&own));
    let mut x = run.resid(0).to_vec();
    let mut all = Vec::with_capacity(layers);
    for layer in 0..layers {
        if job.is_cancelled() {
            return Err(RunError::Cancelled);
        }
        job.report("Running with what is kept", layer as f32 / layers as f32 / 2.0);
        // What a run holds before its first block is as changed already
        if layer > 0 {
            own.apply(Hook::ResidPre, layer, 0, &mut x, &mut means);
        }
        let gone = match policy.blind(layer, n) {
            Some(gone) => gone,
            None => heavy(model, run, policy, (layer, &x), &means),
        };
        let edits = Arc::new(edits(run, layer, &gone));
        let spec = &run.spec.blocks[layer].attention;
        if let Some((head, query)) = edits.empty_row(spec, 0..n, n) {
            return Err(RunError::EmptyRow { head: HeadId { layer, head }, query });
        }
        Arc::make_mut(&mut trace.changes).attention.insert(layer, edits);
        let kept = trace.layer_mut(layer);
        kept.resid_pre.extend_from_slice(&x);
        let context = Context { scales: own.touches_scale(layer), ..context };
        x = model.network.block(layer, x, &[], &mut kept.state, context, &mut |hook, data| {
            if hook != Hook::ResidPre {
                own.apply(hook, layer, 0, data, &mut means);
            }
        });
        all.push(gone);
    }
    trace.means = Arc::new(means);
    trace.has_nan |= x.iter().any(|x| x.is_nan());
    *trace.output_mut() = x;
    answer(model, &mut trace, LogitRows::Answer);
    Ok((trace, all))
}

/// What heavy hitters leave out of one layer, from the residual stream before it.
fn heavy(model: &Model, run: &Trace, policy: &Policy, (layer, x): (usize, &[f32]), means: &Means) -> Gone {
    let n = run.n_tokens();
    let Policy::Heavy { heavy, recent } = *policy else { return vec![None; n] };
    let spec = &run.spec.blocks[layer].attention;
    // Queries and keys do not depend on what their own layer forgets
    let mut state = LayerState::new(spec, n, n);
    state.edits = run.changes.attention.get(&layer).cloned();
    let scales = run.changes.touches_scale(layer);
    let context = Context { first: 0, repeats: &Repeats::default(), thumbnails: false, scales };
    let mut means = means.clone();
    model.network.block(layer, x.to_vec(), &[], &mut state, context, &mut |hook, data: &mut [f32]| {
        if hook != Hook::ResidPre {
            run.changes.apply(hook, layer, 0, data, &mut means);
        }
    });
    let heads = 0..spec.heads;
    policy::heavy_hitters(n, heavy, recent, |query, held| {
        let mut mean = vec![0.0; held.len()];
        for head in heads.clone() {
            let scores = Pattern::new(spec, &state, head).scores_tile(query..query + 1, 0..query + 1);
            let sink = state.sinks.get(head).copied().unwrap_or(f32::NEG_INFINITY);
            let most = held.iter().fold(sink, |most, &key| most.max(scores[key]));
            if most == f32::NEG_INFINITY {
                continue;
            }
            let weight = |score: f32| f64::from(score - most).exp();
            let sum: f64 = held.iter().map(|&key| weight(scores[key])).sum::<f64>() + weight(sink);
            for (mean, &key) in mean.iter_mut().zip(held) {
                *mean += weight(scores[key]) / sum / spec.heads as f64;
            }
        }
        mean
    })
}

/// What is forgotten, beside what the run changes about a layer's attention.
fn edits(run: &Trace, layer: usize, gone: &[Option<usize>]) -> AttentionEdits {
    let cut = |(key, query): (usize, &Option<usize>)| {
        query.map(|query| Cut { queries: query..usize::MAX, keys: key..key + 1 })
    };
    let cuts: Vec<Cut> = gone.iter().enumerate().filter_map(cut).collect();
    let own = run.changes.attention.get(&layer).map(|own| AttentionEdits::clone(own));
    let mut edits = own.unwrap_or_else(|| AttentionEdits::new(run.heads(layer)));
    edits.heads.iter_mut().for_each(|head| head.cuts.extend(cuts.iter().cloned()));
    edits
}
