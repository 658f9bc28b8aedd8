//! Contract: a cache that forgets gives what cutting those edges gives; no policy looks ahead or holds more than it may.

use crate::parity::{fixtures, open, run_ids};
use mnemoscope::analysis::{kv_cache, losses};
use mnemoscope::engine::{
    Eviction, EvictionError, Job, Policy, RunError, Sampling, Written, evict, generate, intervene, write_on,
};
use mnemoscope::model::{HeadId, Model};
use mnemoscope::trace::{Intervention, Trace};
use serde_json::Value;
use std::ops::ControlFlow;
use std::process::{Command, Output};

const IDS: [u32; 12] = [25, 11, 41, 67, 8, 25, 11, 41, 67, 8, 25, 11];

fn policy(text: &str) -> Policy {
    text.parse().expect("a policy")
}

fn tried(model: &Model, clean: &Trace, text: &str) -> Eviction {
    evict(model, clean, &policy(text), &Job::new()).expect("it can be tried").0
}

#[test]
fn policies_read_what_they_write() {
    for text in [
        "all",
        "sinks:4+recent:32",
        "window:64",
        "heavy:12+recent:32",
        "random:44:7",
        "only:0-3,17",
        "without:5,2.7-9",
    ] {
        assert_eq!(policy(text).to_string(), text);
    }
    assert_eq!(policy("heavy:45"), Policy::Heavy { heavy: 22, recent: 23 });
    assert_eq!(policy("random:4"), policy("random:4:0"));
    for wrong in [
        "",
        "none",
        "window:0",
        "window:x",
        "sinks:4",
        "heavy:",
        "heavy:4+window:3",
        "only:",
        "only:5-3",
        "random:3:x",
        "without:1.2.3",
    ] {
        assert!(wrong.parse::<Policy>().is_err(), "{wrong}");
    }
}

#[test]
fn forgetting_is_cutting_edges() {
    for name in ["gpt2-odd", "llama-gqa", "gemma2-odd", "gpt-oss-odd"] {
        let model = open(&fixtures().join(name));
        let ids = &IDS[..11];
        let clean = run_ids(&model, ids);
        for text in [
            "all",
            "window:3",
            "sinks:2+recent:3",
            "heavy:2+recent:2",
            "random:4:3",
            "only:0-1,5",
            "without:3,1.4-6",
        ] {
            let found = tried(&model, &clean, text);
            let mut cuts: Vec<Intervention> = Vec::new();
            for (layer, gone) in found.gone.iter().enumerate() {
                for (key, query) in gone.iter().enumerate().filter_map(|(key, gone)| Some((key, (*gone)?))) {
                    assert!(query > key, "no query forgets itself");
                    let cut = format!("knockout={layer}.*:q{query}-{}->k{key}", ids.len() - 1);
                    cuts.push(cut.parse().expect("an intervention"));
                }
            }
            let expected = intervene(&model, &clean, &cuts, &Job::new(), &mut |_| {}).expect("runs");
            let go_on = &mut |_| ControlFlow::Continue(());
            let expected = losses(&model.network, &expected, go_on).expect("losses");
            for (found, expected) in found.losses_after.iter().zip(&expected) {
                assert!((found - expected).abs() < 2e-4, "{name}, {text}: {found} is not {expected}");
            }
        }
    }
}

#[test]
fn keeping_all_changes_nothing() {
    let model = open(&fixtures().join("llama-gqa"));
    let clean = run_ids(&model, &IDS);
    for text in ["all", "window:12", "heavy:100", "random:12", "only:0-99"] {
        let found = tried(&model, &clean, text);
        assert_eq!(found.losses_before, found.losses_after, "{text}");
        // The clean run's logits were made for all tokens at once, in another order of sums
        assert!(
            (found.p_before - found.p_after).abs() < 1e-6 && found.answer == found.answer_after,
            "{text}"
        );
        assert_eq!(found.bytes_before, found.bytes_after, "{text}");
    }
    let spec = &clean.spec.blocks[0].attention;
    let entry = spec.kv_heads * (spec.head_dim + spec.value_dim()) * 4;
    let found = tried(&model, &clean, "window:5");
    assert_eq!(found.bytes_before, clean.n_layers() * 12 * entry);
    assert_eq!(found.bytes_after, clean.n_layers() * 5 * entry);
}

