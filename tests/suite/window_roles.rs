//! Contract: the window names a head by its role wherever it names it, from the prompt or from the model's atlas.

use crate::window::{seasoned, send, until, until_seen, window_of};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use mnemoscope::{
    analysis::atlas::{Basis, Roles},
    app::{
        Window,
        charting::{AtlasAct, AtlasChoice, Source},
        command::Command,
        filtering::HeadFilter,
        layout::Pane,
        words::Language,
    },
    model::HeadId,
};

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite. Mary has a red ball. Tom has a";

fn window() -> Harness<'static, Window> {
    let mut harness = window_of([1400.0, 900.0], seasoned(), Some(PROMPT));
    send(&mut harness, Command::Maximise(Some(Pane::Heads)));
    harness
}

/// A head that has the role on the prompt.
fn with(harness: &Harness<'_, Window>, role: &str) -> HeadId {
    let trace = harness.state().session.trace.as_ref().expect("a run");
    let roles = Roles::on_prompt(trace);
    trace.head_ids().find(|&head| roles.name(head).is_some_and(|own| own.id == role)).expect("such a head")
}

#[test]
fn every_view_says_what_a_head_is_good_at() {
    let mut harness = window();
    let head = with(&harness, "previous_token");
    let told = |harness: &Harness<'_, Window>| {
        let label = format!("head {head}");
        harness.get_by_label(&label).accesskit_node().description().unwrap_or_default()
    };
    assert!(told(&harness).starts_with("previous token") && told(&harness).contains("on this prompt"));
    send(&mut harness, Command::SelectHead(head));
    let named = format!("{head} previous token");
    for pane in [Pane::Flow, Pane::Attribution, Pane::Circuits, Pane::Walk] {
        send(&mut harness, Command::Maximise(Some(pane)));
        if pane == Pane::Flow {
            harness.get_by_label(&format!("lines of head {head}"));
        } else {
            until_seen(&mut harness, &format!("{named} in {pane:?}"), |harness| {
                harness.query_all_by_label_contains(&named).next().is_some()
            });
        }
    }
    send(&mut harness, Command::Maximise(Some(Pane::Head)));
    harness.get_by_label_contains("previous token · ");
    send(&mut harness, Command::Palette);
    harness
        .get_by_role_and_label(egui::Role::TextInput, "Search views, heads, commands")
        .type_text(&head.to_string());
    harness.run_ok();
    harness.get_by_label(&named);
}

#[test]
fn a_filter_asks_for_roles_in_both_languages() {
    let mut harness = window();
    let trace = harness.state().session.trace.as_ref().expect("a run");
    let roles = Roles::on_prompt(trace);
    let count =
        |id: &str| trace.head_ids().filter(|&head| roles.of(head).iter().any(|role| role.id == id)).count();
    let (previous, sink) = (count("previous_token"), count("sink"));
    assert!(previous > 0 && sink > 0);
    for (text, passing) in [
        ("role = previous_token", previous),
        ("role != sink", 36 - sink),
        ("角色 = 前一词元", previous),
        ("not 角色 = 汇点", 36 - sink),
    ] {
        send(&mut harness, Command::SetFilter(Some(HeadFilter { text: text.into(), hide: false })));
        harness.get_by_label(&format!("{passing} of 36"));
    }
    send(&mut harness, Command::SetLanguage(Language::Chinese));
    harness.get_by_label(&format!("36 个中的 {} 个", 36 - sink));
}

#[test]
fn the_atlas_of_the_model_goes_before_the_prompt() {
    let mut harness = window();
    assert_eq!(harness.state().session.told.roles().basis, Basis::Prompt);
    let source = AtlasChoice { source: Source::Prompt, ..harness.state().state.atlas.clone() };
    send(&mut harness, Command::Atlas(AtlasAct::Choose(source)));
    send(&mut harness, Command::Atlas(AtlasAct::Run { resume: false }));
    until(&mut harness, |window| window.session.charting.view().is_some());
    let session = &harness.state().session;
    assert_eq!(session.told.roles().basis, Basis::Atlas);
    let atlas = &session.charting.view().expect("an atlas").atlas;
    assert_eq!(session.told.roles(), &Roles::of_atlas(atlas));
    let some = atlas.heads.iter().find(|entry| entry.roles().count() > 0).expect("a head with a role").head;
    let label = format!("head {some}");
    let node = harness.get_by_label(&label);
    assert!(node.accesskit_node().description().unwrap_or_default().contains("in the atlas"));
}
