//! Contract: the atlas pane makes, stops, resumes, opens and saves an atlas; what is chosen in it is shown, kept and undone.

use crate::files::write;
use crate::window::{press, send, until, window_with};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::{
    app::{
        Dialog, Window,
        charting::{AtlasAct, AtlasChoice, AtlasPath, Colour, Source, View},
        command::Command,
        document::Keeper,
        layout::{self, Pane},
        resuming::NAME,
        words::Language,
    },
    engine::open_atlas,
    model::HeadId,
    trace::Intervention,
};

const PROMPT: &str = "Tom has a red ball. Anna has a green cup. Tom has a red";

fn window() -> Harness<'static, Window> {
    window_with(PROMPT)
}

fn act(harness: &mut Harness<'_, Window>, act: AtlasAct) {
    send(harness, Command::Atlas(act));
}

fn choice(harness: &Harness<'_, Window>) -> AtlasChoice {
    harness.state().state.atlas.clone()
}

fn view<'a>(harness: &'a Harness<'_, Window>) -> &'a View {
    harness.state().session.charting.view().expect("an atlas")
}

/// A window with an atlas of the prompt alone: the quickest there is.
pub(crate) fn charted() -> Harness<'static, Window> {
    let mut harness = window();
    send(&mut harness, Command::SetLayout("atlas".into()));
    assert!(layout::in_sight(harness.state().tree(), Pane::Atlas));
    let source = AtlasChoice { source: Source::Prompt, ..choice(&harness) };
    act(&mut harness, AtlasAct::Choose(source));
    harness.get_by_label("Make atlas").click();
    harness.run_steps(2);
    assert!(harness.state().session.charting.progress().is_some(), "a worker makes it");
    until(&mut harness, |window| window.session.charting.view().is_some());
    harness
}

#[test]
fn an_atlas_is_made_read_and_its_passages_run() {
    let mut harness = charted();
    assert_eq!(view(&harness).atlas.heads.len(), 36);
    assert_eq!(view(&harness).atlas.ran.texts.as_deref(), Some("prompt"));
    let induction = HeadId { layer: 4, head: 0 };
    harness.get_by_label("Head 4.0").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.head, induction, "it is selected everywhere");
    let entry = view(&harness).atlas.entry(induction).expect("an entry");
    let roles: Vec<&str> = entry.roles().map(|role| role.label).collect();
    assert!(roles.contains(&"induction"));
    harness.get_by_label(&roles.join(" · "));
    // Another row of the passage, by a click on its text, then the passage as the prompt
    let sequence = view(&harness).atlas.entry(induction).expect("an entry").sequences[0].clone();
    let looked = AtlasChoice { looked: Some((sequence.passage, 9)), ..choice(&harness) };
    act(&mut harness, AtlasAct::Choose(looked));
    let before = harness.state().session.run;
    harness.get_by_label("Open as prompt").click();
    harness.run_steps(2);
    until(&mut harness, |window| window.session.run != before && window.session.busy.is_none());
    assert_eq!(harness.state().state.prompt, PROMPT, "the passage is the prompt's own text");
    assert_eq!(harness.state().state.query, Some(9));
}

#[test]
fn an_atlas_is_made_of_the_changed_run_where_that_is_in_sight() {
    let mut harness = charted();
    let (look, copy) = (HeadId { layer: 3, head: 1 }, HeadId { layer: 4, head: 0 });
    let score = |harness: &Harness<'_, Window>| {
        view(harness).atlas.entry(copy).expect("an entry").scores.induction_stripe.expect("probes")
    };
    assert!(score(&harness) > 0.9);
    let change: Intervention = "zero=3.1".parse().expect("one");
    send(&mut harness, Command::Intervene(change.clone()));
    act(&mut harness, AtlasAct::Run { resume: false });
    until(&mut harness, |window| {
        let view = window.session.charting.view();
        view.is_some_and(|view| view.atlas.ran.interventions == [change.clone()])
    });
    assert!(score(&harness) < 0.7, "without {look} it finds less: {}", score(&harness));
    let name = harness.state().session.trace.as_ref().map(|trace| trace.model_name.clone()).expect("a run");
    assert!(harness.state().session.charting.of_model(&name).is_none(), "it names no heads elsewhere");
}

#[test]
fn choices_are_kept_undone_and_said_in_both_languages() {
    let mut harness = charted();
    let first = choice(&harness);
    act(&mut harness, AtlasAct::Choose(AtlasChoice { x: "entropy".into(), ..first.clone() }));
    let coloured = AtlasChoice { colour: Colour::Alike, ..choice(&harness) };
    act(&mut harness, AtlasAct::Choose(coloured.clone()));
    harness.get_by_label("Head atlas: entropy × induction");
    send(&mut harness, Command::Undo);
    assert_eq!(choice(&harness).colour, Colour::Layer);
    send(&mut harness, Command::Undo);
    assert_eq!(choice(&harness), first);
    send(&mut harness, Command::Redo);
    send(&mut harness, Command::Redo);
    assert_eq!(choice(&harness), coloured);
    send(&mut harness, Command::SetLanguage(Language::Chinese));
    harness.get_by_label("注意力头图谱: 熵 × 归纳（探针）");
    harness.get_by_label("制作图谱");
}

