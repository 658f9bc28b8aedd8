//! Contract: every measure is held to an independent computation, and the docs name the test that does so.

use crate::parity::{fixtures, open, run_ids, storyteller_run};
use mnemoscope::analysis::atlas::{Apart, Probe, ROLES, Scores, Tally};
use mnemoscope::analysis::{MEASURES, Picture, kv_cache};
use mnemoscope::trace::{HeadId, Trace};
use std::collections::BTreeMap;
use std::path::Path;
use strum::IntoEnumIterator as _;

/// The scores of every head after what `feed` gives a tally.
fn scores(trace: &Trace, feed: impl Fn(&mut Tally)) -> Vec<(HeadId, Scores)> {
    let mut tally = Tally::new(trace.head_ids(), 0, 0);
    feed(&mut tally);
    let chosen = tally.choose();
    let (_, entries) = tally.finish(chosen, &Apart::default(), &|_| String::new());
    entries.into_iter().map(|entry| (entry.head, entry.scores)).collect()
}

#[track_caller]
fn near(found: Option<f64>, expected: f64, what: &str) {
    let found = found.unwrap_or_else(|| panic!("{what}: none, not {expected}"));
    assert!((found - expected).abs() < 1e-5, "{what}: {found} is not {expected}");
}

/// 1 − Σ (P − profile)² / Σ (P − even)², cell by cell, times the mean weight off the first token.
#[test]
fn a_positional_head_is_told_by_its_residuals() {
    let (period, ids) = (6, [25, 11, 41, 67, 8, 3]);
    for name in ["gpt2-odd", "llama-gqa", "bloom-odd"] {
        let model = open(&fixtures().join(name));
        let trace = run_ids(&model, &[&ids[..], &ids[..]].concat());
        let found = scores(&trace, |tally| tally.add_probe(&trace, Probe { prefix: 0, period }));
        for (head, scores) in found {
            let pattern = trace.pattern(head);
            let cells: Vec<(usize, usize, f64)> = (1..period)
                .flat_map(|query| (1..=query).map(move |key| (query, key)))
                .map(|(query, key)| (query, key, f64::from(pattern.cell(query, key))))
                .collect();
            let mut profile: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
            let mut rows: BTreeMap<usize, f64> = BTreeMap::new();
            for &(query, key, p) in &cells {
                profile.entry(query - key).or_default().push(p);
                *rows.entry(query).or_default() += p;
            }
            let mean = |back: usize| profile[&back].iter().sum::<f64>() / profile[&back].len() as f64;
            let off = |expected: &dyn Fn(usize, usize) -> f64| -> f64 {
                cells.iter().map(|&(query, key, p)| (p - expected(query, key)).powi(2)).sum()
            };
            let (by_place, by_row) =
                (off(&|query, key| mean(query - key)), off(&|query, _| rows[&query] / query as f64));
            let share = (1.0 - by_place / by_row).clamp(0.0, 1.0);
            let kept = rows.values().sum::<f64>() / rows.len() as f64;
            near(scores.positional, share * kept, &format!("{name} {head}"));
        }
    }
}

/// How far back a text is read, and how much on its commas and full stops.
#[test]
fn reach_and_delimiters_are_plain_means() {
    let (_, trace) = storyteller_run("Tom has a red ball, and Anna has a green cup. \"Look!\" said Tom.");
    let n = trace.n_tokens();
    let mark = |token: usize| {
        let text = &trace.tokens[token].text;
        !text.trim().is_empty() && !text.chars().any(char::is_alphanumeric) || text.starts_with('<')
    };
    assert!((1..n).any(mark) && !(1..n).all(mark));
    let (mut near_or_far, mut none) = (0, 0);
    for (head, scores) in scores(&trace, |tally| tally.add_text(&trace)) {
        let pattern = trace.pattern(head);
        let (mut distance, mut even, mut kept, mut on_marks, mut first) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for query in 1..n {
            let row = pattern.row(query);
            let mass: f64 = row[1..].iter().map(|&p| f64::from(p)).sum();
            let back = |key: usize| (query - key) as f64;
            distance += (1..=query).map(|key| f64::from(row[key]) * back(key)).sum::<f64>();
            even += mass * (1..=query).map(back).sum::<f64>() / query as f64;
            kept += mass;
            on_marks += (1..=query).filter(|&key| mark(key)).map(|key| f64::from(row[key])).sum::<f64>();
            first += f64::from(row[0]);
        }
        let later = (n - 1) as f64;
        near(scores.delimiter, on_marks / later, &format!("delimiters of {head}"));
        near(scores.sink, first / later, &format!("sink of {head}"));
        if kept > 0.3 * later {
            near_or_far += 1;
            near(scores.reach, distance / even, &format!("reach of {head}"));
        } else {
            none += 1;
            assert_eq!(scores.reach, None, "{head} rests on the first token");
        }
    }
    assert!(near_or_far > 5 && none > 0, "both kinds are there: {near_or_far} and {none}");
}

