//! The honesty meter: source tokens down, what cutting each does first, then pictures of attention, most honest first.

use crate::{
    analysis::Picture,
    app::{
        command::Command,
        scene::{Out, Scene},
        theme::{self, BODY, SMALL, TITLE},
        widgets,
        words::fixed,
    },
    engine::Honesty,
    trace::{Side, Trace},
};
use egui::{Align2, Color32, Rect, RichText, Sense, Ui, pos2, vec2};

const ROW: f32 = 18.0;
/// Room of the column titles.
const HEAD: f32 = 42.0;
/// Room of the tokens' names.
const NAMES: f32 = 116.0;
/// Room of the sentence.
const FOOT: f32 = 26.0;
/// Width that a column needs.
const COLUMN: f32 = 216.0;
/// Columns that are left out last where there is little room.
const ORDER: [Picture; 6] = [
    Picture::Attention,
    Picture::Values,
    Picture::Rollout,
    Picture::Contributions,
    Picture::Norms,
    Picture::Flow,
];

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words.memory;
    let seen = scene.trace.filter(|trace| trace.is_complete());
    widgets::header(ui, words.honesty, words.honesty_sub, |ui| {
        if let Some(trace) = seen.filter(|trace| scene.model.is_some() && !trace.next.is_empty()) {
            answers(ui, scene, trace, out);
            layers(ui, scene, trace, out);
        }
    });
    let Some(trace) = seen else { return widgets::empty(ui, scene.words.waiting, "") };
    let derived = &scene.memory.honesty;
    match (derived.latest(), derived.error()) {
        _ if scene.only_trace() => widgets::empty(ui, scene.words.needs_weights, ""),
        _ if trace.next.is_empty() && scene.fills() => widgets::empty(ui, &scene.put_mask(), ""),
        _ if trace.next.is_empty() => widgets::empty(ui, words.no_words, ""),
        (_, Some(error)) => widgets::empty(ui, &error.what, error.hint.as_deref().unwrap_or("")),
        (Some((key, honesty)), _) if key.0 == scene.run => table(ui, scene, honesty, out),
        _ => {
            let share = derived.progress().map_or_else(String::new, |done| format!("{:.0} %", done * 100.0));
            widgets::empty(ui, words.working, &share);
        }
    }
}

/// Up to which layer paths count.
fn layers(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, out: &mut Out) {
    let words = scene.words.memory;
    let name = |layer: Option<usize>| match layer {
        None => words.all_layers.to_owned(),
        Some(layer) => (words.up_to_layer)(&trace.spec.layer_name(layer)),
    };
    let now = scene.state.memory.last_layer.filter(|&layer| layer < trace.n_layers());
    widgets::choice(ui, words.layers, &name(now), |ui| {
        let last = trace.n_layers().saturating_sub(1);
        for layer in std::iter::once(None).chain((0..last).rev().map(Some)) {
            if ui.selectable_label(layer == now, name(layer)).clicked() {
                out.send(Command::SetLastLayer(layer));
                ui.close();
            }
        }
    });
}

/// Which answer it is measured by.
fn answers(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, out: &mut Out) {
    let now = scene.memory.honesty.latest().map(|(_, honesty)| honesty.answer);
    let shown = scene
        .memory
        .honesty
        .latest()
        .map_or_else(String::new, |(_, honesty)| crate::model::shown(&honesty.answer_text));
    widgets::choice(ui, scene.words.memory.answer, &shown, |ui| {
        for next in trace.next.iter().take(12) {
            let label = RichText::new(crate::model::shown(&next.text)).font(theme::mono(12.0));
            if ui.selectable_label(Some(next.id) == now, label).clicked() {
                // The likeliest is followed from prompt to prompt
                let likeliest = trace.next.first().map(|first| first.id);
                out.send(Command::SetAnswer(Some(next.id).filter(|_| Some(next.id) != likeliest)));
                ui.close();
            }
        }
    });
}