#[test]
fn an_atlas_is_stopped_and_gone_on_with() {
    let mut harness = window();
    send(&mut harness, Command::SetLayout("atlas".into()));
    act(&mut harness, AtlasAct::Run { resume: false });
    until(&mut harness, |window| window.session.charting.pace().is_some_and(|pace| pace.0 >= 2));
    act(&mut harness, AtlasAct::Stop);
    until(&mut harness, |window| window.session.charting.left().is_some());
    let left = harness.state().session.charting.left().expect("a number");
    assert!(harness.state().session.charting.view().is_none() && left >= 2);
    harness.get_by_label(&format!("Go on from passage {left}")).click();
    harness.run_steps(2);
    until(&mut harness, |window| window.session.charting.view().is_some());
    assert_eq!(view(&harness).atlas.ran.passages, 12);
    assert_eq!(harness.state().session.charting.left(), None);
}

#[test]
fn files_are_saved_opened_and_dropped() {
    let mut harness = charted();
    let folder = tempfile::tempdir().expect("a folder");
    let json = folder.path().join("atlas.json");
    act(&mut harness, AtlasAct::Ask(AtlasPath::Save));
    assert!(matches!(harness.state().dialog, Dialog::Atlas { what: AtlasPath::Save, .. }));
    act(&mut harness, AtlasAct::Save(json.clone()));
    until(&mut harness, |window| window.session.exporting.is_none());
    assert_eq!(open_atlas(&json).expect("readable").heads.len(), 36);
    act(&mut harness, AtlasAct::Save(folder.path().join("data")));
    until(&mut harness, |window| window.session.exporting.is_none());
    act(&mut harness, AtlasAct::Save(folder.path().join("a.xyz")));
    assert!(harness.state().session.banner.as_ref().is_some_and(|banner| banner.error));

    // Dropped on the window: a folder of HeadVis's, then our file, then a text
    send(&mut harness, Command::OpenModel(folder.path().join("data")));
    until(&mut harness, |window| {
        window.session.charting.view().is_some_and(|view| view.atlas.heads[0].offsets.is_empty())
    });
    send(&mut harness, Command::OpenModel(json));
    until(&mut harness, |window| {
        window.session.charting.view().is_some_and(|view| !view.atlas.heads[0].offsets.is_empty())
    });
    let text = folder.path().join("text.txt");
    write(&text, b"Anna gave the kite to Tom.");
    send(&mut harness, Command::OpenModel(text.clone()));
    assert_eq!(choice(&harness).source, Source::Corpus(text));
    // What does not read says why
    act(&mut harness, AtlasAct::Open(folder.path().join("nothing.json")));
    until(&mut harness, |window| window.session.charting.error().is_some());
    assert!(harness.query_all_by_label_contains("nothing.json").next().is_some());
}

#[test]
fn a_box_over_the_points_chooses_heads() {
    let mut harness = charted();
    let plot = harness.get_by(|node| {
        node.role() == egui::Role::Image && node.label().is_some_and(|label| label.contains(" × "))
    });
    let area = plot.rect().shrink(2.0);
    let keys = egui::Modifiers::SHIFT;
    let button = |pos, pressed| press(pos, egui::PointerButton::Primary, pressed, keys);
    let (from, to) = (area.left_top(), area.right_bottom());
    for event in [egui::Event::PointerMoved(from), button(from, true)] {
        harness.event_modifiers(event, keys);
        harness.step();
    }
    for share in [0.3, 0.7, 1.0] {
        harness.event_modifiers(egui::Event::PointerMoved(from + (to - from) * share), keys);
        harness.step();
    }
    harness.event_modifiers(button(to, false), keys);
    harness.run_steps(3);
    let all = view(&harness).atlas.heads.len();
    assert_eq!(harness.state().state.chosen.len(), all, "the box holds every head");
    send(&mut harness, Command::Undo);
    assert!(harness.state().state.chosen.is_empty());
}

#[test]
fn an_unfinished_atlas_outlives_the_window() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = window();
    harness.state_mut().keep_session(Keeper::into(Some(folder.path().to_owned())));
    act(&mut harness, AtlasAct::Run { resume: false });
    until(&mut harness, |window| window.session.charting.pace().is_some_and(|pace| pace.0 >= 2));
    harness.state_mut().close();
    let left = harness.state().session.charting.left().expect("a number");
    assert!(left >= 2 && folder.path().join(NAME).is_file());
    drop(harness);
    let mut harness = window();
    send(&mut harness, Command::SetLayout("atlas".into()));
    harness.state_mut().keep_session(Keeper::into(Some(folder.path().to_owned())));
    until(&mut harness, |window| window.session.charting.left().is_some());
    harness.get_by_label(&format!("Go on from passage {left}")).click();
    harness.run_steps(2);
    until(&mut harness, |window| window.session.charting.view().is_some());
    assert_eq!(view(&harness).atlas.ran.passages, 12);
    harness.state_mut().close();
    assert!(!folder.path().join(NAME).exists(), "nothing is left to go on with");
}
