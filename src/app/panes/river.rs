//! One token's memory as a river: layers from left to right, a band as wide as the share of its source.

use crate::{
    analysis::{Bands, Picture, River},
    app::{
        command::Command,
        linking::Hover,
        river::{RiverKey, asked_layer, asked_token},
        scene::{Out, Scene},
        theme::{self, SMALL},
        widgets::{self, focus},
    },
    render::ribbons::{Ribbons, apart},
    trace::{Side, Trace},
};
use egui::{Align2, Color32, Mesh, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};
use strum::IntoEnumIterator as _;

/// Room of the shares at the left.
const SHARES: f32 = 40.0;
/// Room of the names at the right.
const NAMES: f32 = 190.0;
/// Height of a name.
const NAME: f32 = 17.0;
/// Room below: the layers, then the line that is read out.
const FOOT: f32 = 44.0;
/// Bands at most: as many as there are colours but grey, which is for the others.
const BANDS: usize = 6;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words.river;
    let seen = scene.trace.filter(|trace| trace.is_complete());
    let token = seen.map(|trace| scene.token_name(Side::Target, asked_token(scene.state, trace)));
    let sub = token.map_or_else(String::new, |token| (words.river_sub)(&token));
    widgets::header(ui, words.river, &sub, |ui| {
        if let Some(trace) = seen.filter(|_| scene.model.is_some()) {
            layers(ui, scene, trace, out);
            pictures(ui, scene, out);
        }
    });
    let Some(trace) = seen else { return widgets::empty(ui, scene.words.waiting, "") };
    let derived = &scene.memory.rivers.river;
    match (derived.latest(), derived.error()) {
        _ if scene.only_trace() => widgets::empty(ui, scene.words.needs_weights, ""),
        (_, Some(error)) => widgets::empty(ui, &error.what, error.hint.as_deref().unwrap_or("")),
        (Some((key, river)), _) if key.0 == scene.run => body(ui, scene, trace, key, river, out),
        _ => widgets::empty(ui, words.working, &share_done(derived.progress())),
    }
}

/// How much is done, in words.
pub(super) fn share_done(done: Option<f32>) -> String {
    done.map_or_else(String::new, |done| format!("{:.0} %", done * 100.0))
}

/// Which picture of memory is shown.
pub(super) fn pictures(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let now = scene.state.memory.picture;
    let name = |picture: Picture| (scene.words.memory.picture)(picture).0;
    widgets::choice(ui, scene.words.river.picture, name(now), |ui| {
        for picture in Picture::iter() {
            let entry = ui.selectable_label(picture == now, name(picture));
            if entry.on_hover_text((scene.words.memory.picture)(picture).1).clicked() {
                out.send(Command::SetPicture(picture));
                ui.close();
            }
        }
    });
}

/// After which layer memory is looked at: the honesty meter's last layer, too.
pub(super) fn layers(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, out: &mut Out) {
    let (now, last) = (asked_layer(scene.state, trace), trace.n_layers().saturating_sub(1));
    widgets::choice(ui, scene.words.river.layer, &short(now), |ui| {
        for layer in (0..=last).rev() {
            if ui.selectable_label(layer == now, short(layer)).clicked() {
                out.send(Command::SetLastLayer(Some(layer)));
                ui.close();
            }
        }
    });
}

/// A layer as axes name it.
pub(super) fn short(layer: usize) -> String {
    format!("L{layer}")
}

/// What is drawn, and where.
struct Drawn<'a> {
    map: Rect,
    bands: &'a Bands,
    ribbons: Ribbons,
    river: &'a River,
    /// The layer that is looked at.
    layer: usize,
}

impl Drawn<'_> {
    /// Columns from the left; the first stands before the first block, where there is such.
    fn x(&self, column: usize) -> f32 {
        let gaps = (self.bands.shares.len() - 1).max(1);
        self.map.left() + self.map.width() * column as f32 / gaps as f32
    }

    fn column_of(&self, layer: usize) -> usize {
        layer + usize::from(self.bands.begins)
    }

    /// The layer of the column next to a place; none left of the first block.
    fn layer_at(&self, x: f32) -> Option<usize> {
        let gaps = (self.bands.shares.len() - 1).max(1) as f32;
        let column = ((x - self.map.left()) / self.map.width() * gaps).round().max(0.0) as usize;
        let layer = column.checked_sub(usize::from(self.bands.begins))?;
        Some(layer.min(self.river.values.len() - 1))
    }

    fn source(&self, band: usize) -> Option<usize> {
        self.bands.sources.get(band).copied()
    }
}

