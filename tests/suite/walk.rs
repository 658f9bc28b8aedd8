//! Contract: every step of the walk says what the run says, for every family, and its last number is the engine's.

use crate::parity::{Expected, fixtures, folders_in, open, run_ids, storyteller_run};
use mnemoscope::analysis::Cell;
use mnemoscope::analysis::walk::{Check, Group, Note, Quantity, Step, StepKind, Walk, formula, walk};
use mnemoscope::engine::{self, Job, LogitRows, Prompt, RunOptions};
use mnemoscope::model::{HeadId, HeadSpec, Hook, Model, Part};
use mnemoscope::trace::Trace;
use std::path::{Path, PathBuf};
use strum::IntoEnumIterator as _;

/// Largest difference, in units of the largest number compared: single against double precision.
const TOLERANCE: f64 = 2e-5;

fn models() -> Vec<PathBuf> {
    let mut all = folders_in(&fixtures(), "expected.safetensors");
    all.extend(folders_in(&fixtures().join("seq2seq"), "expected.safetensors"));
    all.extend(
        folders_in(&fixtures().join("keras"), "model.keras").into_iter().map(|at| at.join("model.keras")),
    );
    all
}

fn run(model: &Model, place: &Path) -> Trace {
    let folder = if place.is_dir() { place } else { place.parent().expect("a folder") };
    let expected = Expected::read(&folder.join("expected.safetensors"));
    let source = expected.ids("tokens");
    let Some(encoder) = &model.spec().encoder else { return run_ids(model, &source) };
    let target = Prompt::Ids(expected.ids("target_tokens")[encoder.start.len()..].to_vec());
    let options = RunOptions { logits: LogitRows::All, target: Some(target), ..RunOptions::default() };
    engine::run(model, &Prompt::Ids(source), &options, &Job::new(), &mut |_| {}).expect("the run succeeds")
}

fn cell(head: HeadId, query: usize, key: usize) -> Cell {
    Cell { head, query, key }
}

/// A few tokens, first and last among them.
fn some(n: usize) -> Vec<usize> {
    let mut some = vec![0, n / 2, n - 1];
    some.dedup();
    some
}

fn each_walk(model: &Model, trace: &Trace, mut visit: impl FnMut(Walk)) {
    for layer in 0..trace.n_layers() {
        let heads = trace.heads(layer);
        for head in if heads > 1 { vec![0, heads - 1] } else { vec![0] } {
            let queries = some(trace.query_tokens(layer).len());
            let keys = some(trace.key_tokens(layer).len());
            for (&query, &key) in queries.iter().flat_map(|query| keys.iter().map(move |key| (query, key))) {
                let head = HeadId { layer, head };
                visit(walk(Some(model), trace, cell(head, query, key)).expect("a complete trace"));
            }
        }
    }
}

/// What does not hold, and how far the worst step is off.
fn failures(walk: &Walk, place: &str) -> Vec<String> {
    let off = |step: &Step| {
        let Check { difference, size, .. } = step.check?;
        let holds = difference <= TOLERANCE * size.max(1.0);
        (!holds).then(|| {
            format!(
                "{place} {} q{} k{} {:?}: off by {difference:e} of {size:e}",
                walk.head, walk.query, walk.key, step.kind
            )
        })
    };
    walk.steps.iter().filter_map(off).collect()
}

#[test]
fn every_step_equals_the_run_for_every_family() {
    let (mut problems, mut walks) = (Vec::new(), 0);
    for place in models() {
        let model = open(&place);
        let trace = run(&model, &place);
        each_walk(&model, &trace, |walk| {
            walks += 1;
            problems.extend(failures(&walk, &place.display().to_string()));
            let kinds: Vec<StepKind> = walk.steps.iter().map(|step| step.kind).collect();
            assert_eq!(kinds, StepKind::iter().collect::<Vec<_>>(), "{}", place.display());
            for step in walk.steps.iter().filter(|step| step.check.is_none()) {
                let nothing = step.kind == StepKind::Tokens || step.notes.contains(&Note::NoNorm);
                let short = step.notes.contains(&Note::NoWords);
                assert!(nothing || short, "{}: {:?} is not checked", place.display(), step.kind);
            }
        });
    }
    assert!(walks > 3000, "only {walks} walks");
    assert!(problems.is_empty(), "{} steps:\n{}", problems.len(), problems.join("\n"));
}

