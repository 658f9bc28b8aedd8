//! Contract: a folder of checkpoints is found by its names, each is asked the same, and roles are dated.

use crate::files::write;
use crate::parity::fixtures;
use mnemoscope::analysis::atlas::{ROLES, Role, Scores};
use mnemoscope::analysis::timeline::{
    HeadReport, Snapshot, StepAxis, Timeline, best, curve, phase_change, roles_taken,
};
use mnemoscope::engine::{
    self, Checkpoints, Job, LogitRows, ModelSource, Prompt, RunOptions, TimelineError, TimelineOptions,
    TrainOptions, Training, is_timeline,
};
use mnemoscope::model::{HeadId, LoadError, Model};
use mnemoscope::train::{Hand, Setup, Task};
use safetensors::SafeTensors;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

/// A folder that looks like a model by its names.
fn looks_like_one(folder: &Path) {
    write(&folder.join("config.json"), b"{}");
    write(&folder.join("model.safetensors"), b"none");
}

/// The model made by hand, with the queries of some layers as zeros: those heads look at all alike.
pub(crate) fn by_hand(folder: &Path, idle: &[usize]) {
    let from = fixtures().join("induction-by-hand");
    let bytes = std::fs::read(from.join("model.safetensors")).expect("the fixture");
    let (mut new, tensors) = (bytes.clone(), SafeTensors::deserialize(&bytes).expect("sound"));
    for layer in idle {
        let weight = tensors.tensor(&format!("transformer.h.{layer}.attn.c_attn.weight")).expect("there");
        let bias = tensors.tensor(&format!("transformer.h.{layer}.attn.c_attn.bias")).expect("there");
        let width = weight.shape()[0];
        for tensor in [weight, bias] {
            let start = tensor.data().as_ptr().addr() - bytes.as_ptr().addr();
            for row in 0..tensor.data().len() / (12 * width) {
                new[start + row * 12 * width..][..4 * width].fill(0);
            }
        }
    }
    write(&folder.join("model.safetensors"), &new);
    write(&folder.join("config.json"), std::fs::read(from.join("config.json")).expect("the fixture"));
}

fn ask(folder: &Path, prompt: Option<&str>) -> (Timeline, Vec<String>) {
    let found = Checkpoints::of(folder).expect("checkpoints");
    let prompt = prompt.map(|text| Prompt::Text(text.to_owned()));
    let options = TimelineOptions { prompt, ..TimelineOptions::default() };
    let (timeline, left_out) =
        engine::timeline(&found, &options, &Job::new(), &mut |_| {}).expect("a timeline");
    (timeline, left_out.into_iter().map(|out| format!("{}: {}", out.name, out.why)).collect())
}

#[test]
fn steps_are_read_from_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = [
        ("step0", 0),
        ("checkpoint-500", 500),
        ("step_1000", 1000),
        ("global_step2000", 2000),
        ("step3000-tokens4B", 3000),
        ("multiberts-seed_0-step_20k", 20_000),
        ("iter_0030000", 30_000),
        ("ckpt=40000", 40_000),
        ("50000", 50_000),
        ("run-60000", 60_000),
    ];
    for (name, _) in names {
        looks_like_one(&folder.path().join(name));
    }
    for other in ["checkpoint-best", "runs", ".step9", "v2", "step4x"] {
        looks_like_one(&folder.path().join(other));
    }
    write(&folder.path().join("step7/optimizer.pt"), b"not a model");
    looks_like_one(&folder.path().join("checkpoint-1000"));
    let found = Checkpoints::of(folder.path()).expect("checkpoints");
    let steps: Vec<u64> = found.all.iter().map(|checkpoint| checkpoint.step).collect();
    assert_eq!(steps, names.map(|(_, step)| step));
    let left: Vec<&str> = found.left_out.iter().map(|out| out.name.as_str()).collect();
    assert_eq!(left, ["step7", "step_1000"], "no model in it; the same step twice");
    assert!(is_timeline(folder.path()));
    assert_eq!(found.place(1999).map(|place| found.all[place].step), Some(1000));
}

