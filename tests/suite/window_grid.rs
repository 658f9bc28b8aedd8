//! Contract: the grid shows heads that share keys and values as such, and thousands of heads piece by piece.

use crate::parity::{fixtures, open, run_ids};
use crate::random_model::{Shape, write_model};
use crate::window::send;
use egui::{Event, Modifiers};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use mnemoscope::{
    app::{
        Opening, Window,
        atlas::Atlas,
        command::Command,
        layout::Pane,
        palette::Palette,
        session::Session,
        settings::Settings,
        state::{Look, Sort, State},
        words::Language,
        worker::Post,
    },
    model::HeadId,
};
use std::{path::Path, sync::Arc};

/// The grid alone on a run of the model in a folder.
fn window(folder: &Path, ids: &[u32]) -> Harness<'static, Window> {
    let model = open(folder);
    let trace = run_ids(&model, ids);
    let (post, inbox) = Post::new();
    let mut session = Session::new(post);
    session.show_run(Arc::new(model), trace);
    let language = Some(Language::English);
    let settings =
        Settings { live: false, dark: Some(true), hints: u8::MAX, language, ..Settings::default() };
    let state = State { maximised: Some(Pane::Heads), ..State::default() };
    let opening = Opening { settings, state, session, inbox, stopwatch: None };
    let mut harness = Harness::builder()
        .with_size([1280.0, 800.0])
        .allow_missing_glyphs()
        .with_max_steps(60)
        .build_eframe(|cc| Window::new(&cc.egui_ctx, opening));
    harness.run_ok();
    harness
}

#[test]
fn heads_that_share_keys_are_told_so() {
    let mut harness = window(&fixtures().join("llama-gqa"), &[1, 5, 9, 5, 9, 2]);
    let told = |harness: &Harness<'_, Window>, head: &str| {
        let label = format!("head {head}");
        harness.get_by_label(&label).accesskit_node().description().unwrap_or_default()
    };
    // Six heads read two of keys and values: 0–2 the first, 3–5 the second
    assert!(told(&harness, "0.2").contains("K/V head 0, shared by heads 0–2"));
    assert!(told(&harness, "1.3").contains("K/V head 1, shared by heads 3–5"));
    send(&mut harness, Command::SetSort(Sort::Measure));
    assert!(told(&harness, "1.3").contains("K/V head 1"), "in another order too");
    send(&mut harness, Command::Maximise(Some(Pane::Details)));
    send(&mut harness, Command::SelectHead(HeadId { layer: 1, head: 4 }));
    harness.get_by_label("K/V head 1, shared by heads 3–5");

    let own = window(&fixtures().join("gpt2-odd"), &[1, 5, 9, 5]);
    let node = own.get_by_label("head 0.0");
    assert!(!node.accesskit_node().description().unwrap_or_default().contains("K/V"));
}

fn large() -> Harness<'static, Window> {
    let folder = tempfile::tempdir().expect("a folder for a model");
    write_model(folder.path(), Shape::LARGE);
    window(folder.path(), &[3, 1, 4, 1, 5, 9, 2, 6, 5, 3])
}

/// Heads that are drawn, so that they can be clicked and read out.
fn drawn(harness: &Harness<'_, Window>) -> usize {
    let label = |node: egui_kittest::Node<'_>| node.accesskit_node().label().unwrap_or_default();
    harness.query_all_by_role(egui::Role::Button).filter(|&node| label(node).starts_with("head ")).count()
}

#[test]
fn of_ten_thousand_heads_those_in_sight_are_drawn() {
    let mut harness = large();
    let trace = harness.state().session.trace.as_ref().expect("a run");
    assert_eq!(trace.head_ids().count(), 80 * 128);
    let seen = drawn(&harness);
    assert!((500..6000).contains(&seen), "{seen} in sight");
    harness.get_by_label("head 0.0");
    assert!(harness.query_by_label("head 79.127").is_none());
    // A head that is selected elsewhere is brought into sight
    send(&mut harness, Command::SelectHead(HeadId { layer: 79, head: 127 }));
    harness.run_ok();
    let rect = harness.get_by_label("head 79.127").rect();
    assert!(egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1280.0, 800.0)).contains_rect(rect));
    assert!(harness.query_by_label("head 0.0").is_none());
}

#[test]
fn the_grid_zooms_about_the_pointer_and_back() {
    let mut harness = large();
    let before = harness.get_by_label("head 20.30").rect();
    harness.hover_at(before.center());
    harness.run_ok();
    for _ in 0..3 {
        harness.event(Event::Zoom(1.5));
        harness.run_ok();
    }
    let zoom = harness.state().state.grid_zoom;
    assert!((3.0..3.5).contains(&zoom), "{zoom}");
    let after = harness.get_by_label("head 20.30").rect();
    assert!(after.width() > 2.5 * before.width());
    assert!(after.expand(8.0).contains(before.center()), "what was under the pointer stays there");
    let few = drawn(&harness);
    assert!(few < 700, "{few} in sight");
    harness.get_by_label("whole map").click();
    harness.run_ok();
    assert!(drawn(&harness) > few);
    send(&mut harness, Command::Undo);
    assert!(harness.state().state.grid_zoom > 3.0, "one step back");
}

#[test]
fn keys_reach_every_head() {
    let mut harness = large();
    for _ in 0..60 {
        harness.key_press_modifiers(Modifiers::NONE, egui::Key::ArrowDown);
        harness.step();
    }
    harness.run_ok();
    assert_eq!(harness.state().state.head, HeadId { layer: 60, head: 0 });
    harness.get_by_label("head 60.0");
}

#[test]
fn a_grid_that_changes_its_size_shows_what_it_had_meanwhile() {
    let folder = tempfile::tempdir().expect("a folder for a model");
    write_model(folder.path(), Shape { layers: 12, heads: 24, width: 96, vocab: 64, positions: 64 });
    let ids: Vec<u32> = (0..48).collect();
    let trace = run_ids(&open(folder.path()), &ids);
    let heads: Vec<HeadId> = trace.head_ids().collect();
    let (ctx, palette) = (egui::Context::default(), Palette::new(&Look::default(), true));
    let mut atlas = Atlas::default();
    let frame = |atlas: &mut Atlas, run: u64, pixels: f32| {
        atlas.refresh(&ctx, (run, &trace), None, &palette, (&heads, pixels))
    };
    let there =
        |atlas: &Atlas, run| heads.iter().filter(|&&head| atlas.place(run, None, head).is_some()).count();
    assert!(!frame(&mut atlas, 1, 16.0), "288 heads of 48 tokens are more than a frame has time for");
    assert!((1..heads.len()).contains(&there(&atlas, 1)));
    assert!(frame(&mut atlas, 1, 16.0), "the next has");
    assert_eq!(there(&atlas, 1), heads.len());
    assert!(!frame(&mut atlas, 1, 30.0), "larger ones are painted anew");
    assert_eq!(there(&atlas, 1), heads.len(), "those before stand in");
    let sheet = |atlas: &Atlas, head: HeadId| atlas.place(1, None, head).expect("a place").0;
    let [first, last] = [heads[0], heads[heads.len() - 1]];
    assert_ne!(sheet(&atlas, first), sheet(&atlas, last), "one is new, the other old");
    assert!(frame(&mut atlas, 1, 30.0));
    assert_eq!(sheet(&atlas, first), sheet(&atlas, last));
    // Pictures of another run are none of this one
    assert!(!frame(&mut atlas, 2, 16.0));
    assert!(there(&atlas, 2) < heads.len() && there(&atlas, 1) == 0);
}
