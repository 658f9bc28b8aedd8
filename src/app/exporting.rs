//! From the window to the export floor: which piece of the run, in which looks.

use super::{
    layout::Pane,
    mapping::Over,
    running, settling,
    state::State,
    theme,
    viewing::{self, Desk, pane_of},
    words::Words,
};
use crate::{
    engine::{ModelSource, View, ViewAsk},
    export::{
        self, FORMATS, FirstToken, Format, Holds, Labels, Lang, Look, Options, Plate, Preset, Ranges,
        Selection, Settings, What,
    },
    model::{ModelSpec, Part},
    render::Scale,
    trace::{Combine, Level, Steps, Weigh, saved},
};
use std::path::Path;
use strum::IntoEnumIterator as _;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The selected head's weights.
    Head,
    /// The weights of the head under the glass and of those chosen, side by side.
    Chosen,
    /// Every head's weights.
    Heads,
    /// The residual stream before every block and after the last.
    States,
    /// The whole run, to be opened again.
    Trace,
    /// What one view shows.
    View(View),
}

impl Piece {
    /// All there are, in the order of menus.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Head, Self::Chosen, Self::Heads, Self::States].into_iter().chain(View::iter().map(Self::View))
    }

    /// The view that it is, where it is one.
    pub fn view(self) -> Option<View> {
        match self {
            Self::View(view) => Some(view),
            _ => None,
        }
    }

    /// Every figure of a pane: what it shows first, then what else it can show.
    pub fn each_of(pane: Pane) -> impl Iterator<Item = Self> {
        Self::all().filter(move |piece| match piece {
            Self::View(view) => pane_of(*view) == pane,
            piece => Self::of(pane) == Some(*piece),
        })
    }

    /// What a pane shows, where that is written as a figure.
    pub fn of(pane: Pane) -> Option<Self> {
        match pane {
            Pane::Head => Some(Self::Head),
            Pane::Heads => Some(Self::Heads),
            _ => View::iter().find(|&view| pane_of(view) == pane).map(Self::View),
        }
    }

    /// Its name on screen.
    pub fn title(self, words: &Words) -> &'static str {
        match self {
            Self::Head => words.figures.one_head,
            Self::Heads => words.figures.all_heads,
            Self::Chosen => words.figures.strip,
            Self::States => words.figures.all_states,
            Self::Trace => words.save_trace_title,
            Self::View(View::Distance) => words.figures.recall_curve,
            Self::View(View::Others) => words.figures.recall_others,
            Self::View(View::Carriers) => words.figures.recall_heads,
            Self::View(View::Masked) => words.figures.recall_masked,
            Self::View(View::Twice) => words.figures.recall_twice,
            Self::View(view) => pane_of(view).title(words),
        }
    }

    /// Whether it is of attention maps: labels and the first key's fate are a choice.
    pub fn is_map(self) -> bool {
        matches!(self, Self::Head | Self::Chosen | Self::Heads)
    }

    /// The formats that can hold it.
    pub fn formats(self) -> Vec<&'static Format> {
        let holds = |format: &&Format| match self {
            Self::Trace => format.holds == Holds::Trace,
            Self::States => !matches!(format.holds, Holds::Page | Holds::Trace),
            // A set that is no block of layers × heads has no array of its own
            Self::Chosen => matches!(format.holds, Holds::Picture | Holds::Page),
            Self::Head | Self::Heads => format.holds != Holds::Trace,
            Self::View(_) => true,
        };
        match self {
            Self::View(_) => Plate::formats().collect(),
            _ => FORMATS.iter().filter(holds).collect(),
        }
    }

    /// Whether a recipe can make the file at `path` again: a picture, or the numbers of a view.
    pub fn has_recipe(self, path: &str) -> bool {
        let path = Path::new(path.trim());
        match self {
            Self::View(_) => Plate::format_of(path).is_ok(),
            Self::Trace => false,
            _ => export::format_of(path).is_ok_and(|format| format.holds == Holds::Picture),
        }
    }

    /// The ending that its file starts with.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Head | Self::Chosen | Self::View(_) => ".png",
            Self::Heads => ".html",
            Self::States => ".npz",
            Self::Trace => saved::ENDING,
        }
    }
}

