//! Contract: a run is changed by hand and as it was again; a saved one opens without its model.

use crate::files::write;
use crate::window::{Dropped, PROMPT, n_tokens, press, send, until, window};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::app::{Dialog, Window, command::Command, layout::Pane};

#[test]
fn a_head_is_cut_switched_off_undone_and_compared() {
    let mut harness = window();
    let answer = |harness: &Harness<'_, Window>| {
        let (_, trace) = harness.state().session.visible(&harness.state().state);
        trace.and_then(|trace| trace.next.first().cloned()).expect("an answer")
    };
    let clean = answer(&harness);
    harness.get_by_label("head 4.0").click_secondary();
    harness.run_ok();
    harness.get_by_label_contains("Cut the head").click();
    until(&mut harness, |window| window.session.changed.trace.is_some());
    let listed: Vec<String> =
        harness.state().state.interventions.iter().map(|switch| switch.what.to_string()).collect();
    assert_eq!(listed, ["zero=4.0"]);
    assert!((answer(&harness).logit - clean.logit).abs() > 1e-3, "the changed run is in sight");
    harness.get_by_label("clean → changed");

    harness.get_by_label("difference").click();
    harness.run_ok();
    harness.get_by_label("clean").click();
    harness.run_ok();
    assert_eq!(answer(&harness), clean);
    harness.get_by_label("changed").click();
    harness.run_ok();

    harness.get_by_role_and_label(egui::Role::CheckBox, "zero=4.0").click();
    until(&mut harness, |window| window.session.changed.trace.is_none());
    assert_eq!(answer(&harness), clean);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    until(&mut harness, |window| window.session.changed.trace.is_some());
    harness.get_by_label("Remove zero=4.0").click();
    until(&mut harness, |window| window.session.changed.trace.is_none());
    assert!(harness.state().state.interventions.is_empty());
    harness.get_by_label_contains("Right-click what you see");
}

#[test]
fn attention_is_painted_and_a_wrong_intervention_says_so() {
    let mut harness = window();
    let ctx = harness.ctx.clone();
    let head = harness.state().state.head;
    let map = harness.get_by_label(&format!("attention of head {head}")).rect();
    let n = n_tokens(&harness) as f32;
    let cell = |key: f32| map.min + map.size() * egui::vec2((key + 0.5) / n, 6.5 / n);
    for keys in [egui::Modifiers::COMMAND, egui::Modifiers::ALT] {
        let button = |pos, pressed| press(pos, egui::PointerButton::Primary, pressed, keys);
        for event in [egui::Event::PointerMoved(cell(1.0)), button(cell(1.0), true)] {
            harness.event_modifiers(event, keys);
            harness.step();
        }
        for key in [1.4, 2.0, 3.0, 4.0] {
            harness.event_modifiers(egui::Event::PointerMoved(cell(key)), keys);
            harness.step();
        }
        harness.event_modifiers(button(cell(4.0), false), keys);
        harness.step();
        until(&mut harness, |window| {
            window.session.changed.trace.is_some() && !window.session.changed.is_running()
        });
        let row = {
            let window = harness.state();
            window.session.changed.trace.as_ref().map(|trace| trace.pattern(head).row(6)).expect("a run")
        };
        assert!((1..5).all(|key| (row[key] - 0.25).abs() < 1e-6), "{row:?}");
        harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
        harness.run_ok();
        assert!(harness.state().state.interventions.is_empty(), "a stroke is one step back");
    }

    let wrong = "knockout=0.0:q0->*".parse().expect("an intervention");
    harness.state_mut().apply(&ctx, Command::Intervene(wrong));
    until(&mut harness, |window| window.session.banner.is_some());
    harness.get_by_label_contains("nothing to look at");
    harness.state_mut().apply(&ctx, Command::ClearInterventions);
    harness.run_ok();
    assert!(harness.state().state.interventions.is_empty());
}

#[test]
fn a_run_is_saved_and_opens_without_its_model() {
    let mut harness = window();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.trace.safetensors");
    let tokens = n_tokens(&harness);
    send(&mut harness, Command::AskForExport(mnemoscope::app::exporting::Piece::Trace));
    if let Dialog::Export { path, .. } = &mut harness.state_mut().dialog {
        assert!(path.ends_with("storyteller-run.trace.safetensors"), "{path}");
        *path = file.display().to_string();
    }
    harness.run_ok();
    harness.get_all_by_role_and_label(egui::Role::Button, "Export").last().expect("the dialog's").click();
    until(&mut harness, |window| window.session.exporting.is_none() && window.dialog == Dialog::None);
    send(&mut harness, Command::EditPrompt("something else".to_owned()));
    harness.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(file.clone())));
    until(&mut harness, |window| window.session.model.is_none() && window.session.busy.is_none());
    assert_eq!(n_tokens(&harness), tokens);
    assert_eq!(harness.state().state.prompt, PROMPT);
    assert_eq!(harness.state().settings.recent, [file]);
    harness.get_by_label("saved trace");
    harness.get_by_label("head 1.2").click();
    harness.run_ok();
    harness.get_by_label("attention of head 1.2");
    for pane in [Pane::Stream, Pane::Norms, Pane::Lens] {
        send(&mut harness, Command::ShowPane(pane));
    }
    harness.get_by_label_contains("The lens takes");
    // There is no model to run
    harness.get_by(|node| node.label().as_deref() == Some("Run") && node.is_disabled());
    send(&mut harness, Command::OpenEmbedded);
    until(&mut harness, |window| window.session.model.is_some() && window.session.busy.is_none());
    assert!(harness.state().session.trace.is_some());
}

#[test]
fn a_broken_trace_is_told_and_nothing_is_lost() {
    let mut harness = window();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.trace.safetensors");
    write(&file, b"\x02\x00\x00\x00\x00\x00\x00\x00{}");
    let run = harness.state().session.run;
    send(&mut harness, Command::OpenModel(file));
    until(&mut harness, |window| window.session.busy.is_none());
    let session = &harness.state().session;
    assert!(session.banner.as_ref().is_some_and(|banner| banner.error && banner.hint.is_some()));
    assert!(session.run == run && session.model.is_some());
}
