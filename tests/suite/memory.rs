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

fn changed(model: &Model, clean: &Trace, texts: &[String]) -> Trace {
    let all: Vec<Intervention> = texts.iter().map(|text| text.parse().expect("an intervention")).collect();
    intervene(model, clean, &all, &Job::new(), &mut |_| {}).expect("runs")
}

/// In a changed run the cuts are added to what is changed, and every drop is that of the ordinary run with both.
#[test]
fn a_changed_run_keeps_its_changes_under_every_cut() {
    let cases = [
        ("gpt2-odd", "mean=0.1"),
        ("gpt2-odd", "add=blocks.0.hook_resid_pre@2<-token:#5*2"),
        ("llama-gqa", "zero=1.2"),
        ("llama-gqa", "patch=blocks.1.hook_resid_pre@4<-text:1 2 3 4 5 6 7 8"),
        ("llama-gqa", "temperature=0.*:0.5"),
        ("bert-mlm", "scale=mlp.0:0.5"),
    ];
    for (name, change) in cases {
        let model = open(&fixtures().join(name));
        let clean = run_ids(&model, &[25, 11, 41, 67, 8, 25, 11, 9]);
        let run = changed(&model, &clean, &[change.to_owned()]);
        let token = (!clean.spec.is_causal()).then_some(4);
        let options = HonestyOptions { token, word: Some("#7".into()), ..HonestyOptions::default() };
        let found = honesty(&model, &run, &options, &Job::new()).expect("it can be asked");
        let last = clean.n_tokens() - 1;
        for (source, drop) in found.drops.iter().enumerate().filter(|(source, _)| *source != found.token) {
            let mut both = vec![change.to_owned()];
            if source < last {
                both.push(format!("knockout=*.*:q{}-{last}->k{source}", source + 1));
            }
            if !clean.spec.is_causal() && source > 0 {
                both.push(format!("knockout=*.*:q0-{}->k{source}", source - 1));
            }
            let cut = changed(&model, &clean, &both);
            let p = |trace: &Trace| {
                let vocab = trace.spec.vocab;
                let row = &trace.logits[found.token * vocab..(found.token + 1) * vocab];
                log_probability(row, 7).expect("a probability")
            };
            let expected = p(&run) - p(&cut);
            assert!((drop - expected).abs() < 2e-4, "{name}, {change}: {drop} is not {expected}");
        }
    }
}

/// What a head no longer gives comes from no token, and a state that was put there holds nothing of before.
#[test]
fn pictures_of_a_changed_run_know_what_was_taken() {
    let model = open(&fixtures().join("gpt2-odd"));
    let clean = run_ids(&model, &[25, 11, 41, 67, 8, 25, 11, 9]);
    let of = |texts: &[&str], token: usize, wanted: Picture| -> Vec<f64> {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        let run = if texts.is_empty() { clean.clone() } else { changed(&model, &clean, &texts) };
        let all = traced(&model, &run, token, 1);
        all.into_iter().find(|(picture, _)| *picture == wanted).expect("a picture").1
    };
    let own = |token: usize| (0..=token).map(|at| f64::from(u8::from(at == token))).collect::<Vec<f64>>();
    // No head gives anything: nothing is moved, and a state is its own token's
    for texts in [["zero=0.*", "zero=1.*"], ["zero=attn.0", "zero=attn.1"]] {
        assert!(of(&texts, 7, Picture::Values).iter().all(|&length| length == 0.0));
        for picture in [Picture::Norms, Picture::Contributions] {
            assert_eq!(of(&texts, 7, picture), own(7), "{picture:?}");
        }
    }
    // Half of what a head gives is half as long
    let alone = ["zero=1.*", "zero=0.1", "zero=0.2"];
    let (whole, half) =
        (of(&alone, 7, Picture::Values), of(&[&alone[..], &["scale=0.0:0.5"]].concat(), 7, Picture::Values));
    assert!(
        whole.iter().zip(&half).all(|(whole, half)| (0.5 * whole - half).abs() < 1e-5),
        "{whole:?} {half:?}"
    );
    // A residual that was put there is its token's own, whatever came before
    let put = "patch=blocks.1.hook_resid_pre@7<-text:1 2 3 4 5 6 7 8";
    assert_eq!(of(&[put, "zero=1.*"], 7, Picture::Contributions), own(7));
    let other = of(&[put], 6, Picture::Contributions);
    assert!(other.iter().zip(&of(&[], 6, Picture::Contributions)).all(|(a, b)| (a - b).abs() < 1e-6));
    // A pattern that is given is the one that is rolled out
    let looks = of(&["pattern=*.*:identity"], 7, Picture::Rollout);
    assert!(looks.iter().zip(own(7)).all(|(found, own)| (found - own).abs() < 1e-6), "{looks:?}");
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
