//! Why a view cannot be drawn, and what to do about it.

use super::super::sweep::SweepError;
use super::super::{EvictionError, HonestyError};
use crate::analysis::circuits::NoCircuit;
use crate::analysis::compare::CompareError;
use crate::analysis::{AttributionError, WhyError};
use crate::export::ExportError;
use crate::trace::ActivationError;

/// Why a view cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// A saved trace holds no weights.
    #[error("this view takes the model's weights, which a saved trace does not have")]
    NeedsModel,
    /// The model scores no words.
    #[error("this model scores no words: this view has nothing to show")]
    NoWords,
    /// The model fills in words, and none is hidden.
    #[error("this model fills in hidden words, and the prompt hides none")]
    NoMask,
    /// Nobody said from which prompt.
    #[error("this view takes another prompt, as long as this one")]
    NeedsOther,
    /// The places cannot be patched.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// The run has none of what the view shows.
    #[error("there is nothing to show: the run has no such tokens")]
    Empty,
    /// No token has the number of the tint.
    #[error("this model gives these tokens no such number")]
    NoTint,
    /// A weight that the model does not have.
    #[error("there is no weight `{0}`")]
    NoTensor(String),
    /// What it shows has not been found out.
    #[error("the view {0} shows what is not there yet")]
    Missing(&'static str),
    /// Memory cannot be traced.
    #[error(transparent)]
    Memory(#[from] HonestyError),
    /// Nothing can be forgotten.
    #[error(transparent)]
    Eviction(#[from] EvictionError),
    /// The head has no circuits.
    #[error(transparent)]
    Circuit(#[from] NoCircuit),
    /// The runs cannot be compared.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// The cell cannot be taken apart.
    #[error(transparent)]
    Why(#[from] WhyError),
    /// The logit cannot be taken apart.
    #[error(transparent)]
    Attribution(#[from] AttributionError),
    /// It cannot be drawn or written.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// There are no such values.
    #[error(transparent)]
    Activation(#[from] ActivationError),
    /// Somebody asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl ViewError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NeedsModel => Some("open the model and run the prompt again".to_owned()),
            Self::NoMask => Some("put the model's mask into the prompt, such as [MASK] or <mask>".to_owned()),
            Self::NeedsOther => Some("name it with --other, or in the pane".to_owned()),
            Self::Sweep(error) => error.hint(),
            Self::NoTint => Some("choose another tint".to_owned()),
            Self::NoTensor(_) => Some("`mnemoscope info --tensors` lists them".to_owned()),
            Self::Export(error) => error.hint(),
            Self::Why(_) | Self::Attribution(_) => {
                Some("`mnemoscope info` lists the layers and heads".into())
            }
            Self::Missing(_) => {
                Some("ask for it first: its pane makes it, or the command of the same name".into())
            }
            Self::Memory(error) => error.hint(),
            Self::Eviction(error) => error.hint(),
            Self::Compare(error) => error.hint(),
            Self::NoWords | Self::Empty | Self::Cancelled | Self::Activation(_) | Self::Circuit(_) => None,
        }
    }
}
