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

/// Languages that are seen at once without searching.
const FEW: usize = 30;

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
            one(
                ui,
                [words.from, words.from_why, words.find],
                tokenizer,
                &usual,
                now.source.as_deref(),
                &mut |source| {
                    out.send(Command::SetTextLanguages(Languages { source, ..now.clone() }));
                },
            );
        }
        if let Some(tokenizer) = target {
            let (name, usual) = ([words.into, words.into_why, words.find], words.usual);
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
    [name, why, find]: [&str; 3],
    tokenizer: &Tokenizer,
    usual: &str,
    now: Option<&str>,
    choose: &mut dyn FnMut(Option<String>),
) {
    // It stays open where one types into it
    widgets::choices(ui, name, now.unwrap_or(usual), |ui| {
        ui.label(RichText::new(why).size(SMALL).color(theme::tokens(ui).muted));
        let wanted = if tokenizer.languages().len() > FEW { narrowed(ui, find) } else { String::new() };
        if ui.selectable_label(now.is_none(), usual).clicked() {
            choose(None);
            ui.close();
        }
        let codes = tokenizer.languages().iter().map(|(code, _)| code);
        for code in codes.filter(|code| code.to_lowercase().contains(&wanted)) {
            if ui.selectable_label(now == Some(code.as_str()), code).clicked() {
                choose(Some(code.clone()));
                ui.close();
            }
        }
    });
}

/// A field above a long list; gives what is typed in it, in lower case.
fn narrowed(ui: &mut Ui, hint: &str) -> String {
    let id = ui.scope_id().with("languages");
    let mut typed: String = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let field = egui::TextEdit::singleline(&mut typed).hint_text(hint).desired_width(140.0);
    let response = ui.add(field);
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, &typed, &typed, hint);
        info.label = Some(hint.to_owned());
        info
    });
    ui.data_mut(|data| data.insert_temp(id, typed.clone()));
    typed.trim().to_lowercase()
}
