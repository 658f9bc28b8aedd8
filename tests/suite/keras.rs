//! Contract: Keras's own Transformer blocks open from every file Keras writes, and every value equals Keras's.

use crate::parity::fixtures;
use mnemoscope::engine::{self, Job, LogitRows, Prompt, RunOptions};
use mnemoscope::model::{HeadSpec, Hook, Model, Outcome};
use mnemoscope::trace::Trace;
use safetensors::{SafeTensors, tensor::TensorView};
use std::path::{Path, PathBuf};
use strum::IntoEnumIterator as _;

const TOLERANCE: f32 = 1e-5;

fn folder(case: &str) -> PathBuf {
    fixtures().join("keras").join(case)
}

fn numbers(view: &TensorView<'_>) -> Vec<f32> {
    view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn run(model: &Model, ids: &[u32]) -> Trace {
    let options = RunOptions { logits: LogitRows::All, ..RunOptions::default() };
    engine::run(model, &Prompt::Ids(ids.to_vec()), &options, &Job::new(), &mut |_| {})
        .expect("the run succeeds")
}

/// What the model's last layer gives, its softmax or sigmoid included.
fn answer(model: &Model, trace: &Trace, spec: &HeadSpec) -> Vec<f32> {
    let HeadSpec::Classes(head) = spec else {
        return trace.activation(&model.network, Hook::Logits, 0).expect("logits").data;
    };
    let in_order = |row: &Vec<mnemoscope::trace::Candidate>| {
        let mut row = row.clone();
        row.sort_by_key(|class| class.id);
        // A single sigmoid is the probability of the second of two classes
        let one = head.outcome == Outcome::AnyOf && head.outputs(model.spec().width) == 1;
        row.into_iter().skip(usize::from(one)).map(|class| class.p).collect::<Vec<_>>()
    };
    trace.classes.iter().flat_map(in_order).collect()
}

/// Opens one file and compares every activation that Keras computed.
fn compare(file: &Path) -> Model {
    let place = file.display();
    let model = Model::open(file).unwrap_or_else(|error| panic!("{place}: {error}"));
    let bytes = std::fs::read(file.with_file_name("expected.safetensors")).expect("a fixture");
    let expected = SafeTensors::deserialize(&bytes).expect("sound safetensors");
    let tokens = expected.tensor("tokens").expect("tokens");
    let ids: Vec<u32> =
        tokens.data().as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes) as u32).collect();
    let trace = run(&model, &ids);
    let mut compared = 0;
    for hook in Hook::iter().filter(|&hook| hook != Hook::Tokens) {
        for layer in 0..if hook.per_layer() { trace.n_layers() } else { 1 } {
            let name = trace.spec.hook_name(hook, layer);
            let Ok(view) = expected.tensor(&name) else { continue };
            let found = trace.activation(&model.network, hook, layer).expect("an activation that exists");
            assert_eq!(found.shape.iter().product::<usize>(), view.data().len() / 4, "{place}: {name}");
            let values = numbers(&view);
            let size = values.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
            let apart = found.data.iter().zip(&values).map(|(a, b)| (a - b).abs() / size).fold(0.0, f32::max);
            assert!(apart <= TOLERANCE, "{place}: {name} differs by {apart:e}");
            compared += 1;
        }
    }
    let blocks = expected.names().iter().filter(|name| name.ends_with("hook_pattern")).count();
    assert_eq!(trace.n_layers(), blocks, "{place}");
    assert!(compared >= 9 * blocks, "{place}: only {compared} activations compared");
    let view = expected.tensor("answer").expect("an answer");
    let found = answer(&model, &trace, &model.spec().head);
    let values = numbers(&view);
    assert_eq!(found.len(), values.len(), "{place}: answer");
    let size = values.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
    let apart = found.iter().zip(&values).map(|(a, b)| (a - b).abs() / size).fold(0.0, f32::max);
    assert!(apart <= TOLERANCE, "{place}: answer differs by {apart:e}");
    model
}

#[test]
fn every_layer_of_every_file_equals_keras() {
    let mut opened = 0;
    for case in std::fs::read_dir(fixtures().join("keras")).expect("fixtures are committed") {
        for file in std::fs::read_dir(case.expect("readable").path()).expect("a folder") {
            let file = file.expect("readable").path();
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            // What these do not say, the examples would say otherwise; they have a test of their own
            let silent = file.parent().is_some_and(|folder| folder.ends_with("functional"))
                && name.contains("weights");
            if name != "expected.safetensors" && !silent {
                compare(&file);
                opened += 1;
            }
        }
    }
    assert!(opened >= 18, "only {opened} files");
}
