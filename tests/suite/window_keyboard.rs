//! Contract: everything can be done without a pointer: Tab goes through the window in reading order, every stop can be
//! seen and has a name, keys do what menus do; and a screen reader hears the cell that is looked at.

use crate::window::{seasoned, send, until, window_of};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use mnemoscope::app::{
    Dialog, Window,
    command::{Command, CommandKind},
};
use mnemoscope::model::HeadId;
use std::collections::HashMap;
use strum::IntoEnumIterator as _;

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite.";
const HEAD: HeadId = HeadId { layer: 4, head: 1 };

fn window() -> Harness<'static, Window> {
    window_of([1280.0, 800.0], seasoned(), Some(PROMPT))
}

fn press(harness: &mut Harness<'_, Window>, modifiers: egui::Modifiers, key: egui::Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_ok();
}

/// What has the focus: its name, its role and where it is.
fn focused(harness: &Harness<'_, Window>) -> Option<(String, String, egui::Rect)> {
    let node = harness.query_all_by(|node| node.is_focused() && !node.is_hidden()).next()?;
    let own = node.accesskit_node();
    Some((own.label().unwrap_or_default(), format!("{:?}", own.role()), node.rect()))
}

#[test]
fn tab_goes_through_the_window_in_reading_order() {
    let mut harness = window();
    let mut stops: Vec<(String, String, egui::Rect)> = Vec::new();
    for _ in 0..400 {
        press(&mut harness, egui::Modifiers::NONE, egui::Key::Tab);
        let Some(stop) = focused(&harness) else { continue };
        // What egui_tiles makes by itself, edges between panes and bars of tabs, has neither role nor name
        if stop.1 == "Unknown" && stop.0.is_empty() {
            continue;
        }
        assert!(!stop.0.is_empty(), "a stop at {:?} ({}) has no name", stop.2, stop.1);
        if stops.first() == Some(&stop) && stops.len() > 20 {
            break;
        }
        stops.push(stop);
    }
    let place = |name: &str| {
        let found = stops.iter().position(|(label, ..)| label == name);
        found.unwrap_or_else(|| {
            let names: Vec<&String> = stops.iter().map(|(label, ..)| label).collect();
            panic!("Tab never reaches `{name}`: {names:?}")
        })
    };
    let order = ["Prompt", "Run", "head 0.0", "head 0.1", "head 5.5", "attention of head 0.0"].map(place);
    assert!(order.is_sorted(), "{order:?}");
    // What has the focus looks otherwise: pixels are not needed to see that shapes differ
    press(&mut harness, egui::Modifiers::SHIFT, egui::Key::Tab);
    let before = focused(&harness).expect("something has the focus");
    press(&mut harness, egui::Modifiers::NONE, egui::Key::Tab);
    assert_ne!(Some(before), focused(&harness), "back and forth are two ways");
}

#[test]
fn one_key_goes_from_pane_to_pane_and_tab_through_it() {
    let mut harness = window();
    let mut seen = Vec::new();
    for _ in 0..5 {
        press(&mut harness, egui::Modifiers::NONE, egui::Key::F6);
        seen.push(focused(&harness).expect("a pane has the focus").0);
    }
    let mut names: Vec<&str> = seen.iter().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["Head", "Heads", "Hidden states", "Prompt", "Selection"], "each of them once");
    press(&mut harness, egui::Modifiers::SHIFT, egui::Key::F6);
    assert_eq!(focused(&harness).map(|stop| stop.0).as_ref(), Some(&seen[3]), "and back");
    // Wherever the keys were, and on into the pane
    harness.get_by_role_and_label(egui::Role::TextInput, "Prompt").focus();
    harness.run_ok();
    while focused(&harness).is_none_or(|stop| stop.0 != "Heads") {
        press(&mut harness, egui::Modifiers::NONE, egui::Key::F6);
    }
    let before = harness.state().state.head;
    press(&mut harness, egui::Modifiers::NONE, egui::Key::ArrowRight);
    assert_ne!(harness.state().state.head, before, "arrows go from head to head as ever");
    assert_eq!(focused(&harness).map(|stop| stop.0).as_deref(), Some("Heads"), "and the focus stays");
    press(&mut harness, egui::Modifiers::NONE, egui::Key::Tab);
    let (name, _, rect) = focused(&harness).expect("a control in it");
    let pane = harness.get_by_role_and_label(egui::Role::TitleBar, "Heads").rect();
    assert!(name != "Heads" && pane.x_range().contains(rect.center().x), "{name} at {rect:?}");
    // What acts on a pane acts on the one that the keys are on
    press(&mut harness, egui::Modifiers::NONE, egui::Key::F11);
    assert_eq!(harness.state().state.maximised, Some(mnemoscope::app::layout::Pane::Heads));
}

