//! Every head of every layer: thumbnails, layers down, heads across, each over the bar of one measure.

use super::interventions;
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
    },
    model::HeadId,
    trace::Trace,
};
use egui::{Align2, Color32, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, pos2, vec2};

const MARGIN: f32 = 12.0;
const LAYER_NAME: f32 = 26.0;
const BAR: f32 = 3.0;
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
        return widgets::empty(ui, scene.words.empty_prompt, scene.words.empty_prompt_sub);
    };
    let room = ui.available_rect_before_wrap().shrink2(vec2(MARGIN, 4.0));
    let grid = Grid::new(trace, scene, room.size());
    atlas.refresh(ui.ctx(), (scene.run, trace), scene.less(), palette, grid.side * ui.pixels_per_point());
    let mut inner = ui.new_child(UiBuilder::new().max_rect(room));
    ScrollArea::both().auto_shrink(false).show(&mut inner, |ui| {
        let (area, _) = ui.allocate_exact_size(grid.size(), Sense::hover());
        grid.show(ui, area.min + vec2(0.0, 3.0), trace, scene, Art { atlas, palette }, out);
    });
    ui.allocate_rect(room, Sense::hover());
}

/// `6 × 8`, or the range where layers differ.
pub fn shape_of(spec: &crate::model::ModelSpec) -> String {
    let heads = spec.blocks.iter().map(|block| block.attention.heads);
    let (least, most) = (heads.clone().min().unwrap_or(0), heads.max().unwrap_or(0));
    let layers = spec.blocks.len();
    if least == most { format!("{layers} × {most}") } else { format!("{layers} × {least}–{most}") }
}

