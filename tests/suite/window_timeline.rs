//! Contract: a folder of checkpoints opens as a timeline; its slider moves every view, with undo; a live one does too.

use crate::{
    files::{write, write_words},
    timeline::{by_hand, role},
    window::{send, still, until, window_of, window_on},
};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::{
    analysis::{
        atlas::ROLES,
        timeline::{curve, roles_taken},
    },
    app::{
        Window,
        command::{Command, CommandKind},
        document::{Document, Reference},
        layout::{self, Pane},
        state::{Shown, State},
        timeline::{TimelineAct, Whose},
        training::{Act, Choice},
        words::Language,
    },
    engine::{self, Checkpoints, Job, ModelSource, TimelineOptions},
    model::HeadId,
    trace::Trace,
    train::{Hand, Task},
};
use std::path::Path;

const PROMPT: &str = "t3 t9 t5 t14 t3 t9 t5 t14";
const PREVIOUS: HeadId = HeadId { layer: 0, head: 0 };

/// Three moments of the model made by hand; the words lie beside them.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, idle) in [("step0", &[0, 1][..]), ("step10", &[1]), ("step20", &[])] {
        by_hand(&folder.path().join(name), idle);
    }
    write_words(folder.path(), (0..16).map(|id| format!("t{id}")), "t0");
    folder
}

fn opened(folder: &Path) -> Harness<'static, Window> {
    let mut harness = window_of([1600.0, 1000.0], still(), Some(PROMPT));
    send(&mut harness, Command::OpenModel(folder.to_owned()));
    shows(&mut harness, "step20");
    measured(&mut harness, 3);
    harness
}

/// Waits until the views show a checkpoint.
#[track_caller]
fn shows(harness: &mut Harness<'_, Window>, name: &str) {
    until(harness, |window| {
        let model = window.session.model.as_ref();
        model.is_some_and(|model| model.name.ends_with(name)) && window.session.busy.is_none()
    });
}

#[track_caller]
fn measured(harness: &mut Harness<'_, Window>, n: usize) {
    until(harness, |window| {
        let timelines = &window.session.timelines;
        assert_eq!(timelines.measuring.error(), None);
        timelines.measuring.get().is_some() && timelines.seen.len() == n
    });
}

/// How much the previous-token head looks one back, in the run that the views show.
fn looks_back(harness: &Harness<'_, Window>) -> f64 {
    harness.state().session.trace.as_ref().expect("a run").measures(PREVIOUS).previous_token
}

#[test]
fn a_folder_opens_at_its_last_checkpoint_and_is_measured() {
    let folder = folder();
    let harness = opened(folder.path());
    let window = harness.state();
    assert!(layout::in_sight(window.tree(), Pane::Timeline));
    assert!(window.session.model.as_ref().is_some_and(|model| model.tokenizer.is_some()));
    let trace = window.session.trace.as_ref().expect("a run");
    assert_eq!(trace.prompt, PROMPT);
    // What the curves show is what the library says
    let found = Checkpoints::of(folder.path()).expect("checkpoints");
    let prompt = Some(engine::Prompt::Text(PROMPT.into()));
    let options = TimelineOptions { prompt, ..TimelineOptions::default() };
    let (timeline, _) = engine::timeline(&found, &options, &Job::new(), &mut |_| {}).expect("a timeline");
    for (role, points) in &window.session.timelines.overview.best {
        assert_eq!(*points, curve(&timeline.snapshots, role, None), "{}", role.id);
    }
    let (ours, theirs) = (&window.session.timelines.overview.roles, roles_taken(&timeline.snapshots));
    assert_eq!(ours.len(), theirs.len());
    assert!(window.session.timelines.seen.iter().all(|seen| seen.loss.is_some()));
}

