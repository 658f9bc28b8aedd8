//! The menu of a word that may come next, and of a way that was taken.

use crate::app::{
    command::Command,
    layout::Pane,
    lensing::LensChoice,
    reasons::SaidState,
    scene::{Out, Scene},
};
use egui::Ui;

/// What can be asked about a word, and done with it; `write` is what writing it is called.
pub(super) fn of_word(ui: &mut Ui, scene: &Scene<'_>, (id, text): (u32, &str), write: String, out: &mut Out) {
    let words = scene.words.menus;
    let said = SaidState { word: Some(id), ..scene.state.said };
    let lens = LensChoice { word: Some(id), ..scene.state.lens };
    let mut entry = |ui: &mut Ui, name: String, commands: Vec<Command>| {
        if ui.button(name).clicked() {
            out.commands.extend(commands);
            ui.close();
        }
    };
    entry(ui, write, vec![Command::WriteNext(id)]);
    entry(
        ui,
        words.take_apart.to_owned(),
        vec![Command::SetSaid(said), Command::ShowPane(Pane::Attribution)],
    );
    entry(ui, words.follow.to_owned(), vec![Command::SetLens(lens), Command::ShowPane(Pane::Lens)]);
    ui.separator();
    entry(ui, words.copy_text.to_owned(), vec![Command::Copy(text.to_owned())]);
    entry(ui, (words.copy_id)(id), vec![Command::Copy(id.to_string())]);
}

/// The same for one of the ways taken: its tokens, and its whole text.
pub(super) fn of_way(ui: &mut Ui, scene: &Scene<'_>, (ids, text): (&[u32], &str), out: &mut Out) {
    let words = scene.words.menus;
    if ui.button(words.go_back).clicked() {
        out.send(Command::EditTokens(ids.to_vec()));
        ui.close();
    }
    if ui.button(words.copy_text).clicked() {
        out.send(Command::Copy(text.to_owned()));
        ui.close();
    }
}
