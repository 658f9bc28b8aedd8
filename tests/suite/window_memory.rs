//! Contract: the memory panes show what the engine finds, at once, and what is chosen in them is kept and undone.

use crate::{
    parity::fixtures,
    window::{send, still, until, until_seen, window_on, window_with},
};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::{
    app::{
        Window,
        command::Command,
        layout::{self, Pane},
        memory::{PolicyKind, RecallView},
        words::Language,
    },
    engine::{Honesty, ModelSource},
};

const PROMPT: &str = "Tom has a red ball. Anna has a green cup. Tom plays with the";

fn window() -> Harness<'static, Window> {
    window_with(PROMPT)
}

fn honesty<'a>(harness: &'a Harness<'_, Window>) -> &'a Honesty {
    harness.state().session.memory.honesty.get().expect("it is measured")
}

#[test]
fn the_layout_has_its_panes() {
    let mut harness = window();
    send(&mut harness, Command::SetLayout("memory".into()));
    for pane in [Pane::Recall, Pane::Cache, Pane::Honesty] {
        assert!(layout::in_sight(harness.state().tree(), pane), "{pane:?}");
    }
    harness.get_by_label("Run recall");
}

#[test]
fn the_honesty_meter_reads_the_prompt() {
    let mut harness = window();
    send(&mut harness, Command::Maximise(Some(Pane::Honesty)));
    until(&mut harness, |window| window.session.memory.honesty.get().is_some());
    let (dearest, drop) = {
        let found = honesty(&harness);
        assert_eq!(found.answer_text, " red");
        let dearest = found.by_cost()[0];
        (dearest, found.drops[dearest])
    };
    let row = format!("{dearest} ·red, cutting it: {drop:.2}");
    harness.get_by_label(&row).click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.key, Some(dearest));
    send(&mut harness, Command::SetLastLayer(Some(1)));
    until(&mut harness, |window| window.session.memory.honesty.get().is_some_and(|found| found.layer == 1));
    assert!(honesty(&harness).drops[dearest] < drop, "the first layers alone do not carry it");
    let green = harness
        .state()
        .session
        .trace
        .as_ref()
        .and_then(|trace| trace.next.iter().find(|next| next.text == " green").map(|next| next.id));
    send(&mut harness, Command::SetAnswer(green));
    until(&mut harness, |window| {
        window.session.memory.honesty.get().is_some_and(|found| Some(found.answer) == green)
    });
    send(&mut harness, Command::SetLanguage(Language::Chinese));
    assert!(harness.query_all_by_label("诚实度").next().is_some());
}

#[test]
fn the_cache_forgets_as_it_is_told() {
    let mut harness = window();
    send(&mut harness, Command::Maximise(Some(Pane::Cache)));
    send(&mut harness, Command::SetPolicy(PolicyKind::Window));
    send(&mut harness, Command::SetBudget(Some(4)));
    let at = |harness: &mut Harness<'_, Window>, policy: &'static str| {
        until(harness, |window| {
            window.session.memory.cache.get().is_some_and(|view| view.eviction.policy == policy)
        });
    };
    at(&mut harness, "window:4");
    let view = harness.state().session.memory.cache.get().expect("there");
    assert!(view.eviction.p_before > 0.9 && view.eviction.p_after < 0.5);
    assert!(view.eviction.kept.iter().all(|&kept| kept == 4));
    assert!(harness.query_all_by_label("KV cache").next().is_some());
    send(&mut harness, Command::SetPolicy(PolicyKind::ByHand));
    send(&mut harness, Command::DropEntry { layer: 2, token: 4, gone: true });
    at(&mut harness, "without:2.4");
    send(&mut harness, Command::KeepEntries);
    assert!(harness.state().state.memory.dropped.is_empty());
    send(&mut harness, Command::Undo);
    assert!(harness.state().state.memory.dropped.contains(&(2, 4)));
}

