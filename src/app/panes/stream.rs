//! Residual stream of one layer: token × dimension.

use super::interventions;
use super::shared::{outliers, read_out, room, row_labels, side, whole};
use crate::{
    app::{
        command::Command,
        hidden::{Hidden, Kind},
        offering::Target,
        scene::{Out, Scene},
        widgets::{self, grid_map::GridMap, legend, pointed},
        worker::Post,
    },
    trace::Trace,
};
use egui::Ui;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, hidden: &mut Hidden, post: &Post, out: &mut Out) {
    let words = scene.words;
    let subtitle = hook(scene).map_or_else(String::new, |hook| (words.stream_sub)(&hook));
    widgets::header(ui, words.stream, &subtitle, |ui| layers(ui, scene, out));
    match scene.trace.filter(|trace| trace.is_complete()) {
        Some(trace) => stream(ui, scene, trace, hidden, post, out),
        None => widgets::empty(ui, words.waiting, ""),
    }
}

/// The hook that the chosen stream stands under.
pub(super) fn hook(scene: &Scene<'_>) -> Option<String> {
    scene.trace.zip(scene.stream()).map(|(trace, stream)| trace.spec.stream_name(stream))
}

pub(super) fn layers(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let Some((trace, now)) = scene.trace.zip(scene.stream()) else { return };
    widgets::choice(ui, scene.words.layer, &scene.stream_name(now), |ui| {
        for (place, stream) in trace.spec.streams().into_iter().enumerate() {
            if ui.selectable_label(stream == now, scene.stream_name(stream)).clicked() {
                out.send(Command::SetLayer(place));
                ui.close();
            }
        }
    });
}

fn stream(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, hidden: &mut Hidden, post: &Post, out: &mut Out) {
    let Some(chosen) = scene.stream() else { return };
    let picture = hidden.picture(ui.ctx(), post, scene.run, trace, Kind::Stream(chosen), scene.dark);
    let Some(picture) = picture else { return };
    let (map, foot) = room(ui, 2.0, whole(ui));
    let side = side(scene);
    let (n, width) = (trace.tokens_of(side).len(), trace.spec.width);
    let grid = GridMap {
        name: scene.words.stream,
        texture: picture.texture.id(),
        size: (n, width),
        row: scene.shown_on(side),
        column: None,
    };
    let (response, at) = grid.show(ui, map);
    let pitch = map.height() / n.max(1) as f32;
    row_labels(ui, map, n, pitch, scene.shown_on(side), |index| scene.labels_of(side).get(index).to_owned());
    let limit = picture.values.limit;
    legend::show(
        ui,
        foot.with_max_x(foot.left() + 150.0),
        &picture.shader,
        (&format!("−{limit:.2}"), &format!("{limit:.2}")),
    );
    let mut line = outliers(scene, picture.values.greatest, limit);
    pointed::menu(&response, at, |ui, (token, _)| {
        interventions::menu(ui, scene, Target::Stream(chosen, Some(token)), out);
    });
    if let Some((token, dimension)) = at {
        out.hover = scene.pointed(side, token).rows_only();
        if response.clicked() {
            out.commands.extend(scene.pin(side, token));
        }
        let value = trace.stream(chosen).get(token * width + dimension).copied().unwrap_or(0.0);
        line = (scene.words.dimension)(&scene.token_name(side, token), dimension, value);
    }
    read_out(ui, foot, &line);
}
