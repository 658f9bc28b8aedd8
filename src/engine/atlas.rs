//! The job behind the atlas: runs probes and texts, one after the other, and keeps only sums.

use super::corpus::{Corpus, CorpusError};
use super::probes::repeatable;
use super::{Job, Prompt, RunError, RunOptions, run, tokens_of};
use crate::analysis::atlas::{Atlas, Probe, Ran, Tally, Vocabulary};
use crate::model::{HeadId, Model, Part};
use crate::trace::Trace;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rayon::prelude::*;
use std::path::PathBuf;

/// Random tokens of a probe, where the model has positions and words for so many.
const PERIOD: usize = 30;
/// Bytes of text that a token surely has room for.
const BYTES: usize = 4;
/// Short passages of our own.
const PLAIN: &str = include_str!("../../assets/texts/plain.txt");

/// What to run for an atlas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtlasOptions {
    /// A text file or a folder of them; `None`: a few sentences of our own
    pub corpus: Option<PathBuf>,
    /// Passages to read at most
    pub passages: usize,
    /// Tokens of a passage at most
    pub tokens: usize,
    /// Probes
    pub probes: usize,
    /// Seed of their tokens
    pub seed: u64,
    /// Bytes a run may take; `None`: three quarters of what is free
    pub memory_budget: Option<u64>,
}

impl Default for AtlasOptions {
    fn default() -> Self {
        Self { corpus: None, passages: 256, tokens: 128, probes: 8, seed: 0, memory_budget: None }
    }
}

/// An atlas that was not made.
#[derive(Debug, thiserror::Error)]
pub enum AtlasError {
    /// A run failed, or the job was cancelled
    #[error(transparent)]
    Run(#[from] RunError),
    /// A text could not be read
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// Nothing can come twice
    #[error("the model has {0} positions: too few to say anything twice")]
    TooShort(usize),
}

impl AtlasError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Run(error) => error.hint(),
            Self::Corpus(CorpusError::Read { .. }) => Some("check the path given with --corpus".into()),
            Self::Corpus(CorpusError::Empty(_)) => {
                Some("give a text file, or a folder that holds some".into())
            }
            Self::TooShort(_) => Some("`mnemoscope heads` measures single prompts".into()),
        }
    }
}

/// Runs everything and says which head does what. Fails with `Cancelled` within one block of the wish.
pub fn atlas(model: &Model, options: &AtlasOptions, job: &Job) -> Result<Atlas, AtlasError> {
    let spec = model.spec();
    // What a decoder writes is its own: of encoder–decoders the encoder is told
    let read = |&layer: &usize| matches!(spec.blocks[layer].part, Part::Only | Part::Encoder);
    let heads_of = |layer| (0..spec.heads(layer)).map(move |head| HeadId { layer, head });
    let heads: Vec<HeadId> = (0..spec.layers()).filter(read).flat_map(heads_of).collect();
    let (prefix, drawn) = repeatable(model);
    let period = PERIOD.min(drawn.room() / 2);
    if period == 0 || drawn.words() == 0 {
        return Err(AtlasError::TooShort(spec.context.unwrap_or_default()));
    }
    let copying = copying(model, &heads, job)?;
    let mut tally = Tally::new(heads.into_iter());
    let quiet = job.quiet();
    let run_ids = |ids: Vec<u32>| -> Result<Trace, RunError> {
        let target = spec.encoder.as_ref().map(|encoder| Prompt::Ids(encoder.start.clone()));
        let run_options =
            RunOptions { target, memory_budget: options.memory_budget, ..RunOptions::default() };
        run(model, &Prompt::Ids(ids), &run_options, &quiet, &mut |_| {})
    };
    let mut random = StdRng::seed_from_u64(options.seed);
    for probe in 0..options.probes {
        job.report("Running the probes", probe as f32 / options.probes as f32);
        let once = drawn.draw(period, &mut random);
        let ids = [&prefix[..], &once, &once].concat();
        let trace = run_ids(ids)?;
        tally.add_probe(&trace, Probe { prefix: prefix.len(), period });
        if model.tokenizer.is_none() && options.corpus.is_none() {
            // Without words the tokens themselves are all there is to read
            tally.add_text(&run_ids([&prefix[..], &once].concat())?);
        }
    }
    let texts = read_texts(model, options, job, &run_ids, &mut tally)?;
    let (passages, tokens) = tally.read();
    let ran = Ran { period, probes: options.probes, seed: options.seed, texts, passages, tokens };
    let heads = tally.finish(&copying, &|id| model.token(id).text);
    job.report("Reading the texts", 1.0);
    Ok(Atlas { model: model.name.clone(), ran, heads })
}

/// Feeds passages to the tally; says where they came from.
fn read_texts(
    model: &Model,
    options: &AtlasOptions,
    job: &Job,
    run_ids: &dyn Fn(Vec<u32>) -> Result<Trace, RunError>,
    tally: &mut Tally,
) -> Result<Option<String>, AtlasError> {
    let mut add = |text: &str| -> Result<(), RunError> {
        let ids: Vec<u32> =
            tokens_of(model, &Prompt::Text(text.to_owned()), true)?.iter().map(|token| token.id).collect();
        tally.add_text(&run_ids(ids[..ids.len().min(options.tokens)].to_vec())?);
        Ok(())
    };
    let Some(path) = &options.corpus else {
        if model.tokenizer.is_none() {
            return Ok(None);
        }
        let passages: Vec<&str> = PLAIN.split("\n\n").map(str::trim).collect();
        for (index, text) in passages.iter().enumerate() {
            job.report("Reading the texts", index as f32 / passages.len() as f32);
            add(text)?;
        }
        return Ok(Some("built in".to_owned()));
    };
    if model.tokenizer.is_none() {
        return Err(RunError::NoTokenizer.into());
    }
    let mut corpus = Corpus::open(path, options.tokens * BYTES)?;
    let mut read = 0;
    while read < options.passages
        && let Some(text) = corpus.next_passage()?
    {
        job.report("Reading the texts", corpus.done().max(read as f32 / options.passages as f32));
        match add(&text) {
            Ok(()) => read += 1,
            // A passage that the vocabulary cannot spell says nothing about the others
            Err(RunError::Encode(_) | RunError::Empty) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if read == 0 {
        return Err(CorpusError::Empty(path.clone()).into());
    }
    Ok(Some(path.display().to_string()))
}

/// Every head's copying score, from the weights alone.
fn copying(model: &Model, heads: &[HeadId], job: &Job) -> Result<Vec<Option<f64>>, RunError> {
    let mut progress = |done| {
        job.report("Reading the weights", done);
        job.go_on()
    };
    let vocabulary = Vocabulary::new(&model.network, &mut progress);
    if job.is_cancelled() {
        return Err(RunError::Cancelled);
    }
    let score = |&head: &HeadId| vocabulary.as_ref()?.copying(&model.network, head);
    Ok(heads.par_iter().map(score).collect())
}