fn body(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, key: &RiverKey, river: &River, out: &mut Out) {
    let area = ui.available_rect_before_wrap().shrink2(vec2(14.0, 0.0));
    ui.allocate_rect(area, Sense::hover());
    let names = NAMES.min(area.width() * 0.34);
    let map = Rect::from_min_max(
        area.min + vec2(SHARES, 10.0),
        area.max - vec2(names + 12.0, if area.height() > 120.0 { FOOT } else { 22.0 }),
    );
    if map.width() < 40.0 || map.height() < 24.0 || river.values.is_empty() {
        return;
    }
    let fitting = ((map.height() / NAME) as usize).saturating_sub(1).clamp(1, BANDS);
    let layer = asked_layer(scene.state, trace).min(river.values.len() - 1);
    let bands = river.bands(fitting, layer, scene.state.key);
    let ribbons = Ribbons::new(&bands.shares);
    let drawn = Drawn { map, bands: &bands, ribbons, river, layer };
    let response = ui.interact(map, ui.scope_id().with(("river", key.1)), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, scene.words.river.river));
    let pointed = response.hover_pos().and_then(|at| {
        let share = (at - map.min) / map.size();
        Some((drawn.ribbons.at(share.x, share.y)?, drawn.layer_at(at.x)))
    });
    let lit = pointed.map(|(band, _)| band).or_else(|| under_key(scene, &bands));
    paint(ui, scene, &drawn, lit);
    let named = mouths(ui, scene, &drawn, map.right() + 12.0..=area.right(), out);
    axes(ui, scene, &drawn, out);
    if let Some(band) = pointed.map(|(band, _)| band).or(named) {
        if let Some(source) = drawn.source(band) {
            out.hover = Hover { layer: out.hover.layer, ..scene.pointed(Side::Target, source) };
        }
        if response.clicked() {
            let source = drawn.source(band);
            out.send(Command::PinKey(source.filter(|&source| scene.state.key != Some(source))));
        }
    }
    focus::say(&response, || {
        let own = scene.state.key.and_then(|key| bands.sources.iter().position(|&source| source == key));
        let (band, layer) = pointed.unwrap_or((own.unwrap_or(0), Some(layer)));
        told(scene, &drawn, band, layer.unwrap_or(0))
    });
    if area.height() > 120.0 {
        let tokens = theme::tokens(ui);
        let (line, font, color) = match pointed {
            Some((band, layer)) => {
                (told(scene, &drawn, band, layer.unwrap_or(0)), theme::mono(12.0), tokens.text)
            }
            None => (scene.words.river.hint.to_owned(), theme::body(SMALL), tokens.muted),
        };
        let line = widgets::short(ui, &line, font, area.right() - map.left(), color);
        ui.painter().galley(pos2(map.left(), map.bottom() + 26.0), line, color);
    }
}

/// The band of the token that every view marks.
fn under_key(scene: &Scene<'_>, bands: &Bands) -> Option<usize> {
    let key = scene.hover.key?;
    bands.sources.iter().position(|&source| source == key)
}

fn told(scene: &Scene<'_>, drawn: &Drawn<'_>, band: usize, layer: usize) -> String {
    let share = drawn.bands.shares.get(drawn.column_of(layer)).map_or(0.0, |shares| shares[band]);
    (scene.words.river.band)(&name(scene, drawn, band), share * 100.0, &short(layer))
}

fn name(scene: &Scene<'_>, drawn: &Drawn<'_>, band: usize) -> String {
    let n = drawn.river.values.first().map_or(0, Vec::len);
    match drawn.source(band) {
        Some(source) => scene.token_name(Side::Target, source),
        None => (scene.words.river.others)(n - drawn.bands.sources.len()),
    }
}

fn color(ui: &Ui, scene: &Scene<'_>, drawn: &Drawn<'_>, band: usize) -> Color32 {
    let tokens = theme::tokens(ui);
    match drawn.source(band) {
        None => theme::mix(tokens.background, tokens.dim, 0.45),
        Some(source) if scene.state.key == Some(source) => tokens.accent,
        Some(_) => theme::mix(tokens.background, theme::series(scene.dark, band), 0.85),
    }
}

fn paint(ui: &Ui, scene: &Scene<'_>, drawn: &Drawn<'_>, lit: Option<usize>) {
    let tokens = theme::tokens(ui);
    let place = |x: f32, y: f32| drawn.map.min + vec2(x, y) * drawn.map.size();
    let mut mesh = Mesh::default();
    for (index, band) in drawn.ribbons.bands.iter().enumerate() {
        let color = color(ui, scene, drawn, index);
        let faint = lit.is_some_and(|lit| lit != index);
        let color = if faint { theme::mix(tokens.background, color, 0.4) } else { color };
        for (piece, &[x, upper, lower]) in band.iter().enumerate() {
            let first = mesh.vertices.len() as u32;
            mesh.colored_vertex(place(x, upper), color);
            mesh.colored_vertex(place(x, lower), color);
            if piece > 0 {
                mesh.add_triangle(first - 2, first - 1, first);
                mesh.add_triangle(first - 1, first, first + 1);
            }
        }
    }
    ui.painter().add(Shape::mesh(mesh));
    // Hairlines hide the edges of the mesh, which are not smoothed
    for band in drawn.ribbons.bands.iter().skip(1) {
        let line: Vec<egui::Pos2> = band.iter().map(|&[x, upper, _]| place(x, upper)).collect();
        ui.painter().add(Shape::line(line, Stroke::new(1.2, tokens.background)));
    }
}

