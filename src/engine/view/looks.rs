//! How single views read the run: what is asked beside what is selected.

use crate::analysis::{LensTint, NormsOf};
use crate::model::Hook;

/// How the logit lens reads the residual stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LensLook {
    /// What the table is tinted by, and says beside each word.
    pub tint: LensTint,
    /// Without the final norm.
    pub raw: bool,
}

/// Which hidden states are shown, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HiddenLook {
    /// The activation and its block; none: the stream that is asked for.
    pub hook: Option<(Hook, usize)>,
    /// Dimensions by their variance over the tokens, the greatest first.
    pub by_variance: bool,
    /// Similarity between one token's states on every two streams, not between tokens on one.
    pub between_layers: bool,
    /// Whose norms are shown.
    pub norms: NormsOf,
}
