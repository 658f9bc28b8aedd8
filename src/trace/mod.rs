//! Floor 2: what one run leaves behind, and the one door to attention values.

mod activation;
mod changes;
mod grammar;
mod intervention;
mod logits;
mod map;
mod measures;
mod pattern;
mod record;
mod regather;
pub mod saved;
mod span;

pub use crate::model::{HeadId, Hook, Side, Stream, Thumbnail, Token};
pub use activation::{ActivationError, Array};
pub use changes::{Change, Changes, Means, ValueChange};
pub use grammar::{NotAnIntervention, forms};
pub use intervention::{Heads, Intervention, OtherPrompt, Output, Span, Weights, listed_changes, said_with};
pub use map::{
    Combine, FirstToken, GoOn, Groups, Level, Map, MapError, MapRecipe, Steps, Survey, Weigh, snapped,
};
pub use measures::HeadMeasures;
pub use pattern::{Pattern, Pool};
pub use record::{Beyond, CANDIDATES, Candidate, LayerTrace, Trace, estimate_bytes, norms};
pub use saved::TraceError;
pub use span::AnswerSpan;