#[test]
fn what_has_the_focus_can_be_seen() {
    let mut harness = window();
    for name in ["Run", "head 1.2", "attention of head 0.0"] {
        let before = shapes(&harness);
        harness.get_by_label(name).focus();
        harness.run_ok();
        assert_ne!(before, shapes(&harness), "the focus on `{name}` looks like none");
    }
}

/// Everything that is drawn, in words.
fn shapes(harness: &Harness<'_, Window>) -> Vec<String> {
    harness.output().shapes.iter().map(|shape| format!("{:?}", shape.shape)).collect()
}

#[test]
fn load_run_select_and_export_without_a_pointer() {
    let (command, none) = (egui::Modifiers::COMMAND, egui::Modifiers::NONE);
    let mut harness = window();
    let folder = tempfile::tempdir().expect("a folder");
    // Load
    press(&mut harness, command, egui::Key::O);
    assert!(matches!(harness.state().dialog, Dialog::Open { .. }), "Ctrl+O asks for a model");
    let model = crate::parity::fixtures().join("induction-by-hand");
    press(&mut harness, command, egui::Key::A);
    harness.event(egui::Event::Text(model.display().to_string()));
    harness.run_ok();
    press(&mut harness, none, egui::Key::Enter);
    until(&mut harness, |window| {
        let model = window.session.model.as_ref();
        window.session.busy.is_none() && model.is_some_and(|model| model.name == "induction-by-hand")
    });
    // Run
    press(&mut harness, command, egui::Key::L);
    assert_eq!(focused(&harness).map(|(name, ..)| name).as_deref(), Some("Prompt"));
    press(&mut harness, command, egui::Key::A);
    harness.event(egui::Event::Text("3 9 5 14 7 3 9 5 14 7".to_owned()));
    harness.run_ok();
    assert_eq!(harness.state().state.prompt, "3 9 5 14 7 3 9 5 14 7");
    press(&mut harness, command, egui::Key::Enter);
    until(&mut harness, |window| {
        let trace = window.session.trace.as_ref();
        window.session.busy.is_none() && trace.is_some_and(|trace| trace.n_tokens() == 10)
    });
    // Select: out of the prompt first, where arrows move the cursor
    harness.get_by_role_and_label(egui::Role::TextInput, "Prompt");
    press(&mut harness, none, egui::Key::Escape);
    press(&mut harness, none, egui::Key::ArrowDown);
    press(&mut harness, none, egui::Key::ArrowRight);
    assert_eq!(harness.state().state.head, HeadId { layer: 1, head: 1 });
    press(&mut harness, egui::Modifiers::SHIFT, egui::Key::ArrowUp);
    assert_eq!(harness.state().state.query, Some(8));
    // Export
    press(&mut harness, command, egui::Key::E);
    let path = folder.path().join("head.csv");
    assert!(matches!(harness.state().dialog, Dialog::Export { .. }), "Ctrl+E asks where to");
    press(&mut harness, command, egui::Key::A);
    harness.event(egui::Event::Text(path.display().to_string()));
    harness.run_ok();
    press(&mut harness, none, egui::Key::Enter);
    until(&mut harness, |window| window.session.exporting.is_none());
    let table = std::fs::read_to_string(path).expect("written");
    assert!(table.lines().count() > 10, "{table}");
}

/// What a screen reader says of the map.
fn said(harness: &Harness<'_, Window>) -> (String, Option<egui::accesskit::Live>) {
    let node = harness.get_by_label("attention of head 4.1").accesskit_node();
    (node.value().unwrap_or_default(), Some(node.live()))
}