#[test]
fn a_prompt_that_cannot_be_read_leaves_the_model_open_and_says_so() {
    let folder = folder();
    let path = folder.path().join("tokenizer.json");
    let text = std::fs::read_to_string(&path).expect("written");
    write(&path, text.replace(r#""unk_token":"t0""#, r#""unk_token":"none""#).as_bytes());
    let mut harness = window_of([1600.0, 1000.0], still(), Some("Mary has a red ball."));
    send(&mut harness, Command::OpenModel(folder.path().to_owned()));
    shows(&mut harness, "step20");
    let session = &harness.state().session;
    assert!(session.trace.is_none() && session.banner.is_some(), "{:?}", session.banner);
    send(&mut harness, Command::EditPrompt(PROMPT.to_owned()));
    send(&mut harness, Command::RunPrompt);
    until(&mut harness, |window| window.session.trace.as_ref().is_some_and(Trace::is_complete));
}

#[test]
fn the_slider_moves_every_view_and_undo_moves_it_back() {
    let folder = folder();
    let mut harness = opened(folder.path());
    send(&mut harness, Command::SelectHead(HeadId { layer: 1, head: 1 }));
    assert!(looks_back(&harness) > 0.9);
    let slider = harness.get_by_label("Step of the training").rect();
    harness.drag_at(slider.left_center() + egui::vec2(10.0, 0.0));
    harness.run_ok();
    harness.drop_at(slider.left_center() + egui::vec2(10.0, 0.0));
    shows(&mut harness, "step0");
    assert_eq!(harness.state().state.timeline.step, Some(0));
    assert!(looks_back(&harness) < 0.5, "its heads look at all alike");
    assert_eq!(harness.state().state.head, HeadId { layer: 1, head: 1 }, "what is selected stays");
    assert_eq!(harness.state().state.prompt, PROMPT);
    harness.key_press(egui::Key::ArrowRight);
    shows(&mut harness, "step10");
    assert_eq!(harness.state().state.head, HeadId { layer: 1, head: 1 }, "arrows are the slider's");
    assert!(looks_back(&harness) > 0.9);
    send(&mut harness, Command::Undo);
    shows(&mut harness, "step0");
    send(&mut harness, Command::Undo);
    shows(&mut harness, "step20");
    assert_eq!(harness.state().state.timeline.step, None, "a drag is one step back");
    send(&mut harness, Command::Timeline(TimelineAct::Go(10)));
    shows(&mut harness, "step10");
    // Another prompt runs on the checkpoint, and the next one runs it, too
    send(&mut harness, Command::EditPrompt("t1 t2 t1 t2".into()));
    send(&mut harness, Command::RunPrompt);
    until(&mut harness, |window| {
        window.session.busy.is_none()
            && window.session.trace.as_ref().is_some_and(|trace| trace.n_tokens() == 4)
    });
    shows(&mut harness, "step10");
    harness.get_by_label("Forward").click();
    shows(&mut harness, "step20");
    assert_eq!(harness.state().session.trace.as_ref().map(Trace::n_tokens), Some(4));
    send(&mut harness, Command::Undo);
    shows(&mut harness, "step10");
    assert_eq!(harness.state().session.source, Some(ModelSource::Path(folder.path().join("step10"))));
    send(&mut harness, Command::Redo);
    shows(&mut harness, "step20");
}

#[test]
fn it_plays_to_the_end() {
    let folder = folder();
    let mut harness = opened(folder.path());
    assert_eq!(harness.state().state.timeline.step, None);
    harness.get_by_label("Play").click();
    until(&mut harness, |window| window.state.timeline.step == Some(0));
    until(&mut harness, |window| {
        window.state.timeline.step == Some(20) && window.session.timelines.playing.is_none()
    });
    shows(&mut harness, "step20");
}

#[test]
fn a_role_leads_to_its_head_and_its_step() {
    let folder = folder();
    let mut harness = opened(folder.path());
    send(&mut harness, Command::SetLayout("train".into()));
    send(&mut harness, Command::ShowPane(Pane::Timeline));
    send(&mut harness, Command::SelectHead(HeadId { layer: 1, head: 1 }));
    harness.get_by_label("0.0 previous since step 10").click();
    shows(&mut harness, "step10");
    assert_eq!(harness.state().state.head, PREVIOUS);
    send(&mut harness, Command::Timeline(TimelineAct::Whose(Whose::Selected)));
    send(&mut harness, Command::Timeline(TimelineAct::Show("sink", false)));
    let own = role("sink");
    assert!(
        !harness.state().state.timeline.shows(own) && harness.state().state.timeline.shows(role("induction"))
    );
    harness.get_by_label("selected heads");
    send(&mut harness, Command::SetLanguage(Language::Chinese));
    harness.get_by_label("训练的步数");
    harness.get_by_label("0.0 前一词元，自第 10 步起");
    send(&mut harness, Command::Timeline(TimelineAct::Show("sink", true)));
    assert!(harness.state().state.timeline.shows(own));
}

#[test]
fn every_checkpoint_is_measured_with_the_same_change() {
    let folder = folder();
    let mut harness = opened(folder.path());
    let best = |harness: &Harness<'_, Window>| {
        let last = harness.state().session.timelines.seen.last().expect("measured").clone();
        let scores = last.heads.iter().filter_map(|head| head.scores.induction_stripe);
        scores.fold(0.0, f64::max)
    };
    assert!(best(&harness) > 0.9);
    send(&mut harness, Command::Intervene("pattern=0.0:uniform".parse().expect("one")));
    harness.run_ok();
    assert!(best(&harness) > 0.9, "only where it is asked for");
    send(&mut harness, Command::Timeline(TimelineAct::Ask));
    measured(&mut harness, 3);
    assert!(best(&harness) < 0.3, "{}", best(&harness));
    assert_eq!(harness.state().state.timeline.changes.len(), 1);
    send(&mut harness, Command::SetShown(Shown::Clean));
    send(&mut harness, Command::Timeline(TimelineAct::Ask));
    measured(&mut harness, 3);
    assert!(best(&harness) > 0.9);
    send(&mut harness, Command::Undo);
    measured(&mut harness, 3);
    assert!(best(&harness) < 0.3, "undo brings the measures back");
}

#[test]
fn two_checkpoints_are_compared() {
    let folder = folder();
    let mut harness = opened(folder.path());
    send(&mut harness, Command::Timeline(TimelineAct::Go(0)));
    shows(&mut harness, "step0");
    harness.get_by_label("Compare with this").click();
    harness.run_ok();
    assert_eq!(harness.state().state.compare.step, Some(0));
    assert_eq!(harness.state().state.layout, "compare");
    let beside = harness.state().state.timeline.step;
    assert!(beside > Some(0) && beside < Some(20), "the one beside it is the first: {beside:?}");
    send(&mut harness, Command::Timeline(TimelineAct::Go(20)));
    shows(&mut harness, "step20");
    assert_eq!(harness.state().state.compare.step, Some(0), "it stays the second");
    compared(&mut harness, |second| second.measures(PREVIOUS).previous_token < 0.5);
    // Either run has a slider of its own in the layout
    let slider = |harness: &Harness<'_, Window>, name: &str| {
        harness
            .get_by(|node| node.role() == egui::Role::Slider && node.label().as_deref() == Some(name))
            .rect()
    };
    let b = slider(&harness, "Step of B");
    harness.drag_at(b.left_center() + egui::vec2(6.0, 0.0));
    harness.run_ok();
    harness.hover_at(b.center());
    harness.run_ok();
    harness.drop_at(b.right_center() - egui::vec2(2.0, 0.0));
    harness.run_ok();
    assert_eq!(harness.state().state.compare.step, Some(20));
    compared(&mut harness, |second| second.measures(PREVIOUS).previous_token > 0.9);
    let a = slider(&harness, "Step of A");
    harness.drag_at(a.left_center() + egui::vec2(2.0, 0.0));
    harness.run_ok();
    harness.drop_at(a.left_center() + egui::vec2(2.0, 0.0));
    harness.run_ok();
    shows(&mut harness, "step0");
    send(&mut harness, Command::Undo);
    shows(&mut harness, "step20");
    // The drag of B is one step back
    send(&mut harness, Command::Undo);
    assert_eq!(harness.state().state.compare.step, Some(0));
    // Another model as the second lets go of the step, closing the folder as well
    send(&mut harness, Command::OpenSecond(Some(Reference::Embedded)));
    assert_eq!(harness.state().state.compare.step, None);
    harness.get_by_label("With another step").click();
    harness.run_ok();
    assert_eq!(harness.state().state.compare.step, Some(0), "the other end");
    send(&mut harness, Command::Timeline(TimelineAct::Close));
    assert_eq!(harness.state().state.compare.step, None);
}

