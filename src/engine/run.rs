//! Running a prompt and generating: the pass, block by block, into a trace.

use super::answer::answer;
use super::pass::{advance, append};
use super::prompt::{LogitRows, Prompt, RunOptions, TARGET};
use super::room::{checked, room};
use super::{Job, Languages, available_bytes};
use crate::model::{
    ChatError, Context, EncodeError, HeadId, HeadSpec, Model, ModelSpec, NoLanguage, Repeats, Sampler,
    Sampling, Side, Tokenizer,
};
use crate::trace::{Token, Trace, estimate_bytes};
use std::sync::Arc;
use std::time::Instant;

/// A prompt that was not run. The trace that was there before is untouched.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum RunError {
    /// No text, or text without tokens
    #[error("the prompt is empty")]
    Empty,
    /// More tokens than the model has positions
    #[error("the prompt has {found} tokens, the model takes {limit}")]
    TooLong {
        /// Tokens of the prompt
        found: usize,
        /// Positions of the model
        limit: usize,
    },
    /// Fewer tokens than a classifier over all positions reads
    #[error("the prompt has {found} tokens, the model's classifier reads exactly {needed}")]
    TooShort {
        /// Tokens of the prompt
        found: usize,
        /// Tokens that are read
        needed: usize,
    },
    /// An id the model has no vector for
    #[error("id {id} is out of range: the model knows {vocab} tokens (0 to {})", .vocab - 1)]
    OutOfRange {
        /// The id
        id: u32,
        /// Tokens the model knows
        vocab: usize,
    },
    /// Padding for a model that masks it
    #[error("token {0} is padding (id {1}), which this model masks")]
    Padding(usize, u32),
    /// Text for a model without a tokenizer
    #[error("the model has no tokenizer")]
    NoTokenizer,
    /// Text the tokenizer cannot read
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A language that the model does not know
    #[error(transparent)]
    Language(#[from] NoLanguage),
    /// A language for a model that marks none
    #[error("{0} does not mark its texts with this language")]
    NoLanguages(String),
    /// More memory than the budget allows
    #[error("the run would take {} of memory, the budget is {}", megabytes(*.needed), megabytes(*.budget))]
    Memory {
        /// Estimate, in bytes
        needed: u64,
        /// What may be taken, in bytes
        budget: u64,
        /// Tokens that would fit
        fits: usize,
    },
    /// A conversation for a model without a chat template
    #[error("{0} has no chat template")]
    NoChatTemplate(String),
    /// A conversation that the template does not take
    #[error(transparent)]
    Chat(#[from] ChatError),
    /// Interventions cut every edge of a query
    #[error("head {head} would have nothing to look at from token {query}")]
    EmptyRow {
        /// The head
        head: HeadId,
        /// The query
        query: usize,
    },
    /// A target for a model that has no encoder
    #[error("{0} has no encoder, so it takes no target")]
    NoEncoder(String),
    /// A question about ids
    #[error("a question needs a prompt of text, not ids")]
    IdsAndQuestion,
    /// A question in a language that is told: a text of two segments has no place for its mark
    #[error("a question and its text take no language")]
    QuestionAndLanguage,
    /// Asked to continue text with a model that does not
    #[error("{0} does not generate text")]
    DoesNotGenerate(String),
    /// The job was cancelled
    #[error("cancelled")]
    Cancelled,
}

impl RunError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Empty => "type some text, or give ids".into(),
            Self::TooLong { limit, .. } => {
                format!("shorten it, or cut it to its first {limit} tokens with --cut")
            }
            Self::TooShort { needed, .. } => format!("pad it to {needed} tokens, as the model was trained"),
            Self::OutOfRange { .. } => "ids must come from this model's own vocabulary".into(),
            Self::Padding(..) => "leave it out: a text without padding is what the model was made for".into(),
            Self::NoTokenizer => {
                "give ids (--ids) such as 5 17 23, or put tokenizer.json beside the weights".into()
            }
            Self::NoChatTemplate(_) => "leave --chat out: this model continues plain text".into(),
            Self::Chat(_) => "some templates take no system message: leave it out".into(),
            Self::Encode(EncodeError { fitting: Some(text), .. }) => {
                format!("use words of its vocabulary, such as --prompt \"{text}\", or give ids with --ids")
            }
            Self::Encode(_) => "use words of the model's vocabulary, or give ids with --ids".into(),
            Self::Memory { fits, .. } => {
                format!("about {fits} tokens would fit; close other programs or raise --memory")
            }
            Self::EmptyRow { .. } => "leave it a key, or take the head away with zero=L.H".into(),
            Self::Language(_) => "give one of these codes".into(),
            Self::NoLanguages(_) => {
                "leave the language out: some models mark only the one to translate into, most none".into()
            }
            Self::NoEncoder(_) => "leave the target out, or open an encoder–decoder model such as T5".into(),
            Self::QuestionAndLanguage => "leave --source-lang and --target-lang out, or the question".into(),
            Self::IdsAndQuestion => {
                "give the text with --prompt, or both as ids with --ids and --second".into()
            }
            Self::DoesNotGenerate(_) => "open a decoder with a language-model head".into(),
            Self::Cancelled => return None,
        })
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// The tokens of a prompt, checked against the model: of a source, where it has an encoder.
pub fn tokens_of(model: &Model, prompt: &Prompt, cut: bool) -> Result<Vec<Token>, RunError> {
    tokens_in(model, prompt, cut, None)
}

