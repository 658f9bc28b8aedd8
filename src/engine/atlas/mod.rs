//! The job behind the atlas: runs probes and texts, one after the other, and keeps only sums.

mod files;
mod page;
mod partial;
mod words;

pub use files::{AtlasFileError, AtlasForm, open_atlas, save_atlas};
pub use page::page as atlas_page;
pub use partial::{Partial, open_partial, save_partial};

use super::corpus::{Corpus, CorpusError};
use super::intervene::{InterveneError, run_changed};
use super::probed::read_heads;
use super::probes::repeatable;
use super::{Job, Prompt, RunError, RunOptions, tokens_of};
use crate::analysis::atlas::{Apart, Atlas, Probe, Ran, Tally, Vocabulary};
use crate::model::{HeadId, Model};
use crate::trace::{Intervention, Trace};
use partial::Stamp;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Random tokens of a probe, where the model has positions and words for so many.
const PERIOD: usize = 30;
/// Bytes of text that a token surely has room for.
const BYTES: usize = 4;
/// Short passages of our own.
const PLAIN: &str = include_str!("../../../assets/texts/plain.txt");

/// Which texts an atlas reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Texts {
    /// A few sentences of our own
    #[default]
    BuiltIn,
    /// One text
    Prompt(String),
    /// A text file or a folder of them
    Corpus(PathBuf),
}

/// What to run for an atlas.
#[derive(Clone, Debug, PartialEq)]
pub struct AtlasOptions {
    /// What to read
    pub texts: Texts,
    /// Passages to read at most
    pub passages: usize,
    /// Tokens of a passage at most
    pub tokens: usize,
    /// Probes
    pub probes: usize,
    /// Passages by chance that a head shows of every tenth of them
    pub samples: usize,
    /// Seed of the probes' tokens and of that chance
    pub seed: u64,
    /// Bytes a run may take; `None`: three quarters of what is free
    pub memory_budget: Option<u64>,
    /// What is changed about every run: roles are of the changed model then
    pub interventions: Vec<Intervention>,
}

impl Default for AtlasOptions {
    fn default() -> Self {
        Self {
            texts: Texts::BuiltIn,
            passages: 256,
            tokens: 128,
            probes: 8,
            samples: 2,
            seed: 0,
            memory_budget: None,
            interventions: Vec::new(),
        }
    }
}

/// An atlas that was not made.
#[derive(Debug, thiserror::Error)]
pub enum AtlasError {
    /// A run failed, or the job was cancelled
    #[error(transparent)]
    Run(#[from] RunError),
    /// An intervention cannot be made on one of its runs
    #[error(transparent)]
    Change(InterveneError),
    /// A text could not be read
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// Nothing can come twice
    #[error("the model has {0} positions: too few to say anything twice")]
    TooShort(usize),
    /// What was left of an interrupted job is of another one
    #[error("what was left belongs to another job: {0} differs")]
    Another(&'static str),
}

impl From<InterveneError> for AtlasError {
    fn from(error: InterveneError) -> Self {
        match error {
            InterveneError::Run(error) => Self::Run(error),
            error => Self::Change(error),
        }
    }
}

impl AtlasError {
    fn is_cancelled(&self) -> bool {
        matches!(self, Self::Run(RunError::Cancelled))
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Run(error) => error.hint(),
            Self::Change(error) => error.hint(),
            Self::Corpus(CorpusError::Read { .. }) => Some("check the path given with --corpus".into()),
            Self::Corpus(CorpusError::Binary(_)) => {
                Some("leave it out, or save it as UTF-8 where it is a text in UTF-16".into())
            }
            Self::Corpus(CorpusError::Empty(_)) => {
                Some("give a text file, or a folder that holds some".into())
            }
            Self::TooShort(_) => Some("`mnemoscope heads` measures single prompts".into()),
            Self::Another(_) => Some("repeat the command as it was, or begin anew without --resume".into()),
        }
    }
}

/// Runs everything and says which head does what. Fails with `Cancelled` within one block of the wish.
pub fn atlas(model: &Model, options: &AtlasOptions, job: &Job) -> Result<Atlas, AtlasError> {
    resume_atlas(model, options, None, &mut |_| {}, job)
}

/// The same from where an interrupted job was left: the outcome is that of one without a break, bit for bit.
///
/// `keep` is shown what there is after every passage, and when the job is cancelled.
pub fn resume_atlas(
    model: &Model,
    options: &AtlasOptions,
    left: Option<Partial>,
    keep: &mut dyn FnMut(&Partial),
    job: &Job,
) -> Result<Atlas, AtlasError> {
    let runner = Runner { model, options, quiet: job.quiet() };
    let mut partial = match left {
        Some(left) => left.checked(model, options)?,
        None => runner.begin(job)?,
    };
    let read = runner.read_texts(&mut partial, keep, job);
    if read.as_ref().is_err_and(AtlasError::is_cancelled) {
        keep(&partial);
    }
    let texts = read?;
    let mut chosen = partial.tally.choose();
    let again = chosen.passages();
    for (done, (number, ids)) in again.iter().enumerate() {
        job.report("Drawing passages", done as f32 / again.len() as f32);
        let shown = runner.run(ids.clone());
        if shown.as_ref().is_err_and(AtlasError::is_cancelled) {
            keep(&partial);
        }
        partial.tally.show(&mut chosen, *number, &shown?);
    }
    let Partial { tally, apart, stamp, .. } = partial;
    let (passages, tokens) = tally.read();
    let (period, probes, seed) = (stamp.period, options.probes, options.seed);
    let interventions = options.interventions.clone();
    let ran = Ran { period, probes, seed, texts, passages, tokens, interventions };
    let (passages, heads) = tally.finish(chosen, &apart, &|id| model.token(id).text);
    job.report("Drawing passages", 1.0);
    Ok(Atlas { model: model.name.clone(), ran, described: BTreeMap::new(), passages, heads })
}

/// One model with what is to be run on it.
struct Runner<'a> {
    model: &'a Model,
    options: &'a AtlasOptions,
    quiet: Job,
}

