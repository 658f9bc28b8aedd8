//! Contract: there is one selection, of a layer, a head, a query and a key, and a moment of the training. Every pane shows
//! what of it belongs to it, and sets it; a pane that is new has its line in the table here.

use crate::window::{cell_of, click_at, send, until, window_on};
use crate::window_atlas::charted;
use egui::{Rect, Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use mnemoscope::{
    app::{
        Window,
        command::Command,
        layout::Pane,
        memory::{PolicyKind, RecallView},
        settings::Settings,
        training::{Act, Choice},
    },
    engine::ModelSource,
    model::HeadId,
    train::{Hand, Task},
};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use strum::IntoEnumIterator as _;

const PROMPT: &str = "3 9 5 14 7 11 2 3 9 5 14 7 11 2";
const OTHER: &str = "3 9 5 14 7 11 2 3 9 5 14 7 11 4";
const HEAD: HeadId = HeadId { layer: 1, head: 1 };
const QUERY: usize = 10;
const KEY: usize = 4;
/// A model so small that it trains in a test.
const CHOICE: Choice =
    Choice { task: Task::Induction, layers: 2, heads: 1, width: 32, mlp: false, seed: 1, text: None };

/// A window in which every pane has something to show.
pub(crate) fn filled() -> Harness<'static, Window> {
    let settings = Settings { live: false, dark: Some(false), hints: u8::MAX, ..Settings::default() };
    let model = ModelSource::Path(crate::parity::fixtures().join("induction-by-hand"));
    let mut harness = window_on(model, [1440.0, 900.0], settings, Some(PROMPT));
    send(&mut harness, Command::EditSecond(OTHER.into()));
    send(&mut harness, Command::RunSecond);
    send(&mut harness, Command::EditSweep(OTHER.into()));
    send(&mut harness, Command::RunSweep(true));
    send(&mut harness, Command::SetPolicy(PolicyKind::Recent));
    send(&mut harness, Command::SetTrials(1));
    send(&mut harness, Command::SetRecallView(RecallView::Heads));
    send(&mut harness, Command::Train(Act::Choose(CHOICE)));
    send(&mut harness, Command::Train(Act::Hold(Hand { rate: 2e-3, batch: 4, size: 4 })));
    send(&mut harness, Command::Train(Act::Step));
    for pane in [Pane::Sweep, Pane::SideBySide, Pane::Recall] {
        send(&mut harness, Command::Maximise(Some(pane)));
        if pane == Pane::Recall {
            send(&mut harness, Command::RunRecall);
        }
        until(&mut harness, |window| match pane {
            Pane::Sweep => window.session.sweeping.of(window.session.run).is_some(),
            Pane::Recall => window.session.memory.carriers.get().is_some(),
            _ => window.session.comparing.pair.get().is_some(),
        });
    }
    until(&mut harness, |window| !window.live.reports.is_empty());
    base(&mut harness);
    harness
}

/// The selection that all begins with.
fn base(harness: &mut Harness<'_, Window>) {
    send(harness, Command::SelectHead(HEAD));
    send(harness, Command::PinCell { query: QUERY, key: KEY });
}

/// Steps until workers have brought what they have: no more shapes come for a while.
pub(crate) fn settle(harness: &mut Harness<'_, Window>) {
    let (mut before, mut same) = (0, 0);
    for _ in 0..100 {
        harness.step();
        let now = harness.output().shapes.len();
        same = if now == before { same + 1 } else { 0 };
        before = now;
        if same > 3 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(4));
    }
}

/// Everything that is drawn in a place, as a number.
fn drawn(harness: &Harness<'_, Window>, place: Rect) -> u64 {
    let mut all = DefaultHasher::new();
    for clipped in &harness.output().shapes {
        if place.contains(clipped.shape.visual_bounding_rect().center()) {
            format!("{:?}", clipped.shape).hash(&mut all);
        }
    }
    all.finish()
}

/// A coordinate of the selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
enum Of {
    Layer,
    Head,
    Query,
    Key,
}

impl Of {
    fn get(self, harness: &Harness<'_, Window>) -> Option<usize> {
        let state = &harness.state().state;
        match self {
            Self::Layer => Some(state.head.layer),
            Self::Head => Some(state.head.head),
            Self::Query => state.query,
            Self::Key => state.key,
        }
    }
    /// Another value than that of the base.
    fn other(self) -> Command {
        match self {
            Self::Layer => Command::SelectHead(HeadId { layer: 0, ..HEAD }),
            Self::Head => Command::SelectHead(HeadId { head: 0, ..HEAD }),
            Self::Query => Command::PinQuery(Some(QUERY - 3)),
            Self::Key => Command::PinKey(Some(KEY - 2)),
        }
    }
}

