//! A text's tokens as they are shown, made once a run.

use crate::trace::Token;

/// The labels of one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// One a token.
    pub texts: Vec<String>,
    /// Characters of the longest.
    pub longest: usize,
}

impl Labels {
    /// Of these tokens.
    pub fn of(tokens: &[Token]) -> Self {
        Self::named(tokens.iter().map(Token::shown).collect())
    }

    /// Of these texts.
    pub fn named(texts: Vec<String>) -> Self {
        let longest = texts.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        Self { texts, longest }
    }

    /// Of one token; empty where there is none.
    pub fn get(&self, index: usize) -> &str {
        self.texts.get(index).map_or("", String::as_str)
    }
}