/// How a picture is finished, beyond what is on screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Finish {
    /// Sizes for where it goes; then it stands on white, in the preset's colours.
    pub preset: Option<Preset>,
    /// What stands beside rows and columns.
    pub labels: Labels,
    /// What becomes of the first key.
    pub first: FirstToken,
    /// Whether what lies behind shows through.
    pub transparent: bool,
    /// Whether only the part of the map in sight is shown.
    pub part: bool,
    /// Pixels of a PNG to one of the layout; the preset's own, else two, where not told.
    pub zoom: Option<u8>,
    /// The language of the caption.
    pub lang: Lang,
}

/// The looks of the screen, finished.
///
/// `spec`: of the run, whose parts have maps of their own; all heads are those of the selected one's part, as on screen.
pub fn options(piece: Piece, finish: Finish, state: &State, spec: Option<&ModelSpec>, dark: bool) -> Options {
    let map = &state.map;
    let combined = piece == Piece::Head && map.over != Over::Head;
    let picked = match (piece, map.over) {
        (Piece::Head, Over::Head) => vec![state.head],
        (Piece::Head, Over::Chosen) if map.combine == Combine::Difference => {
            state.heads().into_iter().take(2).collect()
        }
        (Piece::Head, Over::Chosen) | (Piece::Chosen, _) => state.heads(),
        _ => Vec::new(),
    };
    let part = spec.and_then(|spec| Some((spec, spec.blocks.get(state.head.layer)?.part)));
    let layers = match (piece, map.over) {
        (Piece::Head, Over::Layer) => Some(Ranges::one(state.head.layer)),
        (Piece::Head, Over::All) => part
            .filter(|(_, part)| *part != Part::Only)
            .map(|(spec, part)| Ranges::of_part(part, spec.layers_of(part))),
        _ => None,
    };
    let selection = Selection { layers, heads: None };
    // Of one head, or of more than two, there is no difference
    let combine = combined.then_some(match (map.combine, picked.len()) {
        (Combine::Difference, 2) => Combine::Difference,
        (Combine::Difference, _) => Combine::Mean,
        (combine, _) => combine,
    });
    let signed = combine == Some(Combine::Difference);
    let what = if piece == Piece::States { What::Resid } else { What::Pattern };
    let part = state.view.filter(|_| piece == Piece::Head && finish.part).map(super::state::View::spans);
    let on_screen = piece.is_map() && finish.preset.is_none();
    let look = Look {
        theme: Some(theme::shared(dark && finish.preset.is_none())),
        map: (on_screen && !signed).then(|| state.look.map(dark)),
        scale: if piece.is_map() { state.look.scale } else { Scale::Linear },
        preset: finish.preset,
        // Views have labels of their own
        labels: if piece.view().is_some() { Labels::default() } else { finish.labels },
        steps: match piece {
            Piece::Head => Steps { first: finish.first, ..map.steps },
            Piece::Heads | Piece::Chosen => Steps { first: finish.first, ..Steps::default() },
            Piece::States | Piece::Trace | Piece::View(_) => Steps::default(),
        },
        threshold: if piece == Piece::Head { map.from() } else { 0.0 },
        transparent: finish.transparent,
        zoom: finish.zoom.map(f32::from),
        lang: finish.lang,
        rows: part.map(|[rows, _]| rows),
        columns: part.map(|[_, columns]| columns),
        ..Look::default()
    };
    let beside = piece == Piece::Head && map.beside;
    Options { what: vec![what], selection, picked, combine, beside, look, ..Options::default() }
}

/// The same for a file that is no picture: whole arrays, of one head by its place.
pub fn options_for(
    path: &Path,
    (piece, finish): (Piece, Finish),
    state: &State,
    spec: Option<&ModelSpec>,
    dark: bool,
) -> Options {
    let options = options(piece, finish, state, spec, dark);
    if export::format_of(path).is_ok_and(|format| format.holds == Holds::Picture) {
        return options;
    }
    let one = |index| Some(Ranges::one(index));
    if piece == Piece::Chosen {
        return Options { look: whole(options.look), ..options };
    }
    let selection = match piece {
        Piece::Head => Selection { layers: one(state.head.layer), heads: one(state.head.head) },
        _ => Selection::default(),
    };
    Options {
        selection,
        picked: Vec::new(),
        combine: None,
        beside: false,
        look: whole(options.look),
        ..options
    }
}

