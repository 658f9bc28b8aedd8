//! How far back can be asked: a fact at a chosen depth of a chosen length of context, and the answer's probability.

mod asked;
mod distractors;
mod heads;
mod retrieval;
mod templates;

pub use asked::RecallAsked;
pub use distractors::{AmongOthers, among_others};
pub use heads::{Carrier, Carriers, HeadsCut, Masked, carriers};
pub use templates::Template;

use super::{InterveneError, Job, Prompt, RunError, RunOptions, intervene, run};
use crate::model::{HeadSpec, Model, Side, probabilities};
use crate::trace::{Intervention, Trace};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::Serialize;
use std::collections::BTreeMap;
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
    /// Every question is asked again with these
    pub interventions: Vec<Intervention>,
    /// Facts about others that are told around the one that is asked for; `None`: as many as the template usually has
    pub distractors: Option<usize>,
}

/// How well a model recalls, by length and depth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recall {
    /// The model's name
    pub model: String,
    /// In which words it was asked
    pub template: Template,
    /// The template that would suit the model, where its tokenizer cannot read the words and random tokens are asked for
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<Template>,
    /// Questions for each cell
    pub trials: usize,
    /// Seed of the facts
    pub seed: u64,
    /// By length, then by depth
    pub cells: Vec<RecallCell>,
    /// The same questions with interventions, where there are any
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<Vec<RecallCell>>,
    /// The interventions
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interventions: Vec<Intervention>,
}

impl Recall {
    /// The lengths that were asked for, in their order.
    pub fn lengths(&self) -> Vec<usize> {
        let mut lengths: Vec<usize> = self.cells.iter().map(|cell| cell.length).collect();
        lengths.dedup();
        lengths
    }

    /// The depths, which are the same at every length.
    pub fn depths(&self) -> Vec<f64> {
        let first = self.cells.first().map(|cell| cell.length);
        let own = self.cells.iter().take_while(|cell| Some(cell.length) == first);
        own.map(|cell| cell.depth).collect()
    }
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

/// Distances that share a point of a curve: half an octave.
const STEPS: f64 = 2.0;

/// Mean probability of the right answer by the tokens from fact to question, [distance, p], the nearest first: half an
/// octave shares a point.
pub fn by_distance(cells: &[RecallCell]) -> Vec<(f64, f64)> {
    let bin = |cell: &RecallCell| (cell.distance.max(1.0).log2() * STEPS).round() as i64;
    let mut bins: BTreeMap<i64, Vec<&RecallCell>> = BTreeMap::new();
    for cell in cells {
        bins.entry(bin(cell)).or_default().push(cell);
    }
    let mean = |cells: &[&RecallCell], of: fn(&RecallCell) -> f64| {
        cells.iter().map(|cell| of(cell)).sum::<f64>() / cells.len() as f64
    };
    bins.values()
        .map(|cells| (mean(cells, |cell| cell.distance.max(1.0)), mean(cells, |cell| cell.p)))
        .collect()
}

/// A question that cannot be put.
#[derive(Debug, thiserror::Error)]
pub enum RecallError {
    /// A run failed, or the job was cancelled
    #[error(transparent)]
    Run(#[from] RunError),
    /// An intervention cannot be made on a question
    #[error(transparent)]
    Intervene(InterveneError),
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
    /// A template has only so many facts about others
    #[error("{found} facts about others are too many: the template has {most}")]
    TooManyDistractors {
        /// Asked for
        found: usize,
        /// There are
        most: usize,
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
            Self::Run(RunError::NoTokenizer | RunError::Encode(_)) => {
                Some("ask with --template repeat, which needs no words".into())
            }
            Self::Run(error) => error.hint(),
            Self::Intervene(error) => error.hint(),
            Self::TooShort { needed, .. } => Some(format!("give --lengths from {needed} on")),
            Self::TooFewWords { .. } => Some("give shorter --lengths, or another --template".into()),
            Self::TooManyDistractors { most: 0, .. } => {
                Some("ask with --template toys, passkey or pairs, which tell facts".into())
            }
            Self::TooManyDistractors { most, .. } => Some(format!("give up to {most}")),
            Self::NoAnswer(_) => Some("open a decoder with a language-model head".into()),
        }
    }
}

/// Asks every question. Fails with `Cancelled` within one block of the wish.
pub fn recall(model: &Model, options: &RecallOptions, job: &Job) -> Result<Recall, RecallError> {
    checked(model, options)?;
    let template = options.template.unwrap_or_else(|| Template::suited(model));
    let writer = Writer::new(model, template, options.distractors)?;
    let quiet = job.quiet();
    let changes = !options.interventions.is_empty();
    let (mut cells, mut changed) = (Vec::new(), Vec::new());
    let all = (options.lengths.len() * options.depths.len() * options.trials) as f32;
    let mut asked = 0.0;
    for &length in &options.lengths {
        for &depth in &options.depths {
            // The same facts in every cell, so that cells differ by their place alone
            let mut random = StdRng::seed_from_u64(options.seed);
            let mut sums = [RecallCell::new(length, depth), RecallCell::new(length, depth)];
            for _ in 0..options.trials {
                job.report("Asking", asked / all);
                let question = writer.question(length, depth, &mut random)?;
                let clean = ask(model, &question, options.memory_budget, &quiet)?;
                sums[0].add(&question, answer(model, &clean, &question));
                if changes {
                    let cut = cut(model, &clean, &options.interventions, &quiet)?;
                    sums[1].add(&question, answer(model, &cut, &question));
                }
                asked += 1.0;
            }
            let [clean, cut] = sums.map(|sum| sum.over(options.trials));
            cells.push(clean);
            changed.push(cut);
        }
    }
    job.report("Asking", 1.0);
    Ok(Recall {
        model: model.name.clone(),
        template,
        unread: if options.template.is_none() { Template::unread_by(model) } else { None },
        trials: options.trials,
        seed: options.seed,
        cells,
        changed: changes.then_some(changed),
        interventions: options.interventions.clone(),
    })
}

/// Refuses models and lengths that cannot be asked.
fn checked(model: &Model, options: &RecallOptions) -> Result<(), RecallError> {
    let spec = model.spec();
    if spec.head != HeadSpec::NextToken || !spec.generates() || spec.encoder.is_some() {
        return Err(RecallError::NoAnswer(model.name.clone()));
    }
    if let Some((limit, &found)) =
        spec.limit(Side::Target).zip(options.lengths.iter().max()).filter(|(limit, most)| most > &limit)
    {
        return Err(RunError::TooLong { found, limit }.into());
    }
    Ok(())
}

/// A question's run with interventions.
fn cut(
    model: &Model,
    clean: &Trace,
    interventions: &[Intervention],
    job: &Job,
) -> Result<Trace, RecallError> {
    intervene(model, clean, interventions, job, &mut |_| {}).map_err(|error| match error {
        InterveneError::Run(error) => RecallError::Run(error),
        error => RecallError::Intervene(error),
    })
}

impl RecallCell {
    fn new(length: usize, depth: f64) -> Self {
        Self { length, depth, tokens: 0.0, distance: 0.0, p: 0.0, rank: 0.0, right: 0.0 }
    }

