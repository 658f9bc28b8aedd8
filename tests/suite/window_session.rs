//! Contract: what is open is saved and comes back, after a crash too; notes are pinned to cells; tokens are edited one by
//! one; the next word is chosen by hand and every way stays; hints close for good.

use crate::files::write;
use crate::window::{seasoned, send, still, until, window_of, window_on, window_with};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::{
    app::{
        Window,
        command::Command,
        document::{Document, DocumentError, Keeper, Reference},
        editing::{Splice, tree},
        layout::Pane,
        settings::Settings,
    },
    engine::ModelSource,
    model::{HeadId, Sampling, choices},
    trace::{Intervention, Output, Trace},
};
use std::path::Path;

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite.";
const HEAD: HeadId = HeadId { layer: 3, head: 1 };

fn window() -> Harness<'static, Window> {
    window_with(PROMPT)
}

fn settled(harness: &mut Harness<'_, Window>) {
    until(harness, |window| {
        window.session.busy.is_none() && window.session.exporting.is_none() && window.session.trace.is_some()
    });
}

fn ids(harness: &Harness<'_, Window>) -> Vec<u32> {
    harness.state().session.trace.as_ref().map(Trace::ids).expect("a run")
}

#[test]
fn a_session_comes_back_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.mnemo");
    let mut harness = window();
    send(&mut harness, Command::SelectHead(HEAD));
    send(&mut harness, Command::PinCell { query: 5, key: 2 });
    send(&mut harness, Command::SetNote("looks one back".into()));
    send(
        &mut harness,
        Command::Intervene(Intervention::Zero(Output::Heads(HeadId { layer: 4, head: 0 }.into()))),
    );
    send(&mut harness, Command::ClosePane(Pane::Norms));
    send(&mut harness, Command::SaveSession(path.clone()));
    settled(&mut harness);
    let state = harness.state().state.clone();
    let document = Document::open(&path).expect("written");
    assert_eq!((&document.state, &document.model), (&state, &Reference::Embedded));

    // In another window, which had something else open
    let mut harness = window_of([1280.0, 800.0], still(), Some("Something else."));
    send(&mut harness, Command::OpenModel(path.clone()));
    settled(&mut harness);
    assert_eq!(harness.state().state, state);
    assert_eq!(harness.state().settings.recent, [path]);
    assert_eq!(harness.state().session.trace.as_ref().map(|trace| trace.prompt.clone()), Some(PROMPT.into()));
    harness.get_by_label("looks one back");
    until(&mut harness, |window| window.session.changed.trace.is_some());
}

#[test]
fn what_is_no_session_is_refused_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("broken.mnemo");
    let mut harness = window();
    let state = harness.state().state.clone();
    for (text, said) in [
        ("{\"mnemoscope\": 1, \"model\"", "not a session"),
        ("{\"mnemoscope\": 99, \"model\": \"embedded\", \"state\": {}}", "a later version"),
        ("[]", "not a session"),
    ] {
        write(&path, text.as_bytes());
        assert!(Document::open(&path).is_err_and(|error| error.to_string().starts_with(said)), "{text}");
        send(&mut harness, Command::OpenModel(path.clone()));
        harness.get_by_label_contains(said);
        assert_eq!(harness.state().state, state);
    }
    std::fs::remove_file(&path).expect("removed");
    assert!(matches!(Document::open(&path), Err(DocumentError::Read { .. })));
}

/// The id of a process that has ended.
fn dead() -> u32 {
    let mut child =
        std::process::Command::new(env!("CARGO_BIN_EXE_mnemoscope")).arg("--version").spawn().expect("runs");
    let id = child.id();
    child.wait().expect("ends");
    id
}

fn keeper(folder: &Path) -> Keeper {
    Keeper::into(Some(folder.to_owned()))
}

