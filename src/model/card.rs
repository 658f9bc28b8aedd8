//! What a model's own README says: the metadata at its head, as the Hugging Face hub reads it, and its text.
//!
//! A stranger's file: read up to a limit, never run, nothing in it is fetched.

use serde::Serialize;
use std::io::Read as _;
use std::path::Path;

/// Bytes of a README that are read at most.
const MOST: u64 = 1 << 20;

/// Keys of the metadata that a user wants to know, as the hub names them, in the order in which they are shown.
const KEYS: &[&str] = &[
    "license",
    "license_name",
    "license_link",
    "language",
    "datasets",
    "base_model",
    "pipeline_tag",
    "library_name",
    "tags",
];

/// A model's README.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ModelCard {
    /// What its head says of the keys that are known: `license`, `language`, `datasets`…
    pub facts: Vec<(&'static str, Vec<String>)>,
    /// The rest, in Markdown
    pub text: String,
}

impl ModelCard {
    /// The one beside a model: in its folder, or beside its file. Beside a single file it may be of something else, so
    /// that only one with metadata counts.
    pub fn beside(model: &Path) -> Option<Self> {
        let folder = if model.is_dir() { model } else { model.parent()? };
        let file = std::fs::File::open(folder.join("README.md")).ok()?;
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes).ok()?;
        let card = Self::parse(&String::from_utf8_lossy(&bytes));
        (model.is_dir() || !card.facts.is_empty() || folder.join("config.json").is_file()).then_some(card)
    }

    /// Takes a README apart.
    pub fn parse(text: &str) -> Self {
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let Some((head, rest)) = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---")) else {
            return Self { facts: Vec::new(), text };
        };
        let rest = rest.trim_start_matches('-').trim_start_matches('\n').to_owned();
        let facts = KEYS.iter().filter_map(|&key| Some((key, values(head, key)?)));
        Self { facts: facts.collect(), text: rest }
    }
}

/// What a key at the head of the file has: one value, or a list on one line or several. Lists within lists, of which
/// evaluation results are made, have no such key.
fn values(head: &str, key: &str) -> Option<Vec<String>> {
    let mut lines = head.lines();
    let own = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    let own = without_comment(own.trim());
    let found: Vec<String> = match own.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
        Some(list) => list.split(',').map(unquoted).collect(),
        None if own.is_empty() => lines
            .skip_while(|line| line.trim().is_empty())
            .map_while(|line| line.trim_start().strip_prefix('-'))
            .map(|item| unquoted(without_comment(item.trim())))
            .collect(),
        None => vec![unquoted(own)],
    };
    let found: Vec<String> = found.into_iter().filter(|value| !value.is_empty()).collect();
    (!found.is_empty()).then_some(found)
}

fn without_comment(value: &str) -> &str {
    value.split_once(" #").map_or(value, |(value, _)| value.trim_end())
}

fn unquoted(value: &str) -> String {
    value.trim().trim_matches(['"', '\'']).to_owned()
}