fn table(ui: &mut Ui, scene: &Scene<'_>, honesty: &Honesty, out: &mut Out) {
    let area = ui.available_rect_before_wrap().shrink2(vec2(14.0, 0.0));
    ui.allocate_rect(area, Sense::hover());
    let fitting = ((area.height() - HEAD - FOOT) / ROW).max(0.0) as usize;
    let told = scene.state.key.filter(|&key| key < honesty.drops.len()).or_else(|| telling(honesty));
    let rows = rows(honesty, told, fitting);
    let room = ((area.width() - NAMES) / COLUMN).max(1.0) as usize;
    let columns = columns(honesty, room.saturating_sub(1));
    let width = (area.width() - NAMES) / (columns.len() + 1) as f32;
    let place = |index: usize| {
        let left = area.left() + NAMES + index as f32 * width;
        Rect::from_min_max(pos2(left, area.top()), pos2(left + width - 16.0, area.bottom() - FOOT))
    };
    for (row, &source) in rows.iter().enumerate() {
        let top = area.top() + HEAD + row as f32 * ROW;
        let line = Rect::from_min_size(pos2(area.left() - 6.0, top), vec2(area.width() + 12.0, ROW));
        name(ui, scene, honesty, line, source, told == Some(source), out);
    }
    let words = scene.words.memory;
    let title = (words.cutting, words.cutting_sub, words.reference, "");
    column(ui, place(0), title, &honesty.drops, &rows, told, 2, false);
    for (index, &at) in columns.iter().enumerate() {
        let own = &honesty.columns[at];
        let (name, sub) = (words.picture)(own.picture);
        let mark = own.spearman.map_or_else(|| "–".to_owned(), |mark| fixed(mark, 2));
        let title = (name, sub, mark.as_str(), words.rank_correlation);
        let digits = if own.picture == Picture::Values { 2 } else { 4 };
        column(ui, place(index + 1), title, &own.values, &rows, told, digits, true);
    }
    if let Some(line) = told.and_then(|source| sentence(scene, honesty, source)) {
        let tokens = theme::tokens(ui);
        let galley = widgets::short(ui, &line, theme::body(BODY), area.width(), tokens.text);
        let at = pos2(area.left(), area.bottom() - FOOT + 4.0);
        ui.painter().galley(at, galley, tokens.text);
    }
}

/// Dearest tokens first, as many as fit; the one that is told of always, the asked token never.
fn rows(honesty: &Honesty, told: Option<usize>, fitting: usize) -> Vec<usize> {
    let mut rows: Vec<usize> =
        honesty.by_cost().into_iter().filter(|&source| !honesty.drops[source].is_nan()).collect();
    if rows.len() > fitting {
        let kept = told.filter(|source| rows.iter().position(|row| row == source) >= Some(fitting));
        rows.truncate(fitting.saturating_sub(usize::from(kept.is_some())));
        rows.extend(kept.filter(|_| fitting > 0));
    }
    rows
}

/// The columns that there is room for, most honest first.
fn columns(honesty: &Honesty, room: usize) -> Vec<usize> {
    let wanted: Vec<Picture> =
        ORDER.into_iter().filter(|&picture| honesty.of(picture).is_some()).take(room).collect();
    (0..honesty.columns.len()).filter(|&at| wanted.contains(&honesty.columns[at].picture)).collect()
}

/// A source's line: its place and text left, a tint behind where it is selected.
fn name(
    ui: &mut Ui,
    scene: &Scene<'_>,
    honesty: &Honesty,
    line: Rect,
    source: usize,
    told: bool,
    out: &mut Out,
) {
    let tokens = theme::tokens(ui);
    let response = ui.interact(line, ui.scope_id().with(("source", source)), Sense::click());
    let label = scene.token_name(Side::Target, source);
    let said = (scene.words.memory.source_row)(&label, &fixed(honesty.drops[source], 2));
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, told, &said));
    if told || response.hovered() {
        ui.painter().rect_filled(
            line,
            4,
            if told { tokens.raised } else { theme::mix(tokens.background, tokens.raised, 0.6) },
        );
    }
    if response.hovered() {
        out.hover = scene.pointed(Side::Target, source);
    }
    if response.clicked() {
        out.send(Command::PinKey((scene.state.key != Some(source)).then_some(source)));
    }
    let place = widgets::short(ui, &source.to_string(), theme::mono(SMALL), 28.0, tokens.muted);
    let at = Align2::RIGHT_CENTER.anchor_size(pos2(line.left() + 30.0, line.center().y), place.size());
    ui.painter().galley(at.min, place, tokens.muted);
    let color = if told { tokens.accent_text } else { tokens.text };
    let text = widgets::short(ui, scene.labels.get(source), theme::mono(12.0), NAMES - 48.0, color);
    let at = Align2::LEFT_CENTER.anchor_size(pos2(line.left() + 40.0, line.center().y), text.size());
    ui.painter().galley(at.min, text, color);
}

