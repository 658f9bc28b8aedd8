//! What a vocabulary does not have: the token that stands for it.

use super::{Token, Tokenizer};
use tokenizers::ModelWrapper;

impl Tokenizer {
    /// The id that stands for what the vocabulary does not have, where there is such.
    pub fn unknown(&self) -> Option<u32> {
        let named = match self.inner.get_model() {
            ModelWrapper::WordLevel(model) => Some(model.unk_token.as_str()),
            ModelWrapper::WordPiece(model) => Some(model.unk_token.as_str()),
            ModelWrapper::BPE(model) => model.unk_token.as_deref(),
            ModelWrapper::Unigram(_) => None,
        };
        self.role("unk").or(named).and_then(|name| self.id(name))
    }

    /// Whether a token of `text` stands for what the vocabulary does not have, and is not spelled there itself.
    pub fn is_unknown(&self, token: &Token, text: &str) -> bool {
        Some(token.id) == self.unknown() && text.get(token.span.clone()) != Some(self.text(token.id).as_str())
    }

    /// Whether it reads a text, every word and sign of it.
    pub fn knows(&self, text: &str) -> bool {
        self.encode(text).is_ok_and(|tokens| !tokens.iter().any(|token| self.is_unknown(token, text)))
    }
}
