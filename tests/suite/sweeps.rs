//! Contract: a patch sweep gives, place by place, what patching that place alone gives; the command line shows it.

use crate::files::write;
use crate::parity::{fixtures, open, run_ids};
use mnemoscope::engine::{Job, LogitDifference, RunError, SweepError, intervene, run_like, sweep};
use mnemoscope::trace::Trace;
use serde_json::Value;
use std::process::{Command, Output};

const CLEAN: &str = "Tom has a red ball. Anna has a green cup. Tom plays with the";
const CORRUPTED: &str = "Tom has a green ball. Anna has a red cup. Tom plays with the";

fn difference(trace: &Trace, metric: LogitDifference) -> f64 {
    let logits = trace.answer_logits();
    f64::from(logits[metric.of as usize]) - f64::from(logits[metric.less as usize])
}

#[test]
fn a_sweep_is_many_single_patches() {
    for name in ["gpt2-odd", "llama-gqa"] {
        let model = open(&fixtures().join(name));
        let file = fixtures().join(format!("interventions/{name}.txt"));
        let start = run_ids(&model, &[1, 2, 3]);
        let clean = run_like(&model, &start, &file, &Job::new()).expect("runs");
        let ids: Vec<u32> = clean.ids().iter().map(|id| (id * 3 + 2) % 97).collect();
        let corrupted = run_ids(&model, &ids);
        let metric = LogitDifference::read("logit-diff: #5, #9", &model, &clean).expect("a metric");
        let found = sweep(&model, &clean, &corrupted, metric, &Job::new()).expect("sweeps");
        let (best, worst) = (difference(&clean, metric), difference(&corrupted, metric));
        assert!((found.clean - best).abs() < 1e-9 && (found.corrupted - worst).abs() < 1e-9);
        let single = |text: &str| {
            let patch = format!("patch={text}<-{}", file.display()).parse().expect("an intervention");
            let trace = intervene(&model, &corrupted, &[patch], &Job::new(), &mut |_| {}).expect("runs");
            (difference(&trace, metric) - worst) / (best - worst)
        };
        for (layer, row) in found.tokens.iter().enumerate() {
            assert_eq!(row.len(), clean.n_tokens());
            for (token, value) in row.iter().enumerate() {
                let expected = single(&format!("blocks.{layer}.hook_resid_pre@{token}"));
                assert!((value - expected).abs() < 1e-4, "{name}: layer {layer}, token {token}");
            }
        }
        assert!(found.heads.iter().zip(0..).all(|(row, layer)| row.len() == clean.heads(layer)));
    }
}

#[test]
fn one_head_is_the_whole_of_its_layers_z() {
    let model = open(&fixtures().join("gpt2-one-head-one-layer"));
    let clean = run_ids(&model, &[3, 1, 4, 1, 5]);
    let corrupted = run_ids(&model, &[3, 2, 4, 6, 5]);
    let metric = LogitDifference { of: 7, less: 8 };
    let found = sweep(&model, &clean, &corrupted, metric, &Job::new()).expect("sweeps");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("clean.txt");
    write(&file, b"3 1 4 1 5");
    let patch = format!("patch=blocks.0.attn.hook_z@*<-{}", file.display()).parse().expect("an intervention");
    let trace = intervene(&model, &corrupted, &[patch], &Job::new(), &mut |_| {}).expect("runs");
    let expected = (difference(&trace, metric) - found.corrupted) / (found.clean - found.corrupted);
    assert!((found.heads[0][0] - expected).abs() < 1e-4);
}

#[test]
fn what_cannot_be_swept_says_why() {
    let model = open(&fixtures().join("llama-gqa"));
    let clean = run_ids(&model, &[5, 1, 7, 3]);
    let metric = LogitDifference { of: 1, less: 2 };
    let sweep = |corrupted: &Trace, metric, job: &Job| sweep(&model, &clean, corrupted, metric, job);
    let error = sweep(&run_ids(&model, &[5, 1]), metric, &Job::new()).expect_err("of other lengths");
    assert_eq!(error, SweepError::Lengths { clean: 4, corrupted: 2 });
    let error = sweep(&clean.clone(), metric, &Job::new()).expect_err("nothing to bring back");
    assert!(matches!(error, SweepError::NoDifference(_)) && error.hint().is_some());
    let other = run_ids(&model, &[5, 2, 7, 3]);
    assert!(matches!(
        sweep(&other, LogitDifference { of: 1, less: 1 << 20 }, &Job::new()),
        Err(SweepError::NoAnswer(_))
    ));
    let cancelled = Job::new();
    cancelled.cancel();
    assert_eq!(sweep(&other, metric, &cancelled), Err(SweepError::Run(RunError::Cancelled)));
    for wrong in ["", "red,green", "logit-diff: red", "logit-diff: #1,#999999", "logit-diff: ,"] {
        assert!(LogitDifference::read(wrong, &model, &clean).is_err(), "{wrong}");
    }
}

