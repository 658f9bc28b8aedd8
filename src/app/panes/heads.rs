//! Every head of every layer: thumbnails, layers down, heads across, each over the bar of one measure.

use super::{hinted, interventions};
use crate::{
    analysis::{MEASURES, Measure, measure},
    app::{
        atlas::Atlas,
        command::Command,
        palette::Palette,
        scene::{Out, Scene},
        state::Sort,
        theme::{self, SMALL},
        widgets,
        words::Words,
    },
    model::{HeadId, Part},
    trace::Trace,
};
use egui::{Align2, Color32, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, pos2, vec2};

const MARGIN: f32 = 12.0;
const LAYER_NAME: f32 = 26.0;
const BAR: f32 = 3.0;
/// Height of a part's title, and the room between parts side by side.
const GROUP_TITLE: f32 = 20.0;
const GROUP_GAP: f32 = 14.0;
const LARGEST: f32 = 220.0;
const SMALLEST: f32 = 14.0;
/// Thumbnails smaller than this have no name under them.
const NAMED_FROM: f32 = 26.0;

/// A measure's value as a share of its range, or of the greatest where the range is open.
pub fn share(measure: &Measure, value: f64, greatest: f64) -> f32 {
    let high = measure.max.unwrap_or(greatest);
    if high > 0.0 { (value / high) as f32 } else { 0.0 }
}

/// The greatest value of a measure over the heads that are computed.
pub fn greatest(trace: &Trace, measure: &Measure) -> f64 {
    trace
        .head_ids()
        .map(|head| (measure.value)(&trace.measures(head)))
        .filter(|v| v.is_finite())
        .fold(0.0, f64::max)
}

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, atlas: &mut Atlas, palette: &Palette, out: &mut Out) {
    let shape = scene.named().map_or_else(String::new, |(_, spec)| shape_of(spec));
    widgets::header(ui, scene.words.heads, &shape, |ui| {
        sort_menu(ui, scene, out);
        tint_menu(ui, scene, out);
    });
    let Some(trace) = scene.trace else {
        let (first, how) = scene.first_step();
        return widgets::empty(ui, first, how);
    };
    let room = hinted(ui, scene, 2, out).shrink2(vec2(MARGIN, 4.0));
    let grid = Grid::new(trace, scene, room.size());
    atlas.refresh(ui.ctx(), (scene.run, trace), scene.less(), palette, grid.side * ui.pixels_per_point());
    let mut inner = ui.new_child(UiBuilder::new().max_rect(room));
    ScrollArea::both().auto_shrink(false).show(&mut inner, |ui| {
        let (area, _) = ui.allocate_exact_size(grid.size, Sense::hover());
        grid.show(
            ui,
            area.min + vec2(0.0, 3.0),
            trace,
            scene,
            Art { atlas, palette, words: scene.words },
            out,
        );
    });
    ui.allocate_rect(room, Sense::hover());
}

/// `6 × 8`, of encoder and decoder `6 + 6 × 8`; the range where layers differ.
pub fn shape_of(spec: &crate::model::ModelSpec) -> String {
    let heads = spec.blocks.iter().map(|block| block.attention.heads);
    let (least, most) = (heads.clone().min().unwrap_or(0), heads.max().unwrap_or(0));
    let layers = spec.layer_count();
    if least == most { format!("{layers} × {most}") } else { format!("{layers} × {least}–{most}") }
}

fn tint_menu(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let chosen = measure(&scene.state.look.tint).map_or("", |measure| (scene.words.measure)(measure).0);
    widgets::choice(ui, scene.words.tint, chosen, |ui| {
        for measure in MEASURES {
            let on = measure.id == scene.state.look.tint;
            let response = ui.selectable_label(on, (scene.words.measure)(measure).0);
            if response.on_hover_ui(|ui| explain(ui, scene, measure)).clicked() {
                out.send(Command::SetTint(measure.id.to_owned()));
                ui.close();
            }
        }
    });
}

fn sort_menu(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words;
    let name = |sort| if sort == Sort::Layer { words.sort_layer } else { words.sort_measure };
    widgets::choice(ui, words.sort, name(scene.state.look.sort), |ui| {
        for sort in [Sort::Layer, Sort::Measure] {
            if ui.selectable_label(sort == scene.state.look.sort, name(sort)).clicked() {
                out.send(Command::SetSort(sort));
                ui.close();
            }
        }
    });
}