fn values(step: &Step, what: Quantity) -> Vec<f32> {
    step.strip(what).map(|strip| strip.values.clone()).unwrap_or_default()
}

#[track_caller]
fn same(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let size = expected.iter().filter(|x| x.is_finite()).fold(1.0_f32, |most, x| most.max(x.abs()));
    for (a, b) in found.iter().zip(expected) {
        let same = a.total_cmp(b).is_eq() || (a - b).abs() <= 2e-5 * size;
        assert!(same, "{what}: {a} is not {b}");
    }
}

/// A row of the activation called `name`.
fn row(trace: &Trace, model: &Model, name: &str, index: &[usize]) -> Vec<f32> {
    let mut all = Hook::iter().flat_map(|hook| (0..trace.n_layers()).map(move |layer| (hook, layer)));
    // The two halves of a decoder's layer share their names
    let named = all.find_map(|(hook, layer)| {
        let own = trace.spec.hook_name(hook, layer) == name;
        own.then(|| trace.activation(&model.network, hook, layer).ok()).flatten()
    });
    let array = named.unwrap_or_else(|| panic!("{name} is no activation of {}", model.name));
    let width: usize = array.shape[index.len()..].iter().product();
    let place = index.iter().zip(&array.shape).fold(0, |place, (index, n)| place * n + index);
    array.data[place * width..(place + 1) * width].to_vec()
}

#[test]
fn every_strip_is_the_row_that_its_hook_names() {
    let mut compared = 0;
    for place in models() {
        let model = open(&place);
        let trace = run(&model, &place);
        let layer = trace.n_layers() - 1;
        let (query, key) = (trace.query_tokens(layer).len() - 1, trace.key_tokens(layer).len() / 2);
        let head = HeadId { layer, head: trace.heads(layer) - 1 };
        let walk = walk(Some(&model), &trace, cell(head, query, key)).expect("a complete trace");
        for strip in walk.steps.iter().flat_map(|step| &step.strips) {
            let Some(name) = &strip.hook else { continue };
            let (name, index) = name.split_once('[').unwrap_or((name, "]"));
            let index: Vec<usize> =
                index.trim_end_matches(']').split(',').filter_map(|index| index.parse().ok()).collect();
            let expected = row(&trace, &model, name, &index);
            same(&strip.values, &expected, &format!("{}: {name}{index:?}", place.display()));
            compared += 1;
        }
    }
    assert!(compared > 2000, "only {compared} strips");
}

#[test]
fn the_last_number_is_the_engines_next() {
    let mut compared = 0;
    for place in models() {
        let model = open(&place);
        let trace = run(&model, &place);
        let Some(at) = trace.answer_at else { continue };
        let layer = trace.n_layers() - 1;
        let query =
            if trace.spec.blocks[layer].part.rows() == mnemoscope::trace::Side::Target { at } else { 0 };
        let walk = walk(Some(&model), &trace, cell(HeadId { layer, head: 0 }, query, 0)).expect("complete");
        let last = walk.steps.last().expect("twelve");
        let p = values(last, Quantity::Probability);
        for (p, word) in p.iter().zip(trace.next.iter()) {
            assert!((p - word.p).abs() < 2e-5, "{}: {p} is not {}", place.display(), word.p);
        }
        assert!(
            !p.is_empty()
                && (last.outcome.expect("a number").value - f64::from(trace.next[0].p)).abs() < 2e-5
        );
        compared += 1;
    }
    assert!(compared > 60, "only {compared} models say a word");
}