#[test]
fn revisions_in_hugging_faces_cache_are_checkpoints() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("models--owner--tiny");
    for (revision, hash) in [("step1000", "aa"), ("step0", "bb"), ("main", "cc")] {
        write(&root.join("refs").join(revision), hash.as_bytes());
        looks_like_one(&root.join("snapshots").join(hash));
    }
    let found = Checkpoints::of(&root).expect("checkpoints");
    assert_eq!(found.name(), "owner/tiny");
    let named: Vec<_> = found.all.iter().map(|own| (own.step, own.path.ends_with("bb"))).collect();
    assert_eq!(named, [(0, true), (1000, false)]);
}

#[test]
fn too_few_are_refused_with_reasons() {
    let folder = tempfile::tempdir().expect("a folder");
    looks_like_one(&folder.path().join("step1"));
    write(&folder.path().join("step2/notes.txt"), b"");
    assert!(!is_timeline(folder.path()));
    let error = Checkpoints::of(folder.path()).expect_err("one is no timeline");
    assert!(matches!(&error, TimelineError::TooFew { found: 1, .. }));
    let said = error.to_string();
    assert!(said.contains("1 checkpoints (step2: there are no weights"), "{said}");
    assert!(error.hint().is_some_and(|hint| hint.contains("checkpoint-500")));
    assert!(matches!(Checkpoints::of(Path::new("/nowhere")), Err(TimelineError::NoFolder(_))));
}

#[test]
fn heads_made_by_hand_take_their_roles_when_they_are_given_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    by_hand(&at("step0"), &[0, 1]);
    by_hand(&at("step10"), &[1]);
    by_hand(&at("step20"), &[]);
    by_hand(&at("step30"), &[]);
    let other = std::fs::read_dir(fixtures().join("gpt2-odd")).expect("a fixture");
    for file in other.map(|entry| entry.expect("an entry").path()) {
        let name = file.file_name().expect("a name").to_owned();
        if file.is_file() && ["config.json", "model.safetensors"].iter().any(|own| name == *own) {
            write(&at("step40").join(name), std::fs::read(&file).expect("read"));
        }
    }
    write(&at("step50/config.json"), b"{ broken");
    write(&at("step50/model.safetensors"), b"none");
    let (timeline, left_out) = ask(folder.path(), None);
    assert_eq!(timeline.snapshots.iter().map(|seen| seen.step).collect::<Vec<_>>(), [0, 10, 20, 30]);
    assert_eq!(timeline.periods, [16, 10]);
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    assert!(
        left_out[0].starts_with("step40: it has ") && left_out[0].contains("the first has"),
        "{left_out:?}"
    );
    assert!(left_out[1].starts_with("step50: "), "{left_out:?}");

    let taken = roles_taken(&timeline.snapshots);
    let of = |id: &str| {
        let mut own = taken.iter().filter(|taken| taken.role.id == id);
        own.next().map(|taken| (taken.head, taken.step))
    };
    assert_eq!(of("previous_token"), Some((HeadId { layer: 0, head: 0 }, 10)));
    let (head, step) = of("induction").expect("an induction head");
    assert_eq!((head.layer, step), (1, 20));
    assert_eq!(phase_change(&timeline.snapshots), Some((20, 20)));
    // Of heads that look at all alike the stripe is that of even weights: mean of 1/(q+1) over q = 16..31, of the
    // other period over q = 10..19; the lower one counts
    let even =
        |period: usize| (period..2 * period).map(|q| 1.0 / (q + 1) as f64).sum::<f64>() / period as f64;
    let scores = timeline.snapshots[0].heads[2].scores;
    let found = scores.induction_stripe.expect("a score");
    assert!((found - even(16).min(even(10))).abs() < 1e-6, "{found}");
    assert!(timeline.snapshots.iter().all(|seen| seen.loss.is_none()));
}

