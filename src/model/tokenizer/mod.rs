//! Text to ids and back, and what each id covers in the prompt.
//!
//! Whatever a model came with, it ends as a `tokenizers::Tokenizer` plus what that cannot say: ids that are shifted,
//! tokens put round a text, languages. One file a kind of source.

mod byte_level;
mod conventions;
mod end_of_word;
mod fitting;
mod folder;
mod gguf;
mod growth;
mod languages;
mod marks;
mod pairs;
mod pieces;
mod sentencepiece;
mod settings;
mod splits;
mod spm_files;
mod unknown;
mod word_pieces;
mod words;

use super::error::LoadError;
use super::warning::Warning;
pub use marks::{Mark, NoLanguage};
pub use pairs::Pair;
pub use pieces::shown;
use pieces::{Spelling, characters};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
pub use words::{WordSplit, Words};

type Error = tokenizers::Error;

/// A model's tokenizer, from whichever files it came with.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    spelling: Spelling,
    frame: Frame,
    numbers: Option<Renumbered>,
    languages: Vec<(String, u32)>,
    mark: Mark,
    roles: BTreeMap<String, String>,
    /// Whether ASCII capitals are read as small letters, before all else
    ascii_lower: bool,
    warnings: Vec<Warning>,
}

/// What a tokenizer is made of, before it is checked.
struct Parts {
    inner: tokenizers::Tokenizer,
    spelling: Spelling,
    frame: Frame,
    numbers: Option<Renumbered>,
    languages: Vec<(String, u32)>,
    mark: Mark,
    roles: Vec<(String, String)>,
    ascii_lower: bool,
    warnings: Vec<Warning>,
}

impl Parts {
    /// One that does what `inner` does.
    fn of(inner: tokenizers::Tokenizer) -> Self {
        Self {
            inner,
            spelling: Spelling::Plain,
            frame: Frame::Inner { bos: None, eos: None },
            numbers: None,
            languages: Vec::new(),
            mark: Mark::default(),
            roles: Vec::new(),
            ascii_lower: false,
            warnings: Vec::new(),
        }
    }
}

/// Which tokens stand round a text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Frame {
    /// Those that `tokenizer.json` asks for; the settings beside it may insist on one (`true`) or forbid it
    Inner { bos: Option<(u32, bool)>, eos: Option<(u32, bool)> },
    /// These
    Own { before: Vec<u32>, after: Vec<u32> },
}

impl Frame {
    /// Puts a language's token in, in the place of the one that was there.
    fn mark(&mut self, language: Option<u32>, old: Option<u32>, at_front: bool) {
        let Self::Own { before, after } = self else { return };
        before.retain(|&id| Some(id) != old);
        after.retain(|&id| Some(id) != old);
        if at_front {
            before.splice(0..0, language);
        } else {
            after.extend(language);
        }
    }
}

/// Ids of the model that are not the places in its vocabulary file.
#[derive(Debug)]
struct Renumbered {
    of_inner: Vec<u32>,
    to_inner: HashMap<u32, u32>,
    /// Texts of ids that the inner vocabulary lacks (the other language's half)
    named: HashMap<u32, String>,
}

impl Renumbered {
    fn new(of_inner: Vec<u32>, named: HashMap<u32, String>) -> Self {
        let mut to_inner = HashMap::with_capacity(of_inner.len());
        for (inner, &id) in of_inner.iter().enumerate() {
            to_inner.entry(id).or_insert(inner as u32);
        }
        Self { of_inner, to_inner, named }
    }
}

/// One token of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Token {
    /// Its id
    pub id: u32,
    /// What it stands for; bytes that are no whole character read `‹E4 BD›`
    pub text: String,
    /// Bytes of the prompt that it covers; empty for tokens the tokenizer adds
    pub span: Range<usize>,
}

impl Token {
    /// For labels: a space reads `·`, a newline `⏎`, a tab `⇥`.
    pub fn shown(&self) -> String {
        shown(&self.text)
    }

    /// The bytes it stands for, in UTF-8 where they are whole characters.
    pub fn bytes(&self) -> Vec<u8> {
        pieces::bytes_of(&self.text)
    }
}

