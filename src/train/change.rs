//! What is changed while a model is trained: from which step on, at which rate, on how many rows of which size.

use super::trainer::Hand;
use std::fmt;
use std::str::FromStr;

/// A change of the hand after so many steps: `120:lr=0.001,batch=64`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Steps that are taken before it holds
    pub after: u64,
    /// The learning rate from there on; none: as before
    pub rate: Option<f32>,
    /// Rows of a batch from there on
    pub batch: Option<usize>,
    /// The task's size from there on
    pub size: Option<usize>,
}

/// A text that is no change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no change of a training: expected a step and what holds after it, such as 120:lr=0.001,batch=64"
)]
pub struct NotAChange(String);

impl Change {
    /// What turns one hand into another; none where they are the same.
    pub fn between(after: u64, old: Hand, new: Hand) -> Option<Self> {
        let rate = (old.rate.to_bits() != new.rate.to_bits()).then_some(new.rate);
        let batch = (old.batch != new.batch).then_some(new.batch);
        let size = (old.size != new.size).then_some(new.size);
        let some = rate.is_some() || batch.is_some() || size.is_some();
        some.then_some(Self { after, rate, batch, size })
    }

    /// A hand with it.
    #[must_use]
    pub fn of(&self, hand: Hand) -> Hand {
        Hand {
            rate: self.rate.unwrap_or(hand.rate),
            batch: self.batch.unwrap_or(hand.batch),
            size: self.size.unwrap_or(hand.size),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.rate.map(|rate| format!("lr={rate}"));
        let batch = self.batch.map(|batch| format!("batch={batch}"));
        let size = self.size.map(|size| format!("size={size}"));
        let parts: Vec<String> = [rate, batch, size].into_iter().flatten().collect();
        write!(f, "{}:{}", self.after, parts.join(","))
    }
}

impl FromStr for Change {
    type Err = NotAChange;

    fn from_str(text: &str) -> Result<Self, NotAChange> {
        let wrong = || NotAChange(text.to_owned());
        let (after, parts) = text.split_once(':').ok_or_else(wrong)?;
        let after = after.trim().parse().map_err(|_| wrong())?;
        let mut change = Self { after, rate: None, batch: None, size: None };
        for part in parts.split(',') {
            let (key, value) = part.split_once('=').ok_or_else(wrong)?;
            let value = value.trim();
            let whole =
                |most: usize| value.parse().ok().filter(|whole| (1..=most).contains(whole)).ok_or_else(wrong);
            match key.trim() {
                "lr" => {
                    let rate = value.parse().ok().filter(|rate| *rate > 0.0 && *rate <= 1.0);
                    change.rate = Some(rate.ok_or_else(wrong)?);
                }
                "batch" => change.batch = Some(whole(1024)?),
                "size" => change.size = Some(whole(usize::MAX)?),
                _ => return Err(wrong()),
            }
        }
        Ok(change)
    }
}
