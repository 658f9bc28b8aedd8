//! Length of the residual stream: layer × token.

use super::{
    interventions, norm_plot,
    shared::{LABEL, outliers, read_out, room, row_labels, side, whole},
};
use crate::{
    app::{
        command::Command,
        hidden::{Hidden, Kind},
        offering::Target,
        scene::{Out, Scene},
        state::{Cells, View},
        widgets::{self, axis, grid_map::GridMap, legend, pointed},
        worker::Post,
    },
    trace::{Side, Trace},
};
use egui::Ui;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, hidden: &mut Hidden, post: &Post, out: &mut Out) {
    let words = scene.words;
    widgets::header(ui, words.norms, words.norms_sub, |ui| {
        if scene.translates() {
            stacks(ui, scene, out);
        }
    });
    match scene.trace.filter(|trace| trace.is_complete()) {
        Some(trace) => norms(ui, scene, trace, hidden, post, out),
        None => widgets::empty(ui, words.waiting, ""),
    }
}

/// Whose norms are shown: each text has a stack of its own.
fn stacks(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let Some(trace) = scene.trace else { return };
    let (words, now) = (scene.words, side(scene));
    let name = |side| if side == Side::Source { words.encoder } else { words.decoder };
    widgets::choice(ui, words.stack, name(now), |ui| {
        for side in [Side::Source, Side::Target] {
            if ui.selectable_label(side == now, name(side)).clicked() {
                let first = trace.spec.streams().iter().position(|&own| trace.spec.stream_side(own) == side);
                out.commands.extend(first.map(Command::SetLayer));
                ui.close();
            }
        }
    });
}

fn norms(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, hidden: &mut Hidden, post: &Post, out: &mut Out) {
    let side = side(scene);
    let kind = Kind::Norms(side);
    let picture = hidden.picture(ui.ctx(), post, (scene.run, trace), None, kind, scene.dark);
    let Some(picture) = picture else { return };
    let (labels, streams) = (scene.labels_of(side), trace.spec.streams_of(side));
    let n = labels.texts.len();
    let longest = labels.longest as f32 * 6.7;
    let mut area = whole(ui);
    norm_plot::show(ui, scene, trace, side, &picture.values.medians, &mut area);
    let cell = (area.width() - LABEL) / n.max(1) as f32;
    let (_, _, above) = axis::lie(cell, longest, 64.0);
    let (map, foot) = room(ui, above, area);
    let grid = GridMap {
        name: scene.words.norms,
        texture: picture.texture.id(),
        size: (streams.len(), n),
        row: None,
        column: scene.shown_on(side),
    };
    let (response, at) = grid.show(ui, map);
    let cells = Cells::square(n);
    let place = axis::Place { rect: map, view: View::whole(cells), cells };
    let marked: Vec<usize> = scene.shown_on(side).into_iter().collect();
    axis::columns(ui, &place, labels, &marked, longest, 64.0);
    let pitch = map.height() / streams.len().max(1) as f32;
    row_labels(ui, map, streams.len(), pitch, at.map(|cell| cell.0), |row| {
        scene.stream_name_short(streams[row])
    });
    let limit = picture.values.limit;
    legend::show(ui, foot.with_max_x(foot.left() + 150.0), &picture.shader, ("0", &format!("{limit:.1}")));
    let mut line = outliers(scene, picture.values.greatest, limit);
    pointed::menu(&response, at, |ui, (row, token)| {
        interventions::menu(ui, scene, Target::Stream(streams[row], Some(token)), out);
    });
    if let Some((row, token)) = at {
        out.hover = scene.pointed(side, token).rows_only();
        if response.clicked() {
            let place = trace.spec.streams().iter().position(|&stream| stream == streams[row]);
            out.commands.extend(place.map(Command::SetLayer));
            out.commands.extend(scene.pin(side, token));
        }
        let norm = norm_plot::token_norm(trace, streams[row], token).unwrap_or_default();
        let (place, token) = (scene.stream_name(streams[row]), scene.token_name(side, token));
        line = (scene.words.norm_of)(&place, &token, norm);
    }
    read_out(ui, foot, &line);
}
