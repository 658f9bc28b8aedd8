//! Dialogs that ask for a path: of a model, a session, a text, an atlas, a folder to save in.

use super::{Ask, buttons, text_field, title};
use crate::app::{
    charting::{AtlasAct, AtlasChoice, AtlasPath, Source},
    command::Command,
    panes::shelf,
    scene::{Out, Scene},
    theme,
    training::{Act, Choice},
    widgets,
};
use crate::train::Task;
use egui::{RichText, Ui};
use std::path::PathBuf;

pub(super) fn open(ui: &mut Ui, path: &mut String, scene: &Scene<'_>, out: &mut Out, ask: &mut Option<Ask>) {
    let words = scene.words;
    title(ui, words.open_title, words.open_what);
    let entered = text_field(ui, words.open_path, path);
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        if ui.add(widgets::outlined(ui, words.open_folder)).clicked() {
            *ask = Some(Ask::Folder);
        }
        if ui.add(widgets::outlined(ui, words.open_file)).clicked() {
            *ask = Some(Ask::File);
        }
        ui.label(RichText::new(words.open_drop).color(theme::tokens(ui).muted));
    });
    ui.add_space(12.0);
    shelf::on_this_machine(ui, scene, out);
    if !scene.settings.recent.is_empty() {
        ui.add_space(12.0);
        widgets::section(ui, words.recent);
        for recent in &scene.settings.recent {
            let name = recent.display().to_string();
            let button =
                egui::Button::new(RichText::new(&name).font(theme::mono(12.0))).frame(false).truncate();
            if ui.add(button).clicked() {
                out.send(Command::OpenModel(recent.clone()));
            }
        }
    }
    let ready = !path.trim().is_empty();
    if buttons(ui, scene, words.open, ready, out) || (entered && ready) {
        out.send(Command::OpenModel(PathBuf::from(path.trim())));
    }
}

/// What a dialog that asks for one path says, and which of the system's own dialogs it offers.
struct Says<'a> {
    title: &'a str,
    what: &'a str,
    /// Name of the field.
    field: &'a str,
    /// What confirms it.
    go: &'a str,
    offers: &'a [(&'a str, Ask)],
}

/// Asks for the path; gives it back once it is confirmed.
fn asked(
    ui: &mut Ui,
    path: &mut String,
    says: &Says<'_>,
    scene: &Scene<'_>,
    out: &mut Out,
    ask: &mut Option<Ask>,
) -> Option<PathBuf> {
    title(ui, says.title, says.what);
    let entered = text_field(ui, says.field, path);
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        for &(name, dialog) in says.offers {
            if ui.add(widgets::outlined(ui, name)).clicked() {
                *ask = Some(dialog);
            }
        }
    });
    let ready = !path.trim().is_empty();
    let go = buttons(ui, scene, says.go, ready, out) || (entered && ready);
    go.then(|| PathBuf::from(path.trim()))
}

pub(super) fn session(
    ui: &mut Ui,
    path: &mut String,
    scene: &Scene<'_>,
    out: &mut Out,
    ask: &mut Option<Ask>,
) {
    let (words, own) = (scene.words, &scene.words.session);
    let offers = [(words.export_browse, Ask::Save)];
    let says = Says { title: own.title, what: own.what, field: own.path, go: words.save, offers: &offers };
    if let Some(path) = asked(ui, path, &says, scene, out, ask) {
        out.send(Command::SaveSession(path));
    }
}

pub(super) fn save_training(
    ui: &mut Ui,
    path: &mut String,
    scene: &Scene<'_>,
    out: &mut Out,
    ask: &mut Option<Ask>,
) {
    let (words, own) = (scene.words, scene.words.train);
    let offers = [(words.open_folder, Ask::Folder)];
    let says =
        Says { title: own.save, what: own.save_what, field: own.folder, go: words.save, offers: &offers };
    if let Some(path) = asked(ui, path, &says, scene, out, ask) {
        out.send(Command::Train(Act::Save(path)));
        out.send(Command::CloseDialog);
    }
}

pub(super) fn text(ui: &mut Ui, path: &mut String, scene: &Scene<'_>, out: &mut Out, ask: &mut Option<Ask>) {
    let (words, own) = (scene.words, scene.words.train);
    let offers = [(words.open_file, Ask::File)];
    let says =
        Says { title: own.text, what: own.text_what, field: own.text_file, go: words.open, offers: &offers };
    if let Some(path) = asked(ui, path, &says, scene, out, ask) {
        let choice = Choice { task: Task::Text, text: Some(path), ..scene.live.choice.clone() };
        out.send(Command::Train(Act::Choose(choice)));
        out.send(Command::CloseDialog);
    }
}

pub(super) fn atlas(
    ui: &mut Ui,
    what: AtlasPath,
    path: &mut String,
    scene: &Scene<'_>,
    out: &mut Out,
    ask: &mut Option<Ask>,
) {
    let (words, own) = (scene.words, scene.words.atlas);
    let open = [(words.open_folder, Ask::Folder), (words.open_file, Ask::File)];
    let save = [(words.export_browse, Ask::Save)];
    let (title, about, field, go, offers) = match what {
        AtlasPath::Text => (own.text_title, own.text_what, own.text_path, words.open, &open[..]),
        AtlasPath::Open => (own.open_title, own.open_what, own.path, words.open, &open[..]),
        AtlasPath::Save => (own.save_title, own.save_what, own.path, words.save, &save[..]),
    };
    let says = Says { title, what: about, field, go, offers };
    if let Some(path) = asked(ui, path, &says, scene, out, ask) {
        out.send(Command::Atlas(match what {
            AtlasPath::Text => {
                let source = Source::Corpus(path);
                AtlasAct::Choose(AtlasChoice { source, ..scene.state.atlas.clone() })
            }
            AtlasPath::Open => AtlasAct::Open(path),
            AtlasPath::Save => AtlasAct::Save(path),
        }));
        out.send(Command::CloseDialog);
    }
}
