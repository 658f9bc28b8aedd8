//! Contract: the export dialog shows the figure that it will write, with a caption to paste, and a picture goes to the
//! clipboard.

use crate::window::{send, until, until_seen, window_with};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use mnemoscope::app::{
    Dialog, Window,
    command::Command,
    exporting::{Finish, Piece},
    words::Language,
};
use mnemoscope::export::{FirstToken, Preset};
use mnemoscope::model::HeadId;
use std::time::{Duration, Instant};

fn window() -> Harness<'static, Window> {
    let mut harness = window_with("Mary has a red ball. Tom has a blue kite.");
    send(&mut harness, Command::SelectHead(HeadId { layer: 1, head: 2 }));
    harness
}

/// Steps until something with this label is there.
#[track_caller]
fn wait_for(harness: &mut Harness<'_, Window>, label: &str) {
    until_seen(harness, label, |harness| harness.query_by_label(label).is_some());
}

/// The caption in the dialog, by the words that it begins with.
fn caption(harness: &Harness<'_, Window>) -> Option<String> {
    let node = harness.query_by_label_contains("Attention weights of")?;
    node.accesskit_node().label().or_else(|| node.accesskit_node().value())
}

#[test]
fn the_dialog_shows_the_figure_its_caption_and_what_makes_it_again() {
    let mut harness = window();
    send(&mut harness, Command::AskForExport(Piece::Head));
    wait_for(&mut harness, "Copy caption");
    harness.get_by_label("Preview of the figure");
    let before = caption(&harness).expect("a caption");
    for words in ["layer 1, head 2", "Mary has a red ball", "--pick 1.2", env!("CARGO_PKG_VERSION")] {
        assert!(before.contains(words), "`{words}` is not in: {before}");
    }
    if let Dialog::Export { finish, .. } = &mut harness.state_mut().dialog {
        *finish = Finish { preset: Some(Preset::Paper), first: FirstToken::Hide, ..*finish };
    }
    until_seen(&mut harness, "what the preview follows", |harness| {
        caption(harness).is_some_and(|text| text.contains("--preset paper --first-token hide"))
    });
    // Numbers have no picture
    if let Dialog::Export { path, .. } = &mut harness.state_mut().dialog {
        *path = path.replace(".png", ".npz");
    }
    harness.run_ok();
    assert!(harness.query_by_label("Copy caption").is_none());
}

#[test]
fn a_figure_is_written_as_it_was_finished() {
    let mut harness = window();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("head.svg");
    let finish = Finish { preset: Some(Preset::Paper), transparent: true, ..Finish::default() };
    send(&mut harness, Command::Export { path: path.clone(), piece: Piece::Head, finish });
    until(&mut harness, |window| window.session.exporting.is_none());
    let svg = std::fs::read_to_string(path).expect("written");
    assert!(svg.contains("width=\"317.48\""), "84 mm at 96 dpi: {svg:.200}");
}

#[test]
fn a_picture_goes_to_the_clipboard() {
    let mut harness = window();
    harness.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::ALT, egui::Key::C);
    let start = Instant::now();
    let image = loop {
        harness.step();
        let commands = &harness.output().platform_output.commands;
        let copied = commands.iter().find_map(|command| match command {
            egui::OutputCommand::CopyImage(image) => Some(image.clone()),
            _ => None,
        });
        if let Some(image) = copied {
            break image;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "nothing was copied");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(image.width() > 400 && image.height() > 400, "{:?}", image.size);
    harness.run_ok();
    assert!(harness.state().session.banner.as_ref().is_some_and(|banner| !banner.error));
}

#[test]
fn a_caption_is_in_the_windows_language_until_another_is_chosen() {
    let mut harness = window();
    send(&mut harness, Command::SetLanguage(Language::Chinese));
    send(&mut harness, Command::AskForExport(Piece::Head));
    until_seen(&mut harness, "a Chinese caption", |harness| {
        harness.query_by_label_contains("的注意力权重，第 1 层，头 2").is_some()
    });
    let said = harness.get_by_label_contains("的注意力权重").accesskit_node();
    let said = said.label().or_else(|| said.value()).expect("a caption");
    assert!(said.contains("--lang zh"), "{said}");
    // It is kept with the recipe
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("head.png");
    let Dialog::Export { piece, finish, .. } = harness.state().dialog.clone() else { panic!("a dialog") };
    send(&mut harness, Command::SaveRecipe { path: path.clone(), piece, finish });
    until(&mut harness, |window| window.session.exporting.is_none());
    let recipe = std::fs::read_to_string(path.with_extension("toml")).expect("a recipe");
    assert!(recipe.contains("lang = \"zh\""), "{recipe}");
    send(&mut harness, Command::AskForExport(Piece::Head));
    until_seen(&mut harness, "a Chinese caption", |harness| {
        harness.query_by_label_contains("的注意力权重").is_some()
    });
    harness.get_by_label("English").click();
    until_seen(&mut harness, "an English caption", |harness| caption(harness).is_some());
    assert!(!caption(&harness).expect("a caption").contains("--lang"));
}
