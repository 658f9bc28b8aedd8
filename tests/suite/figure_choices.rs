//! Contract: a figure shows the heads that pass an expression, the part of a map that was in sight, and lengths beside
//! weights; the command line that its caption gives shows the same.

use crate::cli::program;
use crate::files::write;
use crate::parity::storyteller_run;
use crate::window::{send, until, window_of};
use mnemoscope::analysis::Filter;
use mnemoscope::analysis::atlas::Roles;
use mnemoscope::app::command::Command;
use mnemoscope::app::exporting::{Finish, Piece, options};
use mnemoscope::app::mapping::MapChoice;
use mnemoscope::app::settings::Settings;
use mnemoscope::app::state::{State, View};
use mnemoscope::export::picture::{Limits, draw, write_numbers};
use mnemoscope::export::{Look, Options, Preset, Recipe, Source, Span};
use mnemoscope::model::{HeadId, Model};
use mnemoscope::trace::Trace;
use std::ops::ControlFlow;
use strum::IntoEnumIterator as _;

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite. Mary plays with the";
const WHERE: &str = "induction > 0.3";

fn run() -> (Model, Trace) {
    storyteller_run(PROMPT)
}

/// Heads in the table beside a figure.
fn heads_in(table: &str) -> Vec<String> {
    let mut heads: Vec<String> =
        table.lines().skip(1).map(|line| line.split(',').take(2).collect::<Vec<_>>().join(".")).collect();
    heads.dedup();
    heads
}

#[test]
fn a_recipe_shows_the_heads_that_pass() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = folder.path().join("recipe.toml");
    write(&recipe, format!("out = \"heads.svg\"\nprompt = \"{PROMPT}\"\nwhere = \"{WHERE}\"\n"));
    let (_, trace) = run();
    let filter: Filter = WHERE.parse().expect("it reads");
    let expected: Vec<String> =
        filter.heads(&trace, &Roles::on_prompt(&trace)).map(|head| head.to_string()).collect();
    assert!(expected.len() > 1, "more than one head passes");
    let path = recipe.display().to_string();
    let output = program().args(["figure", &path]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = || std::fs::read_to_string(folder.path().join("heads.csv")).expect("written");
    assert_eq!(heads_in(&table()), expected);

    // Asked on the command line, it stands for what the recipe says
    let output = program().args(["figure", &path, "--where", "4.1"]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(heads_in(&table()), ["4.1"]);
    let output = program().args(["figure", &path, "--where", "layer > 99"]).output().expect("it runs");
    assert!(!output.status.success());
    write(&recipe, "out = \"heads.svg\"\nwhere = \"induction >\"\n");
    let output = program().args(["figure", &path]).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("does not read"), "{said}");
    let both = "out = \"a.png\"\nwhere = \"3.5\"\nheads = \"3.5\"\n".parse::<Recipe>();
    assert!(both.is_err_and(|error| error.to_string().contains("exclude each other")));
}

#[test]
fn lengths_stand_beside_weights_in_scales_of_their_own() {
    let (model, trace) = run();
    let watch = |_| ControlFlow::Continue(());
    let source = Source { model: Some(&model), trace: &trace, watch: &watch };
    let head = HeadId { layer: 4, head: 1 };
    let one = Options { picked: vec![head], beside: true, ..Options::default() };
    let drawing = draw(&source, &one, Limits::PIXELS).expect("drawn");
    let texts: Vec<&str> = drawing.texts().map(|text| text.text.as_str()).collect();
    for name in ["weights", "lengths ‖P·v·W_O‖"] {
        assert!(texts.contains(&name), "`{name}` is not in {texts:?}");
    }
    for preset in Preset::iter() {
        let look = Look { preset: Some(preset), ..Look::default() };
        let drawing = draw(&source, &Options { look, ..one.clone() }, Limits::PIXELS).expect("drawn");
        let at = |name: &str| drawing.texts().find(|text| text.text == name).expect(name).x;
        let apart = at("lengths ‖P·v·W_O‖") - at("weights");
        // As large as the page lets them be: on a slide it is its height that does
        let least = if preset == Preset::Slide { 190.0 } else { drawing.width * 0.3 };
        assert!(apart > least, "{preset:?}: two maps {apart} apart on {} wide", drawing.width);
        let ends = |name: &str| {
            let outline = drawing.texts().find(|text| text.text == name).expect(name).outline();
            (outline[0][0], outline[1][0])
        };
        assert!(ends("weights").1 < ends("lengths ‖P·v·W_O‖").0, "{preset:?}: names overlap");
    }
    let mut table = Vec::new();
    write_numbers(&source, &one, &mut table).expect("written");
    let table = String::from_utf8(table).expect("text");
    let (weights, lengths) =
        ["weight", "length"].map(|kind| table.lines().filter(|line| line.ends_with(kind)).count()).into();
    let n = trace.n_tokens();
    assert_eq!((weights, lengths), (n * (n + 1) / 2, n * (n + 1) / 2));
    let two = Options { picked: vec![head, HeadId { layer: 0, head: 0 }], ..one };
    assert!(draw(&source, &two, Limits::PIXELS).is_err(), "of one map alone");
}