#[test]
fn one_step_leads_to_the_next() {
    let (model, trace) = storyteller_run("Tom has a blue kite. Tom plays with the");
    let query = trace.n_tokens() - 1;
    let head = HeadId { layer: 1, head: 1 };
    let walk = walk(Some(&model), &trace, cell(head, query, 2)).expect("a complete trace");
    let step = |kind: StepKind| &walk.steps[kind as usize];
    let products = values(step(StepKind::Scores), Quantity::Product);
    let (q, k) =
        (values(step(StepKind::Scores), Quantity::Query), values(step(StepKind::Scores), Quantity::Key));
    same(&products, &q.iter().zip(&k).map(|(q, k)| q * k).collect::<Vec<_>>(), "q × k");
    let score = values(step(StepKind::Scores), Quantity::Score)[2];
    same(&[products.iter().sum()], &[score], "the sum is the score");
    let scale = trace.spec.blocks[1].attention.scale;
    same(&[score * scale], &[values(step(StepKind::Scale), Quantity::Scaled)[2]], "scaled");
    let weights = values(step(StepKind::Softmax), Quantity::Weight);
    same(&[weights.iter().sum()], &[1.0], "weights sum to 1");
    let value = values(step(StepKind::Sum), Quantity::Value);
    let weighted: Vec<f32> = value.iter().map(|value| value * weights[2]).collect();
    same(&values(step(StepKind::Sum), Quantity::WeightedValue), &weighted, "weight × v");
    let stream = values(step(StepKind::Residual), Quantity::Stream);
    let added = values(step(StepKind::Residual), Quantity::AttentionOut);
    let sum: Vec<f32> = stream.iter().zip(&added).map(|(x, add)| x + add).collect();
    same(&values(step(StepKind::Residual), Quantity::Middle), &sum, "x + a");
}

#[test]
fn interventions_are_walked_too() {
    let mut walked = 0;
    for name in ["gpt2-odd", "llama-gqa", "neox-parallel", "gpt-oss-odd", "gemma2-odd"] {
        let model = open(&fixtures().join(name));
        let clean = run_ids(&model, &[1, 5, 2, 5, 3, 7]);
        for spelled in
            ["zero=0.1", "scale=0.0:2", "temperature=0.1:2", "knockout=0.1:q4->k2", "zero=mlp.0", "mean=1.0"]
        {
            let change = [spelled.parse().expect("an intervention")];
            let trace = engine::intervene(&model, &clean, &change, &Job::new(), &mut |_| {}).expect("runs");
            each_walk(&model, &trace, |walk| {
                walked += 1;
                let failures = failures(&walk, &format!("{name} {spelled}"));
                assert!(failures.is_empty(), "{}", failures.join("\n"));
            });
        }
    }
    assert!(walked > 500, "only {walked}");
}

#[test]
fn a_saved_trace_walks_as_far_as_it_can() {
    let file = fixtures().join("traces/transformers.trace.safetensors");
    let trace =
        mnemoscope::trace::saved::open(&file, &|_| std::ops::ControlFlow::Continue(())).expect("opens");
    let walk =
        walk(None, &trace, cell(HeadId { layer: 0, head: 0 }, trace.n_tokens() - 1, 0)).expect("complete");
    for step in &walk.steps {
        // What another program wrote says nothing of norms
        let needs = step.notes.contains(&Note::NeedsWeights) || step.notes.contains(&Note::NoNorm);
        let inside = step.kind.group() == Group::Inside && step.kind != StepKind::Projections;
        assert_eq!(needs, !inside && step.kind != StepKind::Tokens, "{:?}", step.kind);
        assert!(!inside || step.check.as_ref().is_some_and(Check::holds), "{:?}", step.kind);
    }
    assert!(failures(&walk, "saved").is_empty());
    let p = values(&walk.steps[11], Quantity::Probability);
    assert!((p[0] - trace.next[0].p).abs() < 1e-6);
}