/// How a hand sets something: by what it finds.
enum How {
    /// What has a role and a name that begins so.
    Press(&'static str),
    /// The cell of a picture with this name, its row among rows and its column among columns.
    Cell(&'static str, (usize, usize), (usize, usize)),
    /// Two presses: a menu, and an entry of it.
    Menu(&'static str, &'static str),
}

/// What a pane shows of the selection, and how it sets what.
type Line = (&'static [Of], Vec<(How, &'static [Of])>);

/// The table. What stands nowhere does not belong to a pane: what it is about has no such coordinate.
#[expect(clippy::match_same_arms, reason = "a table: one line a pane")]
fn line(pane: Pane) -> Line {
    use How::{Cell, Menu, Press};
    use Of::{Head, Key, Layer, Query};
    let n = 14;
    match pane {
        Pane::Prompt => (&[Query], vec![(Press("token 3 "), &[Query])]),
        Pane::Heads => (&[Layer, Head], vec![(Press("head 0.0"), &[Layer, Head])]),
        Pane::Head => (
            &[Layer, Head, Query, Key],
            vec![(Cell("attention of head 1.1", (6, n), (2, n)), &[Query, Key])],
        ),
        Pane::Details => (&[Layer, Head, Query, Key], vec![]),
        Pane::Stream => (&[Layer, Query], vec![(Cell("Hidden states", (6, n), (2, n)), &[Query]), (Menu("layer ", "before 0"), &[Layer])]),
        Pane::Norms => (&[Layer, Query], vec![(Cell("Norms", (0, 3), (6, n)), &[Layer, Query])]),
        Pane::Lens => (&[Layer, Query], vec![(Press("blocks.0.hook_resid_pre"), &[Layer]), (Press("lens of token 3 "), &[Query])]),
        Pane::Recall => (&[Layer, Head], vec![(Press("head 0.0"), &[Layer, Head])]),
        Pane::Cache => (&[Layer, Key], vec![(Cell("KV cache", (0, 2), (8, n)), &[Layer, Key])]),
        Pane::Honesty => (&[Query, Key], vec![(Press("5 "), &[Key])]),
        Pane::River => (&[Layer, Query, Key], vec![(Press("memory after L0"), &[Layer])]),
        Pane::MemoryMap => (&[Query, Key], vec![(Cell("Memory map", (6, n), (2, n)), &[Query, Key])]),
        Pane::Walk => (&[Layer, Head, Query, Key], vec![]),
        Pane::Flow => (&[Layer, Head, Query, Key], vec![(Press("flow query 6 "), &[Query]), (Press("flow key 2 "), &[Key])]),
        Pane::Why => (&[Layer, Head, Query, Key], vec![]),
        Pane::Attribution => (&[Layer, Head, Query, Key], vec![]),
        Pane::Circuits => (&[Layer, Head], vec![]),
        Pane::Composition => (&[Layer, Head], vec![(Press("head 0.0"), &[Layer, Head])]),
        Pane::Similarity => (&[Layer, Query], vec![(Cell("Similarity", (6, n), (2, n)), &[Query])]),
        Pane::Trails => (&[Layer, Query], vec![]),
        Pane::Weights => (&[Layer], vec![(Press("blocks.0."), &[Layer])]),
        Pane::CompareHeads => (&[Layer, Head], vec![(Press("difference of head 0.0"), &[Layer, Head])]),
        Pane::SideBySide => (
            &[Layer, Head, Query, Key],
            vec![(Cell("head 1.1 in A", (6, n), (2, n)), &[Query, Key])],
        ),
        Pane::CompareWords => (&[Query], vec![(Press("3: "), &[Query])]),
        Pane::Sweep => (&[Layer, Query], vec![(Cell("Patch sweep", (0, 2), (6, n)), &[Layer, Query])]),
        // What may follow is about the whole text
        Pane::Next
        // Another model than that of the other views, with steps of its own
        | Pane::TrainSetup | Pane::TrainCurves | Pane::TrainHeads | Pane::TrainNumbers | Pane::Timeline
        // Of a model with a tokenizer: below
        | Pane::Atlas
        // What was done, not what is seen
        | Pane::Log => (&[], vec![]),
    }
}

/// Where the pane is, its header and the status bar left out.
fn room(harness: &Harness<'_, Window>, pane: Pane) -> Rect {
    let words = harness.state().settings.language().words();
    let header = harness.get_by_role_and_label(Role::TitleBar, pane.title(words)).rect();
    Rect::from_min_max(header.min, egui::pos2(header.right(), 900.0 - 32.0))
}

#[test]
fn every_pane_shows_what_of_the_selection_belongs_to_it() {
    let mut harness = filled();
    let mut faults = Vec::new();
    for pane in Pane::iter() {
        alone(&mut harness, pane);
        let room = room(&harness, pane);
        for &of in line(pane).0 {
            let before = drawn(&harness, room);
            send(&mut harness, of.other());
            let mut told = false;
            for _ in 0..100 {
                harness.step();
                told = drawn(&harness, room) != before;
                if told {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            if !told {
                faults.push(format!("{pane:?} does not show another {of:?}"));
            }
            base(&mut harness);
            settle(&mut harness);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Where the hand finds something; none where it is not there yet.
fn found(harness: &Harness<'_, Window>, how: &How) -> Option<egui::Pos2> {
    match *how {
        How::Press(name) | How::Menu(name, _) => named(harness, name),
        How::Cell(name, row, column) => {
            let picture = harness.query_by_role_and_label(Role::Image, name)?;
            Some(cell_of(picture.rect(), row, column))
        }
    }
}

fn named(harness: &Harness<'_, Window>, name: &str) -> Option<egui::Pos2> {
    let starts = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
        node.label().is_some_and(|label| label.starts_with(name)) && node.role() == Role::Button
    };
    harness.query_all_by(starts).next().map(|node| node.rect().center())
}

/// Shows a pane alone, and waits until workers have brought what a hand takes hold of there.
pub(crate) fn alone(harness: &mut Harness<'_, Window>, pane: Pane) {
    send(harness, Command::Maximise(Some(pane)));
    settle(harness);
    for (how, _) in line(pane).1 {
        let name = match how {
            How::Press(name) | How::Menu(name, _) | How::Cell(name, ..) => name,
        };
        // Shorter than others wait: what is not there after so long has another name
        let there = (0..2000).any(|_| {
            harness.step();
            std::thread::sleep(std::time::Duration::from_millis(5));
            found(harness, &how).is_some()
        });
        let all = harness.query_all_by(|node| node.role() == Role::Button || node.role() == Role::Image);
        let all: Vec<String> = all.filter_map(|node| node.accesskit_node().label()).collect();
        assert!(there, "nothing in {pane:?} is called `{name}`: {all:?}");
    }
    settle(harness);
}

#[test]
fn every_pane_sets_what_of_the_selection_it_shows() {
    let mut harness = filled();
    let mut faults = Vec::new();
    for pane in Pane::iter() {
        for (how, sets) in line(pane).1 {
            base(&mut harness);
            alone(&mut harness, pane);
            settle(&mut harness);
            let before: Vec<Option<usize>> = Of::iter().map(|of| of.get(&harness)).collect();
            let at = found(&harness, &how).expect("it was there");
            click_at(&mut harness, at, egui::PointerButton::Primary);
            if let How::Menu(_, entry) = how {
                let at = named(&harness, entry).expect("an entry of the menu");
                click_at(&mut harness, at, egui::PointerButton::Primary);
            }
            for (of, before) in Of::iter().zip(before).filter(|(of, _)| sets.contains(of)) {
                if of.get(&harness) == before {
                    faults.push(format!("{pane:?} does not set {of:?}"));
                }
            }
            let state = &harness.state().state;
            let trace = harness.state().session.trace.as_ref().expect("a run");
            let stream = trace.spec.streams()[state.layer];
            assert_eq!(mnemoscope::app::linking::block_of(stream), state.head.layer, "{pane:?}: one layer");
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_one_pane_points_at_another_marks() {
    let mut harness = filled();
    send(&mut harness, Command::Maximise(None));
    send(&mut harness, Command::SetLayout("inspect".into()));
    send(&mut harness, Command::ShowPane(Pane::Lens));
    settle(&mut harness);
    // A row's name in the lens, a head in the grid: the pointer is on one, the other is drawn otherwise
    let lens = harness.get_by_role_and_label(Role::Button, "blocks.0.hook_resid_pre").rect();
    let before = drawn(&harness, lens.expand(2.0));
    let head = harness.get_by_role_and_label(Role::Button, "head 0.1").rect();
    harness.hover_at(head.center());
    settle(&mut harness);
    assert_eq!(harness.state().state.head, HEAD, "pointing selects nothing");
    assert_ne!(
        drawn(&harness, lens.expand(2.0)),
        before,
        "the lens marks the layer of the head under the pointer"
    );
}

#[test]
fn the_atlas_shows_and_sets_the_head_of_all_views() {
    let mut harness = charted();
    send(&mut harness, Command::Maximise(Some(Pane::Atlas)));
    send(&mut harness, Command::SelectHead(HEAD));
    let card = |harness: &Harness<'_, Window>, name: &str| {
        let button = harness.get_by_role_and_label(Role::Button, name);
        button.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
    };
    assert!(card(&harness, "Head 1.1") && !card(&harness, "Head 3.2"));
    harness.get_by_role_and_label(Role::Button, "Head 3.2").click();
    harness.run_ok();
    let state = &harness.state().state;
    assert_eq!((state.head, state.layer), (HeadId { layer: 3, head: 2 }, 3));
    assert!(card(&harness, "Head 3.2"));
}
