//! From the window to the export floor: which piece of the run, in which looks.

use super::{
    layout::Pane,
    mapping::Over,
    state::State,
    theme,
    viewing::{self, Desk, pane_of},
    words::Words,
};
use crate::{
    engine::{ModelSource, View, ViewAsk},
    export::{
        self, FORMATS, FirstToken, Format, Holds, Labels, Look, Options, Plate, Preset, Ranges, Selection,
        What,
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
        labels: finish.labels,
        steps: match piece {
            Piece::Head => Steps { first: finish.first, ..map.steps },
            Piece::Heads | Piece::Chosen => Steps { first: finish.first, ..Steps::default() },
            Piece::States | Piece::Trace | Piece::View(_) => Steps::default(),
        },
        threshold: if piece == Piece::Head { map.from() } else { 0.0 },
        transparent: finish.transparent,
        zoom: finish.zoom.map(f32::from),
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

/// The command line that writes the same picture.
pub fn command(desk: Desk<'_>, (options, view): (&Options, Option<&ViewAsk>), path: &str) -> String {
    let Desk { session, state, live } = desk;
    let name = Path::new(path.trim()).file_name().unwrap_or_default().to_string_lossy();
    if view.is_some_and(|ask| ask.view == View::Training) {
        let words = viewing::training_command(live, options.look, &name);
        let all = std::iter::once("mnemoscope").chain(words.iter().map(String::as_str));
        return export::command_line(all);
    }
    let source = session.source.as_ref();
    let mut words = vec!["mnemoscope".to_owned(), "export".to_owned()];
    let mut push = |more: &[&str]| words.extend(more.iter().map(|&word| word.to_owned()));
    if let Some(ModelSource::Path(path)) = source {
        push(&[&path.display().to_string()]);
    }
    if source.is_none_or(|source| source.trace().is_none()) {
        push(&["--prompt", &state.prompt]);
        if state.chat {
            push(&["--chat"]);
        }
        if !state.target.is_empty() {
            push(&["--target", &state.target]);
        }
        for (option, code) in
            [("--source-lang", &state.languages.source), ("--target-lang", &state.languages.target)]
        {
            if let Some(code) = code {
                push(&[option, code]);
            }
        }
        let changed = viewing::is_changed(view.map(|ask| ask.view), state);
        for switch in state.interventions.iter().filter(|switch| switch.on && changed) {
            push(&["--intervene", &switch.what.to_string()]);
        }
    }
    let look = options.look;
    for word in view.iter().flat_map(|ask| viewing::words(ask, desk)) {
        push(&[&word]);
    }
    for what in options.what.iter().filter(|&&what| what != What::Pattern) {
        push(&["--what", what.id()]);
    }
    for head in &options.picked {
        push(&["--pick", &head.to_string()]);
    }
    if let Some(preset) = look.preset {
        push(&["--preset", preset.id()]);
    } else if let Some(theme) = look.theme {
        push(&["--theme", theme.id()]);
    }
    if let Some(map) = look.map {
        push(&["--colormap", map.id()]);
    }
    if look.scale != crate::render::Scale::Linear {
        push(&["--scale", look.scale.id()]);
    }
    if look.labels != Labels::Tokens {
        push(&["--labels", look.labels.into()]);
    }
    if look.steps.first != FirstToken::Keep {
        push(&["--first-token", look.steps.first.into()]);
    }
    if options.beside {
        push(&["--beside"]);
    }
    for (option, span) in [("--rows", look.rows), ("--columns", look.columns)] {
        if let Some(span) = span {
            push(&[option, &span.to_string()]);
        }
    }
    if let Some(combine) = options.combine {
        push(&["--combine", combine.id()]);
        if let Some(layers) = &options.selection.layers {
            push(&["--layers", &layers.to_string()]);
        }
    }
    if look.steps.weigh != Weigh::Weights {
        push(&["--weigh", look.steps.weigh.into()]);
    }
    for (option, level) in [("--query-level", look.steps.queries), ("--key-level", look.steps.keys)] {
        if level != Level::Token {
            push(&[option, level.id()]);
        }
    }
    if look.threshold > 0.0 {
        push(&["--threshold", &look.threshold.to_string()]);
    }
    if look.transparent {
        push(&["--transparent"]);
    }
    if let Some(zoom) = look.zoom {
        push(&["--zoom", &zoom.to_string()]);
    }
    push(&["-o", &name]);
    export::command_line(words.iter().map(String::as_str))
}
