//! Every head by how far two runs differ: its difference over aligned tokens, over the bar of its divergence.

use super::found;
use crate::{
    app::{
        command::Command,
        comparing::{Art, Found, Grid},
        panes::heads::{fitted, gap, side_of},
        scene::{Out, Scene},
        theme::{self, SMALL},
        widgets::{self, legend, segments},
    },
    model::{HeadId, Part},
    trace::Trace,
};
use egui::{Align2, Color32, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, pos2, vec2};

const LAYER_NAME: f32 = 26.0;
const BAR: f32 = 3.0;
const TITLE: f32 = 20.0;
const FOOT: f32 = 34.0;
/// Least side of a difference.
const SMALLEST: f32 = 14.0;
/// Most of it.
const LARGEST: f32 = 240.0;
/// From which on it has a name.
const NAMED: f32 = 26.0;

/// A head's place: of which part, row, column.
struct Cell {
    index: usize,
    group: usize,
    row: usize,
    column: usize,
}

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, art: &mut Art, out: &mut Out) {
    let words = scene.words.compare;
    let known = scene.compared.zip(scene.comparing.found.get());
    let subtitle = known.map_or_else(String::new, |(_, found)| {
        (words.heads_sub)(found.comparison.heads.len(), greatest(found))
    });
    widgets::header(ui, words.heads, &subtitle, |ui| {
        let sorted = scene.state.compare.sorted;
        let choices = [(words.by_layer, !sorted), (words.by_difference, sorted)];
        if let Some(index) = segments::show(ui, &choices) {
            out.send(Command::SortCompared(index == 1));
        }
    });
    let Some((both, found)) = found(ui, scene, words.empty, out) else { return };
    let grid = art.grid(ui.ctx(), (both.a.0, both.b.0), found, scene.dark);
    let room = ui.available_rect_before_wrap().shrink2(vec2(12.0, 4.0));
    ui.allocate_rect(room, Sense::hover());
    let (above, foot) = room.split_top_bottom_at_y(room.bottom() - FOOT);
    let mut inner = ui.new_child(UiBuilder::new().max_rect(above).id_salt("compared"));
    ScrollArea::both()
        .auto_shrink(false)
        .show(&mut inner, |ui| cells(ui, scene, both.a.1, found, grid, above, out));
    let bar = Rect::from_min_size(foot.min + vec2(LAYER_NAME, 8.0), vec2(140.0, 20.0));
    let most = found.most;
    legend::show(ui, bar, &grid.shader, (&format!("−{most:.2} A"), &format!("B +{most:.2}")));
    let note = widgets::short(
        ui,
        &(words.bar)(greatest(found)),
        theme::body(SMALL),
        foot.right() - bar.right() - 16.0,
        theme::tokens(ui).muted,
    );
    ui.painter().galley(pos2(bar.right() + 16.0, bar.top() - 3.0), note, theme::tokens(ui).muted);
}

/// The greatest divergence.
fn greatest(found: &Found) -> f64 {
    let all = found.comparison.heads.iter().filter_map(|head| head.distance);
    all.map(|distance| distance.divergence).fold(0.0, f64::max)
}

/// Parts with those of their layers that the other run has, too.
fn compared(trace: &Trace, found: &Found) -> Vec<(Part, Vec<usize>)> {
    let there = |layer: &usize| found.comparison.heads.iter().any(|head| head.a.layer == *layer);
    let parts = trace.spec.parts().into_iter();
    let parts = parts.map(|(part, layers)| (part, layers.into_iter().filter(there).collect::<Vec<_>>()));
    parts.filter(|(_, layers)| !layers.is_empty()).collect()
}

/// Where heads lie, and how many rows and columns each part has.
fn lie(
    scene: &Scene<'_>,
    trace: &Trace,
    found: &Found,
    room: egui::Vec2,
) -> (Vec<Cell>, Vec<(usize, usize)>, f32) {
    let heads = &found.comparison.heads;
    if scene.state.compare.sorted {
        let mut order: Vec<usize> = (0..heads.len()).collect();
        let of = |index: &usize| heads[*index].distance.map_or(-1.0, |distance| distance.divergence);
        order.sort_by(|a, b| of(b).total_cmp(&of(a)));
        let (mut side, mut across) = (0.0, 1);
        for columns in 1..=heads.len() {
            let here = side_of(room, 4.0, columns, heads.len().div_ceil(columns)).min(LARGEST);
            if here > side {
                (side, across) = (here, columns);
            }
        }
        let cell = |(rank, index)| Cell { index, group: 0, row: rank / across, column: rank % across };
        let cells = order.into_iter().enumerate().map(cell).collect();
        return (cells, vec![(across, heads.len().div_ceil(across))], side.max(SMALLEST));
    }
    let parts = compared(trace, found);
    let shape = |layers: &Vec<usize>| {
        (layers.iter().map(|&layer| trace.heads(layer)).max().unwrap_or(1), layers.len())
    };
    let shapes: Vec<(usize, usize)> = parts.iter().map(|(_, layers)| shape(layers)).collect();
    let titles = if parts.len() > 1 { TITLE * parts.len() as f32 } else { 0.0 };
    let across = shapes.iter().map(|shape| shape.0).max().unwrap_or(1);
    let down = shapes.iter().map(|shape| shape.1).sum();
    let side = side_of(room - vec2(0.0, titles), LAYER_NAME, across, down).clamp(SMALLEST, LARGEST);
    let cell = |(index, head): (usize, &crate::analysis::compare::HeadDifference)| {
        let HeadId { layer, head } = head.a;
        let part = trace.spec.blocks[layer].part;
        let group = parts.iter().position(|(own, _)| *own == part).unwrap_or(0);
        Cell { index, group, row: trace.spec.index_in_part(layer), column: head }
    };
    (heads.iter().enumerate().map(cell).collect(), shapes, side)
}

