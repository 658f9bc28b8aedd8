//! From the window to the export floor: which piece of the run, in which looks.

use super::{
    layout::Pane,
    mapping::Over,
    state::{Shown, State},
    theme,
    words::Words,
};
use crate::{
    analysis::Cell,
    engine::{ModelSource, View, ViewAsk},
    export::{
        self, FORMATS, FirstToken, Format, Holds, Labels, Look, Options, Plate, Preset, Ranges, Selection,
        What,
    },
    model::{ModelSpec, Part},
    render::Scale,
    trace::{Combine, Level, Side, Steps, Trace, Weigh, saved},
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

/// The pane that shows a view.
fn pane_of(view: View) -> Pane {
    match view {
        View::Lens => Pane::Lens,
        View::Flow => Pane::Flow,
        View::Walk => Pane::Walk,
        View::Why => Pane::Why,
        View::Attribution => Pane::Attribution,
        View::Next => Pane::Next,
        View::Similarity => Pane::Similarity,
        View::Trails => Pane::Trails,
        View::Norms => Pane::Norms,
        View::States => Pane::Stream,
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
        ..Look::default()
    };
    Options { what: vec![what], selection, picked, combine, look, ..Options::default() }
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
        return Options { look: Look { steps: Steps::default(), threshold: 0.0, ..options.look }, ..options };
    }
    let selection = match piece {
        Piece::Head => Selection { layers: one(state.head.layer), heads: one(state.head.head) },
        _ => Selection::default(),
    };
    let look = Look { steps: Steps::default(), threshold: 0.0, ..options.look };
    Options { selection, picked: Vec::new(), combine: None, look, ..options }
}

/// What a view shows of the state, in the run `trace`; `pinned`: the query that is asked about.
pub fn ask(view: View, state: &State, trace: &Trace, pinned: Option<usize>) -> ViewAsk {
    let rows = trace.spec.blocks.get(state.head.layer).map(|block| block.part.rows());
    // These have the target's tokens, whatever the head's rows are
    let of_target = matches!(view, View::Attribution | View::Trails);
    let streams = trace.spec.streams();
    let side = streams.get(state.layer).map_or(Side::Target, |&stream| trace.spec.stream_side(stream));
    ViewAsk {
        head: state.head,
        query: pinned.filter(|_| !of_target || rows == Some(Side::Target)),
        key: state.key,
        also: state.heads(),
        threshold: state.flow.threshold,
        stream: state.layer,
        word: state.said.word,
        against: state.said.against,
        in_order: state.said.in_order,
        rules: state.sampling.clone(),
        skip: usize::from(state.sink_apart),
        side: if view == View::Norms { side } else { Side::Target },
        ..ViewAsk::new(view)
    }
}

/// How the command line says what a view shows.
fn view_words(ask: &ViewAsk) -> Vec<String> {
    let mut words = vec!["--view".to_owned(), ask.view.id().to_owned()];
    let mut push = |name: &str, value: String| words.extend([name.to_owned(), value]);
    match ask.view {
        View::Walk | View::Why => {
            if let (Some(query), Some(key)) = (ask.query, ask.key) {
                push("--cell", Cell { head: ask.head, query, key }.to_string());
            } else {
                push("--pick", ask.head.to_string());
                ask.query.into_iter().for_each(|query| push("--at", query.to_string()));
            }
        }
        View::Flow => {
            let others = ask.also.iter().filter(|&&other| other != ask.head);
            let heads = std::iter::once(&ask.head).chain(others).map(ToString::to_string);
            push("--pick", heads.collect::<Vec<_>>().join(","));
            push("--least", ask.threshold.to_string());
        }
        View::States | View::Similarity => push("--stream", ask.stream.to_string()),
        View::Attribution => {
            ask.query.into_iter().for_each(|query| push("--at", query.to_string()));
            ask.word.into_iter().for_each(|word| push("--word", format!("#{word}")));
            ask.against.into_iter().for_each(|word| push("--against", format!("#{word}")));
        }
        View::Next => {
            let rules = &ask.rules;
            push("--temperature", rules.temperature.to_string());
            rules.top_k.into_iter().for_each(|k| push("--top-k", k.to_string()));
            rules.top_p.into_iter().for_each(|p| push("--top-p", p.to_string()));
        }
        View::Trails => ask.query.into_iter().for_each(|query| push("--at", query.to_string())),
        View::Lens | View::Norms => {}
    }
    words
}

/// The command line that writes the same picture.
pub fn command(
    source: Option<&ModelSource>,
    (options, view): (&Options, Option<&ViewAsk>),
    state: &State,
    path: &str,
) -> String {
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
        for switch in state.interventions.iter().filter(|switch| switch.on && state.shown != Shown::Clean) {
            push(&["--intervene", &switch.what.to_string()]);
        }
    }
    let look = options.look;
    for word in view.iter().flat_map(|ask| view_words(ask)) {
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
    let name = Path::new(path.trim()).file_name().unwrap_or_default().to_string_lossy();
    push(&["-o", &name]);
    export::command_line(words.iter().map(String::as_str))
}
