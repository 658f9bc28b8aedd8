//! Contract: pictures of a token's memory equal `NumPy`'s and networkx's; cutting its paths is many single knock-outs.

use crate::parity::{fixtures, open, run_ids, storyteller_run};
use mnemoscope::analysis::{
    MemoryTraceError, Picture, kendall, log_probability, memory_trace, sources, spearman,
};
use mnemoscope::engine::{self, HonestyError, HonestyOptions, Job, Paths, honesty, intervene};
use mnemoscope::model::{HeadId, Model};
use mnemoscope::trace::{Intervention, Trace};
use serde_json::Value;
use std::ops::ControlFlow;
use std::process::{Command, Output};

const FACT: &str = "Tom has a red ball. Anna has a green cup. Tom plays with the";

fn traced(model: &Model, trace: &Trace, token: usize, layer: usize) -> Vec<(Picture, Vec<f64>)> {
    let go_on = &mut |_| ControlFlow::Continue(());
    memory_trace(&model.network, trace, token, layer, go_on).expect("it can be traced").pictures
}

#[test]
fn pictures_equal_numpy() {
    let bytes = std::fs::read(fixtures().join("memory.json")).expect("readable");
    let cases: Vec<Value> = serde_json::from_slice(&bytes).expect("JSON");
    assert!(cases.len() >= 4);
    for case in cases {
        let name = case["model"].as_str().expect("a name");
        let number = |key: &str| case[key].as_u64().expect("a number") as usize;
        let ids: Vec<u32> = serde_json::from_value(case["tokens"].clone()).expect("ids");
        let model = open(&fixtures().join(name));
        let trace = run_ids(&model, &ids);
        let found = traced(&model, &trace, number("token"), number("layer"));
        assert_eq!(found.len(), 6);
        for (picture, values) in found {
            let id: &'static str = picture.into();
            let expected: Vec<f64> = serde_json::from_value(case["pictures"][id].clone()).expect("numbers");
            assert_eq!(values.len(), expected.len(), "{name} {id}");
            for (key, (found, expected)) in values.iter().zip(&expected).enumerate() {
                let close = (found - expected).abs() <= 1e-4 * expected.abs().max(0.1);
                assert!(close, "{name}, {id} of token {key}: {found} is not {expected}");
            }
        }
    }
}

#[test]
fn rollout_of_one_layer_is_half_itself() {
    let model = open(&fixtures().join("gpt2-one-head-one-layer"));
    let trace = run_ids(&model, &[3, 1, 4, 1, 5]);
    let row = trace.pattern(HeadId { layer: 0, head: 0 }).row(4);
    for (picture, values) in traced(&model, &trace, 4, 0) {
        for (key, value) in values.iter().enumerate() {
            let own = f64::from(row[key]);
            let half = 0.5 * own + if key == 4 { 0.5 } else { 0.0 };
            match picture {
                Picture::Attention => assert!((value - own).abs() < 1e-7),
                // Down one layer nothing stands in anything's way, so flow is the capacity itself
                Picture::Rollout | Picture::Flow => assert!((value - half).abs() < 1e-6, "{picture:?}"),
                _ => {}
            }
        }
    }
}