#[test]
fn a_job_is_cancelled_and_grows_before_eyes() {
    let folder = tempfile::tempdir().expect("a folder");
    for step in ["step0", "step1", "step2"] {
        by_hand(&folder.path().join(step), &[]);
    }
    let found = Checkpoints::of(folder.path()).expect("checkpoints");
    let (job, mut seen) = (Job::new(), Vec::new());
    let outcome = engine::timeline(&found, &TimelineOptions::default(), &job, &mut |timeline| {
        seen.push(timeline.snapshots.len());
        if seen.len() == 2 {
            job.cancel();
        }
    });
    assert!(matches!(outcome, Err(TimelineError::Run(engine::RunError::Cancelled))));
    assert_eq!(seen, [1, 2]);
}

/// Trains a small model into a folder.
fn trained(folder: &Path) -> Training {
    let setup = Setup { task: Task::Copy, layers: 2, heads: 2, width: 16, seed: 5, ..Setup::default() };
    let options = TrainOptions {
        setup,
        hand: Hand { rate: 5e-3, batch: 8, size: 4 },
        changes: Vec::new(),
        steps: 30,
        report_every: 10,
        stop_at_induction: None,
        stop_at_accuracy: None,
        folder: Some(folder.to_owned()),
        save_every: Some(10),
    };
    engine::train(&options, &Job::new(), &mut |_| ControlFlow::Continue(())).expect("it trains")
}

#[test]
fn what_was_trained_is_read_back_with_the_same_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    let training = trained(folder.path());
    let found = Checkpoints::of(folder.path()).expect("checkpoints");
    assert_eq!(found.all.iter().map(|own| own.step).collect::<Vec<_>>(), [10, 20, 30]);
    // The tokenizer beside the last model is enough for all
    for own in &found.all {
        for file in ["tokenizer.json", "tokenizer_config.json"] {
            std::fs::remove_file(own.path.join(file)).expect("removed");
        }
    }
    let live = training.model(training.trainer().weights()).expect("the live model");
    let saved = found.open(&found.all[2]).expect("it opens");
    assert!(saved.warnings.is_empty(), "{:?}", saved.warnings);
    assert!(saved.name.ends_with("/checkpoint-30"));
    let logits = |model: &Model| {
        let options = RunOptions { logits: LogitRows::All, ..RunOptions::default() };
        let prompt = Prompt::Text("a b c > a b c .".into());
        engine::run(model, &prompt, &options, &Job::new(), &mut |_| {}).expect("it runs").logits
    };
    assert_eq!(logits(&live), logits(&saved), "disk and memory give the same numbers, bit for bit");
    assert_ne!(logits(&live), logits(&found.open(&found.all[0]).expect("it opens")));
    // Opened alone, a checkpoint finds that tokenizer, too
    let source = engine::ModelSource::Path(found.all[0].path.clone());
    let alone = engine::load(&source, &Job::new()).expect("it opens");
    assert!(alone.tokenizer.is_some() && alone.warnings.is_empty());

    let (timeline, left_out) = ask(folder.path(), Some("a b c > a b c ."));
    assert!(left_out.is_empty(), "{left_out:?}");
    let losses: Vec<f64> = timeline.snapshots.iter().filter_map(|seen| seen.loss).collect();
    assert_eq!(losses.len(), 3);
    // −ln p by the softmax of the run's own logits
    let rows = logits(&saved);
    let ids = engine::tokens_of(&saved, &Prompt::Text("a b c > a b c .".into()), false).expect("tokens");
    let vocab = saved.spec().vocab;
    let expected: f64 = (1..ids.len())
        .map(|at| {
            let row = &rows[(at - 1) * vocab..at * vocab];
            let sum: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
            sum.ln() - f64::from(row[ids[at].id as usize])
        })
        .sum::<f64>()
        / (ids.len() - 1) as f64;
    assert!((losses[2] - expected).abs() < 1e-5, "{} is not {expected}", losses[2]);
    assert!(timeline.snapshots[0].heads.iter().all(|entry| entry.scores.delimiter.is_some()));
}

