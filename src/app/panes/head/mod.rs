//! The head under the glass, or several as one map: cells with token labels, a row and a column as bars along the
//! edges, the legend and the cell read out.

mod choices;
mod edges;
mod foot;

use super::hinted;
use crate::{
    app::{
        atlas::Atlas,
        command::Command,
        labels::Labels,
        mapping::{self, Known, Sight},
        palette::Palette,
        scene::{Out, Scene},
        state::{Cells, View},
        theme::{self, SMALL},
        tiles::Tiles,
        widgets::{self, axis, axis::Place, heatmap::HeatMap},
        words,
    },
    render::{Shader, ValueRange},
    trace::{MapRecipe, Trace, Weigh},
};
use egui::{Rect, Sense, Ui, pos2, vec2};
use std::sync::Arc;

const MARGIN: f32 = 14.0;
/// Width of a character of the token labels.
const CHARACTER: f32 = 6.7;
/// Room that a token label may take.
const LABEL: f32 = 84.0;
/// Side of a cell at most: few tokens do not make a wall.
const LARGEST_CELL: f32 = 56.0;
const LEGEND: f32 = 160.0;
/// Narrower than this, the tokens of the cell that is read out stand under the legend.
const NARROW: f32 = 400.0;
/// Two maps stand side by side from this width on.
const WIDE: f32 = 780.0;
/// Height of the line that says what a cell holds.
const STRIP: f32 = 26.0;

/// One map as the pane shows it.
struct Shown<'a> {
    trace: &'a Trace,
    known: &'a Known,
    /// What a worker made of it, where that is there.
    sight: Option<&'a Arc<Sight>>,
    recipe: MapRecipe,
    /// Whether it is one head's pattern as it is, which needs no worker's map.
    plain: bool,
    cells: Cells,
    palette: Palette,
    shader: Shader,
    rows: &'a Labels,
    columns: &'a Labels,
    view: View,
    /// Which of two it is.
    second: bool,
}

/// Draws the pane. True once a map with real values was painted.
pub fn show(
    ui: &mut Ui,
    scene: &Scene<'_>,
    atlas: &Atlas,
    tiles: &mut Tiles,
    palette: Palette,
    out: &mut Out,
) -> bool {
    let words = scene.words;
    let head = scene.state.head;
    let cells = scene.map_cells();
    let of_tokens = scene.state.map.of_tokens();
    let subtitle = match (scene.state.view, cells) {
        (Some(view), _) if of_tokens => (words.window_of)(view.span.round() as usize),
        (_, Cells { queries: 0, .. }) => String::new(),
        (_, Cells { queries, .. }) if of_tokens && scene.rows() == scene.columns() => {
            (words.token_count)(queries)
        }
        (_, Cells { queries, keys }) if of_tokens => (words.token_grid)(queries, keys),
        (_, Cells { queries, keys }) => format!("{queries} × {keys}"),
    };
    let single = scene.state.map.over == mapping::Over::Head;
    let subtitle = if single { scene.role_and(head, subtitle) } else { subtitle };
    widgets::header(ui, &title(scene), &subtitle, |ui| {
        choices::colours(ui, scene, out);
        choices::scale(ui, scene, out);
        if scene.state.view.is_some() && ui.add(widgets::outlined(ui, words.whole)).clicked() {
            out.send(Command::SetView(None));
        }
    });
    let Some(trace) = scene.trace else {
        widgets::empty(ui, scene.first_step().0, words.waiting);
        return false;
    };
    if !scene.head_ready() {
        widgets::empty(ui, &(words.layer_waits)(&trace.spec.layer_name(head.layer)), words.waiting);
        return false;
    }
    let room = hinted(ui, scene, 3, out);
    let two = scene.state.map.beside && scene.model.is_some();
    let side_by_side = two && room.width() >= WIDE;
    let mapping = scene.map;
    let first = if two && !side_by_side && scene.state.map.steps.weigh == Weigh::Values {
        &mapping.beside
    } else {
        &mapping.main
    };
    let mut painted = false;
    let strip = Rect::from_min_size(room.min, vec2(room.width(), STRIP));
    let below = room.with_min_y(strip.bottom());
    let rooms = if side_by_side { below.split_left_right_at_fraction(0.5) } else { (below, below) };
    let start = choices::recipe(ui, scene, strip, out);
    if let Some(shown) = shown(scene, trace, first, palette, false) {
        choices::strip(ui, scene, &shown, (strip, start), out);
        one(ui, scene, atlas, tiles, &shown, rooms.0, out);
        painted = true;
    } else if let Some(banner) = first.why_not() {
        widgets::empty(ui, &banner.what, "");
        return false;
    } else {
        widgets::empty(ui, words.waiting, "");
    }
    if side_by_side && let Some(shown) = shown(scene, trace, &mapping.beside, palette, true) {
        one(ui, scene, atlas, tiles, &shown, rooms.1, out);
    }
    ui.allocate_rect(room, Sense::hover());
    painted
}

