//! Contract: a window of any size can be used: columns that have no room go behind others as tabs, nothing covers
//! anything, dialogs higher than the window scroll, and the whole layout is back as soon as there is room.

use crate::window::{PROMPT, send, window_of};
use egui::Vec2;
use egui_kittest::{Harness, kittest::Queryable as _};
use egui_tiles::{Tile, Tree};
use mnemoscope::app::{
    Dialog, Window,
    command::Command,
    folding,
    layout::{self, Pane, Preset},
    settings::Settings,
};
use strum::IntoEnumIterator as _;

fn window(size: [f32; 2]) -> Harness<'static, Window> {
    let settings = Settings { live: false, dark: Some(true), ..Settings::default() };
    window_of(size, settings, Some(PROMPT))
}

/// Every pane of a tree, in sight or behind a tab.
fn panes(tree: &Tree<Pane>) -> Vec<Pane> {
    let mut all: Vec<Pane> = tree
        .tiles
        .tiles()
        .filter_map(|tile| match tile {
            Tile::Pane(pane) => Some(*pane),
            Tile::Container(_) => None,
        })
        .collect();
    all.sort_unstable();
    all
}

/// Panes in sight with their places; none is narrow, none reaches out of the window, none covers another.
#[track_caller]
fn check(harness: &Harness<'_, Window>, size: [f32; 2]) {
    let tree = harness.state().tree();
    let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, Vec2::from(size));
    let shown: Vec<_> = tree
        .active_tiles()
        .into_iter()
        .filter_map(|id| Some((*tree.tiles.get_pane(&id)?, tree.tiles.rect(id)?)))
        .collect();
    assert!(!shown.is_empty(), "{size:?}");
    for (at, (pane, rect)) in shown.iter().enumerate() {
        let name = &harness.state().state.layout;
        assert!(screen.expand(1.0).contains_rect(*rect), "{name} {size:?}: {pane:?} at {rect}");
        assert!(rect.width() >= 225.0, "{name} {size:?}: {pane:?} is {} wide", rect.width());
        for (other, theirs) in &shown[..at] {
            let common = rect.intersect(*theirs);
            let apart = common.width() <= 1.0 || common.height() <= 1.0;
            assert!(apart, "{name} {size:?}: {pane:?} covers {other:?}");
        }
    }
}

#[test]
fn every_layout_has_room_in_every_window() {
    // The last is a laptop's screen of 1280 × 720 at 300 %
    for size in [[1024.0, 768.0], [900.0, 560.0], [720.0, 480.0], [640.0, 480.0], [427.0, 240.0]] {
        let mut harness = window(size);
        for preset in Preset::iter() {
            send(&mut harness, Command::SetLayout(preset.id().to_owned()));
            harness.run_steps(3);
            check(&harness, size);
            let usual = layout::usual(preset.id(), egui::vec2(1600.0, 1000.0));
            assert_eq!(panes(harness.state().tree()), panes(&usual), "{preset:?} {size:?}");
        }
    }
}

#[test]
fn what_is_behind_a_tab_is_one_click_away_and_growing_brings_the_whole_back() {
    let mut harness = window([640.0, 480.0]);
    let in_sight = |harness: &Harness<'_, Window>, pane| layout::in_sight(harness.state().tree(), pane);
    assert!(in_sight(&harness, Pane::Prompt) && !in_sight(&harness, Pane::Details));
    for (tab, pane) in [("Selection", Pane::Details), ("Head", Pane::Head), ("Heads", Pane::Heads)] {
        harness.get_by_role_and_label(egui::Role::Button, tab).click();
        harness.run_steps(3);
        assert!(in_sight(&harness, pane), "{pane:?}");
    }
    // What was chosen in the small window is no arrangement of the large one, and undo knows it
    let state = &harness.state().state;
    assert!(state.arranged.is_empty() && state.folded.len() == 1);
    harness.set_size(egui::vec2(1280.0, 800.0));
    harness.run_steps(3);
    for pane in [Pane::Prompt, Pane::Heads, Pane::Head, Pane::Details] {
        assert!(in_sight(&harness, pane), "{pane:?}");
    }
    harness.set_size(egui::vec2(640.0, 480.0));
    harness.run_steps(3);
    assert!(in_sight(&harness, Pane::Details) && !in_sight(&harness, Pane::Prompt), "as it was left");
    send(&mut harness, Command::ResetLayout);
    assert!(in_sight(&harness, Pane::Prompt) && harness.state().state.folded.is_empty());
}

#[test]
fn a_layout_saved_in_a_small_window_is_whole_in_a_large_one() {
    let mut harness = window([640.0, 480.0]);
    send(&mut harness, Command::SaveLayout("mine".into()));
    let kept = &harness.state().state.arranged["mine"];
    assert!(!folding::fitted(kept, egui::vec2(1280.0, 800.0)).1);
    harness.set_size(egui::vec2(1280.0, 800.0));
    harness.run_steps(3);
    assert!(layout::in_sight(harness.state().tree(), Pane::Details));
}

#[test]
fn columns_of_a_larger_window_keep_a_width_that_can_be_used() {
    let wide = layout::usual("inspect", egui::vec2(2560.0, 1400.0));
    let mut harness = window([1280.0, 800.0]);
    harness.state_mut().state.arranged.insert("inspect".into(), wide);
    harness.run_steps(3);
    check(&harness, [1280.0, 800.0]);
    assert!(layout::in_sight(harness.state().tree(), Pane::Prompt));
    assert!(layout::in_sight(harness.state().tree(), Pane::Details), "nothing had to be folded");
    send(&mut harness, Command::ClosePane(Pane::Details));
    assert!(harness.state().state.folded.is_empty(), "it is the layout itself that was changed");
}

#[test]
fn a_dialog_higher_than_the_window_scrolls_to_its_buttons() {
    let size = [427.0, 240.0];
    let mut harness = window(size);
    let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, Vec2::from(size));
    let export = mnemoscope::app::exporting::Piece::Head;
    send(&mut harness, Command::AskForExport(export));
    assert!(matches!(harness.state().dialog, Dialog::Export { .. }));
    harness.run_steps(4);
    let close = harness.get_by_label("Close").rect();
    assert!(!screen.contains_rect(close), "it does not fit at once: {close}");
    harness.hover_at(screen.center());
    harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: egui::vec2(0.0, -220.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: egui::Modifiers::NONE,
    });
    for _ in 0..40 {
        harness.step();
    }
    let close = harness.get_by_label("Close").rect();
    assert!(close.right() <= screen.right() && close.bottom() < 240.0 + 220.0, "{close}");
    harness.get_by_label("Close").click();
    harness.run_ok();
    assert_eq!(harness.state().dialog, Dialog::None);
}