/// Moments of two heads with these induction scores, every ten steps.
fn moments(scores: &[[f64; 2]]) -> Vec<Snapshot> {
    let head = |head: usize, score: f64| HeadReport {
        head: HeadId { layer: 1, head },
        scores: Scores { induction_stripe: Some(score), reach: Some(1.0 - score), ..Scores::default() },
    };
    let moment = |(index, [a, b]): (usize, &[f64; 2])| Snapshot {
        step: 10 * index as u64,
        name: format!("step{}", 10 * index),
        loss: None,
        heads: vec![head(0, *a), head(1, *b)],
    };
    scores.iter().enumerate().map(moment).collect()
}

pub(crate) fn role(id: &str) -> &'static Role {
    ROLES.iter().find(|role| role.id == id).expect("a role")
}

#[test]
fn curves_are_of_one_head_or_of_the_best() {
    let seen = moments(&[[0.1, 0.3], [0.6, 0.2], [0.4, 0.9]]);
    let induction = role("induction");
    assert_eq!(curve(&seen, induction, None), [(0, 0.3), (10, 0.6), (20, 0.9)]);
    let second = HeadId { layer: 1, head: 1 };
    assert_eq!(curve(&seen, induction, Some(second)), [(0, 0.3), (10, 0.2), (20, 0.9)]);
    // A role that goes by a small score has its best where that is least
    assert_eq!(best(&seen[1].heads, role("local")), Some((HeadId { layer: 1, head: 0 }, 0.4)));
    let taken = roles_taken(&seen);
    let induction: Vec<_> = taken.iter().filter(|taken| taken.role.id == "induction").collect();
    assert_eq!(induction.len(), 1, "the first head has lost it again");
    assert_eq!((induction[0].head, induction[0].step), (second, 20));
    let local = taken.iter().find(|taken| taken.role.id == "local").expect("a local head");
    assert_eq!((local.head, local.step), (second, 20));
}

#[test]
fn steps_lie_evenly_or_by_their_logarithm() {
    let even = StepAxis::of(&[0, 500, 1000, 1500, 2000]);
    assert!(!even.by_logarithm);
    assert!((even.share(500) - 0.25).abs() < 1e-12);
    assert_eq!(even.ticks(4), [0, 500, 1000, 1500, 2000]);
    let doubled: Vec<u64> = std::iter::once(0).chain((0..18).map(|power| 1 << power)).collect();
    let doubling = StepAxis::of(&doubled);
    assert!(doubling.by_logarithm);
    assert!((doubling.share(0), doubling.share(131_072)) == (0.0, 1.0));
    assert!((doubling.share(511) - 9.0 * 2f64.ln() / 131_073_f64.ln()).abs() < 1e-9);
    assert!(doubling.ticks(6).starts_with(&[0]) && doubling.ticks(6).len() <= 7);
}

/// When the first head of a role took it, as a file says.
fn since(timeline: &serde_json::Value, role: &str) -> u64 {
    let mut taken = timeline["roles"].as_array().expect("a list").iter();
    taken.find(|taken| taken["role"] == role).and_then(|taken| taken["step"].as_u64()).expect("a step")
}

fn cli(arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_mnemoscope")).arg("timeline").args(arguments).output().expect("it runs")
}