fn tint_menu(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let chosen = measure(&scene.state.look.tint).map_or("", |measure| measure.label);
    widgets::choice(ui, scene.words.tint, chosen, |ui| {
        for measure in MEASURES {
            let on = measure.id == scene.state.look.tint;
            let response = ui.selectable_label(on, measure.label);
            if response.on_hover_ui(|ui| explain(ui, measure)).clicked() {
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
pub fn explain(ui: &mut Ui, measure: &Measure) {
    let tokens = theme::tokens(ui);
    ui.label(egui::RichText::new(measure.label).font(theme::strong(theme::BODY)));
    ui.label(measure.sentence);
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
}

/// Sizes and order of the thumbnails.
struct Grid {
    order: Vec<HeadId>,
    across: usize,
    down: usize,
    side: f32,
    pitch: egui::Vec2,
    left: f32,
    named: bool,
}

impl Grid {
    fn new(trace: &Trace, scene: &Scene<'_>, room: egui::Vec2) -> Self {
        let layers = trace.n_layers();
        let most = (0..layers).map(|layer| trace.heads(layer)).max().unwrap_or(1);
        let all =
            (0..layers).flat_map(|layer| (0..trace.heads(layer)).map(move |head| HeadId { layer, head }));
        let mut order: Vec<HeadId> = all.collect();
        let sorted = scene.state.look.sort == Sort::Measure && trace.is_complete();
        let (mut across, mut down, left) = (most, layers, LAYER_NAME);
        let mut side = side_of(room, left, across, down);
        if sorted && let Some(measure) = measure(&scene.state.look.tint) {
            let value = |head: &HeadId| (measure.value)(&trace.measures(*head));
            order.sort_by(|a, b| value(b).total_cmp(&value(a)));
            for columns in 1..=order.len() {
                let rows = order.len().div_ceil(columns);
                let here = side_of(room, left, columns, rows);
                if here > side {
                    (side, across, down) = (here, columns, rows);
                }
            }
        }
        let side = side.clamp(SMALLEST, LARGEST);
        let named = side >= NAMED_FROM;
        let pitch = vec2(
            side + gap(side),
            side + BAR + 3.0 + if named { SMALL + 5.0 } else { 0.0 } + gap(side) * 0.6,
        );
        // What is left over goes between the columns, as far as it does not tear them apart
        let spare = (room.x - left - pitch.x * across as f32) / across.max(1) as f32;
        let pitch = pitch + vec2(spare.clamp(0.0, side * 0.35), 0.0);
        Self { order, across, down, side, pitch, left, named }
    }

    fn size(&self) -> egui::Vec2 {
        vec2(self.left + self.pitch.x * self.across as f32, self.pitch.y * self.down as f32 + 4.0)
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
        let by_layer = scene.state.look.sort == Sort::Layer || !trace.is_complete();
        if by_layer {
            self.name_layers(ui, origin, trace.n_layers(), scene.state.head.layer);
        }
        for (rank, &head) in self.order.iter().enumerate() {
            let (row, column) =
                if by_layer { (head.layer, head.head) } else { (rank / self.across, rank % self.across) };
            let corner = origin + vec2(self.left + self.pitch.x * column as f32, self.pitch.y * row as f32);
            let rect = Rect::from_min_size(corner, vec2(self.side, self.side));
            if !ui.is_rect_visible(rect.expand(20.0)) {
                continue;
            }
            let value = measure.filter(|_| head.layer < trace.layers_done());
            let value = value.map(|measure| (measure, (measure.value)(&trace.measures(head))));
            let bar = value.map(|(measure, value)| share(measure, value, greatest));
            let response = self.cell(ui, rect, (head, head == scene.state.head), bar, art, out);
            response.context_menu(|ui| interventions::head_menu(ui, scene, head, out));
            if response.hovered()
                && let Some((measure, value)) = value
            {
                response.on_hover_text(format!("{} · {} {value:.4}", head.label(), measure.label));
            }
        }
    }

    fn name_layers(&self, ui: &Ui, origin: egui::Pos2, layers: usize, selected: usize) {
        let tokens = theme::tokens(ui);
        for layer in 0..layers {
            let at = origin + vec2(0.0, self.pitch.y * layer as f32 + self.side / 2.0);
            let color = if layer == selected { tokens.text } else { tokens.muted };
            ui.painter().text(at, Align2::LEFT_CENTER, format!("L{layer}"), theme::body(SMALL), color);
        }
    }

    /// One thumbnail; without a `bar` its layer is not computed yet.
    fn cell(
        &self,
        ui: &mut Ui,
        rect: Rect,
        (head, selected): (HeadId, bool),
        bar: Option<f32>,
        art: Art<'_>,
        out: &mut Out,
    ) -> egui::Response {
        let tokens = theme::tokens(ui);
        let whole = rect.with_max_y(rect.bottom() + BAR + 3.0 + if self.named { SMALL + 4.0 } else { 0.0 });
        let response = ui.interact(whole, ui.scope_id().with(("head", head)), Sense::click());
        let label = format!("head {head}");
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, selected, &label));
        if response.clicked() {
            out.send(Command::SelectHead(head));
        }
        let painter = ui.painter();
        match art.atlas.place(head).filter(|_| bar.is_some()) {
            Some((texture, part)) => painter.image(texture, rect, part, Color32::WHITE),
            None => painter.rect_filled(rect, 0, theme::of_map(art.palette.floor())),
        };
        let frame = match (selected, response.hovered() || response.has_focus()) {
            (true, _) => Stroke::new(2.0, tokens.accent),
            (_, true) => Stroke::new(1.0, tokens.muted),
            _ => Stroke::new(1.0, tokens.line),
        };
        let outset = if selected { 2.0 } else { 0.0 };
        painter.rect_stroke(rect.expand(outset), 0, frame, StrokeKind::Outside);
        let track = Rect::from_min_size(rect.left_bottom() + vec2(0.0, 4.0), vec2(rect.width(), BAR));
        widgets::meter(ui, track, bar.unwrap_or(0.0), tokens.measure);
        if self.named {
            let color = if selected { tokens.accent_text } else { tokens.muted };
            let at = pos2(rect.left(), track.bottom() + 2.0);
            ui.painter().text(at, Align2::LEFT_TOP, head.to_string(), theme::body(SMALL), color);
        }
        response
    }
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
    while side > SMALLEST && !fits(side) {
        side -= 1.0;
    }
    side
}
