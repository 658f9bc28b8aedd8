//! How multilingual models are told a text's language: a token before it or behind it.

use super::{EncodeError, Frame, Token, Tokenizer, conventions};
use serde::{Deserialize, Serialize};

/// Where the token of a language stands, and what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// Before a text, whose language it tells; a target begins with its start token and then its language's
    #[default]
    Before,
    /// Behind a text, whose language it tells; a target begins with its language's token alone
    Behind,
    /// Before the source text, of which it says into what to translate it
    Wanted,
}

/// A language that a model does not know.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{code}` is no language of this model; it knows, nearest first: {}", .known.join(", "))]
pub struct NoLanguage {
    /// What was asked for
    pub code: String,
    /// The codes that there are, those that are spelled alike first
    pub known: Vec<String>,
}

impl Tokenizer {
    /// Codes of the languages that a text can be marked with, and their ids.
    pub fn languages(&self) -> &[(String, u32)] {
        &self.languages
    }

    /// Where a language's token stands.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// The token of a language (`en`, `eng_Latn`, …).
    pub fn language(&self, code: &str) -> Result<u32, NoLanguage> {
        let same = |known: &&(String, u32)| known.0.eq_ignore_ascii_case(code);
        let exact = self.languages.iter().find(|(known, _)| known == code);
        exact.or_else(|| self.languages.iter().find(same)).map(|(_, id)| *id).ok_or_else(|| {
            let mut known: Vec<_> = self.languages.iter().map(|(code, _)| code.clone()).collect();
            let wanted = code.to_lowercase();
            let near = |code: &String| strsim::jaro_winkler(&code.to_lowercase(), &wanted);
            known.sort_by(|a, b| near(b).total_cmp(&near(a)));
            NoLanguage { code: code.to_owned(), known }
        })
    }

    /// The first language among some tokens.
    pub fn language_among(&self, ids: &[u32]) -> Option<&str> {
        let code = |id: &u32| self.languages.iter().find(|(_, known)| known == id);
        ids.iter().find_map(code).map(|(code, _)| code.as_str())
    }

    /// The language that texts are marked with where nothing else is asked for.
    pub fn usual_language(&self) -> Option<&str> {
        let Frame::Own { before, after } = &self.frame else { return None };
        self.language_among(before).or_else(|| self.language_among(after))
    }

    /// Splits a prompt into tokens, with the special ones the model expects around it, marked with a language by its
    /// token where one is given.
    pub fn encode_as(&self, prompt: &str, language: Option<u32>) -> Result<Vec<Token>, EncodeError> {
        match (language, &self.frame) {
            (Some(language), Frame::Own { before, after }) => {
                let mut frame = Frame::Own { before: before.clone(), after: after.clone() };
                let usual = self.usual_language().and_then(|code| self.language(code).ok());
                frame.mark(Some(language), usual, self.mark != Mark::Behind);
                self.framed(prompt, &frame)
            }
            (_, frame) => self.framed(prompt, frame),
        }
    }

    /// Finds the languages in a vocabulary that came as a `tokenizer.json`, which does not tell them from words.
    ///
    /// Its own frame is then taken apart, so that another language can stand in it.
    pub(super) fn find_languages(&mut self, known: &conventions::Convention) -> Result<(), super::Error> {
        let Some((languages, at_front)) =
            conventions::languages_in(known, &|token| self.inner.token_to_id(token))
        else {
            return Ok(());
        };
        let whole = self.inner.encode("a", true)?;
        let special = whole.get_special_tokens_mask().iter().zip(whole.get_ids());
        let inside = special.clone().position(|(&special, _)| special == 0).unwrap_or(0);
        let ids = |(at, (&special, &id)): (usize, (&u32, &u32))| (special == 1).then_some((at < inside, id));
        let special: Vec<(bool, u32)> = special.enumerate().filter_map(ids).collect();
        let part = |first: bool| special.iter().filter(|(at, _)| *at == first).map(|(_, id)| *id).collect();
        let (before, after): (Vec<u32>, Vec<u32>) = (part(true), part(false));
        let has = |ids: &[u32]| languages.iter().any(|(_, id)| ids.contains(id));
        let behind = has(&after) || !has(&before) && !at_front;
        self.mark = if behind { Mark::Behind } else { Mark::Before };
        self.inner.with_post_processor(None::<tokenizers::PostProcessorWrapper>);
        self.frame = Frame::Own { before, after };
        self.languages = languages;
        Ok(())
    }
}