/// Entries of the KV cache one by one, from the arrays that an export holds.
#[test]
fn entries_of_a_cache_are_columns_of_patterns() {
    for name in ["llama-gqa", "gpt2-odd", "gpt-oss-odd"] {
        let model = open(&fixtures().join(name));
        let trace = run_ids(&model, &[25, 11, 41, 67, 8, 25, 11, 41, 67, 8, 25, 11]);
        let (n, steps) = (trace.n_tokens(), 5);
        let cache = kv_cache(&trace, steps).expect("a decoder");
        for layer in &cache.layers {
            let spec = &trace.spec.blocks[layer.layer].attention;
            let heads = spec.heads as f64;
            let weight = |query: usize, key: usize| -> f64 {
                let of =
                    |head| f64::from(trace.pattern(HeadId { layer: layer.layer, head }).cell(query, key));
                (0..spec.heads).map(of).sum::<f64>() / heads
            };
            let array = |hook| trace.activation(&model.network, hook, layer.layer).expect("kept").data;
            let (keys, values) = (array(mnemoscope::model::Hook::RotK), array(mnemoscope::model::Hook::V));
            let norm = |data: &[f32], dim: usize, token: usize| -> f64 {
                let rows = data.chunks_exact(dim).skip(token * spec.kv_heads).take(spec.kv_heads);
                let length = |row: &[f32]| row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
                rows.map(length).sum::<f64>() / spec.kv_heads as f64
            };
            for token in 0..n {
                let all: f64 = (token..n).map(|query| weight(query, token)).sum();
                let last: f64 =
                    (n - steps..n).filter(|&query| query >= token).map(|query| weight(query, token)).sum();
                let what = format!("{name}, layer {}, entry {token}", layer.layer);
                near(Some(layer.mass[token]), all, &what);
                near(Some(layer.received[token]), last, &what);
                near(Some(f64::from(layer.key_norms[token])), norm(&keys, spec.head_dim, token), &what);
                near(
                    Some(f64::from(layer.value_norms[token])),
                    norm(&values, spec.value_dim(), token),
                    &what,
                );
            }
        }
    }
}

/// The table of `docs/measures.md` names a test of this suite for every measure there is.
#[test]
fn every_measure_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_to_string(root.join("docs/measures.md")).expect("readable");
    let (_, rest) = docs.split_once("<!-- proofs -->\n").expect("the table");
    let (table, _) = rest.split_once("<!-- end -->").expect("its end");
    let mut proved: Vec<&str> = Vec::new();
    for row in table.lines().skip(2) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [names, tests, _] = cells[..] else { panic!("three columns: {row}") };
        proved.extend(names.split('`').skip(1).step_by(2));
        for test in tests.split('`').skip(1).step_by(2) {
            let (file, name) = test.split_once("::").unwrap_or_else(|| panic!("file::test: {test}"));
            let source = std::fs::read_to_string(root.join(format!("tests/suite/{file}.rs")));
            let source = source.unwrap_or_else(|error| panic!("{test}: {error}"));
            assert!(source.contains(&format!("fn {name}(")), "there is no test {test}");
        }
    }
    let pictures = Picture::iter().map(<&str>::from);
    let roles = ROLES.iter().map(|role| role.score);
    for name in MEASURES.iter().map(|measure| measure.id).chain(roles).chain(pictures) {
        assert!(proved.contains(&name), "{name} has no test in docs/measures.md");
    }
}
