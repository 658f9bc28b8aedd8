//! The log as a list, the latest on top; a switch for how grave, a button that copies it.

use crate::app::{
    command::Command,
    journal::{Level, spelled},
    scene::{Out, Scene},
    theme::{self, BODY},
    widgets::{self, segments},
};
use egui::{Align2, RichText, ScrollArea, Sense, Ui, vec2};
use strum::IntoEnumIterator as _;

const ROW: f32 = 24.0;
/// Room for the time of day, and for how long something took.
const TIME: f32 = 72.0;
const TOOK: f32 = 72.0;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, least) = (&scene.words.journal, scene.state.logged);
    let shown: Vec<_> = scene.journal.of(least).rev().collect();
    widgets::header(ui, words.title, &(words.subtitle)(shown.len(), scene.journal.len()), |ui| {
        if ui.add(widgets::outlined(ui, words.copy)).clicked() {
            out.send(Command::Copy(scene.journal.text(least)));
        }
        let levels: Vec<Level> = Level::iter().collect();
        let choices: Vec<(&str, bool)> =
            levels.iter().map(|&level| ((words.level)(level), level == least)).collect();
        if let Some(chosen) = segments::show(ui, &choices) {
            out.send(Command::SetLogged(levels[chosen]));
        }
    });
    if shown.is_empty() {
        return widgets::empty(ui, words.empty, "");
    }
    let tokens = theme::tokens(ui);
    let room = ui.available_rect_before_wrap().shrink2(vec2(12.0, 4.0));
    let mut inner = ui.new_child(egui::UiBuilder::new().max_rect(room));
    ScrollArea::vertical().auto_shrink(false).show_rows(&mut inner, ROW, shown.len(), |ui, rows| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for entry in &shown[rows] {
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
            let color = match entry.level {
                Level::Info => tokens.text,
                Level::Warning => tokens.accent_text,
                Level::Error => tokens.error,
            };
            let took = entry.took.map(spelled).unwrap_or_default();
            let say = format!("{} {} {took}", entry.at, entry.what);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &say));
            let put = |anchor: Align2, at, text: &str, font, width, color| {
                let galley = widgets::short(ui, text, font, width, color);
                ui.painter().galley(anchor.anchor_size(at, galley.size()).min, galley, color);
            };
            put(Align2::LEFT_CENTER, rect.left_center(), &entry.at, theme::mono(12.0), TIME, tokens.muted);
            let from = rect.left_center() + vec2(TIME, 0.0);
            let width = rect.width() - TIME - TOOK - 8.0;
            put(Align2::LEFT_CENTER, from, &entry.what, theme::body(BODY), width, color);
            put(Align2::RIGHT_CENTER, rect.right_center(), &took, theme::mono(12.0), TOOK, tokens.muted);
            response.on_hover_text(RichText::new(&entry.what));
        }
    });
    ui.allocate_rect(room, Sense::hover());
}