#[test]
fn losses_are_the_logits_own() {
    let model = open(&fixtures().join("gpt2-odd"));
    let clean = run_ids(&model, &IDS);
    let found = tried(&model, &clean, "all");
    for (at, loss) in found.losses_before.iter().enumerate() {
        let row = &clean.logits[at * clean.spec.vocab..(at + 1) * clean.spec.vocab];
        let sum: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
        let expected = -(f64::from(row[IDS[at + 1] as usize]).exp() / sum).log2();
        assert!((loss - expected).abs() < 1e-6, "{loss} is not {expected}");
    }
    let mean = found.losses_before.iter().sum::<f64>() / 11.0;
    assert!((found.loss_before.expect("a mean") - mean).abs() < 1e-9);
}

/// What H2O holds before each query in layer 0, from the scores of the clean run: every step worked out from nothing.
fn heavy_by_hand(clean: &Trace, heavy: usize, recent: usize) -> Vec<Vec<usize>> {
    let n = clean.n_tokens();
    let mut mass = vec![0.0_f64; n];
    let mut held: Vec<usize> = Vec::new();
    let mut all = Vec::new();
    for query in 0..n {
        held.push(query);
        if held.len() > heavy + recent {
            let old = held.iter().copied().filter(|key| query - key >= recent);
            let least = old.min_by(|&a, &b| mass[a].total_cmp(&mass[b])).expect("an old one");
            held.retain(|&key| key != least);
        }
        for head in 0..clean.heads(0) {
            let pattern = clean.pattern(HeadId { layer: 0, head });
            let sum: f64 = held.iter().map(|&key| f64::from(pattern.cell(query, key))).sum();
            for &key in &held {
                mass[key] += f64::from(pattern.cell(query, key)) / sum / clean.heads(0) as f64;
            }
        }
        all.push(held.clone());
    }
    all
}

#[test]
fn heavy_hitters_are_those_of_the_paper() {
    let model = open(&fixtures().join("llama-gqa"));
    let clean = run_ids(&model, &IDS);
    let found = tried(&model, &clean, "heavy:3+recent:2");
    for (query, held) in heavy_by_hand(&clean, 3, 2).iter().enumerate() {
        let own: Vec<usize> =
            (0..=query).filter(|&key| found.gone[0][key].is_none_or(|gone| gone > query)).collect();
        assert_eq!(&own, held, "before query {query}");
    }
}

#[test]
fn no_policy_looks_ahead_or_over_its_budget() {
    let model = open(&fixtures().join("gpt2-odd"));
    let clean = run_ids(&model, &IDS);
    for (text, budget) in [("heavy:5", 5), ("random:5:1", 5), ("sinks:2+recent:3", 5), ("window:4", 4)] {
        let whole = tried(&model, &clean, text);
        let part = tried(&model, &run_ids(&model, &IDS[..8]), text);
        for (whole, part) in whole.gone.iter().zip(&part.gone) {
            let early: Vec<Option<usize>> =
                whole[..8].iter().map(|gone| gone.filter(|&gone| gone < 8)).collect();
            assert_eq!(&early, part, "{text}: later tokens change nothing");
            for query in 0..IDS.len() {
                let held = (0..=query).filter(|&key| whole[key].is_none_or(|gone| gone > query)).count();
                assert_eq!(held, budget.min(query + 1), "{text} before query {query}");
            }
        }
    }
}