/// The tokens of a prompt that is marked with a language by its token.
fn tokens_in(
    model: &Model,
    prompt: &Prompt,
    cut: bool,
    language: Option<u32>,
) -> Result<Vec<Token>, RunError> {
    let spec = model.spec();
    let vocab = spec.encoder.as_ref().map_or(spec.vocab, |encoder| encoder.vocab);
    let side = if spec.encoder.is_some() { Side::Source } else { Side::Target };
    let tokens = match (prompt, &model.tokenizer) {
        (Prompt::Text(text) | Prompt::Framed(text), _) if text.is_empty() => return Err(RunError::Empty),
        (Prompt::Text(text), Some(tokenizer)) => model.padded(tokenizer.encode_as(text, language)?),
        (Prompt::Framed(text), Some(tokenizer)) => tokenizer.encode_bare(text)?,
        (Prompt::Text(_) | Prompt::Framed(_), None) => return Err(RunError::NoTokenizer),
        (Prompt::Ids(ids), Some(tokenizer)) => ids.iter().map(|&id| tokenizer.token(id)).collect(),
        (Prompt::Ids(ids), None) => ids.iter().map(|&id| model.token(id)).collect(),
    };
    let tokens = checked(tokens, vocab, room(spec, side, cut))?;
    let masked = tokens.iter().position(|token| Some(token.id) == model.masked);
    if let (Some(at), Some(id)) = (masked, model.masked) {
        return Err(RunError::Padding(at, id));
    }
    match spec.needs_tokens().filter(|&needed| tokens.len() < needed) {
        Some(needed) => Err(RunError::TooShort { found: tokens.len(), needed }),
        None => Ok(tokens),
    }
}

/// The text and tokens of a prompt, or of a question and a prompt, and where the second of two segments begins.
fn texts_of(
    model: &Model,
    prompt: &Prompt,
    options: &RunOptions,
) -> Result<(String, Vec<Token>, Option<usize>), RunError> {
    if options.question.is_some() && options.languages != Languages::default() {
        return Err(RunError::QuestionAndLanguage);
    }
    let language = options.languages.of_source(model)?;
    let (question, text) = match (prompt, &options.question) {
        (Prompt::Text(text) | Prompt::Framed(text), Some(question)) => (question, text),
        (Prompt::Ids(_), Some(_)) => return Err(RunError::IdsAndQuestion),
        (Prompt::Text(text) | Prompt::Framed(text), None) => {
            return Ok((text.clone(), tokens_in(model, prompt, options.cut, language)?, None));
        }
        (Prompt::Ids(_), None) => {
            return Ok((String::new(), tokens_of(model, prompt, options.cut)?, options.second));
        }
    };
    let tokenizer = model.tokenizer.as_ref().ok_or(RunError::NoTokenizer)?;
    let pair = tokenizer.encode_pair(question, text)?;
    let spec = model.spec();
    let (vocab, side) = match &spec.encoder {
        Some(encoder) => (encoder.vocab, Side::Source),
        None => (spec.vocab, Side::Target),
    };
    Ok((pair.text, checked(pair.tokens, vocab, room(spec, side, options.cut))?, Some(pair.second)))
}

/// The tokens of a target, after those that every target begins with.
fn target_of(model: &Model, options: &RunOptions) -> Result<Vec<Token>, RunError> {
    let (spec, cut) = (model.spec(), options.cut);
    let start = options.languages.start(model)?.into_iter().map(|id| model.token(id)).collect();
    let mut tokens: Vec<Token> = checked(start, spec.vocab, room(spec, Side::Target, false))?;
    if let Some(prompt) = &options.target {
        let left = room(spec, Side::Target, cut).less(tokens.len());
        let own = match (prompt, model.writer()) {
            (Prompt::Text(text) | Prompt::Framed(text), Some(tokenizer)) => tokenizer.encode_bare(text)?,
            (Prompt::Text(_) | Prompt::Framed(_), None) => return Err(RunError::NoTokenizer),
            (Prompt::Ids(ids), _) => ids.iter().map(|&id| model.token(id)).collect(),
        };
        tokens.extend(checked(own, spec.vocab, left)?);
    }
    Ok(tokens)
}

