//! Recall: a map of length × depth, and the same answers by distance; clean and with interventions on the same axes.

use super::{recall_curve, recall_heads, shared::read_out};
use crate::{
    app::{
        command::Command,
        memory::{self, RecallView},
        palette::Palette,
        scene::{Out, Scene},
        state::Shown,
        theme::{self, SMALL},
        widgets::{self, legend, segments},
    },
    engine::{Recall, RecallCell, Template},
    render::{ColorMap, Scale, Shader, ValueRange},
};
use egui::{Align2, Color32, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use strum::IntoEnumIterator as _;

/// Questions for each cell that can be chosen.
const TRIALS: [usize; 5] = [1, 2, 4, 8, 16];
/// Room of the depths.
const DEPTH: f32 = 52.0;
/// Narrower than this there is no room for the curve.
const NARROW: f32 = 620.0;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words.memory;
    let model = scene.model.filter(|model| memory::recalls(model));
    let derived = &scene.memory.recall;
    let unread = derived.latest().is_some_and(|(_, recall)| recall.unread.is_some());
    let sub = if unread { words.recall_unread } else { words.recall_sub };
    widgets::header(ui, words.recall, sub, |ui| {
        if model.is_some() {
            controls(ui, scene, out);
        }
    });
    match (derived.latest(), derived.error()) {
        _ if scene.only_trace() => widgets::empty(ui, scene.words.needs_weights, ""),
        _ if scene.model.is_none() => widgets::empty(ui, scene.words.needs_model, ""),
        _ if model.is_none() => widgets::empty(ui, words.recall_none, ""),
        (_, Some(error)) => widgets::empty(ui, &error.what, error.hint.as_deref().unwrap_or("")),
        (Some((_, recall)), _) => body(ui, scene, recall, out),
        _ => match derived.progress() {
            Some(done) => {
                widgets::empty(ui, (scene.words.stage)("Asking"), &format!("{:.0} %", done * 100.0));
            }
            None => widgets::empty(ui, words.recall, words.recall_hint),
        },
    }
}

fn controls(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, choice) = (scene.words.memory, &scene.state.memory);
    if let Some(done) = scene.memory.recall.progress() {
        if ui.add(widgets::outlined(ui, format!("{} · {:.0} %", words.stop, done * 100.0))).clicked() {
            out.send(Command::StopRecall);
        }
    } else if ui.add(widgets::primary(ui, words.run_recall)).clicked() {
        out.send(Command::RunRecall);
    }
    widgets::choice(ui, words.trials, &choice.trials.to_string(), |ui| {
        for trials in TRIALS {
            if ui.selectable_label(trials == choice.trials, trials.to_string()).clicked() {
                out.send(Command::SetTrials(trials));
                ui.close();
            }
        }
    });
    let name = |template: Option<Template>| template.map_or(words.suited, words.template_of);
    widgets::choice(ui, words.template, name(choice.template), |ui| {
        for template in std::iter::once(None).chain(Template::iter().map(Some)) {
            if ui.selectable_label(template == choice.template, name(template)).clicked() {
                out.send(Command::SetTemplate(template));
                ui.close();
            }
        }
    });
}

/// Which of the answers are shown: clean, changed, or how far they lie apart.
fn values(scene: &Scene<'_>, recall: &Recall) -> (Vec<f64>, bool) {
    let p = |cells: &[RecallCell]| -> Vec<f64> { cells.iter().map(|cell| cell.p).collect() };
    let clean = p(&recall.cells);
    match (&recall.changed, scene.state.shown) {
        (Some(changed), Shown::Changed) => (p(changed), false),
        (Some(changed), Shown::Difference) => {
            (p(changed).iter().zip(&clean).map(|(changed, clean)| changed - clean).collect(), true)
        }
        _ => (clean, false),
    }
}

fn body(ui: &mut Ui, scene: &Scene<'_>, recall: &Recall, out: &mut Out) {
    let area = ui.available_rect_before_wrap().shrink2(vec2(14.0, 0.0));
    ui.allocate_rect(area, Sense::hover());
    let split = if area.width() > NARROW { area.left() + area.width() * 0.58 } else { area.right() };
    map(ui, scene, recall, area.with_max_x(split - 14.0), out);
    if split < area.right() {
        let tokens = theme::tokens(ui);
        ui.painter().vline(split, area.y_range(), Stroke::new(1.0, tokens.line));
        beside(ui, scene, recall, area.with_min_x(split + 14.0), out);
    }
}

