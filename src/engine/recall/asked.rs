//! What was asked of a model, as its figures say it.

use super::{RecallOptions, Template};
use crate::model::Model;

/// The questions behind an answer: the same ones again give the same answer.
#[derive(Clone, Debug, PartialEq)]
pub struct RecallAsked {
    /// The model's name
    pub model: String,
    /// In which words
    pub template: Template,
    /// Tokens of the whole prompts, at most
    pub lengths: Vec<usize>,
    /// Where the fact stood, from 0 to 1
    pub depths: Vec<f64>,
    /// Questions for each length and depth
    pub trials: usize,
    /// Seed of the facts
    pub seed: u64,
}

impl RecallAsked {
    /// What `options` ask of a model.
    pub fn of(model: &Model, options: &RecallOptions) -> Self {
        Self {
            model: model.name.clone(),
            template: options.template.unwrap_or_else(|| Template::suited(model)),
            lengths: options.lengths.clone(),
            depths: options.depths.clone(),
            trials: options.trials,
            seed: options.seed,
        }
    }

    /// How many there are.
    pub fn questions(&self) -> usize {
        self.lengths.len() * self.depths.len() * self.trials
    }
}
