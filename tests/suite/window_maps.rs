//! Contract: the head view shows the map that its recipe says, reads it out, marks, frames and copies it.

use crate::window::{cell_of, click_at, press, send, until, window_of};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::{
    app::{
        Window,
        command::{Command, CommandKind},
        mapping::{MapChoice, Over, Sight, recipe},
        palette::Palette,
        settings::Settings,
        state::{Look, View},
    },
    model::HeadId,
    render::{Scale, Shader, ValueRange},
    trace::{Combine, FirstToken, Level, Map, MapRecipe, Steps, Weigh},
};
use std::sync::Arc;

const PROMPT: &str = "Mary has an extraordinarily red ball. Tom doesn't have one.";

fn window(size: [f32; 2]) -> Harness<'static, Window> {
    let settings = Settings { live: false, dark: Some(true), hints: u8::MAX, ..Settings::default() };
    let mut harness = window_of(size, settings, Some(PROMPT));
    send(&mut harness, Command::SelectHead(HeadId { layer: 1, head: 2 }));
    harness
}

fn show(harness: &mut Harness<'_, Window>, choice: MapChoice) -> Arc<Sight> {
    let steps = choice.steps;
    send(harness, Command::SetMapChoice(Box::new(choice)));
    until(harness, |window| {
        let (main, trace) = (&window.session.mapping.main, window.session.trace.as_ref());
        let (Some(sight), Some(trace)) = (main.sight(), trace) else { return false };
        // The map of the choice before stays in sight until the new one is made
        let (made, asked) = (sight.map.recipe(), recipe(&window.state, trace));
        made.heads == asked.heads
            && made.combine == asked.combine
            && made.steps == steps
            && main.row().is_some()
    });
    Arc::clone(harness.state().session.mapping.main.sight().expect("waited for"))
}

/// The same map, made here.
fn made(harness: &Harness<'_, Window>, recipe: MapRecipe) -> Map {
    let session = &harness.state().session;
    let network = session.model.as_ref().map(|model| &model.network);
    Map::new(session.trace.as_ref().expect("a run"), network, recipe).expect("a map")
}

#[test]
fn several_heads_are_one_map_whose_formula_is_on_screen_and_undo_takes_it_back() {
    let mut harness = window([1280.0, 800.0]);
    let choice = MapChoice { over: Over::All, combine: Combine::Max, ..MapChoice::default() };
    let sight = show(&mut harness, choice.clone());
    let trace = harness.state().session.trace.clone().expect("a run");
    assert_eq!(sight.map.recipe().heads, trace.head_ids().collect::<Vec<_>>());
    harness.get_by_label("max h P[q,k], h = *.*");
    until(&mut harness, |window| window.session.mapping.main.survey().is_some());
    let (of, row) = harness.state().session.mapping.main.row().expect("a row");
    let own = made(&harness, MapRecipe { combine: Combine::Max, ..sight.map.recipe().clone() });
    assert_eq!(of.len(), 1);
    assert_eq!(row, own.row(of[0]));
    assert_eq!(harness.state().state.map, choice);
    send(&mut harness, Command::Undo);
    assert_eq!(harness.state().state.map, MapChoice::default());
    until(&mut harness, |window| {
        window.session.mapping.main.sight().is_some_and(|sight| sight.map.recipe().heads.len() == 1)
    });
    harness.run_ok();
    harness.get_by_label("P[q,k]");
}

#[test]
fn a_word_is_one_cell_and_a_click_pins_its_first_token() {
    let mut harness = window([1280.0, 800.0]);
    let steps = Steps { queries: Level::Word, keys: Level::Word, ..Steps::default() };
    let sight = show(&mut harness, MapChoice { steps, ..MapChoice::default() });
    let cells = sight.cells();
    let tokens = harness.state().session.trace.as_ref().expect("a run").n_tokens();
    assert!(cells.queries < tokens, "{cells:?} of {tokens} tokens");
    let map = harness.get_by_label("attention of head 1.2").rect();
    let (row, column) = (cells.queries - 1, 2);
    let at = cell_of(map, (row, cells.queries), (column, cells.keys));
    click_at(&mut harness, at, egui::PointerButton::Primary);
    harness.run_ok();
    let state = &harness.state().state;
    let first =
        |group: usize, groups: &mnemoscope::trace::Groups| Some(groups.tokens(group..group + 1).start);
    assert_eq!((state.query, state.key), (first(row, sight.map.queries()), first(column, sight.map.keys())));
}

