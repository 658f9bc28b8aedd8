//! The honesty meter: how far does each picture of attention agree with what cutting the path really does?

use super::cutting::{Asked, Paths, drops, log_p};
use super::words::token_of;
use super::{Job, RunError};
use crate::analysis::{MemoryTrace, MemoryTraceError, Picture, kendall, logits_at, memory_trace, spearman};
use crate::model::Model;
use crate::trace::Trace;
use serde::Serialize;
use std::ops::ControlFlow;

/// What to ask about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct HonestyOptions {
    /// The token; none: the one that the answer follows, or stands for
    pub token: Option<usize>,
    /// The last block whose paths count; none: the model's last
    pub layer: Option<usize>,
    /// The answer, a word or `#ID`; none: what the model finds likeliest
    pub word: Option<String>,
    /// Which edges are cut
    pub paths: Paths,
}

/// Every picture of a token's memory beside what cutting the path does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Honesty {
    /// The token that is asked about
    pub token: usize,
    /// The last block whose paths count
    pub layer: usize,
    /// Which edges are cut
    pub paths: Paths,
    /// The answer's id
    pub answer: u32,
    /// What it stands for
    pub answer_text: String,
    /// Its probability
    pub p: f64,
    /// Drop of log p(answer) in nats when the paths from each source token are cut, [source]; NaN for the asked token
    /// itself, and where an intervention leaves a query nothing but that source
    pub drops: Vec<f64>,
    /// The pictures, greatest rank correlation first
    pub columns: Vec<Column>,
}

/// One picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Column {
    /// Which
    pub picture: Picture,
    /// [source token]
    pub values: Vec<f64>,
    /// Spearman's ρ with the drops, over source tokens but the asked one; none where one of both ranks nothing
    pub spearman: Option<f64>,
    /// Kendall's τ_b likewise
    pub kendall: Option<f64>,
}

/// An honesty meter that cannot be read.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum HonestyError {
    /// The memory trace
    #[error(transparent)]
    Trace(#[from] MemoryTraceError),
    /// The word is not one token of the model
    #[error("`{0}` is not one token of the model")]
    Word(String),
    /// The model gives no words
    #[error("{0} has no next or masked word to measure by")]
    NoAnswer(String),
    /// A run failed
    #[error(transparent)]
    Run(#[from] RunError),
}

impl HonestyError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Trace(error) => error.hint(),
            Self::Word(_) => Some("give a single token, or its id as #17".into()),
            Self::NoAnswer(_) => Some("open a decoder, or an encoder with a masked-word head".into()),
            Self::Run(error) => error.hint(),
        }
    }
}

/// Makes every picture of a token's memory, cuts the paths from each of its sources, and compares. A run with
/// interventions keeps them under every cut.
///
/// Fails with `Cancelled` within one block of the wish.
pub fn honesty(
    model: &Model,
    run: &Trace,
    options: &HonestyOptions,
    job: &Job,
) -> Result<Honesty, HonestyError> {
    let mut tell = |done: f32| {
        let (stage, done) =
            if done < 0.5 { ("Tracing memory", done) } else { ("Cutting paths", 2.0 * done - 1.0) };
        job.report(stage, done);
        job.go_on()
    };
    let found = honesty_while(model, run, options, job, &mut tell);
    job.report("Cutting paths", 1.0);
    found
}

/// The same; `progress` is told the share done, and may break off between two cuts.
pub(super) fn honesty_while(
    model: &Model,
    run: &Trace,
    options: &HonestyOptions,
    job: &Job,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<Honesty, HonestyError> {
    let no_answer = || HonestyError::NoAnswer(model.name.clone());
    let token = options.token.or(run.answer_at).ok_or_else(no_answer)?;
    let layer = options.layer.unwrap_or(run.n_layers().saturating_sub(1));
    let mut tracing = |done: f32| progress(done / 2.0);
    let MemoryTrace { pictures, .. } = memory_trace(&model.network, run, token, layer, &mut tracing)?;
    let logits = logits_at(&model.network, run, token);
    let answer = match &options.word {
        Some(word) if !logits.is_empty() => {
            token_of(word, model, &logits).ok_or_else(|| HonestyError::Word(word.clone()))?
        }
        _ => (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).ok_or_else(no_answer)? as u32,
    };
    let asked = Asked { token, layer, answer, paths: options.paths };
    let p = log_p(model, run, token, answer).ok_or_else(no_answer)?.exp();
    let drops = drops(model, run, asked, job, &mut |done| progress(0.5 + done / 2.0))?;
    let mut columns: Vec<Column> = pictures
        .into_iter()
        .map(|(picture, values)| {
            let (spearman, kendall) = (spearman(&values, &drops), kendall(&values, &drops));
            Column { picture, values, spearman, kendall }
        })
        .collect();
    let by = |column: &Column| column.spearman.unwrap_or(f64::NEG_INFINITY);
    columns.sort_by(|a, b| by(b).total_cmp(&by(a)));
    let answer_text = model.token(answer).text;
    Ok(Honesty { token, layer, paths: options.paths, answer, answer_text, p, drops, columns })
}

impl Honesty {
    /// Source tokens by what cutting them costs, dearest first; the asked token itself last.
    pub fn by_cost(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.drops.len()).collect();
        let cost =
            |source: usize| if self.drops[source].is_nan() { f64::NEG_INFINITY } else { self.drops[source] };
        order.sort_by(|&a, &b| cost(b).total_cmp(&cost(a)));
        order
    }

    /// The values of one picture.
    pub fn of(&self, picture: Picture) -> Option<&Column> {
        self.columns.iter().find(|column| column.picture == picture)
    }
}
