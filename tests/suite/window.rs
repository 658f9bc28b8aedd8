//! Contract: what a user does in the window, found by the names that a screen reader says.

use crate::files::write;
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::{
    app::{
        Dialog, Opening, Window,
        command::{Command, CommandKind},
        session::Checks,
        settings::Settings,
        words::Language,
        worker::News,
    },
    engine::ModelSource,
    model::HeadId,
};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};
use strum::IntoEnumIterator as _;

pub(crate) const PROMPT: &str = "Mary has a red ball. Tom has a blue kite.";

/// The embedded model with a prompt run, in a window of this size.
pub(crate) fn window_of(
    size: [f32; 2],
    settings: Settings,
    prompt: Option<&str>,
) -> Harness<'static, Window> {
    window_on(ModelSource::Embedded, size, settings, prompt)
}

/// The same for any model.
pub(crate) fn window_on(
    source: ModelSource,
    size: [f32; 2],
    settings: Settings,
    prompt: Option<&str>,
) -> Harness<'static, Window> {
    // Whatever the machine speaks
    let settings = Settings { language: settings.language.or(Some(Language::English)), ..settings };
    window_from(Opening::new(settings, source, prompt.map(str::to_owned)), size)
}

/// A window that opens like this.
pub(crate) fn window_from(opening: Opening, size: [f32; 2]) -> Harness<'static, Window> {
    let mut harness = Harness::builder()
        .with_size(size)
        .allow_missing_glyphs()
        .with_max_steps(20)
        .build_eframe(|cc| Window::new(&cc.egui_ctx, opening));
    until(&mut harness, |window| window.session.busy.is_none());
    harness
}

/// Of a dark window that waits to be asked.
pub(crate) fn still() -> Settings {
    Settings { live: false, dark: Some(true), ..Settings::default() }
}

/// The same of one who has closed every hint.
pub(crate) fn seasoned() -> Settings {
    Settings { hints: u8::MAX, ..still() }
}

/// The embedded model with a prompt run, in such a window of the usual size.
pub(crate) fn window_with(prompt: &str) -> Harness<'static, Window> {
    window_of([1280.0, 800.0], still(), Some(prompt))
}

/// The same with [`PROMPT`].
pub(crate) fn window() -> Harness<'static, Window> {
    window_with(PROMPT)
}

pub(crate) fn send(harness: &mut Harness<'_, Window>, command: Command) {
    let ctx = harness.ctx.clone();
    harness.state_mut().apply(&ctx, command);
    harness.run_ok();
}

/// Steps until workers have brought about what is waited for: minutes at the most, for sweeps and atlases that are made
/// several at once.
#[track_caller]
pub(crate) fn until(harness: &mut Harness<'_, Window>, done: impl Fn(&Window) -> bool) {
    until_seen(harness, "what a worker brings about", |harness| done(harness.state()));
    harness.run_ok();
}

