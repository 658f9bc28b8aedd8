//! Contract: an encoder–decoder model in the window: heads in three groups, maps as high as one text and as wide as the
//! other, tokens linked to rows and columns, a target that is typed or written.

use crate::files::{copy_into, write_words};
use crate::parity::fixtures;
use crate::window::{send, until, window_from};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::{
    app::{
        Opening, Window,
        command::Command,
        exporting::{Finish, Piece},
        layout::Pane,
        mapping::{MapChoice, Over},
        running::Request,
        settings::Settings,
    },
    engine::ModelSource,
    model::{HeadId, Part},
    trace::Trace,
};
use std::path::Path;

const SOURCE: &str = "w7 w9 w11 w13 w15 w17 w19 w21 w23";
const TARGET: &str = "w8 w10 w12";

/// The BART fixture with a tokenizer of 97 words, `w0` to `w96`.
fn model(folder: &Path) {
    copy_into(&fixtures().join("seq2seq/bart"), folder);
    write_words(folder, (0..97).map(|id| format!("w{id}")), "w3");
}

/// The window on that model, and the run of a source with what stands in the target field.
fn window(folder: &Path, target: &str) -> Harness<'static, Window> {
    model(folder);
    let settings = Settings { live: false, dark: Some(true), ..Settings::default() };
    let mut opening = Opening::new(settings, ModelSource::Path(folder.to_owned()), Some(SOURCE.to_owned()));
    if !target.is_empty() {
        target.clone_into(&mut opening.state.target);
        let (prompt, target) = (SOURCE.to_owned(), target.to_owned());
        let request = Request { prompt, target, ..Request::default() };
        opening.session.open(ModelSource::Path(folder.to_owned()), request);
    }
    window_from(opening, [1280.0, 900.0])
}

fn trace<'a>(harness: &'a Harness<'_, Window>) -> &'a Trace {
    harness.state().session.trace.as_ref().expect("it ran")
}

fn head(harness: &Harness<'_, Window>, part: Part, layer: usize, head: usize) -> HeadId {
    HeadId { layer: trace(harness).spec.layer_of(part, layer).expect("the fixture has it"), head }
}

#[track_caller]
fn click(harness: &mut Harness<'_, Window>, start: &str) {
    harness.get_by(|node| node.label().is_some_and(|label| label.starts_with(start))).click();
    harness.run_ok();
}

#[test]
fn heads_stand_in_groups_and_a_map_has_the_shape_of_two_texts() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = window(folder.path(), TARGET);
    let (n_source, n_target) = (trace(&harness).source.len(), trace(&harness).tokens.len());
    assert_eq!((n_source, n_target), (9, 4), "the target begins with its start token");
    for name in ["head encoder 0.1", "head decoder 1.2", "head cross 0.0", "head cross 1.2"] {
        harness.get_by_label(name);
    }
    for (name, rows, columns) in [
        ("encoder 0.1", n_source, n_source),
        ("decoder 1.2", n_target, n_target),
        ("cross 1.2", n_target, n_source),
    ] {
        harness.get_by_label(&format!("head {name}")).click();
        harness.run_ok();
        let map = harness.get_by_label(&format!("attention of head {name}")).rect();
        let cell = map.width() / columns as f32;
        assert!((map.height() - cell * rows as f32).abs() < 0.5, "{name}: {map:?} has no square cells");
        let row = harness.state().session.row.as_ref().expect("a row is shown");
        assert_eq!((row.query, row.weights.len()), (rows - 1, columns), "{name}");
    }
    assert_eq!(harness.state().state.head, head(&harness, Part::Cross, 1, 2));
}

#[test]
fn all_heads_are_exported_as_they_are_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = window(folder.path(), TARGET);
    let all = MapChoice { over: Over::All, ..MapChoice::default() };
    send(&mut harness, Command::SetMapChoice(Box::new(all)));
    for part in [Part::Encoder, Part::Decoder, Part::Cross] {
        let head = head(&harness, part, 0, 0);
        send(&mut harness, Command::SelectHead(head));
        let path = folder.path().join(format!("{}.svg", part.name()));
        let export = Command::Export { path: path.clone(), piece: Piece::Head, finish: Finish::default() };
        send(&mut harness, export);
        until(&mut harness, |window| window.session.exporting.is_none());
        let svg = std::fs::read_to_string(path).expect("written");
        assert!(svg.contains(part.name()), "{} is not named", part.name());
    }
}

#[test]
fn source_tokens_are_columns_and_target_tokens_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = window(folder.path(), TARGET);
    click(&mut harness, "head cross 0.1");
    click(&mut harness, "source token 7 ");
    click(&mut harness, "target token 2 ");
    let state = &harness.state().state;
    assert_eq!((state.query, state.key), (Some(2), Some(7)));
    assert_eq!(harness.state().session.row.as_ref().map(|row| row.query), Some(2));

    // Pins stay with their texts: columns of the encoder are source tokens too, its rows are not the target's
    click(&mut harness, "head encoder 0.0");
    let state = &harness.state().state;
    assert_eq!((state.query, state.key), (None, Some(7)));
    click(&mut harness, "source token 5 ");
    assert_eq!(harness.state().state.query, Some(5));
    click(&mut harness, "target token 1 ");
    let state = &harness.state().state;
    assert_eq!((state.query, state.key), (Some(5), Some(7)), "the encoder does not see the target");
    click(&mut harness, "head decoder 0.0");
    let state = &harness.state().state;
    assert_eq!((state.query, state.key), (None, None));

    // The map answers the pointer within its own bounds
    click(&mut harness, "head cross 0.1");
    let map = harness.get_by_label("attention of head cross 0.1").rect();
    harness.hover_at(map.min + map.size() * egui::vec2(8.5 / 9.0, 1.5 / 4.0));
    harness.run_ok();
    assert_eq!(harness.state().session.row.as_ref().map(|row| row.query), Some(1));
}

