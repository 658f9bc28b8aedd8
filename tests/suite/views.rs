//! Contract: every view is written as a figure and as its numbers, by the window and on the command line alike, and the
//! numbers are those of the analysis.

use crate::window::{send, until, window_of};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use mnemoscope::analysis::{self, Cell, LensOptions, Question};
use mnemoscope::app::command::Command;
use mnemoscope::app::exporting::{Finish, Piece};
use mnemoscope::app::settings::Settings;
use mnemoscope::engine::{self, Job, ModelSource, Places, Prompt, RunOptions, SweepAsk};
use mnemoscope::engine::{View, ViewAsk, ViewError, plate};
use mnemoscope::export::figure::Drawing;
use mnemoscope::export::picture::Limits;
use mnemoscope::export::{Look, Plate, Preset};
use mnemoscope::model::{HeadId, Model, Sampling, choices};
use mnemoscope::trace::{OtherPrompt, Trace};
use std::ops::ControlFlow;
use strum::IntoEnumIterator as _;

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite. Mary plays with the";

fn storyteller_run(prompt: &str) -> (Model, Trace) {
    let model = engine::load(&ModelSource::Embedded, &Job::new()).expect("it is inside");
    let prompt = Prompt::Text(prompt.to_owned());
    let trace =
        engine::run(&model, &prompt, &RunOptions::default(), &Job::new(), &mut |_| {}).expect("it runs");
    (model, trace)
}

fn of(model: Option<&Model>, trace: &Trace, ask: &ViewAsk) -> Result<Plate, ViewError> {
    plate(model, trace, ask, &mut |_| ControlFlow::Continue(()))
}

fn ask(view: View) -> ViewAsk {
    ask_on(view, PROMPT)
}

/// A view of the run of a prompt about Mary; a sweep patches from the same about Tom.
fn ask_on(view: View, prompt: &str) -> ViewAsk {
    let head = HeadId { layer: 4, head: 1 };
    if view != View::Sweep {
        return ViewAsk { head, ..ViewAsk::new(view) };
    }
    let prompt = OtherPrompt::Text(prompt.replace("Mary", "Tom"));
    let sweep = Some(SweepAsk { prompt, places: Places::Tokens, known: None });
    ViewAsk { head, word: Some(888), against: Some(931), sweep, ..ViewAsk::new(view) }
}

/// Values of one column, as numbers.
fn column(plate: &Plate, name: &str) -> Vec<f64> {
    let table = plate.numbers().expect("a table");
    let at = table.columns.iter().position(|own| *own == name).expect("the column");
    table.rows.iter().map(|row| row[at].as_f64().expect("a number")).collect()
}

#[track_caller]
fn same(found: &[f64], expected: impl IntoIterator<Item = f64>) {
    let expected: Vec<f64> = expected.into_iter().collect();
    assert_eq!(found.len(), expected.len());
    for (index, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{index}: {a} is not {b}");
    }
}

/// Nothing that is written leaves its page.
#[track_caller]
fn keeps_to_its_page(drawing: &Drawing, what: &str) {
    for text in drawing.texts() {
        for [x, y] in text.outline() {
            let inside =
                (-0.5..=drawing.width + 0.5).contains(&x) && (-0.5..=drawing.height + 0.5).contains(&y);
            assert!(
                inside,
                "{what}: `{}` reaches {x:.1}, {y:.1} of {} × {}",
                text.text, drawing.width, drawing.height
            );
        }
    }
}

#[test]
fn every_view_is_drawn_on_its_page_in_every_preset() {
    let (model, trace) = storyteller_run(PROMPT);
    for view in View::iter() {
        let plate = of(Some(&model), &trace, &ask(view)).unwrap_or_else(|error| panic!("{view:?}: {error}"));
        for preset in std::iter::once(None).chain(Preset::iter().map(Some)) {
            let look = Look { preset, ..Look::default() };
            let drawing = plate.draw(look, Limits::PIXELS).expect("drawn");
            keeps_to_its_page(&drawing, &format!("{view:?} {preset:?}"));
            assert!(drawing.shapes.len() > 10, "{view:?} {preset:?} is empty");
        }
        assert!(!plate.numbers().expect("a table").rows.is_empty(), "{view:?} has no numbers");
    }
}