#[test]
fn what_a_crash_left_is_offered_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = window();
    harness.state_mut().keep_session(keeper(folder.path()));
    assert!(harness.query_by_label("Bring it back").is_none(), "nothing crashed");
    harness.run_steps(2);
    send(&mut harness, Command::SelectHead(HEAD));
    until(&mut harness, |_| std::fs::read_dir(folder.path()).is_ok_and(|mut files| files.next().is_some()));
    let file = std::fs::read_dir(folder.path()).expect("there").flatten().next().expect("kept").path();
    assert!(keeper(folder.path()).orphan().is_none(), "this process still runs");
    std::fs::rename(&file, folder.path().join(format!("{}.mnemo", dead()))).expect("as if it had died");

    let mut harness = window_of([1280.0, 800.0], still(), Some("Something else."));
    harness.state_mut().keep_session(keeper(folder.path()));
    harness.run_steps(2);
    harness.get_by_label("Bring it back").click();
    harness.run_steps(2);
    settled(&mut harness);
    assert_eq!((harness.state().state.head, harness.state().state.prompt.as_str()), (HEAD, PROMPT));
    assert!(keeper(folder.path()).orphan().is_none(), "offered once");
}

#[test]
fn notes_are_found_again() {
    let mut harness = window();
    send(&mut harness, Command::SelectHead(HEAD));
    send(&mut harness, Command::PinCell { query: 5, key: 2 });
    send(&mut harness, Command::AskForNote);
    harness.get_by_label("What is to be remembered about this cell").type_text("odd");
    harness.run_steps(2);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(2);
    send(&mut harness, Command::SelectHead(HeadId { layer: 0, head: 0 }));
    send(&mut harness, Command::Clear);
    // Between them may stand the head's role
    let note = |label: String| label.starts_with("L3H1") && label.ends_with("5 → 2");
    harness.get_by(|node| note(node.label().unwrap_or_default())).click();
    harness.run_steps(2);
    let state = &harness.state().state;
    assert_eq!((state.head, state.query, state.key), (HEAD, Some(5), Some(2)));
    send(&mut harness, Command::RemoveNote(0));
    assert!(harness.query_by_label("odd").is_none());
    send(&mut harness, Command::Undo);
    harness.get_by_label("odd");
}

#[test]
fn tokens_are_dropped_swapped_replaced_and_come_back() {
    let mut harness = window();
    let before = ids(&harness);
    harness.get_by_label_contains("token 4 ").click_secondary();
    harness.run_steps(3);
    harness.get_by_label("Drop this token").click();
    harness.run_steps(2);
    settled(&mut harness);
    let mut wanted = before.clone();
    wanted.remove(4);
    assert_eq!(ids(&harness), wanted);
    assert_eq!(harness.state().state.prompt, "Mary has a ball. Tom has a blue kite.");
    send(&mut harness, Command::SpliceToken(Splice::Insert(4), " green".into()));
    settled(&mut harness);
    assert!(harness.state().state.prompt.starts_with("Mary has a green ball"));
    send(&mut harness, Command::SpliceToken(Splice::Replace(4), " blue".into()));
    settled(&mut harness);
    assert!(harness.state().state.prompt.starts_with("Mary has a blue ball"));
    for _ in 0..3 {
        send(&mut harness, Command::Undo);
        settled(&mut harness);
    }
    assert_eq!((ids(&harness), harness.state().state.prompt.as_str()), (before, PROMPT));
    // Writing goes back to the prompt's own tokens
    send(&mut harness, Command::EditTokens(vec![1, 2, 3]));
    send(&mut harness, Command::EditPrompt("Tom".into()));
    assert_eq!(harness.state().state.ids, None);
}

