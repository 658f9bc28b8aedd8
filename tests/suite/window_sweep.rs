//! Contract: the patch sweep in the window is the library's, a place is selected and patched in by a click, and it is
//! written as a figure.

use crate::window::{cell_of, click_at, send, until, window_with};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::{
    app::{
        Window,
        command::Command,
        exporting::{Finish, Piece},
        layout::Pane,
        state::State,
        sweeping::SweepChoice,
        words::Language,
    },
    engine::{Job, LogitDifference, Places, View, run_other, sweep},
    model::HeadId,
    trace::{OtherPrompt, Trace},
};

const PROMPT: &str = "Tom has a red ball. Anna has a green cup. Tom plays with the";
const OTHER: &str = "Tom has a green ball. Anna has a red cup. Tom plays with the";

fn window() -> Harness<'static, Window> {
    let mut harness = window_with(PROMPT);
    send(&mut harness, Command::ShowPane(Pane::Sweep));
    harness
}

fn swept() -> Harness<'static, Window> {
    let mut harness = window();
    send(&mut harness, Command::EditSweep(OTHER.into()));
    harness.get_by_label("Sweep").click();
    made(&mut harness);
    harness
}

fn made(harness: &mut Harness<'_, Window>) {
    until(harness, |window| {
        assert_eq!(window.session.sweeping.why_not(), None);
        window.session.sweeping.of(window.session.run).is_some()
    });
}

fn click(harness: &mut Harness<'_, Window>, (row, rows): (usize, usize), (column, columns): (usize, usize)) {
    let map = harness.get_by_role_and_label(egui::Role::Image, "Patch sweep").rect();
    click_at(harness, cell_of(map, (row, rows), (column, columns)), egui::PointerButton::Primary);
}

fn difference(trace: &Trace, metric: LogitDifference) -> f64 {
    let logits = trace.answer_logits();
    f64::from(logits[metric.of as usize]) - f64::from(logits[metric.less as usize])
}

#[test]
fn a_place_of_the_sweep_is_what_its_patch_does() {
    let mut harness = swept();
    let window = harness.state();
    let moved = window.session.sweeping.of(window.session.run).expect("swept").clone();
    assert_eq!(moved.texts, ["·green", "·red"], "what either prompt makes likeliest");
    let model = window.session.model.clone().expect("a model");
    let here = window.session.trace.clone().expect("a run");
    let other = run_other(&model, &here, &OtherPrompt::Text(OTHER.into()), &Job::new()).expect("runs");
    let again = sweep(&model, &other, &here, moved.metric, &Job::new()).expect("swept");
    assert_eq!(moved.sweep, again, "the window asks the library");
    let (layers, n) = (here.n_layers(), here.n_tokens());
    let token = (0..n).max_by(|&a, &b| again.tokens[1][a].total_cmp(&again.tokens[1][b])).expect("tokens");

    click(&mut harness, (1, layers), (token, n));
    let state = &harness.state().state;
    assert_eq!((state.head.layer, state.query, state.layer), (1, Some(token), 1));
    harness.get_by_label("Add this patch").click();
    until(&mut harness, |window| window.session.changed.trace.is_some());
    let changed = harness.state().session.changed.trace.clone().expect("a run");
    let share = (difference(&changed, moved.metric) - again.corrupted) / (again.clean - again.corrupted);
    assert!((share - again.tokens[1][token]).abs() < 1e-4, "{share}");
    assert!(share > 0.5, "the fact's own token carries the answer");
    send(&mut harness, Command::Undo);
    until(&mut harness, |window| window.session.changed.trace.is_none());

    // The same of one head
    harness.get_by_label("heads").click();
    harness.run_steps(4);
    let heads = here.heads(4);
    let head = (0..heads).max_by(|&a, &b| again.heads[4][a].total_cmp(&again.heads[4][b])).expect("heads");
    click(&mut harness, (4, layers), (head, heads));
    assert_eq!(harness.state().state.head, HeadId { layer: 4, head });
    harness.get_by_label("Add this patch").click();
    until(&mut harness, |window| window.session.changed.trace.is_some());
    let changed = harness.state().session.changed.trace.clone().expect("a run");
    let share = (difference(&changed, moved.metric) - again.corrupted) / (again.clean - again.corrupted);
    assert!((share - again.heads[4][head]).abs() < 1e-4, "{share}");
}

#[test]
fn it_is_stopped_kept_in_a_session_and_says_what_is_wrong() {
    let mut harness = window();
    assert!(harness.query_all_by_label("Write another prompt with as many tokens").next().is_some());
    harness.get_by_label("Take this one").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.sweep.prompt, PROMPT);
    // A prompt of another length
    send(&mut harness, Command::EditSweep("Tom has a green ball".into()));
    send(&mut harness, Command::RunSweep(true));
    until(&mut harness, |window| window.session.sweeping.why_not().is_some());
    assert!(
        harness
            .query_all(egui_kittest::kittest::By::new().label_contains("the clean prompt has"))
            .next()
            .is_some()
    );
    send(&mut harness, Command::EditSweep(OTHER.into()));
    send(&mut harness, Command::RunSweep(true));
    made(&mut harness);
    let text = serde_json::to_string(&harness.state().state).expect("plain data");
    let again: State = serde_json::from_str(&text).expect("the same");
    assert_eq!(again.sweep, harness.state().state.sweep);
    // Two other words
    let choice = SweepChoice { of: Some(888), less: Some(931), ..harness.state().state.sweep.clone() };
    send(&mut harness, Command::SetSweep(choice));
    until(&mut harness, |window| {
        window
            .session
            .sweeping
            .of(window.session.run)
            .is_some_and(|moved| moved.metric == LogitDifference { of: 888, less: 931 })
    });
    send(&mut harness, Command::RunSweep(false));
    until(&mut harness, |window| window.session.sweeping.of(window.session.run).is_none());
    send(&mut harness, Command::Undo);
    made(&mut harness);
    send(&mut harness, Command::SetLanguage(Language::Chinese));
    harness.run_steps(3);
    assert!(harness.query_all_by_label("修补扫描").next().is_some());
}

#[test]
fn it_is_written_as_the_command_line_writes_it() {
    let mut harness = swept();
    let folder = tempfile::tempdir().expect("a folder");
    for places in [Places::Tokens, Places::Heads] {
        let choice = SweepChoice { places, ..harness.state().state.sweep.clone() };
        send(&mut harness, Command::SetSweep(choice));
        made(&mut harness);
        let (ours, theirs) = (folder.path().join("ours.csv"), folder.path().join("theirs.csv"));
        let piece = Piece::View(View::Sweep);
        // What is changed about the run in sight does not change the sweep
        send(&mut harness, Command::Intervene("zero=4.0".parse().expect("an intervention")));
        until(&mut harness, |window| window.session.changed.trace.is_some());
        send(&mut harness, Command::Export { path: ours.clone(), piece, finish: Finish::default() });
        until(&mut harness, |window| window.session.exporting.is_none());
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_mnemoscope"))
            .args(["export", "--prompt", PROMPT, "--view", "sweep", "--other", OTHER, "--places"])
            .arg(<&str>::from(places))
            .arg("-o")
            .arg(&theirs)
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let read = |path| std::fs::read_to_string(path).expect("written");
        assert_eq!(read(&ours), read(&theirs), "{places:?}");
        assert!(read(&ours).lines().count() > 30);
    }
    let mut bare = std::process::Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
    let output = bare.args(["export", "--prompt", PROMPT, "--view", "sweep", "-o", "x.csv"]).output();
    let output = output.expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--other"));
}
