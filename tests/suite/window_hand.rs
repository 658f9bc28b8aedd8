//! Contract: what hands do at a window: every key sends its own command, whatever is dropped is opened or said, typing
//! fills the history once, and what could not be read or kept is told.

use crate::files::write;
use crate::parity::fixtures;
use crate::window::{Dropped, PROMPT, seasoned, send, until, window, window_of};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::app::{
    Dialog, Window,
    charting::AtlasPath,
    command::{Command, CommandKind},
    document::Keeper,
    layout::Preset,
    settings::Settings,
};
use mnemoscope::engine::ModelSource;
use std::path::PathBuf;
use strum::IntoEnumIterator as _;

#[test]
fn every_key_sends_its_own_command_and_no_other() {
    for kind in CommandKind::iter() {
        let Some(keys) = kind.shortcut() else { continue };
        // As a window sends it
        let modifiers = egui::Modifiers { ctrl: keys.modifiers.command, ..keys.modifiers };
        let event = egui::Event::Key {
            key: keys.logical_key,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers,
        };
        let input = egui::RawInput { events: vec![event], ..egui::RawInput::default() };
        let mut sent = Vec::new();
        let _ = egui::Context::default().run_ui(input, |ui| sent.extend(CommandKind::pressed(ui.ctx())));
        assert_eq!(sent, [kind], "{keys:?}");
    }
}

fn drop_files(harness: &mut Harness<'_, Window>, files: &[PathBuf]) {
    let dropped = &mut harness.input_mut().dropped_files;
    for file in files {
        dropped.push(std::sync::Arc::new(Dropped(file.clone())));
    }
    harness.run_steps(2);
}

#[test]
fn a_prompt_and_a_model_dropped_together_are_both_opened_and_the_rest_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        write(&path, text);
        path
    };
    let (one, two) = (file("one.txt", "5 1 7 3\n"), file("two.txt", "1 2 3\n"));
    let model = fixtures().join("llama-tied");
    let mut harness = window();
    // Over a dialog, which is in the way
    send(&mut harness, Command::ShowHelp);
    drop_files(&mut harness, &[model.clone(), one.clone(), two.clone()]);
    let opened = ModelSource::Path(model);
    until(&mut harness, |window| {
        window.session.source.as_ref() == Some(&opened) && window.session.busy.is_none()
    });
    assert_eq!(harness.state().dialog, Dialog::None);
    assert_eq!(harness.state().state.prompt, "5 1 7 3");
    let banner = harness.state().session.banner.clone().expect("a notice");
    assert!(!banner.error && banner.what.contains("1 more"), "{banner:?}");

    // Where two runs are compared, two prompts are the two
    send(&mut harness, Command::SetLayout(Preset::Compare.id().to_owned()));
    drop_files(&mut harness, &[two, one]);
    let state = &harness.state().state;
    assert_eq!((state.prompt.as_str(), state.compare.prompt.as_str()), ("1 2 3", "5 1 7 3"));
}

#[test]
fn a_dialog_that_asks_for_a_file_takes_the_dropped_one() {
    let mut harness = window();
    let text = PathBuf::from("/a/book.txt");
    for dialog in
        [Dialog::Text { path: String::new() }, Dialog::Atlas { what: AtlasPath::Text, path: String::new() }]
    {
        harness.state_mut().dialog = dialog;
        drop_files(&mut harness, std::slice::from_ref(&text));
        let (Dialog::Text { path } | Dialog::Atlas { path, .. }) = &harness.state().dialog else {
            panic!("{:?}", harness.state().dialog)
        };
        assert_eq!(path, "/a/book.txt");
    }
    assert_eq!(harness.state().state.prompt, PROMPT, "nothing was opened");
}

#[test]
fn a_prompt_that_runs_while_it_is_typed_is_one_entry_of_the_history() {
    let mut settings = Settings::default();
    for text in ["Once", "Once upon", "Once upon a time"] {
        settings.note(text, true);
    }
    settings.note("Once upon", true); // on the way to something else
    assert_eq!(settings.history, ["Once upon a time"]);
    settings.note("Once more", true);
    settings.note("Once more", false);
    settings.note("Once more again", true); // that one was asked for: it stays
    assert_eq!(settings.history, ["Once more again", "Once more", "Once upon a time"]);

    let mut harness = window_of([1280.0, 800.0], Settings { live: true, ..seasoned() }, Some(PROMPT));
    for text in ["A dog", "A dog ran", "A dog ran home"] {
        let run = harness.state().session.run;
        send(&mut harness, Command::EditPrompt(text.to_owned()));
        until(&mut harness, |window| window.session.run != run && window.session.busy.is_none());
    }
    assert_eq!(harness.state().settings.history, ["A dog ran home"]);
}

