//! A run on its worker: what is asked for, and the news it sends while it computes and writes.

use super::{
    banner::Banner,
    state::State,
    worker::{News, Post},
};
use crate::{
    engine::{self, Job, Languages, Prompt, RunOptions},
    model::{HeadSpec, Model, Outcome},
    trace::Trace,
};
use std::time::{Duration, Instant};

/// The least time between two pictures of a target that grows: each costs copies of the decoder's layers.
const GROWTH: Duration = Duration::from_millis(60);

/// What to run, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The text; nothing is run on an empty one.
    pub prompt: String,
    /// What an encoder–decoder model's decoder reads; empty: it writes that itself.
    pub target: String,
    /// Languages of the two, where the model marks them.
    pub languages: Languages,
    /// On as much of it as fits.
    pub cut: bool,
    /// As a user's turn of a conversation.
    pub chat: bool,
    /// These tokens instead of the text's own.
    pub ids: Option<Vec<u32>>,
}

impl Request {
    /// What the state asks for.
    pub fn of(state: &State) -> Self {
        let State { prompt, target, languages, chat, ids, .. } = state.clone();
        Self { prompt, target, languages, chat, ids, cut: false }
    }
}

/// A question and what it is asked of, where the model answers questions and the prompt has both: `question ||| text`.
fn asked(model: &Model, prompt: String) -> (Option<String>, String) {
    let answers = matches!(&model.spec().head, HeadSpec::Classes(head) if head.outcome == Outcome::Span);
    match prompt.split_once("|||").filter(|_| answers) {
        Some((question, text)) => (Some(question.trim().to_owned()), text.trim().to_owned()),
        None => (None, prompt),
    }
}

/// Token ids, where a text is nothing else: all that a model without a tokenizer reads.
fn numbers(text: &str) -> Option<Vec<u32>> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let ids: Vec<u32> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
    (!ids.is_empty()).then_some(ids)
}

/// Runs the model; sends the trace after each layer, and while a target is written, as it grows.
pub(super) fn run(model: &Model, request: Request, number: u64, job: &Job, post: &Post) {
    let Request { prompt, target, languages, cut, chat, ids } = request;
    // Those of a model that was open before may mean nothing to this one
    let languages = languages.known_to(model);
    let target = (model.spec().encoder.is_some() && !target.is_empty()).then_some(Prompt::Text(target));
    let (question, prompt) = asked(model, prompt);
    let options = RunOptions { target, languages, question, cut, ..RunOptions::default() };
    let start = Instant::now();
    let mut last: Option<Instant> = None;
    let partial = &mut |trace: &Trace| {
        let mut trace = trace.clone();
        if trace.is_complete() {
            if last.is_some_and(|last| last.elapsed() < GROWTH) {
                return;
            }
            trace.refresh_thumbnails();
            trace.forward_seconds = start.elapsed().as_secs_f64();
            last = Some(Instant::now());
        }
        post.send(News::Partial { job: number, trace });
    };
    let prompt = if let Some(ids) = ids {
        Ok(Prompt::Ids(ids))
    } else if chat && model.chat_template.is_some() {
        engine::chat_prompt(model, None, &prompt)
    } else {
        let numbers = model.tokenizer.is_none().then(|| numbers(&prompt)).flatten();
        Ok(numbers.map_or(Prompt::Text(prompt), Prompt::Ids))
    };
    let outcome = prompt.and_then(|prompt| engine::run(model, &prompt, &options, job, partial));
    post.send(match outcome {
        Ok(trace) => News::Ran { job: number, trace },
        Err(_) if job.is_cancelled() => News::Cancelled { job: number },
        Err(error) => News::Failed { job: number, banner: Banner::refused(&error, post.words()) },
    });
}
