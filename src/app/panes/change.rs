//! The dialog that asks what a change still wants: another prompt, a word, two texts, a file, a step, a strength.

use super::{
    dialogs::{Ask, buttons, text_field, title},
    left::Field,
};
use crate::app::{
    command::Command,
    drafting::{Answers, Draft},
    scene::{Out, Scene},
    theme,
    widgets::{self, focus},
};
use crate::trace::Trace;
use egui::{DragValue, RichText, Slider, Ui};

/// Draws it.
pub(super) fn show(
    ui: &mut Ui,
    draft: &Draft,
    answers: &mut Answers,
    scene: &Scene<'_>,
    out: &mut Out,
    ask: &mut Option<Ask>,
) {
    let words = &scene.words.changes;
    let n = scene.clean.map_or(0, Trace::n_tokens);
    title(ui, (words.draft)(draft), &draft.begin());
    let mut entered = false;
    match draft {
        Draft::Forget { .. } => {
            ui.horizontal(|ui| {
                let label = ui.label(words.step);
                ui.add(DragValue::new(&mut answers.step).range(0..=100_000)).labelled_by(label.id);
                ui.label(RichText::new((words.step_is)(n + answers.step)).color(theme::tokens(ui).muted));
            });
        }
        Draft::Patch { .. } => prompt(ui, words.other_prompt, &mut answers.text),
        Draft::AddTexts { .. } => {
            prompt(ui, words.first_text, &mut answers.text);
            ui.add_space(8.0);
            prompt(ui, words.second_text, &mut answers.other);
        }
        Draft::AddWord { .. } => entered = text_field(ui, words.word, &mut answers.text),
        Draft::Mean { .. } | Draft::Pattern { .. } | Draft::AddFile { .. } => {
            entered = text_field(ui, words.file, &mut answers.text);
            ui.add_space(6.0);
            if ui.add(widgets::outlined(ui, scene.words.open_file)).clicked() {
                *ask = Some(Ask::File);
            }
        }
    }
    if draft.wants_strength() {
        ui.add_space(10.0);
        ui.horizontal(|ui| {
            let label = ui.label(words.strength);
            let mut strength = answers.hundredths as f32 / 100.0;
            let slider = Slider::new(&mut strength, -10.0..=10.0).step_by(0.05).max_decimals(2);
            if focus::slide(ui, slider).labelled_by(label.id).changed() {
                answers.hundredths = (strength * 100.0).round() as i32;
            }
        });
    }
    ui.add_space(8.0);
    ui.label(RichText::new((words.draft_why)(draft)).size(12.0).color(theme::tokens(ui).muted));
    let change = draft.change(answers, n);
    if let Some(change) = &change {
        ui.label(RichText::new(change.to_string()).font(theme::mono(12.0)).color(theme::tokens(ui).muted));
    }
    let go = buttons(ui, scene, words.make, change.is_some(), out) || entered;
    if let Some(change) = change.filter(|_| go) {
        out.send(Command::Intervene(change));
        out.send(Command::CloseDialog);
    }
}

/// A text of a few lines.
fn prompt(ui: &mut Ui, name: &'static str, text: &mut String) {
    let field = Field { name, hint: "", id: ui.scope_id().with(name), rows: 3, highest: 160.0 };
    if let Some(typed) = field.show(ui, text) {
        *text = typed;
    }
}
