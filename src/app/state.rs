//! What is shown and selected: small plain data, so that undo can keep copies of it and a file can hold it.
//!
//! Models and traces are not in here: they sit behind `Arc` in `session`.

pub use super::linking::Hover;

use super::{
    charting::AtlasChoice,
    circuits::{CircuitState, CompositionState},
    comparing::CompareChoice,
    filtering::HeadFilter,
    flowing::FlowState,
    hidden::HiddenChoice,
    journal::Level,
    layout::{Pane, Preset},
    lensing::LensChoice,
    mapping::MapChoice,
    memory::MemoryChoice,
    panes::next::usual_rules,
    reasons::{SaidState, WhyState},
    sweeping::SweepChoice,
    timeline::TimelineState,
    tinting::TokenChoice,
    walking::WalkState,
};
use crate::{
    engine::Languages,
    export::Span,
    model::{HeadId, Message, Sampling},
    render::{ColorMap, Scale, Theme},
    trace::Intervention,
};
use egui_tiles::Tree;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything undo brings back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// What stands in the prompt box.
    pub prompt: String,
    /// What an encoder–decoder model's decoder reads; empty: it writes that itself.
    pub target: String,
    /// Languages of the two texts, where the model marks them.
    pub languages: Languages,
    /// Whether it is one user's turn of a conversation, written down by the model's chat template.
    pub chat: bool,
    /// Turns of that conversation before the prompt.
    pub turns: Vec<Message>,
    /// The tokens that are run where they were edited one by one; none: those of the prompt.
    pub ids: Option<Vec<u32>>,
    /// How the next token may be chosen.
    pub sampling: Sampling,
    /// Token sequences that were tried.
    pub branches: Vec<Vec<u32>>,
    /// What was written about cells.
    pub notes: Vec<Note>,
    /// The head under the glass.
    pub head: HeadId,
    /// Heads that stay beside it, in the order in which they were chosen.
    pub chosen: Vec<HeadId>,
    /// How much larger the grid is than what fits its pane; 1: it fits.
    pub grid_zoom: f32,
    /// Which heads the grid shows; none: all.
    pub filter: Option<HeadFilter>,
    /// Pinned query token; the last token where none is.
    pub query: Option<usize>,
    /// Pinned key token.
    pub key: Option<usize>,
    /// Part of the head's map in sight; none: the whole.
    pub view: Option<View>,
    /// Which example the prompt came from.
    pub example: Option<usize>,
    /// Name of the layout in sight.
    pub layout: String,
    /// Layouts that the user moved or made, by name.
    pub arranged: BTreeMap<String, Tree<Pane>>,
    /// The same as they were left in windows too small for them, by name and form.
    pub folded: BTreeMap<String, Tree<Pane>>,
    /// The pane that fills the window.
    pub maximised: Option<Pane>,
    /// Panes in windows of their own.
    pub torn: Vec<Pane>,
    /// Residual stream in sight: its place among the model's streams.
    pub layer: usize,
    /// Where the walk stands.
    pub walk: WalkState,
    /// What the flow shows.
    pub flow: FlowState,
    /// Whether the first token is left out of what the trails are fitted to.
    pub sink_apart: bool,
    /// The weight that is looked at.
    pub tensor: Option<String>,
    /// How a cell's score is shown.
    pub why: WhyState,
    /// Which logit is taken apart.
    pub said: SaidState,
    /// What is asked of the selected head's circuits.
    pub circuits: CircuitState,
    /// What the graph of heads shows.
    pub composition: CompositionState,
    /// What is changed about the run.
    pub interventions: Vec<Switch>,
    /// Which run is shown, where there are two.
    pub shown: Shown,
    /// What the memory panes ask.
    pub memory: MemoryChoice,
    /// What the head view shows.
    pub map: MapChoice,
    /// What the logit lens shows.
    pub lens: LensChoice,
    /// Which hidden states are shown, and how.
    pub hidden: HiddenChoice,
    /// How the strip shows tokens.
    pub tokens: TokenChoice,
    /// What the run is compared with.
    pub compare: CompareChoice,
    /// What is patched from another prompt.
    pub sweep: SweepChoice,
    /// What is asked and shown of the head atlas.
    pub atlas: AtlasChoice,
    /// Which training, which moment, which curves.
    pub timeline: TimelineState,
    /// The least that the log shows.
    pub logged: Level,
    /// How values become pictures.
    pub look: Look,
}

/// What was written about a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Whose map.
    pub head: HeadId,
    /// Its row.
    pub query: usize,
    /// Its column.
    pub key: usize,
    /// The words.
    pub text: String,
}

/// An intervention with its switch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Switch {
    /// The change.
    pub what: Intervention,
    /// Whether it is made.
    pub on: bool,
}

/// Which run is shown, where interventions make a second one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shown {
    /// The one without interventions.
    Clean,
    /// The one with them.
    #[default]
    Changed,
    /// The one with them, less the other, where values can be subtracted.
    Difference,
}

impl State {
    /// Puts another prompt in the place of this one, with nothing pinned, zoomed or edited.
    pub(super) fn begin(&mut self, prompt: String) {
        (self.prompt, self.target, self.chat) = (prompt, String::new(), false);
        self.turns.clear();
        (self.ids, self.branches, self.example) = (None, Vec::new(), None);
        (self.query, self.key, self.view) = (None, None, None);
    }