#[test]
fn a_cache_adds_up() {
    let model = open(&fixtures().join("llama-gqa"));
    let clean = run_ids(&model, &IDS);
    let cache = kv_cache(&clean, 4).expect("a decoder");
    for layer in &cache.layers {
        assert!((layer.received.iter().sum::<f64>() - 4.0).abs() < 1e-4);
        assert!((layer.mass.iter().sum::<f64>() - 12.0).abs() < 1e-4);
        let heavy = layer.heavy(3);
        assert!(heavy.windows(2).all(|pair| layer.mass[pair[0]] >= layer.mass[pair[1]]));
        let head = HeadId { layer: layer.layer, head: 0 };
        assert_eq!(layer.key_norms.len() * clean.spec.blocks[0].attention.head_dim, clean.k(head).len());
    }
    // Where all look at the first token alone, it is a sink; where they look evenly, none is
    let uniform = open(&fixtures().join("uniform-by-hand"));
    let even = run_ids(&uniform, &(0..12).collect::<Vec<_>>());
    let sinks = |trace: &Trace| kv_cache(trace, 1).expect("a decoder").layers[0].sinks.clone();
    assert_eq!(sinks(&even), [0_usize; 0]);
    let cut = "knockout=0.*:q1-11->k1-11".parse().expect("an intervention");
    let first = intervene(&uniform, &even, &[cut], &Job::new(), &mut |_| {}).expect("runs");
    assert_eq!(sinks(&first), [0]);
    assert!(kv_cache(&run_ids(&open(&fixtures().join("bert-mlm")), &[5, 1, 7]), 1).is_none());
}

/// In a changed run forgetting comes to what is changed.
#[test]
fn a_changed_run_forgets_too() {
    for (name, change) in [
        ("gpt2-odd", "mean=0.1"),
        ("llama-gqa", "zero=1.2"),
        ("llama-gqa", "add=blocks.1.hook_resid_pre@3<-token:#5*2"),
        ("gpt-oss-odd", "pattern=0.1:uniform"),
    ] {
        let model = open(&fixtures().join(name));
        let clean = run_ids(&model, &IDS);
        let with = |texts: &[&str]| -> Trace {
            let all: Vec<Intervention> = texts.iter().map(|text| text.parse().expect("one")).collect();
            intervene(&model, &clean, &all, &Job::new(), &mut |_| {}).expect("runs")
        };
        let bits = |trace: &Trace| {
            losses(&model.network, trace, &mut |_| ControlFlow::Continue(())).expect("a decoder")
        };
        let run = with(&[change]);
        let kept = tried(&model, &run, "all");
        let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
        assert!(close(&kept.losses_after, &bits(&run)), "{name}, {change}: all is kept");
        assert!(!close(&kept.losses_after, &bits(&clean)), "{name}, {change} moves something");
        let forgot = tried(&model, &run, "without:2,1.4");
        let expected = bits(&with(&[change, "forget=*:k2", "forget=1:k4"]));
        assert!(close(&forgot.losses_after, &expected), "{name}, {change}: forgetting is cutting");
        // Heavy hitters are those of the changed run: of one that looks at nothing else, the first token
        let written = write_on(&model, &run, &Policy::All, 3, &Job::new()).expect("it goes on");
        assert_eq!(written.all, written.kept, "{name}, {change}");
    }
    let model = open(&fixtures().join("gpt2-odd"));
    let clean = run_ids(&model, &IDS);
    let first = ["pattern=*.*:uniform", "knockout=*.*:q3-11->k1-2"].map(|text| text.parse().expect("one"));
    let run = intervene(&model, &clean, &first, &Job::new(), &mut |_| {}).expect("runs");
    let found = tried(&model, &run, "heavy:1+recent:2");
    assert!(found.gone.iter().all(|layer| layer[0].is_none()), "{:?}", found.gone);
    let previous = ["pattern=0.0:previous".parse().expect("one")];
    let run = intervene(&model, &clean, &previous, &Job::new(), &mut |_| {}).expect("runs");
    let error = evict(&model, &run, &policy("window:1"), &Job::new()).expect_err("nothing is left");
    assert!(matches!(error, EvictionError::Run(RunError::EmptyRow { .. })), "{error}");
}

