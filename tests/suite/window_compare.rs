//! Contract: the layout *Compare* shows how two runs differ, as the library finds it, with one selection through both.

use crate::{
    files::write,
    parity::fixtures,
    traces::save,
    window::{Dropped, click_at, send, until, window_with},
};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::{
    analysis::compare::Comparison,
    app::{
        Window,
        command::Command,
        document::Reference,
        layout::{self, Pane},
        words::Language,
    },
    model::HeadId,
};

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite. Mary plays with the";
const OTHER: &str = "Mary has a green ball. Tom has a big blue kite. Mary plays with the";

fn window() -> Harness<'static, Window> {
    let mut harness = window_with(PROMPT);
    send(&mut harness, Command::SetLayout("compare".into()));
    harness
}

fn found<'a>(harness: &'a Harness<'_, Window>) -> &'a Comparison {
    &harness.state().session.comparing.found.get().expect("it is compared").comparison
}

fn compared(harness: &mut Harness<'_, Window>) {
    until(harness, |window| {
        let comparing = &window.session.comparing;
        assert_eq!(comparing.second.error(), None);
        comparing.found.get().is_some() && comparing.pair.get().is_some()
    });
}

fn with_second() -> Harness<'static, Window> {
    let mut harness = window();
    send(&mut harness, Command::EditSecond(OTHER.into()));
    harness.get_by_label("Run second").click();
    compared(&mut harness);
    harness
}

#[test]
fn it_says_what_to_do_first() {
    let harness = window();
    for pane in [Pane::CompareHeads, Pane::SideBySide, Pane::CompareWords] {
        assert!(layout::in_sight(harness.state().tree(), pane), "{pane:?}");
    }
    assert!(harness.query_all_by_label("Nothing to compare with yet").next().is_some());
    assert!(harness.state().session.comparing.found.get().is_none());
}

#[test]
fn the_keys_that_run_a_prompt_run_the_second_one_in_its_box() {
    let mut harness = window();
    send(&mut harness, Command::EditSecond(OTHER.into()));
    harness.get_by_label("Second prompt").focus();
    harness.run_steps(2);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().state.compare.asked, OTHER);
    compared(&mut harness);
}

#[test]
fn a_second_prompt_is_run_and_compared() {
    let mut harness = with_second();
    let comparison = found(&harness).clone();
    let own = harness.state().session.trace.clone().expect("a run");
    let second = harness.state().session.comparing.second.get().expect("a run").trace.clone();
    let again =
        mnemoscope::engine::compare(&own, &second, &mnemoscope::engine::Job::new()).expect("compared");
    assert_eq!(comparison, again, "the window asks the library");
    assert!(comparison.next.words[0].text == " green" && comparison.next.words[0].b > Some(0.9));
    let chip = |end: &'static str| {
        harness.get_by(move |node| node.label().is_some_and(|label| label.ends_with(end)))
    };
    chip(": ·red in A, ·green in B");
    chip(": – in A, ·big in B");
    // A head is selected here like anywhere
    harness.get_by_label("difference of head 2.3").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.head, HeadId { layer: 2, head: 3 });
    compared(&mut harness);
    assert_eq!(
        harness.state().session.comparing.pair.get().expect("a pair").heads.a,
        HeadId { layer: 2, head: 3 }
    );
    for run in ["A", "B"] {
        harness.get_by_label(&format!("head 2.3 in {run}"));
    }
    harness.get_by_label("B less A");
}

#[test]
fn one_selection_goes_through_both() {
    let mut harness = with_second();
    // ·kite is one token further on in B
    let (kite, after) = (11, 12);
    assert_eq!(found(&harness).target.b_of_a(kite), Some(after));
    send(&mut harness, Command::PinAligned { run: 1, query: after, key: 4 });
    let state = &harness.state().state;
    assert_eq!((state.query, state.key), (Some(kite), Some(4)));
    // What only B has is nothing in A
    send(&mut harness, Command::PinAligned { run: 1, query: 10, key: 2 });
    let state = &harness.state().state;
    assert_eq!((state.query, state.key), (Some(kite), Some(2)));
    send(&mut harness, Command::PinAligned { run: 2, query: 4, key: 0 });
    assert_eq!(harness.state().state.query, Some(4));
    let map = harness.get_by_label("head 0.0 in B").rect();
    click_at(&mut harness, map.lerp_inside(egui::vec2(0.01, 0.99)), egui::PointerButton::Primary);
    let last = harness.state().session.trace.as_ref().map(|trace| trace.n_tokens() - 1);
    assert_eq!((harness.state().state.query, harness.state().state.key), (last, Some(0)));
}

#[test]
fn clean_and_changed_are_compared_where_nothing_else_is_asked() {
    let mut harness = window();
    send(&mut harness, Command::Intervene("zero=2.1".parse().expect("an intervention")));
    compared(&mut harness);
    let first = found(&harness).layers[2].cosine;
    assert_eq!(first, Some(1.0));
    assert!(found(&harness).by_divergence()[0].a.layer > 2);
    assert!(harness.query_all_by_label("B is this run with its interventions").next().is_some());
}

