//! The right column of *Train*: the step in numbers, the selected head, when roles were taken, one reading of the probe.

use super::{curves, train_heads::strongest};
use crate::{
    analysis::timeline::StepAxis,
    app::{
        command::Command,
        scene::{Out, Scene},
        theme::{self, BODY, SMALL},
        training::Act,
        widgets::{self, Line},
        words::{count, grouped},
    },
    engine::{Report, said_after},
    model::shown,
    trace::Trace,
};
use egui::{Align2, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, vec2};

/// Tokens of the probe in a row.
const ROW: usize = 8;
const CHIP: f32 = 24.0;
/// Roles that are listed.
const ROLES: usize = 8;

/// Draws the column.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 12)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let Some((report, trace)) = scene.live.shown() else {
                ui.label(RichText::new(scene.words.train.begin).color(theme::tokens(ui).muted));
                return;
            };
            step(ui, scene, report);
            ui.add_space(16.0);
            head(ui, scene, report, trace);
            ui.add_space(16.0);
            roles(ui, scene, out);
            ui.add_space(16.0);
            probe(ui, scene, trace, out);
        });
    });
}

fn figure(ui: &mut Ui, name: &str, value: &str, strong: bool) {
    let tokens = theme::tokens(ui);
    ui.horizontal(|ui| {
        ui.label(RichText::new(name).color(tokens.muted));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let font = if strong { theme::strong(theme::TITLE) } else { theme::body(BODY) };
            ui.label(RichText::new(value).font(font).color(tokens.text));
        });
    });
}

fn step(ui: &mut Ui, scene: &Scene<'_>, report: &Report) {
    let (words, live) = (scene.words.train, scene.live);
    let task = live.began.as_ref().map_or(live.choice.task, |began| began.task);
    widgets::section_of(ui, words.steps, &grouped(report.steps));
    figure(ui, &(words.loss_of)((words.asked)(task)), &format!("{:.4}", report.loss), true);
    if let Some(other) = report.other_loss {
        figure(ui, &(words.loss_of)((words.other)(task)), &format!("{other:.4}"), false);
    }
    figure(ui, &(words.right)(task), &format!("{:.1} %", report.accuracy * 100.0), false);
    figure(ui, words.tokens_seen, &count(report.tokens), false);
}

fn head(ui: &mut Ui, scene: &Scene<'_>, report: &Report, trace: &Trace) {
    let (words, tokens, head) = (scene.words.train, theme::tokens(ui), scene.live.head);
    let Some(entry) = report.heads.iter().find(|entry| entry.head == head) else { return };
    let role = strongest(entry).map_or(words.no_role, |role| (words.role)(role));
    widgets::section_of(ui, scene.words.head, &format!("{head}  {role}"));
    let entropy = trace.measures(head).entropy;
    let most = (trace.n_tokens().max(2) as f64).ln();
    for (name, value, of_most) in [
        (words.induction, entry.scores.induction_stripe, None),
        (words.previous, entry.scores.previous_stripe, None),
        (words.duplicate, entry.scores.duplicate_stripe, None),
        (words.sink, entry.scores.sink, None),
        (words.entropy, Some(entropy), Some(entropy / most)),
    ] {
        let Some(share) = of_most.or(value) else { continue };
        let value = format!("{:.4}", value.unwrap_or(share));
        let color = tokens.measure;
        let line = Line {
            name,
            mono: false,
            name_width: 108.0,
            share: share as f32,
            value: &value,
            color,
            marked: false,
        };
        line.show(ui);
    }
}

/// Heads by when they took the roles that they have.
fn roles(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, live, tokens) = (scene.words.train, scene.live, theme::tokens(ui));
    widgets::section(ui, words.roles);
    if live.overview.roles.is_empty() {
        ui.label(RichText::new(words.roles_none).color(tokens.muted));
    }
    let last = live.reports.last().map_or(1, |report| report.steps.max(1));
    let axis = StepAxis { ends: (0, last), by_logarithm: false };
    for taken in live.overview.roles.iter().take(ROLES) {
        let role = (words.role)(taken.role);
        let name = (scene.words.timeline.since)(&taken.head.to_string(), role, taken.step);
        if curves::role_row(ui, taken, (role, &name), axis, live.head == taken.head).clicked() {
            out.send(Command::Train(Act::Select(taken.head)));
        }
    }
}