#[test]
fn recall_is_asked_and_its_cells_are_chosen() {
    let source = ModelSource::Path(fixtures().join("induction-by-hand"));
    let mut harness = window_on(source, [1280.0, 800.0], still(), Some("1 2 3"));
    send(&mut harness, Command::Maximise(Some(Pane::Recall)));
    send(&mut harness, Command::SetTrials(2));
    let cut = "zero=1.1".parse().expect("an intervention");
    send(&mut harness, Command::Intervene(cut));
    harness.get_by_label("Run recall").click();
    until(&mut harness, |window| {
        assert_eq!(window.session.memory.recall.error(), None);
        window.session.memory.recall.get().is_some()
    });
    let recall = harness.state().session.memory.recall.get().expect("asked");
    let changed = recall.changed.as_ref().expect("asked twice");
    assert!(recall.cells.iter().all(|cell| cell.p > 0.9), "{:?}", recall.cells);
    assert!(changed.iter().all(|cell| cell.p < 0.5), "without its head nothing is repeated: {changed:?}");
    send(&mut harness, Command::SelectRecall(Some((0, 1))));
    assert_eq!(harness.state().state.memory.cell, Some((0, 1)));
    send(&mut harness, Command::StopRecall);
    assert!(!harness.state().session.memory.is_asked());
}

#[test]
fn random_tokens_read_twice_are_known_the_second_time_until_the_head_is_cut() {
    let source = ModelSource::Path(fixtures().join("induction-by-hand"));
    let mut harness = window_on(source, [1280.0, 800.0], still(), Some("1 2 3"));
    send(&mut harness, Command::Maximise(Some(Pane::Recall)));
    send(&mut harness, Command::SetTrials(2));
    send(&mut harness, Command::SetRecallView(RecallView::Twice));
    send(&mut harness, Command::Intervene("zero=1.1".parse().expect("an intervention")));
    harness.get_by_label("Run recall").click();
    until(&mut harness, |window| {
        assert_eq!(window.session.memory.twice.error(), None);
        window.session.memory.twice.get().is_some()
    });
    let read = harness.state().session.memory.twice.get().expect("read");
    let (clean, changed) = (&read.clean, read.changed.as_ref().expect("with the cut, too"));
    let [(first, second), (_, cut)] =
        [clean, changed].map(|curve| curve.first_and_second.expect("it is a repeat"));
    assert!(second < 0.2 && first > 2.0, "what came before is known: {first} and {second} bits");
    assert!(cut > 2.0, "and not without the head: {cut} bits");
    // The picture says both numbers to those who do not see it
    let said = (harness.state().settings.language().words().recall.first_and_second)(first, second);
    until_seen(&mut harness, &said, |harness| {
        harness.query_by_role_and_label(egui::Role::Image, &said).is_some()
    });
}

#[test]
fn recall_names_the_head_that_carries_it() {
    let source = ModelSource::Path(fixtures().join("induction-by-hand"));
    let mut harness = window_on(source, [1280.0, 800.0], still(), Some("1 2 3"));
    send(&mut harness, Command::Maximise(Some(Pane::Recall)));
    send(&mut harness, Command::SetTrials(2));
    harness.get_by_label("Run recall").click();
    until(&mut harness, |window| window.session.memory.recall.get().is_some());
    harness.get_by_label("heads").click();
    until(&mut harness, |window| {
        assert_eq!(window.session.memory.carriers.error(), None);
        window.session.memory.carriers.get().is_some()
    });
    let label = {
        let (_, found) = harness.state().session.memory.carriers.get().expect("there");
        let own = found.by_retrieval()[0];
        assert_eq!(own.head().to_string(), "1.1");
        format!("head 1.1: retrieval 1.00, when cut −{:.1} %", (found.p - own.cut.p) * 100.0)
    };
    harness.get_by_label(&label).click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.head.to_string(), "1.1");
    // Random tokens have no facts about others: it says so
    harness.get_by_label("distractors").click();
    until(&mut harness, |window| window.session.memory.others.error().is_some());
    send(&mut harness, Command::Undo);
    assert_eq!(harness.state().state.memory.recall_view, RecallView::Heads);
}
