//! Contract: several heads are chosen in the grid, by pointer and by key, and every view that shows several shows them.

use crate::window::{press, seasoned, send, until, window_of};
use egui::{Event, Key, Modifiers, PointerButton, Pos2};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use mnemoscope::{
    app::{
        Dialog, Window,
        command::Command,
        exporting::{Finish, Piece},
        filtering::HeadFilter,
        flowing,
        layout::Pane,
        state::{Sort, State},
    },
    model::HeadId,
};

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite. Mary has a";

/// The grid alone, on a prompt that has been run.
fn window() -> Harness<'static, Window> {
    let mut harness = window_of([1280.0, 800.0], seasoned(), Some(PROMPT));
    send(&mut harness, Command::SelectHead(HeadId { layer: 1, head: 2 }));
    send(&mut harness, Command::Maximise(Some(Pane::Heads)));
    harness
}

fn ids(heads: &[HeadId]) -> String {
    heads.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(harness: &Harness<'_, Window>, heads: &str) {
    assert_eq!(ids(&harness.state().state.heads()), heads);
    for one in ["0.0", "1.2", "2.5", "3.4"] {
        let name = format!("head {one}");
        let node = harness.get_by_label(&name);
        let told = node.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True);
        assert_eq!(told, heads.split(' ').any(|head| head == one), "a screen reader hears of {one}");
    }
}

fn click(harness: &mut Harness<'_, Window>, head: &str, keys: Modifiers) {
    harness.get_by_label(&format!("head {head}")).click_modifiers(keys);
    harness.run_ok();
}

fn centre(harness: &Harness<'_, Window>, head: &str) -> Pos2 {
    harness.get_by_label(&format!("head {head}")).rect().center()
}

/// Draws a band from one head to another.
fn band(harness: &mut Harness<'_, Window>, from: &str, to: &str, keys: Modifiers) {
    let (from, to) = (centre(harness, from), centre(harness, to));
    let button = |pos, pressed| press(pos, PointerButton::Primary, pressed, keys);
    for event in [
        Event::PointerMoved(from),
        button(from, true),
        Event::PointerMoved(from.lerp(to, 0.5)),
        Event::PointerMoved(to),
        button(to, false),
    ] {
        harness.event_modifiers(event, keys);
        harness.step();
    }
    harness.run_ok();
}

#[test]
fn clicks_with_keys_held_choose_heads_and_let_them_go() {
    let mut harness = window();
    check(&harness, "1.2");
    click(&mut harness, "3.4", Modifiers::COMMAND);
    click(&mut harness, "0.0", Modifiers::COMMAND);
    check(&harness, "1.2 3.4 0.0");
    harness.get_by_label_contains("3 chosen");
    click(&mut harness, "3.4", Modifiers::COMMAND);
    check(&harness, "1.2 0.0");
    // The glass moves, what was chosen stays
    click(&mut harness, "2.5", Modifiers::NONE);
    check(&harness, "2.5 0.0");
    harness.key_press(Key::Escape);
    harness.run_ok();
    check(&harness, "2.5");
    send(&mut harness, Command::Undo);
    check(&harness, "2.5 0.0");

    click(&mut harness, "3.1", Modifiers::SHIFT);
    assert_eq!(ids(&harness.state().state.heads()), "2.5 3.0 3.1", "as one reads, from the glass on");
    click(&mut harness, "2.3", Modifiers::SHIFT | Modifiers::COMMAND);
    assert_eq!(ids(&harness.state().state.heads()), "2.5 3.0 3.1 2.3 2.4", "beside the others");
}

#[test]
fn in_another_order_a_range_is_what_one_sees() {
    let mut harness = window();
    send(&mut harness, Command::SetSort(Sort::Measure));
    let rank = |head: &str| {
        let rect = harness.get_by_label(&format!("head {head}")).rect();
        (rect.top() as i32, rect.left() as i32)
    };
    let (from, to) = (rank("1.2").min(rank("3.4")), rank("1.2").max(rank("3.4")));
    let all = (0..6).flat_map(|layer| (0..6).map(move |head| format!("{layer}.{head}")));
    let mut seen: Vec<String> = all.filter(|head| (from..=to).contains(&rank(head))).collect();
    click(&mut harness, "3.4", Modifiers::SHIFT);
    let mut chosen: Vec<String> = harness.state().state.heads().iter().map(ToString::to_string).collect();
    seen.sort();
    chosen.sort();
    assert_eq!(seen, chosen);
    assert!(seen.len() > 1);
}

