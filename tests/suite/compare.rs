//! Contract: two runs are compared over the tokens that stand for the same; equal runs do not differ, and what differs is
//! what NumPy finds in Transformers' own arrays (`tools/fixture_compare.py`).

use crate::cli::{complains, object, program};
use crate::parity::{Expected, fixtures, open, run_ids, run_text, storyteller};
use mnemoscope::analysis::compare::{
    Alignment, By, CompareError, Comparison, Edit, HeadDifference, Pair, cka, difference,
};
use mnemoscope::engine::{self, Job, Prompt, RunError, RunOptions, both_fit};
use mnemoscope::trace::{HeadId, Trace};
use serde_json::Value;

fn compare(a: &Trace, b: &Trace) -> Comparison {
    engine::compare(a, b, &Job::new()).expect("they can be compared")
}

#[test]
fn equal_runs_do_not_differ() {
    let model = open(&fixtures().join("seq2seq/t5-gated"));
    let ids = Prompt::Ids(vec![7, 3, 9, 3, 11]);
    let options = RunOptions { target: Some(Prompt::Ids(vec![5, 2, 8])), ..RunOptions::default() };
    let t5 = engine::run(&model, &ids, &options, &Job::new(), &mut |_| {}).expect("it runs");
    let story = run_text(&storyteller(), "Mary has a red ball. Tom has a blue kite.");
    let sinks = run_ids(&open(&fixtures().join("gpt-oss-odd")), &[5, 1, 7, 3, 5, 1, 2]);
    for trace in [t5, story, sinks] {
        let found = compare(&trace, &trace.clone());
        assert!(found.target.is_identity() && found.source.is_identity(), "{}", trace.model_name);
        assert_eq!(found.alone, [0, 0]);
        assert_eq!(found.heads.len(), trace.head_ids().count());
        for head in &found.heads {
            let distance = head.distance.expect("rows");
            assert_eq!((distance.divergence, distance.variation), (0.0, 0.0), "{head:?}");
            assert!(distance.left_out.iter().all(|&left| left == 0.0));
            assert_eq!(head.measures[0], head.measures[1]);
        }
        for layer in &found.layers {
            assert_eq!((layer.a, layer.cosine), (layer.b, Some(1.0)));
            assert!(layer.cka.is_none_or(|cka| (cka - 1.0).abs() < 1e-9), "{layer:?}");
        }
        assert_eq!(found.next.divergence, (!trace.next.is_empty()).then_some(0.0));
        assert!(found.next.words.iter().all(|word| word.a == word.b));
    }
}

#[test]
fn swapping_the_runs_swaps_what_is_found() {
    let model = storyteller();
    let (a, b) = (
        run_text(&model, "Tom sees a cat. A cat sees Tom."),
        run_text(&model, "A cat sees a big Tom. Tom sees it."),
    );
    let (there, back) = (compare(&a, &b), compare(&b, &a));
    let swapped = |pair: &Pair| Pair { a: pair.b.clone(), b: pair.a.clone(), same: pair.same };
    assert!(!there.target.pairs.is_empty());
    assert_eq!(there.target.pairs.iter().map(swapped).collect::<Vec<_>>(), back.target.pairs);
    for (own, theirs) in there.heads.iter().zip(&back.heads) {
        let (own_d, their_d) = (own.distance.expect("rows"), theirs.distance.expect("rows"));
        assert!((own_d.divergence - their_d.divergence).abs() < 1e-12);
        assert!((own_d.variation - their_d.variation).abs() < 1e-12);
        assert!((own_d.left_out[0] - their_d.left_out[1]).abs() < 1e-12);
        assert!((own_d.left_out[1] - their_d.left_out[0]).abs() < 1e-12);
        assert_eq!(own.measures, [theirs.measures[1], theirs.measures[0]]);
    }
    for (own, theirs) in there.layers.iter().zip(&back.layers) {
        assert!((own.cosine.expect("one width") - theirs.cosine.expect("one width")).abs() < 1e-12);
    }
    let words = |found: &Comparison| {
        found.next.words.iter().map(|word| (word.text.clone(), word.a, word.b)).collect::<Vec<_>>()
    };
    let back_words: Vec<_> = words(&back).into_iter().map(|(text, a, b)| (text, b, a)).collect();
    assert_eq!(words(&there), back_words);
    assert!(there.next.divergence.is_some_and(|bits| bits > 0.0 && bits <= 1.0));
}

