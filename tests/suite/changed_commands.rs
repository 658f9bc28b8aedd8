//! Contract: every command that runs a model runs it changed, too, and says what was changed.

use crate::parity::fixtures;
use crate::timeline::by_hand;
use serde_json::{Value, json};
use std::process::Command;

const FACT: &str = "Tom has a red ball. Anna has a green cup. Tom plays with the";
const CUT: [&str; 4] = ["--intervene", "zero=4.0", "--intervene", "zero=4.1"];

#[track_caller]
fn said(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_mnemoscope"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .args(arguments)
        .arg("--json")
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a JSON object")
}

/// The same command clean and changed; the changed one must say so.
#[track_caller]
fn both(arguments: &[&str], cut: &[&str]) -> [Value; 2] {
    let [clean, changed] = [arguments.to_vec(), [arguments, cut].concat()].map(|all| said(&all));
    let listed: Vec<&str> = cut.iter().copied().filter(|word| !word.starts_with("--")).collect();
    assert_eq!(changed["interventions"], json!(listed), "{arguments:?}");
    assert_ne!(changed["interventions"], clean["interventions"], "{arguments:?}");
    [clean, changed]
}

#[test]
fn memory_of_a_changed_run() {
    let [clean, changed] = both(&["memory", "--prompt", FACT, "--word", "red"], &CUT);
    // Without the heads that carry it the fact is worth little to its word
    let most = |found: &Value| {
        let drops = found["drops"].as_array().expect("numbers");
        drops.iter().filter_map(Value::as_f64).fold(f64::NEG_INFINITY, f64::max)
    };
    assert!(clean["answer"]["p"].as_f64() > Some(0.9) && changed["answer"]["p"].as_f64() < Some(0.2));
    assert!(most(&clean) > most(&changed) + 1.0, "{} {}", most(&clean), most(&changed));
    for more in [&["--river"][..], &["--map", "5"], &["--river", "--picture", "rollout"]] {
        let cut = if more.len() == 3 { &["--intervene", "pattern=4.*:uniform"][..] } else { &CUT };
        let [clean, changed] = both(&[&["memory", "--prompt", FACT][..], more].concat(), cut);
        assert_ne!(clean["values"], changed["values"], "{more:?}");
    }
}

#[test]
fn a_cache_of_a_changed_run() {
    let [clean, changed] = both(&["cache", "--prompt", FACT, "--keep", "without:4", "-n", "2"], &CUT);
    let p = |found: &Value, when: &str| found["eviction"][when].as_f64().expect("a probability");
    assert!(p(&clean, "p_before") > 0.9 && p(&clean, "p_after") < 0.3, "the fact is forgotten");
    assert_ne!(clean["eviction"]["answer_text"], changed["eviction"]["answer_text"]);
    let before = said(&[&["run", "--prompt", FACT][..], &CUT].concat());
    assert_eq!(before["next"][0]["text"], changed["eviction"]["answer_text"]);
}

#[test]
fn a_sweep_in_a_changed_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("other.txt");
    crate::files::write(&file, FACT.replace("red", "blue").as_bytes());
    let file = file.display().to_string();
    let arguments = ["patch", "--prompt", FACT, "--corrupted", &file, "--metric", "logit-diff: red,blue"];
    let [clean, changed] = both(&arguments, &["--intervene", "zero=mlp.2"]);
    assert_ne!(clean["clean"], changed["clean"]);
    assert_ne!(clean["corrupted"], changed["corrupted"], "both runs are changed");
    // With all of what differs before the first layer patched, all comes back: the same change is on both sides
    let share = changed["tokens"][0][4].as_f64().expect("a share");
    assert!((share - 1.0).abs() < 1e-3, "{share}");
    let zero = |found: &Value| found["heads"][2][0].as_f64().expect("a share");
    assert!(zero(&clean).is_finite() && zero(&changed).is_finite());
}

#[test]
fn roles_after_a_change() {
    let model = fixtures().join("induction-by-hand");
    let model = model.to_str().expect("a path");
    let arguments = ["atlas", model, "--probes", "1"];
    let clean = said(&arguments);
    let changed = said(&[&arguments[..], &["--intervene", "pattern=0.0:uniform"]].concat());
    assert_eq!(changed["ran"]["interventions"], json!(["pattern=0.0:uniform"]));
    assert_eq!(clean["ran"]["interventions"], Value::Null);
    let score = |found: &Value, place: usize, name: &str| {
        found["heads"][place]["scores"][name].as_f64().unwrap_or_else(|| panic!("{name}: {found}"))
    };
    assert!(score(&clean, 0, "previous_stripe") > 0.9 && score(&clean, 3, "induction_stripe") > 0.9);
    // The head that looks back is gone, and with it the one that reads what it wrote
    assert!(score(&changed, 0, "previous_stripe") < 0.3 && score(&changed, 3, "induction_stripe") < 0.3);
}

#[test]
fn a_training_with_the_same_change_everywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    for (step, idle) in [("step0", &[0, 1][..]), ("step10", &[])] {
        by_hand(&folder.path().join(step), idle);
    }
    let path = folder.path().to_str().expect("a path");
    let best = |found: &Value| {
        let heads = found["snapshots"][1]["heads"].as_array().expect("heads");
        let scores = heads.iter().filter_map(|head| head["scores"]["induction_stripe"].as_f64());
        scores.fold(0.0, f64::max)
    };
    let [clean, changed] = both(&["timeline", path], &["--intervene", "pattern=0.0:uniform"]);
    assert!(best(&clean) > 0.9 && best(&changed) < 0.3, "{} {}", best(&clean), best(&changed));
}

#[test]
fn the_time_of_a_changed_run() {
    let arguments = ["bench", "--tokens", "24", "--runs", "1", "--decode", "1"];
    let [clean, changed] = both(&arguments, &["--intervene", "zero=5.0"]);
    assert!(clean["changed_s"].is_null());
    let seconds = |name: &str| changed[name].as_f64().expect("seconds");
    assert!(seconds("changed_s") > 0.0 && seconds("decode_s") > 0.0);
}
