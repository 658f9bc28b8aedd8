//! A moment of a training in numbers.

use crate::analysis::atlas::ROLES;
use crate::analysis::timeline::{HeadReport, Seen, best};
use crate::model::HeadId;
use crate::train::{Hand, Outcome, Trainer};
use serde::Serialize;

/// A moment of a training in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Steps taken
    pub steps: u64,
    /// Wall time since the beginning, reports included
    pub seconds: f64,
    /// Tokens read
    pub tokens: u64,
    /// Mean −ln p over what is asked for, in nats, on rows that it is not trained on
    pub loss: f64,
    /// The same over what cannot be known, where there is such
    pub other_loss: Option<f64>,
    /// Share of what is asked for that has the highest logit
    pub accuracy: f64,
    /// Best head's induction stripe; each head counts with the lower of its scores at two periods
    pub induction_score: f64,
    /// Which head that is
    pub induction_head: HeadId,
    /// Best head's previous-token stripe, in the same way
    pub previous_token_score: f64,
    /// Which head that is
    pub previous_token_head: HeadId,
    /// Learning rate at this step
    pub learning_rate: f64,
    /// Rows of a batch at this step
    pub batch: usize,
    /// Every head, by layer
    #[serde(skip)]
    pub heads: Vec<HeadReport>,
}

impl Seen for Report {
    fn step(&self) -> u64 {
        self.steps
    }
    fn loss(&self) -> Option<f64> {
        Some(self.loss)
    }
    fn heads(&self) -> &[HeadReport] {
        &self.heads
    }
}

impl Report {
    pub(super) fn new(trainer: &Trainer, outcome: Outcome, heads: Vec<HeadReport>, seconds: f64) -> Self {
        let Hand { rate, batch, .. } = trainer.hand;
        let best = |id: &str| {
            let role = ROLES.iter().find(|role| role.id == id);
            let none = (HeadId { layer: 0, head: 0 }, f64::NEG_INFINITY);
            role.and_then(|role| best(&heads, role)).unwrap_or(none)
        };
        let (induction_head, induction_score) = best("induction");
        let (previous_token_head, previous_token_score) = best("previous_token");
        Self {
            steps: trainer.steps(),
            seconds,
            tokens: trainer.tokens(),
            loss: outcome.loss / outcome.asked.max(1) as f64,
            other_loss: (outcome.others > 0).then(|| outcome.other_loss / outcome.others as f64),
            accuracy: outcome.right as f64 / outcome.asked.max(1) as f64,
            induction_score,
            induction_head,
            previous_token_score,
            previous_token_head,
            // The number as it was typed, and not what single precision makes of it
            learning_rate: rate.to_string().parse().unwrap_or_else(|_| f64::from(rate)),
            batch,
            heads,
        }
    }
}
