//! Contract: lines join the tokens that the pattern joins, of the heads that are switched on, however long the text is.

use crate::window::{click_at, send, until, until_seen, window_of};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::{
    app::{Window, command::Command, flowing::heads, layout::Pane, settings::Settings, state::State},
    model::HeadId,
};

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite.";

fn window(prompt: &str) -> Harness<'static, Window> {
    let settings = Settings { live: false, dark: Some(true), ..Settings::default() };
    let mut harness = window_of([1280.0, 800.0], settings, Some(prompt));
    send(&mut harness, Command::ShowPane(Pane::Flow));
    send(&mut harness, Command::Maximise(Some(Pane::Flow)));
    harness
}

#[test]
fn many_heads_of_other_layers_are_in_a_list_that_lets_them_go() {
    let mut harness = window(PROMPT);
    let own = harness.state().state.head.layer;
    let others = |n: usize| {
        let layers = (0..6).filter(move |&layer| layer != own);
        layers.flat_map(|layer| (0..6).map(move |head| HeadId { layer, head })).take(n).collect::<Vec<_>>()
    };
    for head in others(6) {
        send(&mut harness, Command::ToggleHead(head));
    }
    for head in others(6) {
        harness.get_by_label(&format!("lines of head {head}"));
    }
    let seventh = others(7)[6];
    send(&mut harness, Command::ToggleHead(seventh));
    assert!(harness.query_by_label(&format!("lines of head {seventh}")).is_none());
    harness.get_by_label("+ 7 of other layers ▾").click();
    harness.run_steps(3);
    let mut listed = harness.query_all_by(|node| {
        let name = node.label().unwrap_or_default();
        node.role() == egui::Role::Button && name.starts_with(&seventh.to_string())
    });
    listed.next().expect("it is listed").click();
    drop(listed);
    harness.run_steps(3);
    assert_eq!(harness.state().state.chosen, others(6));
    harness.get_by_label(&format!("lines of head {}", others(1)[0]));
}

/// Cells of the drawn heads that weigh at least the threshold.
fn strong(harness: &Harness<'_, Window>) -> usize {
    let window = harness.state();
    let trace = window.session.trace.as_ref().expect("a run");
    let of = |head| {
        let pattern = trace.pattern(head);
        let rows = (0..pattern.n_queries()).flat_map(|query| pattern.row(query)).collect::<Vec<_>>();
        rows.into_iter().filter(|&weight| weight >= window.state.flow.threshold).count()
    };
    heads(&window.state, trace).into_iter().map(of).sum()
}

/// Waits until the pane says how many lines there are.
#[track_caller]
fn says(harness: &mut Harness<'_, Window>, line: &str) {
    until_seen(harness, line, |harness| harness.query_by_label(line).is_some());
}

#[test]
fn lines_are_the_strong_cells_of_the_heads_that_are_on() {
    let mut harness = window(PROMPT);
    let lines = strong(&harness);
    says(&mut harness, &format!("{lines} lines"));
    let head = HeadId { layer: harness.state().state.head.layer, head: 3 };
    harness.get_by_label(&format!("lines of head {head}")).click();
    harness.run_ok();
    assert_eq!(harness.state().state.chosen, [head]);
    let both = strong(&harness);
    assert!(both > lines);
    says(&mut harness, &format!("{both} lines"));
    send(&mut harness, Command::SetThreshold(0.3));
    let few = strong(&harness);
    assert!(few < both);
    says(&mut harness, &format!("{few} lines"));
    send(&mut harness, Command::Undo);
    send(&mut harness, Command::Undo);
    assert!(harness.state().state.chosen.is_empty());
    let text = serde_json::to_string(&harness.state().state).expect("plain data");
    let back: State = serde_json::from_str(&text).expect("the same");
    assert_eq!(back, harness.state().state);
}

#[test]
fn a_token_is_pointed_at_and_pinned() {
    let mut harness = window(PROMPT);
    let named = |harness: &Harness<'_, Window>, name: &str| {
        let at = harness.get_by(|node| node.label().is_some_and(|label| label.starts_with(name))).rect();
        at.center()
    };
    let (query, key) = (named(&harness, "flow query 7 "), named(&harness, "flow key 2 "));
    assert!(key.x < query.x, "keys stand at the left");
    harness.hover_at(query);
    harness.run_ok();
    assert_eq!(harness.state().session.row.as_ref().map(|row| row.query), Some(7));
    harness.get_by(|node| node.label().is_some_and(|label| label.starts_with("flow query 7 "))).click();
    harness.run_ok();
    harness.get_by(|node| node.label().is_some_and(|label| label.starts_with("flow key 2 "))).click();
    harness.run_ok();
    assert_eq!((harness.state().state.query, harness.state().state.key), (Some(7), Some(2)));
}

#[test]
fn a_long_text_draws_only_what_is_in_sight() {
    let prompt = "Tom has a blue kite. Mary has a red ball. ".repeat(18);
    let mut harness = window(&prompt);
    let n = harness.state().session.trace.as_ref().expect("a run").n_tokens();
    assert!(n > 150);
    until(&mut harness, |window| window.session.busy.is_none());
    let tokens = harness.query_all_by_label_contains("flow query ").count();
    assert!(tokens > 10 && tokens < 60, "{tokens} of {n} tokens have a label");
    send(&mut harness, Command::SetThreshold(0.001));
    until_seen(&mut harness, "lines", |harness| harness.query_by_label_contains(" lines").is_some());
}

#[test]
fn a_line_is_pinned_by_a_click_and_has_its_cells_menu() {
    let mut harness = window(PROMPT);
    let head = harness.state().state.head;
    let trace = harness.state().session.trace.clone().expect("a run");
    let pattern = trace.pattern(head);
    let cells = (1..trace.n_tokens()).flat_map(|query| (0..query).map(move |key| (query, key)));
    let weight = |&(query, key): &(usize, usize)| pattern.cell(query, key);
    let cell = cells.max_by(|a, b| weight(a).total_cmp(&weight(b))).expect("a cell");
    let lines = strong(&harness);
    says(&mut harness, &format!("{lines} lines"));
    let label = |start: &str, index: usize| {
        let name = format!("{start} {index} ");
        harness.get_by(|node| node.label().is_some_and(|label| label.starts_with(&name))).rect()
    };
    let (key, query) = (label("flow key", cell.1), label("flow query", cell.0));
    // Lines that begin near each other are bent to a bundle: where it ends a line is by itself
    let near = |share: f32| key.right_center().lerp(query.left_center(), share);
    let pinned = |harness: &Harness<'_, Window>| harness.state().state.query.zip(harness.state().state.key);
    let at = (0..40)
        .map(|step| near(0.97) + egui::vec2(0.0, (step / 2) as f32 * if step % 2 == 0 { 1.5 } else { -1.5 }))
        .find(|&at| {
            click_at(&mut harness, at, egui::PointerButton::Primary);
            pinned(&harness) == Some(cell)
        })
        .expect("the line is where it is drawn");
    click_at(&mut harness, at, egui::PointerButton::Secondary);
    harness.get_by_label_contains("Knock out this edge").click();
    harness.run_steps(3);
    let changes = &harness.state().state.interventions;
    let wanted = format!("knockout={head}:q{}->k{}", cell.0, cell.1);
    assert!(changes.len() == 1 && changes[0].what.to_string() == wanted, "{wanted}: {changes:?}");
    send(&mut harness, Command::Undo);
    assert!(harness.state().state.interventions.is_empty());
}