/// What the map is of.
fn title(scene: &Scene<'_>) -> String {
    let name = scene.head_name();
    // A part's name says already that it is a head, and needs its room
    let single = if scene.translates() { name } else { format!("{} {name}", scene.words.head) };
    let Some(trace) = scene.trace.filter(|_| scene.head_ready()) else { return single };
    let recipe = mapping::recipe(scene.state, trace);
    if recipe.heads.len() < 2 {
        return single;
    }
    (scene.words.map.title)(recipe.combine, &recipe.heads_name(trace))
}

/// One of the maps, as far as it is there to be shown.
fn shown<'a>(
    scene: &'a Scene<'_>,
    trace: &'a Trace,
    known: &'a Known,
    palette: Palette,
    second: bool,
) -> Option<Shown<'a>> {
    let asked = mapping::recipe(scene.state, trace);
    let plain = asked.heads.len() == 1
        && asked.steps.with(Weigh::Weights).are_plain()
        && (asked.steps.weigh == Weigh::Weights
            || (scene.state.map.beside && scene.model.is_some() && !second))
        && !second;
    let sight = known.sight().filter(|sight| plain || !sight.plain);
    let sight = sight.filter(|sight| !plain || sight.map.recipe().heads == asked.heads);
    let less = scene.less().map(|(_, less)| less);
    let (mut palette, shader, recipe, cells) = if plain {
        let shader = palette.shader(trace, less, scene.state.head);
        (palette, shader, MapRecipe::plain(scene.state.head), scene.cells())
    } else {
        let sight = sight?;
        let signed = sight.map.is_signed();
        let palette = if signed { Palette::of_differences(&scene.state.look, scene.dark) } else { palette };
        let reach = known.survey().map_or_else(|| sight.sketched(), |survey| survey.reach);
        let high = if reach > 0.0 { reach } else { 1.0 };
        let range = ValueRange { low: if signed { -high } else { 0.0 }, high };
        let shader = Shader::new(palette.map, palette.scale, range);
        (palette, shader, sight.map.recipe().clone(), sight.cells())
    };
    let threshold = scene.state.map.from();
    if threshold > 0.0 || !plain {
        palette = palette.numbered(threshold, shader.range());
    }
    let shader = shader.from_threshold(threshold);
    let labels = |own: Option<&'a Labels>, side| own.unwrap_or_else(|| scene.labels_of(side));
    let whole = View::whole(cells);
    Some(Shown {
        trace,
        known,
        sight,
        recipe,
        plain,
        cells,
        palette,
        shader,
        rows: labels(sight.and_then(|sight| sight.row_labels()), scene.rows()),
        columns: labels(sight.and_then(|sight| sight.column_labels()), scene.columns()),
        view: scene.state.view.filter(|view| view.fits(cells)).unwrap_or(whole),
        second,
    })
}

impl Shown<'_> {
    /// The row that a token is in.
    fn row_of(&self, token: usize) -> usize {
        self.sight.map_or(token, |sight| sight.row_of(token))
    }
    /// The column that a token is in.
    fn column_of(&self, token: usize) -> usize {
        self.sight.map_or(token, |sight| sight.column_of(token))
    }
    /// Rows of marked tokens.
    fn marked_rows(&self, scene: &Scene<'_>) -> Vec<usize> {
        let mut rows: Vec<usize> = scene.state.map.queries.iter().map(|&token| self.row_of(token)).collect();
        rows.dedup();
        rows
    }
    /// Columns of marked tokens.
    fn marked_columns(&self, scene: &Scene<'_>) -> Vec<usize> {
        let mut columns: Vec<usize> =
            scene.state.map.keys.iter().map(|&token| self.column_of(token)).collect();
        columns.dedup();
        columns
    }
    /// A row as users know it.
    fn row_name(&self, row: usize) -> String {
        format!("{} {}", words::grouped(row as u64), self.rows.get(row))
    }
    /// A column as users know it.
    fn column_name(&self, column: usize) -> String {
        format!("{} {}", words::grouped(column as u64), self.columns.get(column))
    }
}