#[test]
fn a_band_catches_what_it_touches() {
    let mut harness = window();
    band(&mut harness, "0.1", "2.3", Modifiers::NONE);
    check(&harness, "1.2 0.1 0.2 0.3 1.1 1.3 2.1 2.2 2.3");
    band(&mut harness, "4.4", "4.5", Modifiers::COMMAND);
    assert_eq!(harness.state().state.heads().len(), 11);
    // The glass goes along where it would be left outside
    band(&mut harness, "4.0", "5.1", Modifiers::NONE);
    check(&harness, "4.0 4.1 5.0 5.1");
    send(&mut harness, Command::Undo);
    assert_eq!(harness.state().state.heads().len(), 11, "one step back");
}

#[test]
fn keys_choose_too() {
    let mut harness = window();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::ArrowRight);
    harness.run_ok();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::ArrowDown);
    harness.run_ok();
    assert_eq!(ids(&harness.state().state.heads()), "2.3 1.2 1.3");
    harness.key_press(Key::M);
    harness.run_ok();
    harness.key_press(Key::ArrowUp);
    harness.run_ok();
    assert_eq!(ids(&harness.state().state.heads()), "1.3 1.2", "2.3 was let go before the glass left it");
}

#[test]
fn the_menu_chooses_a_layer_and_lets_all_go() {
    let mut harness = window();
    harness.get_by_label("head 2.5").click_secondary();
    harness.run_ok();
    harness.get_by_label("Choose layer 2").click();
    harness.run_ok();
    check(&harness, "2.0 2.1 2.2 2.3 2.4 2.5");
    harness.get_by_label("head 2.5").click_secondary();
    harness.run_ok();
    harness.get_by_label("Let go of all").click();
    harness.run_ok();
    check(&harness, "2.0");
}

#[test]
fn the_flow_and_a_session_have_the_same_heads() {
    let mut harness = window();
    click(&mut harness, "3.4", Modifiers::COMMAND);
    click(&mut harness, "0.0", Modifiers::COMMAND);
    let window = harness.state();
    let drawn = flowing::heads(&window.state, window.session.trace.as_ref().expect("a run"));
    assert_eq!(drawn, window.state.heads());
    let text = serde_json::to_string(&window.state).expect("plain data");
    let back: State = serde_json::from_str(&text).expect("the same");
    assert_eq!(back.chosen, window.state.chosen);
    // A head that a model lacks is not chosen
    send(
        &mut harness,
        Command::ChooseHeads(vec![HeadId { layer: 99, head: 0 }, HeadId { layer: 1, head: 1 }]),
    );
    check(&harness, "1.1");
    assert_eq!(harness.state().state.chosen.len(), 1);
}

#[test]
fn the_chosen_heads_are_exported_side_by_side() {
    let mut harness = window();
    click(&mut harness, "3.4", Modifiers::COMMAND);
    send(&mut harness, Command::AskForExport(Piece::Chosen));
    harness.get_by_label_contains("Export 2 heads");
    assert!(matches!(&harness.state().dialog, Dialog::Export { path, .. } if path.ends_with("-chosen.png")));
    assert!(harness.query_by_label(".npz").is_none(), "no array holds them alone");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("two.svg");
    let export = Command::Export { path: path.clone(), piece: Piece::Chosen, finish: Finish::default() };
    send(&mut harness, export);
    until(&mut harness, |window| window.session.exporting.is_none());
    let svg = std::fs::read_to_string(path).expect("written");
    assert!(svg.contains("Heads 1.2, 3.4"));
}

#[test]
fn a_filter_is_written_counts_dims_and_hides() {
    let mut harness = window();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::F);
    harness.run_ok();
    harness.get_by_role_and_label(egui::Role::TextInput, "Filter").type_text("layer < 2 and induction <= 1");
    harness.run_ok();
    harness.get_by_label("12 of 36");
    harness.get_by_label("head 4.4");
    harness.get_by_role_and_label(egui::Role::CheckBox, "hide the others").click();
    harness.run_ok();
    assert!(harness.query_by_label("head 4.4").is_none());
    harness.get_by_label("head 1.2").click_secondary();
    harness.run_ok();
    harness.get_by_label("Choose all that pass the filter").click();
    harness.run_ok();
    assert_eq!(harness.state().state.heads().len(), 12);
    // In the other language too, by its own names
    send(
        &mut harness,
        Command::SetFilter(Some(HeadFilter { text: "熵 >= 0 and layer = 5".into(), hide: false })),
    );
    harness.get_by_label("6 of 36");
    send(&mut harness, Command::SetFilter(Some(HeadFilter { text: "layer < 3 und".into(), hide: true })));
    harness.get_by_label("does not read at character 11");
    harness.get_by_label("head 4.4");
    harness.get_by_label("Close the filter").click();
    harness.run_ok();
    assert_eq!(harness.state().state.filter, None);
    send(&mut harness, Command::Undo);
    assert!(harness.state().state.filter.is_some());
}