#[test]
fn the_command_line_tells_draws_and_refuses() {
    let folder = tempfile::tempdir().expect("a folder");
    by_hand(&folder.path().join("step0"), &[0, 1]);
    by_hand(&folder.path().join("step10"), &[]);
    write(&folder.path().join("step20/notes.txt"), b"");
    let path = folder.path().to_str().expect("text");
    let told = cli(&[path]);
    let (out, err) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert!(told.status.success(), "{err}");
    assert!(err.contains("step20 is left out: there are no weights"), "{err}");
    let rows: Vec<&str> = out.lines().collect();
    assert!(rows[0].contains("induction") && rows[1].trim_start().starts_with('0'), "{out}");
    assert!(
        rows.iter()
            .any(|row| row.starts_with("0.0") && row.contains("previous token") && row.ends_with("10"))
    );

    let object: serde_json::Value =
        serde_json::from_slice(&cli(&[path, "--json", "--ids", "1 2 3 1 2 3"]).stdout)
            .expect("one JSON object");
    assert_eq!(object["snapshots"][1]["step"], 10);
    assert_eq!(object["snapshots"][1]["heads"][0]["roles"][0], "previous_token");
    assert_eq!(since(&object, "previous_token"), 10);
    assert_eq!(object["left_out"][0]["name"], "step20");
    assert!(object["snapshots"][0]["loss"].as_f64().is_some_and(|loss| loss > 0.0));

    let file = |name: &str| folder.path().join(name).display().to_string();
    let (svg, csv, json, png) = (file("t.svg"), file("t.csv"), file("t.json"), file("t.png"));
    let wrote = cli(&[path, "--measure", "induction,previous_token", "-o", &svg, &csv, &json, &png]);
    assert!(wrote.status.success(), "{}", String::from_utf8_lossy(&wrote.stderr));
    let svg = std::fs::read_to_string(svg).expect("a picture");
    assert!(svg.contains("previous token") && svg.contains("best head at each step"), "{svg}");
    let csv = std::fs::read_to_string(csv).expect("a table");
    assert!(csv.starts_with("step,checkpoint,loss,layer,head,previous_stripe"), "{csv}");
    assert_eq!(csv.lines().count(), 1 + 2 * 4, "a record a head and checkpoint");
    let again: serde_json::Value =
        serde_json::from_slice(&std::fs::read(json).expect("a file")).expect("JSON");
    assert_eq!((since(&again, "previous_token"), since(&again, "induction")), (10, 10));

    let said = |arguments: &[&str], status: i32, what: &str| {
        let told = cli(arguments);
        let err = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(told.status.code() == Some(status) && err.contains(what), "{status}: {err}");
    };
    said(&["/nowhere"], 1, "is no folder");
    said(&[path, "--head", "7.0"], 1, "there is no head 7.0");
    said(&[path, "--measure", "local"], 1, "give --prompt");
    said(&[path, "-o", "t.xyz"], 1, "t.xyz");
    said(&[path, "--measure", "charm"], 2, "induction");
}

#[test]
fn a_checkpoint_is_named_by_its_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    by_hand(&run.join("step0"), &[0, 1]);
    by_hand(&run.join("step10"), &[]);
    let name = |step: &str| format!("{}{step}", run.display());
    let load = |step: &str| engine::load(&ModelSource::Path(name(step).into()), &Job::new());
    for (step, is) in [
        ("/@0", "run/step0"),
        ("@10", "run/step10"),
        ("@step0", "run/step0"),
        ("@first", "run/step0"),
        ("/@last", "run/step10"),
        // A folder that is no model itself opens as its last
        ("", "run/step10"),
    ] {
        assert_eq!(load(step).expect(step).name, is, "{step}");
    }
    for wrong in ["@5", "@", "@x"] {
        let error = load(wrong).expect_err(wrong);
        assert!(matches!(error, LoadError::NoStep { .. }), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("0, 10")), "{:?}", error.hint());
    }
    assert!(matches!(load("ning@0"), Err(LoadError::NotFound(_))));
    let program = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
        let output = command.args(arguments).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("one object")
    };
    let (early, late) = (name("/@0"), name("/@last"));
    let ids = ["--ids", "3 9 5 14 3 9 5 14", "--json"];
    let pair = program(&[&["compare", &early, &late], &ids[..]].concat());
    let with = program(&[&["compare", &early, "--with", &late], &ids[..]].concat());
    assert_eq!(pair, with);
    assert_eq!((&pair["a"]["model"], &pair["b"]["model"]), (&"run/step0".into(), &"run/step10".into()));
    assert!(pair["heads"][0]["divergence"].as_f64() > Some(0.1), "{}", pair["heads"][0]);
}
