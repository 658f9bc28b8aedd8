//! Contract: a run that was changed is saved with what was changed, and comes back as it was: patterns, activations, words.

use crate::files::write;
use crate::interventions::{MODELS, SINKS, changed, expected};
use crate::parity::{fixtures, open, run_ids, storyteller_run};
use crate::traces::{place, read, same, save};
use mnemoscope::engine::{self, Job, Prompt, RunOptions, intervene};
use mnemoscope::model::{Hook, Model};
use mnemoscope::trace::{Intervention, Trace, TraceError};
use proptest::prelude::*;
use safetensors::{SafeTensors, tensor::TensorView};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Saves a run and opens it again: nothing is lost, and what was opened is saved as it was.
#[track_caller]
fn comes_back(model: &Model, run: &Trace, what: &str) {
    let (_folder, file) = place();
    save(run, &file);
    let found = read(&file).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(found.interventions(), run.interventions(), "{what}");
    same(&found, run, 0.0);
    for layer in 0..run.n_layers() {
        for hook in [Hook::Z, Hook::AttnOut, Hook::MlpOut, Hook::ResidPost] {
            let get = |trace: &Trace| trace.activation(&model.network, hook, layer).map(|array| array.data);
            assert!(get(&found) == get(run), "{what}: {} differs", hook.stem());
        }
    }
    let again = file.with_file_name("again.trace.safetensors");
    save(&found, &again);
    assert!(std::fs::read(&file).expect("there") == std::fs::read(&again).expect("there"), "{what}");
}

#[test]
fn every_kind_of_change_comes_back() {
    for name in MODELS.into_iter().chain([SINKS]) {
        let model = open(&fixtures().join(name));
        let fixture = expected(name);
        let clean = run_ids(&model, &fixture.tokens);
        for case in &fixture.cases {
            comes_back(&model, &changed(&model, &clean, case), &format!("{name}, {case}"));
        }
    }
}

#[test]
fn what_is_said_of_a_changed_run_is_of_the_changed_one() {
    let (model, clean) = storyteller_run("Tom has a red ball. Anna has a green cup. Tom plays with the");
    let run = changed(&model, &clean, "pattern=4.0:uniform;knockout=4.1:q16->k4");
    let (_folder, file) = place();
    save(&run, &file);
    let found = read(&file).expect("it opens");
    assert_eq!(found.next, run.next);
    let head = mnemoscope::model::HeadId { layer: 4, head: 0 };
    let row = found.pattern(head).row(16);
    assert!(row.iter().all(|weight| (weight - 1.0 / 17.0).abs() < 1e-6), "{row:?}");
    assert_ne!(row, clean.pattern(head).row(16));
    let object = std::process::Command::new(env!("CARGO_BIN_EXE_mnemoscope"))
        .arg("run")
        .arg(&file)
        .arg("--json")
        .output()
        .expect("it runs");
    let object: serde_json::Value = serde_json::from_slice(&object.stdout).expect("a JSON object");
    assert_eq!(object["interventions"][0], "pattern=4.0:uniform");
}

#[test]
fn answers_and_vectors_come_back() {
    let model = open(&fixtures().join("bert-question"));
    let json = std::fs::read(fixtures().join("bert-question/question.json")).expect("a readable file");
    let asked: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    let text = |key: &str| asked[key].as_str().expect("a text").to_owned();
    let options = RunOptions { question: Some(text("question")), ..RunOptions::default() };
    let run = engine::run(&model, &Prompt::Text(text("text")), &options, &Job::new(), &mut |_| {});
    let run = run.expect("it answers");
    let (_folder, file) = place();
    save(&run, &file);
    let found = read(&file).expect("it opens");
    assert!(!run.answers.is_empty());
    assert_eq!(found.answers, run.answers);

    let model = open(&fixtures().join("bert-bare"));
    let run = run_ids(&model, &[4, 9, 17, 3]);
    assert!(!run.vector.is_empty());
    let (_folder, file) = place();
    save(&run, &file);
    assert_eq!(read(&file).expect("it opens").vector, run.vector);
}

fn model_and_clean() -> &'static (Model, Trace) {
    static BOTH: OnceLock<(Model, Trace)> = OnceLock::new();
    BOTH.get_or_init(|| {
        let model = open(&fixtures().join("llama-gqa"));
        let clean = run_ids(&model, &[5, 1, 7, 3, 2, 8]);
        (model, clean)
    })
}

