//! Contract: the window at every size, its log, its rest: nothing is drawn while nothing happens, and every command that
//! changes what is shown is taken back by undo.

use crate::window::{send, until, window_of};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::app::{
    Dialog, Window,
    command::{Command, CommandKind},
    journal::Level,
    layout::{Pane, Preset},
    settings::{SIZES, Settings},
    state::State,
    words::Language,
};
use std::time::{Duration, Instant};
use strum::IntoEnumIterator as _;

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite.";

fn window(size: [f32; 2]) -> Harness<'static, Window> {
    let settings = Settings { live: false, dark: Some(true), hints: u8::MAX, ..Settings::default() };
    window_of(size, settings, Some(PROMPT))
}

/// Steps until nobody asks for another frame.
#[track_caller]
fn rest(harness: &mut Harness<'_, Window>, what: &str) {
    let start = Instant::now();
    // A worker's news may come between two quiet frames
    let mut quiet = 0;
    while quiet < 5 {
        harness.step();
        let root = harness.output().viewport_output.get(&egui::ViewportId::ROOT);
        let delay = root.map_or(Duration::MAX, |viewport| viewport.repaint_delay);
        quiet = if delay > Duration::from_secs(1) { quiet + 1 } else { 0 };
        assert!(start.elapsed() < Duration::from_mins(1), "{what}: a frame is asked for every {delay:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn no_layout_and_no_pane_asks_for_frames_while_nothing_happens() {
    let mut harness = window([1440.0, 900.0]);
    for preset in Preset::iter() {
        send(&mut harness, Command::SetLayout(preset.id().to_owned()));
        rest(&mut harness, preset.id());
    }
    for pane in Pane::iter() {
        send(&mut harness, Command::Maximise(Some(pane)));
        rest(&mut harness, &format!("{pane:?}"));
    }
}

#[test]
fn everything_is_drawn_larger_and_smaller_by_keys() {
    let mut harness = window([1440.0, 900.0]);
    let zoom = |harness: &Harness<'_, Window>| harness.ctx.zoom_factor();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Plus);
    harness.run_ok();
    assert_eq!((harness.state().settings.percent, zoom(&harness)), (110, 1.1));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Equals);
    harness.run_ok();
    assert_eq!(harness.state().settings.percent, 125);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Num0);
    harness.run_ok();
    assert_eq!((harness.state().settings.percent, zoom(&harness)), (100, 1.0));
    for _ in 0..SIZES.len() {
        harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Minus);
        harness.run_ok();
    }
    assert_eq!(harness.state().settings.percent, 80);
    send(&mut harness, Command::SetPercent(9000));
    assert_eq!(harness.state().settings.percent, 300, "no further than one can read");
}

#[test]
fn the_bar_keeps_its_buttons_apart_at_every_size_on_a_small_screen() {
    let mut harness = window([1280.0, 720.0]);
    for language in [Language::English, Language::Chinese] {
        send(&mut harness, Command::SetLanguage(language));
        for percent in SIZES.into_iter().filter(|percent| *percent <= 150) {
            send(&mut harness, Command::SetPercent(percent));
            for preset in Preset::iter() {
                send(&mut harness, Command::SetLayout(preset.id().to_owned()));
                let buttons: Vec<egui::Rect> = harness
                    .get_all_by_role(egui::accesskit::Role::Button)
                    .map(|node| node.rect())
                    .filter(|rect| rect.bottom() <= 41.0)
                    .collect();
                assert!(buttons.len() >= 6, "{preset:?} at {percent} %: {} buttons", buttons.len());
                for (index, a) in buttons.iter().enumerate() {
                    for b in &buttons[index + 1..] {
                        let both = a.intersect(*b);
                        let apart = both.width() <= 1.0 || both.height() <= 1.0;
                        assert!(apart, "{language:?}, {preset:?} at {percent} %: {a:?} lies on {b:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_log_says_what_was_done_and_how_long_it_took() {
    let mut harness = window([1440.0, 900.0]);
    let text = harness.state().journal.text(Level::Info);
    assert!(
        text.contains("Model loaded: storyteller") && text.contains("storyteller ran on 13 tokens ("),
        "{text}"
    );
    send(&mut harness, Command::OpenModel("/nowhere/at/all".into()));
    until(&mut harness, |window| window.session.busy.is_none());
    let errors = harness.state().journal.text(Level::Error);
    assert!(errors.contains("/nowhere/at/all") && !errors.contains("Model loaded"), "{errors}");
    send(&mut harness, Command::Maximise(Some(Pane::Log)));
    // The banner says it without the time of day before it
    harness.get_by_label_contains(" no file or folder at /nowhere/at/all");
    harness.get_by_label_contains("Model loaded: storyteller");
    harness.get_by_label("Errors").click();
    harness.run_ok();
    assert!(harness.query_by_label_contains("Model loaded: storyteller").is_none());
    harness.get_by_label("Copy all").click();
    harness.step();
    let copied = harness.output().platform_output.commands.iter().any(
        |command| matches!(command, egui::OutputCommand::CopyText(text) if text.contains("/nowhere/at/all")),
    );
    assert!(copied, "nothing was copied");
}

/// The parts of what is shown that differ.
fn differing(one: &State, other: &State) -> Vec<String> {
    let [one, other] = [one, other].map(|state| serde_json::to_value(state).expect("plain data"));
    let parts = one.as_object().expect("a table");
    parts.keys().filter(|key| one[key.as_str()] != other[key.as_str()]).cloned().collect()
}

#[test]
fn every_command_is_in_the_palette_and_undo_takes_back_what_it_changed() {
    let mut harness = window([1440.0, 900.0]);
    let words = Language::English.words();
    let mut changed = 0;
    let left_alone = |kind: &CommandKind| {
        use CommandKind as K;
        // These end the window, go through history themselves, go on changing with time, or have a language of their own
        !matches!(
            kind,
            K::Quit | K::Undo | K::Redo | K::Palette | K::PlayWalk | K::ToggleLanguage | K::ToggleLive
        )
    };
    for kind in CommandKind::iter().filter(left_alone) {
        let (label, _) = (words.command)(kind);
        harness.state_mut().dialog = Dialog::Palette { query: label.to_owned(), at: 0 };
        harness.run_ok();
        assert!(harness.query_all_by_label(label).next().is_some(), "{kind:?}: the palette has no `{label}`");
        let before = harness.state().state.clone();
        harness.key_press(egui::Key::Enter);
        until(&mut harness, |window| window.session.busy.is_none());
        harness.state_mut().dialog = Dialog::None;
        if harness.state().state != before {
            changed += 1;
            send(&mut harness, Command::Undo);
            until(&mut harness, |window| window.session.busy.is_none());
            let left = differing(&before, &harness.state().state);
            assert!(left.is_empty(), "{kind:?}: undo does not take back {left:?}");
        }
    }
    assert!(changed > 30, "only {changed} commands changed what is shown");
}