fn cells(
    ui: &mut Ui,
    scene: &Scene<'_>,
    trace: &Trace,
    found: &Found,
    grid: &Grid,
    room: Rect,
    out: &mut Out,
) {
    let (words, tokens) = (scene.words.compare, theme::tokens(ui));
    let (cells, shapes, side) = lie(scene, trace, found, room.size());
    let sorted = scene.state.compare.sorted;
    let left = if sorted { 4.0 } else { LAYER_NAME };
    let named = side >= NAMED;
    let across = shapes.iter().map(|shape| shape.0).max().unwrap_or(1);
    let spare = ((room.width() - left) / across as f32 - side - gap(side)).clamp(0.0, side * 0.5);
    let high = side + BAR + 3.0 + if named { SMALL + 5.0 } else { 0.0 } + gap(side) * 0.6;
    let pitch = vec2(side + gap(side) + spare, high);
    let several = shapes.len() > 1 && !sorted;
    let mut tops = Vec::with_capacity(shapes.len());
    let mut height = 0.0;
    for (_, down) in &shapes {
        height += if several { TITLE } else { 0.0 };
        tops.push(height);
        height += pitch.y * *down as f32;
    }
    let (area, _) =
        ui.allocate_exact_size(vec2(left + pitch.x * across as f32, height + 6.0), Sense::hover());
    let origin = area.min + vec2(0.0, 5.0);
    if !sorted {
        for ((part, layers), top) in compared(trace, found).into_iter().zip(&tops) {
            if several {
                let at = origin + vec2(0.0, top - TITLE + 2.0);
                ui.painter().text(
                    at,
                    Align2::LEFT_TOP,
                    (scene.words.part)(part),
                    theme::strong(SMALL),
                    tokens.text,
                );
            }
            for (row, layer) in layers.into_iter().enumerate() {
                let at = origin + vec2(0.0, top + pitch.y * row as f32 + side / 2.0);
                let color = if layer == scene.shown_layer() { tokens.text } else { tokens.muted };
                ui.painter().text(at, Align2::LEFT_CENTER, format!("L{row}"), theme::body(SMALL), color);
            }
        }
    }
    let most = greatest(found);
    for cell in cells {
        let corner =
            origin + vec2(left + pitch.x * cell.column as f32, tops[cell.group] + pitch.y * cell.row as f32);
        let rect = Rect::from_min_size(corner, vec2(side, side));
        if !ui.is_rect_visible(rect.expand(20.0)) {
            continue;
        }
        let head = found.comparison.heads[cell.index];
        let name = trace.spec.head_name(head.a);
        let selected = head.a == scene.state.head;
        let response = ui.interact(
            rect.with_max_y(rect.top() + pitch.y),
            ui.scope_id().with(("compared", head.a)),
            Sense::click(),
        );
        response.widget_info(|| {
            egui::WidgetInfo::selected(egui::Role::Button, true, selected, (words.head_named)(&name))
        });
        out.point_at(head.a, &response);
        if response.clicked() {
            out.send(Command::SelectHead(head.a));
        }
        let map = fitted(rect, found.maps[cell.index].rows, found.maps[cell.index].columns);
        let (texture, part) = grid.place(cell.index);
        ui.painter().image(texture, map, part, Color32::WHITE);
        let stroke = match (selected, response.has_focus() || scene.hover.head == Some(head.a)) {
            (true, _) => Stroke::new(2.0, tokens.accent),
            (_, true) => Stroke::new(1.0, tokens.muted),
            _ => Stroke::new(1.0, tokens.line),
        };
        ui.painter().rect_stroke(
            map.expand(if selected { 2.0 } else { 0.0 }),
            0,
            stroke,
            StrokeKind::Outside,
        );
        let track = Rect::from_min_size(rect.left_bottom() + vec2(0.0, 4.0), vec2(side, BAR));
        let share = head.distance.map_or(0.0, |distance| distance.divergence / most.max(f64::MIN_POSITIVE));
        widgets::meter(ui, track, share as f32, tokens.measure);
        if named {
            let color = if selected { tokens.accent_text } else { tokens.muted };
            let text =
                HeadId { layer: trace.spec.index_in_part(head.a.layer), head: head.a.head }.to_string();
            let at = pos2(rect.left(), track.bottom() + 2.0);
            ui.painter().text(at, Align2::LEFT_TOP, text, theme::body(SMALL), color);
        }
        response.on_hover_ui(|ui| {
            let told = head.distance.map_or_else(
                || words.not_compared.to_owned(),
                |own| (words.tooltip)(own.divergence, own.variation, own.left_out[0], own.left_out[1]),
            );
            ui.label(format!("{} · {told}", scene.with_role(name, head.a)));
            ui.label(egui::RichText::new(words.divergence_why).size(SMALL).color(tokens.muted));
        });
    }
}
