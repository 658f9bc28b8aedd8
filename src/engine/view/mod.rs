//! Views as figures: which numbers a view shows, worked out from the run, ready for a picture or a table.
//!
//! The window's panes and these stand on the same functions of `analysis`; what is here only says them in a figure's
//! words.

mod beside;
mod chips;
mod compare;
mod details;
mod distance;
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

pub use beside::Beside;
pub use learning::curve_plate;
pub use looks::{HiddenLook, LensLook};
pub use memory::{memory_plate, recall_plate, river_plate};
pub use moment::{SeenMoment, said_after, step_plate, trained_plate};
pub use recalled::{carriers_plate, others_plate};
pub use training::training_plate;

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

use std::sync::Arc;

pub use compare::difference_plate;
pub use patches::map as patch_map;

use plates::{by_formula, by_formulas, changed_by, of_run, of_weights, weight_formula};

use super::sweep::{Moved, Places, SweepError};
use super::{EvictionError, HonestyError, Paths, Policy, timeline_plate};
use crate::analysis::circuits::{CircuitOptions, Kind, NoCircuit};
use crate::analysis::compare::CompareError;
use crate::analysis::{AttributionError, Beneath, Cell, Picture, Tint, WhyError};
use crate::export::{ExportError, Plate};
use crate::model::{HeadId, Model, Sampling};
use crate::trace::{ActivationError, OtherPrompt, Side, Trace};

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

/// Which view of a run, and what is selected in it.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewAsk {
    /// Which view.
    pub view: View,
    /// The head that is looked into.
    pub head: HeadId,
    /// The token that asks; where the model answers, where none is told.
    pub query: Option<usize>,
    /// The token that is looked at; the one with the greatest weight, where none is told.
    pub key: Option<usize>,
    /// Heads whose lines are drawn beside those of `head`.
    pub also: Vec<HeadId>,
    /// The least weight of a line.
    pub threshold: f32,
    /// The residual stream, by its place among the model's.
    pub stream: usize,
    /// The word whose logit is taken apart; the likeliest, where none is told.
    pub word: Option<u32>,
    /// The word whose logit is taken off.
    pub against: Option<u32>,
    /// Whether parts stand in the order in which they wrote, not by size.
    pub in_order: bool,
    /// What is cut from what may follow.
    pub rules: Sampling,
    /// Tokens at the start that do not say where trails lie.
    pub skip: usize,
    /// Whose tokens: of trails and norms.
    pub side: Side,
    /// By which picture memory is traced.
    pub picture: Picture,
    /// The block after which every token's memory is looked at; the last, where none is told.
    pub layer: Option<usize>,
    /// What the KV cache keeps.
    pub policy: Policy,
    /// How words enter a head's circuits.
    pub circuits: CircuitOptions,
    /// Whether circuits show their least entries.
    pub least: bool,
    /// What the graph of heads shows.
    pub links: Links,
    /// What the atlas is laid out by.
    pub axes: Axes,
    /// What is not of the run itself.
    pub beside: Beside,
    /// How the logit lens reads.
    pub lens: LensLook,
    /// Which hidden states.
    pub hidden: HiddenLook,
    /// What a sweep patches from where; `word` and `against` are its two answers.
    pub sweep: Option<SweepAsk>,
    /// What tokens are tinted by.
    pub tint: Tint,
    /// What stands under each token.
    pub beneath: Beneath,
    /// Which edges the honesty meter cuts.
    pub paths: Paths,
    /// The weight, by our name; the first, where none is told.
    pub tensor: Option<String>,
}

/// Which pairs of heads a graph shows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Links {
    /// What of the later head reads.
    pub kind: Kind,
    /// With the norms' weights and centring.
    pub folded: bool,
    /// Scores less what random weights would have.
    pub above_random: bool,
    /// Score from which on a line is drawn; a handful of lines, where not told.
    pub threshold: Option<f64>,
}

/// What heads of an atlas are laid out by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes {
    /// The measure across, by its name in files.
    pub x: String,
    /// The measure up.
    pub y: String,
    /// Whether heads are coloured by the cluster that they are in, not by their layer.
    pub alike: bool,
}

impl Default for Axes {
    fn default() -> Self {
        Self { x: "previous_stripe".to_owned(), y: "induction_stripe".to_owned(), alike: false }
    }
}

/// What a sweep patches from where.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepAsk {
    /// The other prompt.
    pub prompt: OtherPrompt,
    /// Which places.
    pub places: Places,
    /// The sweep, where it is made already.
    pub known: Option<Arc<Moved>>,
}

impl ViewAsk {
    /// A view with nothing selected.
    pub fn new(view: View) -> Self {
        Self {
            view,
            head: HeadId { layer: 0, head: 0 },
            query: None,
            key: None,
            also: Vec::new(),
            threshold: 0.05,
            stream: usize::MAX,
            word: None,
            against: None,
            in_order: false,
            rules: Sampling { temperature: 1.0, ..Sampling::default() },
            skip: 1,
            side: Side::Target,
            picture: Picture::Contributions,
            layer: None,
            policy: Policy::All,
            circuits: CircuitOptions::default(),
            least: false,
            links: Links::default(),
            axes: Axes::default(),
            beside: Beside::None,
            lens: LensLook::default(),
            hidden: HiddenLook::default(),
            sweep: None,
            tint: Tint::default(),
            beneath: Beneath::default(),
            paths: Paths::default(),
            tensor: None,
        }
    }

    /// A view of one cell.
    pub fn of_cell(view: View, Cell { head, query, key }: Cell) -> Self {
        Self { head, query: Some(query), key: Some(key), ..Self::new(view) }
    }

    /// The cell that is asked for.
    fn cell(&self, trace: &Trace) -> Result<Cell, ViewError> {
        if !trace.has(self.head) {
            return Err(WhyError::NoHead(self.head).into());
        }
        let n = trace.query_tokens(self.head.layer).len();
        let query = self.query.or(trace.answer_at.filter(|&token| token < n)).unwrap_or(n.saturating_sub(1));
        if query >= n {
            return Err(WhyError::NoToken { token: query, side: "queries", n }.into());
        }
        let key = self.key.or_else(|| trace.pattern(self.head).strongest(query)).unwrap_or(0);
        Ok(Cell { head: self.head, query, key })
    }
}

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
