//! Contract: the walk is stepped, played and turned by pointer and by key, and what it shows is the run's.

use crate::window::{send, until, window_of};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::{
    analysis::walk::{Quantity, StepKind},
    app::{
        Window,
        command::{Command, CommandKind},
        layout::{Pane, Preset},
        settings::Settings,
        state::State,
        walking::{Order, PACE},
    },
    model::HeadId,
};
use std::time::Instant;
use strum::IntoEnumIterator as _;

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite.";

/// The layout for a class.
fn teaching() -> Harness<'static, Window> {
    let settings = Settings { live: false, dark: Some(true), ..Settings::default() };
    let mut harness = window_of([1280.0, 800.0], settings, Some(PROMPT));
    send(&mut harness, Command::SetLayout(Preset::Teach.id().to_owned()));
    walked(&mut harness);
    harness
}

/// Waits until the walk is of what is selected.
#[track_caller]
fn walked(harness: &mut Harness<'_, Window>) {
    until(harness, |window| {
        let state = &window.state;
        window.session.walking.walk().is_some_and(|walk| {
            let query = window.session.pinned_query(state);
            walk.head == state.head
                && Some(walk.query) == query
                && state.key.is_none_or(|key| key == walk.key)
        })
    });
}

fn step(harness: &Harness<'_, Window>) -> StepKind {
    harness.state().state.walk.step
}

#[test]
fn rail_formula_and_marks_lead_to_their_steps() {
    let mut harness = teaching();
    assert_eq!(step(&harness), StepKind::Scores);
    harness.get_by_label("7 softmax").click();
    harness.run_ok();
    assert_eq!(step(&harness), StepKind::Softmax);
    harness.get_by_label("2 of 12 · embedding").click();
    harness.run_ok();
    assert_eq!(step(&harness), StepKind::Embedding);
    harness.get_by_label("6 scale + mask").click();
    harness.run_ok();
    // The formula's own part is named like its step
    let parts: Vec<_> = harness.get_all_by_label("weighted sum").collect();
    parts[0].click();
    harness.run_ok();
    assert_eq!(step(&harness), StepKind::Sum);
    send(&mut harness, Command::Undo);
    assert_eq!(step(&harness), StepKind::Scale);
}

#[test]
fn arrows_step_where_the_walk_is_and_pick_heads_elsewhere() {
    let mut harness = teaching();
    let head = harness.state().state.head;
    harness.key_press(egui::Key::ArrowRight);
    harness.run_ok();
    assert_eq!((step(&harness), harness.state().state.head), (StepKind::Scale, head));
    harness.key_press(egui::Key::ArrowLeft);
    harness.run_ok();
    harness.key_press(egui::Key::PageUp);
    harness.run_ok();
    assert_eq!(step(&harness), StepKind::Projections);
    send(&mut harness, Command::SetLayout(Preset::Inspect.id().to_owned()));
    let before = harness.state().state.head;
    let other = if before.head == 0 { egui::Key::ArrowRight } else { egui::Key::ArrowLeft };
    harness.key_press(other);
    harness.run_ok();
    assert_eq!(step(&harness), StepKind::Projections);
    assert_ne!(harness.state().state.head, before);
}

#[test]
fn every_step_is_drawn_from_the_first_to_the_last_and_no_further() {
    let mut harness = teaching();
    send(&mut harness, Command::SetStep(StepKind::Tokens));
    for kind in StepKind::iter() {
        assert_eq!(step(&harness), kind);
        let walk = harness.state().session.walking.walk().expect("a walk");
        let own = &walk.steps[kind as usize];
        assert!(own.check.is_none_or(|check| check.holds()), "{kind:?}");
        let n = own.strips[0].values.len();
        let strips = format!(", {n} numbers");
        assert!(harness.query_all_by_label_contains(&strips).count() > 0, "{kind:?} has no strip of {n}");
        harness.key_press(egui::Key::ArrowRight);
        harness.run_ok();
    }
    assert_eq!(step(&harness), StepKind::Logits, "there is nothing behind the last");
    let walk = harness.state().session.walking.walk().expect("a walk");
    let last = walk.steps.last().and_then(|step| step.strip(Quantity::Probability)).expect("words");
    let next = harness.state().session.trace.as_ref().expect("a run").next[0].p;
    assert!((last.values[0] - next).abs() < 1e-5);
}