#[test]
fn an_inserted_token_leaves_all_others_aligned() {
    let model = open(&fixtures().join("llama-gqa"));
    let (a, b) = (run_ids(&model, &[5, 1, 7, 3, 5, 1]), run_ids(&model, &[5, 1, 9, 7, 3, 5, 1]));
    let found = compare(&a, &b).target;
    let pairs: Vec<[usize; 2]> = found.pairs.iter().map(Pair::ends).collect();
    assert_eq!(pairs, [[0, 0], [1, 1], [2, 3], [3, 4], [4, 5], [5, 6]]);
    assert!(found.pairs.iter().all(|pair| pair.same) && !found.is_identity());
    assert_eq!(
        found.edits().into_iter().find(|edit| !matches!(edit, Edit::Pair(_))),
        Some(Edit::Inserted(2..3))
    );
    assert_eq!((found.b_of_a(2), found.a_of_b(2), found.a_of_b(3)), (Some(3), None, Some(2)));
    // One word in the place of another is aligned with it; two in the place of one are not
    let other = compare(&a, &run_ids(&model, &[5, 1, 9, 3, 5, 1])).target;
    assert_eq!(
        other.pairs.iter().map(|pair| pair.same).collect::<Vec<_>>(),
        [true, true, false, true, true, true]
    );
    let more = compare(&a, &run_ids(&model, &[5, 1, 9, 8, 3, 5, 1])).target;
    assert_eq!(more.pairs.len(), 5);
}

#[test]
fn two_tokenizers_are_aligned_by_characters() {
    let text = "the cat sat on the mat, and the dog ran";
    let pair = ["gpt2-hub-layout", "llama-tied"].map(|name| run_text(&open(&fixtures().join(name)), text));
    let found = compare(&pair[0], &pair[1]);
    assert_eq!(found.target.by, By::Characters);
    let at = |pair: &Pair| (pair.a.end, pair.b.end);
    for (own, theirs) in found.target.pairs.iter().map(at) {
        let ends = [&pair[0].tokens[own - 1], &pair[1].tokens[theirs - 1]].map(|token| token.span.end);
        assert_eq!(ends[0], ends[1], "{:?}", found.target.pairs);
    }
    let covered: usize = found.target.pairs.iter().map(|pair| pair.a.len()).sum();
    let written = pair[0].tokens.iter().filter(|token| !token.span.is_empty()).count();
    assert!(covered >= written, "every character is aligned");
}

#[test]
fn numpy_finds_the_same() {
    let text = std::fs::read(fixtures().join("compare.json")).expect("committed");
    let expected: Value = serde_json::from_slice(&text).expect("JSON");
    let [a, b] = ["a", "b"].map(|side| {
        let folder = fixtures().join(expected[side].as_str().expect("a name"));
        let ids = Expected::read(&folder.join("expected.safetensors")).ids("tokens");
        run_ids(&open(&folder), &ids)
    });
    let found = compare(&a, &b);
    let pairs: Vec<[usize; 2]> = serde_json::from_value(expected["pairs"].clone()).expect("pairs");
    assert_eq!(found.target.pairs.iter().map(Pair::ends).collect::<Vec<_>>(), pairs);
    let number = |value: &Value| value.as_f64().expect("a number");
    let close = |found: f64, expected: &Value| (found - number(expected)).abs() < 2e-5;
    for (head, expected) in found.heads.iter().zip(expected["heads"].as_array().expect("heads")) {
        let own = head.distance.expect("rows");
        assert_eq!(Some(own.rows as u64), expected["rows"].as_u64());
        assert!(close(own.divergence, &expected["divergence"]), "{own:?} {expected}");
        assert!(close(own.variation, &expected["variation"]), "{own:?} {expected}");
        for side in 0..2 {
            assert!(close(own.left_out[side], &expected["left_out"][side]), "{own:?} {expected}");
        }
    }
    let streams = expected["streams"].as_array().expect("streams");
    assert_eq!(found.layers.len(), streams.len());
    for (layer, expected) in found.layers.iter().zip(streams) {
        assert!(close(layer.cosine.expect("one width"), &expected["cosine"]), "{layer:?} {expected}");
        assert!(close(layer.cka.expect("enough tokens"), &expected["cka"]), "{layer:?} {expected}");
    }
}