#[test]
fn the_part_in_sight_is_what_is_drawn() {
    let view = View { query: 4.0, key: 2.0, span: 5.0 };
    assert_eq!(view.spans(), [Span { first: 4, last: 8 }, Span { first: 2, last: 6 }]);
    let half = View { query: 4.4, key: 2.0, span: 5.2 };
    assert_eq!(half.spans()[0], Span { first: 4, last: 9 }, "cells at the edge are drawn whole");

    let settings = Settings { live: false, dark: Some(true), ..Settings::default() };
    let mut harness = window_of([1280.0, 800.0], settings, Some(PROMPT));
    send(&mut harness, Command::SelectHead(HeadId { layer: 4, head: 1 }));
    send(&mut harness, Command::SetView(Some(view)));
    let folder = tempfile::tempdir().expect("a folder");
    let [ours, theirs] = ["ours.svg", "theirs.svg"].map(|name| folder.path().join(name));
    let finish = Finish { part: true, ..Finish::default() };
    send(&mut harness, Command::Export { path: ours.clone(), piece: Piece::Head, finish });
    until(&mut harness, |window| window.session.exporting.is_none());
    let cells = ["--rows", "4-8", "--columns", "2-6", "--theme", "dark", "--pick", "4.1"];
    let output = program().args(["export", "--prompt", PROMPT]).args(cells).arg("-o").arg(&theirs).output();
    let output = output.expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |path| std::fs::read_to_string(path).expect("written");
    let (ours, theirs) = (read(&ours), read(&theirs));
    let other = ours.split('<').zip(theirs.split('<')).find(|(own, other)| own != other);
    assert_eq!(other, None, "the window draws something else");
}

#[test]
fn the_whole_map_is_drawn_where_nobody_asks_for_a_part() {
    let view = Some(View { query: 4.0, key: 2.0, span: 5.0 });
    let state = State { view, map: MapChoice { beside: true, ..MapChoice::default() }, ..State::default() };
    let whole = options(Piece::Head, Finish::default(), &state, None, true);
    assert_eq!((whole.look.rows, whole.beside), (None, true));
    let part = Finish { part: true, ..Finish::default() };
    assert!(options(Piece::Head, part, &state, None, true).look.rows.is_some());
    let sheet = options(Piece::Heads, part, &state, None, true);
    assert_eq!((sheet.look, sheet.beside), (Look { rows: None, ..sheet.look }, false));
}

#[test]
fn a_saved_recipe_makes_the_same_bytes() {
    let settings = Settings { live: false, dark: Some(true), ..Settings::default() };
    let mut harness = window_of([1280.0, 800.0], settings, Some(PROMPT));
    send(&mut harness, Command::SelectHead(HeadId { layer: 4, head: 0 }));
    send(&mut harness, Command::ToggleHead(HeadId { layer: 3, head: 2 }));
    send(&mut harness, Command::SetView(Some(View { query: 4.0, key: 2.0, span: 5.0 })));
    let folder = tempfile::tempdir().expect("a folder");
    let finish = Finish { part: true, preset: Some(Preset::Thesis), zoom: Some(2), ..Finish::default() };
    for (piece, name) in
        [(Piece::Head, "head"), (Piece::Chosen, "chosen"), (Piece::Heads, "heads"), (Piece::States, "states")]
    {
        let path = folder.path().join(name).with_extension("png");
        send(&mut harness, Command::Export { path: path.clone(), piece, finish });
        until(&mut harness, |window| window.session.exporting.is_none());
        send(&mut harness, Command::SaveRecipe { path: path.clone(), piece, finish });
        until(&mut harness, |window| window.session.exporting.is_none());
        let made = folder.path().join("made");
        let recipe = path.with_extension("toml");
        let output = program().arg("figure").arg(&recipe).arg("--out").arg(&made).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let read = |path: &std::path::Path| std::fs::read(path).expect("written");
        let same = read(&path) == read(&made.join(name).with_extension("png"));
        assert!(same, "{name} is another by {}", String::from_utf8_lossy(&read(&recipe)));
    }
}