impl Runner<'_> {
    fn run(&self, ids: Vec<u32>) -> Result<Trace, AtlasError> {
        let options = RunOptions::reading(self.model, self.options.memory_budget);
        let changes = &self.options.interventions;
        Ok(run_changed(self.model, &Prompt::Ids(ids), &options, changes, &self.quiet)?)
    }

    /// Everything before the texts: weights, probes, words.
    fn begin(&self, job: &Job) -> Result<Partial, AtlasError> {
        let (model, options) = (self.model, self.options);
        let spec = model.spec();
        let heads = read_heads(spec);
        let (prefix, drawn) = repeatable(model);
        let period = PERIOD.min(drawn.room() / 2);
        if period == 0 || drawn.words() == 0 {
            return Err(AtlasError::TooShort(spec.context.unwrap_or_default()));
        }
        // A corpus that cannot be read should not cost the probes
        let stamp = Stamp::of(model, options, period)?;
        let apart = Apart {
            copying: copying(model, &heads, job)?,
            name_mover: words::name_movers(self, &heads, job)?,
            successor: words::successors(self, &heads, job)?,
        };
        let mut tally = Tally::new(heads.into_iter(), options.samples, options.seed);
        let mut random = StdRng::seed_from_u64(options.seed);
        for probe in 0..options.probes {
            job.report("Running the probes", probe as f32 / options.probes as f32);
            let once = drawn.draw(period, &mut random);
            let trace = self.run([&prefix[..], &once, &once].concat())?;
            tally.add_probe(&trace, Probe { prefix: prefix.len(), period });
            if model.tokenizer.is_none() && options.texts == Texts::BuiltIn {
                // Without words the tokens themselves are all there is to read
                tally.add_text(&self.run([&prefix[..], &once].concat())?);
            }
        }
        Ok(Partial { stamp, taken: 0, tally, apart: apart.rounded() })
    }

    /// Feeds passages to the tally; says where they came from.
    fn read_texts(
        &self,
        partial: &mut Partial,
        keep: &mut dyn FnMut(&Partial),
        job: &Job,
    ) -> Result<Option<String>, AtlasError> {
        let (model, options) = (self.model, self.options);
        let path = match &options.texts {
            Texts::BuiltIn if model.tokenizer.is_none() => return Ok(None),
            Texts::BuiltIn => {
                let passages: Vec<&str> = PLAIN.split("\n\n").map(str::trim).collect();
                for (index, text) in passages.iter().enumerate().skip(partial.taken) {
                    job.report("Reading the texts", index as f32 / passages.len() as f32);
                    self.read(partial, text)?;
                    keep(partial);
                }
                return Ok(Some("built in".to_owned()));
            }
            Texts::Prompt(text) => {
                if partial.taken == 0 {
                    self.read(partial, text)?;
                }
                return Ok(Some("prompt".to_owned()));
            }
            Texts::Corpus(path) => path,
        };
        if model.tokenizer.is_none() {
            return Err(RunError::NoTokenizer.into());
        }
        let mut corpus = Corpus::open(path, options.tokens * BYTES)?;
        for _ in 0..partial.taken {
            corpus.next_passage()?;
        }
        while partial.tally.read().0 < options.passages
            && let Some(text) = corpus.next_passage()?
        {
            let read = partial.tally.read().0 as f32 / options.passages as f32;
            job.report("Reading the texts", corpus.done().max(read));
            match self.read(partial, &text) {
                // A passage that the vocabulary cannot spell says nothing about the others
                Ok(()) | Err(AtlasError::Run(RunError::Encode(_) | RunError::Empty)) => {}
                Err(error) => return Err(error),
            }
            keep(partial);
        }
        if partial.tally.read().0 == 0 {
            return Err(CorpusError::Empty(path.clone()).into());
        }
        Ok(Some(path.display().to_string()))
    }

    /// Reads one passage; it is taken, whatever becomes of it, unless the job ends.
    fn read(&self, partial: &mut Partial, text: &str) -> Result<(), AtlasError> {
        let read = || -> Result<Trace, AtlasError> {
            let prompt = Prompt::Text(text.to_owned());
            let ids: Vec<u32> = tokens_of(self.model, &prompt, true)?.iter().map(|token| token.id).collect();
            self.run(ids[..ids.len().min(self.options.tokens)].to_vec())
        };
        let trace = read();
        if !trace.as_ref().is_err_and(AtlasError::is_cancelled) {
            partial.taken += 1;
        }
        partial.tally.add_text(&trace?);
        Ok(())
    }
}

/// Every head's copying score, from the weights alone.
fn copying(model: &Model, heads: &[HeadId], job: &Job) -> Result<Vec<Option<f64>>, RunError> {
    let vocabulary = Vocabulary::new(&model.network, &mut job.tell("Reading the weights"));
    if job.is_cancelled() {
        return Err(RunError::Cancelled);
    }
    let score = |&head: &HeadId| vocabulary.as_ref()?.copying(&model.network, head);
    Ok(heads.par_iter().map(score).collect())
}