    /// Lets go of what means something only in the model that was open before.
    pub(super) fn forget_model(&mut self) {
        self.interventions.clear();
        self.lens.word = None;
        self.memory.forget_model();
        self.compare.forget_model();
        self.sweep.forget_model();
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            prompt: String::new(),
            target: String::new(),
            languages: Languages::default(),
            chat: false,
            turns: Vec::new(),
            ids: None,
            sampling: usual_rules(),
            branches: Vec::new(),
            notes: Vec::new(),
            head: HeadId { layer: 0, head: 0 },
            chosen: Vec::new(),
            grid_zoom: 1.0,
            filter: None,
            query: None,
            key: None,
            view: None,
            example: None,
            layout: Preset::Inspect.id().to_owned(),
            arranged: BTreeMap::new(),
            folded: BTreeMap::new(),
            maximised: None,
            torn: Vec::new(),
            layer: 0,
            walk: WalkState::default(),
            flow: FlowState::default(),
            sink_apart: true,
            tensor: None,
            why: WhyState::default(),
            said: SaidState::default(),
            circuits: CircuitState::default(),
            composition: CompositionState::default(),
            interventions: Vec::new(),
            shown: Shown::default(),
            memory: MemoryChoice::default(),
            map: MapChoice::default(),
            lens: LensChoice::default(),
            hidden: HiddenChoice::default(),
            tokens: TokenChoice::default(),
            compare: CompareChoice::default(),
            sweep: SweepChoice::default(),
            atlas: AtlasChoice::default(),
            timeline: TimelineState::default(),
            logged: Level::default(),
            look: Look::default(),
        }
    }
}

/// How values become pictures: kept between starts, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    /// Measure under the thumbnails, by its id.
    pub tint: String,
    /// Order of the thumbnails.
    pub sort: Sort,
    /// Weights to brightness.
    pub scale: Scale,
    /// Colour map of the dark theme.
    pub map_dark: ColorMap,
    /// Colour map of the light theme.
    pub map_light: ColorMap,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            tint: "induction".to_owned(),
            sort: Sort::Layer,
            scale: Scale::Linear,
            map_dark: ColorMap::of(Theme::Dark),
            map_light: ColorMap::of(Theme::Light),
        }
    }
}

impl Look {
    /// The map that belongs to the theme.
    pub fn map(&self, dark: bool) -> ColorMap {
        if dark { self.map_dark } else { self.map_light }
    }
}

/// Cells of a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    /// Rows.
    pub queries: usize,
    /// Columns.
    pub keys: usize,
}

impl Cells {
    /// As many down as across.
    pub fn square(n: usize) -> Self {
        Self { queries: n, keys: n }
    }

    /// Along the longer side.
    pub fn longest(self) -> usize {
        self.queries.max(self.keys)
    }
}

/// A piece of a map, in cells: as high as wide, but where the map itself is not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// First query in sight.
    pub query: f32,
    /// First key in sight.
    pub key: f32,
    /// Cells along the longer side.
    pub span: f32,
}

impl View {
    /// The whole map.
    pub fn whole(cells: Cells) -> Self {
        Self { query: 0.0, key: 0.0, span: cells.longest().max(1) as f32 }
    }

    /// Rows in sight.
    pub fn rows(self, cells: Cells) -> f32 {
        self.span.min(cells.queries.max(1) as f32)
    }

    /// Columns in sight.
    pub fn columns(self, cells: Cells) -> f32 {
        self.span.min(cells.keys.max(1) as f32)
    }

    /// Zoomed by `factor` about a place given as shares of the sides, kept inside the map.
    #[must_use]
    pub fn zoomed(self, factor: f32, at_query: f32, at_key: f32, cells: Cells) -> Self {
        let n = cells.longest();
        let span = (self.span / factor).clamp((n as f32).min(4.0), n.max(1) as f32);
        let new = Self { span, ..self };
        let query = self.query + (self.rows(cells) - new.rows(cells)) * at_query;
        let key = self.key + (self.columns(cells) - new.columns(cells)) * at_key;
        Self { query, key, span }.inside(cells)
    }

    /// Moved by cells, kept inside the map.
    #[must_use]
    pub fn moved(self, queries: f32, keys: f32, cells: Cells) -> Self {
        Self { query: self.query + queries, key: self.key + keys, ..self }.inside(cells)
    }

    /// Moved just so far that a cell comes into sight.
    #[must_use]
    pub fn showing(self, query: Option<usize>, key: Option<usize>, cells: Cells) -> Self {
        let reach = |start: f32, length: f32, cell: Option<usize>| match cell {
            Some(cell) if (cell as f32) < start => cell as f32,
            Some(cell) if (cell + 1) as f32 > start + length => (cell + 1) as f32 - length,
            _ => start,
        };
        let query = reach(self.query, self.rows(cells), query);
        Self { query, key: reach(self.key, self.columns(cells), key), ..self }.inside(cells)
    }

    fn inside(self, cells: Cells) -> Self {
        let last = |n: usize, length: f32| (n as f32 - length).max(0.0);
        Self {
            query: self.query.clamp(0.0, last(cells.queries, self.rows(cells))),
            key: self.key.clamp(0.0, last(cells.keys, self.columns(cells))),
            ..self
        }
    }

    /// Rows and columns that can be seen, wholly or in part.
    pub fn spans(self) -> [Span; 2] {
        let span = |from: f32| {
            let first = from.max(0.0).floor() as usize;
            Span { first, last: ((from + self.span).ceil() as usize).saturating_sub(1).max(first) }
        };
        [span(self.query), span(self.key)]
    }

    /// Whether it is a piece of such a map.
    pub fn fits(self, cells: Cells) -> bool {
        self.span <= cells.longest() as f32 && self == self.inside(cells)
    }

    /// None where the whole map is in sight.
    pub fn unless_whole(self, cells: Cells) -> Option<Self> {
        (self.span < cells.longest() as f32 - 0.01).then_some(self)
    }
}

/// Order of the thumbnails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sort {
    /// Layers down, heads across.
    #[default]
    Layer,
    /// By the tinting measure, best first.
    Measure,
}