/// The sources' names where their bands end, with their shares at the layer that is looked at; the band whose name the
/// pointer is on.
fn mouths(
    ui: &Ui,
    scene: &Scene<'_>,
    drawn: &Drawn<'_>,
    x: std::ops::RangeInclusive<f32>,
    out: &mut Out,
) -> Option<usize> {
    let tokens = theme::tokens(ui);
    let mouths: Vec<f32> = drawn.ribbons.mouths().into_iter().map(|y| y * drawn.map.height()).collect();
    let mut pointed = None;
    for (band, y) in apart(&mouths, NAME, drawn.map.height()).into_iter().enumerate() {
        let row = Rect::from_x_y_ranges(
            x.clone(),
            drawn.map.top() + y - NAME / 2.0..=drawn.map.top() + y + NAME / 2.0,
        );
        let share = drawn.bands.shares[drawn.column_of(drawn.layer)][band];
        let source = drawn.source(band);
        let selected = source.is_some() && source == scene.state.key;
        let response = ui.interact(row, ui.scope_id().with(("mouth", band)), Sense::click());
        let said = told(scene, drawn, band, drawn.layer);
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, selected, &said));
        if response.hovered() {
            pointed = Some(band);
            ui.painter().rect_filled(row, 4, tokens.raised);
        }
        if response.clicked() {
            out.send(Command::PinKey(source.filter(|_| !selected)));
        }
        let dot = pos2(row.left() + 6.0, row.center().y);
        ui.painter().circle_filled(dot, 4.0, color(ui, scene, drawn, band));
        let color = if selected { tokens.accent_text } else { tokens.text };
        let number = format!("{:.1} %", share * 100.0);
        let number = widgets::short(ui, &number, theme::body(12.0), 56.0, color);
        let at = Align2::RIGHT_CENTER.anchor_size(row.right_center() - vec2(4.0, 0.0), number.size());
        ui.painter().galley(at.min, number, color);
        let (font, color) = match source {
            Some(_) => (theme::mono(12.0), color),
            None => (theme::body(12.0), tokens.muted),
        };
        let text = widgets::short(ui, &name(scene, drawn, band), font, row.width() - 78.0, color);
        let at = Align2::LEFT_CENTER.anchor_size(pos2(row.left() + 16.0, row.center().y), text.size());
        ui.painter().galley(at.min, text, color);
    }
    pointed
}

/// Shares at the left, layers below; a click on a layer looks at it.
fn axes(ui: &Ui, scene: &Scene<'_>, drawn: &Drawn<'_>, out: &mut Out) {
    let (tokens, map) = (theme::tokens(ui), drawn.map);
    let put = |at: egui::Pos2, align: Align2, text: &str, color: Color32| {
        let galley = widgets::short(ui, text, theme::body(SMALL), 60.0, color);
        ui.painter().galley(align.anchor_size(at, galley.size()).min, galley, color);
    };
    for quarter in (0..=100).step_by(if map.height() > 90.0 { 25 } else { 50 }) {
        let y = map.top() + map.height() * quarter as f32 / 100.0;
        let text = if quarter == 0 { "0 %".to_owned() } else { quarter.to_string() };
        put(pos2(map.left() - 8.0, y), Align2::RIGHT_CENTER, &text, tokens.muted);
    }
    let marked = drawn.x(drawn.column_of(drawn.layer));
    let line = [pos2(marked, map.top() - 4.0), pos2(marked, map.bottom() + 4.0)];
    ui.painter().extend(Shape::dashed_line(&line, Stroke::new(1.5, tokens.text), 4.0, 3.0));
    let last = drawn.river.values.len() - 1;
    let pitch = map.width() / (drawn.bands.shares.len() - 1).max(1) as f32;
    let step = (30.0 / pitch).ceil().max(1.0) as usize;
    let y = map.bottom() + 14.0;
    if drawn.bands.begins && pitch > 60.0 {
        put(pos2(map.left(), y), Align2::LEFT_CENTER, scene.words.river.before, tokens.muted);
    }
    for layer in 0..=last {
        let x = drawn.x(drawn.column_of(layer));
        let rect = Rect::from_center_size(pos2(x, y), vec2(pitch.min(40.0), 18.0));
        let on = layer == drawn.layer;
        let response = ui.interact(rect, ui.scope_id().with(("river layer", layer)), Sense::click());
        let said = (scene.words.river.column)(&short(layer));
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, &said));
        if response.hovered() {
            out.hover.layer = Some(layer);
        }
        if response.clicked() {
            out.send(Command::SetLastLayer(Some(layer)));
        }
        let own = layer == scene.state.head.layer;
        let near = !on && drawn.layer.abs_diff(layer) < step;
        if on || own || (layer % step == 0 && !near) {
            let color = match layer {
                _ if own => tokens.accent_text,
                _ if on || response.hovered() || scene.hover.layer == Some(layer) => tokens.text,
                _ => tokens.muted,
            };
            put(rect.center(), Align2::CENTER_CENTER, &short(layer), color);
        }
    }
}
