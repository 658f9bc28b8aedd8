//! The right column: what the query looks at, what its head does, what the model would say next.

use super::{
    heads::{explain, share},
    hints, interventions, notes,
    shared::column,
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
    export::figure::bars::percent,
    model::{HeadSpec, Outcome, shown},
    trace::{Candidate, Side, norms},
};
use egui::{RichText, ScrollArea, Ui};

const ROWS: usize = 10;
/// Keys of the query, where interventions or a hint need the room.
const FEW_ROWS: usize = 6;

/// Draws the column.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        column(ui, |ui| {
            let frame = egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 12));
            frame.show(ui, |ui| lines(ui, scene, out));
        });
    });
}

fn lines(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    ui.spacing_mut().item_spacing.y = 1.0;
    if scene.trace.is_none() {
        ui.label(RichText::new(scene.first_step().0).color(theme::tokens(ui).muted));
        return;
    }
    notes::list(ui, scene, out);
    query(ui, scene, out);
    ui.add_space(18.0);
    // What was changed and what came of it stand together, in sight; so does the hint about what comes next
    if scene.state.interventions.is_empty() {
        let led = hints::wanted(scene, 4);
        if !led {
            measures(ui, scene, out);
            ui.add_space(18.0);
        }
        next(ui, scene);
        pair(ui, scene);
        hints::show(ui, scene, 4, out);
        ui.add_space(18.0);
        if led {
            measures(ui, scene, out);
            ui.add_space(18.0);
        }
        interventions::show(ui, scene, out);
    } else {
        interventions::show(ui, scene, out);
        ui.add_space(18.0);
        next(ui, scene);
        pair(ui, scene);
        ui.add_space(18.0);
        measures(ui, scene, out);
    }
}

fn query(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words;
    let Some(row) = scene.row else {
        return widgets::section(ui, words.query);
    };
    widgets::section_of(ui, words.query, &scene.query_name(row.query));
    let tokens = theme::tokens(ui);
    let best = row.top.first().map_or(1.0, |cell| cell.1);
    let room = scene.state.interventions.is_empty() && !hints::wanted(scene, 4);
    let rows = if room { ROWS } else { FEW_ROWS };
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
    let list = |candidates: &[Candidate]| listed(scene, candidates);
    let asked = scene.put_mask();
    let (heading, none, said) = match &trace.spec.head {
        HeadSpec::Classes(head) if head.outcome == Outcome::Span => {
            let said = trace.answers.iter().take(ROWS).map(|answer| {
                (answer.text.clone(), answer.p, (words.answer_at)(answer.tokens.start, answer.tokens.end - 1))
            });
            (words.answer, words.answer_none, said.collect())
        }
        HeadSpec::Classes(head) if head.pair => (words.pair, words.next_none, list(scene.classes())),
        HeadSpec::Classes(_) => (words.classes, words.next_none, list(scene.classes())),
        HeadSpec::Sentence(_) => (words.vector, words.next_none, Vec::new()),
        HeadSpec::MaskedToken { .. } if !trace.spec.generates() => {
            (words.masked_word, &*asked, list(&trace.next))
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
    // The hint below stays in sight
    let rows = if hints::wanted(scene, 4) { FEW_ROWS } else { ROWS };
    bars(ui, scene, &said[..rows.min(said.len())]);
}

/// Whether the prompt's two texts belong together, where the model says so beside the words, and what is missing to ask.
fn pair(ui: &mut Ui, scene: &Scene<'_>) {
    let Some(trace) = scene.trace else { return };
    if !trace.spec.classifier().is_some_and(|(head, _)| head.pair) {
        return;
    }
    let beside = !matches!(trace.spec.head, HeadSpec::Classes(_));
    if beside && !trace.classes.is_empty() {
        ui.add_space(18.0);
        widgets::section_of(ui, scene.words.pair, "");
        bars(ui, scene, &listed(scene, scene.classes()));
    }
    if trace.second.is_none() && trace.is_complete() {
        let muted = theme::tokens(ui).muted;
        ui.label(RichText::new(scene.words.pair_none).size(SMALL).color(muted));
    }
}

/// Candidates as bars: name, share, and what a pointer is told.
fn listed(scene: &Scene<'_>, candidates: &[Candidate]) -> Vec<(String, f32, String)> {
    let of = |candidate: &Candidate| {
        let hover = (scene.words.candidate)(candidate.id, candidate.logit);
        (shown(&candidate.text), candidate.p, hover)
    };
    candidates.iter().take(ROWS).map(of).collect()
}

fn bars(ui: &mut Ui, scene: &Scene<'_>, said: &[(String, f32, String)]) {
    let tokens = theme::tokens(ui);
    // What some classifiers say is a number, no share
    let number = scene
        .trace
        .and_then(|trace| trace.spec.classifier())
        .is_some_and(|(head, name)| name == "head" && head.outcome == Outcome::Values);
    let best = said.iter().map(|said| said.1.abs()).fold(f32::MIN_POSITIVE, f32::max);
    for (name, p, hover) in said {
        let value = if number { format!("{p:.4}") } else { percent(f64::from(*p), 1) };
        let line = Line {
            name,
            mono: true,
            name_width: 96.0,
            share: p.max(0.0) / best,
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
        let value = format!("{before:.1} → {after:.1} %");
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