/// Changes of every kind with any numbers, of a model of two layers at least.
fn any_change() -> impl Strategy<Value = String> {
    let head = (0..2_usize, 0..4_usize).prop_map(|(layer, head)| format!("{layer}.{head}"));
    let (cell, by) = (1..6_usize, -2.0..2.0_f32);
    (head, cell, by, 0..12_u8).prop_map(|(head, at, by, kind)| match kind {
        0 => format!("zero={head}"),
        1 => format!("mean={head}"),
        2 => format!("scale={head}:{by}"),
        3 => format!("knockout={head}:q{at}->k0-{}", at - 1),
        4 => format!("temperature={head}:{}", by.abs() + 0.1),
        5 => format!("pattern={head}:uniform"),
        6 => format!("pattern={head}:clean"),
        7 => format!("paint={head}:q{at}:k0*{},k{at}*0.5", by.abs()),
        8 => format!("forget=0.1:k{}", at - 1),
        9 => format!("patch=blocks.1.hook_resid_pre@{at}<-text:9 8 7 6 5 4"),
        10 => format!("add=blocks.0.hook_resid_pre@{at}<-texts:[\"1 2\",\"3\"]*{by}"),
        _ => format!("mean=mlp.{}", at % 2),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Whatever changes are put together.
    #[test]
    fn any_changes_come_back(texts in proptest::collection::vec(any_change(), 1..5)) {
        let (model, clean) = model_and_clean();
        let changes: Vec<Intervention> =
            texts.iter().map(|text| text.parse().expect("well spelled")).collect();
        // Some leave a query nothing to look at, and are refused
        if let Ok(run) = intervene(model, clean, &changes, &Job::new(), &mut |_| {}) {
            comes_back(model, &run, &texts.join(";"));
        }
    }
}

/// A saved changed run with its entry on changes and its arrays to be spoiled.
fn spoiled(
    spoil: impl Fn(&mut String, &mut HashMap<String, (Vec<usize>, Vec<u8>)>),
) -> Result<Trace, TraceError> {
    let (model, clean) = model_and_clean();
    let changes = ["pattern=0.1:clean", "scale=1.2:0.5", "paint=1.0:q3:k0*1,k2*2"];
    let changes: Vec<Intervention> = changes.iter().map(|text| text.parse().expect("well spelled")).collect();
    let run = intervene(model, clean, &changes, &Job::new(), &mut |_| {}).expect("made");
    let (_folder, file) = place();
    save(&run, &file);
    let bytes = std::fs::read(&file).expect("there");
    let tensors = SafeTensors::deserialize(&bytes).expect("sound");
    let (_, header) = SafeTensors::read_metadata(&bytes).expect("sound");
    let mut metadata = header.metadata().clone().expect("metadata");
    let own = |(name, view): (String, TensorView<'_>)| (name, (view.shape().to_vec(), view.data().to_vec()));
    let mut arrays: HashMap<_, _> = tensors.tensors().into_iter().map(own).collect();
    let mut said = metadata.remove("changes").expect("it says what was changed");
    spoil(&mut said, &mut arrays);
    metadata.insert("changes".into(), said);
    let views: Vec<(String, Owned)> =
        arrays.into_iter().map(|(name, (shape, data))| (name, Owned(shape, data))).collect();
    let bytes = safetensors::serialize(views, Some(metadata)).expect("sound");
    write(&file, &bytes);
    read(&file)
}

/// An array that owns its numbers.
struct Owned(Vec<usize>, Vec<u8>);

impl safetensors::View for Owned {
    fn dtype(&self) -> safetensors::Dtype {
        safetensors::Dtype::F32
    }
    fn shape(&self) -> &[usize] {
        &self.0
    }
    fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        (&self.1).into()
    }
    fn data_len(&self) -> usize {
        self.1.len()
    }
}

#[test]
fn changes_that_cannot_be_are_named() {
    assert!(spoiled(|_, _| {}).is_ok());
    for (from, to) in [
        ("\"layer\":0", "\"layer\":77"),
        ("\"head\":1", "\"head\":99"),
        ("\"painted\":[3]", "\"painted\":[300]"),
        ("\"painted\":[3]", "\"painted\":[3,4]"),
        ("hook_z", "hook_none"),
        ("\"columns\":[", "\"columns\":[9999999,"),
        ("\"scores\"", "\"weights\""),
        ("{", "["),
    ] {
        let error = spoiled(|said, _| {
            assert!(said.contains(from), "{said} has no {from}");
            *said = said.replacen(from, to, 1);
        });
        let error = error.expect_err(to).to_string();
        assert!(error.contains("changes"), "{to}: {error}");
    }
    for name in ["changes.attention.0.1.scores", "changes.attention.1.0.painted"] {
        let error = spoiled(|_, arrays| {
            arrays.remove(name).expect("it is there");
        });
        assert!(error.expect_err(name).to_string().contains(name));
    }
    // Painted weights below zero, and rows that q and k cannot have given
    let error = spoiled(|_, arrays| {
        let (_, data) = arrays.get_mut("changes.attention.1.0.painted").expect("it is there");
        data[..4].copy_from_slice(&(-1.0_f32).to_le_bytes());
    });
    assert!(error.expect_err("below zero").to_string().contains("unsound weights"));
    let error = spoiled(|_, arrays| {
        let (_, data) = arrays.get_mut("changes.attention.0.1.scores").expect("it is there");
        data.fill(0);
    });
    assert!(matches!(error, Err(TraceError::Lse { .. })));
}