#[test]
fn keys_and_zoom_keep_within_the_map() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = window(folder.path(), TARGET);
    let heads = |harness: &Harness<'_, Window>| trace(harness).spec.head_name(harness.state().state.head);
    let mut walked = vec![heads(&harness)];
    for _ in 0..6 {
        harness.key_press(egui::Key::ArrowDown);
        harness.run_ok();
        walked.push(heads(&harness));
    }
    let down =
        ["encoder 0.0", "decoder 0.0", "decoder 1.0", "cross 0.0", "cross 1.0", "cross 1.0", "cross 1.0"];
    assert_eq!(walked, down, "down goes through the groups as they are shown");
    let keys = [(egui::Key::ArrowUp, 12), (egui::Key::ArrowDown, 12), (egui::Key::ArrowRight, 12)];
    for key in keys.into_iter().flat_map(|(key, times)| std::iter::repeat_n(key, times)) {
        harness.key_press_modifiers(egui::Modifiers::SHIFT, key);
        harness.run_ok();
    }
    let state = &harness.state().state;
    assert_eq!((state.query, state.key), (Some(3), Some(8)), "the last row and the last column");

    harness.key_press(egui::Key::Plus);
    harness.run_ok();
    let view = harness.state().state.view.expect("zoomed in");
    assert!((view.span - 6.0).abs() < 0.01 && (view.key - 3.0).abs() < 0.5 && view.query == 0.0, "{view:?}");
    let map = harness.get_by_label("attention of head cross 1.0").rect();
    assert!((map.width() / 6.0 - map.height() / 4.0).abs() < 0.5, "{map:?} has no square cells");
    harness.key_press(egui::Key::ArrowUp);
    harness.run_ok();
    assert!(harness.state().state.view.is_some(), "another cross head has the same texts");
    harness.key_press(egui::Key::ArrowUp);
    harness.run_ok();
    assert_eq!(harness.state().state.view, None, "a decoder head has not");
}

#[test]
fn a_target_is_typed_undone_and_else_written_by_the_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = window(folder.path(), "");
    let written: Vec<u32> = trace(&harness).ids();
    assert!(written.len() > 4, "the model writes: {written:?}");
    let head = head(&harness, Part::Decoder, 0, 0);
    assert_eq!(trace(&harness).thumbnail(head).rows, written.len());

    harness.get_by_role_and_label(egui::Role::TextInput, "Target").focus();
    harness.run_ok();
    harness.get_by_role_and_label(egui::Role::TextInput, "Target").type_text(TARGET);
    harness.run_ok();
    assert_eq!(harness.state().state.target, TARGET);
    harness.get_by_label("Run").click();
    until(&mut harness, |window| window.session.busy.is_none());
    assert_eq!(trace(&harness).ids(), [2, 8, 10, 12]);
    assert_eq!(trace(&harness).source.len(), 9);

    send(&mut harness, Command::Undo);
    until(&mut harness, |window| window.session.busy.is_none());
    assert_eq!(harness.state().state.target, "");
    assert_eq!(trace(&harness).ids(), written);
}

#[test]
fn hidden_states_are_of_the_stack_that_is_chosen() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = window(folder.path(), TARGET);
    let spec = trace(&harness).spec.clone();
    let last = spec.streams().len() - 1;
    for (place, name) in [
        (0, "encoder.0.hook_resid_pre"),
        (1, "encoder.0.hook_normalized_resid_post"),
        (2, "decoder.0.hook_resid_pre"),
        (3, "decoder.0.hook_resid_pre_cross"),
        (last, "decoder.1.hook_normalized_resid_post"),
    ] {
        send(&mut harness, Command::SetLayer(place));
        let said = format!("{name}, token × dimension");
        harness.get_by_label(&said);
    }
    for pane in [Pane::Norms, Pane::Lens] {
        send(&mut harness, Command::ShowPane(pane));
        until(&mut harness, |window| pane != Pane::Lens || window.session.lens.get().is_some());
    }
    let lens = harness.state().session.lens.get().expect("awaited");
    assert_eq!(lens.layers.len(), 2 * 2 + 1, "the decoder's streams alone");
    harness.get_by(|node| node.label().is_some_and(|label| label.starts_with("lens of token 3 ")));
}

#[test]
fn lines_run_from_source_to_target() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = window(folder.path(), TARGET);
    let cross = head(&harness, Part::Cross, 0, 0);
    send(&mut harness, Command::SelectHead(cross));
    send(&mut harness, Command::ShowPane(Pane::Flow));
    let (source, target) = (trace(&harness).source.len(), trace(&harness).n_tokens());
    assert_ne!(source, target);
    assert_eq!(harness.query_all_by_label_contains("flow key ").count(), source);
    assert_eq!(harness.query_all_by_label_contains("flow query ").count(), target);
}
