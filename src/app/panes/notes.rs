//! Notes pinned to cells: a list that leads back to each.

use crate::app::{
    command::Command,
    scene::{Out, Scene},
    theme::{self, BODY},
    widgets,
};
use egui::{RichText, Ui};

/// Draws the list; nothing where there is none.
pub(super) fn list(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    if scene.state.notes.is_empty() {
        return;
    }
    let (words, tokens) = (&scene.words.session, theme::tokens(ui));
    widgets::section(ui, words.notes);
    for (index, note) in scene.state.notes.iter().enumerate() {
        let head = scene.with_role(note.head.label(), note.head);
        let at = (words.note_at)(&head, &note.query.to_string(), &note.key.to_string());
        ui.horizontal(|ui| {
            let place =
                egui::Button::new(RichText::new(&at).font(theme::mono(12.0)).color(tokens.accent_text));
            if ui.add(place.frame(false)).clicked() {
                out.send(Command::GoToNote(index));
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let response = widgets::cross(ui, BODY, &format!("{} {at}", words.remove_note));
                if response.on_hover_text(words.remove_note).clicked() {
                    out.send(Command::RemoveNote(index));
                }
            });
        });
        ui.label(RichText::new(&note.text).size(BODY).color(tokens.text));
        ui.add_space(6.0);
    }
    ui.add_space(12.0);
}