#[test]
fn a_screen_reader_hears_the_cell_that_is_looked_at() {
    let mut harness = window();
    send(&mut harness, Command::SelectHead(HEAD));
    send(&mut harness, Command::PinCell { query: 6, key: 3 });
    let weight = |harness: &Harness<'_, Window>, query, key| {
        let trace = harness.state().session.trace.as_ref().expect("a run");
        format!("{:.4}", trace.pattern(HEAD).cell(query, key))
    };
    let (value, live) = said(&harness);
    let tokens = harness.state().session.labels.texts.clone();
    assert!(value.starts_with(&weight(&harness, 6, 3)), "{value}");
    assert!(value.contains(&tokens[6]) && value.contains(&tokens[3]), "{value}");
    assert_eq!(live, Some(egui::accesskit::Live::Polite));
    // Keys move the pin, and the words with it
    press(&mut harness, egui::Modifiers::SHIFT, egui::Key::ArrowUp);
    assert!(said(&harness).0.starts_with(&weight(&harness, 5, 3)), "{}", said(&harness).0);
    // So does the pointer
    let map = harness.get_by_label("attention of head 4.1").rect();
    let cell = map.size() / tokens.len() as f32;
    harness.hover_at(map.min + egui::vec2(2.5 * cell.x, 7.5 * cell.y));
    harness.run_ok();
    assert!(said(&harness).0.starts_with(&weight(&harness, 7, 2)), "{}", said(&harness).0);
}

#[test]
fn arrows_move_the_slider_that_has_the_focus_and_nothing_else() {
    let none = egui::Modifiers::NONE;
    let mut harness = window();
    send(&mut harness, Command::Maximise(Some(mnemoscope::app::layout::Pane::Flow)));
    let before = (harness.state().state.flow.threshold, harness.state().state.head);
    harness.get_by_role(egui::Role::Slider).focus();
    harness.run_ok();
    press(&mut harness, none, egui::Key::ArrowRight);
    press(&mut harness, none, egui::Key::ArrowRight);
    let state = &harness.state().state;
    assert!(state.flow.threshold > before.0, "{} after {}", state.flow.threshold, before.0);
    assert_eq!(state.head, before.1, "the head stays");
    assert_eq!(focused(&harness).map(|stop| stop.1).as_deref(), Some("Slider"), "and so does the focus");
    // On a button arrows go from head to head as everywhere, and the focus stays where it is
    harness.get_by_label("Find…").focus();
    harness.run_ok();
    press(&mut harness, none, egui::Key::ArrowRight);
    assert_ne!(harness.state().state.head, before.1);
    assert_eq!(focused(&harness).map(|stop| stop.0).as_deref(), Some("Find…"));
}

#[test]
fn arrows_in_a_menu_are_the_menus() {
    let none = egui::Modifiers::NONE;
    let mut harness = window();
    let before = harness.state().state.head;
    harness.get_by_label("Menu").focus();
    harness.run_ok();
    press(&mut harness, none, egui::Key::Enter);
    assert!(egui::Popup::is_any_open(&harness.ctx));
    press(&mut harness, none, egui::Key::ArrowDown);
    press(&mut harness, none, egui::Key::ArrowDown);
    assert_eq!(harness.state().state.head, before);
    assert_ne!(focused(&harness).map(|stop| stop.0).as_deref(), Some("Menu"), "from entry to entry");
    press(&mut harness, none, egui::Key::Escape);
    assert!(!egui::Popup::is_any_open(&harness.ctx));
}

#[test]
fn a_closed_dialog_gives_the_keys_back() {
    let (none, command) = (egui::Modifiers::NONE, egui::Modifiers::COMMAND);
    let mut harness = window();
    harness.get_by_label("head 1.2").focus();
    harness.run_ok();
    for key in [egui::Key::K, egui::Key::O, egui::Key::E] {
        press(&mut harness, command, key);
        assert_ne!(harness.state().dialog, Dialog::None);
        harness.run_ok();
        assert_ne!(focused(&harness).map(|stop| stop.0).as_deref(), Some("head 1.2"), "the dialog has them");
        press(&mut harness, none, egui::Key::Escape);
        assert_eq!(harness.state().dialog, Dialog::None);
        harness.run_ok();
        assert_eq!(focused(&harness).map(|stop| stop.0).as_deref(), Some("head 1.2"), "after {key:?}");
    }
}

#[test]
fn no_two_shortcuts_clash() {
    let mut taken = HashMap::new();
    for kind in CommandKind::iter() {
        if let Some(keys) = kind.shortcut()
            && let Some(other) = taken.insert(keys, kind)
        {
            panic!("{kind:?} and {other:?} share {keys:?}");
        }
    }
}