/// A measure's sentence, formula, range and source: its tooltip wherever it is named.
pub fn explain(ui: &mut Ui, scene: &Scene<'_>, measure: &Measure) {
    let tokens = theme::tokens(ui);
    let (name, sentence) = (scene.words.measure)(measure);
    ui.label(egui::RichText::new(name).font(theme::strong(theme::BODY)));
    ui.label(sentence);
    ui.label(egui::RichText::new(measure.formula).font(theme::mono(12.0)).color(tokens.measure_text));
    let range = match measure.max {
        Some(max) => format!("0…{max} · {}", measure.source),
        None => format!("{} · {}", measure.unit, measure.source),
    };
    ui.label(egui::RichText::new(range).size(SMALL).color(tokens.muted));
}

/// What thumbnails are drawn with.
#[derive(Clone, Copy)]
struct Art<'a> {
    atlas: &'a Atlas,
    palette: &'a Palette,
    words: &'static Words,
}

/// Sizes and order of the thumbnails.
struct Grid {
    groups: Vec<Group>,
    /// In order of a measure, not by layers.
    sorted: bool,
    /// Parts stand side by side, not one below the other.
    beside: bool,
    /// Rows of the highest part.
    highest: usize,
    side: f32,
    pitch: egui::Vec2,
    size: egui::Vec2,
    named: bool,
}

/// The thumbnails of one part of the model.
struct Group {
    part: Part,
    /// Where they are in the grid: below the part's title.
    corner: egui::Vec2,
    /// Room for the names of layers.
    left: f32,
    layers: Vec<usize>,
    order: Vec<HeadId>,
    across: usize,
    down: usize,
}

impl Group {
    fn new((part, layers): (Part, Vec<usize>), trace: &Trace, sort: Option<&Measure>) -> Self {
        let of = |&layer: &usize| (0..trace.heads(layer)).map(move |head| HeadId { layer, head });
        let mut order: Vec<HeadId> = layers.iter().flat_map(of).collect();
        if let Some(measure) = sort {
            let value = |head: &HeadId| (measure.value)(&trace.measures(*head));
            order.sort_by(|a, b| value(b).total_cmp(&value(a)));
        }
        let across = layers.iter().map(|&layer| trace.heads(layer)).max().unwrap_or(1);
        Self { part, corner: egui::Vec2::ZERO, left: LAYER_NAME, down: layers.len(), layers, order, across }
    }
}

impl Grid {
    fn new(trace: &Trace, scene: &Scene<'_>, room: egui::Vec2) -> Self {
        let sorted = scene.state.look.sort == Sort::Measure && trace.is_complete();
        let sort = measure(&scene.state.look.tint).filter(|_| sorted);
        let parts = trace.spec.parts();
        let mut groups: Vec<Group> = parts.into_iter().map(|part| Group::new(part, trace, sort)).collect();
        let n = groups.len();
        let title = if n > 1 { GROUP_TITLE } else { 0.0 };
        let most = |groups: &[Group]| groups.iter().map(|group| group.across).max().unwrap_or(1);
        let total = |groups: &[Group]| groups.iter().map(|group| group.down).sum::<usize>();
        let below = room - vec2(0.0, title * n as f32);
        let mut side = side_of(below, LAYER_NAME, most(&groups), total(&groups));
        if sort.is_some() {
            let longest = groups.iter().map(|group| group.order.len()).max().unwrap_or(0);
            for columns in 1..=longest {
                let rows = groups.iter().map(|group| group.order.len().div_ceil(columns)).sum();
                let here = side_of(below, LAYER_NAME, columns, rows);
                if here > side {
                    side = here;
                    for group in &mut groups {
                        (group.across, group.down) = (columns, group.order.len().div_ceil(columns));
                    }
                }
            }
        }
        // Parts stand one below the other, or side by side where that makes the maps larger
        let all = groups.iter().map(|group| group.across).sum::<usize>();
        let gaps = GROUP_GAP * n.saturating_sub(1) as f32;
        let highest = groups.iter().map(|group| group.down).max().unwrap_or(1);
        let beside = side_of(room - vec2(gaps, title), LAYER_NAME, all, highest);
        let beside = Some(beside).filter(|&beside| n > 1 && sort.is_none() && beside > side);
        let (left, across) =
            if beside.is_some() { (LAYER_NAME + gaps, all) } else { (LAYER_NAME, most(&groups)) };
        let smallest = if n > 1 { SMALLEST - 2.0 } else { SMALLEST };
        let side = beside.unwrap_or(side).clamp(smallest, LARGEST);
        let named = side >= NAMED_FROM;
        let pitch = vec2(
            side + gap(side),
            side + BAR + 3.0 + if named { SMALL + 5.0 } else { 0.0 } + gap(side) * 0.6,
        );
        // What is left over goes between the columns, as far as it does not tear them apart
        let spare = (room.x - left - pitch.x * across as f32) / across.max(1) as f32;
        let pitch = pitch + vec2(spare.clamp(0.0, side * 0.35), 0.0);
        let mut at = vec2(0.0, title);
        let mut size = egui::Vec2::ZERO;
        for (index, group) in groups.iter_mut().enumerate() {
            group.corner = at;
            // Side by side, layers have their names once
            group.left = if beside.is_some() && index > 0 { 0.0 } else { LAYER_NAME };
            let own = vec2(group.left + pitch.x * group.across as f32, pitch.y * group.down as f32);
            size = size.max(at + own);
            at += if beside.is_some() { vec2(own.x + GROUP_GAP, 0.0) } else { vec2(0.0, own.y + title) };
        }
        let size = size + vec2(0.0, 4.0);
        Self { groups, sorted: sort.is_some(), beside: beside.is_some(), highest, side, pitch, size, named }
    }

