//! The dialog that opens a second model.

use crate::app::{
    command::Command,
    document::Reference,
    panes::dialogs::{Ask, buttons, text_field, title},
    scene::{Out, Scene},
    theme, widgets,
};
use egui::{RichText, Ui};
use std::path::PathBuf;

/// Draws it.
pub fn show(ui: &mut Ui, path: &mut String, scene: &Scene<'_>, out: &mut Out, ask: &mut Option<Ask>) {
    let words = scene.words;
    title(ui, words.compare.open_title, words.compare.open_what);
    let entered = text_field(ui, words.open_path, path);
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        if ui.add(widgets::outlined(ui, words.open_folder)).clicked() {
            *ask = Some(Ask::Folder);
        }
        if ui.add(widgets::outlined(ui, words.open_file)).clicked() {
            *ask = Some(Ask::File);
        }
    });
    ui.add_space(12.0);
    widgets::section(ui, words.on_this_machine);
    let models = scene.shelf.models.iter().flatten();
    egui::ScrollArea::vertical().max_height(210.0).id_salt("second shelf").show(ui, |ui| {
        for model in models {
            let name = RichText::new(&model.name).font(theme::mono(12.0));
            if ui.add(egui::Button::new(name).frame(false).truncate()).clicked() {
                let reference = match &model.path {
                    Some(_) => Reference::Path(PathBuf::from(&model.name)),
                    None => Reference::Embedded,
                };
                out.send(Command::OpenSecond(Some(reference)));
            }
        }
    });
    let ready = !path.trim().is_empty();
    if buttons(ui, scene, words.open, ready, out) || (entered && ready) {
        out.send(Command::OpenSecond(Some(Reference::Path(PathBuf::from(path.trim())))));
    }
}
