//! What a run is asked: the prompt, and how to read and run it.

use super::Languages;
use crate::model::{Model, Tokenizer};

/// What to run a model on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Text for the model's tokenizer
    Text(String),
    /// Text that says its special tokens itself, such as a filled-in chat template
    Framed(String),
    /// Ids, as they are
    Ids(Vec<u32>),
}

impl Prompt {
    /// Ids from text: numbers between spaces or commas. The error says which word is none.
    pub fn of_ids(text: &str) -> Result<Self, String> {
        let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
        let ids = words.map(|word| word.parse().map_err(|_| format!("`{word}` is no token id")));
        ids.collect::<Result<_, _>>().map(Self::Ids)
    }

    /// The text in a file, without the line break that editors leave at its end.
    pub fn in_file(mut text: String) -> String {
        if text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        text
    }

    /// What somebody typed: ids where there is no tokenizer to read it and it is made of them, else a text.
    pub fn typed(text: String, tokenizer: Option<&Tokenizer>) -> Self {
        let ids = tokenizer.is_none().then(|| Self::of_ids(&text).ok()).flatten();
        ids.filter(|_| !text.trim().is_empty()).unwrap_or(Self::Text(text))
    }
}

/// What stands between two texts that are typed as one.
const BETWEEN: &str = "|||";

/// What somebody typed, as a run is asked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// The prompt; where ids are given, those of both texts
    pub prompt: Prompt,
    /// The first of two texts, for [`RunOptions::question`]
    pub question: Option<String>,
    /// Where ids are given: the first of the second text, for [`RunOptions::second`]
    pub second: Option<usize>,
}

impl Typed {
    /// Text, or ids where there is no tokenizer; two of them, `question ||| text`, where the model reads two.
    pub fn of(text: String, model: &Model) -> Self {
        let tokenizer = model.tokenizer.as_ref();
        let both = text.split_once(BETWEEN).filter(|_| model.spec().reads_pairs());
        let Some((first, rest)) = both.map(|(first, rest)| (first.trim(), rest.trim())) else {
            return Self { prompt: Prompt::typed(text, tokenizer), question: None, second: None };
        };
        let of = |part: &str| Prompt::typed(part.to_owned(), tokenizer);
        match (of(first), of(rest)) {
            (Prompt::Ids(mut ids), Prompt::Ids(more)) => {
                let second = Some(ids.len());
                ids.extend(more);
                Self { prompt: Prompt::Ids(ids), question: None, second }
            }
            _ => {
                Self { prompt: Prompt::Text(rest.to_owned()), question: Some(first.to_owned()), second: None }
            }
        }
    }
}

/// Whose logits to compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogitRows {
    /// Only those the answer needs: a vocabulary's width for every token is most of a small model's work
    #[default]
    Answer,
    /// Every token's
    All,
}

/// Most tokens of a target that a run makes itself.
pub(super) const TARGET: usize = 64;

/// How to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// What the decoder reads while it looks at the source; where there is none it writes it itself, greedily, to
    /// its end or for 64 tokens. Only encoder–decoder models take one
    pub target: Option<Prompt>,
    /// Languages of source and target, for models that mark them
    pub languages: Languages,
    /// Asked of the prompt: the two become one prompt of two segments
    pub question: Option<String>,
    /// Where ids are given: the token from which on they belong to the second segment
    pub second: Option<usize>,
    /// Bytes a run may take; `None`: three quarters of what is free
    pub memory_budget: Option<u64>,
    /// Whose logits to keep
    pub logits: LogitRows,
    /// Cut a prompt that is longer than the model was made for, instead of refusing it or running all of it
    pub cut: bool,
}

impl RunOptions {
    /// For a run whose prompt is only read: a decoder beside an encoder says no more than its beginning.
    pub(super) fn reading(model: &Model, memory_budget: Option<u64>) -> Self {
        let target = model.spec().encoder.as_ref().map(|encoder| Prompt::Ids(encoder.start.clone()));
        Self { target, memory_budget, ..Self::default() }
    }
}