    fn show(
        &self,
        ui: &mut Ui,
        origin: egui::Pos2,
        trace: &Trace,
        scene: &Scene<'_>,
        art: Art<'_>,
        out: &mut Out,
    ) {
        let measure = measure(&scene.state.look.tint);
        let greatest = measure.map_or(0.0, |measure| greatest(trace, measure));
        for group in &self.groups {
            let origin = origin + group.corner;
            if self.groups.len() > 1 {
                self.title(ui, group, origin, scene);
            }
            if !self.sorted && group.left > 0.0 {
                let in_part = trace.spec.index_in_part(scene.state.head.layer);
                let here = |layer: usize| group.layers.get(layer) == Some(&scene.state.head.layer);
                let selected = |layer: usize| if self.beside { layer == in_part } else { here(layer) };
                self.name_layers(ui, origin, if self.beside { self.highest } else { group.down }, selected);
            }
            for (rank, &head) in group.order.iter().enumerate() {
                let in_part = HeadId { layer: trace.spec.index_in_part(head.layer), head: head.head };
                let ranked = (rank / group.across, rank % group.across);
                let (row, column) = if self.sorted { ranked } else { (in_part.layer, head.head) };
                let corner =
                    origin + vec2(group.left + self.pitch.x * column as f32, self.pitch.y * row as f32);
                let rect = Rect::from_min_size(corner, vec2(self.side, self.side));
                if !ui.is_rect_visible(rect.expand(20.0)) {
                    continue;
                }
                let value = measure.filter(|_| head.layer < trace.layers_done());
                let value = value.map(|measure| (measure, (measure.value)(&trace.measures(head))));
                let bar = value.map(|(measure, value)| share(measure, value, greatest));
                let thumb = Thumb { head, in_part, selected: head == scene.state.head, rect };
                let response = self.cell(ui, &thumb, bar, trace, art, out);
                response.context_menu(|ui| interventions::head_menu(ui, scene, head, out));
                if response.hovered()
                    && let Some((measure, value)) = value
                {
                    let name = scene.short_head_name(head);
                    response
                        .on_hover_text(format!("{name} · {} {value:.4}", (scene.words.measure)(measure).0));
                }
            }
        }
    }

    /// The part's name over its heads, and what looks at what in it where there is room.
    fn title(&self, ui: &Ui, group: &Group, origin: egui::Pos2, scene: &Scene<'_>) {
        let tokens = theme::tokens(ui);
        let width = group.left + self.pitch.x * group.across as f32;
        let name = (scene.words.part)(group.part);
        let galley = widgets::short(ui, name, theme::strong(SMALL), width, tokens.text);
        let at = origin - vec2(0.0, GROUP_TITLE - 2.0);
        let beside = at + vec2(galley.size().x + 7.0, 0.0);
        ui.painter().galley(at, galley, tokens.text);
        let what = (scene.words.part_looks)(group.part).to_owned();
        let galley = ui.painter().layout_no_wrap(what, theme::body(SMALL), tokens.muted);
        if beside.x + galley.size().x <= origin.x + width {
            ui.painter().galley(beside, galley, tokens.muted);
        }
    }

