//! Contract: whatever can be reached says what it is. Every stop of the keys and everything that is clicked has a name in
//! either language that no other in its pane has, sliders a number, pictures what is selected in them: in every pane and
//! every dialog.

use crate::locale::dialogs;
use crate::window::window;
use crate::window_linked::{alone, filled, settle};
use egui::{Role, accesskit::Action};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use mnemoscope::app::{Dialog, Window, command::Command, layout::Pane, words::Language};
use std::collections::HashMap;
use strum::IntoEnumIterator as _;

/// Panes in which what has the same name does the same: a word that is asked about, a step that is gone to.
const SAME: [&str; 2] = ["Circuits", "Walk"];

/// What is wrong with what is in sight, `place` said with it.
fn faults(harness: &Harness<'_, Window>, place: &str) -> Vec<String> {
    let (mut faults, mut seen) = (Vec::new(), HashMap::new());
    for node in harness.query_all_by(|node| !node.is_hidden()) {
        let own = node.accesskit_node();
        let can = |action| own.data().supports_action(action);
        let role = own.role();
        // What egui_tiles makes by itself, edges between panes and bars of tabs, has neither role nor name; a scroll bar
        // is said by its role
        let made = matches!(role, Role::Unknown | Role::ScrollBar);
        if !(can(Action::Focus) || can(Action::Click)) || own.is_disabled() || made {
            continue;
        }
        let (label, value) = (own.label().unwrap_or_default(), own.value().unwrap_or_default());
        // A text is its own name
        let label = if role == Role::Label { value.clone() } else { label };
        let said = format!("{role:?} `{label}` = `{value}`");
        if label.trim().is_empty() {
            faults.push(format!("{place}: {said} at {:?} has no name", own.raw_bounds()));
        }
        let counts = matches!(role, Role::Slider | Role::SpinButton);
        if counts && own.numeric_value().is_none() {
            faults.push(format!("{place}: {said} has no number"));
        }
        if role == Role::Image && value.trim().is_empty() {
            faults.push(format!("{place}: {said} does not say what is selected"));
        }
        let again = seen.insert((format!("{role:?}"), label, value), own.raw_bounds());
        if let Some(other) = again.filter(|_| !SAME.iter().any(|pane| place.starts_with(pane))) {
            faults.push(format!("{place}: {said} at {:?} and at {other:?}", own.raw_bounds()));
        }
    }
    faults
}

#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn everything_in_every_pane_has_a_name_and_a_value() {
    let mut harness = filled();
    let mut found = Vec::new();
    for pane in Pane::iter() {
        alone(&mut harness, pane);
        for language in [Language::Chinese, Language::English] {
            send(&mut harness, language);
            settle(&mut harness);
            found.extend(faults(&harness, &format!("{pane:?} {language:?}")));
        }
    }
    none(&found);
}

fn send(harness: &mut Harness<'_, Window>, language: Language) {
    crate::window::send(harness, Command::SetLanguage(language));
}

#[test]
fn everything_in_every_dialog_has_a_name() {
    let mut harness = window();
    let mut found = Vec::new();
    crate::window::send(&mut harness, Command::Maximise(Some(Pane::Log)));
    // Of the many figures that are exported one stands for all
    let mut figures = 0;
    let dialogs = dialogs().into_iter().filter(|dialog| {
        figures += usize::from(matches!(dialog, Dialog::Export { .. }));
        !matches!(dialog, Dialog::Export { .. }) || figures < 3
    });
    let dialogs: Vec<Dialog> = dialogs.collect();
    for language in Language::iter() {
        send(&mut harness, language);
        for dialog in dialogs.clone() {
            let name: String = format!("{dialog:?}").chars().take(40).collect();
            harness.state_mut().dialog = dialog;
            settle(&mut harness);
            found.extend(faults(&harness, &format!("{name} {language:?}")));
        }
    }
    none(&found);
}