/// Draws one map in its room.
fn one(
    ui: &mut Ui,
    scene: &Scene<'_>,
    atlas: &Atlas,
    tiles: &mut Tiles,
    shown: &Shown<'_>,
    room: Rect,
    out: &mut Out,
) {
    let parts = Parts::new(shown, room);
    let place = parts.place;
    let coarse = match shown.sight.filter(|_| !shown.plain) {
        Some(sight) => {
            let key = sight.sketch_key(crate::app::tiles::Rows::of(shown.palette.scale));
            tiles.keep(key, || sight.sketch());
            let texture = tiles.texture(ui.ctx(), key, None, (shown.palette.number, &shown.shader));
            texture.map(|texture| (texture, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0))))
        }
        // Its colours know nothing of a threshold, or of order
        None if shown.palette.number != Palette::new(&scene.state.look, scene.dark).number
            && scene.less().is_none() =>
        {
            None
        }
        None => atlas.place(scene.run, None, shown.recipe.heads[0]),
    };
    let sight = shown.sight;
    let map = HeatMap {
        place,
        trace: shown.trace,
        tiles,
        coarse,
        palette: shown.palette,
        shader: &shown.shader,
        sight,
        plain: shown.plain,
        second: shown.second,
    };
    let response = map.show(ui, scene, out);
    // A screen reader says the cell that is pointed at or pinned, as soon as it is another
    if ui.ctx().accesskit_node_builder(response.id, |_| ()).is_some() {
        let told = foot::told(scene, shown);
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_value(told);
            node.set_live(egui::accesskit::Live::Polite);
        });
    }
    edges::labels(ui, scene, shown, &parts, out);
    if shown.plain {
        edges::notes(ui, scene, &place);
    }
    edges::bars(ui, scene, shown, &parts, out);
    foot::show(ui, scene, shown, &parts);
}

/// Where the parts of the pane are.
struct Parts {
    place: Place,
    /// Of a row, under the map.
    bars: Rect,
    /// Of a column, right of it.
    beside: Rect,
    foot: Rect,
    /// Room for a row's label.
    label: f32,
    /// Width of the longest column label, and the room it has.
    longest: f32,
    column: f32,
    /// Top of the room of column labels.
    above: f32,
}

impl Parts {
    fn new(shown: &Shown<'_>, room: Rect) -> Self {
        let (cells, view) = (shown.cells, shown.view);
        let (queries, keys) = (shown.rows, shown.columns);
        // As the view's longer side to its height and its width
        let (tall, wide) = (view.span / view.rows(cells), view.span / view.columns(cells));
        let bars = if room.height() < 380.0 { 28.0 } else { 44.0 };
        let aside = if room.width() < 320.0 { 0.0 } else { bars + 12.0 };
        let names = if room.width() < NARROW + 60.0 { 18.0 } else { 0.0 };
        let below = 12.0 + bars + 10.0 + 16.0 + 8.0 + 24.0 + names + 10.0;
        // The labels' size depends on the cell, the cell on what they leave: three rounds are enough
        let (mut width, mut side) = (room.width() - 2.0 * MARGIN, room.width().min(room.height()) * 0.7);
        let (mut above, mut label, mut longest, mut column) = (0.0, 0.0, 0.0, 0.0);
        for _ in 0..3 {
            let cell = side / view.span;
            let index = axis::indexed(cell, SMALL + 5.0);
            let digits = |n: usize| if index { words::grouped(n as u64).len() + 1 } else { 0 };
            longest = (keys.longest + digits(cells.keys)) as f32 * CHARACTER;
            label = ((queries.longest + digits(cells.queries)) as f32 * CHARACTER).clamp(24.0, LABEL);
            column = longest.clamp(24.0, LABEL);
            above = axis::lie(cell, longest, column).2;
            width = room.width() - 2.0 * MARGIN - label - 8.0 - (column * 0.5).max(aside);
            let fits = (width * wide).min((room.height() - above - below) * tall);
            side = fits.clamp(48.0, LARGEST_CELL * view.span.max(1.0));
        }
        let size = vec2(side / wide, side / tall);
        let spare = (width - size.x).max(0.0);
        let corner = pos2(room.left() + MARGIN + label + 8.0 + spare * 0.4, room.top() + above);
        let place = Place { rect: Rect::from_min_size(corner, size), view, cells };
        let beside = if aside > 0.0 { bars } else { 0.0 };
        let beside = Rect::from_min_size(place.rect.right_top() + vec2(12.0, 0.0), vec2(beside, size.y));
        let bars = Rect::from_min_size(place.rect.left_bottom() + vec2(0.0, 12.0), vec2(size.x, bars));
        let foot_width = size.x.max(LEGEND + 200.0).min(room.right() - corner.x - MARGIN);
        let foot = Rect::from_min_size(bars.left_bottom() + vec2(0.0, 10.0), vec2(foot_width, 60.0));
        Self { place, bars, beside, foot, label, longest, column, above: room.top() }
    }
}

/// The colour map's floor in the theme, for widgets that stand on it.
fn muted(ui: &Ui) -> egui::Color32 {
    theme::tokens(ui).muted
}
