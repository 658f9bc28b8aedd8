//! In-context learning: how the loss falls with the position in a text, and when something is read a second time.

use super::probes::repeatable;
use super::{InterveneError, Job, Prompt, RunError, RunOptions, intervene, run};
use crate::analysis::{losses, mean};
use crate::model::Model;
use crate::trace::Intervention;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::Serialize;

/// What to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A text, cut into windows that fit the model; positions count from a window's beginning
    Text {
        /// The text
        text: String,
        /// Tokens a window, at most; none: as many as the model has positions for, or 1024
        window: Option<usize>,
    },
    /// Random tokens, and the same again
    Repeat {
        /// Tokens before they come again
        period: usize,
        /// Sequences
        trials: usize,
        /// Of the random numbers
        seed: u64,
    },
}

/// Tokens a window where neither the model nor its user sets a limit.
const WINDOW: usize = 1024;

/// Loss by position.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// The model's name
    pub model: String,
    /// Windows or sequences that were read
    pub windows: usize,
    /// Mean of −log₂ p of the token at each position from 1 on, in bits
    pub losses: Vec<f64>,
    /// How many windows reached each position
    pub counts: Vec<usize>,
    /// Of a repeat: mean loss of the tokens when they come first, but the very first, and when they come again, but
    /// the first of those, which nothing announces
    pub first_and_second: Option<(f64, f64)>,
    /// Of a repeat: the position where it begins anew
    pub again: Option<usize>,
}

/// Loss by position, of a model as it is and with interventions.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvePair {
    /// By the model as it is
    pub clean: Curve,
    /// With interventions, where there are any
    pub changed: Option<Curve>,
    /// The interventions
    pub interventions: Vec<Intervention>,
}

impl CurvePair {
    /// Reads everything as [`curve()`] does; with interventions once more.
    pub fn new(
        model: &Model,
        reading: &Reading,
        interventions: Vec<Intervention>,
        job: &Job,
    ) -> Result<Self, CurveError> {
        let clean = curve(model, reading, &[], job)?;
        let changed = match interventions.as_slice() {
            [] => None,
            changes => Some(curve(model, reading, changes, job)?),
        };
        Ok(Self { clean, changed, interventions })
    }

    /// Of a repeat: tokens before they come again.
    pub fn period(&self) -> usize {
        let all = self.clean.losses.len() + 1;
        self.clean.again.map_or(all, |again| all.saturating_sub(again))
    }
}

/// A curve that cannot be drawn.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum CurveError {
    /// The model gives no next token, or reads a source
    #[error("{0} has no next token to be surprised by")]
    NoNextToken(String),
    /// Nothing fits
    #[error(
        "a text of at least 2 tokens is needed, and a repeat of at least 2 that fits twice: {found} given, {room} fit"
    )]
    Length {
        /// Tokens asked for
        found: usize,
        /// Tokens that fit
        room: usize,
    },
    /// A run cannot be changed so
    #[error(transparent)]
    Intervene(#[from] InterveneError),
    /// A run failed
    #[error(transparent)]
    Run(#[from] RunError),
}

impl CurveError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoNextToken(_) => Some("open a decoder with a language-model head".into()),
            Self::Length { room, .. } => Some(format!("give a longer text, or --repeat up to {}", room / 2)),
            Self::Intervene(error) => error.hint(),
            Self::Run(error) => error.hint(),
        }
    }
}

/// Reads everything, with these interventions, and averages the loss by position.
///
/// Source: Kaplan et al. 2020 (loss by position); Olsson et al. 2022, *In-context Learning and Induction Heads*
/// (repeated random tokens). Fails with `Cancelled` within one block of the wish.
pub fn curve(
    model: &Model,
    reading: &Reading,
    interventions: &[Intervention],
    job: &Job,
) -> Result<Curve, CurveError> {
    let spec = model.spec();
    if !spec.generates() || spec.encoder.is_some() {
        return Err(CurveError::NoNextToken(model.name.clone()));
    }
    let (windows, prefix) = windows(model, reading)?;
    let (mut sums, mut counts) = (Vec::new(), Vec::new());
    for (index, ids) in windows.iter().enumerate() {
        let quiet = job.quiet();
        let mut trace = run(model, &Prompt::Ids(ids.clone()), &RunOptions::default(), &quiet, &mut |_| {})?;
        if !interventions.is_empty() {
            trace = intervene(model, &trace, interventions, &quiet, &mut |_| {}).map_err(cancelled)?;
        }
        let mut progress = |done: f32| {
            job.report("Reading", (index as f32 + done) / windows.len() as f32);
            job.go_on()
        };
        let losses = losses(&model.network, &trace, &mut progress).ok_or(RunError::Cancelled)?;
        sums.resize(sums.len().max(losses.len()), 0.0);
        counts.resize(sums.len(), 0);
        for (position, loss) in losses.into_iter().enumerate() {
            sums[position] += loss;
            counts[position] += 1;
        }
    }
    job.report("Reading", 1.0);
    let losses: Vec<f64> = sums.iter().zip(&counts).map(|(sum, &count)| sum / count as f64).collect();
    let first_and_second = match reading {
        Reading::Text { .. } => None,
        Reading::Repeat { period, .. } => {
            // losses[i] is of token i + 1; the sequence begins behind the prefix
            let at = |token: usize| token - 1;
            let first = prefix.max(1)..prefix + period;
            let second = prefix + period + 1..prefix + 2 * period;
            Some((
                mean(&losses[at(first.start)..at(first.end)]),
                mean(&losses[at(second.start)..at(second.end)]),
            ))
        }
    };
    let again = match reading {
        Reading::Text { .. } => None,
        Reading::Repeat { period, .. } => Some(prefix + period),
    };
    Ok(Curve { model: model.name.clone(), windows: windows.len(), losses, counts, first_and_second, again })
}

/// An ended job ends the curve, whichever run it ended.
fn cancelled(error: InterveneError) -> CurveError {
    match error {
        InterveneError::Run(error) => error.into(),
        other => other.into(),
    }
}

/// The sequences to read, and the tokens before each that say nothing.
fn windows(model: &Model, reading: &Reading) -> Result<(Vec<Vec<u32>>, usize), CurveError> {
    let (prefix, drawn) = repeatable(model);
    match reading {
        Reading::Text { text, window } => {
            let tokenizer = model.tokenizer.as_ref().ok_or(RunError::NoTokenizer)?;
            let tokens = tokenizer.encode_bare(text).map_err(RunError::from)?;
            let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
            let window = window.unwrap_or(WINDOW).min(model.spec().context.unwrap_or(WINDOW));
            let room = window.saturating_sub(prefix.len());
            if ids.len() < 2 || room < 2 {
                return Err(CurveError::Length { found: ids.len(), room });
            }
            let whole = |ids: &[u32]| [&prefix[..], ids].concat();
            Ok((ids.chunks(room).filter(|ids| ids.len() >= 2).map(whole).collect(), prefix.len()))
        }
        Reading::Repeat { period, trials, seed } => {
            if *period < 2 || 2 * period > drawn.room() || drawn.words() == 0 {
                return Err(CurveError::Length { found: *period, room: drawn.room() });
            }
            let mut random = StdRng::seed_from_u64(*seed);
            let sequence = |_| {
                let told = drawn.draw(*period, &mut random);
                [&prefix[..], &told, &told].concat()
            };
            Ok(((0..*trials).map(sequence).collect(), prefix.len()))
        }
    }
}