#[test]
fn a_second_model_is_opened_kept_and_undone() {
    let mut harness = window();
    let model = Reference::Path(fixtures().join("llama-tied"));
    send(&mut harness, Command::OpenSecond(Some(model.clone())));
    compared(&mut harness);
    let name = |harness: &Harness<'_, Window>| {
        let second = harness.state().session.comparing.second.get();
        second.map(|second| second.trace.model_name.clone())
    };
    assert_eq!(name(&harness).as_deref(), Some("llama-tied"));
    assert!(found(&harness).alone[0] > 0 && found(&harness).next.divergence.is_none());
    let text = serde_json::to_string(&harness.state().state).expect("plain data");
    let again: mnemoscope::app::state::State = serde_json::from_str(&text).expect("the same");
    assert_eq!(again.compare.model, Some(model));
    send(&mut harness, Command::SortCompared(false));
    send(&mut harness, Command::SetLanguage(Language::Chinese));
    assert!(harness.query_all_by_label("对比各头").next().is_some());
    send(&mut harness, Command::Undo);
    assert!(harness.state().state.compare.sorted);
    send(&mut harness, Command::ClearSecond);
    assert!(harness.state().state.compare.model.is_none());
    until(&mut harness, |window| window.session.comparing.found.get().is_none());
    send(&mut harness, Command::Undo);
    compared(&mut harness);
    assert_eq!(name(&harness).as_deref(), Some("llama-tied"));
}

#[test]
fn what_goes_wrong_with_the_second_leaves_the_first() {
    let mut harness = window();
    let before = harness.state().session.run;
    send(&mut harness, Command::OpenSecond(Some(Reference::Path("no/such/model".into()))));
    until(&mut harness, |window| window.session.comparing.second.error().is_some());
    assert_eq!(harness.state().session.run, before);
    assert!(harness.state().session.trace.as_ref().is_some_and(mnemoscope::trace::Trace::is_complete));
    assert!(
        harness.query_all(egui_kittest::kittest::By::new().label_contains("no/such/model")).next().is_some()
    );
}

/// Lets a file fall on the left or the right half of the window.
fn drop_on(harness: &mut Harness<'_, Window>, path: &std::path::Path, right: bool) {
    harness.hover_at(egui::pos2(if right { 1100.0 } else { 100.0 }, 400.0));
    harness.run_steps(2);
    harness.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(path.to_owned())));
    harness.run_steps(2);
}

#[test]
fn models_runs_and_prompts_are_dropped_on_either_half() {
    let mut harness = window();
    let folder = tempfile::tempdir().expect("a folder");
    let first = harness.state().session.source.clone();
    // A model, to compare with
    let model = fixtures().join("llama-tied");
    drop_on(&mut harness, &model, true);
    compared(&mut harness);
    assert_eq!(harness.state().state.compare.model, Some(Reference::Path(model)));
    assert_eq!(harness.state().session.source, first, "the first is as it was");
    // A saved run
    let run = harness.state().session.trace.clone().expect("a run");
    let changed = harness.state().session.model.clone().map(|model| {
        let cut = ["zero=4.0".parse().expect("an intervention")];
        let job = mnemoscope::engine::Job::new();
        mnemoscope::engine::intervene(&model, &run, &cut, &job, &mut |_| {}).expect("made")
    });
    let file = folder.path().join("cut.trace.safetensors");
    save(&changed.expect("a model"), &file);
    drop_on(&mut harness, &file, true);
    until(&mut harness, |window| {
        let second = window.session.comparing.second.get();
        second.is_some_and(|second| second.model.is_none() && !second.trace.interventions().is_empty())
    });
    compared(&mut harness);
    send(&mut harness, Command::ClearSecond);
    // A prompt
    let text = folder.path().join("other.txt");
    write(&text, OTHER.as_bytes());
    drop_on(&mut harness, &text, true);
    compared(&mut harness);
    assert_eq!(harness.state().state.compare.asked, OTHER);
    assert_eq!(harness.state().state.prompt, PROMPT);
    drop_on(&mut harness, &text, false);
    until(&mut harness, |window| {
        window.session.busy.is_none()
            && window.session.trace.as_ref().is_some_and(|trace| trace.prompt == OTHER)
    });
    assert_eq!(harness.state().state.prompt, OTHER);
    // What cannot be read is told
    let broken = folder.path().join("broken.txt");
    write(&broken, b"\xff\xfe no text");
    drop_on(&mut harness, &broken, false);
    assert!(harness.state().session.banner.as_ref().is_some_and(|banner| banner.error));
    assert_eq!(harness.state().state.prompt, OTHER);
}

#[test]
fn what_is_compared_comes_back_with_the_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("compared.mnemo");
    let mut harness = with_second();
    send(&mut harness, Command::OpenSecond(Some(Reference::Path(fixtures().join("llama-tied")))));
    compared(&mut harness);
    send(&mut harness, Command::SortCompared(false));
    send(&mut harness, Command::SelectHead(HeadId { layer: 1, head: 2 }));
    send(&mut harness, Command::SaveSession(path.clone()));
    until(&mut harness, |window| window.session.exporting.is_none());
    let (state, before) = (harness.state().state.clone(), found(&harness).clone());
    drop(harness);
    let mut harness = window_with("Once upon a time");
    drop_on(&mut harness, &path, true);
    until(&mut harness, |window| window.session.busy.is_none() && window.state.prompt == PROMPT);
    compared(&mut harness);
    assert_eq!(harness.state().state.compare, state.compare);
    assert_eq!(harness.state().state.head, state.head);
    assert_eq!(found(&harness), &before);
}