/// Steps until `what` is to be seen.
#[track_caller]
pub(crate) fn until_seen(
    harness: &mut Harness<'_, Window>,
    what: &str,
    seen: impl Fn(&Harness<'_, Window>) -> bool,
) {
    let start = Instant::now();
    loop {
        harness.step();
        if seen(harness) {
            break;
        }
        let waited = start.elapsed();
        assert!(waited < Duration::from_mins(6), "waited in vain for {what}");
        // A frame costs what the worker needs: the longer it works, the rarer is it looked at
        std::thread::sleep((waited / 10).clamp(Duration::from_millis(5), Duration::from_millis(200)));
    }
}

/// A button of the pointer goes down or up, with keys held.
pub(crate) fn press(
    pos: egui::Pos2,
    button: egui::PointerButton,
    pressed: bool,
    modifiers: egui::Modifiers,
) -> egui::Event {
    egui::Event::PointerButton { pos, button, pressed, modifiers }
}

/// Clicks on a place, whatever is there.
pub(crate) fn click_at(harness: &mut Harness<'_, Window>, pos: egui::Pos2, button: egui::PointerButton) {
    harness.hover_at(pos);
    harness.run_steps(2);
    for pressed in [true, false] {
        harness.event(press(pos, button, pressed, egui::Modifiers::NONE));
        harness.run_steps(2);
    }
}

/// The middle of a cell in a picture of so many rows and columns.
pub(crate) fn cell_of(
    picture: egui::Rect,
    (row, rows): (usize, usize),
    (column, columns): (usize, usize),
) -> egui::Pos2 {
    let share = |at: usize, of: usize| (at as f32 + 0.5) / of as f32;
    picture.lerp_inside(egui::vec2(share(column, columns), share(row, rows)))
}

pub(crate) fn n_tokens(harness: &Harness<'_, Window>) -> usize {
    harness.state().session.trace.as_ref().map_or(0, mnemoscope::trace::Trace::n_tokens)
}

#[test]
fn a_prompt_is_typed_and_run() {
    let mut harness = window();
    let before = n_tokens(&harness);
    assert!(before > 8);
    let field = harness.get_by_role_and_label(egui::Role::TextInput, "Prompt");
    field.focus();
    harness.run_ok();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.run_ok();
    harness.get_by_role_and_label(egui::Role::TextInput, "Prompt").type_text("Once upon a time");
    harness.run_ok();
    assert_eq!(harness.state().state.prompt, "Once upon a time");
    harness.get_by_label("Run").click();
    until(&mut harness, |window| {
        window.session.busy.is_none()
            && window.session.trace.as_ref().is_some_and(|trace| trace.prompt == "Once upon a time")
    });
    assert!(n_tokens(&harness) < before);
}

#[test]
fn a_head_is_selected_by_click_and_by_key() {
    let mut harness = window();
    harness.get_by_label("head 1.2").click();
    harness.run_ok();
    assert_eq!(harness.state().state.head, HeadId { layer: 1, head: 2 });
    harness.get_by_label("attention of head 1.2");
    harness.key_press(egui::Key::ArrowRight);
    harness.run_ok();
    harness.key_press(egui::Key::ArrowDown);
    harness.run_ok();
    assert_eq!(harness.state().state.head, HeadId { layer: 2, head: 3 });
}

#[test]
fn a_token_is_pinned_and_let_go() {
    let mut harness = window();
    let name = "token 3 ";
    let chip = harness.get_by(|node| node.label().is_some_and(|label| label.starts_with(name)));
    chip.click();
    harness.run_ok();
    assert_eq!(harness.state().state.query, Some(3));
    assert_eq!(harness.state().session.row.as_ref().map(|row| row.query), Some(3));
    harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::ArrowDown);
    harness.run_ok();
    assert_eq!(harness.state().state.query, Some(4));
    harness.key_press(egui::Key::Escape);
    harness.run_ok();
    assert_eq!(harness.state().state.query, None);
}

#[test]
fn the_map_reads_the_cell_under_the_pointer_and_zooms() {
    let mut harness = window();
    let head = harness.state().state.head;
    let map = harness.get_by_label(&format!("attention of head {head}")).rect();
    let n = n_tokens(&harness) as f32;
    let cell = map.min + map.size() * egui::vec2(2.5 / n, 6.5 / n);
    harness.hover_at(cell);
    harness.run_ok();
    assert_eq!(harness.state().session.row.as_ref().map(|row| row.query), Some(6));
    harness.event(egui::Event::Zoom(2.0));
    harness.run_ok();
    let view = harness.state().state.view.expect("zoomed in");
    assert!((view.span - n / 2.0).abs() < 0.5, "{view:?}");
    harness.key_press(egui::Key::Num0);
    harness.run_ok();
    assert_eq!(harness.state().state.view, None);
}