#[test]
fn uniform_attention_rolls_out_in_closed_form() {
    let model = open(&fixtures().join("uniform-by-hand"));
    let n = 9;
    let trace = run_ids(&model, &(0..n as u32).collect::<Vec<_>>());
    let layers = trace.n_layers();
    for (picture, values) in traced(&model, &trace, n - 1, layers - 1) {
        if picture != Picture::Values {
            assert!((values.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{picture:?} sums to 1");
        }
        if picture == Picture::Rollout {
            let expected = f64::midpoint(1.0, 1.0 / n as f64).powi(layers as i32);
            assert!((values[n - 1] - expected).abs() < 1e-6);
        }
    }
}

#[test]
fn ranks_are_compared_as_scipy_does() {
    let close =
        |found: Option<f64>, expected: f64| assert!((found.expect("a number") - expected).abs() < 1e-12);
    close(spearman(&[1.0, 2.0, 3.0, 4.0, 5.0], &[5.0, 6.0, 7.0, 8.0, 7.0]), 0.820_782_681_668_123_3);
    close(kendall(&[12.0, 2.0, 1.0, 12.0, 2.0], &[1.0, 4.0, 7.0, 1.0, 0.0]), -0.471_404_520_791_031_73);
    close(spearman(&[1.0, f64::NAN, 2.0, 3.0], &[9.0, 1.0, 8.0, 7.0]), -1.0);
    assert_eq!(spearman(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None, "a constant ranks nothing");
    assert_eq!(kendall(&[1.0, 2.0], &[1.0, 2.0]), None, "two say nothing");
}

/// log p(`answer`) after `token` when each layer up to `layer` is told to cut what leads from `source`.
fn cut_by_hand(model: &Model, clean: &Trace, source: usize, of: &engine::Honesty) -> f64 {
    let last = clean.n_tokens() - 1;
    let mut cuts = Vec::new();
    for layer in 0..=of.layer {
        let mut cut = |queries: String| cuts.push(format!("knockout={layer}.*:{queries}->k{source}"));
        match of.paths {
            Paths::Direct => cut(format!("q{}", of.token)),
            Paths::All => {
                if source < last {
                    cut(format!("q{}-{last}", source + 1));
                }
                if !clean.spec.is_causal() && source > 0 {
                    cut(format!("q0-{}", source - 1));
                }
            }
        }
    }
    let cuts: Vec<Intervention> = cuts.iter().map(|cut| cut.parse().expect("an intervention")).collect();
    let changed = intervene(model, clean, &cuts, &Job::new(), &mut |_| {}).expect("runs");
    let row = |trace: &Trace| {
        let width = trace.spec.width;
        let resid = trace.resid(trace.n_layers())[of.token * width..(of.token + 1) * width].to_vec();
        log_probability(&model.network.logits(&resid), of.answer).expect("a probability")
    };
    row(clean) - row(&changed)
}

#[test]
fn a_cut_is_many_knock_outs() {
    let cases: [(&str, Option<usize>, Option<usize>); 6] = [
        ("gpt2-odd", None, None),
        ("gpt2-odd", Some(5), Some(0)),
        ("llama-gqa", Some(6), None),
        ("llama-dynamic-rope", Some(3), None),
        ("gemma2-odd", None, Some(1)),
        ("bert-mlm", Some(4), None),
    ];
    for (name, token, layer) in cases {
        let model = open(&fixtures().join(name));
        let clean = run_ids(&model, &[25, 11, 41, 67, 8, 25, 11, 9]);
        for paths in [Paths::All, Paths::Direct] {
            let options = HonestyOptions { token, layer, word: Some("#7".into()), paths };
            let found = honesty(&model, &clean, &options, &Job::new()).expect("it can be asked");
            assert_eq!(found.drops.len(), sources(&clean, found.token));
            assert_eq!(found.answer, 7);
            for (source, drop) in found.drops.iter().enumerate() {
                if source == found.token {
                    assert!(drop.is_nan(), "a token's own path is not cut");
                    continue;
                }
                let expected = cut_by_hand(&model, &clean, source, &found);
                assert!((drop - expected).abs() < 2e-4, "{name}, {paths:?}: {drop} is not {expected}");
            }
            let marks: Vec<f64> = found.columns.iter().filter_map(|column| column.spearman).collect();
            assert!(marks.is_sorted_by(|a, b| a >= b), "the most honest comes first");
        }
    }
}

#[test]
fn the_answer_comes_from_its_fact() {
    let (model, clean) = storyteller_run(FACT);
    let found = honesty(&model, &clean, &HonestyOptions::default(), &Job::new()).expect("it can be asked");
    assert_eq!(found.answer_text, " red");
    let dearest = found.by_cost()[0];
    assert_eq!(clean.tokens[dearest].text, " red", "without it the answer is gone");
    assert!(found.drops[dearest] > 1.0, "{:?}", found.drops);
    assert_eq!(found.by_cost().last(), Some(&found.token));
}

#[test]
fn what_cannot_be_traced_says_why() {
    let (model, clean) = storyteller_run(FACT);
    let fails = |model: &Model, trace: &Trace, options: &HonestyOptions, job: &Job| {
        honesty(model, trace, options, job).expect_err("refused")
    };
    let job = Job::new();
    let token = HonestyOptions { token: Some(900), ..HonestyOptions::default() };
    let missing = fails(&model, &clean, &token, &job);
    assert!(matches!(missing, HonestyError::Trace(MemoryTraceError::Missing { token: 900, .. })));
    assert!(missing.hint().is_some());
    let word = HonestyOptions { word: Some("two words".into()), ..HonestyOptions::default() };
    assert_eq!(fails(&model, &clean, &word, &job), HonestyError::Word("two words".into()));
    let cut =
        intervene(&model, &clean, &["zero=4.0".parse().expect("one")], &job, &mut |_| {}).expect("runs");
    let changed = fails(&model, &cut, &HonestyOptions::default(), &job);
    assert_eq!(changed, HonestyError::Trace(MemoryTraceError::Changed));
    let bare = open(&fixtures().join("bert-bare"));
    let silent = fails(&bare, &run_ids(&bare, &[5, 1, 7]), &HonestyOptions::default(), &job);
    assert!(matches!(silent, HonestyError::NoAnswer(_)), "{silent}");
    let cancelled = Job::new();
    cancelled.cancel();
    let ended = fails(&model, &clean, &HonestyOptions::default(), &cancelled);
    assert_eq!(ended, HonestyError::Trace(MemoryTraceError::Cancelled));
}

fn mnemoscope(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").args(arguments).output().expect("runs")
}

#[test]
fn the_command_line_measures_honesty() {
    let output = mnemoscope(&["memory", "--prompt", FACT, "--word", "green", "--layer", "4", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let object: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!((&object["answer"]["text"], &object["layer"]), (&" green".into(), &4.into()));
    let n = object["tokens"].as_array().expect("tokens").len();
    assert_eq!(object["token"], n as u64 - 1);
    assert_eq!(object["drops"].as_array().map(Vec::len), Some(n));
    assert!(object["drops"][n - 1].is_null());
    let pictures = object["pictures"].as_array().expect("pictures");
    assert_eq!(pictures.len(), 6);
    for picture in pictures {
        assert!(picture["spearman"].is_f64() && picture["kendall"].is_f64(), "{picture}");
        assert_eq!(picture["values"].as_array().map(Vec::len), Some(n));
    }
    let table = mnemoscope(&["memory", "--prompt", FACT, "--top", "3", "--paths", "direct"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains("rank correlation") && table.lines().count() == 9, "{table}");
    assert_eq!(mnemoscope(&["memory", "--prompt", FACT, "--token", "99"]).status.code(), Some(1));
    // Beyond 128 tokens flow is left out, and it is said
    let long = FACT.repeat(8);
    let output = mnemoscope(&["memory", "--prompt", &long, "--paths", "direct", "--json"]);
    let object: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(object["pictures"].as_array().map(Vec::len), Some(5));
    assert!(String::from_utf8_lossy(&output.stderr).contains("flow is left out"));
}