#[test]
fn what_a_family_has_is_in_its_walk() {
    let of = |name: &str, layer: usize| {
        let place = fixtures().join(name);
        let model = open(&place);
        let trace = run(&model, &place);
        let query = trace.query_tokens(layer).len() - 1;
        let walk = walk(Some(&model), &trace, cell(HeadId { layer, head: 1 }, query, 0)).expect("complete");
        (walk, trace)
    };
    let has = |walk: &Walk, kind: StepKind, what| walk.steps[kind as usize].strip(what).is_some();
    let (walk, _) = of("llama-gqa", 0);
    assert!(has(&walk, StepKind::Projections, Quantity::ProjectedQuery), "rotary: before and after");
    assert!(!has(&walk, StepKind::Scale, Quantity::Bias));
    let (walk, _) = of("gpt2-odd", 0);
    assert!(!has(&walk, StepKind::Projections, Quantity::ProjectedQuery), "nothing turns");
    assert!(has(&walk, StepKind::Embedding, Quantity::PositionVector));
    let (walk, _) = of("bloom-odd", 0);
    assert!(has(&walk, StepKind::Scale, Quantity::Bias), "ALiBi");
    let (walk, _) = of("gemma2-odd", 0);
    assert!(has(&walk, StepKind::Scale, Quantity::Capped), "soft cap");
    let (walk, _) = of("gpt-oss-odd", 0);
    assert!(has(&walk, StepKind::Softmax, Quantity::SinkShare), "sink");
    assert!(walk.steps[StepKind::Mlp as usize].notes.iter().any(|note| matches!(note, Note::Experts(_))));
    let (walk, _) = of("bert-mlm", 0);
    assert!(walk.steps[StepKind::Norm as usize].notes.contains(&Note::NoNorm));
    assert!(has(&walk, StepKind::Residual, Quantity::NormedMiddle));
    assert!(has(&walk, StepKind::Embedding, Quantity::SegmentVector));
    let (walk, _) = of("neox-parallel", 0);
    assert!(walk.steps[StepKind::Residual as usize].notes.contains(&Note::Parallel));
    let (walk, trace) = of("seq2seq/t5-gated", 0);
    assert!(has(&walk, StepKind::Scale, Quantity::Bias), "T5's buckets");
    assert!(
        matches!(walk.steps[11].notes[..], [Note::AnswerAt(_)]),
        "a source token has no answer of its own"
    );
    let cross = trace.spec.layer_of(Part::Cross, 0).expect("a decoder");
    let (walk, _) = of("seq2seq/t5-gated", cross);
    assert_eq!(walk.blocks_before, trace.spec.decoder_start()..cross);
}

#[test]
fn a_formula_has_a_part_for_every_step() {
    let mut models_with_words = 0;
    for place in models() {
        let model = open(&place);
        let spec = model.spec();
        models_with_words += usize::from(matches!(spec.head, HeadSpec::NextToken));
        for layer in 0..spec.layers() {
            let head = HeadId { layer, head: 0 };
            let attention = &spec.blocks[layer].attention;
            for kind in StepKind::iter() {
                let alone = kind == StepKind::Mlp && spec.blocks[layer].mlp.is_none();
                let plain = kind == StepKind::Scale
                    && (attention.scale - 1.0).abs() < 1e-6
                    && !attention.causal
                    && attention.bias.is_none();
                let has = formula(spec, head, kind).steps().contains(&kind);
                assert!(has || alone || plain, "{}: {kind:?} has no part", place.display());
            }
        }
    }
    assert!(models_with_words > 30);
}

#[test]
fn steps_follow_each_other() {
    let mut step = StepKind::Tokens;
    for number in 1..=StepKind::COUNT {
        assert_eq!(step.number(), number);
        let Some(next) = step.next() else { break };
        assert_eq!(next.previous(), Some(step));
        step = next;
    }
    assert_eq!((step, step.next(), StepKind::Tokens.previous()), (StepKind::Logits, None, None));
}
