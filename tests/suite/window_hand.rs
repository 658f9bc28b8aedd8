//! Contract: what hands do at a window: every key sends its own command, whatever is dropped is opened or said, typing
//! fills the history once, and what could not be read or kept is told.

use crate::cli::{object, program};
use crate::files::{copy_of, write};
use crate::parity::fixtures;
use crate::window::{
    Dropped, PROMPT, click_at, seasoned, send, until, until_seen, window, window_of, window_on,
};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::app::{
    Dialog, Window,
    charting::AtlasPath,
    command::{Command, CommandKind},
    document::Keeper,
    exporting::{Finish, Piece},
    layout::{Pane, Preset},
    settings::Settings,
    training::{Act, Choice},
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
        let ctx = egui::Context::default();
        ctx.run_ui(input, |ui| sent.extend(CommandKind::pressed(ui.ctx()))).textures_delta.clear();
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

    // What runs by itself once the keys have rested, however slow the machine is
    let mut harness = window_of([1280.0, 800.0], Settings { live: true, ..seasoned() }, Some(PROMPT));
    let ctx = harness.ctx.clone();
    for text in ["A dog", "A dog ran", "A dog ran home"] {
        harness.state_mut().apply(&ctx, Command::EditPrompt(text.to_owned()));
        std::thread::sleep(std::time::Duration::from_millis(230));
        harness.state_mut().apply(&ctx, Command::RunPrompt);
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
    send(&mut harness, Command::Palette);
    field(&mut harness, "close this pane");
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
    assert_eq!(harness.state().dialog, Dialog::None, "as the pane's own menu calls it");
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

/// Sees to it that a place's menu has these entries, and takes the last of them.
#[track_caller]
fn menu(harness: &mut Harness<'_, Window>, at: egui::Pos2, entries: &[&str]) {
    click_at(harness, at, egui::PointerButton::Secondary);
    harness.run_steps(2);
    let [.., last] = entries else { panic!("no entries") };
    for entry in entries {
        let found = harness.query_all_by_label_contains(entry).next().is_some();
        assert!(found, "`{entry}` is not in the menu");
    }
    harness.get_all_by_label_contains(last).next().expect("an entry").click();
    harness.run_steps(3);
}

#[test]
fn words_and_weights_have_menus() {
    let mut harness = window();
    send(&mut harness, Command::ShowPane(Pane::Next));
    send(&mut harness, Command::Maximise(Some(Pane::Next)));
    until(&mut harness, |window| window.session.next.get().is_some());
    let word = harness.state().session.next.get().expect("candidates").list[1].0;
    let list: Vec<egui::Rect> = harness
        .get_all_by(|node| node.label().is_some_and(|label| label.contains('%')))
        .map(|node| node.rect())
        .collect();
    let second = list.iter().filter(|rect| rect.height() < 40.0).nth(1).expect("a second candidate").center();
    let entries = ["Copy the text", "Copy the id", "Take its logit apart", "Follow its rank"];
    menu(&mut harness, second, &entries);
    assert_eq!(harness.state().state.lens.word, Some(word));
    assert_eq!(harness.state().state.maximised, None, "the lens is in sight");
    for _ in 0..2 {
        send(&mut harness, Command::Undo);
    }
    assert_eq!(harness.state().state.lens.word, None, "the word and the pane: two steps back");

    send(&mut harness, Command::Maximise(Some(Pane::Weights)));
    let line = harness.get_by_label("blocks.0.attn.W_Q").rect().center();
    menu(&mut harness, line, &["Copy the name in the file", "Copy the name"]);
}

#[test]
fn own_layouts_are_renamed_and_a_torn_pane_goes_home() {
    let mut harness = window();
    send(&mut harness, Command::ClosePane(Pane::Heads));
    send(&mut harness, Command::SaveLayout("mine".to_owned()));
    let tiles = harness.state().tree().clone();
    send(&mut harness, Command::TearOff(Pane::Head));
    assert_ne!(*harness.state().tree(), tiles);
    send(&mut harness, Command::Dock(Pane::Head));
    assert_eq!(*harness.state().tree(), tiles, "where it was");

    send(&mut harness, Command::Palette);
    harness.get_by_label("Search views, heads, commands").type_text("rename mine");
    harness.run_steps(2);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
    harness.get_by_label("Name of the layout").type_text("lecture");
    harness.run_steps(2);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
    let state = &harness.state().state;
    assert_eq!((state.layout.as_str(), state.arranged.contains_key("mine")), ("lecture", false));
    assert_eq!(*harness.state().tree(), tiles);
    send(&mut harness, Command::Undo);
    assert_eq!(harness.state().state.layout, "mine");
    send(&mut harness, Command::RenameLayout { from: "mine".to_owned(), to: "inspect".to_owned() });
    assert_eq!(harness.state().state.layout, "mine", "that name is taken");
}

#[test]
fn keys_walk_through_the_prompts_that_were_run() {
    let history = ["third", "second", "first"].map(str::to_owned).to_vec();
    let settings = Settings { history, ..seasoned() };
    let mut harness = window_of([1280.0, 800.0], settings, Some("never run"));
    send(&mut harness, Command::FocusPrompt);
    let mut seen = Vec::new();
    for key in [egui::Key::ArrowUp; 4].into_iter().chain([egui::Key::ArrowDown; 3]) {
        harness.key_press_modifiers(egui::Modifiers::ALT, key);
        harness.run_steps(2);
        seen.push(harness.state().state.prompt.clone());
    }
    assert_eq!(seen, ["third", "second", "first", "first", "second", "third", "third"]);
    assert_eq!(harness.state().settings.history.len(), 3, "nothing was run");
    send(&mut harness, Command::RunPrompt);
    assert_eq!(harness.state().settings.history[0], "third");
}

#[test]
fn a_training_that_is_started_comes_in_sight_and_cancel_pauses_it() {
    let mut harness = window();
    let choice = Choice { layers: 1, heads: 2, width: 16, ..Choice::default() };
    send(&mut harness, Command::Train(Act::Choose(choice)));
    send(&mut harness, Command::Train(Act::Run(true)));
    assert_eq!(harness.state().state.layout, Preset::Train.id());
    until_seen(&mut harness, "a training that runs", |harness| harness.state().live.running);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Period);
    until_seen(&mut harness, "its pause", |harness| !harness.state().live.running);
}

#[test]
fn a_conversation_has_roles_and_its_recipe_says_them() {
    let place = copy_of(&fixtures().join("llama-tied"));
    let template = "{% for m in messages %}[{{ m.role }}] {{ m.content }} {% endfor %}";
    write(&place.path().join("chat_template.jinja"), template);
    let source = ModelSource::Path(place.path().to_owned());
    let mut harness = window_on(source, [1280.0, 900.0], seasoned(), Some("Tom"));
    harness.get_by_label("as chat").click();
    harness.run_steps(3);
    let turns = [("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello")];
    for (index, (role, text)) in turns.into_iter().enumerate() {
        harness.get_by_label("+ earlier turn").click();
        harness.run_steps(3);
        let name = format!("turn {}: {role}", index + 1);
        let field = harness.get_by_label(&name);
        field.focus();
        field.type_text(text);
        harness.run_steps(2);
    }
    send(&mut harness, Command::RunPrompt);
    until(&mut harness, |window| window.session.busy.is_none());
    let said = "[system] Be kind. [user] Hi [assistant] Hello [user] Tom ";
    let prompt = |harness: &Harness<'_, Window>| {
        harness.state().session.trace.as_ref().map(|trace| trace.prompt.clone()).expect("a run")
    };
    assert_eq!(prompt(&harness), said);

    // The same from the command line, and from a recipe
    let spelled = turns.map(|(role, text)| format!("{role}:{text}"));
    let all = spelled.iter().flat_map(|turn| ["--turn", turn]);
    let run = ["--chat", "--prompt", "Tom", "--json"];
    let output = program().arg("run").arg(place.path()).args(run).args(all).output().expect("runs");
    assert_eq!(object(&output)["rendered"], said);
    let path = place.path().join("figure.svg");
    let (piece, finish) = (Piece::Head, Finish::default());
    send(&mut harness, Command::SaveRecipe { path: path.clone(), piece, finish });
    until(&mut harness, |window| window.session.exporting.is_none());
    let recipe = path.with_extension("toml");
    let text = std::fs::read_to_string(&recipe).expect("a recipe");
    assert!(spelled.iter().all(|turn| text.contains(turn)), "{text}");
    let made = program().arg("figure").arg(&recipe).output().expect("runs");
    assert!(made.status.success() && path.exists(), "{}", String::from_utf8_lossy(&made.stderr));
    let wrong = program().args(["run", "--chat", "--prompt", "a", "--turn", "robot:x"]).output();
    assert_eq!(wrong.expect("runs").status.code(), Some(2));

    harness.get_by_label("Remove the turn 2").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.turns.len(), 2);
    send(&mut harness, Command::Undo);
    until(&mut harness, |window| window.session.busy.is_none());
    assert_eq!((harness.state().state.turns.len(), prompt(&harness).as_str()), (3, said));
}

#[test]
fn panes_are_closed_one_after_the_other_by_the_same_command() {
    let mut harness = window();
    for _ in 0..12 {
        send(&mut harness, Command::Palette);
        harness.get_by_label("Search views, heads, commands").type_text("Close the pane");
        harness.run_steps(2);
        harness.key_press(egui::Key::Enter);
        harness.run_steps(3);
    }
    assert!(harness.state().tree().tiles.iter().all(|(_, tile)| !tile.is_pane()), "all of them are closed");
    for _ in 0..12 {
        send(&mut harness, Command::Undo);
    }
    harness.get_by_label("head 0.0");
}

#[test]
fn the_palette_finds_heads_of_a_part() {
    let source = ModelSource::Path(fixtures().join("seq2seq/bart"));
    let mut harness = window_on(source, [1280.0, 800.0], seasoned(), Some("5 7 9 11"));
    let wanted = harness
        .state()
        .session
        .trace
        .as_ref()
        .and_then(|trace| trace.spec.head("cross.1.0".parse().expect("a name")));
    send(&mut harness, Command::Palette);
    harness.get_by_label("Search views, heads, commands").type_text("Cross.1.0");
    harness.run_steps(2);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
    assert_eq!(Some(harness.state().state.head), wanted);
}