/// The prompt cannot be spelled with the model's vocabulary.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the tokenizer cannot read the prompt: {}", missing.as_ref().map_or(why.clone(), |word| format!("its vocabulary has no `{word}`")))]
pub struct EncodeError {
    /// What it says itself
    pub why: String,
    /// The word or character that it has none for, where that was found
    pub missing: Option<String>,
    /// A prompt that it can read, where one was found
    pub fitting: Option<String>,
}

impl Tokenizer {
    fn new(mut parts: Parts) -> Result<Self, Error> {
        // A trace shows the whole prompt: what the files say about batches does not apply
        parts.inner.with_truncation(None)?;
        parts.inner.with_padding(None);
        Ok(Self {
            inner: parts.inner,
            spelling: parts.spelling,
            frame: parts.frame,
            numbers: parts.numbers,
            languages: parts.languages,
            mark: parts.mark,
            roles: parts.roles.into_iter().collect(),
            ascii_lower: parts.ascii_lower,
            warnings: parts.warnings,
        })
    }

    /// Splits a prompt into tokens, with the special ones the model expects around it.
    pub fn encode(&self, prompt: &str) -> Result<Vec<Token>, EncodeError> {
        self.framed(prompt, &self.frame)
    }

    fn framed(&self, prompt: &str, frame: &Frame) -> Result<Vec<Token>, EncodeError> {
        let mut tokens = self.split(prompt, true)?;
        match frame {
            Frame::Inner { bos, eos } => {
                // A token that the inner frame has put there covers nothing
                if let Some((id, wanted)) = *bos {
                    let there = tokens.first().is_some_and(|token| token.id == id && token.span.is_empty());
                    match (there, wanted) {
                        (true, false) => drop(tokens.remove(0)),
                        (false, true) => tokens.insert(0, self.token(id)),
                        _ => {}
                    }
                }
                if let Some((id, wanted)) = *eos {
                    let there = tokens.last().is_some_and(|token| token.id == id && token.span.is_empty());
                    match (there, wanted) {
                        (true, false) => drop(tokens.pop()),
                        (false, true) => tokens.push(self.token(id)),
                        _ => {}
                    }
                }
            }
            Frame::Own { before, after } => {
                tokens.splice(0..0, before.iter().map(|&id| self.token(id)));
                tokens.extend(after.iter().map(|&id| self.token(id)));
            }
        }
        Ok(tokens)
    }

    /// Splits a text into tokens and puts none around it: for text that says its special tokens itself, such as a
    /// filled-in chat template.
    pub fn encode_bare(&self, text: &str) -> Result<Vec<Token>, EncodeError> {
        self.split(text, false)
    }

    fn split(&self, text: &str, framed: bool) -> Result<Vec<Token>, EncodeError> {
        let lower;
        let text = if self.ascii_lower {
            lower = text.to_ascii_lowercase();
            &lower
        } else {
            text
        };
        let encoding =
            guarded(|| self.inner.encode(text, framed)).map_err(|error| self.unreadable(text, &error))?;
        let special = encoding.get_special_tokens_mask();
        let ids = encoding.get_ids().iter().zip(encoding.get_offsets()).zip(special);
        Ok(ids
            .map(|((&inner, &(start, end)), &special)| {
                let id = self.outer(inner);
                Token { id, text: self.text(id), span: if special == 1 { 0..0 } else { start..end } }
            })
            .collect())
    }

    fn outer(&self, inner: u32) -> u32 {
        let numbers = self.numbers.as_ref();
        numbers.and_then(|numbers| numbers.of_inner.get(inner as usize).copied()).unwrap_or(inner)
    }

    /// The piece of an id, and whether it stands beside the vocabulary and is read as it is.
    fn piece(&self, id: u32) -> Option<(String, bool)> {
        let inner = match &self.numbers {
            None => Some(id),
            Some(numbers) => numbers.to_inner.get(&id).copied(),
        };
        match inner {
            Some(inner) => {
                let beside =
                    self.inner.get_added_vocabulary().get_added_tokens_decoder().contains_key(&inner);
                Some((self.inner.id_to_token(inner)?, beside))
            }
            None => Some((self.numbers.as_ref()?.named.get(&id)?.clone(), false)),
        }
    }