#[test]
fn the_numbers_are_those_of_the_analysis() {
    let (model, trace) = storyteller_run(PROMPT);
    let go = &mut |_| ControlFlow::Continue(());
    let options = LensOptions { tokens: 0..trace.n_tokens(), top: 5 };
    let lens = analysis::lens(&model, &trace, &options, go).expect("a lens");
    let p = lens.layers.iter().flat_map(|layer| layer.tokens.iter().flatten()).map(|one| f64::from(one.p));
    same(&column(&of(Some(&model), &trace, &ask(View::Lens)).expect("a lens"), "p"), p);

    let cell = Cell { head: HeadId { layer: 4, head: 1 }, query: 16, key: 4 };
    let asked = ViewAsk::of_cell(View::Why, cell);
    let why = analysis::why(Some(&model.network), &trace, cell, go).expect("taken apart");
    let sum: f64 = column(&of(Some(&model), &trace, &asked).expect("taken apart"), "value").iter().sum();
    assert!((sum - why.product - why.distance).abs() < 1e-4, "{sum} is not the score {}", why.product);

    let best = trace.next[0].id;
    let question = Question { token: trace.n_tokens() - 1, word: best, against: None };
    let said = analysis::attribute(&model.network, &trace, question, go).expect("taken apart");
    let plate = of(Some(&model), &trace, &ask(View::Attribution)).expect("taken apart");
    let sum: f64 = column(&plate, "value").iter().sum();
    assert!((sum - said.logit()).abs() < 1e-3, "{sum} is not the logit {}", said.logit());

    let rules = Sampling { temperature: 1.0, top_k: Some(3), ..Sampling::default() };
    let plate =
        of(Some(&model), &trace, &ViewAsk { rules: rules.clone(), ..ask(View::Next) }).expect("words");
    let all = choices(trace.answer_logits(), &rules, 40);
    same(&column(&plate, "p"), all.list.iter().map(|(_, p)| *p));

    let last = trace.spec.streams().last().copied().expect("a stream");
    let plate = of(None, &trace, &ask(View::States)).expect("states");
    same(&column(&plate, "value"), trace.stream(last).iter().map(|&x| f64::from(x)));

    let plate = of(None, &trace, &ask(View::Flow)).expect("lines");
    let pattern = trace.pattern(HeadId { layer: 4, head: 1 });
    let weights: Vec<f64> = column(&plate, "weight");
    let strong = (0..trace.n_tokens()).flat_map(|query| pattern.row(query));
    assert_eq!(weights.len(), strong.filter(|weight| *weight >= 0.05).count());
}

#[test]
fn a_run_without_its_model_says_what_it_lacks() {
    let (_, trace) = storyteller_run(PROMPT);
    for view in View::iter() {
        match of(None, &trace, &ask(view)) {
            Ok(_) => assert!(!view.needs_model(), "{view:?}"),
            Err(error) => {
                assert!(view.needs_model() && matches!(error, ViewError::NeedsModel), "{view:?}: {error}");
                assert!(error.hint().is_some());
            }
        }
    }
}

#[test]
fn short_prompts_have_their_views_too() {
    for prompt in ["Mary", "Mary has", "Mary has a"] {
        let (model, trace) = storyteller_run(prompt);
        for view in View::iter() {
            let plate = of(Some(&model), &trace, &ask_on(view, prompt))
                .unwrap_or_else(|error| panic!("{view:?}: {error}"));
            let look = Look { preset: Some(Preset::Paper), ..Look::default() };
            keeps_to_its_page(
                &plate.draw(look, Limits::PIXELS).expect("drawn"),
                &format!("{prompt}, {view:?}"),
            );
        }
    }
}

#[test]
fn the_window_writes_what_the_command_line_writes() {
    let settings = Settings { live: false, dark: Some(false), ..Settings::default() };
    let mut harness = window_of([1280.0, 800.0], settings, Some(PROMPT));
    send(&mut harness, Command::SelectHead(HeadId { layer: 4, head: 1 }));
    send(&mut harness, Command::EditSweep(PROMPT.replace("red", "green")));
    send(&mut harness, Command::RunSweep(true));
    let folder = tempfile::tempdir().expect("a temporary folder");
    for view in View::iter() {
        let name = format!("{}.csv", view.id());
        let (ours, theirs) = (folder.path().join(&name), folder.path().join(format!("cli-{name}")));
        let piece = Piece::View(view);
        let command = mnemoscope_command(&mut harness, view);
        send(&mut harness, Command::Export { path: ours.clone(), piece, finish: Finish::default() });
        until(&mut harness, |window| window.session.exporting.is_none());
        let words: Vec<String> = shell_words(&command);
        let at = words.iter().position(|word| word == "-o").expect("an output");
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_mnemoscope"))
            .args(&words[1..at])
            .arg("-o")
            .arg(&theirs)
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        let read = |path| std::fs::read_to_string(path).expect("written");
        assert!(read(&ours) == read(&theirs), "{view:?}: {command} writes something else");
    }
}

/// The command line that the dialog's caption gives.
fn mnemoscope_command(
    harness: &mut egui_kittest::Harness<'_, mnemoscope::app::Window>,
    view: View,
) -> String {
    use mnemoscope::app::Dialog;
    send(harness, Command::AskForExport(Piece::View(view)));
    let start = std::time::Instant::now();
    loop {
        harness.step();
        let said = harness.query_by_label_contains("Made with Mnemoscope");
        let caption =
            said.and_then(|node| node.accesskit_node().label().or_else(|| node.accesskit_node().value()));
        // Until it is drawn, the one before stands there
        let own = format!("--view {} ", view.id());
        if let Some((_, command)) = caption.as_deref().and_then(|text| text.split_once(": mnemoscope export"))
            && command.contains(&own)
        {
            let command = format!("mnemoscope export{command}");
            harness.state_mut().dialog = Dialog::None;
            harness.run_ok();
            return command;
        }
        assert!(start.elapsed() < std::time::Duration::from_mins(1), "{view:?} is not drawn");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Words of a command line with single quotation marks.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words
}