#[test]
fn a_zoomed_map_of_words_follows_the_pin() {
    let mut harness = window([1280.0, 800.0]);
    let steps = Steps { queries: Level::Word, keys: Level::Word, ..Steps::default() };
    let sight = show(&mut harness, MapChoice { steps, ..MapChoice::default() });
    let last = harness.state().session.labels.texts.len() - 1;
    let (row, cells) = (sight.row_of(last), sight.cells());
    assert!(cells.queries < last + 1, "words of several tokens");
    send(&mut harness, Command::SetView(Some(View { query: 0.0, key: 0.0, span: 3.0 })));
    send(&mut harness, Command::PinQuery(Some(last)));
    let view = harness.state().state.view.expect("still zoomed");
    assert!((view.query..view.query + 3.0).contains(&(row as f32)), "row {row} is not in {view:?}");
    // A token's own number lies beyond the map's rows
    assert!(view.query + 3.0 <= cells.queries as f32 + 0.5, "{view:?} stays within {cells:?}");
    for _ in 0..last {
        harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::ArrowUp);
        harness.run_ok();
    }
    let view = harness.state().state.view.expect("still zoomed");
    assert!(view.query < 1.0, "and back: {view:?}");
}

#[test]
fn differences_are_coloured_on_the_chosen_scale() {
    let values = [-0.9, -0.02, 0.01, 0.8];
    let range = ValueRange::symmetric(&values);
    let painted = |scale| {
        let palette = Palette::of_differences(&Look { scale, ..Look::default() }, true);
        Shader::new(palette.map, palette.scale, range).paint(&values, 4).pixels
    };
    let (linear, ranks) = (painted(Scale::Linear), painted(Scale::Rank));
    assert_ne!(linear, ranks);
    let signed = Palette::of_differences(&Look::default(), true).map;
    let expected = [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0].map(|share: f32| signed.at(share));
    for (own, expected) in ranks.iter().zip(expected) {
        let near = own.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 2);
        assert!(near, "{own:?} is not {expected:?}: the order alone");
    }
}

#[test]
fn marked_tokens_are_averaged_and_summed_and_escape_lets_them_go() {
    let mut harness = window([1280.0, 800.0]);
    let sight = show(&mut harness, MapChoice::default());
    let (queries, keys) = (vec![4, 6, 7], vec![0, 3]);
    send(&mut harness, Command::MarkTokens { keys: false, tokens: queries.clone() });
    send(&mut harness, Command::MarkTokens { keys: true, tokens: keys.clone() });
    until(&mut harness, |window| {
        let known = &window.session.mapping.main;
        known.row().is_some_and(|(of, _)| of == [4, 6, 7])
            && known.column().is_some_and(|(of, _)| of == [0, 3])
    });
    let known = &harness.state().session.mapping.main;
    let plain = |query: usize, key: usize| f64::from(sight.map.cell(query, key));
    for (key, &value) in known.row().expect("a row").1.iter().enumerate() {
        let mean = queries.iter().map(|&query| plain(query, key)).sum::<f64>() / 3.0;
        assert!((f64::from(value) - mean).abs() < 1e-6, "key {key}");
    }
    for (query, &value) in known.column().expect("a column").1.iter().enumerate() {
        let sum: f64 = keys.iter().map(|&key| plain(query, key)).sum();
        assert!((f64::from(value) - sum).abs() < 1e-6, "query {query}");
    }
    harness.key_press(egui::Key::Escape);
    harness.run_ok();
    let map = &harness.state().state.map;
    assert!(map.queries.is_empty() && map.keys.is_empty());
}