#[test]
fn a_broken_file_is_told_and_nothing_is_lost() {
    let mut harness = window();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    write(&file, b"\xff\xff\xff\xff\xff\xff\xff\x7fnot a model");
    let (run, model) = (harness.state().session.run, harness.state().session.model.clone().unwrap());
    send(&mut harness, Command::OpenModel(file));
    until(&mut harness, |window| window.session.busy.is_none());
    let session = &harness.state().session;
    let banner = session.banner.as_ref().expect("a banner says what happened");
    assert!(banner.error && banner.hint.is_some(), "{banner:?}");
    assert_eq!(session.run, run);
    assert!(std::sync::Arc::ptr_eq(session.model.as_ref().unwrap(), &model));
    harness.get_by_label("Dismiss").click();
    harness.run_ok();
    assert!(harness.state().session.banner.is_none());
}

#[test]
fn a_path_is_typed_into_the_open_dialog() {
    let mut harness = window();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::O);
    harness.run_ok();
    harness.get_by_role_and_label(egui::Role::TextInput, "Folder, file or name").type_text("/nowhere/model");
    harness.run_ok();
    harness.key_press(egui::Key::Enter);
    until(&mut harness, |window| window.session.banner.is_some());
    assert_eq!(harness.state().dialog, Dialog::None);
    assert!(harness.state().session.trace.is_some());
}

/// A file as the system hands it over when it is dropped on the window.
#[derive(Debug)]
pub(crate) struct Dropped(pub(crate) PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

#[test]
fn a_model_dropped_on_the_window_opens() {
    let mut harness = window();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/llama-tied");
    harness.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(folder.clone())));
    let opened = ModelSource::Path(folder.clone());
    until(&mut harness, |window| {
        window.session.source == Some(opened.clone()) && window.session.busy.is_none()
    });
    assert_eq!(harness.state().session.model.as_ref().unwrap().name, "llama-tied");
    assert_eq!(harness.state().settings.recent, [folder]);
}

#[test]
fn a_prompt_longer_than_the_model_was_made_for_is_run_and_says_so() {
    let mut harness = window();
    let run = harness.state().session.run;
    send(&mut harness, Command::EditPrompt("word ".repeat(600)));
    send(&mut harness, Command::RunPrompt);
    until(&mut harness, |window| window.session.busy.is_none());
    let session = &harness.state().session;
    assert_ne!(session.run, run);
    let limit = session.model.as_ref().unwrap().spec().context;
    assert!(Some(n_tokens(&harness)) > limit);
    let banner = session.banner.as_ref().expect("a notice");
    assert!(!banner.error && banner.what.contains("512"), "{banner:?}");
    harness.get_by_label("Cut it and run").click();
    until(&mut harness, |window| window.session.busy.is_none());
    assert_eq!(Some(n_tokens(&harness)), limit);
    assert!(harness.state().session.banner.is_none());
}

#[test]
fn a_head_is_exported_by_the_dialog() {
    let mut harness = window();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("head.csv");
    send(&mut harness, Command::AskForExport(mnemoscope::app::exporting::Piece::Head));
    assert!(matches!(harness.state().dialog, Dialog::Export { .. }));
    if let Dialog::Export { path, .. } = &mut harness.state_mut().dialog {
        *path = file.display().to_string();
    }
    harness.run_ok();
    let buttons = harness.get_all_by_role_and_label(egui::Role::Button, "Export");
    buttons.last().expect("the dialog's button").click();
    until(&mut harness, |window| window.session.exporting.is_none() && window.dialog == Dialog::None);
    assert!(std::fs::read_to_string(&file).unwrap().lines().count() > 10);
    assert!(harness.state().session.banner.as_ref().is_some_and(|banner| !banner.error));
}

#[test]
fn an_export_that_cannot_be_written_is_told() {
    let mut harness = window();
    let path = PathBuf::from("/nowhere/at/all/head.csv");
    send(
        &mut harness,
        Command::Export {
            path,
            piece: mnemoscope::app::exporting::Piece::Head,
            finish: mnemoscope::app::exporting::Finish::default(),
        },
    );
    until(&mut harness, |window| window.session.exporting.is_none());
    assert!(harness.state().session.banner.as_ref().is_some_and(|banner| banner.error));
}

