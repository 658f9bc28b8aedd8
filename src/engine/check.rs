//! Are these numbers the model's? The model's own identities on a short input, each with its residual.

use super::run::replay;
use super::{Job, LogitRows, Prompt, RunError, RunOptions, in_pool, run};
use crate::analysis::{LensOptions, lens};
use crate::kernels::Real;
use crate::model::{Context, LayerState, Model, ModelSpec, Network, Repeats};
use crate::trace::{Pool, Trace};
use std::ops::ControlFlow;

/// Tokens of the input.
const TOKENS: usize = 40;
/// Tokens of the double-precision run, as it has no fast kernels.
const SHORT: usize = 8;

/// What must hold of any model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
pub enum Identity {
    /// rows sum to 1
    RowsSumToOne,
    /// recomputed = the pass
    Recomputed,
    /// tile = whole
    Tile,
    /// last lens = logits
    LastLens,
    /// cached = uncached
    Cached,
    /// one thread = many
    Threads,
    /// f32 = f64
    Double,
}

impl Identity {
    /// In a few words.
    pub fn name(self) -> &'static str {
        match self {
            Self::RowsSumToOne => "rows sum to 1",
            Self::Recomputed => "recomputed = the pass",
            Self::Tile => "tile = whole",
            Self::LastLens => "last lens = logits",
            Self::Cached => "cached = uncached",
            Self::Threads => "one thread = many",
            Self::Double => "f32 = f64",
        }
    }

    /// Why it must hold.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::RowsSumToOne => {
                "each query shares out exactly one unit of attention, in every head (what a sink takes counted in)"
            }
            Self::Recomputed => {
                "weights computed anew from q, k and log-sum-exp must be those the pass itself used"
            }
            Self::Tile => "a part of a pattern must not depend on how much of it is asked for",
            Self::LastLens => "the lens on the last layer is the model's own answer",
            Self::Cached => {
                "feeding the tokens one by one through the KV cache must end where one pass over all of them ends"
            }
            Self::Threads => "how the work is shared out must not change the result",
            Self::Double => "the same pass in double precision must give the same up to rounding",
        }
    }
}

/// One identity, and how far the numbers are from it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct CheckResult {
    /// Which
    #[serde(skip)]
    pub identity: Identity,
    /// What must hold: `rows sum to 1`
    pub name: &'static str,
    /// Why it must
    pub explanation: &'static str,
    /// How far it is off
    pub residual: f64,
    /// How far rounding alone may put it off
    pub tolerance: f64,
    /// Whether it holds
    pub passed: bool,
}

fn result(identity: Identity, residual: f64, tolerance: f64) -> CheckResult {
    CheckResult {
        identity,
        name: identity.name(),
        explanation: identity.explanation(),
        residual,
        tolerance,
        // NaN fails
        passed: residual <= tolerance,
    }
}

/// Runs every identity that the model has. Takes a few short passes; can be cancelled between them.
pub fn check(model: &Model, job: &Job) -> Result<Vec<CheckResult>, RunError> {
    let spec = model.spec();
    let ids = probe(spec, TOKENS);
    let target = spec.encoder.is_some().then(|| Prompt::Ids(ids.clone()));
    let options = RunOptions { logits: LogitRows::All, target, ..RunOptions::default() };
    let quiet = Job::new();
    let pass = || run(model, &Prompt::Ids(ids.clone()), &options, &quiet, &mut |_| {});
    let step = |done: f32| {
        job.report("Checking the model", done);
        if job.is_cancelled() { Err(RunError::Cancelled) } else { Ok(()) }
    };

    step(0.0)?;
    let trace = pass()?;
    let mut results = vec![rows_sum_to_one(&trace), pass_equals_pattern(&trace), tile_equals_whole(&trace)];
    step(0.3)?;
    if !trace.logits.is_empty() {
        results.push(lens_equals_logits(model, &trace));
    }
    step(0.4)?;
    if spec.is_causal() && spec.encoder.is_none() && ids.len() > 2 {
        let cached = replay(model, &ids, &quiet)?;
        results.push(result(Identity::Cached, apart(last_row(&cached), last_row(&trace)), 2e-4));
    }
    step(0.6)?;
    let single = in_pool(1, pass)?;
    results.push(result(Identity::Threads, apart(outcome(&single), outcome(&trace)), 2e-5));
    step(0.8)?;
    let short = &ids[..SHORT.min(ids.len())];
    let (single, double) =
        (plain_pass::<f32>(&model.network, short), plain_pass::<f64>(&model.network, short));
    results.push(result(Identity::Double, apart(&single, &double), 2e-4));
    job.report("Checking the model", 1.0);
    Ok(results)
}

/// Ids spread over the vocabulary; the second half repeats the first, so that repeats are there to be seen.
///
/// The same ids are source and target of an encoder–decoder model.
fn probe(spec: &ModelSpec, n: usize) -> Vec<u32> {
    let encoder = spec.encoder.as_ref();
    let limits = [spec.context, encoder.and_then(|encoder| encoder.context)];
    // Room for the tokens that every target begins with
    let room = limits.into_iter().flatten().fold(n + 2, usize::min);
    let n = if encoder.is_some() { n.min(room.saturating_sub(2)) } else { n.min(room) };
    let vocab = encoder.map_or(spec.vocab, |encoder| encoder.vocab.min(spec.vocab));
    let half = n.div_ceil(2).max(1);
    (0..n).map(|i| ((1 + i % half) * 7919 % vocab) as u32).collect()
}