#[test]
fn the_next_word_is_written_by_a_click_and_every_way_stays() {
    let mut harness = window_of([1280.0, 800.0], still(), Some("Mary has a red ball. Mary plays with the"));
    let before = ids(&harness);
    send(&mut harness, Command::Maximise(Some(Pane::Next)));
    until(&mut harness, |window| window.session.next.get().is_some());
    harness.run_steps(2);
    let best = harness.state().session.trace.as_ref().map(|trace| trace.next[0].clone()).expect("it speaks");
    let listed = harness.state().session.next.get().expect("awaited").clone();
    assert_eq!(listed.list[0].0, best.id);
    assert!((listed.list[0].1 - f64::from(best.p)).abs() < 1e-5, "the model's own probability");
    harness.get_by_label("Take the most likely").click();
    harness.run_steps(2);
    settled(&mut harness);
    let longer: Vec<u32> = before.iter().copied().chain([best.id]).collect();
    assert_eq!(ids(&harness), longer);
    send(&mut harness, Command::EditTokens(before.clone()));
    settled(&mut harness);
    send(&mut harness, Command::WriteNext(listed.list[1].0));
    settled(&mut harness);
    let ways = tree(&harness.state().state.branches)
        .into_iter()
        .map(|way| (way.depth, way.from))
        .collect::<Vec<_>>();
    assert_eq!(ways, [(0, 0), (1, before.len()), (1, before.len())]);
    send(&mut harness, Command::DrawNext);
    settled(&mut harness);
    assert_eq!(ids(&harness).len(), before.len() + 2);
}

#[test]
fn ways_taken_are_in_sight_where_there_is_room() {
    let mut harness =
        window_on(ModelSource::Embedded, [1280.0, 720.0], seasoned(), Some("Mary has a red ball."));
    send(&mut harness, Command::Maximise(Some(Pane::Next)));
    until(&mut harness, |window| window.session.next.get().is_some());
    let ways = harness.get_by_label_contains("every way taken stays here").rect();
    let draw = harness.get_by_label("Draw one").rect();
    assert!(ways.left() > draw.right() && ways.bottom() < 300.0, "{ways:?} beside {draw:?}");
}

#[test]
fn the_list_tells_what_the_rules_cut() {
    let logits = [2.0_f32, 1.0, 0.0, -1.0];
    let plain = choices(&logits, &Sampling { temperature: 1.0, ..Sampling::default() }, 3);
    assert_eq!((plain.kept, plain.all, plain.list.len()), (4, 4, 3));
    assert!((plain.kept_share - 1.0).abs() < 1e-12 && (plain.entropy - plain.entropy_before).abs() < 1e-12);
    // e^2 : e : 1 : e^-1
    let sum = 1.0_f64.exp().powi(2) + 1.0_f64.exp() + 1.0 + (-1.0_f64).exp();
    assert!((plain.list[1].1 - 1.0_f64.exp() / sum).abs() < 1e-7);
    let two = choices(&logits, &Sampling { temperature: 1.0, top_k: Some(2), ..Sampling::default() }, 4);
    assert_eq!((two.kept, two.list.len()), (2, 4));
    let p = 1.0 / (1.0 + (-1.0_f64).exp());
    let entropy = -p * p.log2() - (1.0 - p) * (1.0 - p).log2();
    assert!((two.entropy - entropy).abs() < 1e-6, "{} {entropy}", two.entropy);
    let nucleus = Sampling { temperature: 1.0, top_p: Some(0.6), ..Sampling::default() };
    let certain = choices(&logits, &nucleus, 4);
    assert_eq!(certain.kept, 1, "the first has 64 % alone");
    assert_eq!(format!("{:.2}", certain.entropy), "0.00", "not −0");
    assert_eq!(choices(&logits, &Sampling::default(), 4).kept, 1, "at temperature 0 the first");
}

#[test]
fn hints_point_close_and_stay_closed() {
    let mut harness = window_on(ModelSource::Embedded, [1440.0, 900.0], still(), None);
    settled(&mut harness);
    harness.get_by_label("Write here");
    harness.get_by_label("Read the framed row");
    harness.get_by_label_contains("So it says");
    harness.get_by_label("Close this hint 1").click();
    harness.run_steps(2);
    assert!(harness.query_by_label("Write here").is_none());
    send(&mut harness, Command::DismissHints);
    assert!(harness.query_by_label("Read the framed row").is_none());
    let text = serde_json::to_string(&harness.state().settings).expect("plain data");
    let again: Settings = serde_json::from_str(&text).expect("its own file");
    assert_eq!(again.hints, u8::MAX);
}
