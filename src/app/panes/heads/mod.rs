//! Every head of every layer: thumbnails, layers down, heads across, each over the bar of one measure.

mod cells;
mod choose;
mod filter;
mod grid;

pub(super) use cells::fitted;
pub(super) use choose::{drawn, paint_band, with};
pub use grid::Kept;
pub(super) use grid::{gap, side_of};

use super::hinted;
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
};
use cells::Drawn;
use egui::{ScrollArea, Sense, Ui, UiBuilder, vec2};
use grid::Grid;
use std::collections::HashMap;

const MARGIN: f32 = 12.0;
/// Room over the grid, for the frame of a head in its first row.
const ABOVE: f32 = 3.0;

/// A measure's value as a share of its range, or of the greatest where the range is open.
pub fn share(measure: &Measure, value: f64, greatest: f64) -> f32 {
    let high = measure.max.unwrap_or(greatest);
    if high > 0.0 { (value / high) as f32 } else { 0.0 }
}

/// Draws the pane.
pub fn show(
    ui: &mut Ui,
    scene: &Scene<'_>,
    (atlas, kept): (&mut Atlas, &mut Kept),
    palette: &Palette,
    out: &mut Out,
) {
    widgets::header(ui, scene.words.heads, &subtitle(scene), |ui| {
        sort_menu(ui, scene, out);
        tint_menu(ui, scene, out);
        filter::switch(ui, scene, out);
        if scene.state.grid_zoom > 1.0 && ui.add(widgets::outlined(ui, scene.words.whole)).clicked() {
            out.send(Command::ZoomGrid(1.0));
        }
    });
    let Some(trace) = scene.trace else {
        let (first, how) = scene.first_step();
        return widgets::empty(ui, first, how);
    };
    filter::row(ui, scene, trace, out);
    let room = hinted(ui, scene, 2, out).shrink2(vec2(MARGIN, 4.0));
    let (held, before) = (kept.held.take(), kept.selected.replace(scene.state.head));
    let moved = before.is_some_and(|before| before != scene.state.head);
    let grid = kept.grid(trace, scene, room.size());
    let mut inner = ui.new_child(UiBuilder::new().max_rect(room));
    let mut scroll = ScrollArea::both().auto_shrink(false);
    if let Some((cells, at)) = held {
        scroll = scroll.scroll_offset((grid.first() + cells * grid.pitch - at).max(egui::Vec2::ZERO));
    }
    let zoomed = scroll.show(&mut inner, |ui| {
        let (area, _) = ui.allocate_exact_size(grid.size.max(ui.available_size()), Sense::hover());
        let origin = area.min + vec2(0.0, ABOVE);
        if moved && let Some(rect) = grid.place_of(scene.state.head, origin) {
            ui.scroll_to_rect(rect.expand(12.0), None);
        }
        // Before the thumbnails, so that they answer clicks
        let ground = ui.interact(area, ui.scope_id().with("band"), Sense::DRAG);
        // Each small one that answered by itself would cost more than drawing it; a screen reader needs them all
        let listens = ui.ctx().accesskit_node_builder(ground.id, |_| ()).is_some();
        let ground = if grid.named || listens { ground } else { ground.interact(Sense::click_and_drag()) };
        let band = choose::band(ui, (grid, origin), &ground, scene, out);
        let numbers = numbers(scene);
        // A row beyond what is in sight is painted before it comes there
        let near = ui.clip_rect().expand2(grid.pitch);
        let wanted: Vec<HeadId> = grid
            .groups
            .iter()
            .flat_map(|group| grid.places(group, origin, near))
            .map(|thumb| thumb.head)
            .filter(|&head| trace.has(head))
            .collect();
        let pixels = grid.side * ui.pixels_per_point();
        if !atlas.refresh(ui.ctx(), (scene.run, trace), scene.less(), palette, (&wanted, pixels)) {
            ui.ctx().request_repaint();
        }
        let area = Some(&ground).filter(|_| !grid.named && !listens);
        let measure = measure(&scene.state.look.tint).map(|measure| (measure, scene.greatest(measure)));
        Drawn { grid, trace, scene, atlas, palette, measure, numbers: &numbers, band, area }
            .show(ui, origin, out);
        if let Some(band) = band {
            choose::paint_band(ui, band);
        }
        zoom(ui, scene, (grid, origin), out)
    });
    if zoomed.inner.is_some() {
        kept.held = zoomed.inner;
    }
    ui.allocate_rect(room, Sense::hover());
}

/// Zooms where the wheel is turned with Ctrl, or two fingers part: gives back the point under the pointer in columns and
/// rows, and where in the room it is to stay.
fn zoom(
    ui: &Ui,
    scene: &Scene<'_>,
    (grid, origin): (&Grid, egui::Pos2),
    out: &mut Out,
) -> Option<(egui::Vec2, egui::Vec2)> {
    let clip = ui.clip_rect();
    let pointer = ui.input(|input| input.pointer.hover_pos()).filter(|&pointer| clip.contains(pointer))?;
    let factor = ui.input(egui::InputState::zoom_delta);
    let (now, most) = (scene.state.grid_zoom, scene.state.grid_zoom * grid::LARGEST / grid.side);
    let to = (now * factor).clamp(1.0, most.max(1.0));
    if (factor - 1.0).abs() < 1e-4 || (to - now).abs() < 1e-4 || !ui.rect_contains_pointer(clip) {
        return None;
    }
    out.send(Command::ZoomGrid(to));
    let from_edge = pointer - origin + vec2(0.0, ABOVE);
    Some(((from_edge - grid.first()) / grid.pitch, pointer - clip.min))
}

/// The model's shape, and how many heads are chosen.
fn subtitle(scene: &Scene<'_>) -> String {
    let shape = scene.named().map_or_else(String::new, |(_, spec)| shape_of(spec));
    if scene.state.chosen.is_empty() {
        return shape;
    }
    format!("{shape} · {}", (scene.words.choosing.chosen)(scene.state.heads().len()))
}

/// The chosen heads, numbered in their order.
fn numbers(scene: &Scene<'_>) -> HashMap<HeadId, usize> {
    if scene.state.chosen.is_empty() {
        return HashMap::new();
    }
    scene.state.heads().into_iter().zip(1..).collect()
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
    let formula = (scene.words.atlas.formula)(measure.id).unwrap_or(measure.formula);
    ui.label(egui::RichText::new(formula).font(theme::mono(12.0)).color(tokens.measure_text));
    let range = match measure.max {
        Some(max) => format!("0…{max} · {}", measure.source),
        None => format!("{} · {}", measure.unit, measure.source),
    };
    ui.label(egui::RichText::new(range).size(SMALL).color(tokens.muted));
}