#[test]
fn a_click_on_a_key_walks_that_key() {
    let mut harness = teaching();
    let key = harness.state().session.walking.walk().expect("a walk").key;
    let n = harness.state().session.trace.as_ref().expect("a run").n_tokens();
    let name = format!("q · k the same for every key, {n} numbers");
    let strip = harness.get_by_label(&name).rect();
    let other = if key == 1 { 2 } else { 1 };
    let pitch = strip.width() / n as f32;
    let at = strip.min + egui::vec2((other as f32 + 0.5) * pitch.min(84.0), 12.0);
    harness.hover_at(at);
    harness.run_ok();
    harness.drag_at(at);
    harness.drop_at(at);
    walked(&mut harness);
    assert_eq!(harness.state().state.key, Some(other));
    assert_eq!(harness.state().session.walking.walk().expect("a walk").key, other);
}

#[test]
fn other_heads_and_queries_are_walked_when_they_are_picked() {
    let mut harness = teaching();
    let head = HeadId { layer: 0, head: 1 };
    send(&mut harness, Command::SelectHead(head));
    send(&mut harness, Command::PinQuery(Some(3)));
    walked(&mut harness);
    let walk = harness.state().session.walking.walk().expect("a walk");
    assert_eq!((walk.head, walk.query), (head, 3));
    let row = harness.state().session.trace.as_ref().expect("a run").pattern(head).row(3);
    assert!(row.iter().all(|&weight| weight <= row[walk.key]), "without a pin the strongest key is walked");
}

#[test]
fn it_plays_step_by_step_and_sleeps_between() {
    let mut harness = teaching();
    send(&mut harness, Command::SetStep(StepKind::Mlp));
    harness.key_press(egui::Key::Space);
    harness.run_ok();
    assert!(harness.state().session.walking.playing.is_some());
    assert_eq!(step(&harness), StepKind::Mlp, "a step stays its time");
    // As if its time had passed
    harness.state_mut().session.walking.playing = Instant::now().checked_sub(PACE);
    harness.step();
    harness.step();
    assert_eq!(step(&harness), StepKind::Logits);
    harness.state_mut().session.walking.playing = Instant::now().checked_sub(PACE);
    harness.step();
    harness.step();
    assert!(harness.state().session.walking.playing.is_none(), "it stops at the end");
    assert_eq!(step(&harness), StepKind::Logits);
    harness.run_ok();
    harness.get_by_label("Play").click();
    harness.run_ok();
    assert_eq!(step(&harness), StepKind::Tokens, "from the end it begins anew");
    harness.get_by_label("Pause").click();
    harness.run_ok();
    assert!(harness.state().session.walking.playing.is_none());
    send(&mut harness, Command::Undo);
    assert_ne!(step(&harness), StepKind::Tokens);
}

#[test]
fn order_and_step_are_state() {
    let mut harness = teaching();
    send(&mut harness, Command::OrderWalk(Order::Product));
    let text = serde_json::to_string(&harness.state().state).expect("plain data");
    let back: State = serde_json::from_str(&text).expect("the same");
    assert_eq!(back.walk, harness.state().state.walk);
    assert_eq!(back.walk.order, Order::Product);
    send(&mut harness, Command::Undo);
    assert_eq!(harness.state().state.walk.order, Order::Dimension);
    assert!(CommandKind::NextStep.shortcut().is_some());
}

#[test]
fn a_pane_of_its_own_size_draws_too() {
    let settings = Settings { live: false, dark: Some(false), ..Settings::default() };
    for size in [[800.0, 500.0], [1280.0, 720.0], [2560.0, 1440.0]] {
        let mut harness = window_of(size, settings.clone(), Some("a"));
        send(&mut harness, Command::ShowPane(Pane::Walk));
        walked(&mut harness);
        for kind in StepKind::iter() {
            send(&mut harness, Command::SetStep(kind));
        }
    }
}
