//! A change that still wants a word, a text or a file: what is asked, and what comes of the answers.

use super::{panes::dialogs::Dialog, window::Window};
use crate::trace::{Heads, Intervention, OtherPrompt, Output, Span, Weights};
use std::path::PathBuf;

/// A change without what must be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Draft {
    /// An output becomes its mean over another text: of which file?
    Mean {
        /// Whose.
        output: Output,
    },
    /// Other weights: of which file?
    Pattern {
        /// Whose.
        heads: Heads,
    },
    /// A key is forgotten: from which step of the generation on?
    Forget {
        /// In which layer.
        layer: usize,
        /// Which.
        key: usize,
    },
    /// Rows of another prompt's run: of which prompt?
    Patch {
        /// Rows of what.
        hook: String,
        /// Which.
        tokens: Span,
    },
    /// A word's vector: which word, how much?
    AddWord {
        /// To what.
        hook: String,
        /// At which tokens.
        tokens: Span,
    },
    /// The difference of two texts: which, how much?
    AddTexts {
        /// To what.
        hook: String,
        /// At which tokens.
        tokens: Span,
    },
    /// A vector: of which file, how much?
    AddFile {
        /// To what.
        hook: String,
        /// At which tokens.
        tokens: Span,
    },
}

/// What was typed so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// A word, a text, a file's name.
    pub text: String,
    /// The second text.
    pub other: String,
    /// The strength, in hundredths.
    pub hundredths: i32,
    /// A step of the generation.
    pub step: usize,
}

impl Default for Answers {
    fn default() -> Self {
        Self { text: String::new(), other: String::new(), hundredths: 100, step: 0 }
    }
}

impl Draft {
    /// Whether a strength is.
    pub fn wants_strength(&self) -> bool {
        matches!(self, Self::AddWord { .. } | Self::AddTexts { .. } | Self::AddFile { .. })
    }

    /// Whether another prompt takes the place of this one.
    pub fn is_patch(&self) -> bool {
        matches!(self, Self::Patch { .. })
    }

    /// Whether it is the difference of two texts.
    pub fn is_direction(&self) -> bool {
        matches!(self, Self::AddTexts { .. })
    }

    /// What stands before what is asked, as the command line spells it.
    pub fn begin(&self) -> String {
        match self {
            Self::Mean { output } => format!("mean={output}:"),
            Self::Pattern { heads } => format!("pattern={heads}:"),
            Self::Forget { layer, key } => format!("forget={layer}:k{key}@"),
            Self::Patch { hook, tokens } => format!("patch={hook}@{tokens}<-"),
            Self::AddWord { hook, tokens } => format!("add={hook}@{tokens}<-token:"),
            Self::AddTexts { hook, tokens } => format!("add={hook}@{tokens}<-texts:"),
            Self::AddFile { hook, tokens } => format!("add={hook}@{tokens}:"),
        }
    }

    /// The change, once all is said; `n`: tokens before the generation.
    pub fn change(&self, answers: &Answers, n: usize) -> Option<Intervention> {
        let by = answers.hundredths as f32 / 100.0;
        let name = answers.text.trim();
        let path = PathBuf::from(name);
        let (texts, said) = ([answers.text.clone(), answers.other.clone()], !name.is_empty());
        match self.clone() {
            Self::Forget { layer, key } => Some(Intervention::Forget {
                layer: Some(layer),
                kv_head: None,
                keys: Span::one(key),
                from: Some(n + answers.step),
            }),
            _ if !said => None,
            Self::Mean { output } => Some(Intervention::Mean { output, from: Some(path) }),
            Self::Pattern { heads } => Some(Intervention::Pattern { heads, weights: Weights::File(path) }),
            Self::Patch { hook, tokens } => {
                Some(Intervention::Patch { hook, tokens, prompt: OtherPrompt::Text(answers.text.clone()) })
            }
            // The space before a word is found by itself
            Self::AddWord { hook, tokens } => {
                Some(Intervention::AddWord { hook, tokens, word: name.to_owned(), by })
            }
            Self::AddTexts { .. } if answers.other.trim().is_empty() => None,
            Self::AddTexts { hook, tokens } => Some(Intervention::AddDifference { hook, tokens, texts, by }),
            Self::AddFile { hook, tokens } => Some(Intervention::Add { hook, tokens, vector: path, by }),
        }
    }
}

impl Window {
    /// Asks for what a change still wants; a prompt starts from the one that is run, to be changed in a word.
    pub(super) fn ask_for_change(&mut self, draft: Draft) {
        let mut answers = Answers::default();
        if draft.is_patch() {
            let second = &self.state.compare.prompt;
            answers.text.clone_from(if second.is_empty() { &self.state.prompt } else { second });
        }
        self.dialog = Dialog::Change { draft, answers };
    }
}