#[test]
fn the_palettes_own_keys_begin_it_anew_and_what_is_set_already_comes_last() {
    let mut harness = window();
    send(&mut harness, Command::Palette);
    let field = |harness: &mut Harness<'_, Window>, text: &str| {
        harness.get_by_label("Search views, heads, commands").type_text(text);
        harness.run_steps(2);
    };
    field(&mut harness, "viridis");
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::K);
    harness.run_steps(2);
    field(&mut harness, "dark theme");
    let Dialog::Palette { query, .. } = &harness.state().dialog else { panic!("it is open") };
    assert_eq!(query, "dark theme", "typed over what was there");
    // The window is dark: the other theme is what there is to choose
    harness.get_by(|node| node.label().as_deref() == Some("Dark theme") && node.is_disabled());
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
    assert_eq!(harness.state().settings.dark, Some(false));
    send(&mut harness, Command::Palette);
    field(&mut harness, "show log");
    harness.get_by_role_and_label(egui::Role::Button, "Log");
}

#[test]
fn settings_that_do_not_read_are_kept_beside_and_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("window.json");
    let load = |text: &str| {
        write(&file, text);
        Settings::load_from(&file)
    };
    let whole = load(r#"{"dark": true, "history": ["a"], "unheard": 1}"#);
    assert_eq!((whole.dark, whole.broken), (Some(true), None), "what a later version says is no fault");
    // One field of another version costs that field
    let part = load(r#"{"dark": true, "layout": 7, "history": ["a"]}"#);
    assert_eq!((part.dark, &part.history[..]), (Some(true), &["a".to_owned()][..]));
    assert_eq!(part.layout, Settings::default().layout);
    let text = r#"{"dark": tru"#;
    let none = load(text);
    let copy = none.broken.clone().expect("a copy");
    assert_eq!(std::fs::read_to_string(&copy).expect("kept"), text);
    assert_eq!(Settings { broken: None, ..none.clone() }, Settings::default());

    let settings = Settings { broken: none.broken, ..seasoned() };
    let mut harness = window_of([1280.0, 800.0], settings, Some(PROMPT));
    harness.state_mut().keep_session(Keeper::default());
    harness.run_steps(2);
    harness.get_by_label_contains(&copy.display().to_string());
}

#[test]
fn what_cannot_be_kept_is_told_once() {
    let folder = tempfile::tempdir().expect("a folder");
    // A file where the folder should be
    let place = folder.path().join("open");
    write(&place, "");
    let mut harness = window();
    harness.state_mut().keep_session(Keeper::into(Some(place)));
    harness.run_steps(2);
    let head = |head| Command::SelectHead(mnemoscope::model::HeadId { layer: 0, head });
    send(&mut harness, head(1));
    until(&mut harness, |window| window.session.banner.as_ref().is_some_and(|banner| banner.error));
    let banner = harness.state().session.banner.clone().expect("told");
    assert!(banner.what.contains("cannot be kept") && banner.hint.is_some(), "{banner:?}");
}

#[test]
fn a_kept_session_that_does_not_read_stays_and_is_offered_once() {
    let folder = tempfile::tempdir().expect("a folder");
    // Of no process: numbers end before this one
    let file = folder.path().join("4294967294.mnemo");
    write(&file, "{broken");
    let mut harness = window();
    harness.state_mut().keep_session(Keeper::into(Some(folder.path().to_owned())));
    harness.run_steps(2);
    harness.get_by_label("Bring it back").click();
    harness.run_steps(2);
    harness.get_by_label_contains("not a session of Mnemoscope");
    assert!(file.with_extension("mnemo.broken").exists() && !file.exists());
    assert!(Keeper::into(Some(folder.path().to_owned())).orphan().is_none());
}

#[test]
fn a_session_goes_into_no_folder_that_nobody_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mispelt/talk.mnemo");
    let mut harness = window();
    send(&mut harness, Command::SaveSession(path.clone()));
    until(&mut harness, |window| window.session.exporting.is_none());
    let banner = harness.state().session.banner.clone().expect("told");
    assert!(banner.error && banner.hint.is_some_and(|hint| hint.contains("make it first")));
    assert!(!folder.path().join("mispelt").exists());
    assert!(harness.state().settings.recent.is_empty(), "there is nothing to open again");
    let path = folder.path().join("talk.mnemo");
    send(&mut harness, Command::SaveSession(path.clone()));
    until(&mut harness, |window| window.session.exporting.is_none());
    assert_eq!(harness.state().settings.recent, [path]);
}
