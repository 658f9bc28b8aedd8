//! The role of every head: what it does on probes of random tokens said twice, on texts, and by its weights alone.
//!
//! Pure functions over traces; `engine::atlas` runs the model and feeds them. Memory grows with heads, not with texts.

mod axes;
mod cells;
mod circuit;
mod clusters;
mod entry;
pub mod headvis;
mod heavy;
mod kept;
mod known;
mod levels;
mod roles;
mod sum;
mod tally;
mod words;

pub use axes::Axis;
pub use cells::{Cells, FULL};
pub use circuit::Vocabulary;
pub use clusters::{Cluster, Clusters, clusters, clusters_while};
pub use entry::{HeadEntry, Histogram, Scores, Sequence, TokenShare};
pub use kept::Chosen;
pub use known::{Basis, RoleSet, Roles};
pub use roles::{ROLES, Role, columns};
pub use tally::{Apart, Probe, Tally};
pub use words::{Ordinals, name_moved};

use crate::trace::Intervention;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of every head of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Atlas {
    /// The model's name
    pub model: String,
    /// What was run
    pub ran: Ran,
    /// Formulae of measures that are not ours, by name, as another program's folder gave them
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub described: BTreeMap<String, String>,
    /// The passages that heads' sequences show
    #[serde(default)]
    pub passages: Vec<Passage>,
    /// Every head, by layer
    pub heads: Vec<HeadEntry>,
}

/// What an atlas was made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// Random tokens of a probe, each said twice
    pub period: usize,
    /// Probes
    pub probes: usize,
    /// Seed of their tokens
    pub seed: u64,
    /// The file or folder that texts came from; `built in` for our own sentences, `prompt` for one given text, nothing
    /// where none were read
    pub texts: Option<String>,
    /// Passages that were read
    pub passages: usize,
    /// Their tokens
    pub tokens: usize,
    /// What was changed about every run
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interventions: Vec<Intervention>,
}

/// A passage that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Its number among those that were read, from 0
    pub number: u64,
    /// What its tokens read
    pub tokens: Vec<String>,
}

impl Passage {
    /// Its text, without the marks that a tokenizer puts about one.
    pub fn text(&self) -> String {
        self.tokens.iter().filter(|token| !tally::is_mark(token)).map(String::as_str).collect()
    }
}
