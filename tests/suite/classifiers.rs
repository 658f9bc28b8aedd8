//! Contract: classifiers on decoders and encoder–decoders say what Transformers says, with the token read that it reads.

use crate::cli::{object, program};
use crate::parity::{fixtures, folders_in, open, told_of};
use mnemoscope::engine::{self, Job, Prompt, RunOptions};
use mnemoscope::model::{HeadSpec, Hook, Model, Outcome};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    ids: Vec<u32>,
    logits: Vec<f32>,
}

#[test]
fn every_class_says_what_transformers_says() {
    let folders = folders_in(&fixtures().join("classifiers"), "expected.json");
    assert!(folders.len() >= 14, "only {} models", folders.len());
    for folder in folders {
        let bytes = std::fs::read(folder.join("expected.json")).expect("a fixture");
        let expected: Vec<Expected> = serde_json::from_slice(&bytes).expect("the maker's fields");
        let model = open(&folder);
        for text in &expected {
            let prompt = Prompt::Ids(text.ids.clone());
            let trace = engine::run(&model, &prompt, &RunOptions::default(), &Job::new(), &mut |_| {});
            let trace = trace.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            let logits = trace.activation(&model.network, Hook::Logits, 0).expect("logits").data;
            assert_eq!(logits.len(), text.logits.len(), "{} {:?}", folder.display(), text.ids);
            for (ours, theirs) in logits.iter().zip(&text.logits) {
                let off = (ours - theirs).abs();
                assert!(off < 1e-4, "{} {:?}: {ours} for {theirs}", folder.display(), text.ids);
            }
            let answers =
                matches!(&model.spec().head, HeadSpec::Classes(head) if head.outcome == Outcome::Span);
            assert_eq!(trace.classes.is_empty(), answers, "{}", folder.display());
        }
    }
}

#[test]
fn classes_have_their_names_on_the_command_line() {
    let folder = fixtures().join("classifiers/LlamaForSequenceClassification");
    let run = program().arg("run").arg(folder).args(["--ids", "5 9 17 6", "--json"]).output();
    let out = object(&run.expect("the program runs"));
    let classes = out["classes"].as_array().expect("classes");
    let mut names: Vec<_> = classes.iter().filter_map(|class| class["text"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["calm", "cross", "glad"], "{out}");
    let sum: f64 = classes.iter().filter_map(|class| class["p"].as_f64()).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{out}");
}

#[test]
fn a_classifier_of_blocks_that_cannot_wear_it_opens_without_it() {
    let folder = crate::parity::with_config(&fixtures().join("seq2seq/pegasus"), "config.json");
    let file = folder.path().join("config.json");
    let text = std::fs::read_to_string(&file).expect("a fixture");
    let text = text.replace("PegasusForConditionalGeneration", "PegasusForSequenceClassification");
    crate::files::write(&file, text.as_bytes());
    let model = Model::open(folder.path()).expect("what it stands on is known");
    assert_eq!(model.spec().head, HeadSpec::None);
    let told = "`PegasusForSequenceClassification` is not known: opened as `PegasusModel`";
    assert!(told_of(&model).contains(told), "{:?}", model.warnings);
}
