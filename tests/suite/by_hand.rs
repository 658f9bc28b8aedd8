//! Contract: measures equal their closed forms on models made by hand, and `NumPy`'s figures on random ones.

use crate::parity::{fixtures, open, run_ids};
use mnemoscope::analysis::{MEASURES, measure};
use mnemoscope::engine::{self, Job};
use mnemoscope::model::HeadId;
use serde_json::Value;

pub(crate) fn json(file: &str) -> Value {
    let bytes = std::fs::read(fixtures().join(file)).expect("a readable file");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn ids(value: &Value) -> Vec<u32> {
    let ids = value.as_array().expect("a list of ids");
    ids.iter().map(|id| id.as_u64().expect("an id") as u32).collect()
}

#[track_caller]
pub(crate) fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
}

#[test]
fn uniform_attention_has_its_closed_forms() {
    let model = open(&fixtures().join("uniform-by-hand"));
    let n = 12;
    let ids: Vec<u32> = (0..n as u32).collect();
    let trace = run_ids(&model, &ids);
    let t = n as f64;
    let ln_factorial: f64 = (1..=n).map(|i| (i as f64).ln()).sum();
    let harmonic: f64 = (1..=n).map(|i| 1.0 / i as f64).sum();
    for head in trace.head_ids() {
        for q in 0..n {
            for k in 0..=q {
                close(f64::from(trace.pattern(head).cell(q, k)), 1.0 / (q + 1) as f64, 1e-6);
            }
        }
        let measures = trace.measures(head);
        close(measures.entropy, ln_factorial / t, 1e-5);
        close(measures.distance, (t - 1.0) / 4.0, 1e-5);
        close(measures.previous_token, (harmonic - 1.0) / (t - 1.0), 1e-6);
        close(measures.own, harmonic / t, 1e-6);
        close(measures.sink, (harmonic - 1.0) / (t - 1.0), 1e-6);
        close(measures.max_activation, 0.5, 1e-6);
        close(measures.induction, 0.0, 0.0);
    }
}

#[test]
fn the_induction_model_is_seen_through() {
    let probe = json("induction-by-hand/probe.json");
    let period = probe["period"].as_u64().expect("a period") as usize;
    let bound = probe["bound"].as_f64().expect("a bound");
    let tokens = ids(&probe["tokens"]);
    let model = open(&fixtures().join("induction-by-hand"));
    let trace = run_ids(&model, &tokens);

    assert!(trace.measures(HeadId { layer: 0, head: 0 }).previous_token >= bound);
    let head: Vec<usize> = ids(&probe["induction_head"]).iter().map(|&x| x as usize).collect();
    let pattern = trace.pattern(HeadId { layer: head[0], head: head[1] });
    let stripe: Vec<f32> = (period..2 * period).map(|q| pattern.cell(q, q + 1 - period)).collect();
    let mean = f64::from(stripe.iter().sum::<f32>()) / period as f64;
    assert!(mean >= bound, "the stripe's mean is {mean}");

    let best =
        trace.head_ids().max_by(|&a, &b| trace.measures(a).induction.total_cmp(&trace.measures(b).induction));
    assert_eq!(best, Some(HeadId { layer: head[0], head: head[1] }), "the measure finds the induction head");

    let vocab = trace.spec.vocab;
    let expected = ids(&probe["next_in_second_half"]);
    for (i, &next) in expected.iter().enumerate().take(period - 1) {
        let logits = &trace.logits[(period + i) * vocab..(period + i + 1) * vocab];
        let best = (0..vocab).max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
        assert_eq!(best, Some(next as usize), "after token {}", period + i);
    }
}

#[test]
fn measures_equal_numpy() {
    let mut compared = 0;
    for entry in std::fs::read_dir(fixtures()).expect("fixtures are committed") {
        let folder = entry.expect("a readable entry").path();
        if !folder.join("measures.json").is_file() {
            continue;
        }
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let expected = json(&format!("{name}/measures.json"));
        let trace = run_ids(&open(&folder), &ids(&expected["tokens"]));
        for head in expected["heads"].as_array().expect("heads") {
            let at = |key: &str| head[key].as_u64().expect("a number") as usize;
            let measures = trace.measures(HeadId { layer: at("layer"), head: at("head") });
            for measure in MEASURES {
                let expected = head[measure.id].as_f64().expect("a number");
                close((measure.value)(&measures), expected, 1e-4 * expected.abs().max(0.1));
                compared += 1;
            }
        }
    }
    assert!(compared >= MEASURES.len() * 8, "only {compared} figures compared");
}

#[test]
fn measure_names_are_those_of_the_json() {
    let measures = serde_json::to_value(mnemoscope::trace::HeadMeasures::default()).expect("JSON");
    let keys: Vec<&String> = measures.as_object().expect("an object").keys().collect();
    assert_eq!(keys.len(), MEASURES.len());
    for key in keys {
        assert!(measure(key).is_some(), "{key} has no row in MEASURES");
    }
}

#[test]
fn every_identity_holds_on_every_fixture() {
    for entry in std::fs::read_dir(fixtures()).expect("fixtures are committed") {
        let folder = entry.expect("a readable entry").path();
        if !folder.join("config.json").is_file() {
            continue;
        }
        let model = open(&folder);
        for result in engine::check(&model, &Job::new()).expect("the check runs") {
            assert!(result.passed, "{}: {} is off by {:e}", folder.display(), result.name, result.residual);
        }
    }
}
