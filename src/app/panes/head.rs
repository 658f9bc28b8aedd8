//! The head under the glass: its map with token labels, one row as bars, the legend and the cell read out.

use super::hinted;
use crate::{
    app::{
        atlas::Atlas,
        command::Command,
        palette::Palette,
        scene::{Out, Scene},
        state::Cells,
        theme::{self, BODY, SMALL, TITLE},
        tiles::Tiles,
        widgets::{self, axis, axis::Place, bars, heatmap::HeatMap, legend},
        words,
    },
    render::{ColorMap, Scale, Shader},
    trace::Trace,
};
use egui::{Rect, Sense, Ui, pos2, vec2};
use strum::IntoEnumIterator as _;

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
    let cells = scene.cells();
    let subtitle = match (scene.state.view, cells) {
        (Some(view), _) => (words.window_of)(view.span.round() as usize),
        (None, Cells { queries: 0, .. }) => String::new(),
        (None, Cells { queries, .. }) if scene.rows() == scene.columns() => (words.token_count)(queries),
        (None, Cells { queries, keys }) => (words.token_grid)(queries, keys),
    };
    // A part's name says already that it is a head, and needs its room
    let name = scene.head_name();
    let title = if scene.translates() { name } else { format!("{} {name}", words.head) };
    widgets::header(ui, &title, &subtitle, |ui| {
        map_menu(ui, scene, out);
        scale_menu(ui, scene, out);
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
    let shader = palette.shader(trace, scene.less().map(|(_, less)| less), head);
    let room = hinted(ui, scene, 3, out);
    let parts = Parts::new(scene, room);
    let place = parts.place;
    let coarse = atlas.place(head);
    HeatMap { place, trace, tiles, coarse, palette, shader: &shader }.show(ui, scene, out);
    labels(ui, scene, &parts);
    notes(ui, scene, &place);
    if let Some(row) = scene.row {
        bars::row(ui, &place, parts.bars, &row.weights, scene.shown_key());
        // The bars answer the pointer like the columns they stand under
        let response = ui.interact(parts.bars, ui.scope_id().with("row bars"), Sense::click());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words.row_bars));
        let column = response.hover_pos().map(|point| pos2(point.x, place.rect.center().y));
        if let Some((_, key)) = column.and_then(|point| place.at(point)) {
            out.hover.key = Some(key);
            if response.clicked() {
                out.send(Command::PinKey(Some(key)));
            }
        }
    }
    foot(ui, scene, trace, &parts, &shader);
    ui.allocate_rect(room, Sense::hover());
    true
}

/// Where the parts of the pane are.
struct Parts {
    place: Place,
    bars: Rect,
    foot: Rect,
    /// Room for a row's label.
    label: f32,
    /// Width of the longest column label, and the room it has.
    longest: f32,
    column: f32,
}

impl Parts {
    fn new(scene: &Scene<'_>, room: Rect) -> Self {
        let (cells, view) = (scene.cells(), scene.view());
        let (queries, keys) = (scene.labels_of(scene.rows()), scene.labels_of(scene.columns()));
        // As the view's longer side to its height and its width
        let (tall, wide) = (view.span / view.rows(cells), view.span / view.columns(cells));
        let bars = if room.height() < 380.0 { 28.0 } else { 44.0 };
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
            width = room.width() - 2.0 * MARGIN - label - 8.0 - column * 0.5;
            let fits = (width * wide).min((room.height() - above - below) * tall);
            side = fits.clamp(48.0, LARGEST_CELL * view.span.max(1.0));
        }
        let size = vec2(side / wide, side / tall);
        let spare = (width - size.x).max(0.0);
        let corner = pos2(room.left() + MARGIN + label + 8.0 + spare * 0.4, room.top() + above);
        let place = Place { rect: Rect::from_min_size(corner, size), view, cells };
        let bars = Rect::from_min_size(place.rect.left_bottom() + vec2(0.0, 12.0), vec2(size.x, bars));
        let foot_width = size.x.max(LEGEND + 200.0).min(room.right() - corner.x - MARGIN);
        let foot = Rect::from_min_size(bars.left_bottom() + vec2(0.0, 10.0), vec2(foot_width, 60.0));
        Self { place, bars, foot, label, longest, column }
    }
}

fn labels(ui: &Ui, scene: &Scene<'_>, parts: &Parts) {
    let place = &parts.place;
    let marks = |pinned: Option<usize>, hovered: Option<usize>, n: usize| -> Vec<usize> {
        let mut marks: Vec<usize> = hovered.into_iter().chain(pinned).filter(|&index| index < n).collect();
        marks.dedup();
        marks
    };
    let queries = marks(scene.pinned_query(), scene.hover.query, place.cells.queries);
    let keys = marks(scene.pinned_key(), scene.hover.key, place.cells.keys);
    axis::rows(ui, place, scene.labels_of(scene.rows()), &queries, parts.label);
    axis::columns(ui, place, scene.labels_of(scene.columns()), &keys, parts.longest, parts.column);
}

/// Marks the cells that have a note: a corner in the accent, its words under the pointer.
fn notes(ui: &Ui, scene: &Scene<'_>, place: &Place) {
    let tokens = theme::tokens(ui);
    let own = scene.state.notes.iter().filter(|note| note.head == scene.state.head);
    for note in own.filter(|note| note.query < place.cells.queries && note.key < place.cells.keys) {
        let at = pos2(place.x(note.key as f32), place.y(note.query as f32));
        let cell = Rect::from_min_size(at, egui::Vec2::splat(place.cell())).intersect(place.rect);
        if !cell.is_positive() {
            continue;
        }
        let side = (cell.width() * 0.5).clamp(5.0, 12.0);
        let corner = cell.right_top();
        let points = vec![corner, corner - vec2(side, 0.0), corner + vec2(0.0, side)];
        ui.painter().add(egui::Shape::convex_polygon(points, tokens.accent, egui::Stroke::NONE));
        if ui.rect_contains_pointer(cell) {
            let id = ui.scope_id().with("note");
            egui::Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), id, egui::PopupAnchor::Pointer)
                .show(|ui| ui.label(&note.text));
        }
    }
}