#[test]
fn undo_and_redo_walk_the_selection() {
    let mut harness = window();
    let first = harness.state().state.clone();
    send(&mut harness, Command::SelectHead(HeadId { layer: 1, head: 1 }));
    send(&mut harness, Command::PinQuery(Some(2)));
    let last = harness.state().state.clone();
    send(&mut harness, Command::Undo);
    send(&mut harness, Command::Undo);
    assert_eq!(harness.state().state, first);
    send(&mut harness, Command::Redo);
    send(&mut harness, Command::Redo);
    assert_eq!(harness.state().state, last);
}

#[test]
fn the_numbers_are_checked_on_screen() {
    let mut harness = window();
    send(&mut harness, Command::ShowChecks);
    harness.get_by_label("Do the numbers hold?");
    until(&mut harness, |window| {
        matches!(&window.session.checks, Checks::Done(results)
            if !results.is_empty() && results.iter().all(|result| result.passed))
    });
}

#[test]
fn checks_of_a_model_that_was_closed_are_not_the_next_ones() {
    let mut harness = window();
    send(&mut harness, Command::ShowChecks);
    let Checks::Running(first) = harness.state().session.checks else { panic!("they take a while") };
    send(&mut harness, Command::OpenEmbedded);
    until(&mut harness, |window| matches!(window.session.checks, Checks::Unasked));
    send(&mut harness, Command::ShowChecks);
    harness.state_mut().session.hear(News::Checks { job: first, results: vec![] });
    let Checks::Running(second) = harness.state().session.checks else { panic!("still running") };
    assert_ne!(first, second);
}

#[test]
fn a_window_without_a_model_says_how_to_get_one() {
    let nowhere = ModelSource::Path("/nowhere/model".into());
    let mut harness = window_on(nowhere, [1280.0, 800.0], Settings::default(), Some(PROMPT));
    assert!(harness.state().session.banner.as_ref().is_some_and(|banner| banner.error));
    harness.get_by_label("Or drop a folder or a file on the window");
    assert!(harness.query_by_label("Write a prompt, then run it").is_none());
    // Panes do not speak of maps to come: nothing is on its way; one offers the first step
    assert!(harness.query_by_label_contains("as the layers are computed").is_none());
    harness.get_by_role_and_label(egui::Role::Button, "Open model…");
    harness.get_by_role_and_label(egui::Role::Button, "Open the embedded model").click();
    until(&mut harness, |window| window.session.trace.is_some() && window.session.busy.is_none());
    assert!(harness.query_by_label("Open the embedded model").is_none());
}

#[test]
fn an_example_brings_its_head() {
    let mut harness = window_of([1280.0, 800.0], Settings::default(), None);
    let examples = mnemoscope::app::examples::all();
    assert!(examples.len() >= 2, "the examples' file reads");
    let example = examples.last().unwrap();
    harness.get_by_label(&example.title_en).scroll_to_me();
    harness.run_ok();
    harness.get_by_label(&example.title_en).click();
    until(&mut harness, |window| window.session.busy.is_none());
    assert_eq!(harness.state().state.head, example.head_id());
    assert_eq!(harness.state().state.prompt, example.prompt);
}

#[test]
fn every_command_says_what_it_does() {
    for (language, kind) in
        Language::iter().flat_map(|language| CommandKind::iter().map(move |kind| (language, kind)))
    {
        let (label, explanation) = (language.words().command)(kind);
        assert!(
            !label.is_empty() && !explanation.is_empty() && !explanation.ends_with(['.', '。']),
            "{kind:?}"
        );
    }
}

#[test]
fn settings_survive_a_broken_file() {
    let text = r#"{"live": false, "window": [1e9, 5], "look": {"scale": "log"}}"#;
    let settings: Settings = serde_json::from_str(text).unwrap();
    assert!(!settings.live && settings.look.scale == mnemoscope::render::Scale::Log);
    let again: Settings = serde_json::from_str(&serde_json::to_string(&settings).unwrap()).unwrap();
    assert_eq!(settings, again);
}
