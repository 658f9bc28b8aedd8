//! Contract: a model is trained in the window, looked back at, taken back, saved and opened; paused, nothing moves.

use crate::window::{send, until, window_of};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::{
    app::{
        Window,
        command::{Command, CommandKind},
        settings::Settings,
        training::{Act, Choice},
    },
    model::{HeadId, Model},
    train::{Hand, Task},
};

/// A model so small that it trains in a test.
const CHOICE: Choice =
    Choice { task: Task::Induction, layers: 2, heads: 1, width: 32, mlp: false, seed: 1, text: None };

fn window(size: [f32; 2], dark: bool) -> Harness<'static, Window> {
    let settings = Settings { live: false, dark: Some(dark), ..Settings::default() };
    let mut harness = window_of(size, settings, Some("Once upon a"));
    send(&mut harness, Command::SetLayout("train".into()));
    harness
}

fn train(harness: &mut Harness<'_, Window>, act: Act) {
    send(harness, Command::Train(act));
}

fn steps(window: &Window) -> u64 {
    window.live.reports.last().map_or(0, |report| report.steps)
}

/// Runs to at least step 40, and pauses.
fn trained() -> Harness<'static, Window> {
    let mut harness = window([1600.0, 1000.0], true);
    train(&mut harness, Act::Choose(CHOICE));
    train(&mut harness, Act::Hold(Hand { rate: 2e-3, batch: 4, size: 4 }));
    harness.get_by_label("Start").click();
    until(&mut harness, |window| window.live.running && steps(window) >= 40);
    harness.get_by_label("Pause").click();
    until(&mut harness, |window| !window.live.running);
    harness
}

#[test]
fn it_runs_pauses_and_steps() {
    let mut harness = trained();
    let (paused, losses) = (steps(harness.state()), harness.state().live.reports.len());
    assert!(losses >= 5, "a report every ten steps and one before the first");
    std::thread::sleep(std::time::Duration::from_millis(60));
    harness.run_ok();
    assert_eq!(steps(harness.state()), paused, "paused is paused");
    harness.get_by_label("Step").click();
    until(&mut harness, |window| steps(window) > paused);
    let before = harness.state().live.reports.len();
    harness.get_by_label("Go on").click();
    until(&mut harness, |window| window.live.reports.len() > before + 1);
}

#[test]
fn the_playhead_shows_an_earlier_step_and_rewind_goes_there() {
    let mut harness = trained();
    let now = steps(harness.state());
    harness.get_by_label("live head 1.0").click();
    harness.run_ok();
    assert_eq!(harness.state().live.head, HeadId { layer: 1, head: 0 });
    let now_row = shown_row(&harness);
    train(&mut harness, Act::Look(Some(20)));
    assert_ne!(shown_row(&harness), now_row, "the map follows the playhead");
    harness.get_by_label("back to live").click();
    harness.run_ok();
    assert_eq!(shown_row(&harness), now_row);
    assert_eq!(steps(harness.state()), now, "to look back takes nothing away");
    let timeline = harness.get_by_label("Timeline of the training").rect();
    harness.drag_at(timeline.left_center() + egui::vec2(8.0, 0.0));
    harness.run_ok();
    harness.drop_at(timeline.left_center() + egui::vec2(8.0, 0.0));
    harness.run_ok();
    assert_eq!(harness.state().live.at, Some(0));
    harness.get_by_label("Rewind").click();
    until(&mut harness, |window| steps(window) == 0);
    assert_eq!(harness.state().live.at, None);
    assert_eq!(harness.state().live.moments.len(), 1);
}

fn shown_row(harness: &Harness<'_, Window>) -> Vec<f32> {
    let live = &harness.state().live;
    live.shown().map(|(_, trace)| trace.pattern(live.head).row(7)).unwrap_or_default()
}

#[test]
fn what_is_under_the_hand_holds_and_what_is_chosen_waits() {
    let mut harness = trained();
    train(&mut harness, Act::Hold(Hand { rate: 1e-3, batch: 8, size: 5 }));
    harness.get_by_label("Step").click();
    until(&mut harness, |window| {
        window.live.reports.last().is_some_and(|report| (report.learning_rate, report.batch) == (1e-3, 8))
    });
    assert!(!harness.state().live.is_otherwise());
    harness.get_by_label("reverse").click();
    harness.run_ok();
    assert!(harness.state().live.is_otherwise() && steps(harness.state()) > 40);
    train(&mut harness, Act::Hold(Hand { rate: 1e-3, batch: 4, size: 3 }));
    harness.get_by_label("Start over").click();
    until(&mut harness, |window| steps(window) >= 10);
    let began = harness.state().live.began.clone().map(|began| began.task);
    assert_eq!(began, Some(Task::Reverse));
}

#[test]
fn a_step_is_saved_and_opened() {
    let mut harness = trained();
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("live");
    train(&mut harness, Act::Look(Some(20)));
    train(&mut harness, Act::Save(place.clone()));
    until(&mut harness, |window| window.session.banner.is_some());
    let saved = Model::open(&place).expect("it opens");
    let command = CommandKind::TrainOpen;
    assert_eq!(command.shortcut(), None);
    train(&mut harness, Act::Open);
    until(&mut harness, |window| window.state.layout == "inspect");
    let (session, live) = (&harness.state().session, &harness.state().live);
    let opened = session.model.as_ref().expect("a model");
    assert_eq!(opened.name, "live model");
    let rows = |model: &Model| model.network.weights.matrix("blocks.1.attn.W_Q").dense::<f32>();
    assert_eq!(rows(opened), rows(&saved));
    let (trace, probe) = (session.trace.as_ref().expect("a run"), live.probe.expect("a probe"));
    assert_eq!(trace.n_tokens(), 1 + 2 * probe.period);
    // What stands in the prompt box is the probe, so it can be run again and changed
    let n_tokens = trace.n_tokens();
    send(&mut harness, Command::RunPrompt);
    until(&mut harness, |window| window.session.busy.is_none());
    let again = harness.state().session.trace.as_ref().map_or(0, mnemoscope::trace::Trace::n_tokens);
    assert_eq!(again, n_tokens);
}

#[test]
fn a_text_that_is_not_there_is_said_so() {
    let mut harness = window([1280.0, 720.0], false);
    let text = Some("/nowhere/at/all.txt".into());
    train(&mut harness, Act::Choose(Choice { task: Task::Text, text, ..CHOICE }));
    train(&mut harness, Act::StartOver);
    until(&mut harness, |window| window.session.banner.as_ref().is_some_and(|banner| banner.error));
    assert!(!harness.state().live.running);
}