/// The same answers otherwise: by distance, by facts about others, by head.
fn beside(ui: &mut Ui, scene: &Scene<'_>, recall: &Recall, area: Rect, out: &mut Out) {
    let words = scene.words.recall;
    let views = [RecallView::Distance, RecallView::Others, RecallView::Heads, RecallView::Twice];
    let names = views.map(|view| (words.view)(view));
    let now = scene.state.memory.recall_view;
    let choices: Vec<(&str, bool)> =
        views.iter().zip(names).map(|(&view, name)| (name, view == now)).collect();
    let top = Rect::from_min_size(area.min, vec2(area.width(), 26.0));
    let mut head = ui.new_child(egui::UiBuilder::new().max_rect(top).id_salt("recall views"));
    if let Some(index) = segments::show(&mut head, &choices) {
        out.send(Command::SetRecallView(views[index]));
    }
    let area = area.with_min_y(top.bottom() + 6.0);
    match now {
        RecallView::Distance => recall_curve::by_distance(ui, scene, recall, area),
        RecallView::Others => recall_curve::by_others(ui, scene, area),
        RecallView::Heads => recall_heads::show(ui, scene, area, out),
        RecallView::Twice => recall_curve::read_twice(ui, scene, area),
    }
}

/// The answers: lengths across, depths down.
fn map(ui: &mut Ui, scene: &Scene<'_>, recall: &Recall, area: Rect, out: &mut Out) {
    let (words, tokens) = (scene.words.memory, theme::tokens(ui));
    let (lengths, depths) = (recall.lengths(), recall.depths());
    let (across, down) = (lengths.len().max(1), depths.len().max(1));
    let map = Rect::from_min_max(area.min + vec2(DEPTH, 24.0), area.max - vec2(0.0, 40.0));
    let (cell, pitch) = (map.width() / across as f32, map.height() / down as f32);
    let (values, signed) = values(scene, recall);
    let colours = Palette::new(&scene.state.look, scene.dark).map;
    let colours = if signed { ColorMap::signed(theme::shared(scene.dark)) } else { colours };
    let range = ValueRange { low: if signed { -1.0 } else { 0.0 }, high: 1.0 };
    let shader = Shader::new(colours, Scale::Linear, range);
    let ramp = shader.ramp(256);
    let put = |at: egui::Pos2, align: Align2, text: &str, font, color: Color32| {
        let galley = widgets::short(ui, text, font, cell.max(DEPTH), color);
        ui.painter().galley(align.anchor_size(at, galley.size()).min, galley, color);
    };
    put(
        pos2(map.left() - 8.0, area.top() + 10.0),
        Align2::RIGHT_CENTER,
        words.length,
        theme::body(SMALL),
        tokens.muted,
    );
    let chosen = scene.state.memory.cell.filter(|cell| cell.0 < across && cell.1 < down);
    let mut line = String::new();
    for (column, length) in lengths.iter().enumerate() {
        let x = map.left() + (column as f32 + 0.5) * cell;
        let color = if chosen.is_some_and(|at| at.0 == column) { tokens.text } else { tokens.muted };
        put(
            pos2(x, area.top() + 10.0),
            Align2::CENTER_CENTER,
            &length.to_string(),
            theme::body(SMALL),
            color,
        );
        for (row, depth) in depths.iter().enumerate() {
            let index = column * down + row;
            let at = pos2(map.left() + column as f32 * cell, map.top() + row as f32 * pitch);
            let rect = Rect::from_min_size(at, vec2(cell - 1.0, pitch - 1.0));
            let value = values.get(index).copied().unwrap_or_default();
            let share = (value as f32 - range.low) / (range.high - range.low);
            let fill = theme::of_map(ramp[(share * 255.0).clamp(0.0, 255.0) as usize]);
            ui.painter().rect_filled(rect, 0, fill);
            let text = format!("{:.0}", value * 100.0);
            put(rect.center(), Align2::CENTER_CENTER, &text, theme::body(12.0), theme::ink(fill));
            let response = ui.interact(rect, ui.scope_id().with(("recall", index)), Sense::click());
            let told = recall
                .cells
                .get(index)
                .map_or_else(String::new, |own| (words.cell)(own.length, *depth, value, own.rank));
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &told));
            if response.hovered() || chosen == Some((column, row)) && line.is_empty() {
                line.clone_from(&told);
            }
            if response.clicked() {
                let cell = (chosen != Some((column, row))).then_some((column, row));
                out.send(Command::SelectRecall(cell));
            }
            if chosen == Some((column, row)) {
                ui.painter().rect_stroke(rect, 0, Stroke::new(2.0, tokens.accent), StrokeKind::Outside);
            }
        }
    }
    for (row, depth) in depths.iter().enumerate() {
        let name = match row {
            0 => words.start.to_owned(),
            _ if row + 1 == down => words.end.to_owned(),
            _ => format!("{:.0} %", depth * 100.0),
        };
        let color = if chosen.is_some_and(|at| at.1 == row) { tokens.text } else { tokens.muted };
        let at = pos2(map.left() - 8.0, map.top() + (row as f32 + 0.5) * pitch);
        put(at, Align2::RIGHT_CENTER, &name, theme::body(SMALL), color);
    }
    let foot = Rect::from_min_size(map.left_bottom() + vec2(0.0, 10.0), vec2(map.width(), 30.0));
    let low = if signed { "−100 %" } else { "0 %" };
    legend::show(ui, foot.with_max_x(foot.left() + 120.0), &shader, (low, "100 %"));
    read_out(ui, foot, &line);
}