    fn add(&mut self, question: &Question, (p, rank): (f64, usize)) {
        self.tokens += question.prompt.len() as f64;
        self.distance += question.distance as f64;
        self.p += p;
        self.rank += rank as f64;
        self.right += f64::from(u8::from(rank == 1));
    }

    /// Sums to means.
    fn over(mut self, trials: usize) -> Self {
        let over = trials.max(1) as f64;
        for mean in [&mut self.tokens, &mut self.distance, &mut self.p, &mut self.rank, &mut self.right] {
            *mean /= over;
        }
        self
    }
}

/// One pass over a question, its answer's own tokens fed too.
fn ask(model: &Model, question: &Question, memory_budget: Option<u64>, job: &Job) -> Result<Trace, RunError> {
    let Question { prompt, answer, .. } = question;
    let fed = [&prompt[..], &answer[..answer.len() - 1]].concat();
    let options = RunOptions { memory_budget, ..RunOptions::default() };
    run(model, &Prompt::Ids(fed), &options, job, &mut |_| {})
}

/// Probability of the whole answer, and the worst rank of its tokens.
fn answer(model: &Model, trace: &Trace, question: &Question) -> (f64, usize) {
    let Question { prompt, answer, .. } = question;
    let vocab = trace.spec.vocab;
    let logits = trace.logits_of(&model.network, prompt.len() - 1..trace.n_tokens());
    let (mut p, mut rank) = (1.0, 1);
    for (&id, logits) in answer.iter().zip(logits.chunks_exact(vocab)) {
        let own = logits[id as usize];
        p *= probabilities(logits, 1.0)[id as usize];
        // NaN is above everything: no answer is right then
        rank = rank.max(1 + logits.iter().filter(|&&other| other > own || other.is_nan()).count());
    }
    (p, rank)
}
