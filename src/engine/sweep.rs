//! Activation patching everywhere: how far does each place, taken from the clean run, bring the answer back?

use super::given::run_other;
use super::intervene::{InterveneError, intervene};
use super::pass::advance;
use super::words::token_of;
use super::{Job, RunError};
use crate::model::{Context, Hook, Model, Repeats, shown};
use crate::trace::{Change, Changes, OtherPrompt, Token, Trace, ValueChange};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::sync::Arc;
use strum::{EnumIter, EnumString, IntoStaticStr};

/// The logit of one token less that of another, where the model answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogitDifference {
    /// The answer of the clean prompt
    pub of: u32,
    /// The answer of the corrupted one
    pub less: u32,
}

/// Shares of the answer that came back, layer by layer.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Sweep {
    /// Logit difference of the clean run
    pub clean: f64,
    /// Logit difference of the corrupted run
    pub corrupted: f64,
    /// Patching the residual stream before a layer at one token, [layer, token]
    pub tokens: Vec<Vec<f64>>,
    /// Patching a head's z at all tokens, [layer, head]
    pub heads: Vec<Vec<f64>>,
}

/// Which places are patched.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Places {
    /// The residual stream before each layer, token by token
    #[default]
    Tokens,
    /// Each head's output, at all tokens
    Heads,
}

/// How far another prompt's run moves the answer of this one, place by place.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The other prompt
    pub prompt: String,
    /// Its tokens
    pub tokens: Vec<Token>,
    /// Whose logits are compared
    pub metric: LogitDifference,
    /// How those two read
    pub texts: [String; 2],
    /// The shares: of it as the clean run, of this one as the corrupted
    pub sweep: Sweep,
}

impl Moved {
    /// What stands over each token's column: both tokens where they differ, this run's first.
    pub fn labels(&self, here: &Trace) -> Vec<String> {
        let pairs = here.tokens.iter().zip(&self.tokens);
        let both = |(own, theirs): (&Token, &Token)| match (own.shown(), theirs.shown()) {
            (own, theirs) if own == theirs => own,
            (own, theirs) => format!("{own}←{theirs}"),
        };
        pairs.map(both).collect()
    }
}

/// A sweep that cannot be made.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum SweepError {
    /// The metric is not spelled as it should be, or names what is no token
    #[error("`{0}` is no metric")]
    Metric(String),
    /// The prompts cannot be laid over each other
    #[error("the clean prompt has {clean} tokens, the corrupted one {corrupted}")]
    Lengths {
        /// Tokens of one
        clean: usize,
        /// Tokens of the other
        corrupted: usize,
    },
    /// Nothing to bring back
    #[error("both prompts give the same logit difference, {0:.4}")]
    NoDifference(f64),
    /// The model gives no answer, or reads a source
    #[error("{0} has no next or masked word, or has an encoder of its own")]
    NoAnswer(String),
    /// The other prompt cannot be run
    #[error(transparent)]
    Other(#[from] InterveneError),
    /// A run failed
    #[error(transparent)]
    Run(#[from] RunError),
}

impl SweepError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Metric(_) => "write logit-diff: A,B, with A and B one token each, or #ID".into(),
            Self::Lengths { .. } => "choose prompts of equal length, token by token".into(),
            Self::NoDifference(_) => "name the two words that the prompts should be answered with".into(),
            Self::NoAnswer(_) => "open a model that only decodes, or one with a masked-word head".into(),
            Self::Other(error) => return error.hint(),
            Self::Run(error) => return error.hint(),
        })
    }
}

impl LogitDifference {
    /// Reads `logit-diff: A,B`. A word may be spelled with or without the space before it: that of its tokens which
    /// the clean run finds likelier is meant. `#17` names a token by its id.
    pub fn read(text: &str, model: &Model, clean: &Trace) -> Result<Self, SweepError> {
        let wrong = || SweepError::Metric(text.to_owned());
        let pair = text.trim().strip_prefix("logit-diff:").ok_or_else(wrong)?;
        let (of, less) = pair.split_once(',').ok_or_else(wrong)?;
        let token = |word: &str| token_of(word.trim(), model, clean.answer_logits()).ok_or_else(wrong);
        Ok(Self { of: token(of)?, less: token(less)? })
    }