fn compared(harness: &mut Harness<'_, Window>, is: impl Fn(&Trace) -> bool) {
    until(harness, |window| {
        let comparing = &window.session.comparing;
        assert_eq!(comparing.second.error(), None);
        comparing.found.get().is_some() && comparing.second.get().is_some_and(|second| is(&second.trace))
    });
}

#[test]
fn steps_of_a_live_training_are_compared_without_a_file() {
    let mut harness = trained(PROMPT);
    send(&mut harness, Command::Train(Act::Look(Some(0))));
    send(&mut harness, Command::Timeline(TimelineAct::Compare));
    // The step in sight is the second, and the training comes in sight as the first
    shows(&mut harness, "live model");
    assert_eq!(harness.state().state.layout, "compare");
    assert_eq!(harness.state().state.compare.step, Some(0));
    let last = harness.state().live.moments.last().expect("a moment").report.steps;
    send(&mut harness, Command::Train(Act::Look(Some(last))));
    let differ = |harness: &Harness<'_, Window>| {
        let found = harness.state().session.comparing.found.get();
        found.and_then(|found| found.comparison.heads[0].distance).map(|distance| distance.divergence)
    };
    compared(&mut harness, |_| true);
    until(&mut harness, |window| {
        let found = window.session.comparing.found.get();
        let heads = found.map(|found| &found.comparison.heads);
        heads.is_some_and(|heads| {
            heads.iter().any(|head| head.distance.is_some_and(|own| own.divergence > 1e-9))
        })
    });
    // The same step on both sides is no difference
    send(&mut harness, Command::Timeline(TimelineAct::Second { step: last, first: true }));
    until(&mut harness, |window| {
        let found = window.session.comparing.found.get();
        let heads = found.map(|found| &found.comparison.heads);
        heads.is_some_and(|heads| {
            heads.iter().all(|head| head.distance.is_some_and(|own| own.divergence < 1e-12))
        })
    });
    assert!(differ(&harness).is_some());
}

