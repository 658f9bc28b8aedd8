//! Contract: the panes that take a cell's score and a word's logit apart say what the library computes, and lead on.

use crate::window::{send, until, window_of};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use mnemoscope::{
    analysis::{Cell, Component},
    app::{
        Window,
        command::Command,
        layout::{self, Pane},
        reasons::{Bars, SaidState, WhyState},
        settings::Settings,
    },
    model::HeadId,
    trace::Intervention,
};

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite. Mary has a";

fn window(pane: Pane) -> Harness<'static, Window> {
    let settings = Settings { live: false, dark: Some(true), ..Settings::default() };
    let mut harness = window_of([1280.0, 900.0], settings, Some(PROMPT));
    send(&mut harness, Command::ShowPane(pane));
    assert!(layout::in_sight(harness.state().tree(), pane));
    harness
}

fn pin(harness: &mut Harness<'static, Window>, cell: Cell) {
    send(harness, Command::SelectHead(cell.head));
    send(harness, Command::PinCell { query: cell.query, key: cell.key });
    until(harness, |window| window.session.reasons.why().is_some_and(|why| why.cell == cell));
    harness.run_steps(2);
}

#[test]
fn a_pinned_cell_is_taken_apart_and_leads_to_its_heads() {
    let mut harness = window(Pane::Why);
    let cell = Cell { head: HeadId { layer: 4, head: 1 }, query: 13, key: 3 };
    pin(&mut harness, cell);
    let why = harness.state().session.reasons.why().expect("taken apart").clone();
    let table = why.table.as_ref().expect("a model is open");
    assert!(why.residual().abs() < 1e-4 * why.product.abs().max(1.0));
    harness.get_by_label("sums agree");
    harness.get_by_label(&format!("{:.4} = exp({:.4} − {:.4})", why.weight, why.score, why.lse));

    // An entry with a head on the key's side, shown or not, is read out and leads there
    let head = |&(_, key, _): &(usize, usize, f64)| matches!(table.keys[key], Component::Head(_));
    let largest = table.largest();
    let &(query, key, _) = largest.iter().find(|entry| head(entry)).expect("a head wrote into the key");
    let entry = (table.queries[query], table.keys[key]);
    send(&mut harness, Command::SetWhy(WhyState { entry: Some(entry), ..WhyState::default() }));
    let Component::Head(wrote) = entry.1 else { unreachable!("found by that") };
    harness.get_by_label(&format!("open {wrote} →")).click();
    harness.run_steps(2);
    assert_eq!(harness.state().state.head, wrote);
    send(&mut harness, Command::Undo);
    assert_eq!(harness.state().state.head, cell.head);
}

#[test]
fn an_entry_is_clicked_and_the_rest_unfolds() {
    let mut harness = window(Pane::Why);
    pin(&mut harness, Cell { head: HeadId { layer: 4, head: 1 }, query: 13, key: 3 });
    let why = harness.state().session.reasons.why().expect("taken apart").clone();
    let table = why.table.expect("a model is open");
    let (query, key, value) = table.largest()[0];
    let spec = harness.state().session.trace.as_ref().expect("a run").spec.clone();
    let names = [table.queries[query].name(&spec), table.keys[key].name(&spec)];
    harness.get_by_label(&format!("{} × {} {value:.4}", names[0], names[1])).click();
    harness.run_steps(2);
    assert_eq!(harness.state().state.why.entry, Some((table.queries[query], table.keys[key])));
    let rest = |node: &egui_kittest::Node<'_>| {
        node.accesskit_node().label().is_some_and(|label| label.starts_with("rest × rest"))
    };
    let node = harness.query_all_by_role(egui::Role::Button).find(rest).expect("the small ones are folded");
    node.click();
    harness.run_steps(2);
    assert!(harness.state().state.why.unfolded);
    harness.get_by_label("fold small ones").click();
    harness.run_steps(2);
    assert!(!harness.state().state.why.unfolded);
    harness.get_by_label("rotary pairs").click();
    harness.run_steps(2);
    assert_eq!(harness.state().state.why.bars, Bars::Pairs);
    harness.get_by_label("% of score").click();
    harness.run_steps(2);
    assert!(harness.state().state.why.percent);
}

#[test]
fn what_cannot_be_taken_apart_says_so() {
    let mut harness = window(Pane::Why);
    send(&mut harness, Command::PinCell { query: 3, key: 9 });
    until(&mut harness, |window| window.session.reasons.why_not().is_some());
    harness.get_by_label("This query does not see this key: the cell is masked");
}

#[test]
fn a_logit_is_taken_apart_and_leads_to_its_heads() {
    let mut harness = window(Pane::Attribution);
    until(&mut harness, |window| window.session.reasons.said().is_some());
    let said = harness.state().session.reasons.said().expect("taken apart");
    let (first, second) = (said.words[0].id, said.words[1].id);
    assert_eq!(said.attribution.question.word, first, "the most likely word, where none is chosen");
    assert!(said.attribution.residual().abs() < 1e-3);
    send(&mut harness, Command::SetSaid(SaidState { against: Some(second), ..SaidState::default() }));
    until(&mut harness, |window| {
        let said = window.session.reasons.said();
        said.is_some_and(|said| said.attribution.question.against == Some(second))
    });
    let attribution = harness.state().session.reasons.said().expect("taken apart").attribution.clone();
    let mut parts = attribution.parts.clone();
    parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let (head, value) = parts
        .iter()
        .find_map(|&(component, value)| match component {
            Component::Head(head) => Some((head, value)),
            _ => None,
        })
        .expect("heads write");
    harness.run_steps(2);
    let (name, adds) = (head.to_string(), format!("adds {value:.4}"));
    // Between them stands the head's role, where it has one
    let part = |label: String| label.starts_with(&name) && label.ends_with(&adds);
    harness.get_by(|node| part(node.label().unwrap_or_default())).click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.head, head);
    let read: f64 = harness.state().session.reasons.sources().iter().sum();
    assert!((read - value).abs() < 1e-4, "what it read makes what it adds: {read}, {value}");
}

#[test]
fn a_cut_head_adds_nothing_in_the_changed_run() {
    let mut harness = window(Pane::Attribution);
    until(&mut harness, |window| window.session.reasons.said().is_some());
    let cut: Intervention = "zero=4.1".parse().expect("sound");
    send(&mut harness, Command::Intervene(cut));
    until(&mut harness, |window| {
        let parts = window.session.reasons.said().map(|said| &said.attribution.parts);
        let own = Component::Head(HeadId { layer: 4, head: 1 });
        parts.is_some_and(|parts| parts.iter().any(|&(part, value)| part == own && value == 0.0))
    });
}