#[test]
fn a_head_that_is_made_to_look_elsewhere_differs_most() {
    let model = storyteller();
    let clean = run_text(&model, "Mary has a red ball. Tom has a blue kite. Mary plays with the");
    let uniform = ["pattern=2.1:uniform".parse().expect("an intervention")];
    let changed = engine::intervene(&model, &clean, &uniform, &Job::new(), &mut |_| {}).expect("it runs");
    let found = compare(&clean, &changed);
    let layers: Vec<&HeadDifference> = found.heads.iter().filter(|head| head.a.layer <= 2).collect();
    for head in layers {
        let divergence = head.distance.expect("rows").divergence;
        assert_eq!(divergence > 0.0, head.a == HeadId { layer: 2, head: 1 }, "{:?}", head.a);
    }
    // The map of differences: even rows less what was there
    let head = HeadId { layer: 2, head: 1 };
    let map = difference(clean.pattern(head), changed.pattern(head), &found.target, &found.target, 512);
    assert_eq!((map.rows, map.columns), (clean.n_tokens(), clean.n_tokens()));
    for (query, row) in map.values.chunks(map.columns).enumerate() {
        let before = clean.pattern(head).row(query);
        let even = 1.0 / (query + 1) as f32;
        assert!((0..=query).all(|key| (row[key] - (even - before[key])).abs() < 1e-6), "{query}");
    }
    // Made smaller it keeps what is farthest from 0
    let small = difference(clean.pattern(head), changed.pattern(head), &found.target, &found.target, 4);
    let most = |values: &[f32]| values.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    assert_eq!((small.values.len(), most(&small.values)), (16, most(&map.values)));
    // The first layers' states are the same to the bit
    assert_eq!(found.layers[2].cosine, Some(1.0));
    assert!(found.layers[3].cosine.is_some_and(|cosine| cosine < 1.0));
}

#[test]
fn representations_are_alike_however_they_are_turned() {
    let rows: Vec<Vec<f32>> = (0..5_u8).map(|i| vec![f32::from(i * i), f32::from(i), 1.0]).collect();
    let turned: Vec<Vec<f32>> = rows.iter().map(|row| vec![-2.0 * row[1], 2.0 * row[0], 0.0, 7.0]).collect();
    assert!(cka(&rows, &turned).is_some_and(|cka| (cka - 1.0).abs() < 1e-12));
    let constant = vec![vec![1.0, 2.0]; 5];
    assert_eq!((cka(&rows, &constant), cka(&rows[..2], &rows[..2])), (None, None));
}

