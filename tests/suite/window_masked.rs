//! Contract: of a model that fills in words the next-word view lists what its mask may hide, writes it there, and says what
//! to do where nothing is hidden; a figure of it says so, too.

use crate::cli::{complains, program};
use crate::parity::fixtures;
use crate::window::{send, still, until, until_seen, window_on};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::app::{Window, command::Command, layout::Pane};
use mnemoscope::engine::ModelSource;

fn settled(harness: &mut Harness<'_, Window>) {
    until(harness, |window| window.session.busy.is_none());
}

#[test]
fn a_hidden_word_is_asked_for_listed_and_filled_in() {
    let source = ModelSource::Path(fixtures().join("bert-mlm"));
    let mut harness = window_on(source, [1280.0, 800.0], still(), Some("the cat sat"));
    send(&mut harness, Command::Maximise(Some(Pane::Next)));
    until_seen(&mut harness, "what to do", |harness| {
        harness.query_by_label("Put [MASK] at the end").is_some()
    });
    harness.get_by_label_contains("Put [MASK] into the prompt");
    // Other views that need a word to measure by say the same, and offer no list of none
    send(&mut harness, Command::Maximise(Some(Pane::Honesty)));
    harness.get_by_label_contains("Put [MASK] into the prompt");
    assert!(harness.query_by_label_contains("answer").is_none(), "nothing to choose from");
    send(&mut harness, Command::Maximise(Some(Pane::Next)));
    harness.get_by_label("Put [MASK] at the end").click();
    harness.run_steps(2);
    settled(&mut harness);
    assert_eq!(harness.state().state.prompt, "the cat sat [MASK]");
    until(&mut harness, |window| window.session.next.get().is_some());
    let trace = harness.state().session.trace.clone().expect("a run");
    let (hidden, best) = (trace.answer_at.expect("the mask"), trace.next[0].clone());
    let listed = harness.state().session.next.get().expect("awaited").list.clone();
    assert_eq!(listed[0].0, best.id, "the model's own answer first");
    assert!((listed[0].1 - f64::from(best.p)).abs() < 1e-5);
    // A word takes the mask's place, nothing else moves
    send(&mut harness, Command::WriteNext(listed[1].0));
    settled(&mut harness);
    let ids = harness.state().session.trace.as_ref().expect("a run").ids();
    let mut wanted = trace.ids();
    wanted[hidden] = listed[1].0;
    assert_eq!(ids, wanted);
    assert!(harness.state().state.prompt.starts_with("the cat sat"), "{}", harness.state().state.prompt);
    until_seen(&mut harness, "the way back", |harness| {
        harness.query_by_label("Put [MASK] at the end").is_some()
    });
    send(&mut harness, Command::EditTokens(trace.ids()));
    settled(&mut harness);
    assert_eq!(harness.state().state.prompt, "the cat sat [MASK]", "the mask is read out of its id");
}

#[test]
fn a_figure_of_it_says_what_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (model, file) = (fixtures().join("bert-mlm"), folder.path().join("next.csv"));
    let export = |prompt: &str| {
        let arguments = ["--view", "next", "--prompt", prompt, "-o"];
        program().arg("export").arg(&model).args(arguments).arg(&file).output().expect("the program runs")
    };
    complains(&export("the cat sat"), &["the prompt hides none", "put the model's mask into the prompt"]);
    let out = export("the cat [MASK]");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let table = std::fs::read_to_string(&file).expect("written");
    assert!(table.lines().count() > 10, "{table}");
}