    fn of(self, logits: &[f32]) -> Option<f64> {
        let at = |id: u32| logits.get(id as usize).copied().map(f64::from);
        Some(at(self.of)? - at(self.less)?)
    }
}

/// Patches every layer × token and every layer × head of `corrupted` from `clean`, one at a time.
///
/// - `(patched − corrupted)/(clean − corrupted)` of `metric`: 0 where a patch does nothing, 1 where it brings all back
/// - each patch runs only the layers after it, and in causal models only the tokens from it on
/// - interventions of `corrupted` stay on under every patch
/// - source: Meng et al. 2022 (causal tracing); Wang et al. 2023, *Interpretability in the Wild* (logit difference)
pub fn sweep(
    model: &Model,
    clean: &Trace,
    corrupted: &Trace,
    metric: LogitDifference,
    job: &Job,
) -> Result<Sweep, SweepError> {
    swept(model, clean, corrupted, metric, &mut job.tell("Patching"))
}

impl Moved {
    /// A sweep with what its figure says of `other`, the run that was patched from.
    pub fn of(model: &Model, other: &Trace, metric: LogitDifference, sweep: Sweep) -> Self {
        let texts = [metric.of, metric.less].map(|id| shown(&model.token(id).text));
        Self { prompt: other.prompt.clone(), tokens: other.tokens.to_vec(), metric, texts, sweep }
    }
}