/// Looks of what is no picture: nothing is left out.
fn whole(look: Look) -> Look {
    Look { steps: Steps::default(), threshold: 0.0, rows: None, columns: None, ..look }
}

/// What writes the same picture, as a command line and a recipe say it.
pub fn settings(desk: Desk<'_>, (options, view): (&Options, Option<&ViewAsk>), path: &str) -> Settings {
    let Desk { session, state, live } = desk;
    let name = Path::new(path.trim()).file_name().unwrap_or_default().to_string_lossy();
    let of_training = |ask: &&ViewAsk| matches!(ask.view, View::Training | View::Trained | View::Step);
    if let Some(ask) = view.filter(of_training) {
        return settling::training_settings(live, ask, options.look, &name);
    }
    let mut settings = Settings::default();
    if let Some(ask) = view.filter(|ask| ask.view == View::Timeline) {
        viewing::settle(ask, desk, &mut settings);
        looks(options.look, &mut settings);
        settings.set("out", name);
        return settings;
    }
    let source = session.source.as_ref();
    if let Some(ModelSource::Path(path)) = source {
        settings.set("model", path.display().to_string());
    }
    if source.is_none_or(|source| source.trace().is_none()) {
        let (_, trace) = viewing::run_of(view.map(|ask| ask.view), session, state);
        running::asked_for(state, session.model.as_deref(), trace, &mut settings);
        if viewing::is_changed(view.map(|ask| ask.view), state) {
            let on = state.interventions.iter().filter(|switch| switch.on);
            settings.set_all("intervene", on.map(|switch| switch.what.to_string()));
        }
    }
    if let Some(ask) = view {
        viewing::settle(ask, desk, &mut settings);
    }
    for what in options.what.iter().filter(|&&what| what != What::Pattern) {
        settings.set("what", what.id());
    }
    if !options.picked.is_empty() {
        settings.set_all("heads", options.picked.iter().map(ToString::to_string));
    }
    let look = options.look;
    looks(look, &mut settings);
    if look.steps.first != FirstToken::Keep {
        settings.set("first_token", <&str>::from(look.steps.first));
    }
    if options.beside {
        settings.set_yes("beside");
    }
    for (key, span) in [("rows", look.rows), ("columns", look.columns)] {
        if let Some(span) = span {
            settings.set(key, span.to_string());
        }
    }
    if let Some(combine) = options.combine {
        settings.set("combine", combine.id());
        if let Some(layers) = &options.selection.layers {
            settings.set("layers", layers.to_string());
        }
    }
    if look.steps.weigh != Weigh::Weights {
        settings.set("weigh", <&str>::from(look.steps.weigh));
    }
    for (key, level) in [("query_level", look.steps.queries), ("key_level", look.steps.keys)] {
        if level != Level::Token {
            settings.set(key, level.id());
        }
    }
    if look.threshold > 0.0 {
        settings.set("threshold", look.threshold.to_string());
    }
    settings.set("out", name);
    settings
}

/// Says how a picture looks.
pub(super) fn looks(look: Look, settings: &mut Settings) {
    if let Some(preset) = look.preset {
        settings.set("style.preset", preset.id());
    } else if let Some(theme) = look.theme {
        settings.set("style.theme", theme.id());
    }
    if let Some(map) = look.map {
        settings.set("style.colormap", map.id());
    }
    if look.scale != Scale::Linear {
        settings.set("style.scale", look.scale.id());
    }
    if look.labels != Labels::Tokens {
        settings.set("style.labels", <&str>::from(look.labels));
    }
    if look.transparent {
        settings.set_yes("style.transparent");
    }
    if let Some(zoom) = look.zoom {
        settings.set("style.zoom", zoom.to_string());
    }
    if look.lang != Lang::En {
        settings.set("style.lang", <&str>::from(look.lang));
    }
}

/// The command line that writes the same picture.
pub fn command(settings: &Settings) -> String {
    let words = settings.words();
    export::command_line(std::iter::once("mnemoscope").chain(words.iter().map(String::as_str)))
}