    fn name_layers(&self, ui: &Ui, origin: egui::Pos2, n: usize, selected: impl Fn(usize) -> bool) {
        let tokens = theme::tokens(ui);
        for layer in 0..n {
            let at = origin + vec2(0.0, self.pitch.y * layer as f32 + self.side / 2.0);
            let color = if selected(layer) { tokens.text } else { tokens.muted };
            ui.painter().text(at, Align2::LEFT_CENTER, format!("L{layer}"), theme::body(SMALL), color);
        }
    }

    /// One thumbnail; without a `bar` its layer is not computed yet.
    fn cell(
        &self,
        ui: &mut Ui,
        thumb: &Thumb,
        bar: Option<f32>,
        trace: &Trace,
        art: Art<'_>,
        out: &mut Out,
    ) -> egui::Response {
        let tokens = theme::tokens(ui);
        let &Thumb { head, in_part, selected, rect } = thumb;
        let whole = rect.with_max_y(rect.bottom() + BAR + 3.0 + if self.named { SMALL + 4.0 } else { 0.0 });
        let response = ui.interact(whole, ui.scope_id().with(("head", head)), Sense::click());
        let label = (art.words.head_named)(&trace.spec.head_name(head));
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, selected, &label));
        if response.clicked() {
            out.send(Command::SelectHead(head));
        }
        let painter = ui.painter();
        let map = fitted(rect, trace.query_tokens(head.layer).len(), trace.key_tokens(head.layer).len());
        match art.atlas.place(head).filter(|_| bar.is_some()) {
            Some((texture, part)) => painter.image(texture, map, part, Color32::WHITE),
            None => painter.rect_filled(map, 0, theme::of_map(art.palette.floor())),
        };
        let frame = match (selected, response.hovered() || response.has_focus()) {
            (true, _) => Stroke::new(2.0, tokens.accent),
            (_, true) => Stroke::new(1.0, tokens.muted),
            _ => Stroke::new(1.0, tokens.line),
        };
        // Where maps stand close together the frame would lie under the next one
        let outset = if selected && gap(rect.width()) > 3.9 { 2.0 } else { 0.0 };
        painter.rect_stroke(map.expand(outset), 0, frame, StrokeKind::Outside);
        let track = Rect::from_min_size(rect.left_bottom() + vec2(0.0, 4.0), vec2(rect.width(), BAR));
        widgets::meter(ui, track, bar.unwrap_or(0.0), tokens.measure);
        if self.named {
            let color = if selected { tokens.accent_text } else { tokens.muted };
            let at = pos2(rect.left(), track.bottom() + 2.0);
            ui.painter().text(at, Align2::LEFT_TOP, in_part.to_string(), theme::body(SMALL), color);
        }
        response
    }
}

/// One head's place in the grid.
struct Thumb {
    head: HeadId,
    /// Its name within its part.
    in_part: HeadId,
    selected: bool,
    rect: Rect,
}

/// The part of a thumbnail's square that a map of this size fills, at its lower left. Of a long and low map it fills more
/// than its share, so that rows stay visible.
fn fitted(square: Rect, queries: usize, keys: usize) -> Rect {
    let longest = queries.max(keys).max(1) as f32;
    let length = |cells: usize| square.width() * (cells as f32 / longest).max(0.35);
    if queries == keys {
        return square;
    }
    let size = vec2(length(keys).round(), length(queries).round());
    Rect::from_min_size(square.left_bottom() - vec2(0.0, size.y), size)
}

fn gap(side: f32) -> f32 {
    (side * 0.14).clamp(3.0, 12.0)
}

/// The largest thumbnail with which `across` × `down` fit into `room`.
fn side_of(room: egui::Vec2, left: f32, across: usize, down: usize) -> f32 {
    let width = (room.x - left) / across.max(1) as f32;
    let height = (room.y - 6.0) / down.max(1) as f32;
    let fits = |side: f32| {
        let name = if side >= NAMED_FROM { SMALL + 5.0 } else { 0.0 };
        side + gap(side) <= width && side + BAR + 3.0 + name + gap(side) * 0.6 <= height
    };
    let mut side = width.min(height).min(LARGEST).floor();
    while side > 4.0 && !fits(side) {
        side -= 1.0;
    }
    side
}
