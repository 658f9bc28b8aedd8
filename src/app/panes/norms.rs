//! Length of the residual stream, or of what attention or the MLP adds to it: layer × token.

use super::{
    interventions, norm_plot,
    shared::{LABEL, outliers, read_out, room, row_labels, side, whole},
};
use crate::{
    analysis::{NormsOf, norm_places},
    app::{
        command::Command,
        hidden::{Hidden, HiddenChoice, Kind},
        linking::block_of,
        offering::Target,
        scene::{Out, Scene},
        state::{Cells, View},
        widgets::{self, axis, focus, grid_map::GridMap, legend, pointed},
        worker::Post,
    },
    model::Hook,
    trace::{Side, Stream, Trace},
};
use egui::Ui;
use strum::IntoEnumIterator as _;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, hidden: &mut Hidden, post: &Post, out: &mut Out) {
    let words = scene.words;
    let of = scene.state.hidden.norms;
    let added = of.hook().map(|hook| format!("{}, {}", (words.hidden.norms_of)(of), hook.stem()));
    widgets::header(ui, words.norms, added.as_deref().unwrap_or(words.norms_sub), |ui| {
        choices(ui, scene, out);
        if scene.translates() {
            stacks(ui, scene, out);
        }
    });
    match scene.trace.filter(|trace| trace.is_complete()) {
        Some(trace) => norms(ui, scene, trace, hidden, post, out),
        None => widgets::empty(ui, words.waiting, ""),
    }
}

/// What norms are of.
fn choices(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, now) = (scene.words.hidden, scene.state.hidden);
    widgets::choice(ui, words.what, (words.norms_of)(now.norms), |ui| {
        for norms in NormsOf::iter() {
            let response = ui.selectable_label(norms == now.norms, (words.norms_of)(norms));
            if response.on_hover_text(words.norms_of_why).clicked() {
                out.send(Command::SetHidden(HiddenChoice { norms, ..now }));
                ui.close();
            }
        }
    });
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
    let of = scene.state.hidden.norms;
    let kind = Kind::Norms(side, of);
    if hidden.is_none(scene.run, kind) {
        return widgets::empty(ui, scene.words.needs_weights, "");
    }
    let picture = hidden.picture(ui.ctx(), post, (scene.run, trace), scene.model, kind, scene.dark);
    let Some(picture) = picture else { return };
    let (labels, streams) = (scene.labels_of(side), norm_places(trace, side, of));
    let n = labels.texts.len();
    let longest = labels.longest as f32 * 6.7;
    let mut area = whole(ui);
    norm_plot::show(ui, scene, trace, side, (of, &picture.values), &mut area);
    let cell = (area.width() - LABEL) / n.max(1) as f32;
    let (_, _, above) = axis::lie(cell, longest, 64.0);
    let (map, foot) = room(ui, above, area);
    let row = streams.iter().position(|&stream| scene.stream() == Some(stream));
    let grid = GridMap {
        name: scene.words.norms,
        texture: picture.texture.id(),
        size: (streams.len(), n),
        row,
        column: scene.shown_on(side),
    };
    let (response, at) = grid.show(ui, map);
    let cells = Cells::square(n);
    let place = axis::Place { rect: map, view: View::whole(cells), cells };
    let marked: Vec<usize> = scene.shown_on(side).into_iter().collect();
    axis::columns(ui, &place, labels, &marked, longest, 64.0);
    let pitch = map.height() / streams.len().max(1) as f32;
    let pointed = |layer| streams.iter().position(|&stream| block_of(stream) == layer);
    let own = at.map(|cell| cell.0).or_else(|| scene.hover.layer.and_then(pointed)).or(row);
    row_labels(ui, map, streams.len(), pitch, own, |row| scene.stream_name_short(streams[row]));
    let limit = picture.values.limit;
    legend::show(ui, foot.with_max_x(foot.left() + 150.0), &picture.shader, ("0", &format!("{limit:.1}")));
    let norm = |row: usize, token: usize| {
        let norm = picture.values.all.get(row * n + token).copied().unwrap_or_default();
        let place = match of.hook() {
            Some(hook) => hook_at(trace, hook, streams[row]),
            None => scene.stream_name(streams[row]),
        };
        (scene.words.norm_of)(&place, &scene.token_name(side, token), norm)
    };
    let chosen = at.or_else(|| row.zip(scene.shown_on(side).filter(|&token| token < n)));
    focus::say(&response, || chosen.map_or_else(String::new, |(row, token)| norm(row, token)));
    let mut line = outliers(scene, picture.values.greatest, limit);
    pointed::menu(&response, at, |ui, (row, token)| {
        interventions::menu(ui, scene, Target::Stream(streams[row], Some(token)), out);
    });
    if let Some((row, token)) = at {
        out.hover = scene.pointed(side, token).rows_only().in_layer(block_of(streams[row]));
        if response.clicked() {
            out.commands.extend(scene.select_stream(streams[row]));
            out.commands.extend(scene.pin(side, token));
        }
        line = norm(row, token);
    }
    read_out(ui, foot, &line);
}

/// An activation's name in the block that a stream enters.
fn hook_at(trace: &Trace, hook: Hook, at: Stream) -> String {
    let (Stream::Before(layer) | Stream::After(layer)) = at;
    trace.spec.hook_name(hook, layer)
}
