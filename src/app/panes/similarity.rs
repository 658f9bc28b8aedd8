//! How alike the tokens' states are on one residual stream: token × token.

use super::{
    shared::{LABEL, read_out, room, row_labels, side, whole},
    stream::{hook, layers},
};
use crate::{
    analysis::similarity,
    app::{
        hidden::{Hidden, Kind},
        scene::{Out, Scene},
        state::{Cells, View},
        widgets::{self, axis, grid_map::GridMap, legend},
        worker::Post,
    },
    trace::Trace,
};
use egui::{Rect, Ui, vec2};

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, hidden: &mut Hidden, post: &Post, out: &mut Out) {
    let words = &scene.words.states;
    let subtitle = hook(scene).map_or_else(String::new, |hook| (words.similarity_sub)(&hook));
    widgets::header(ui, words.similarity, &subtitle, |ui| layers(ui, scene, out));
    match scene.trace.filter(|trace| trace.is_complete()) {
        Some(trace) => map(ui, scene, trace, hidden, post, out),
        None => widgets::empty(ui, scene.words.waiting, ""),
    }
}

fn map(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, hidden: &mut Hidden, post: &Post, out: &mut Out) {
    let Some(chosen) = scene.stream() else { return };
    let picture = hidden.picture(ui.ctx(), post, scene.run, trace, Kind::Similarity(chosen), scene.dark);
    let Some(picture) = picture else { return };
    let side = side(scene);
    let labels = scene.labels_of(side);
    let n = labels.texts.len();
    let longest = labels.longest as f32 * 6.7;
    let all = whole(ui);
    let cell = (all.width() - LABEL).min(all.height()) / n.max(1) as f32;
    let (_, _, above) = axis::lie(cell, longest, 64.0);
    let (room, foot) = room(ui, above, all);
    let rect = Rect::from_min_size(room.min, egui::Vec2::splat(room.width().min(room.height())));
    let shown = scene.shown_on(side);
    let grid = GridMap {
        name: scene.words.states.similarity,
        texture: picture.texture.id(),
        size: (n, n),
        row: shown,
        column: None,
    };
    let (response, at) = grid.show(ui, rect);
    let cells = Cells::square(n);
    let place = axis::Place { rect, view: View::whole(cells), cells };
    let column: Vec<usize> = at.map(|cell| cell.1).or(shown).into_iter().collect();
    axis::columns(ui, &place, labels, &column, longest, 64.0);
    row_labels(ui, rect, n, rect.height() / n.max(1) as f32, shown, |index| labels.get(index).to_owned());
    let ends = ("−1", "1");
    legend::show(ui, foot.with_max_x(foot.left() + 150.0), &picture.shader, ends);
    let Some((row, column)) = at else { return };
    out.hover = scene.pointed(side, row).rows_only();
    if response.clicked() {
        out.commands.extend(scene.pin(side, row));
    }
    let width = trace.spec.width;
    let vector = |token: usize| trace.stream(chosen).get(token * width..(token + 1) * width).unwrap_or(&[]);
    let both = [vector(row), vector(column)].concat();
    let cosine = similarity(&both, width).get(1).copied().unwrap_or(0.0);
    let line =
        (scene.words.states.alike)(&scene.token_name(side, row), &scene.token_name(side, column), cosine);
    let wide = foot.with_max_x(foot.left() + vec2(all.width(), 0.0).x - LABEL);
    read_out(ui, wide, &line);
}