fn mnemoscope(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
    command
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .args(arguments)
        .output()
        .expect("the binary runs")
}

#[track_caller]
fn object(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a JSON object")
}

#[test]
fn the_command_line_changes_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("cut.json");
    write(&list, br#"["zero=4.0", "zero=4.1"]"#);
    let list = list.display().to_string();
    let cut = ["--intervene-file", &list, "--intervene", "zero=4.5"];
    let run = object(&mnemoscope(&[&["run", "--prompt", CLEAN, "--json"][..], &cut].concat()));
    assert_eq!(run["interventions"], serde_json::json!(["zero=4.0", "zero=4.1", "zero=4.5"]));
    assert_eq!(run["clean_next"][0]["text"], " red");
    assert_eq!(run["shifts"][0]["text"], " red");
    let p = |when: &str| run["shifts"][0][when].as_f64().expect("a probability");
    assert!(p("before") > 0.9 && p("after") < 0.2, "recall is gone: {run}");
    let text = mnemoscope(&[&["run", "--prompt", CLEAN][..], &cut].concat());
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("clean → changed") && text.contains("changed by zero=4.5"), "{text}");

    let heads =
        object(&mnemoscope(&["heads", "--prompt", CLEAN, "--json", "--intervene", "pattern=2.1:uniform"]));
    assert_eq!(heads["interventions"][0], "pattern=2.1:uniform");
    let generated = |more: &[&str]| {
        object(&mnemoscope(&[&["generate", "--prompt", CLEAN, "-n", "3", "--json"][..], more].concat()))["text"].clone()
    };
    assert_ne!(generated(&[]), generated(&cut));
    let file = folder.path().join("a.safetensors");
    let path = file.display().to_string();
    let export =
        mnemoscope(&["export", "--prompt", CLEAN, "-o", &path, "--layers", "4", "--intervene", "zero=3.*"]);
    assert!(export.status.success());
    let bytes = std::fs::read(&file).expect("readable");
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).expect("sound");
    assert_eq!(header.metadata().as_ref().expect("metadata")["interventions"], r#"["zero=3.*"]"#);

    assert_eq!(mnemoscope(&["run", "--prompt", CLEAN, "--intervene", "zero=4"]).status.code(), Some(2));
    for wrong in ["zero=9.0", "knockout=0.0:q0->*", "pattern=0.0:absent.npy"] {
        let output = mnemoscope(&["run", "--prompt", CLEAN, "--intervene", wrong]);
        assert_eq!(output.status.code(), Some(1), "{wrong}");
        assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1);
    }
}

#[test]
fn the_command_line_sweeps() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    write(&folder.path().join("clean.txt"), CLEAN.as_bytes());
    // As editors leave it
    write(&folder.path().join("corrupted.txt"), format!("{CORRUPTED}\r\n").as_bytes());
    let (clean, corrupted) = (path("clean.txt"), path("corrupted.txt"));
    let files = [path("a.json"), path("a.csv"), path("a.svg"), path("a.png")];
    let common =
        ["patch", "--prompt-file", &clean, "--corrupted", &corrupted, "--metric", "logit-diff: red,green"];
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let object = object(&mnemoscope(&[&common[..], &["--json", "-o"], &files].concat()));
    let value = |map: &str, layer: usize, at: usize| object[map][layer][at].as_f64().expect("a share");
    // Until layer 4 the answer lies with the fact's own token, after it with the last; heads 4.0 and 4.1 carry it
    assert!(
        value("tokens", 1, 4) > 0.9 && value("tokens", 5, 16) > 0.9 && value("tokens", 1, 16).abs() < 0.1
    );
    assert!(value("heads", 4, 0) + value("heads", 4, 1) > 0.7);
    let json: Value = serde_json::from_slice(&std::fs::read(files[0]).expect("readable")).expect("JSON");
    assert_eq!(json["heads"], object["heads"]);
    let table = std::fs::read_to_string(files[1]).expect("readable");
    assert_eq!(table.lines().count(), 1 + 6 * 17);
    assert!(std::fs::read_to_string(files[2]).expect("readable").contains("Patched by token"));
    assert!(std::fs::read(files[3]).expect("readable").starts_with(b"\x89PNG"));
    let wrong = mnemoscope(&[&common[..], &["-o", "a.gif"]].concat());
    assert_eq!(wrong.status.code(), Some(1));
}
