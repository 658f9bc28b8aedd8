//! The role of every head: what it does on probes of random tokens said twice, on texts, and by its weights alone.
//!
//! Pure functions over traces; `engine::atlas` runs the model and feeds them. Memory grows with heads, not with texts.

mod circuit;
mod heavy;
mod page;
mod roles;
mod tally;

pub use circuit::Vocabulary;
pub use page::page;
pub use roles::{ROLES, Role, columns};
pub use tally::{Probe, Tally};

use crate::trace::HeadId;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

/// What is known of every head of a model.
#[derive(Clone, Debug, Serialize)]
pub struct Atlas {
    /// The model's name
    pub model: String,
    /// What was run
    pub ran: Ran,
    /// Every head, by layer
    pub heads: Vec<HeadEntry>,
}

/// What an atlas was made from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ran {
    /// Random tokens of a probe, each said twice
    pub period: usize,
    /// Probes
    pub probes: usize,
    /// Seed of their tokens
    pub seed: u64,
    /// The file or folder that texts came from; `built in` for our own sentences, nothing where none were read
    pub texts: Option<String>,
    /// Passages that were read
    pub passages: usize,
    /// Their tokens
    pub tokens: usize,
}

/// One head.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadEntry {
    /// Which
    pub head: HeadId,
    /// The scores that roles go by
    pub scores: Scores,
    /// Mean weight at each distance from 0, on probes, first token apart
    pub offsets: Vec<f64>,
    /// Mean of each of [`crate::analysis::MEASURES`] over the texts, in that order
    pub measures: Vec<f64>,
    /// Tokens that received most weight in the texts, first token apart, heaviest first
    pub keys: Vec<KeyToken>,
    /// Where in the texts its greatest weights were, greatest first
    pub snippets: Vec<Snippet>,
}

/// The scores that roles go by; formulae in [`ROLES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[expect(missing_docs, reason = "each has its row in ROLES")]
pub struct Scores {
    pub previous_stripe: f64,
    pub duplicate_stripe: f64,
    pub induction_stripe: f64,
    pub sink: f64,
    pub positional: f64,
    pub reach: Option<f64>,
    pub delimiter: f64,
    pub copying: Option<f64>,
}

/// A token that a head looks at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeyToken {
    /// Its id
    pub id: u32,
    /// What it reads
    pub text: String,
    /// Share of all the head's weight, first token apart
    pub share: f64,
}

/// One cell of one passage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snippet {
    /// Its weight
    pub weight: f32,
    /// The token that looks
    pub query: String,
    /// The token that is looked at
    pub key: String,
    /// Tokens between them
    pub distance: usize,
    /// The passage about both
    pub text: String,
}

impl HeadEntry {
    /// Its roles, in the table's order.
    pub fn roles(&self) -> impl Iterator<Item = &'static Role> + '_ {
        ROLES.iter().filter(|role| role.fits(&self.scores))
    }
}

impl Serialize for HeadEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let roles: Vec<_> = self.roles().map(|role| role.id).collect();
        let measures: Map<String, Value> = super::MEASURES
            .iter()
            .zip(&self.measures)
            .map(|(measure, value)| (measure.id.to_owned(), json!(value)))
            .collect();
        let entry = json!({
            "layer": self.head.layer,
            "head": self.head.head,
            "roles": roles,
            "scores": self.scores,
            "measures": measures,
            "offsets": self.offsets,
            "keys": self.keys,
            "snippets": self.snippets,
        });
        entry.serialize(serializer)
    }
}
