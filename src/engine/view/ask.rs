//! What a view is asked for: which one, and what is selected in it.

use std::sync::Arc;

use super::super::sweep::{Moved, Places};
use super::super::{Paths, Policy};
use super::{Beside, HiddenLook, LensLook, View, ViewError};
use crate::analysis::circuits::{CircuitOptions, Kind};
use crate::analysis::{Beneath, Cell, Picture, Tint, WhyError};
use crate::model::{HeadId, Sampling};
use crate::trace::{OtherPrompt, Side, Trace};

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
    pub(super) fn cell(&self, trace: &Trace) -> Result<Cell, ViewError> {
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
