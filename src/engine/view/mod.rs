//! Views as figures: which numbers a view shows, worked out from the run, ready for a picture or a table.
//!
//! The window's panes and these stand on the same functions of `analysis`; what is here only says them in a figure's
//! words.

mod ask;
mod beside;
mod chips;
mod compare;
mod details;
mod distance;
mod error;
mod honest;
mod learning;
mod looks;
mod memory;
mod moment;
mod patches;
pub(super) mod plates;
mod reasons;
mod recalled;
mod states;
mod tensor;
mod tokens;
mod training;
mod walk;
mod weights;

pub use ask::{Axes, Links, SweepAsk, ViewAsk};
pub use beside::Beside;
pub use error::ViewError;
pub use learning::curve_plate;
pub use looks::{HiddenLook, LensLook};
pub use memory::{memory_plate, recall_plate, river_plate};
pub use moment::{SeenMoment, said_after, step_plate, trained_plate};
pub use recalled::{carriers_plate, others_plate};
pub use training::training_plate;

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

pub use compare::difference_plate;
pub use patches::map as patch_map;

use plates::{by_formula, by_formulas, changed_by, of_run, of_weights, weight_formula};

use super::timeline_plate;
use crate::export::Plate;
use crate::model::Model;
use crate::trace::Trace;

/// A view that is written as a figure of its own.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum View {
    /// What each layer would say next, token by token
    Lens,
    /// Lines from token to token
    Flow,
    /// One query token through one head, step by step
    Walk,
    /// One cell's score, taken apart
    Why,
    /// A word's logit, taken apart
    Attribution,
    /// What may follow
    Next,
    /// How alike tokens are on one residual stream
    Similarity,
    /// Tokens' ways through the layers
    Trails,
    /// Length of the residual stream, layer by token
    Norms,
    /// One residual stream, token by dimension
    States,
    /// One token's memory through the layers
    River,
    /// What every token's state consists of at one layer
    Memory,
    /// What the KV cache keeps, and what of it is read
    Cache,
    /// How far back can be asked, length by depth
    Recall,
    /// How recall falls with the distance of the fact
    Distance,
    /// Recall among facts about others
    Others,
    /// Heads by retrieval score, and recall without each
    Carriers,
    /// Recall with the best heads masked together
    Masked,
    /// Random tokens read twice: loss by position
    Twice,
    /// What a head looks for and writes, by its weights
    Circuits,
    /// Which heads read which, by their weights
    Composition,
    /// Every head by two measures
    Atlas,
    /// Heads by how far two runs differ
    Compare,
    /// How one head's weights differ between two runs
    Difference,
    /// Loss and scores of a model in training
    Training,
    /// Every head of a model in training
    Trained,
    /// A step of a training in numbers
    Step,
    /// How far each place of another prompt's run moves the answer
    Sweep,
    /// Measures of heads at the checkpoints of a training
    Timeline,
    /// A prompt's tokens, tinted
    Tokens,
    /// What is under the pin
    Details,
    /// What cutting each source costs, beside pictures of attention
    Honesty,
    /// One weight's numbers
    Tensor,
    /// Tokens of two runs, aligned
    Aligned,
}

impl View {
    /// Its name in options and files.
    pub fn id(self) -> &'static str {
        self.into()
    }

    /// Whether it takes the model's weights.
    pub fn needs_model(self) -> bool {
        matches!(
            self,
            Self::Lens
                | Self::Attribution
                | Self::Next
                | Self::River
                | Self::Memory
                | Self::Cache
                | Self::Circuits
                | Self::Composition
                | Self::Sweep
                | Self::Honesty
                | Self::Tensor
        )
    }

    /// Whether it shows something that is not of the run itself: [`ViewAsk::beside`].
    pub fn needs_more(self) -> bool {
        matches!(
            self,
            Self::Recall
                | Self::Distance
                | Self::Others
                | Self::Carriers
                | Self::Masked
                | Self::Twice
                | Self::Atlas
                | Self::Compare
                | Self::Difference
                | Self::Training
                | Self::Trained
                | Self::Step
                | Self::Timeline
                | Self::Aligned
        )
    }
}

/// Told the share done; may break off.
type Progress<'a> = &'a mut dyn FnMut(f32) -> ControlFlow<()>;

/// Works a view out.
pub fn plate(
    model: Option<&Model>,
    trace: &Trace,
    ask: &ViewAsk,
    progress: Progress<'_>,
) -> Result<Plate, ViewError> {
    let own = || model.ok_or(ViewError::NeedsModel);
    match ask.view {
        View::Lens => tokens::lens(own()?, trace, ask.lens, progress),
        View::Flow => tokens::flow(trace, ask, progress),
        View::Next => tokens::next(model, trace, ask),
        View::Walk => walk::steps(model, trace, ask),
        View::Why => reasons::why(model, trace, ask, progress),
        View::Attribution => reasons::attribution(own()?, trace, ask, progress),
        View::Similarity => states::similarity(trace, ask),
        View::Trails => states::trails(trace, ask),
        View::Norms => states::norms(model, trace, ask),
        View::States => states::stream(model, trace, ask),
        View::River => memory::river(own()?, trace, ask, progress),
        View::Memory => memory::map(own()?, trace, ask, progress),
        View::Cache => memory::cache(own()?, trace, ask, progress),
        View::Recall => memory::recall(trace, ask),
        View::Distance => distance::curve(ask),
        View::Others => recalled::others(ask),
        View::Carriers => recalled::carriers(ask),
        View::Masked => recalled::masked(ask),
        View::Twice => learning::twice(ask),
        View::Circuits => weights::circuits(own()?, trace, ask, progress),
        View::Composition => weights::composition(own()?, trace, ask, progress),
        View::Atlas => weights::atlas(trace, ask),
        View::Compare => compare::heads(trace, ask, progress),
        View::Difference => compare::difference(trace, ask, progress),
        View::Training => training::curves(ask),
        View::Trained => moment::trained(ask),
        View::Step => moment::step(ask),
        View::Timeline => match &ask.beside {
            Beside::Timeline(timeline, roles, heads) => Ok(timeline_plate(timeline, roles, heads)),
            _ => Err(ViewError::Missing("timeline")),
        },
        View::Sweep => patches::sweep(own()?, trace, ask, progress),
        View::Tokens => chips::tokens(model, trace, ask, progress),
        View::Details => details::pinned(trace, ask),
        View::Honesty => honest::meter(own()?, trace, ask, progress),
        View::Tensor => tensor::histogram(own()?, trace, ask, progress),
        View::Aligned => chips::aligned(trace, ask, progress),
    }
}
