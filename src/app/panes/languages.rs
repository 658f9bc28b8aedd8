//! Which languages the prompt and the target are in, where the model marks its texts with them.

use crate::{
    app::{
        command::Command,
        scene::{Out, Scene},
        theme::{self, SMALL},
        widgets,
    },
    engine::Languages,
    model::Tokenizer,
};
use egui::{RichText, Ui};

/// Draws a choice for each text that is marked; nothing for other models.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let [source, target] = scene.markers();
    if source.is_none() && target.is_none() {
        return;
    }
    let words = &scene.words.text_languages;
    let now = &scene.state.languages;
    ui.horizontal_wrapped(|ui| {
        if let Some(tokenizer) = source {
            let usual = tokenizer.usual_language();
            let usual = usual.map_or_else(|| words.usual.to_owned(), words.usual_named);
            one(ui, [words.from, words.from_why], tokenizer, &usual, now.source.as_deref(), &mut |source| {
                out.send(Command::SetTextLanguages(Languages { source, ..now.clone() }));
            });
        }
        if let Some(tokenizer) = target {
            let (name, usual) = ([words.into, words.into_why], words.usual);
            one(ui, name, tokenizer, usual, now.target.as_deref(), &mut |target| {
                out.send(Command::SetTextLanguages(Languages { target, ..now.clone() }));
            });
        }
    });
    ui.add_space(4.0);
}

/// One choice; `choose` hears what was chosen.
fn one(
    ui: &mut Ui,
    [name, why]: [&str; 2],
    tokenizer: &Tokenizer,
    usual: &str,
    now: Option<&str>,
    choose: &mut dyn FnMut(Option<String>),
) {
    widgets::choice(ui, name, now.unwrap_or(usual), |ui| {
        ui.label(RichText::new(why).size(SMALL).color(theme::tokens(ui).muted));
        if ui.selectable_label(now.is_none(), usual).clicked() {
            choose(None);
        }
        for (code, _) in tokenizer.languages() {
            if ui.selectable_label(now == Some(code.as_str()), code).clicked() {
                choose(Some(code.clone()));
            }
        }
    });
}
