//! The embedded model's prompts, each with what to look at: data that ships beside the model.

use super::words::Language;
use crate::model::HeadId;
use serde::Deserialize;

/// One prompt worth running.
#[derive(Clone, Debug, Deserialize)]
pub struct Example {
    /// Its name in the list.
    pub title_en: String,
    /// The same in Chinese.
    pub title_zh: String,
    /// What to run.
    pub prompt: String,
    /// What to look at.
    pub look_en: String,
    /// The same in Chinese.
    pub look_zh: String,
    /// The head that shows it.
    pub layer: usize,
    /// The head that shows it.
    pub head: usize,
}

impl Example {
    /// Its name, and what to look at.
    pub fn text(&self, language: Language) -> (&str, &str) {
        match language {
            Language::English => (&self.title_en, &self.look_en),
            Language::Chinese => (&self.title_zh, &self.look_zh),
        }
    }

    /// The head to select.
    pub fn head_id(&self) -> HeadId {
        HeadId { layer: self.layer, head: self.head }
    }
}

/// All of them. The file is part of the program, so a test, not the user, learns of a broken one.
pub fn all() -> Vec<Example> {
    serde_json::from_str(include_str!("../../assets/storyteller/examples.json")).unwrap_or_default()
}