#[test]
fn what_cannot_forget_says_why() {
    let bert = open(&fixtures().join("bert-mlm"));
    let trace = run_ids(&bert, &[5, 1, 7]);
    let error = evict(&bert, &trace, &Policy::All, &Job::new()).expect_err("refused");
    assert!(matches!(error, EvictionError::NoCache(_)) && error.hint().is_some());
    let model = open(&fixtures().join("llama-gqa"));
    let clean = run_ids(&model, &IDS);
    for text in ["only:12", "without:3,40-50", "without:9.3"] {
        let error = evict(&model, &clean, &policy(text), &Job::new()).expect_err(text);
        assert!(matches!(error, EvictionError::NoEntry { .. }) && error.hint().is_some(), "{error}");
    }
    let cancelled = Job::new();
    cancelled.cancel();
    assert!(write_on(&model, &clean, &Policy::All, 3, &cancelled).is_err());
    let error = evict(&model, &clean, &policy("heavy:4"), &cancelled).expect_err("cancelled");
    assert_eq!(error, EvictionError::Run(RunError::Cancelled));
}

/// Each token under a policy is the likeliest after those before it, by a run of all of them that forgets.
#[test]
fn a_text_goes_on_as_what_is_kept_says() {
    for name in ["llama-gqa", "gpt2-odd"] {
        let model = open(&fixtures().join(name));
        let clean = run_ids(&model, &IDS);
        let written =
            |text: &str| write_on(&model, &clean, &policy(text), 6, &Job::new()).expect("it writes");
        let all = written("all");
        assert_eq!(all.all, all.kept, "nothing is forgotten");
        let mut whole = clean.clone();
        let greedy = Sampling::default();
        generate(&model, &mut whole, &greedy, 6, &Job::new(), &mut |_, _| true).expect("it writes");
        assert_eq!(whole.tokens[IDS.len()..], all.all);
        let mut differ = false;
        for text in ["window:2", "sinks:1+recent:2", "heavy:4", "random:3:1"] {
            let Written { kept, .. } = written(text);
            let mut ids = IDS.to_vec();
            for token in &kept {
                let run = run_ids(&model, &ids);
                assert_eq!(tried(&model, &run, text).answer_after, token.id, "{name}, {text} after {ids:?}");
                ids.push(token.id);
            }
            differ |= kept != all.all;
        }
        assert!(differ, "{name}: no policy changes what is written");
    }
}

fn mnemoscope(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").args(arguments).output().expect("runs")
}

#[test]
fn the_command_line_forgets() {
    let text = "Tom has a red ball. Anna has a green cup. Tom plays with the";
    let object = |keep: &str| -> Value {
        let output = mnemoscope(&["cache", "--prompt", text, "--keep", keep, "--steps", "4", "--json"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("one object")
    };
    let window = object("window:4");
    assert_eq!(window["eviction"]["policy"], "window:4");
    assert_eq!(window["eviction"]["answer_text"], " red");
    let p = |when: &str| window["eviction"][when].as_f64().expect("a probability");
    assert!(p("p_before") > 0.9 && p("p_after") < 0.5, "the fact is out of the window: {window}");
    assert!(p("loss_after") > p("loss_before"));
    assert_eq!(window["cache"]["steps"], 4);
    assert_eq!(object("all")["eviction"]["p_after"], window["eviction"]["p_before"]);
    let table = mnemoscope(&["cache", "--prompt", text, "--keep", "heavy:8"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    for words in ["heavy hitters", "bits a token", "memory", "heavy:4+recent:4", "8/"] {
        assert!(table.contains(words), "{words}: {table}");
    }
    assert_eq!(mnemoscope(&["cache", "--prompt", text, "--keep", "some"]).status.code(), Some(2));
}