    /// A token without a place in a prompt.
    pub fn token(&self, id: u32) -> Token {
        Token { id, text: self.text(id), span: 0..0 }
    }

    /// What one id stands for.
    pub fn text(&self, id: u32) -> String {
        match self.piece(id) {
            None => format!("‹{id}›"),
            Some((piece, true)) => piece,
            Some((piece, false)) => characters(&self.spelling.bytes(&piece)),
        }
    }

    /// Text of a run of ids, as a reader would see it; special tokens are left out.
    pub fn decode(&self, ids: &[u32]) -> String {
        if self.spelling != Spelling::Metaspace {
            let to_inner = |id: &u32| match &self.numbers {
                None => Some(*id),
                Some(numbers) => numbers.to_inner.get(id).copied(),
            };
            let inner: Vec<u32> = ids.iter().filter_map(to_inner).collect();
            let whole = guarded(|| self.inner.decode(&inner, true));
            return whole.unwrap_or_else(|_| ids.iter().map(|&id| self.text(id)).collect());
        }
        let mut bytes = Vec::new();
        for (piece, beside) in ids.iter().filter_map(|&id| self.piece(id)) {
            if !beside {
                bytes.extend(self.spelling.bytes(&piece));
            } else if !self.inner.get_added_vocabulary().is_special_token(&piece) {
                bytes.extend(piece.into_bytes());
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        text.strip_prefix(' ').unwrap_or(&text).to_owned()
    }

    /// What it puts before every text, such as `<s>` or `[CLS]`.
    pub fn prefix(&self) -> Vec<u32> {
        let tokens = self.encode("a").unwrap_or_default();
        tokens.iter().take_while(|token| token.span.is_empty()).map(|token| token.id).collect()
    }

    /// Whether an id stands beside the vocabulary proper: control tokens, and words that were added to it.
    pub fn is_added(&self, id: u32) -> bool {
        self.piece(id).is_none_or(|(_, beside)| beside)
    }

    /// Ids it can give, added tokens included.
    pub fn vocab(&self) -> usize {
        match &self.numbers {
            None => self.inner.get_vocab_size(true),
            Some(numbers) => {
                let ids = numbers.of_inner.iter().chain(numbers.named.keys());
                ids.max().map_or(0, |&id| id as usize + 1)
            }
        }
    }

    /// The id of a token by its exact spelling.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token).map(|inner| self.outer(inner))
    }

    /// The id that hides a word, where the vocabulary has one.
    pub fn mask(&self) -> Option<u32> {
        let said = self.role("mask");
        said.into_iter().chain(["[MASK]", "<mask>"]).find_map(|name| self.id(name))
    }

    /// The ids that end a text: the one the files name, and those that vocabularies usually do.
    pub fn ends(&self) -> Vec<u32> {
        let names = [
            "</s>",
            "<|endoftext|>",
            "<|end_of_text|>",
            "<|eot_id|>",
            "<|im_end|>",
            "<|end|>",
            "<end_of_turn>",
            "<|return|>",
            "[SEP]",
        ];
        let mut ids: Vec<u32> =
            self.role("eos").into_iter().chain(names).filter_map(|name| self.id(name)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// What reads a role (`bos`, `eos`, `unk`, `sep`, `pad`, `cls`, `mask`), where the files say it.
    pub fn role(&self, role: &str) -> Option<&str> {
        self.roles.get(role).map(String::as_str)
    }

    /// Every role that the files name, with its token's text.
    pub fn roles(&self) -> impl Iterator<Item = (&str, &str)> {
        self.roles.iter().map(|(role, text)| (role.as_str(), text.as_str()))
    }

    /// What a user should know although the tokenizer works.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// Runs a piece of the `tokenizers` crate, which indexes by what files say: a panic there is a broken file.
fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    std::panic::catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err("the vocabulary or its rules contradict themselves".into()))
}

fn read(file: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(file).map_err(|source| LoadError::Read { file: file.to_owned(), source })
}

fn broken(file: &Path, error: &impl ToString) -> LoadError {
    LoadError::Tokenizer { file: PathBuf::from(file), reason: error.to_string() }
}
