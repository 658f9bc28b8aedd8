//! How alike states are: every two tokens on one residual stream, or one token on every two streams.

use super::{
    shared::{LABEL, read_out, room, row_labels, side, whole},
    stream::{hook, layers},
};
use crate::{
    analysis::similarity,
    app::{
        command::Command,
        hidden::{Hidden, HiddenChoice, Kind, Picture},
        labels::Labels,
        linking::block_of,
        scene::{Out, Scene},
        state::{Cells, View},
        widgets::{self, axis, focus, grid_map::GridMap, legend},
        worker::Post,
    },
    trace::Trace,
};
use egui::{Rect, Response, Ui, vec2};

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, hidden: &mut Hidden, post: &Post, out: &mut Out) {
    let words = &scene.words.states;
    let between_layers = scene.state.hidden.between_layers;
    let subtitle = if between_layers {
        token_of(scene).map_or_else(String::new, |token| {
            (scene.words.hidden.layers_sub)(&scene.token_name(side(scene), token))
        })
    } else {
        hook(scene).map_or_else(String::new, |hook| (words.similarity_sub)(&hook))
    };
    widgets::header(ui, words.similarity, &subtitle, |ui| {
        if !between_layers {
            layers(ui, scene, out);
        }
        between(ui, scene, out);
    });
    match scene.trace.filter(|trace| trace.is_complete()) {
        Some(trace) if between_layers => of_layers(ui, scene, trace, hidden, post, out),
        Some(trace) => map(ui, scene, trace, hidden, post, out),
        None => widgets::empty(ui, scene.words.waiting, ""),
    }
}

/// Between what.
fn between(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, now) = (scene.words.hidden, scene.state.hidden);
    let name = |layers: bool| if layers { words.between_layers } else { words.between_tokens };
    widgets::choice(ui, words.between, name(now.between_layers), |ui| {
        for between_layers in [false, true] {
            if ui.selectable_label(between_layers == now.between_layers, name(between_layers)).clicked() {
                out.send(Command::SetHidden(HiddenChoice { between_layers, ..now }));
                ui.close();
            }
        }
    });
}

/// The token whose layers are compared: the pinned one, else the last.
fn token_of(scene: &Scene<'_>) -> Option<usize> {
    let (side, last) = (side(scene), scene.labels_of(side(scene)).texts.len().checked_sub(1)?);
    Some(scene.pinned_on(side).map_or(last, |token| token.min(last)))
}

/// One token's states on every two streams of its text.
fn of_layers(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, hidden: &mut Hidden, post: &Post, out: &mut Out) {
    let (side, Some(token)) = (side(scene), token_of(scene)) else { return };
    let kind = Kind::Layers(side, token);
    let picture = hidden.picture(ui.ctx(), post, (scene.run, trace), None, kind, scene.dark);
    let Some(picture) = picture else { return };
    let streams = trace.spec.streams_of(side);
    let labels = Labels::named(streams.iter().map(|&stream| scene.stream_name_short(stream)).collect());
    let own = scene.stream().and_then(|own| streams.iter().position(|&stream| stream == own));
    let (response, at, line) = square(ui, scene, picture, &labels, own);
    let told = |(row, column): (usize, usize)| {
        let cosine = picture.values.cells.get(row * streams.len() + column).copied().unwrap_or(0.0);
        let name = |index: usize| scene.stream_name(streams[index]);
        (scene.words.states.alike)(&name(row), &name(column), cosine)
    };
    // The selected place against where the stream ends
    let own = own.zip(streams.len().checked_sub(1));
    focus::say(&response, || at.or(own).map_or_else(String::new, told));
    let Some((row, column)) = at else { return };
    out.hover.layer = Some(block_of(streams[row]));
    if response.clicked() {
        let place = trace.spec.streams().iter().position(|&stream| stream == streams[row]);
        out.commands.extend(place.map(Command::SetLayer));
    }
    read_out(ui, line, &told((row, column)));
}

/// Every two tokens' states on one stream.
fn map(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, hidden: &mut Hidden, post: &Post, out: &mut Out) {
    let Some(chosen) = scene.stream() else { return };
    let kind = Kind::Similarity(chosen);
    let picture = hidden.picture(ui.ctx(), post, (scene.run, trace), None, kind, scene.dark);
    let Some(picture) = picture else { return };
    let side = side(scene);
    let (response, at, line) = square(ui, scene, picture, scene.labels_of(side), scene.shown_on(side));
    let width = trace.spec.width;
    let vector = |token: usize| trace.stream(chosen).get(token * width..(token + 1) * width).unwrap_or(&[]);
    let cosine = |row: usize, column: usize| {
        let both = [vector(row), vector(column)].concat();
        similarity(&both, width).get(1).copied().unwrap_or(0.0)
    };
    let told = |(row, column): (usize, usize)| {
        let name = |token: usize| scene.token_name(side, token);
        (scene.words.states.alike)(&name(row), &name(column), cosine(row, column))
    };
    focus::say(&response, || {
        // The marked token and the one that is most like it
        let n = trace.tokens_of(side).len();
        let marked = scene.shown_on(side).filter(|&row| row < n);
        let like = |row: usize| {
            let others = (0..n).filter(|&column| column != row);
            Some((row, others.max_by(|&a, &b| cosine(row, a).total_cmp(&cosine(row, b)))?))
        };
        at.or_else(|| marked.and_then(like)).map_or_else(String::new, told)
    });
    let Some((row, column)) = at else { return };
    out.hover = scene.pointed(side, row).rows_only();
    if response.clicked() {
        out.commands.extend(scene.pin(side, row));
    }
    read_out(ui, line, &told((row, column)));
}

/// A square of cosines between labels, one of which is marked, over its legend: what was done to it, the cell under the
/// pointer, and the room for what that cell says.
fn square(
    ui: &mut Ui,
    scene: &Scene<'_>,
    picture: &Picture,
    labels: &Labels,
    marked: Option<usize>,
) -> (Response, Option<(usize, usize)>, Rect) {
    let n = labels.texts.len();
    let longest = labels.longest as f32 * 6.7;
    // In a pane wider than the square is high it lies in the middle
    let own = whole(ui);
    let all = own.shrink2(vec2(((own.width() - LABEL - own.height()) / 2.0).max(0.0), 0.0));
    let cell = (all.width() - LABEL).min(all.height()) / n.max(1) as f32;
    let (_, _, above) = axis::lie(cell, longest, 64.0);
    let (room, foot) = room(ui, above, all);
    let rect = Rect::from_min_size(room.min, egui::Vec2::splat(room.width().min(room.height())));
    let name = scene.words.states.similarity;
    let grid = GridMap { name, texture: picture.texture.id(), size: (n, n), row: marked, column: None };
    let (response, at) = grid.show(ui, rect);
    let cells = Cells::square(n);
    let place = axis::Place { rect, view: View::whole(cells), cells };
    let column: Vec<usize> = at.map(|cell| cell.1).or(marked).into_iter().collect();
    axis::columns(ui, &place, labels, &column, longest, 64.0);
    row_labels(ui, rect, n, rect.height() / n.max(1) as f32, marked, |index| labels.get(index).to_owned());
    legend::show(ui, foot.with_max_x(foot.left() + 150.0), &picture.shader, ("−1", "1"));
    (response, at, foot.with_max_x(foot.left() + all.width() - LABEL))
}