#[test]
fn a_session_brings_the_timeline_back() {
    let folder = folder();
    let mut harness = opened(folder.path());
    send(&mut harness, Command::Timeline(TimelineAct::Go(10)));
    shows(&mut harness, "step10");
    let path = folder.path().join("mine.mnemo");
    send(&mut harness, Command::SaveSession(path.clone()));
    until(&mut harness, |window| window.session.exporting.is_none() && window.session.banner.is_some());
    let document = Document::open(&path).expect("written");
    assert_eq!(document.state.timeline.folder.as_deref(), Some(folder.path()));
    let mut again = window_of([1280.0, 720.0], still(), Some("Once upon a"));
    send(&mut again, Command::OpenModel(path));
    shows(&mut again, "step10");
    assert!(again.state().session.model.as_ref().is_some_and(|model| model.tokenizer.is_some()));
    until(&mut again, |window| window.session.timelines.found.get().is_some());
    assert_eq!(again.state().state.timeline.step, Some(10));
    // Another model ends it, and what was there comes back by undo
    send(&mut again, Command::OpenEmbedded);
    shows(&mut again, "storyteller");
    assert_eq!(again.state().state.timeline.folder, None);
}

#[test]
fn the_command_line_opens_one_too() {
    let folder = folder();
    let source = ModelSource::Path(folder.path().to_owned());
    let mut harness = window_on(source, [1280.0, 800.0], still(), Some(PROMPT));
    shows(&mut harness, "step20");
    assert_eq!(harness.state().session.trace.as_ref().map(Trace::n_tokens), Some(8));
}

#[test]
fn a_checkpoint_that_does_not_open_is_said_so_and_what_was_there_stays() {
    let folder = folder();
    write(&folder.path().join("step15/config.json"), b"{ broken");
    write(&folder.path().join("step15/model.safetensors"), b"none");
    let mut harness = opened(folder.path());
    send(&mut harness, Command::Timeline(TimelineAct::Go(15)));
    until(&mut harness, |window| window.session.timelines.opening.error().is_some());
    let window = harness.state();
    assert!(window.session.model.as_ref().is_some_and(|model| model.name.ends_with("step20")));
    assert!(window.session.timelines.measuring.get().is_some_and(|left_out| left_out.len() == 1));
    send(&mut harness, Command::Timeline(TimelineAct::Go(0)));
    shows(&mut harness, "step0");
    assert!(harness.state().session.timelines.opening.error().is_none());
}

