//! What panes are about: the parts of their menu.

use super::{layout::Pane, words::Words};

/// A part of the menu of panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
pub enum Topic {
    /// Every head, what it is for, how heads are wired.
    Heads,
    /// Who looks at whom, and why.
    Attention,
    /// The residual stream.
    States,
    /// What is said, and why.
    Answer,
    /// What is kept of the context.
    Memory,
    /// Two runs beside each other.
    Comparison,
    /// A model in training.
    Training,
    /// Model, prompt, log.
    Model,
}

impl Topic {
    /// Its name in menus.
    pub fn title(self, words: &Words) -> &'static str {
        match self {
            Self::Heads => words.heads,
            Self::Attention => words.journal.attention,
            Self::States => words.journal.states,
            Self::Answer => words.journal.answer,
            Self::Memory => words.memory.layout,
            Self::Comparison => words.compare.layout,
            Self::Training => words.train.layout,
            Self::Model => words.model,
        }
    }

    /// Where a pane stands.
    pub fn of(pane: Pane) -> Self {
        match pane {
            Pane::Heads | Pane::Atlas | Pane::Circuits | Pane::Composition => Self::Heads,
            Pane::Head | Pane::Details | Pane::Walk | Pane::Flow | Pane::Why => Self::Attention,
            Pane::Stream | Pane::Norms | Pane::Similarity | Pane::Trails => Self::States,
            Pane::Lens | Pane::Next | Pane::Attribution | Pane::Sweep => Self::Answer,
            Pane::Recall | Pane::Cache | Pane::Honesty | Pane::River | Pane::MemoryMap => Self::Memory,
            Pane::CompareHeads | Pane::SideBySide | Pane::CompareWords => Self::Comparison,
            Pane::TrainSetup | Pane::TrainCurves | Pane::TrainHeads | Pane::TrainNumbers | Pane::Timeline => {
                Self::Training
            }
            Pane::Prompt | Pane::Weights | Pane::Log => Self::Model,
        }
    }
}
