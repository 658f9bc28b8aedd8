//! What the window has to say across its top: an error with its remedy, or a notice.

use super::{
    running::Request,
    words::{
        Words,
        errors::{Fault, Told},
    },
};
use crate::{
    engine::{self, RunError},
    model::Model,
    trace::Trace,
};
use std::fmt::Display;

/// An error or a notice across the top: what happened and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banner {
    /// What happened.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Good news is not painted as an error.
    pub error: bool,
    /// A way out that the window can take itself.
    pub offer: Option<Offer>,
}

/// What a banner offers to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Run the prompt's first tokens, as many as the model was made for.
    Cut,
    /// Bring back what a window that crashed had open.
    Recover,
    /// Run a prompt that the model can read.
    Fitting(String),
}

impl Banner {
    /// Of an error that says itself in one line.
    pub fn error(what: &dyn Display, hint: Option<String>) -> Self {
        Self { what: what.to_string(), hint, error: true, offer: None }
    }

    /// Of an error of the library, in the user's language.
    pub fn of(error: &dyn Fault, words: &Words) -> Self {
        let Told { what, hint } = error.told(words.language);
        Self { what, hint, error: true, offer: None }
    }

    /// Of a worker that panicked.
    pub fn panic(words: &Words) -> Self {
        Self::error(&words.panicked, Some(words.panicked_hint.to_owned()))
    }

    /// Of a request that this model did not run.
    pub fn refused(error: &RunError, model: &Model, request: &Request, words: &Words) -> Self {
        let told = Self::of(error, words);
        let fits =
            || engine::fitting_prompt(model).filter(|text| *text != request.prompt).map(Offer::Fitting);
        match error {
            RunError::TooLong { .. } => Self { offer: Some(Offer::Cut), hint: None, ..told },
            // What stands in the target may as well be what it cannot read
            RunError::Encode(_) | RunError::NoTokenizer if request.target.is_empty() => match fits() {
                None => told,
                offer => Self { offer, hint: None, ..told },
            },
            _ => told,
        }
    }

    /// Of a run of a prompt that has no word which the model knows.
    pub fn unknown(trace: &Trace, model: &Model, words: &Words) -> Option<Self> {
        let tokenizer = model.tokenizer.as_ref().filter(|_| trace.source.is_empty())?;
        let mut read = trace.tokens.iter().filter(|token| !token.span.is_empty()).peekable();
        read.peek()?;
        if !read.all(|token| tokenizer.is_unknown(token, &trace.prompt)) {
            return None;
        }
        let text = engine::fitting_prompt(model).filter(|text| *text != trace.prompt)?;
        Some(Self { offer: Some(Offer::Fitting(text)), ..Self::error(&words.all_unknown, None) })
    }

    /// What is to be known about a run before it is read.
    pub fn about(trace: &Trace, words: &Words) -> Option<Self> {
        if trace.has_nan {
            return Some(Self::error(&words.nan, None));
        }
        let what = (words.beyond)(trace.beyond()?);
        Some(Self { offer: Some(Offer::Cut), ..Self::done(what) })
    }

    /// Whether it was about the last run, so that the next one takes it away.
    pub fn passes(&self) -> bool {
        self.error || self.offer == Some(Offer::Cut)
    }

    /// Of something done.
    pub fn done(what: String) -> Self {
        Self { what, hint: None, error: false, offer: None }
    }
}