#[test]
fn before_there_is_one_it_says_what_to_do() {
    let mut harness = window_of([1280.0, 800.0], still(), Some("Once upon a"));
    send(&mut harness, Command::ShowPane(Pane::Timeline));
    harness.get_by_label("No training is open");
    let mut opening = mnemoscope::app::Opening::new(still(), ModelSource::Embedded, None);
    opening.state = State::default();
    assert_eq!(opening.state.timeline.folder, None);
    assert_eq!(
        CommandKind::CheckpointBack.shortcut().map(|keys| keys.logical_key),
        Some(egui::Key::OpenBracket)
    );
    harness.key_press(egui::Key::OpenBracket);
    harness.run_ok();
    assert_eq!(harness.state().state.timeline, State::default().timeline);
}

/// A model so small that it trains in a test.
const CHOICE: Choice =
    Choice { task: Task::Induction, layers: 2, heads: 1, width: 32, mlp: false, seed: 1, text: None };

/// A window in which such a model has been trained for a while.
fn trained(prompt: &str) -> Harness<'static, Window> {
    let mut harness = window_of([1600.0, 1000.0], still(), Some(prompt));
    send(&mut harness, Command::SetLayout("train".into()));
    let train = |harness: &mut Harness<'_, Window>, act| send(harness, Command::Train(act));
    train(&mut harness, Act::Choose(CHOICE));
    train(&mut harness, Act::Hold(Hand { rate: 2e-3, batch: 4, size: 4 }));
    train(&mut harness, Act::Run(true));
    until(&mut harness, |window| window.live.moments.len() > 2);
    train(&mut harness, Act::Run(false));
    until(&mut harness, |window| !window.live.running);
    harness
}

#[test]
fn a_live_training_has_the_same_slider_and_moves_the_views() {
    let mut harness = trained("Once upon a");
    send(&mut harness, Command::ShowPane(Pane::Timeline));
    let best = &harness.state().live.overview.best;
    let induction = ROLES.iter().find(|role| role.id == "induction").expect("a role");
    let own = best.iter().find(|(role, _)| role.id == induction.id).expect("a curve");
    assert_eq!(own.1.len(), harness.state().live.reports.len());
    let slider = harness.get_by_label("Step of the training").rect();
    harness.drag_at(slider.left_center() + egui::vec2(10.0, 0.0));
    harness.run_ok();
    harness.drop_at(slider.left_center() + egui::vec2(10.0, 0.0));
    harness.run_ok();
    assert_eq!(harness.state().live.at, Some(0));
    // The views show the embedded model until a step is opened in them
    assert!(harness.state().session.model.as_ref().is_some_and(|model| model.name == "storyteller"));
    send(&mut harness, Command::Train(Act::Open));
    shows(&mut harness, "live model");
    let weights = |harness: &Harness<'_, Window>| {
        let model = harness.state().session.model.clone().expect("a model");
        model.network.weights.matrix("blocks.1.attn.W_Q").dense::<f32>()
    };
    let first = weights(&harness);
    send(&mut harness, Command::Train(Act::Look(Some(40))));
    until(&mut harness, |window| {
        let model = window.session.model.clone().expect("a model");
        model.network.weights.matrix("blocks.1.attn.W_Q").dense::<f32>() != first
    });
    let shown = weights(&harness);
    let live = &harness.state().live;
    let moment = live.earlier().expect("a moment");
    let model = live.moving().expect("it can be opened").model().expect("it opens");
    assert_eq!(moment.report.steps, 40);
    assert_eq!(model.network.weights.matrix("blocks.1.attn.W_Q").dense::<f32>(), shown);
    assert!(harness.state().session.trace.as_ref().is_some_and(Trace::is_complete));
}

#[test]
fn its_curves_are_a_figure_whose_recipe_makes_it_again() {
    let folder = folder();
    let mut harness = opened(folder.path());
    crate::views::written_thrice(&mut harness, mnemoscope::engine::View::Timeline);
}