/// Runs `model` on `prompt`. `on_layer` sees the trace after each block, the maps of that block included.
///
/// Fails with `Cancelled` within one block of the wish; what it had so far is dropped.
pub fn run(
    model: &Model,
    prompt: &Prompt,
    options: &RunOptions,
    job: &Job,
    on_layer: &mut dyn FnMut(&Trace),
) -> Result<Trace, RunError> {
    let start = Instant::now();
    let spec = model.spec();
    let (text, mut tokens, second) = texts_of(model, prompt, options)?;
    let mut source = Vec::new();
    if spec.encoder.is_some() {
        source = std::mem::replace(&mut tokens, target_of(model, options)?);
        if let (None, HeadSpec::Classes(head), Some(first)) = (&options.target, &spec.head, tokens.first()) {
            let ids: Vec<u32> = source.iter().map(|token| token.id).collect();
            let again = head.moved_on(first.id, &ids).into_iter().map(|id| model.token(id)).collect();
            tokens = checked(again, spec.vocab, room(spec, Side::Target, options.cut))?;
        }
    } else if options.target.is_some() {
        return Err(RunError::NoEncoder(model.name.clone()));
    }
    let writes = !source.is_empty() && options.target.is_none() && spec.generates();
    let n_tokens = tokens.len() + if writes { TARGET } else { 0 };
    let rows = if options.logits == LogitRows::All { n_tokens } else { 1 };
    check_budget(spec, n_tokens, source.len(), rows, options.memory_budget)?;
    let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
    let repeats = Repeats::of(&ids);
    let mut trace = Trace::new(model.name.clone(), spec.clone(), text, tokens);
    trace.source = Arc::new(source);
    trace.second = second;
    let context = Context { first: 0, repeats: &repeats, thumbnails: true, scales: false };
    advance(model, &mut trace, &ids, None, context, job, &mut |layer, trace| {
        if layer == 0 {
            trace.first_map_seconds = start.elapsed().as_secs_f64();
        }
        on_layer(trace);
    })?;
    if writes {
        answer(model, &mut trace, LogitRows::Answer);
        let mut made = |trace: &Trace, _: &Token| {
            on_layer(trace);
            true
        };
        generate(model, &mut trace, &Sampling::default(), TARGET, job, &mut made)?;
    }
    if !writes || options.logits == LogitRows::All {
        answer(model, &mut trace, options.logits);
    }
    trace.forward_seconds = start.elapsed().as_secs_f64();
    Ok(trace)
}

/// Refuses a run that would take more memory than there is.
pub(super) fn check_budget(
    spec: &ModelSpec,
    n_tokens: usize,
    n_source: usize,
    rows_of_logits: usize,
    budget: Option<u64>,
) -> Result<(), RunError> {
    let budget = budget.unwrap_or_else(|| available_bytes() / 4 * 3);
    let needed = estimate_bytes(spec, n_tokens, n_source, rows_of_logits);
    if needed > budget {
        let fits = (n_tokens.max(n_source) as u64 * budget / needed) as usize;
        return Err(RunError::Memory { needed, budget, fits });
    }
    Ok(())
}

/// Continues a trace by up to `n` tokens; each appends its rows, and nothing is computed twice.
///
/// Ends early at a token that ends texts, at the model's last position where those are a table, or where `on_token` says `false`. When
/// cancelled, the trace holds the tokens that were complete by then.
pub fn generate(
    model: &Model,
    trace: &mut Trace,
    sampling: &Sampling,
    n: usize,
    job: &Job,
    on_token: &mut dyn FnMut(&Trace, &Token) -> bool,
) -> Result<(), RunError> {
    if !trace.spec.generates() {
        return Err(RunError::DoesNotGenerate(model.name.clone()));
    }
    let mut repeats = Repeats::of(&trace.ids());
    let ends = model.writer().map_or_else(Vec::new, Tokenizer::ends);
    let mut sampler = Sampler::new(sampling.clone());
    let limit = trace.spec.limit(Side::Target).unwrap_or(usize::MAX);
    let vocab = trace.spec.vocab;
    let mut outcome = Ok(());
    for step in 0..n.min(limit.saturating_sub(trace.n_tokens())) {
        if job.is_cancelled() {
            outcome = Err(RunError::Cancelled);
            break;
        }
        job.report("Generating", step as f32 / n as f32);
        let id = sampler.draw(&trace.logits[trace.logits.len() - vocab..]);
        let token = model.token(id);
        outcome = append(model, trace, token.clone(), &mut repeats, job);
        if outcome.is_err() || !on_token(trace, &token) || ends.contains(&id) {
            break;
        }
    }
    trace.refresh_thumbnails();
    outcome
}

/// Feeds ids one by one through the KV cache: the first in a pass of its own, each later one appended.
pub(super) fn replay(model: &Model, ids: &[u32], job: &Job) -> Result<Trace, RunError> {
    let first = Prompt::Ids(ids[..1].to_vec());
    let mut trace = run(model, &first, &RunOptions::default(), job, &mut |_| {})?;
    let mut repeats = Repeats::of(&ids[..1]);
    for token in tokens_of(model, &Prompt::Ids(ids.to_vec()), false)?.into_iter().skip(1) {
        append(model, &mut trace, token, &mut repeats, job)?;
    }
    Ok(trace)
}
