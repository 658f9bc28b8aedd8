//! Hidden states of one layer, token × dimension: the residual stream, or any activation with a row a token.

use super::interventions;
use super::shared::{outliers, read_out, room, row_labels, side, whole};
use crate::{
    app::{
        command::Command,
        hidden::{Hidden, HiddenChoice, Kind},
        offering::Target,
        scene::{Out, Scene},
        widgets::{self, focus, grid_map::GridMap, legend, pointed},
        worker::Post,
    },
    model::Hook,
    trace::{Stream, Trace},
};
use egui::Ui;
use strum::IntoEnumIterator as _;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, hidden: &mut Hidden, post: &Post, out: &mut Out) {
    let words = scene.words;
    let at = scene.trace.zip(scene.stream());
    let shown = at.and_then(|(trace, stream)| scene.state.hidden.at(trace, stream));
    let subtitle = match (shown, at) {
        (Some((hook, layer)), Some((trace, _))) => {
            (words.hidden.hook_sub)(&trace.spec.hook_name(hook, layer))
        }
        _ => hook(scene).map_or_else(String::new, |hook| (words.stream_sub)(&hook)),
    };
    widgets::header(ui, words.stream, &subtitle, |ui| {
        layers(ui, scene, out);
        hooks(ui, scene, out);
        order(ui, scene, out);
    });
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

/// The residual stream, or which of the block's activations.
fn hooks(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let Some((trace, stream)) = scene.trace.zip(scene.stream()) else { return };
    let (words, now) = (scene.words.hidden, scene.state.hidden);
    let (Stream::Before(layer) | Stream::After(layer)) = stream;
    let shown = now.at(trace, stream).map(|(hook, _)| hook);
    let name = |hook: Option<Hook>| hook.map_or(words.stream, words.hook);
    widgets::choice(ui, words.what, name(shown), |ui| {
        let streams = |hook: &Hook| matches!(hook, Hook::ResidPre);
        let there = Hook::iter().filter(|&hook| hook.has_rows() && trace.lacks(hook, layer).is_none());
        for hook in std::iter::once(None).chain(there.filter(|hook| !streams(hook)).map(Some)) {
            let response = ui.selectable_label(hook == shown, name(hook));
            let said =
                hook.map_or_else(|| trace.spec.stream_name(stream), |hook| trace.spec.hook_name(hook, layer));
            if response.on_hover_text(said).clicked() {
                out.send(Command::SetHidden(HiddenChoice { hook, ..now }));
                ui.close();
            }
        }
    });
}

/// Whether dimensions are in order or by their variance.
fn order(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, now) = (scene.words.hidden, scene.state.hidden);
    let mut by_variance = now.by_variance;
    if widgets::checkbox::show(ui, &mut by_variance, words.by_variance)
        .on_hover_text(words.by_variance_why)
        .changed()
    {
        out.send(Command::SetHidden(HiddenChoice { by_variance, ..now }));
    }
}

fn stream(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, hidden: &mut Hidden, post: &Post, out: &mut Out) {
    let Some(chosen) = scene.stream() else { return };
    let sorted = scene.state.hidden.by_variance;
    let (kind, side) = match scene.state.hidden.at(trace, chosen) {
        Some((hook, layer)) => (Kind::Hook(hook, layer, sorted), trace.rows_of(hook, layer)),
        None => (Kind::Stream(chosen, sorted), side(scene)),
    };
    if hidden.is_none(scene.run, kind) {
        let why = if scene.only_trace() { scene.words.needs_weights } else { scene.words.hidden.none };
        return widgets::empty(ui, why, "");
    }
    let picture = hidden.picture(ui.ctx(), post, (scene.run, trace), scene.model, kind, scene.dark);
    let Some(picture) = picture else { return };
    let (map, foot) = room(ui, 2.0, whole(ui));
    let (n, width) = (trace.tokens_of(side).len(), picture.values.width);
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
    let all = match kind {
        Kind::Stream(stream, _) => trace.stream(stream),
        _ => &picture.values.all[..],
    };
    let told = |token: usize, dimension: usize| {
        let value = all.get(token * width + dimension).copied().unwrap_or(0.0);
        (scene.words.dimension)(&scene.token_name(side, token), dimension, value)
    };
    focus::say(&response, || {
        // Of the token that is marked, the number that stands out
        let row = |token: usize| Some((token, all.get(token * width..(token + 1) * width)?));
        let marked = scene.shown_on(side).and_then(row);
        marked.map_or_else(String::new, |(token, row)| {
            let most = (0..width).max_by(|&a, &b| row[a].abs().total_cmp(&row[b].abs()));
            told(token, most.unwrap_or(0))
        })
    });
    let mut line = outliers(scene, picture.values.greatest, limit);
    if matches!(kind, Kind::Stream(..)) {
        pointed::menu(&response, at, |ui, (token, _)| {
            interventions::menu(ui, scene, Target::Stream(chosen, Some(token)), out);
        });
    }
    if let Some((token, column)) = at {
        out.hover = scene.pointed(side, token).rows_only();
        if response.clicked() {
            out.commands.extend(scene.pin(side, token));
        }
        let dimension = picture.values.order.get(column).copied().unwrap_or(column);
        line = told(token, dimension);
    }
    read_out(ui, foot, &line);
}