/// The probe's two sayings as chips; what the selected head looks at from one of the second, and what comes of it.
fn probe(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, out: &mut Out) {
    let (words, tokens) = (scene.words.train, theme::tokens(ui));
    // The run in sight may still be that of a smaller model
    let Some(probe) = scene.live.probe.filter(|_| trace.has(scene.live.head)) else { return };
    widgets::section(ui, words.probe);
    let (first, second) = (probe.prefix, probe.prefix + probe.period);
    let query = probe.read_at(scene.live.token, trace.n_tokens());
    let row = trace.pattern(scene.live.head).row(query);
    let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(key, _)| key);
    for (name, from) in [(words.first_time, first), (words.second_time, second)] {
        ui.label(RichText::new(name).size(SMALL).color(tokens.muted));
        chips(ui, trace, (from, probe.period), query, &row, out);
        ui.add_space(4.0);
    }
    let text = |token: usize| shown(&trace.tokens[token].text);
    ui.add_space(4.0);
    ui.label(RichText::new((words.reading)(&text(query))).color(tokens.text));
    let weight = format!("{:.4}", row.get(best).copied().unwrap_or(0.0));
    let behind = (best == query + 1 - probe.period).then(|| (words.after_first)(&text(query)));
    let found = format!("{}  {}", text(best), behind.unwrap_or_default());
    figure(ui, &format!("{} {found}", words.looks_at), &weight, false);
    if let Some(next) = said_after(trace, query) {
        let said = format!("{} {}", words.says, shown(&next.text));
        figure(ui, &said, &format!("{:.1} %", next.p * 100.0), false);
    }
    ui.add_space(8.0);
    ui.add(egui::Label::new(RichText::new(words.lesson).size(SMALL).color(tokens.muted)).wrap());
}

fn chips(
    ui: &mut Ui,
    trace: &Trace,
    (from, n): (usize, usize),
    query: usize,
    weights: &[f32],
    out: &mut Out,
) {
    let tokens = theme::tokens(ui);
    let across = ((ui.available_width() / (CHIP + 4.0)) as usize).clamp(4, ROW.max(n.div_ceil(3)));
    let pitch = ui.available_width() / across as f32;
    let (area, _) = ui.allocate_exact_size(
        vec2(ui.available_width(), n.div_ceil(across) as f32 * (CHIP + 4.0)),
        Sense::hover(),
    );
    for place in 0..n {
        let token = from + place;
        let corner = area.min + vec2((place % across) as f32 * pitch, (place / across) as f32 * (CHIP + 4.0));
        let rect = egui::Rect::from_min_size(corner, vec2(pitch - 4.0, CHIP));
        let response = ui.interact(rect, ui.scope_id().with(("chip", token)), Sense::click());
        let text = shown(&trace.tokens[token].text);
        response
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, format!("{token} {text}")));
        let weight = weights.get(token).copied().unwrap_or(0.0).clamp(0.0, 1.0);
        let fill = theme::mix(tokens.raised, tokens.accent, 0.6 * weight);
        ui.painter().rect_filled(rect, 4, fill);
        if token == query || response.hovered() || response.has_focus() {
            let color = if token == query { tokens.accent } else { tokens.dim };
            ui.painter().rect_stroke(rect, 4, Stroke::new(1.0, color), StrokeKind::Inside);
        }
        let color = if token == query { tokens.accent_text } else { tokens.text };
        let galley = widgets::short(ui, &text, theme::mono(12.0), rect.width() - 4.0, color);
        let at = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size());
        ui.painter().galley(at.min, galley, color);
        if response.clicked() {
            out.send(Command::Train(Act::Read(token)));
        }
    }
}