/// Runs another prompt and patches each place of its run into this one.
///
/// `words`: whose logit, and whose is taken off; where not told, what either prompt makes likeliest.
pub fn moved_by(
    model: &Model,
    here: &Trace,
    prompt: &OtherPrompt,
    words: (Option<u32>, Option<u32>),
    watch: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<Moved, SweepError> {
    let other = also_changed(model, run_other(model, here, prompt, &Job::new())?, here, &Job::new())?;
    let best = |trace: &Trace| trace.next.first().map(|next| next.id);
    let pair = words.0.or(best(&other)).zip(words.1.or(best(here)));
    let (of, less) = pair.ok_or_else(|| SweepError::NoAnswer(model.name.clone()))?;
    let metric = LogitDifference { of, less };
    let sweep = swept(model, &other, here, metric, watch)?;
    Ok(Moved::of(model, &other, metric, sweep))
}

/// A run with the interventions of another.
pub fn also_changed(model: &Model, run: Trace, like: &Trace, job: &Job) -> Result<Trace, InterveneError> {
    match like.interventions() {
        [] => Ok(run),
        changes => intervene(model, &run, changes, job, &mut |_| {}),
    }
}

fn swept(
    model: &Model,
    clean: &Trace,
    corrupted: &Trace,
    metric: LogitDifference,
    watch: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<Sweep, SweepError> {
    let no_answer = || SweepError::NoAnswer(model.name.clone());
    if clean.spec.encoder.is_some() {
        return Err(no_answer());
    }
    let (n, theirs) = (clean.n_tokens(), corrupted.n_tokens());
    if n != theirs {
        return Err(SweepError::Lengths { clean: n, corrupted: theirs });
    }
    let ends = |trace: &Trace| metric.of(trace.answer_logits()).ok_or_else(no_answer);
    let (best, worst) = (ends(clean)?, ends(corrupted)?);
    if (best - worst).abs() < 1e-6 {
        return Err(SweepError::NoDifference(best));
    }
    let patcher = Patcher { model, clean, corrupted, repeats: Repeats::of(&corrupted.ids()) };
    let heads: usize = (0..clean.n_layers()).map(|layer| clean.heads(layer)).sum();
    let (mut done, all) = (0, clean.n_layers() * n + heads);
    // Side by side: what a patch leaves to be run is often too small for all threads
    let beside = (AT_ONCE / corrupted.bytes().max(1)).clamp(1, 2 * rayon::current_num_threads());
    let mut patched = |n: usize, logits: &(dyn Fn(usize) -> Result<Vec<f32>, RunError> + Sync)| {
        let mut row = Vec::with_capacity(n);
        for first in (0..n).step_by(beside) {
            if watch((done + first) as f32 / all as f32).is_break() {
                return Err(SweepError::Run(RunError::Cancelled));
            }
            let some = (first..n.min(first + beside)).into_par_iter().map(|place| {
                let value = metric.of(&logits(place)?).ok_or_else(no_answer)?;
                Ok((value - worst) / (best - worst))
            });
            row.extend(some.collect::<Result<Vec<f64>, SweepError>>()?);
        }
        done += n;
        Ok(row)
    };
    let mut result = Sweep { clean: best, corrupted: worst, tokens: Vec::new(), heads: Vec::new() };
    for layer in 0..clean.n_layers() {
        result.tokens.push(patched(n, &|token| patcher.token(layer, token))?);
        let z = clean.activation(&model.network, Hook::Z, layer).map_err(|_| no_answer())?.data;
        result.heads.push(patched(clean.heads(layer), &|head| patcher.head(layer, head, &z))?);
    }
    Ok(result)
}

/// Bytes that the runs of a sweep which are made side by side may take.
const AT_ONCE: usize = 256 << 20;

struct Patcher<'a> {
    model: &'a Model,
    clean: &'a Trace,
    corrupted: &'a Trace,
    repeats: Repeats,
}

impl Patcher<'_> {
    /// Logits of the answer with the residual stream before `layer` patched at one token.
    fn token(&self, layer: usize, token: usize) -> Result<Vec<f32>, RunError> {
        let width = self.clean.spec.width;
        // What comes before a token does not see it
        let causal = self.clean.spec.is_causal() && !self.corrupted.changes.takes_means();
        let first = if causal { token } else { 0 };
        let mut x = self.corrupted.resid(layer)[first * width..].to_vec();
        let row = &self.clean.resid(layer)[token * width..(token + 1) * width];
        x[(token - first) * width..(token - first + 1) * width].copy_from_slice(row);
        self.answer(self.corrupted.resumed(layer, first, self.changes(layer)), layer, first, x)
    }

    /// The same with one head's z, [token, head · dim], patched at all tokens.
    fn head(&self, layer: usize, head: usize, z: &[f32]) -> Result<Vec<f32>, RunError> {
        let spec = &self.clean.spec.blocks[layer].attention;
        let (width, dim) = (spec.heads * spec.value_dim(), spec.value_dim());
        let columns = head * dim..(head + 1) * dim;
        let rows = z.chunks_exact(width).flat_map(|row| &row[columns.clone()]).copied().collect();
        let change = Change::Rows { first: 0, rows };
        let mut changes = self.changes(layer);
        changes.values.push(ValueChange { hook: Hook::Z, layer, width, columns, change });
        let trace = self.corrupted.resumed(layer, 0, changes);
        self.answer(trace, layer, 0, self.corrupted.resid(layer).to_vec())
    }

    /// What is changed about the corrupted run from a layer on: the stream before it is as changed already.
    fn changes(&self, layer: usize) -> Changes {
        let mut changes = Changes::clone(&self.corrupted.changes);
        changes.values.retain(|value| (value.hook, value.layer) != (Hook::ResidPre, layer));
        changes
    }

    fn answer(
        &self,
        mut trace: Trace,
        layer: usize,
        first: usize,
        x: Vec<f32>,
    ) -> Result<Vec<f32>, RunError> {
        // Counted by the changes' places, which are others now; whoever takes some has all tokens run
        trace.means = Arc::default();
        let context = Context { first, repeats: &self.repeats, thumbnails: false, scales: false };
        let begin = Some((layer, x));
        advance(self.model, &mut trace, &self.corrupted.ids(), begin, context, &Job::new(), &mut |_, _| {})?;
        let at = self.corrupted.answer_at.unwrap_or(0);
        Ok(trace.logits_of(&self.model.network, at..at + 1))
    }
}
