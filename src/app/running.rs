//! A run on its worker: what is asked for, and the news it sends while it computes and writes.

use super::{
    banner::Banner,
    command::Command,
    state::State,
    window::Window,
    worker::{News, Post},
};
use crate::{
    engine::{self, Job, Languages, Prompt, RunError, RunOptions, Typed},
    export::Settings,
    model::{Message, Model},
    trace::Trace,
};
use std::time::{Duration, Instant};

/// The least time between two pictures of a target that grows: each costs copies of the decoder's layers.
const GROWTH: Duration = Duration::from_millis(60);

/// How long after the last key a small model runs by itself.
const LIVE_DELAY: Duration = Duration::from_millis(220);
/// A pass slower than this is not started while typing.
const LIVE_PASS: f64 = 0.25;
/// Parameters beyond which a model counts as slow until it has shown otherwise.
const LIVE_PARAMETERS: u64 = 40_000_000;

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
    /// What was said before it.
    pub turns: Vec<Message>,
    /// These tokens instead of the text's own.
    pub ids: Option<Vec<u32>>,
}

impl Request {
    /// What the state asks for.
    pub fn of(state: &State) -> Self {
        Self {
            prompt: state.prompt.clone(),
            target: state.target.clone(),
            languages: state.languages.clone(),
            chat: state.chat,
            turns: if state.chat { state.turns.clone() } else { Vec::new() },
            ids: state.ids.clone(),
            cut: false,
        }
    }
}

/// Says what was run, `trace`, as a command line does: a prompt that was typed since is another one.
pub(super) fn asked_for(
    state: &State,
    model: Option<&Model>,
    trace: Option<&Trace>,
    settings: &mut Settings,
) {
    let listed = |ids: &[u32]| ids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
    let ran = trace.map(|trace| trace.prompt.as_str()).filter(|prompt| !prompt.is_empty());
    let chat = state.chat && model.is_some_and(|model| model.chat_template.is_some());
    if let Some(ids) = &state.ids {
        settings.set("ids", listed(ids));
    } else if let Some(asked) = model.map(|model| Typed::of(state.prompt.clone(), model))
        && (asked.question.is_some() || model.is_some_and(|model| model.tokenizer.is_none()))
    {
        match (asked.prompt, asked.question) {
            (Prompt::Ids(ids), _) => settings.set("ids", listed(&ids)),
            (Prompt::Text(text) | Prompt::Framed(text), Some(question)) => {
                settings.set("question", question);
                settings.set("prompt", text);
            }
            // No ids, where only those are read: as it was typed
            (Prompt::Text(text) | Prompt::Framed(text), None) => settings.set("ids", text),
        }
        if let Some(second) = asked.second {
            settings.set("second", second.to_string());
        }
    } else {
        let typed = state.prompt.as_str();
        settings.set("prompt", if chat { typed } else { ran.unwrap_or(typed) });
        if chat {
            settings.set_yes("chat");
            let said = state.turns.iter().filter(|turn| !turn.content.trim().is_empty());
            settings.set_all("turn", said.map(ToString::to_string));
        }
    }
    if !state.target.is_empty() {
        let ids = model.is_some_and(|model| model.writer().is_none());
        settings.set(if ids { "target_ids" } else { "target" }, state.target.as_str());
    }
    for (key, code) in [("source_lang", &state.languages.source), ("target_lang", &state.languages.target)] {
        if let Some(code) = code {
            settings.set(key, code.as_str());
        }
    }
}

/// Runs the model; `partial` sees the trace after each layer, and while a target is written.
pub(super) fn passed(
    model: &Model,
    request: &Request,
    job: &Job,
    partial: &mut dyn FnMut(&Trace),
) -> Result<Trace, RunError> {
    let Request { prompt, target, languages, cut, chat, turns, ids } = request.clone();
    // Those of a model that was open before may mean nothing to this one
    let languages = languages.known_to(model);
    let target =
        (model.spec().encoder.is_some() && !target.is_empty()).then(|| Prompt::typed(target, model.writer()));
    let typed = if let Some(ids) = ids {
        Typed { prompt: Prompt::Ids(ids), question: None, second: None }
    } else if chat && model.chat_template.is_some() {
        Typed { prompt: engine::chat_prompt(model, &turns, &prompt)?, question: None, second: None }
    } else {
        Typed::of(prompt, model)
    };
    let Typed { prompt, question, second } = typed;
    let options = RunOptions { target, languages, question, second, cut, ..RunOptions::default() };
    engine::run(model, &prompt, &options, job, partial)
}

/// Runs the model; sends the trace after each layer, and while a target is written, as it grows.
pub(super) fn run(model: &Model, request: &Request, number: u64, job: &Job, post: &Post) {
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
    post.send(match passed(model, request, job, partial) {
        Ok(trace) => News::Ran { job: number, trace },
        Err(_) if job.is_cancelled() => News::Cancelled { job: number },
        Err(error) => {
            News::Failed { job: number, banner: Banner::refused(&error, model, request, post.words()) }
        }
    });
}

/// Whether the last key was typed so long ago that a small model runs by itself.
pub(super) fn is_paused(typed: Instant) -> bool {
    typed.elapsed() >= LIVE_DELAY
}

impl Window {
    /// Runs a small model by itself once the user has paused.
    pub(super) fn run_live(&mut self, ctx: &egui::Context) {
        let Some(typed) = self.typed else { return };
        let left = LIVE_DELAY.saturating_sub(typed.elapsed());
        if !left.is_zero() {
            ctx.request_repaint_after(left);
        } else if self.quick() && !self.state.prompt.is_empty() {
            self.apply(ctx, Command::RunPrompt);
        } else {
            self.typed = None;
        }
    }

    /// Whether the open model answers while one types.
    pub(super) fn quick(&self) -> bool {
        self.session.model.as_ref().is_some_and(|model| is_quick(model, self.session.trace.as_ref()))
    }
}

/// Whether a model answers while one types: as its latest run took, and before there is one by its size.
pub fn is_quick(model: &Model, trace: Option<&Trace>) -> bool {
    match trace.filter(|trace| trace.is_complete()) {
        Some(trace) => trace.forward_seconds < LIVE_PASS,
        None => model.parameters() < LIVE_PARAMETERS,
    }
}