fn rows_sum_to_one(trace: &Trace) -> CheckResult {
    let off = trace.head_ids().flat_map(|head| {
        let pattern = trace.pattern(head);
        let (n_queries, n_keys) = (pattern.n_queries(), pattern.n_keys());
        let tile = pattern.tile(0..n_queries, 0..n_keys);
        let rows = tile.chunks_exact(n_keys).enumerate();
        let sum = |row: &[f32]| row.iter().copied().map(f64::from).sum::<f64>();
        rows.map(|(query, row)| (sum(row) + pattern.sink_share(query) - 1.0).abs()).collect::<Vec<_>>()
    });
    result(Identity::RowsSumToOne, worst(off), 1e-5)
}

fn pass_equals_pattern(trace: &Trace) -> CheckResult {
    let off = trace.head_ids().flat_map(|head| {
        let kept = trace.thumbnail(head);
        let pattern = trace.pattern(head);
        let (queries, keys) = (pattern.n_queries(), pattern.n_keys());
        let again = pattern.pooled(0..queries, 0..keys, kept.rows, kept.columns, Pool::Max);
        kept.values.iter().zip(again).map(|(a, b)| f64::from((a - b).abs())).collect::<Vec<_>>()
    });
    result(Identity::Recomputed, worst(off), 1e-5)
}

fn tile_equals_whole(trace: &Trace) -> CheckResult {
    let off = trace.head_ids().flat_map(|head| {
        let pattern = trace.pattern(head);
        let (n_queries, n) = (pattern.n_queries(), pattern.n_keys());
        let (rows, columns) = (n_queries / 3..n_queries, n / 5..n - n / 4);
        let whole = pattern.tile(0..n_queries, 0..n);
        let tile = pattern.tile(rows.clone(), columns.clone());
        let cells = rows.clone().flat_map(|q| columns.clone().map(move |k| q * n + k));
        cells.zip(tile).map(|(at, cell)| f64::from((whole[at] - cell).abs())).collect::<Vec<_>>()
    });
    result(Identity::Tile, worst(off), 0.0)
}

fn lens_equals_logits(model: &Model, trace: &Trace) -> CheckResult {
    let last = trace.n_tokens() - 1;
    let options = LensOptions::new(last..last + 1, 16);
    let lens = lens(model, trace, &options, &mut |_| ControlFlow::Continue(()));
    let best =
        lens.and_then(|lens| lens.layers.last().map(|layer| layer.tokens[0].clone())).unwrap_or_default();
    let logits = last_row(trace);
    let spread = spread(logits);
    let off = best
        .iter()
        .map(|candidate| f64::from((candidate.logit - logits[candidate.id as usize]).abs()) / spread);
    result(Identity::LastLens, worst(off), 1e-4)
}

/// Embedding, blocks and head in either precision; the last token's logits, or its hidden state without a head.
fn plain_pass<F: Real>(network: &Network, ids: &[u32]) -> Vec<F> {
    let spec = &network.spec;
    let context = Context { first: 0, repeats: &Repeats::default(), thumbnails: false, scales: false };
    let (begins, mut memory) = (spec.decoder_start(), Vec::new());
    let mut x = network.embed_source::<F>(ids, &mut |_, _| {});
    for (layer, block) in spec.blocks.iter().enumerate() {
        if layer == begins {
            memory = network.memory(&x);
            x = network.embed::<F>(ids, 0, &mut |_, _| {});
        }
        let mut state = LayerState::new(&block.attention, ids.len(), ids.len());
        x = network.block(layer, x, &memory, &mut state, context, &mut |_, _| {});
    }
    let last = &x[x.len() - spec.width..];
    match network.logits(last) {
        logits if logits.is_empty() => last.to_vec(),
        logits => logits,
    }
}

/// What a run ends in: logits, or hidden states without a head.
fn outcome(trace: &Trace) -> &[f32] {
    if trace.logits.is_empty() { trace.resid(trace.n_layers()) } else { &trace.logits }
}

/// The last token's share of it.
fn last_row(trace: &Trace) -> &[f32] {
    let width = if trace.logits.is_empty() { trace.spec.width } else { trace.spec.vocab };
    let all = outcome(trace);
    &all[all.len() - width..]
}

/// Largest difference in units of the values' spread.
fn apart<A: Real, B: Real>(a: &[A], b: &[B]) -> f64 {
    worst(a.iter().zip(b).map(|(&a, &b)| (a.double() - b.double()).abs())) / spread(b)
}

/// Standard deviation.
fn spread<F: Real>(x: &[F]) -> f64 {
    let n = x.len().max(1) as f64;
    let mean = x.iter().map(|x| x.double()).sum::<f64>() / n;
    (x.iter().map(|x| (x.double() - mean).powi(2)).sum::<f64>() / n).sqrt().max(f64::MIN_POSITIVE)
}

/// The largest; NaN wins, so that it fails the check.
fn worst(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, |worst, x| if x > worst || x.is_nan() { x } else { worst })
}
