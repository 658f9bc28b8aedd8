//! Contract: a model that cannot read a prompt says which word it lacks and gives one that it can read; the window offers
//! that, and takes it by itself where the prompt was only an example.

use crate::files::write_words;
use crate::parity::{fixtures, open};
use crate::timeline::by_hand;
use crate::window::{send, until, window_on};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::app::{Window, banner::Offer, command::Command as Click, settings::Settings};
use mnemoscope::engine::{self, Job, ModelSource, Prompt, RunError, RunOptions, TrainOptions};
use mnemoscope::trace::Trace;
use mnemoscope::train::{Hand, Setup, Task};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// Every fixture model that opens, with its name.
fn models() -> Vec<(String, mnemoscope::model::Model)> {
    let folders = std::fs::read_dir(fixtures()).expect("fixtures are committed");
    let mut folders: Vec<_> = folders.map(|entry| entry.expect("a readable entry").path()).collect();
    folders.sort();
    let known = |path: &Path| path.join("config.json").exists();
    folders
        .into_iter()
        .filter(|path| known(path))
        .map(|path| (path.display().to_string(), open(&path)))
        .collect()
}

#[test]
fn every_model_reads_the_prompt_that_is_found_for_it_and_repeats_it() {
    let mut found = 0;
    for (name, model) in models() {
        let Some(text) = engine::fitting_prompt(&model) else { continue };
        let prompt = Prompt::typed(text.clone(), model.tokenizer.as_ref());
        let trace = engine::run(&model, &prompt, &RunOptions::default(), &Job::new(), &mut |_| ());
        let trace = trace.unwrap_or_else(|error| panic!("{name}: {text:?}: {error}"));
        let mut times: HashMap<u32, usize> = HashMap::new();
        for token in trace.tokens_of(trace.prompt_side()) {
            *times.entry(token.id).or_default() += 1;
        }
        assert!(times.values().any(|&times| times > 1), "{name}: {text:?} says nothing twice: {times:?}");
        assert_eq!(engine::fitting_prompt(&model), Some(text), "{name}: the same at every call");
        found += 1;
    }
    assert!(found > 40, "only {found} models found one");
}

/// What `mnemoscope train` saves after two steps: a folder with two checkpoints in it.
fn trained(task: Task) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = Setup { task, layers: 1, heads: 2, width: 8, mlp: false, seed: 1, text: Arc::default() };
    let options = TrainOptions {
        hand: Hand { batch: 2, ..Hand::usual(&setup) },
        changes: Vec::new(),
        setup,
        steps: 2,
        report_every: 1,
        stop_at_induction: None,
        stop_at_accuracy: None,
        folder: Some(folder.path().to_owned()),
        save_every: Some(1),
    };
    engine::train(&options, &Job::new(), &mut |_| ControlFlow::Continue(())).expect("it trains");
    folder
}

#[test]
fn what_the_trainer_saves_names_the_word_it_lacks_and_a_prompt_that_runs() {
    for (task, lacks) in [(Task::Induction, "!"), (Task::Addition, "Tom"), (Task::Recall, "!")] {
        let folder = trained(task);
        let model = open(folder.path());
        let run = |text: &str| {
            let prompt = Prompt::Text(text.to_owned());
            engine::run(&model, &prompt, &RunOptions::default(), &Job::new(), &mut |_| ())
        };
        let error = run("Tom has a red ball!").expect_err("it cannot be read");
        let RunError::Encode(known) = &error else { panic!("{error}") };
        assert_eq!(known.missing.as_deref(), Some(lacks), "{error}");
        let fitting = known.fitting.clone().expect("a prompt");
        assert!(error.hint().is_some_and(|hint| hint.contains(&fitting)), "{:?}", error.hint());
        let ids = run(&fitting).expect("it runs").ids();
        let said = &ids[1..];
        assert!(said.len() >= 8, "{fitting}");
        assert_eq!(said[..said.len() / 2], said[said.len() / 2..], "{fitting}");
    }
}

