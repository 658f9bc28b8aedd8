//! What is changed about a run, as a user says it: `zero=3.5`, `knockout=3.*:q7->k2`. Plain data; files are read later.
//!
//! One grammar for the command line, files, the window and saved traces: `Display` writes what `FromStr` reads.

use crate::model::HeadId;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One change to a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Intervention {
    /// A part's output becomes 0
    Zero(Output),
    /// A part's output becomes its mean over the prompt's tokens, or over those in an `.npz` of activations
    Mean {
        /// Whose
        output: Output,
        /// Where the mean comes from, if not from the prompt
        from: Option<PathBuf>,
    },
    /// A part's output is multiplied
    Scale {
        /// Whose
        output: Output,
        /// The factor
        by: f32,
    },
    /// Scores of some edges become −∞
    Knockout {
        /// Which heads'
        heads: Heads,
        /// From these queries
        queries: Span,
        /// To these keys
        keys: Span,
    },
    /// Scores are divided, after soft cap and mask
    Temperature {
        /// Which heads'
        heads: Heads,
        /// The divisor, above 0
        by: f32,
    },
    /// Other weights take the place of a head's own
    Pattern {
        /// Which heads'
        heads: Heads,
        /// The weights
        weights: Weights,
    },
    /// One query's row of weights, painted by hand; renormalised
    Paint {
        /// The head
        head: HeadId,
        /// The query
        query: usize,
        /// Keys and their weights; all others are 0
        weights: Vec<(usize, f32)>,
    },
    /// Entries leave the KV cache: later queries do not find them
    Forget {
        /// The layer; every one where none is named
        layer: Option<usize>,
        /// The k/v head, with every query head that reads it; all where none is named
        kv_head: Option<usize>,
        /// The entries
        keys: Span,
        /// The first token that does not find them; the one after each entry where not told
        from: Option<usize>,
    },
    /// Rows of an activation come from a run of another prompt
    Patch {
        /// The activation, by its name; of z, q, k and v one head's with its index behind: `blocks.3.attn.hook_z[5]`
        hook: String,
        /// The tokens
        tokens: Span,
        /// The other prompt
        prompt: OtherPrompt,
    },
    /// A vector is added to rows of an activation
    Add {
        /// The activation, by its name
        hook: String,
        /// The tokens
        tokens: Span,
        /// The vector, as `.npy`
        vector: PathBuf,
        /// Its factor
        by: f32,
    },
    /// A word's own vector, as it enters the first block, is added to rows of an activation
    AddWord {
        /// The activation, by its name
        hook: String,
        /// The tokens
        tokens: Span,
        /// The word: one token, or `#ID`
        word: String,
        /// Its factor
        by: f32,
    },
    /// What an activation is at the last token of one text, less the same of another, is added to rows of it
    AddDifference {
        /// The activation, by its name
        hook: String,
        /// The tokens
        tokens: Span,
        /// The texts: of the first the second is taken off
        texts: [String; 2],
        /// The factor of the difference
        by: f32,
    },
}

/// A prompt beside the one that is run: text, or ids for a model without a tokenizer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OtherPrompt {
    /// As it stands in a file
    File(PathBuf),
    /// As it stands here
    Text(String),
}

impl Intervention {
    /// The number in it that can be turned up and down, where it has one.
    pub fn strength(&self) -> Option<f32> {
        match self {
            Self::Scale { by, .. }
            | Self::Temperature { by, .. }
            | Self::Add { by, .. }
            | Self::AddWord { by, .. }
            | Self::AddDifference { by, .. } => Some(*by),
            _ => None,
        }
    }

    /// The same with another such number.
    #[must_use]
    pub fn with_strength(mut self, strength: f32) -> Self {
        if let Self::Scale { by, .. }
        | Self::Temperature { by, .. }
        | Self::Add { by, .. }
        | Self::AddWord { by, .. }
        | Self::AddDifference { by, .. } = &mut self
        {
            *by = strength;
        }
        self
    }
}

/// `zero=3.5, zero=4.1`; nothing where nothing was changed.
pub fn listed_changes(interventions: &[Intervention]) -> String {
    interventions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// `, with zero=3.5, zero=4.1`, to stand behind what was run so; nothing where nothing was changed.
pub fn said_with(interventions: &[Intervention]) -> String {
    if interventions.is_empty() { String::new() } else { format!(", with {}", listed_changes(interventions)) }
}

/// Something whose output can be taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Heads, before W_O
    Heads(Heads),
    /// What a layer's attention adds to the residual stream; of every layer where none is named
    Attention(Option<usize>),
    /// What a layer's MLP adds to it
    Mlp(Option<usize>),
    /// Both
    Layer(Option<usize>),
}

/// One head, all heads of a layer, a head in every layer, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// The layer; none: every one
    pub layer: Option<usize>,
    /// The head; none: every one
    pub head: Option<usize>,
}

impl From<HeadId> for Heads {
    fn from(HeadId { layer, head }: HeadId) -> Self {
        Self { layer: Some(layer), head: Some(head) }
    }
}

impl Heads {
    /// Whether a head is one of them.
    pub fn contains(self, head: HeadId) -> bool {
        self.layer.is_none_or(|layer| layer == head.layer) && self.head.is_none_or(|own| own == head.head)
    }
}

/// Some positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// All, also those that are generated
    All,
    /// From one to another, both included
    Between(usize, usize),
}

impl Span {
    /// One position.
    pub fn one(at: usize) -> Self {
        Self::Between(at, at)
    }
    /// As a range; open ends reach as far as there are positions.
    pub fn range(self) -> std::ops::Range<usize> {
        match self {
            Self::All => 0..usize::MAX,
            Self::Between(first, last) => first..last.saturating_add(1),
        }
    }
}

/// Weights that take the place of a head's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weights {
    /// The same on every key
    Uniform,
    /// All on the token before
    Previous,
    /// All on the token itself
    Identity,
    /// Those of the run without interventions
    Clean,
    /// [query, key], from an `.npy`
    File(PathBuf),
}
