//! Contract: encoder–decoder models: every activation of encoder, decoder and cross-attention equals Transformers', and
//! what they write does.

use crate::parity::{Expected, compare, fixtures, folders_in, none, open, run_ids, with_config};
use mnemoscope::engine::{self, Job, LogitRows, Prompt, RunOptions};
use mnemoscope::model::{Model, Part};
use mnemoscope::trace::{Pool, Trace};
use std::path::Path;

fn translate(model: &Model, source: &[u32], target: Option<&[u32]>) -> Trace {
    let target = target.map(|ids| {
        let start = &model.spec().encoder.as_ref().expect("an encoder").start;
        assert_eq!(&ids[..start.len()], &start[..], "{}: what the target begins with", model.name);
        Prompt::Ids(ids[start.len()..].to_vec())
    });
    let options = RunOptions { logits: LogitRows::All, target, ..RunOptions::default() };
    engine::run(model, &Prompt::Ids(source.to_vec()), &options, &Job::new(), &mut |_| {})
        .expect("the run succeeds")
}

fn check_folder(folder: &Path, place: &str) -> Vec<String> {
    let model = open(folder);
    let expected = Expected::read(&folder.join("expected.safetensors"));
    if model.spec().encoder.is_none() {
        return compare(&model, &run_ids(&model, &expected.ids("tokens")), &expected, place);
    }
    let (source, target) = (expected.ids("tokens"), expected.ids("target_tokens"));
    let trace = translate(&model, &source, Some(&target));
    let problems = compare(&model, &trace, &expected, place);
    for (layer, block) in model.spec().blocks.iter().enumerate() {
        let shape = |part| match part {
            Part::Encoder => (source.len(), source.len()),
            Part::Cross => (target.len(), source.len()),
            _ => (target.len(), target.len()),
        };
        let head = mnemoscope::model::HeadId { layer, head: 0 };
        let pattern = trace.pattern(head);
        assert_eq!((pattern.n_queries(), pattern.n_keys()), shape(block.part), "{place}");
        let (rows, columns) = (trace.thumbnail(head).rows, trace.thumbnail(head).columns);
        let pooled = pattern.pooled(0..pattern.n_queries(), 0..pattern.n_keys(), rows, columns, Pool::Max);
        let kept = &trace.thumbnail(head).values;
        assert!(kept.iter().zip(&pooled).all(|(a, b)| (a - b).abs() < 1e-5), "{place}: thumbnail of {layer}");
    }
    problems
}

#[test]
fn every_activation_equals_transformers() {
    let folders = folders_in(&fixtures().join("seq2seq"), "expected.safetensors");
    none(
        &folders
            .iter()
            .flat_map(|folder| check_folder(folder, &folder.display().to_string()))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn every_form_of_config_says_the_same() {
    let mut problems = Vec::new();
    for form in ["config.v4.json", "config.sparse.json"] {
        for folder in folders_in(&fixtures().join("seq2seq"), form) {
            let copy = with_config(&folder, form);
            problems.extend(check_folder(copy.path(), &format!("{}/{form}", folder.display())));
        }
    }
    none(&problems);
}

#[test]
fn what_is_written_equals_transformers() {
    #[derive(serde::Deserialize)]
    struct Generated {
        prompt: Vec<u32>,
        continuation: Vec<u32>,
    }
    for folder in folders_in(&fixtures().join("seq2seq"), "hf_generate.json") {
        let json = std::fs::read(folder.join("hf_generate.json")).expect("a readable file");
        let expected: Generated = serde_json::from_slice(&json).expect("the maker's fields");
        let model = open(&folder);
        let start = model.spec().encoder.as_ref().expect("an encoder").start.len();
        let trace = translate(&model, &expected.prompt, None);
        let ids = trace.ids();
        let written = &ids[start..][..expected.continuation.len()];
        assert_eq!(written, &expected.continuation[..], "{}", folder.display());
        // The map of a target that was written word by word is that of the same target given
        let given = translate(&model, &expected.prompt, Some(&ids));
        for head in given.head_ids() {
            let (a, b) = (given.pattern(head), trace.pattern(head));
            let all = |pattern: &mnemoscope::trace::Pattern<'_>| {
                pattern.tile(0..pattern.n_queries(), 0..pattern.n_keys())
            };
            let off = all(&a).iter().zip(all(&b)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1e-5, "{}: head {head} is {off} apart", folder.display());
        }
    }
}
