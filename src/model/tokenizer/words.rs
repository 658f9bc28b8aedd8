//! A plain list of words, as Keras's `TextVectorization` and vocabulary files have it.

use super::{Frame, Parts, Tokenizer, broken, guarded};
use crate::model::error::LoadError;
use std::path::Path;
use tokenizers::models::bpe::Vocab;
use tokenizers::models::wordlevel::WordLevel;
use tokenizers::normalizers::Replace;
use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;

/// What such a list leaves to its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The words in the order of their ids. The first two are padding (empty) and `[UNK]`; they are put in front
    /// where the list lacks them.
    pub words: Vec<String>,
    /// Whether ASCII capitals become small letters
    pub lower: bool,
    /// Whether ASCII punctuation is dropped
    pub strip_punctuation: bool,
    /// Where to cut
    pub split: WordSplit,
}

/// Where a text is cut into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordSplit {
    /// At ASCII white space
    Whitespace,
    /// Between any two characters
    Characters,
}

impl Words {
    /// As `TextVectorization` does unless told otherwise: small letters, no punctuation, cut at white space.
    pub fn new(words: Vec<String>) -> Self {
        Self { words, lower: true, strip_punctuation: true, split: WordSplit::Whitespace }
    }
}

const UNKNOWN: &str = "[UNK]";

impl Tokenizer {
    /// A tokenizer of whole words; `file` is where they came from, for messages.
    pub fn from_words(words: Words, file: &Path) -> Result<Self, LoadError> {
        guarded(|| parts(words)).and_then(Self::new).map_err(|error| broken(file, &error))
    }
}

fn parts(words: Words) -> Result<Parts, super::Error> {
    let Words { words: list, lower, strip_punctuation, split } = words;
    let list: Vec<String> = match list.iter().position(|word| word == UNKNOWN) {
        Some(0) => std::iter::once(String::new()).chain(list).collect(),
        Some(_) => list,
        None => [String::new(), UNKNOWN.to_owned()].into_iter().chain(list).collect(),
    };
    let vocab = list.into_iter().enumerate().map(|(id, word)| (word, id as u32)).collect::<Vocab>();
    let model = WordLevel::builder().vocab(vocab).unk_token(UNKNOWN.to_owned()).build()?;
    let mut inner = tokenizers::Tokenizer::new(model);
    if strip_punctuation {
        let ascii = r##"[!"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~']"##;
        inner.with_normalizer(Some(Replace::new(ReplacePattern::Regex(ascii.to_owned()), "")?))?;
    }
    let (pattern, behaviour) = match split {
        WordSplit::Whitespace => (r"[ \t\n\r\x0B\x0C]+", SplitDelimiterBehavior::Removed),
        WordSplit::Characters => (r"(?s).", SplitDelimiterBehavior::Isolated),
    };
    let split: PreTokenizerWrapper =
        Split::new(SplitPattern::Regex(pattern.to_owned()), behaviour, false)?.into();
    inner.with_pre_tokenizer(Some(split));
    let frame = Frame::Own { before: Vec::new(), after: Vec::new() };
    Ok(Parts { frame, ascii_lower: lower, ..Parts::of(inner) })
}
