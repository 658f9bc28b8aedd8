//! The lower pane: hidden states of one layer, their norms over all layers, or the logit lens; one at a time.

use super::{lens, norm_plot};
use crate::{
    app::{
        command::Command,
        hidden::{Hidden, Kind, streams_of},
        scene::{Out, Scene},
        state::{Cells, Lower, View},
        theme::{self, HEADER, SMALL, TITLE},
        widgets::{self, axis, grid_map::GridMap, legend},
        worker::Post,
    },
    trace::{Side, Trace},
};
use egui::{Align, Align2, Layout, Rect, RichText, Sense, Ui, pos2, vec2};

const LABEL: f32 = 84.0;
const FOOT: f32 = 30.0;

/// Draws the tabs and, where the pane is open, what they choose.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, hidden: &mut Hidden, post: &Post, out: &mut Out) {
    tabs(ui, scene, out);
    if !scene.lower_open {
        return;
    }
    ui.set_min_size(ui.available_size());
    let Some(trace) = scene.trace.filter(|trace| trace.is_complete()) else {
        return widgets::empty(ui, scene.words.waiting, "");
    };
    match scene.state.lower {
        Lower::Stream => stream(ui, scene, trace, hidden, post, out),
        Lower::Norms => norms(ui, scene, trace, hidden, post, out),
        Lower::Lens => lens::show(ui, scene, out),
    }
}

fn tabs(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, tokens) = (scene.words, theme::tokens(ui));
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEADER), Sense::hover());
    let row = rect.shrink2(vec2(12.0, 0.0));
    let mut ui =
        ui.new_child(egui::UiBuilder::new().max_rect(row).layout(Layout::left_to_right(Align::Center)));
    ui.spacing_mut().item_spacing.x = 14.0;
    for (lower, name) in
        [(Lower::Stream, words.stream), (Lower::Norms, words.norms), (Lower::Lens, words.lens)]
    {
        let on = scene.lower_open && scene.state.lower == lower;
        let color = if on { tokens.text } else { tokens.muted };
        let font = if on { theme::strong(TITLE) } else { theme::body(TITLE) };
        let label = RichText::new(name).font(font).color(color);
        let button = egui::Button::new(label).frame(false);
        if ui.add(button).clicked() {
            out.send(Command::SetLower(lower));
        }
    }
    let what = match scene.state.lower {
        Lower::Stream => hook(scene).map_or_else(String::new, |hook| (words.stream_sub)(&hook)),
        Lower::Norms => words.norms_sub.to_owned(),
        Lower::Lens => words.lens_sub.to_owned(),
    };
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let (sign, say) = if scene.lower_open { ("▾", words.fold) } else { ("▴", words.unfold) };
        let fold = egui::Button::new(RichText::new(sign).color(tokens.muted)).frame(false);
        let response = ui.add(fold).on_hover_text(say);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, say));
        if response.clicked() {
            out.send(Command::SetLowerOpen(!scene.lower_open));
        }
        if scene.lower_open {
            match scene.state.lower {
                Lower::Stream => layers(ui, scene, out),
                Lower::Norms if scene.translates() => stacks(ui, scene, out),
                Lower::Norms | Lower::Lens => {}
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(egui::Label::new(RichText::new(what).color(tokens.muted)).truncate());
            });
        }
    });
}

/// The hook that the chosen stream stands under.
fn hook(scene: &Scene<'_>) -> Option<String> {
    scene.trace.zip(scene.stream()).map(|(trace, stream)| trace.spec.stream_name(stream))
}

fn layers(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
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

/// Whose tokens the chosen stream has.
fn side(scene: &Scene<'_>) -> Side {
    let known = scene.trace.zip(scene.stream());
    known.map_or(Side::Target, |(trace, stream)| trace.spec.stream_side(stream))
}

/// What the pane has below its tabs.
fn whole(ui: &Ui) -> Rect {
    ui.available_rect_before_wrap().shrink2(vec2(14.0, 0.0))
}

/// Room within `all` for a picture with labels left of it and a line under it.
fn room(ui: &mut Ui, above: f32, all: Rect) -> (Rect, Rect) {
    ui.allocate_rect(all, Sense::hover());
    let map =
        Rect::from_min_max(pos2(all.left() + LABEL, all.top() + above), all.max - vec2(0.0, FOOT + 6.0));
    let foot = Rect::from_min_size(map.left_bottom() + vec2(0.0, 8.0), vec2(map.width(), FOOT));
    (map, foot)
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
    let mut line = outliers(picture.values.greatest, limit);
    if let Some((token, dimension)) = at {
        out.hover = scene.pointed(side, token).rows_only();
        if response.clicked() {
            out.commands.extend(scene.pin(side, token));
        }
        let value = trace.stream(chosen).get(token * width + dimension).copied().unwrap_or(0.0);
        line = format!("token {}   dimension {dimension}   {value:.4}", scene.token_name(side, token));
    }
    read_out(ui, foot, &line);
}

fn norms(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, hidden: &mut Hidden, post: &Post, out: &mut Out) {
    let side = side(scene);
    let Some(picture) = hidden.picture(ui.ctx(), post, scene.run, trace, Kind::Norms(side), scene.dark)
    else {
        return;
    };
    let (labels, streams) = (scene.labels_of(side), streams_of(&trace.spec, side));
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
    let mut line = outliers(picture.values.greatest, limit);
    if let Some((row, token)) = at {
        out.hover = scene.pointed(side, token).rows_only();
        if response.clicked() {
            let place = trace.spec.streams().iter().position(|&stream| stream == streams[row]);
            out.commands.extend(place.map(Command::SetLayer));
            out.commands.extend(scene.pin(side, token));
        }
        let norm = norm_plot::token_norm(trace, streams[row], token).unwrap_or_default();
        let (place, token) = (scene.stream_name(streams[row]), scene.token_name(side, token));
        line = format!("{place}   token {token}   norm {norm:.4}");
    }
    read_out(ui, foot, &line);
}

/// Where the colours end before the values do, the legend says so.
fn outliers(greatest: f32, limit: f32) -> String {
    if greatest > limit * 1.01 {
        format!("outliers reach {greatest:.1}, the colours end at {limit:.1}")
    } else {
        String::new()
    }
}

fn read_out(ui: &Ui, foot: Rect, line: &str) {
    let tokens = theme::tokens(ui);
    let galley = widgets::short(ui, line, theme::mono(12.0), foot.width() - 170.0, tokens.text);
    ui.painter().galley(foot.min + vec2(170.0, -3.0), galley, tokens.text);
}

fn row_labels(
    ui: &Ui,
    map: Rect,
    n: usize,
    pitch: f32,
    marked: Option<usize>,
    name: impl Fn(usize) -> String,
) {
    let tokens = theme::tokens(ui);
    let step = axis::every(pitch, SMALL + 2.0);
    let near = |row: usize| {
        marked.is_some_and(|mark| mark != row && row.abs_diff(mark) as f32 * pitch < SMALL + 2.0)
    };
    for row in (0..n)
        .step_by(step)
        .filter(|&row| !near(row))
        .chain(marked.filter(|mark| mark % step != 0 && *mark < n))
    {
        let color = if marked == Some(row) { tokens.accent_text } else { tokens.muted };
        let galley = widgets::short(ui, &name(row), theme::mono(SMALL), LABEL - 10.0, color);
        let at = pos2(map.left() - 7.0, map.top() + (row as f32 + 0.5) * pitch);
        ui.painter().galley(Align2::RIGHT_CENTER.anchor_size(at, galley.size()).min, galley, color);
    }
}
