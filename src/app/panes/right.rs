//! The right column: what the query looks at, what its head does, what the model would say next.

use super::{
    heads::{explain, share},
    hints, interventions, notes,
};
use crate::{
    analysis::{MEASURES, Shift, shifts},
    app::{
        command::Command,
        scene::{Out, Scene},
        state::Shown,
        theme::{self, BODY, SMALL},
        widgets::{self, Line},
        words,
    },
    model::{HeadSpec, Outcome, shown},
    trace::{Candidate, Side, norms},
};
use egui::{RichText, ScrollArea, Ui};

const ROWS: usize = 10;
/// Keys of the query, where interventions need the room.
const FEW_ROWS: usize = 6;

/// Draws the column.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 12)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            if scene.trace.is_none() {
                ui.label(RichText::new(scene.first_step().0).color(theme::tokens(ui).muted));
                return;
            }
            notes::list(ui, scene, out);
            query(ui, scene, out);
            ui.add_space(18.0);
            // What was changed and what came of it stand together, in sight
            if scene.state.interventions.is_empty() {
                measures(ui, scene, out);
                ui.add_space(18.0);
                next(ui, scene);
                hints::show(ui, scene, 4, out);
                ui.add_space(18.0);
                interventions::show(ui, scene, out);
            } else {
                interventions::show(ui, scene, out);
                ui.add_space(18.0);
                next(ui, scene);
                ui.add_space(18.0);
                measures(ui, scene, out);
            }
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
    let rows = if scene.state.interventions.is_empty() { ROWS } else { FEW_ROWS };
    for &(key, weight) in row.top.iter().take(rows) {
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
    let name = scene.with_role(scene.head_name(), scene.state.head);
    widgets::section_of(ui, words.head, &name);
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
                _ => words::count(value as u64),
            };
            let line = Line {
                name: (words.measure)(measure).0,
                mono: false,
                name_width: 138.0,
                share: share(measure, value, scene.greatest(measure)),
                value: &text,
                color: tokens.measure,
                marked: measure.id == scene.state.look.tint,
            };
            let response = line.show(ui).on_hover_ui(|ui| explain(ui, scene, measure));
            if response.clicked() {
                out.send(Command::SetTint(measure.id.to_owned()));
            }
        }
    });
    for line in
        [scene.roles_line(scene.state.head), scene.shared_line(scene.state.head)].into_iter().flatten()
    {
        ui.add_space(4.0);
        ui.label(RichText::new(line).size(SMALL).color(tokens.muted));
    }
}

fn next(ui: &mut Ui, scene: &Scene<'_>) {
    let words = scene.words;
    let tokens = theme::tokens(ui);
    let Some(trace) = scene.trace else { return };
    let listed = |candidate: &Candidate| {
        let hover = (words.candidate)(candidate.id, candidate.logit);
        (shown(&candidate.text), candidate.p, hover)
    };
    let list = |candidates: &[Candidate]| candidates.iter().take(ROWS).map(listed).collect::<Vec<_>>();
    let (heading, none, said) = match &trace.spec.head {
        HeadSpec::Classes(head) if head.outcome == Outcome::Span => {
            let said = trace.answers.iter().take(ROWS).map(|answer| {
                (answer.text.clone(), answer.p, (words.answer_at)(answer.tokens.start, answer.tokens.end - 1))
            });
            (words.answer, words.answer_none, said.collect())
        }
        HeadSpec::Classes(_) => (words.classes, words.next_none, list(scene.classes())),
        HeadSpec::Sentence(_) => (words.vector, words.next_none, Vec::new()),
        HeadSpec::MaskedToken { .. } if !trace.spec.generates() => {
            (words.masked_word, words.masked_none, list(&trace.next))
        }
        _ if scene.translates() => (words.next_target, words.next_none, list(&trace.next)),
        _ => (words.next, words.next_none, list(&trace.next)),
    };
    // A model that classifies every token answers for the one in sight
    let of = scene.shown_on(Side::Target).filter(|_| trace.classes.len() > 1);
    let of = of.map(|query| scene.token_name(Side::Target, query));
    let after = trace.answer_at.filter(|_| scene.translates());
    let after = after.map(|at| (words.after)(&scene.token_name(Side::Target, at)));
    widgets::section_of(ui, heading, &of.or(after).unwrap_or_default());
    if let Some((_, clean, changed)) = scene.both.filter(|_| scene.state.shown != Shown::Clean) {
        let shifts = shifts(clean, changed, ROWS);
        if !shifts.is_empty() {
            return before_after(ui, scene, &shifts);
        }
    }
    if said.is_empty() {
        let text = match (trace.is_complete(), &trace.vector[..]) {
            (false, _) => words.waiting.to_owned(),
            (true, []) => none.to_owned(),
            (true, vector) => (words.vector_of)(vector.len(), norms(vector, vector.len())[0]),
        };
        ui.label(RichText::new(text).size(BODY).color(tokens.muted));
        return;
    }
    let best = said.first().map_or(1.0, |said| said.1);
    // The hint below stays in sight
    let rows = if hints::wanted(scene, 4) { FEW_ROWS } else { ROWS };
    for (name, p, hover) in said.iter().take(rows) {
        let value = format!("{:.1}%", p * 100.0);
        let line = Line {
            name,
            mono: true,
            name_width: 96.0,
            share: p / best,
            value: &value,
            color: tokens.accent,
            marked: false,
        };
        line.show(ui).on_hover_text(hover);
    }
}

/// The words of either run, each with what its probability was and what it became.
fn before_after(ui: &mut Ui, scene: &Scene<'_>, shifts: &[Shift]) {
    let tokens = theme::tokens(ui);
    ui.label(RichText::new(scene.words.changes.before_after).size(12.0).color(tokens.muted));
    let best = shifts.iter().map(|shift| shift.before.max(shift.after)).fold(f32::MIN_POSITIVE, f32::max);
    for shift in shifts {
        let name = shown(&shift.text);
        let (before, after) = (shift.before * 100.0, shift.after * 100.0);
        let value = format!("{before:.1} → {after:.1}%");
        let line = Line {
            name: &name,
            mono: true,
            name_width: 74.0,
            share: shift.after / best,
            value: &value,
            color: tokens.accent,
            marked: false,
        };
        line.show(ui).on_hover_text((scene.words.shift)(shift.id, after - before));
    }
}