/// What the bars are, the legend, and the cell under the pointer or the pin.
fn foot(ui: &Ui, scene: &Scene<'_>, trace: &Trace, parts: &Parts, shader: &Shader) {
    let (tokens, words, area) = (theme::tokens(ui), scene.words, parts.foot);
    if let Some(row) = scene.row {
        let caption =
            format!("{} · {}", (words.row_of)(&scene.query_name(row.query)), (words.row_sum)(row.sum));
        let galley = widgets::short(ui, &caption, theme::body(SMALL), area.width(), tokens.muted);
        ui.painter().galley(area.min, galley, tokens.muted);
    }
    let top = area.top() + 24.0;
    let bar = Rect::from_min_size(pos2(area.left(), top), vec2(LEGEND.min(area.width() * 0.5), 24.0));
    let high = shader.range().high;
    let ends = match scene.state.look.scale {
        _ if scene.less().is_some() => (format!("{:.2}", -high), format!("+{high:.2}")),
        Scale::Linear => ("0".to_owned(), format!("{high:.2}")),
        Scale::Log => (format!("{:.0e}", high / 65536.0), format!("{high:.2} log")),
        Scale::Row => ("0".to_owned(), scene.words.row_max.to_owned()),
        Scale::Rank => (scene.words.least.to_owned(), scene.words.greatest.to_owned()),
    };
    legend::show(ui, bar, shader, (&ends.0, &ends.1));
    read_out(ui, scene, trace, pos2(bar.right() + 18.0, top - 5.0), area);
}

/// The weight under the pointer or the pin, and between which tokens: beside the legend, or under it.
fn read_out(ui: &Ui, scene: &Scene<'_>, trace: &Trace, at: egui::Pos2, area: Rect) {
    let (tokens, words) = (theme::tokens(ui), scene.words);
    let Some((query, key)) = scene.shown_query().zip(scene.shown_key()) else {
        let hint = widgets::short(ui, words.point_at, theme::body(BODY), area.right() - at.x, tokens.muted);
        ui.painter().galley(at + vec2(0.0, 1.0), hint, tokens.muted);
        return;
    };
    let pattern = trace.pattern(scene.state.head);
    let weight = if pattern.keys(query).contains(&key) {
        match scene.less() {
            Some((_, less)) => {
                let before = less.pattern(scene.state.head).cell(query, key);
                format!("{:+.4}", pattern.cell(query, key) - before)
            }
            None => format!("{:.4}", pattern.cell(query, key)),
        }
    } else {
        words.masked.to_owned()
    };
    let number = widgets::short(ui, &weight, theme::strong(TITLE), 80.0, tokens.text);
    let beside = pos2(at.x + number.size().x + 14.0, at.y + 2.0);
    ui.painter().galley(at, number, tokens.text);
    let line = (words.cell)(&scene.query_name(query), &scene.key_name(key));
    let start = if area.width() < NARROW { area.left_top() + vec2(0.0, 50.0) } else { beside };
    let names = widgets::short(ui, &line, theme::mono(12.0), area.right() - start.x, tokens.muted);
    ui.painter().galley(start, names, tokens.muted);
}

fn scale_menu(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let chosen = scene.state.look.scale;
    widgets::choice(ui, scene.words.scale, &(scene.words.scale_name)(chosen).to_lowercase(), |ui| {
        for scale in Scale::iter() {
            if ui.selectable_label(scale == chosen, (scene.words.scale_name)(scale)).clicked() {
                out.send(Command::SetScale(scale));
                ui.close();
            }
        }
    });
}

/// The maps with the theme's floor first, the others after them.
fn map_menu(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (chosen, theme) = (scene.state.look.map(scene.dark), theme::shared(scene.dark));
    widgets::choice(ui, "", &chosen.label().to_lowercase(), |ui| {
        for home in [true, false] {
            for map in ColorMap::iter().filter(|map| !map.is_signed() && (map.theme() == theme) == home) {
                if ui.add(swatch(ui, map, map == chosen)).clicked() {
                    out.send(Command::SetMap { dark: scene.dark, map });
                    ui.close();
                }
            }
        }
    });
}

fn swatch(ui: &Ui, map: ColorMap, chosen: bool) -> impl egui::Widget + use<> {
    let tokens = theme::tokens(ui);
    move |ui: &mut Ui| {
        let response = ui.add(egui::Button::selectable(chosen, map.label()).min_size(vec2(210.0, 24.0)));
        let bar = Rect::from_center_size(response.rect.right_center() - vec2(48.0, 0.0), vec2(80.0, 10.0));
        for i in 0..40 {
            let part =
                bar.with_min_x(bar.left() + 2.0 * i as f32).with_max_x(bar.left() + 2.0 * i as f32 + 2.0);
            ui.painter().rect_filled(part, 0, theme::of_map(map.at(i as f32 / 39.0)));
        }
        ui.painter().rect_stroke(bar, 0, egui::Stroke::new(1.0, tokens.line), egui::StrokeKind::Outside);
        response
    }
}
