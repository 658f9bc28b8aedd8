//! Contract: loss by position is the mean of what single runs give; what was there before is foreseen by who repeats.

use crate::files::write;
use crate::parity::{fixtures, open, run_ids, storyteller};
use mnemoscope::analysis::losses;
use mnemoscope::engine::{Curve, CurveError, Job, Reading, RunError, curve};
use mnemoscope::model::Model;
use serde_json::Value;
use std::ops::ControlFlow;
use std::process::Command;

fn read(model: &Model, reading: &Reading) -> Curve {
    curve(model, reading, &[], &Job::new()).expect("it can be read")
}

#[test]
fn the_induction_model_by_hand_foresees_what_comes_again() {
    let model = open(&fixtures().join("induction-by-hand"));
    let found = read(&model, &Reading::Repeat { period: 8, trials: 3, seed: 2 });
    assert_eq!((found.windows, found.losses.len()), (3, 15));
    let (first, second) = found.first_and_second.expect("a repeat");
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    // The token at position p has loss p − 1; the second showing's first token is announced by nothing
    assert!((first - mean(&found.losses[..7])).abs() < 1e-12);
    assert!((second - mean(&found.losses[8..])).abs() < 1e-12);
    assert!(second < first - 1.0, "{first} → {second}");
}

#[test]
fn without_its_induction_head_nothing_is_foreseen() {
    let model = open(&fixtures().join("induction-by-hand"));
    let reading = Reading::Repeat { period: 8, trials: 3, seed: 2 };
    let clean = read(&model, &reading);
    let cut = ["zero=1.*".parse().expect("an intervention")];
    let changed = curve(&model, &reading, &cut, &Job::new()).expect("it can be read");
    let ((first, second), (first_cut, second_cut)) =
        clean.first_and_second.zip(changed.first_and_second).expect("repeats");
    assert!(second < first - 1.0 && second_cut > second + 1.0, "{second} → {second_cut}");
    assert!((second_cut - first_cut).abs() < 0.6, "{first_cut}, {second_cut}: no time is easier");
    assert_eq!(clean.again, Some(8));
    let beyond = ["zero=9.0".parse().expect("an intervention")];
    let refused = curve(&model, &reading, &beyond, &Job::new()).expect_err("there is no such layer");
    assert!(matches!(&refused, CurveError::Intervene(_)) && refused.hint().is_some(), "{refused}");
}

#[test]
fn a_text_is_read_in_windows() {
    let model = storyteller();
    let text = "Mary has a red ball. Tom has a blue kite. Mary plays with the red ball. The sun was shining.";
    let tokenizer = model.tokenizer.as_ref().expect("words");
    let ids: Vec<u32> = tokenizer.encode_bare(text).expect("tokens").iter().map(|token| token.id).collect();
    let prefix = tokenizer.prefix();
    let window = 12;
    let found = read(&model, &Reading::Text { text: text.into(), window: Some(window) });
    let (mut sums, mut counts) = (vec![0.0; window - 1], vec![0; window - 1]);
    for part in ids.chunks(window - prefix.len()).filter(|part| part.len() >= 2) {
        let trace = run_ids(&model, &[&prefix[..], part].concat());
        let own = losses(&model.network, &trace, &mut |_| ControlFlow::Continue(())).expect("losses");
        for (at, loss) in own.into_iter().enumerate() {
            sums[at] += loss;
            counts[at] += 1;
        }
    }
    assert_eq!(found.counts, counts);
    for (found, (sum, count)) in found.losses.iter().zip(sums.iter().zip(&counts)) {
        assert!((found - sum / *count as f64).abs() < 1e-6);
    }
    assert_eq!(found.first_and_second, None);
}

#[test]
fn what_cannot_be_read_says_why() {
    let by_hand = open(&fixtures().join("induction-by-hand"));
    let fails = |reading: &Reading, job: &Job| curve(&by_hand, reading, &[], job).expect_err("refused");
    let text = |text: &str| Reading::Text { text: text.into(), window: None };
    assert_eq!(fails(&text("words"), &Job::new()), CurveError::Run(RunError::NoTokenizer));
    let long = fails(&Reading::Repeat { period: 5000, trials: 1, seed: 0 }, &Job::new());
    assert!(matches!(long, CurveError::Length { found: 5000, .. }) && long.hint().is_some(), "{long}");
    let cancelled = Job::new();
    cancelled.cancel();
    let ended = fails(&Reading::Repeat { period: 4, trials: 1, seed: 0 }, &cancelled);
    assert_eq!(ended, CurveError::Run(RunError::Cancelled));
    let bert = open(&fixtures().join("bert-mlm"));
    let silent = curve(&bert, &Reading::Repeat { period: 4, trials: 1, seed: 0 }, &[], &Job::new());
    assert!(matches!(silent, Err(CurveError::NoNextToken(_))));
    assert!(matches!(
        curve(&storyteller(), &text("x"), &[], &Job::new()),
        Err(CurveError::Length { found: 1, .. })
    ));
}

#[test]
fn the_command_line_draws_the_curve() {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        command.arg("curve").args(arguments).output().expect("runs")
    };
    let output = run(&["--repeat", "16", "--trials", "2", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let object: Value = serde_json::from_slice(&output.stdout).expect("one object");
    let pair = object["first_and_second"].as_array().expect("two means");
    assert!(pair[0].as_f64() > pair[1].as_f64(), "the second time is easier: {object}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("text.txt");
    write(&file, b"Mary has a red ball. Mary plays with the red ball.");
    let table = run(&["--prompt-file", &file.display().to_string()]);
    assert!(String::from_utf8_lossy(&table.stdout).contains("bits a token"));
    let (csv, svg) = (folder.path().join("curve.csv"), folder.path().join("curve.svg"));
    let changes = folder.path().join("changes.json");
    write(&changes, br#"["zero=4.0", "zero=4.1"]"#);
    let path = |path: &std::path::Path| path.display().to_string();
    let (csv, svg, changes) = (path(&csv), path(&svg), path(&changes));
    let drawn = run(&[
        "--repeat",
        "16",
        "--trials",
        "2",
        "--intervene-file",
        &changes,
        "--intervene",
        "zero=4.5",
        "-o",
        &csv,
        "-o",
        &svg,
    ]);
    let said = String::from_utf8_lossy(&drawn.stdout).into_owned();
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    for words in ["changed by zero=4.1", "changed by zero=4.5", "→", "curve.svg"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let table = std::fs::read_to_string(&csv).expect("written");
    let rows: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(rows[0], "position,loss,windows,loss_changed");
    // `<s>`, 16 tokens, the same 16
    assert_eq!(rows.len(), 33);
    let svg = std::fs::read_to_string(&svg).expect("written");
    assert!(svg.contains("with changes") && svg.contains("again"));
    assert_eq!(run(&["--repeat", "4", "-o", "curve.foo"]).status.code(), Some(1));
    assert_eq!(run(&[]).status.code(), Some(2), "something must be read");
    assert_eq!(run(&["--prompt-file", "absent.txt"]).status.code(), Some(1));
}