/// One picture: its title and mark, and a bar for every row. What is below zero has a number only.
#[expect(clippy::too_many_arguments, reason = "one column of one table, drawn in one place")]
fn column(
    ui: &Ui,
    place: Rect,
    (title, sub, mark, under): (&str, &str, &str, &str),
    values: &[f64],
    rows: &[usize],
    told: Option<usize>,
    digits: usize,
    picture: bool,
) {
    let tokens = theme::tokens(ui);
    let painter = ui.painter();
    let put = |at: egui::Pos2, align: Align2, text: &str, font, width, color: Color32| {
        let galley = widgets::short(ui, text, font, width, color);
        painter.galley(align.anchor_size(at, galley.size()).min, galley, color);
    };
    // What the mark is called is never cut: what the column is has the rest
    let called = widgets::short(ui, under, theme::body(SMALL), place.width(), tokens.muted).size().x;
    let half = (place.width() * 0.6).min(place.width() - called - 8.0);
    put(place.left_top() + vec2(0.0, 2.0), Align2::LEFT_TOP, title, theme::strong(BODY), half, tokens.text);
    put(place.left_top() + vec2(0.0, 20.0), Align2::LEFT_TOP, sub, theme::body(SMALL), half, tokens.muted);
    let (font, color) =
        if picture { (theme::strong(TITLE), tokens.text) } else { (theme::body(SMALL), tokens.muted) };
    let rest = place.width() - half - 6.0;
    put(place.right_top() + vec2(0.0, 2.0), Align2::RIGHT_TOP, mark, font, rest, color);
    put(
        place.right_top() + vec2(0.0, 20.0),
        Align2::RIGHT_TOP,
        under,
        theme::body(SMALL),
        rest,
        tokens.muted,
    );
    let most = rows.iter().map(|&row| values[row]).fold(0.0, f64::max);
    for (index, &row) in rows.iter().enumerate() {
        let middle = place.top() + HEAD + (index as f32 + 0.5) * ROW;
        let track = (place.width() - 60.0).max(10.0);
        let share = if most > 0.0 { (values[row] / most).max(0.0) as f32 } else { 0.0 };
        let bar = Rect::from_min_size(pos2(place.left(), middle - 4.0), vec2((track * share).max(1.0), 8.0));
        let color = match (told == Some(row), picture) {
            (true, _) => tokens.accent,
            (false, true) => tokens.measure,
            (false, false) => tokens.text,
        };
        painter.rect_filled(bar, 0, color);
        let value = fixed(values[row], digits);
        put(pos2(place.right(), middle), Align2::RIGHT_CENTER, &value, theme::body(12.0), 58.0, tokens.text);
    }
}

/// Below this share of the dearest cut a cut changes almost nothing.
const NOTHING: f64 = 0.05;
/// From this share of the dearest cut on a token is needed.
const NEEDED: f64 = 0.5;
/// From this share on a token takes much attention.
const MUCH: f64 = 0.1;

/// What the numbers say about a token, where they say something.
fn sentence(scene: &Scene<'_>, honesty: &Honesty, source: usize) -> Option<String> {
    let words = scene.words.memory;
    let token = scene.labels.get(source);
    let share = *honesty.of(Picture::Attention)?.values.get(source)?;
    let (drop, before) = (honesty.drops[source], honesty.p);
    let dearest = honesty.drops.iter().copied().filter(|drop| !drop.is_nan()).fold(0.0, f64::max);
    let after = before * (-drop).exp();
    let even = 1.0 / honesty.drops.len() as f64;
    if dearest <= 0.0 || drop.is_nan() {
        None
    } else if drop.abs() < NOTHING * dearest && share >= MUCH {
        Some((words.rests)(token, share))
    } else if drop >= NEEDED * dearest && share >= even {
        Some((words.carries)(token, share, before, after))
    } else if drop >= NEEDED * dearest {
        Some((words.hidden)(token, share, before, after))
    } else if drop < -NOTHING * dearest && after > before {
        Some((words.against)(token, before, after.min(1.0)))
    } else {
        None
    }
}

/// The token that teaches most where none is pinned: looked at a lot, worth nothing; else the dearest.
fn telling(honesty: &Honesty) -> Option<usize> {
    let attention = &honesty.of(Picture::Attention)?.values;
    let dearest = honesty.by_cost().first().copied()?;
    let limit = NOTHING * honesty.drops[dearest];
    let rests =
        (0..honesty.drops.len()).filter(|&at| honesty.drops[at].abs() < limit && attention[at] >= MUCH);
    rests.max_by(|&a, &b| attention[a].total_cmp(&attention[b])).or(Some(dearest))
}
