//! What every token's state consists of after one layer: token × token, as the chosen picture has it.

use super::{
    river::{layers, pictures, share_done, short},
    shared::{LABEL, read_out, room, row_labels, whole},
};
use crate::{
    analysis::MemoryMap,
    app::{
        command::Command,
        palette::Palette,
        river::{MapKey, MapPicture, asked_layer},
        scene::{Out, Scene},
        state::{Cells, View},
        widgets::{self, axis, focus, grid_map::GridMap, legend},
        words::change,
    },
    trace::Side,
};
use egui::{Rect, Ui, Vec2};

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, picture: &mut MapPicture, out: &mut Out) {
    let words = scene.words.river;
    let seen = scene.trace.filter(|trace| trace.is_complete());
    let sub = seen.map_or_else(String::new, |trace| (words.map_sub)(&short(asked_layer(scene.state, trace))));
    widgets::header(ui, words.map, &sub, |ui| {
        if let Some(trace) = seen.filter(|_| scene.model.is_some()) {
            layers(ui, scene, trace, out);
            pictures(ui, scene, out);
        }
    });
    if seen.is_none() {
        return widgets::empty(ui, scene.words.waiting, "");
    }
    let derived = &scene.memory.rivers.map;
    match (derived.latest(), derived.error()) {
        _ if scene.only_trace() => widgets::empty(ui, scene.words.needs_weights, ""),
        (_, Some(error)) => widgets::empty(ui, &error.what, error.hint.as_deref().unwrap_or("")),
        (Some((key, map)), _) if (key.0, key.1) == (scene.run, scene.less().map(|(run, _)| run)) => {
            body(ui, scene, (key, map), picture, out);
        }
        _ => widgets::empty(ui, words.working, &share_done(derived.progress())),
    }
}

fn body(
    ui: &mut Ui,
    scene: &Scene<'_>,
    (key, map): (&MapKey, &MemoryMap),
    picture: &mut MapPicture,
    out: &mut Out,
) {
    let palette = match key.1 {
        Some(_) => Palette::of_differences(&scene.state.look, scene.dark),
        None => Palette::new(&scene.state.look, scene.dark),
    };
    let Some((texture, shader)) = picture.picture(ui.ctx(), (key, map), palette) else { return };
    let (labels, n) = (scene.labels, map.values.len());
    let longest = labels.longest as f32 * 6.7;
    let all = whole(ui);
    let cell = (all.width() - LABEL).min(all.height()) / n.max(1) as f32;
    let (_, _, above) = axis::lie(cell, longest, 64.0);
    let (room, foot) = room(ui, above, all);
    let rect = Rect::from_min_size(room.min, Vec2::splat(room.width().min(room.height())));
    let (row, column) = (scene.shown_on(Side::Target), scene.shown_key());
    let name = scene.words.river.map;
    let grid = GridMap { name, texture: texture.id(), size: (n, n), row, column };
    let (response, at) = grid.show(ui, rect);
    let cells = Cells::square(n);
    let place = axis::Place { rect, view: View::whole(cells), cells };
    let marked: Vec<usize> = at.map(|cell| cell.1).or(column).into_iter().collect();
    axis::columns(ui, &place, labels, &marked, longest, 64.0);
    row_labels(ui, rect, n, rect.height() / n.max(1) as f32, at.map(|cell| cell.0).or(row), |index| {
        labels.get(index).to_owned()
    });
    let high = format!("{:.2}", shader.range().high);
    let low = key.1.map_or_else(|| "0".to_owned(), |_| format!("−{high}"));
    legend::show(ui, foot.with_max_x(foot.left() + 150.0), shader, (&low, &high));
    let Some((query, source)) = at.or_else(|| row.zip(column)) else { return };
    if at.is_some() {
        (out.hover.query, out.hover.key) = (Some(query), Some(source));
    }
    if response.clicked() {
        out.send(Command::PinCell { query, key: source });
    }
    let value = map.values.get(query).and_then(|row| row.get(source)).copied().unwrap_or(0.0);
    let token = |index| scene.token_name(Side::Target, index);
    let line = (scene.words.river.cell)(&token(query), &token(source), &value_of(value, key.1.is_some()));
    read_out(ui, foot.with_max_x(all.right()), &line);
    focus::say(&response, || line);
}

/// A share, or by how much it changed.
fn value_of(value: f64, difference: bool) -> String {
    if difference { change(value, 4) } else { format!("{value:.4}") }
}