#[test]
fn the_command_line_says_what_to_write_instead() {
    let folder = trained(Task::Induction);
    let run = |prompt: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
        command.arg("run").arg(folder.path()).args(["--quiet", "--prompt", prompt]);
        command.output().expect("it starts")
    };
    let refused = run("a b!");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("no `!`") && said.contains("--ids"), "{said}");
    let fitting = said.split('"').nth(1).expect("a prompt in quotes");
    assert!(run(fitting).status.success(), "{fitting}");
}

fn quiet() -> Settings {
    Settings { live: false, ..Settings::default() }
}

fn offer(harness: &Harness<'_, Window>) -> Option<Offer> {
    harness.state().session.banner.as_ref().and_then(|banner| banner.offer.clone())
}

fn ran(window: &Window) -> bool {
    window.session.busy.is_none() && window.session.trace.as_ref().is_some_and(Trace::is_complete)
}

#[test]
fn a_model_that_cannot_read_the_example_opens_on_words_of_its_own() {
    let folder = trained(Task::Induction);
    let single = folder.path().join("checkpoint-1");
    for path in [single.as_path(), folder.path(), &fixtures().join("gpt2-odd")] {
        let source = ModelSource::Path(path.to_owned());
        let mut harness = window_on(source, [1280.0, 720.0], quiet(), None);
        until(&mut harness, ran);
        let window = harness.state();
        let model = window.session.model.as_ref().expect("a model");
        assert_eq!(engine::fitting_prompt(model).as_ref(), Some(&window.state.prompt), "{}", path.display());
        let banner = window.session.banner.as_ref().expect("it says so");
        assert!(!banner.error && banner.what.contains(&window.state.prompt), "{banner:?}");
    }
}

/// A vocabulary that reads every word as the one for what it does not know runs the prompt, and has nothing to show in it.
#[test]
fn a_prompt_of_unknown_words_alone_gives_way_too() {
    let folder = tempfile::tempdir().expect("a folder");
    by_hand(folder.path(), &[]);
    write_words(folder.path(), (0..16).map(|id| format!("t{id}")), "t0");
    let source = || ModelSource::Path(folder.path().to_owned());
    let mut harness = window_on(source(), [1280.0, 720.0], quiet(), None);
    until(&mut harness, |window| ran(window) && window.state.prompt.contains("t1"));
    let window = harness.state();
    let model = window.session.model.as_ref().expect("a model");
    assert_eq!(engine::fitting_prompt(model).as_ref(), Some(&window.state.prompt));
    assert!(window.session.banner.as_ref().is_some_and(|banner| !banner.error));
    // The user's own stays, and another is offered
    let mut harness = window_on(source(), [1280.0, 720.0], quiet(), Some("What is this"));
    until(&mut harness, |window| window.session.banner.is_some());
    assert_eq!(harness.state().state.prompt, "What is this");
    assert!(matches!(offer(&harness), Some(Offer::Fitting(_))), "{:?}", offer(&harness));
    // One word that it knows is enough, and so is the word for the unknown itself
    for known in ["What is t3", "t0 t0"] {
        let mut harness = window_on(source(), [1280.0, 720.0], quiet(), Some(known));
        until(&mut harness, ran);
        assert_eq!(offer(&harness), None, "{known}");
    }
}

#[test]
fn a_prompt_of_the_users_own_is_kept_and_another_is_one_key_away() {
    let folder = trained(Task::Induction);
    let source = || ModelSource::Path(folder.path().join("checkpoint-1"));
    for by_key in [true, false] {
        let mut harness = window_on(source(), [1280.0, 720.0], quiet(), Some("What is this?"));
        until(&mut harness, |window| window.session.banner.is_some());
        assert_eq!(harness.state().state.prompt, "What is this?");
        let Some(Offer::Fitting(text)) = offer(&harness) else { panic!("{:?}", offer(&harness)) };
        if by_key {
            harness.key_press(egui::Key::Enter);
        } else {
            harness.get_by_label_contains(&text).click();
        }
        harness.run_ok();
        until(&mut harness, ran);
        assert_eq!(harness.state().state.prompt, text);
        assert!(harness.state().session.banner.is_none(), "{:?}", harness.state().session.banner);
        // And back
        send(&mut harness, Click::Undo);
        assert_eq!(harness.state().state.prompt, "What is this?");
    }
}
