//! What went wrong, in the user's language: one sentence and, where something can be done, what.
//!
//! Errors are values of the library. English is what they say themselves; the other language is matched here from the
//! same values, every variant, so that a new one does not compile until it has its words. What a parser or the system
//! says in its own words is quoted.

mod checks;
mod findings;
mod models;
mod runs;
mod timeline;
mod training;
mod views;
mod warnings;

pub use checks::check;
pub use warnings::warning;

use super::Language;

/// An error's sentence, and what to do about it.
pub struct Told {
    /// What happened.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Told {
    fn new(what: impl Into<String>, hint: &str) -> Self {
        Self { what: what.into(), hint: Some(hint.to_owned()) }
    }

    /// One about which nothing can be done.
    fn alone(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None }
    }
}

/// An error that can reach the window.
pub trait Fault {
    /// As the library says it.
    fn english(&self) -> Told;
    /// 简体中文.
    fn chinese(&self) -> Told;

    /// In one of the languages.
    fn told(&self, language: Language) -> Told {
        match language {
            Language::English => self.english(),
            Language::Chinese => self.chinese(),
        }
    }
}

/// The usual English: `Display`, and the error's own hint.
macro_rules! says_itself {
    () => {
        fn english(&self) -> Told {
            Told { what: self.to_string(), hint: self.hint().map(Into::into) }
        }
    };
    (no hint) => {
        fn english(&self) -> Told {
            Told { what: self.to_string(), hint: None }
        }
    };
}
use says_itself;

/// Bytes in megabytes.
fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
