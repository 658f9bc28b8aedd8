//! What is shown and selected: small plain data, so that undo can keep copies of it and a file can hold it.
//!
//! Models and traces are not in here: they sit behind `Arc` in `session`.

use crate::{
    model::HeadId,
    render::{ColorMap, Scale, Theme},
    trace::Intervention,
};
use serde::{Deserialize, Serialize};

/// Everything undo brings back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// What stands in the prompt box.
    pub prompt: String,
    /// Whether it is one user's turn of a conversation, written down by the model's chat template.
    pub chat: bool,
    /// The head under the glass.
    pub head: HeadId,
    /// Pinned query token; the last token where none is.
    pub query: Option<usize>,
    /// Pinned key token.
    pub key: Option<usize>,
    /// Part of the head's map in sight; none: the whole.
    pub view: Option<View>,
    /// Which example the prompt came from.
    pub example: Option<usize>,
    /// What the lower pane shows.
    pub lower: Lower,
    /// Whether the lower pane is open; none: where the window is high enough.
    pub lower_open: Option<bool>,
    /// Residual stream shown in the lower pane: before this block.
    pub layer: usize,
    /// What is changed about the run.
    pub interventions: Vec<Switch>,
    /// Which run is shown, where there are two.
    pub shown: Shown,
    /// How values become pictures.
    pub look: Look,
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

impl Default for State {
    fn default() -> Self {
        Self {
            prompt: String::new(),
            chat: false,
            head: HeadId { layer: 0, head: 0 },
            query: None,
            key: None,
            view: None,
            example: None,
            lower: Lower::Stream,
            lower_open: None,
            layer: 0,
            interventions: Vec::new(),
            shown: Shown::default(),
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

/// A square piece of a map, in cells.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// First query in sight.
    pub query: f32,
    /// First key in sight.
    pub key: f32,
    /// Cells along one side.
    pub span: f32,
}

impl View {
    /// The whole map of `n` tokens.
    pub fn whole(n: usize) -> Self {
        Self { query: 0.0, key: 0.0, span: n.max(1) as f32 }
    }

    /// Zoomed by `factor` about a place given as shares of the sides, kept inside the map.
    #[must_use]
    pub fn zoomed(self, factor: f32, at_query: f32, at_key: f32, n: usize) -> Self {
        let span = (self.span / factor).clamp((n as f32).min(4.0), n.max(1) as f32);
        let query = self.query + (self.span - span) * at_query;
        Self { query, key: self.key + (self.span - span) * at_key, span }.inside(n)
    }

    /// Moved by cells, kept inside the map.
    #[must_use]
    pub fn moved(self, queries: f32, keys: f32, n: usize) -> Self {
        Self { query: self.query + queries, key: self.key + keys, ..self }.inside(n)
    }

    /// Moved just so far that a cell comes into sight.
    #[must_use]
    pub fn showing(self, query: Option<usize>, key: Option<usize>, n: usize) -> Self {
        let reach = |start: f32, cell: Option<usize>| match cell {
            Some(cell) if (cell as f32) < start => cell as f32,
            Some(cell) if (cell + 1) as f32 > start + self.span => (cell + 1) as f32 - self.span,
            _ => start,
        };
        Self { query: reach(self.query, query), key: reach(self.key, key), ..self }.inside(n)
    }

    fn inside(self, n: usize) -> Self {
        let last = (n as f32 - self.span).max(0.0);
        Self { query: self.query.clamp(0.0, last), key: self.key.clamp(0.0, last), ..self }
    }

    /// None where the whole map is in sight.
    pub fn unless_whole(self, n: usize) -> Option<Self> {
        (self.span < n as f32 - 0.01).then_some(self)
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

/// What the lower pane shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Lower {
    /// Residual stream of one layer: token × dimension.
    #[default]
    Stream,
    /// Its length, token × layer.
    Norms,
    /// What each layer would say next.
    Lens,
}

/// What the pointer is on, this frame: every view shows it, any view sets it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hover {
    /// A token as the one that looks.
    pub query: Option<usize>,
    /// A token as one that is looked at.
    pub key: Option<usize>,
}
