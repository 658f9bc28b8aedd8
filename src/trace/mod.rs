//! Floor 2: what one run leaves behind, and the one door to attention values.

mod activation;
mod measures;
mod pattern;
mod record;

pub use crate::model::{HeadId, Hook, Side, Stream, Thumbnail, Token};
pub use activation::{ActivationError, Array};
pub use measures::HeadMeasures;
pub use pattern::{Pattern, Pool};
pub use record::{Candidate, LayerTrace, Trace, estimate_bytes, norms};