#[test]
fn a_drag_along_the_labels_marks_and_one_over_the_map_frames() {
    let mut harness = window([1280.0, 800.0]);
    show(&mut harness, MapChoice::default());
    let n = harness.state().session.trace.as_ref().expect("a run").n_tokens() as f32;
    let drag = |harness: &mut Harness<'_, Window>, from: egui::Pos2, to: egui::Pos2| {
        let button = |pos, pressed| press(pos, egui::PointerButton::Primary, pressed, egui::Modifiers::NONE);
        harness.hover_at(from);
        harness.run_ok();
        harness.event(button(from, true));
        harness.run_ok();
        for share in [0.3, 0.7, 1.0] {
            harness.hover_at(from + (to - from) * share);
            harness.run_ok();
        }
        harness.event(button(to, false));
        harness.run_ok();
    };
    let labels = harness.get_by_label("query tokens of the map").rect();
    let y = |index: f32| labels.top() + labels.height() * (index + 0.5) / n;
    drag(&mut harness, egui::pos2(labels.center().x, y(2.0)), egui::pos2(labels.center().x, y(5.0)));
    assert_eq!(harness.state().state.map.queries, [2, 3, 4, 5]);

    let map = harness.get_by_label("attention of head 1.2").rect();
    let at = |row: f32, column: f32| map.min + map.size() * egui::vec2((column + 0.5) / n, (row + 0.5) / n);
    drag(&mut harness, at(2.0, 1.0), at(8.0, 6.0));
    let view = harness.state().state.view.expect("framed");
    assert!((view.span - 7.0).abs() < 1e-3 && (view.query - 2.0).abs() < 1e-3, "{view:?}");
}

#[test]
fn a_threshold_counts_what_it_leaves() {
    let mut harness = window([1280.0, 800.0]);
    let sight = show(&mut harness, MapChoice::default());
    send(&mut harness, Command::SetMapThreshold(0.1));
    until(&mut harness, |window| window.session.mapping.main.survey().is_some());
    let from = harness.state().state.map.from();
    let (mut left, mut all) = (0_u64, 0_u64);
    for row in 0..sight.map.n_queries() {
        let values = sight.map.row(row);
        all += values.iter().filter(|value| **value != 0.0).count() as u64;
        left += values.iter().filter(|value| **value >= from).count() as u64;
    }
    harness.run_ok();
    harness.get_by_label(&format!("{left} of {all} cells"));
}

#[test]
fn lengths_stand_beside_weights_where_there_is_room() {
    let mut harness = window([2400.0, 1000.0]);
    show(&mut harness, MapChoice { beside: true, ..MapChoice::default() });
    until(&mut harness, |window| window.session.mapping.beside.sight().is_some());
    harness.run_ok();
    harness.get_by_label("attention of head 1.2 · length");
    let sight = Arc::clone(harness.state().session.mapping.beside.sight().expect("waited for"));
    assert_eq!(sight.map.recipe().steps.weigh, Weigh::Values);
    send(&mut harness, Command::SetMapChoice(Box::default()));
    assert!(harness.query_by_label("attention of head 1.2 · length").is_none());
}

#[test]
fn a_row_is_copied_with_its_tokens() {
    let mut harness = window([1280.0, 800.0]);
    let steps = Steps { first: FirstToken::Renormalise, ..Steps::default() };
    let sight = show(&mut harness, MapChoice { steps, ..MapChoice::default() });
    let n = sight.map.n_keys();
    let part = mnemoscope::app::mapping::Part { rows: 3..4, columns: 0..n };
    let ctx = harness.ctx.clone();
    harness.state_mut().apply(&ctx, Command::CopyMap(part));
    let mut copied = None;
    for _ in 0..400 {
        harness.step();
        let commands = &harness.output().platform_output.commands;
        copied = commands.iter().find_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        });
        if copied.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let text = copied.expect("something is copied");
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].len(), n + 1);
    let label = &harness.state().session.labels.texts;
    assert_eq!((lines[0][1], lines[1][0]), (&*label[0], &*label[3]));
    let values: Vec<f32> = lines[1][1..].iter().map(|value| value.parse().expect("a number")).collect();
    assert_eq!(values, sight.map.row(3));
    assert!(CommandKind::CopyRow.shortcut().is_some());
}
