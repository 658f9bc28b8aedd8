//! Tokens in groups: the words, lines or sentences that a map's rows and columns stand for.

use crate::model::{Token, shown};
use std::collections::HashSet;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation as _;

/// What a row or a column of a map stands for.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Level {
    /// One token
    #[default]
    Token,
    /// A word or a mark of punctuation, by Unicode's rules (UAX #29): a Chinese character is a word
    Word,
    /// A line of the text
    Line,
    /// A sentence, by the same rules
    Sentence,
}

impl Level {
    /// Its name in options and files.
    pub fn id(self) -> &'static str {
        self.into()
    }
}

/// Consecutive tokens in groups; every token is in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// First token of each group, and the number of tokens at the end; none where each token is a group
    starts: Option<Vec<usize>>,
    n_tokens: usize,
}

impl Groups {
    /// The groups of a text's tokens; `text` is what their spans are places in, where that is known. What the tokenizer
    /// added, such as `<s>`, is a group of its own.
    pub fn of(tokens: &[Token], text: &str, level: Level) -> Self {
        let n_tokens = tokens.len();
        if level == Level::Token || n_tokens == 0 {
            return Self { starts: None, n_tokens };
        }
        let spelled = Spelled::of(tokens, text);
        let bounds: HashSet<usize> = match level {
            Level::Word => spelled.text.split_word_bound_indices().map(|(at, _)| at).collect(),
            Level::Sentence => spelled.text.split_sentence_bound_indices().map(|(at, _)| at).collect(),
            Level::Token | Level::Line => HashSet::new(),
        };
        let begins = |&index: &usize| {
            index == 0
                || spelled.added[index]
                || spelled.added[index - 1]
                || match level {
                    Level::Token => true,
                    // A character whose bytes are several tokens is in one group
                    _ if spelled.inside[index] => false,
                    Level::Word => bounds.contains(&spelled.ink[index]),
                    Level::Line => spelled.has_ink(index) && spelled.gap(index).contains('\n'),
                    Level::Sentence => {
                        let mut gap = spelled.before(index)..=spelled.ink[index];
                        spelled.has_ink(index) && gap.any(|at| bounds.contains(&at))
                    }
                }
        };
        let starts = (0..n_tokens).filter(begins).chain([n_tokens]).collect();
        Self { starts: Some(starts), n_tokens }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.starts.as_ref().map_or(self.n_tokens, |starts| starts.len() - 1)
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Whether each token is a group.
    pub fn are_tokens(&self) -> bool {
        self.starts.is_none()
    }
    /// The tokens of some consecutive groups.
    pub fn tokens(&self, groups: Range<usize>) -> Range<usize> {
        match &self.starts {
            None => groups,
            Some(starts) => starts[groups.start]..starts[groups.end],
        }
    }
    /// The group that a token is in.
    pub fn group(&self, token: usize) -> usize {
        match &self.starts {
            None => token,
            Some(starts) => starts.partition_point(|&start| start <= token).saturating_sub(1),
        }
    }
    /// The groups that hold some consecutive tokens; there must be one.
    pub fn covering(&self, tokens: Range<usize>) -> Range<usize> {
        self.group(tokens.start)..self.group(tokens.end - 1) + 1
    }
    /// What each group reads, spaces round it left out.
    pub fn labels(&self, tokens: &[Token], text: &str) -> Vec<String> {
        if self.are_tokens() {
            return tokens.iter().map(Token::shown).collect();
        }
        let spelled = Spelled::of(tokens, text);
        let label = |group: usize| {
            let own = self.tokens(group..group + 1);
            if let [only] = &tokens[own.clone()]
                && (spelled.added[own.start] || only.text.trim().is_empty())
            {
                return only.shown();
            }
            let end = spelled.starts.get(own.end).copied().unwrap_or(spelled.text.len());
            let text = spelled.text[spelled.starts[own.start]..end].trim();
            if text.is_empty() {
                shown(&spelled.text[spelled.starts[own.start]..end])
            } else {
                text.to_owned()
            }
        };
        (0..self.len()).map(label).collect()
    }
}

/// The text that tokens spell together.
struct Spelled {
    text: String,
    /// Where each token begins in it
    starts: Vec<usize>,
    /// Where each token's first character that is no space is; its beginning where it has none
    ink: Vec<usize>,
    /// Which tokens the tokenizer added
    added: Vec<bool>,
    /// Which begin within a character; they have the place of its beginning
    inside: Vec<bool>,
}

impl Spelled {
    fn of(tokens: &[Token], prompt: &str) -> Self {
        let n = tokens.len();
        let mut all = Self {
            text: String::new(),
            starts: Vec::with_capacity(n),
            ink: Vec::with_capacity(n),
            added: tokens.iter().map(is_added).collect(),
            inside: Vec::with_capacity(n),
        };
        while let Some(token) = tokens.get(all.starts.len()) {
            let index = all.starts.len();
            // Some tokenizers leave spaces out of their tokens, and only the places in the prompt tell of them
            let before = index.checked_sub(1).map(|before| &tokens[before]);
            let gap = before.filter(|before| !before.span.is_empty() && before.span.end < token.span.start);
            if let Some(before) = gap.filter(|_| !token.text.starts_with(char::is_whitespace)) {
                let skipped = prompt.get(before.span.end..token.span.start);
                all.text.push_str(skipped.filter(|skipped| skipped.trim().is_empty()).unwrap_or(" "));
            }
            let parts = tokens[index..].iter().take_while(|token| is_part(token)).count();
            if parts > 0 {
                all.push_bytes(&tokens[index..index + parts]);
                continue;
            }
            all.inside.push(false);
            all.starts.push(all.text.len());
            let ink = token.text.find(|c: char| !c.is_whitespace()).unwrap_or(0);
            all.ink.push(all.text.len() + ink);
            all.text.push_str(&token.text);
        }
        all
    }
    /// Tokens that are bytes: what they spell together are characters.
    fn push_bytes(&mut self, tokens: &[Token]) {
        let bytes: Vec<u8> = tokens.iter().flat_map(Token::bytes).collect();
        // Of each byte where its character begins in the text, and whether it begins it
        let mut places = Vec::with_capacity(bytes.len());
        let mut place = |at: usize, bytes: usize| {
            places.extend((0..bytes).map(|byte| (at, byte > 0)));
        };
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                place(self.text.len(), c.len_utf8());
                self.text.push(c);
            }
            if !chunk.invalid().is_empty() {
                place(self.text.len(), chunk.invalid().len());
                let stray: Vec<String> = chunk.invalid().iter().map(|byte| format!("{byte:02X}")).collect();
                self.text.extend(["‹", &stray.join(" "), "›"]);
            }
        }
        let mut byte = 0;
        for token in tokens {
            let (at, inside) = places.get(byte).copied().unwrap_or((self.text.len(), false));
            self.starts.push(at);
            self.ink.push(at);
            self.inside.push(inside);
            byte += token.bytes().len();
        }
    }
    /// Whether a token is more than spaces.
    fn has_ink(&self, index: usize) -> bool {
        self.text[self.ink[index]..].chars().next().is_some_and(|c| !c.is_whitespace())
    }
    /// End of what is no space before a token.
    fn before(&self, index: usize) -> usize {
        self.text[..self.ink[index]].trim_end().len()
    }
    /// The spaces before a token's first letter.
    fn gap(&self, index: usize) -> &str {
        let before = &self.text[..self.ink[index]];
        &before[before.trim_end().len()..]
    }
}

/// Whether the tokenizer put a token there: it covers nothing of the prompt and stands in brackets.
fn is_added(token: &Token) -> bool {
    let text = token.text.trim();
    let within = |open: char, close: char| text.len() > 2 && text.starts_with(open) && text.ends_with(close);
    token.span.is_empty() && (token.text.is_empty() || within('<', '>') || within('[', ']'))
}

/// Whether a token is bytes that are no whole characters, perhaps beside such as are.
fn is_part(token: &Token) -> bool {
    token.text.contains('‹') && token.bytes() != token.text.as_bytes()
}
