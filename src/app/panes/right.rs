//! The right column: what the query looks at, what its head does, what the model would say next.

use super::heads::{explain, greatest, share};
use crate::{
    analysis::MEASURES,
    app::{
        command::Command,
        scene::{Out, Scene},
        text,
        theme::{self, BODY},
        widgets::{self, Line},
    },
    model::{HeadSpec, shown},
    trace::Side,
};
use egui::{RichText, ScrollArea, Ui};

const ROWS: usize = 10;

/// Draws the column.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 12)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            if scene.trace.is_none() {
                ui.label(RichText::new(scene.words.empty_prompt).color(theme::tokens(ui).muted));
                return;
            }
            query(ui, scene, out);
            ui.add_space(18.0);
            measures(ui, scene, out);
            ui.add_space(18.0);
            next(ui, scene);
        });
    });
}

fn query(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words;
    let Some(row) = scene.row else {
        return widgets::section(ui, words.query);
    };
    widgets::section_of(ui, words.query, &scene.query_name(row.query));
    let tokens = theme::tokens(ui);
    let best = row.top.first().map_or(1.0, |cell| cell.1);
    for &(key, weight) in row.top.iter().take(ROWS) {
        let name = scene.key_name(key);
        let value = format!("{weight:.4}");
        let marked = scene.shown_key() == Some(key);
        let line = Line {
            name: &name,
            mono: true,
            name_width: 96.0,
            share: weight / best,
            value: &value,
            color: tokens.accent,
            marked,
        };
        let response = line.show(ui);
        if response.hovered() {
            out.hover.key = Some(key);
        }
        if response.clicked() {
            out.send(Command::PinKey((scene.state.key != Some(key)).then_some(key)));
        }
    }
}

fn measures(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words;
    widgets::section_of(ui, words.head, &scene.head_name());
    let tokens = theme::tokens(ui);
    let Some(trace) = scene.trace.filter(|_| scene.head_ready()) else {
        ui.label(RichText::new(words.measures_wait).size(BODY).color(tokens.muted));
        return;
    };
    widgets::card(ui, |ui| {
        for measure in MEASURES {
            let value = (measure.value)(&trace.measures(scene.state.head));
            let text = match value.abs() {
                0.0..100.0 => format!("{value:.2}"),
                _ => text::count(value as u64),
            };
            let line = Line {
                name: measure.label,
                mono: false,
                name_width: 118.0,
                share: share(measure, value, greatest(trace, measure)),
                value: &text,
                color: tokens.measure,
                marked: measure.id == scene.state.look.tint,
            };
            let response = line.show(ui).on_hover_ui(|ui| explain(ui, measure));
            if response.clicked() {
                out.send(Command::SetTint(measure.id.to_owned()));
            }
        }
    });
}

fn next(ui: &mut Ui, scene: &Scene<'_>) {
    let words = scene.words;
    let tokens = theme::tokens(ui);
    let Some(trace) = scene.trace else { return };
    let masked = matches!(trace.spec.head, HeadSpec::MaskedToken { .. }) && !trace.spec.generates();
    let classifies = matches!(trace.spec.head, HeadSpec::Classes(_));
    // A model that classifies every token answers for the one in sight
    let of = scene.shown_on(Side::Target).filter(|_| trace.classes.len() > 1);
    let of = of.map_or_else(String::new, |query| scene.token_name(Side::Target, query));
    match (masked, classifies) {
        (true, _) => widgets::section(ui, words.masked_word),
        (_, true) => widgets::section_of(ui, words.classes, &of),
        _ if scene.translates() => {
            let after = trace.answer_at.map(|at| (words.after)(&scene.token_name(Side::Target, at)));
            widgets::section_of(ui, words.next_target, &after.unwrap_or_default());
        }
        _ => widgets::section(ui, words.next),
    }
    let answers = if classifies { scene.classes() } else { &trace.next };
    if answers.is_empty() {
        let text = match (trace.is_complete(), masked) {
            (false, _) => words.waiting,
            (true, true) => words.masked_none,
            (true, false) => words.next_none,
        };
        ui.label(RichText::new(text).size(BODY).color(tokens.muted));
        return;
    }
    let best = answers.first().map_or(1.0, |candidate| candidate.p);
    for candidate in answers.iter().take(ROWS) {
        let name = shown(&candidate.text);
        let value = format!("{:.1}%", candidate.p * 100.0);
        let line = Line {
            name: &name,
            mono: true,
            name_width: 96.0,
            share: candidate.p / best,
            value: &value,
            color: tokens.accent,
            marked: false,
        };
        line.show(ui).on_hover_text(format!("id {} · logit {:.3}", candidate.id, candidate.logit));
    }
}
