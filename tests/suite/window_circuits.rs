//! Contract: the panes of circuits and composition show what the library computes, ask on, and can be stopped.

use crate::window::{send, until, window_of};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::{
    analysis::circuits::{CircuitOptions, Kind, compose, head_circuits},
    app::{
        Window,
        circuits::{CircuitState, CompositionState, Lists},
        command::Command,
        layout::{self, Pane},
        settings::Settings,
    },
    model::HeadId,
};
use std::ops::ControlFlow;

fn window(pane: Pane) -> Harness<'static, Window> {
    let settings = Settings { live: false, dark: Some(true), ..Settings::default() };
    let mut harness = window_of([1280.0, 900.0], settings, Some("Mary has a red ball."));
    send(&mut harness, Command::ShowPane(pane));
    assert!(layout::in_sight(harness.state().tree(), pane));
    harness
}

fn found(harness: &mut Harness<'static, Window>, head: HeadId, asked: CircuitState) {
    send(harness, Command::SelectHead(head));
    send(harness, Command::SetCircuits(asked));
    until(harness, |window| {
        let found = window.session.circuits.found();
        found.is_some_and(|found| {
            found.circuits.head == head && found.word == asked.word && found.circuits.options == asked.options
        }) && window.session.circuits.searching().is_none()
    });
    harness.run_steps(2);
}

#[test]
fn a_head_shows_its_strongest_pairs_and_a_word_asks_on() {
    let mut harness = window(Pane::Circuits);
    let head = HeadId { layer: 3, head: 1 };
    found(&mut harness, head, CircuitState::default());
    let model = harness.state().session.model.clone().expect("a model is open");
    let mut go_on = |_| ControlFlow::Continue(());
    let own =
        head_circuits(&model.network, head, CircuitOptions::default(), &mut go_on).expect("it has them");
    let best = own.looks.scan(1, &mut go_on).expect("not stopped").ends.most[0];
    let text = |word| mnemoscope::model::shown(&model.token(word).text);
    let (row, column) = (text(best.row), text(best.column));
    let line = format!("{row} → {column} {:.3}", best.value);
    assert!(harness.query_all_by_label(&line).next().is_some(), "{line}");

    let ask = format!("ask about {column}");
    harness.query_all_by_label(&ask).next().expect("its key can be asked about").click();
    harness.run_steps(2);
    assert_eq!(harness.state().state.circuits.word, Some(best.column));
    until(&mut harness, |window| window.session.circuits.found().is_some_and(|found| found.word.is_some()));
    let found = harness.state().session.circuits.found().expect("found");
    let Lists::Word(_, queries) = &found.looks else { panic!("one word was asked about") };
    assert_eq!(queries.most[0].row, best.row, "the query that looks for it most");
    send(&mut harness, Command::Undo);
    assert_eq!(harness.state().state.circuits.word, None);
}

#[test]
fn a_typed_word_is_asked_about() {
    let mut harness = window(Pane::Circuits);
    found(&mut harness, HeadId { layer: 2, head: 0 }, CircuitState::default());
    let field = harness.get_by_label("find a word");
    field.focus();
    field.type_text("red");
    harness.run_steps(2);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
    let word = harness.state().state.circuits.word.expect("it is a word");
    let model = harness.state().session.model.clone().expect("a model is open");
    assert_eq!(model.token(word).text, " red", "as a word within a text");

    // Its vector is added where the head reads, and the run follows the slider
    harness.query_all_by_label_contains("add before layer 2").next().expect("it can be added").click();
    until(&mut harness, |window| window.session.changed.trace.is_some());
    let what = harness.state().state.interventions[0].what.clone();
    assert_eq!(what.to_string(), "add=blocks.2.hook_resid_pre@6<-token: red*1");
    let logits = |harness: &Harness<'static, Window>| {
        harness.state().session.changed.trace.as_ref().expect("it ran").logits.to_vec()
    };
    let before = logits(&harness);
    let stronger = what.to_string().replace("*1", "*4").parse().expect("an intervention");
    send(&mut harness, Command::AdjustIntervention(0, stronger));
    until(&mut harness, |window| {
        window.session.changed.trace.as_ref().is_some_and(|trace| trace.logits[..] != before[..])
    });
}

#[test]
fn what_a_head_cannot_have_is_said() {
    let mut harness = window(Pane::Circuits);
    send(&mut harness, Command::SelectHead(HeadId { layer: 0, head: 0 }));
    let options = CircuitOptions { after_mlp: true, plain: false };
    send(&mut harness, Command::SetCircuits(CircuitState { options, ..CircuitState::default() }));
    until(&mut harness, |window| window.session.circuits.found_not().is_some());
    harness.run_steps(2);
    let said = harness.query_all_by_label_contains("no first MLP").next();
    assert!(said.is_some());
}

#[test]
fn work_is_held_and_goes_on() {
    let mut harness = window(Pane::Circuits);
    send(&mut harness, Command::HoldCircuits(true));
    let options = CircuitOptions { after_mlp: false, plain: true };
    send(&mut harness, Command::SetCircuits(CircuitState { options, ..CircuitState::default() }));
    harness.run_steps(5);
    let of = |window: &Window| window.session.circuits.found().map(|found| found.circuits.options.plain);
    assert_ne!(of(harness.state()), Some(true));
    send(&mut harness, Command::HoldCircuits(false));
    until(&mut harness, |window| of(window) == Some(true));
}

#[test]
fn the_graph_shows_the_strongest_pairs_and_selects_heads() {
    let mut harness = window(Pane::Composition);
    for kind in [Kind::K, Kind::Q] {
        send(&mut harness, Command::SetComposition(CompositionState { kind, ..CompositionState::default() }));
        until(&mut harness, |window| {
            window.session.circuits.composition().is_some_and(|own| own.kind == kind)
                && window.session.circuits.composing().is_none()
        });
        harness.run_steps(2);
        let model = harness.state().session.model.clone().expect("a model is open");
        let own =
            compose(&model.network, kind, false, &mut |_| ControlFlow::Continue(())).expect("not stopped");
        let best = own.strongest(1)[0];
        harness.get_by_label(&format!("{} → {} {:.4}", best.from, best.to, best.score)).click();
        harness.run_steps(2);
        assert_eq!(harness.state().state.head, best.to);
        harness.get_by_label(&format!("head {} in the graph", best.from)).click();
        harness.run_steps(2);
        assert_eq!(harness.state().state.head, best.from);
        // While the pointer is on a head, only its pairs are listed
        harness.event(egui::Event::PointerGone);
        harness.run_steps(2);
    }
    harness.get_by_label("above random").click();
    harness.run_steps(2);
    assert!(harness.state().state.composition.above_random);
}
