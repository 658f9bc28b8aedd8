//! How far back can be asked: a fact at a chosen depth of a chosen length of context, and the answer's probability.

mod templates;

pub use templates::Template;

use super::{Job, Prompt, RunError, RunOptions, run};
use crate::model::{HeadSpec, Model, probabilities};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::Serialize;
use templates::{Question, Writer};

/// What to ask.
#[derive(Clone, Debug, PartialEq)]
pub struct RecallOptions {
    /// In which words; `None`: what suits the model
    pub template: Option<Template>,
    /// Tokens of the whole prompt, at most; one column of the map each
    pub lengths: Vec<usize>,
    /// Where the fact stands: 0 at the beginning, 1 right before the question; one row each
    pub depths: Vec<f64>,
    /// Questions for each cell
    pub trials: usize,
    /// Seed of the facts
    pub seed: u64,
    /// Bytes a run may take; `None`: three quarters of what is free
    pub memory_budget: Option<u64>,
}

/// How well a model recalls, by length and depth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recall {
    /// The model's name
    pub model: String,
    /// In which words it was asked
    pub template: Template,
    /// Questions for each cell
    pub trials: usize,
    /// Seed of the facts
    pub seed: u64,
    /// By length, then by depth
    pub cells: Vec<RecallCell>,
}

/// One length and depth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RecallCell {
    /// Tokens that were asked for, at most
    pub length: usize,
    /// Where the fact stood, in [0, 1]
    pub depth: f64,
    /// Tokens of the prompts, on average
    pub tokens: f64,
    /// Tokens from the fact's answer to the question's end, on average
    pub distance: f64,
    /// Mean probability of the right answer, all of its tokens
    pub p: f64,
    /// Mean rank of the right answer: 1 where each of its tokens is the most likely, else the worst token's
    pub rank: f64,
    /// Share of questions answered rightly, rank 1
    pub right: f64,
}

/// A question that cannot be put.
#[derive(Debug, thiserror::Error)]
pub enum RecallError {
    /// A run failed, or the job was cancelled
    #[error(transparent)]
    Run(#[from] RunError),
    /// Nothing fits in so few tokens
    #[error("{length} tokens are too few: the question and its fact take {needed}")]
    TooShort {
        /// Tokens asked for
        length: usize,
        /// Tokens needed
        needed: usize,
    },
    /// A sequence without repeats needs more words than there are
    #[error("{length} tokens are too many: the vocabulary has {words} that can be told apart")]
    TooFewWords {
        /// Tokens asked for
        length: usize,
        /// What may be drawn
        words: usize,
    },
    /// A model that gives no next token
    #[error("{0} has no next token to ask for")]
    NoAnswer(String),
}

impl RecallError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Run(RunError::TooLong { limit, .. }) => Some(format!("give --lengths up to {limit}")),
            Self::Run(RunError::NoTokenizer) => {
                Some("ask with --template repeat, which needs no words".into())
            }
            Self::Run(error) => error.hint(),
            Self::TooShort { needed, .. } => Some(format!("give --lengths from {needed} on")),
            Self::TooFewWords { .. } => Some("give shorter --lengths, or another --template".into()),
            Self::NoAnswer(_) => Some("open a decoder with a language-model head".into()),
        }
    }
}

/// Asks every question. Fails with `Cancelled` within one block of the wish.
pub fn recall(model: &Model, options: &RecallOptions, job: &Job) -> Result<Recall, RecallError> {
    let spec = model.spec();
    if spec.head != HeadSpec::NextToken || !spec.generates() || spec.encoder.is_some() {
        return Err(RecallError::NoAnswer(model.name.clone()));
    }
    if let Some((limit, &found)) =
        spec.context.zip(options.lengths.iter().max()).filter(|(limit, most)| most > &limit)
    {
        return Err(RunError::TooLong { found, limit }.into());
    }
    let template = options.template.unwrap_or_else(|| Template::suited(model));
    let writer = Writer::new(model, template)?;
    let quiet = job.quiet();
    let mut cells = Vec::with_capacity(options.lengths.len() * options.depths.len());
    let all = (options.lengths.len() * options.depths.len() * options.trials) as f32;
    let mut asked = 0.0;
    for &length in &options.lengths {
        for &depth in &options.depths {
            // The same facts in every cell, so that cells differ by their place alone
            let mut random = StdRng::seed_from_u64(options.seed);
            let mut sum =
                RecallCell { length, depth, tokens: 0.0, distance: 0.0, p: 0.0, rank: 0.0, right: 0.0 };
            for _ in 0..options.trials {
                job.report("Asking", asked / all);
                let question = writer.question(length, depth, &mut random)?;
                let (p, rank) = answer(model, &question, options.memory_budget, &quiet)?;
                sum.tokens += question.prompt.len() as f64;
                sum.distance += question.distance as f64;
                sum.p += p;
                sum.rank += rank as f64;
                sum.right += f64::from(u8::from(rank == 1));
                asked += 1.0;
            }
            let over = options.trials.max(1) as f64;
            for mean in [&mut sum.tokens, &mut sum.distance, &mut sum.p, &mut sum.rank, &mut sum.right] {
                *mean /= over;
            }
            cells.push(sum);
        }
    }
    job.report("Asking", 1.0);
    Ok(Recall { model: model.name.clone(), template, trials: options.trials, seed: options.seed, cells })
}

/// Probability of the whole answer, and the worst rank of its tokens; one pass, as the answer's own tokens are fed.
fn answer(
    model: &Model,
    question: &Question,
    memory_budget: Option<u64>,
    job: &Job,
) -> Result<(f64, usize), RunError> {
    let Question { prompt, answer, .. } = question;
    let fed = [&prompt[..], &answer[..answer.len() - 1]].concat();
    let options = RunOptions { memory_budget, ..RunOptions::default() };
    let trace = run(model, &Prompt::Ids(fed), &options, job, &mut |_| {})?;
    let (width, vocab) = (trace.spec.width, trace.spec.vocab);
    let resid = &trace.resid(trace.n_layers())[(prompt.len() - 1) * width..];
    let logits = model.network.logits(resid);
    let (mut p, mut rank) = (1.0, 1);
    for (&id, logits) in answer.iter().zip(logits.chunks_exact(vocab)) {
        let own = logits[id as usize];
        p *= probabilities(logits, 1.0)[id as usize];
        // NaN is above everything: no answer is right then
        rank = rank.max(1 + logits.iter().filter(|&&other| other > own || other.is_nan()).count());
    }
    Ok((p, rank))
}