#[test]
fn what_cannot_be_compared_says_why() {
    let gpt2 = open(&fixtures().join("gpt2-unscaled"));
    let a = run_ids(&gpt2, &[74, 36, 86]);
    let fails = |b: &Trace, job: &Job| engine::compare(&a, b, job).expect_err("refused");
    // Three others and one more: nothing to align by
    assert_eq!(fails(&run_ids(&gpt2, &[1, 2, 3, 4]), &Job::new()), CompareError::NothingAligned);
    let bart = open(&fixtures().join("seq2seq/bart"));
    let options = RunOptions { target: Some(Prompt::Ids(vec![36])), ..RunOptions::default() };
    let b =
        engine::run(&bart, &Prompt::Ids(vec![3, 4]), &options, &Job::new(), &mut |_| {}).expect("it runs");
    let refused = fails(&b, &Job::new());
    assert!(
        matches!(refused, CompareError::NoHead | CompareError::NothingAligned) && refused.hint().is_some()
    );
    let cancelled = Job::new();
    cancelled.cancel();
    assert_eq!(fails(&a.clone(), &cancelled), CompareError::Cancelled);
    let prompt = Prompt::Ids(vec![1, 2, 3]);
    let options = RunOptions { memory_budget: Some(1000), ..RunOptions::default() };
    let both = [(&gpt2, &prompt), (&gpt2, &prompt)];
    let needed = both_fit(both, &RunOptions::default()).expect("they fit");
    assert_eq!(
        both_fit(both, &options),
        Err(RunError::Memory { needed, budget: 1000, fits: 3000 / needed as usize })
    );
    assert_eq!(Alignment::default().edits(), []);
}

#[test]
fn the_command_line_compares() {
    let prompt = ["compare", "--prompt", "Mary has a red ball. Tom has a blue kite."];
    let with = |more: &[&str]| program().args(prompt).args(more).output().expect("the binary runs");
    let folder = tempfile::tempdir().expect("a folder");
    let picture = folder.path().join("pair.png").display().to_string();
    let second = ["--with-prompt", "Mary has a green ball. Tom has a big blue kite."];
    let found = object(&with(&[&second[..], &["--json", "--head", "1.2", "-o", &picture]].concat()));
    let heads = found["heads"].as_array().expect("heads");
    let divergences: Vec<f64> = heads.iter().map(|head| head["divergence"].as_f64().expect("bits")).collect();
    assert!(divergences.is_sorted_by(|a, b| a >= b) && divergences[0] > 0.0, "{divergences:?}");
    assert!(heads[0]["measures"]["induction"][1].is_number() && heads[0]["left_out"][1].as_f64() > Some(0.0));
    assert_eq!(found["alignment"]["by"], "text");
    assert!(std::fs::read(&picture).is_ok_and(|bytes| bytes.starts_with(b"\x89PNG")));
    let table = String::from_utf8_lossy(&with(&second).stdout).into_owned();
    assert!(table.contains("·red → ·green") && table.contains("·big (only B)"), "{table}");

    let changed = object(&with(&["--intervene", "zero=1.2", "--json"]));
    assert_eq!(changed["b"]["interventions"].as_array().map(Vec::len), Some(1));
    let other = fixtures().join("llama-tied").display().to_string();
    let models = object(&with(&["--with", &other, "--json"]));
    assert_eq!(models["alignment"]["by"], "characters");
    assert!(models["layers"][0]["cosine"].is_null() && models["layers"][0]["cka"].is_number());
    assert!(models["next"]["divergence"].is_null() && models["alone"][0].as_u64() > Some(0));

    let trace = folder.path().join("a.trace.safetensors").display().to_string();
    let saved = program().args(["export", "--prompt", prompt[2], "-o", &trace]).output().expect("runs");
    assert!(saved.status.success());
    let same =
        object(&program().args(["compare", &trace, "--with", &trace, "--json"]).output().expect("runs"));
    assert!(same["heads"].as_array().expect("heads").iter().all(|head| head["divergence"] == 0.0));

    assert_eq!(with(&[]).status.code(), Some(2), "something must be compared");
    assert_eq!(with(&["--with", &other, "--intervene", "zero=1.2"]).status.code(), Some(2));
    complains(&with(&["--with", "absent"]), &["absent"]);
    complains(&with(&[&second[..], &["--head", "40.2", "-o", &picture]].concat()), &["no head 40.2"]);
    complains(&with(&[&second[..], &["--memory", "1k"]].concat()), &["memory"]);
}
