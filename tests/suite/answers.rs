//! Contract: what a run says follows the head the model has: classes by name, an answer in the text, a vector.

use super::parity::{fixtures, open, run_ids};
use super::window::window_on;
use crate::files::{only, write};
use egui_kittest::kittest::Queryable as _;
use mnemoscope::app::settings::Settings;
use mnemoscope::engine::{self, Job, ModelSource, Prompt, RunOptions};
use mnemoscope::model::{HeadSpec, Model, Pooling};
use mnemoscope::trace::Trace;
use std::process::Command;

#[test]
fn a_question_is_answered_as_transformers_answers_it() {
    #[derive(serde::Deserialize)]
    struct Asked {
        question: String,
        text: String,
        ids: Vec<u32>,
        first: usize,
        last: usize,
        answer: String,
        p: f32,
    }
    let folder = fixtures().join("bert-question");
    let json = std::fs::read(folder.join("question.json")).expect("a readable file");
    let asked: Asked = serde_json::from_slice(&json).expect("the maker's fields");
    let options = RunOptions { question: Some(asked.question), ..RunOptions::default() };
    let model = open(&folder);
    let trace = engine::run(&model, &Prompt::Text(asked.text), &options, &Job::new(), &mut |_| {})
        .expect("a question and a text");
    assert_eq!(trace.ids(), asked.ids);
    let best = &trace.answers[0];
    assert_eq!((best.tokens.start, best.tokens.end - 1), (asked.first, asked.last));
    assert_eq!(best.text, asked.answer);
    assert!((best.p - asked.p).abs() < 1e-5, "{} instead of {}", best.p, asked.p);
    for pair in trace.answers.windows(2) {
        assert!(pair[0].p >= pair[1].p);
        assert!(pair[0].tokens.end <= pair[1].tokens.start || pair[1].tokens.end <= pair[0].tokens.start);
    }
}

#[test]
fn classes_have_the_names_that_the_file_gives_them() {
    let model = open(&fixtures().join("distilbert-class"));
    let trace = run_ids(&model, &[4, 9, 17]);
    let mut names: Vec<_> = trace.classes[0].iter().map(|class| class.text.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["even", "glad", "sad"]);
    let trace = run_ids(&open(&fixtures().join("roberta-tags")), &[4, 9, 17]);
    assert_eq!(trace.classes.len(), 3, "a row for every token");
    assert!(trace.classes.iter().all(|row| row.iter().any(|class| class.text == "B-PER")));
}

/// A bare BERT, with the files that Sentence Transformers puts beside it.
fn with_pooling(mode: &str, modules: &str) -> Model {
    let copy = only(&fixtures().join("bert-bare"), &["config.json", "model.safetensors"]);
    let pooling = format!(r#"{{"word_embedding_dimension": 20, "{mode}": true}}"#);
    write(&copy.path().join("1_Pooling/config.json"), pooling);
    write(&copy.path().join("modules.json"), modules);
    open(copy.path())
}

fn module(kind: &str, path: &str) -> String {
    format!(r#"{{"type": "sentence_transformers.models.{kind}", "path": "{path}"}}"#)
}

fn column_means(trace: &Trace) -> Vec<f32> {
    let (resid, width) = (trace.resid(trace.n_layers()), trace.spec.width);
    let sum = |column: usize| resid.iter().skip(column).step_by(width).sum::<f32>();
    (0..width).map(|column| sum(column) / trace.n_tokens() as f32).collect()
}

#[track_caller]
fn close(found: &[f32], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len());
    assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?} instead of {wanted:?}");
}

#[test]
fn an_encoder_without_a_head_gives_a_vector() {
    let ids = [2, 40, 77, 3];
    let trace = run_ids(&open(&fixtures().join("bert-bare")), &ids);
    close(&trace.vector, &column_means(&trace));

    let modules = format!("[{}, {}]", module("Transformer", ""), module("Pooling", "1_Pooling"));
    let trace = run_ids(&with_pooling("pooling_mode_cls_token", &modules), &ids);
    close(&trace.vector, &trace.resid(trace.n_layers())[..trace.spec.width]);

    let modules = format!("[{}, {}]", module("Pooling", "1_Pooling"), module("Normalize", "2_Normalize"));
    let trace = run_ids(&with_pooling("pooling_mode_mean_tokens", &modules), &ids);
    let mean = column_means(&trace);
    let length = mean.iter().map(|x| x * x).sum::<f32>().sqrt();
    close(&trace.vector, &mean.iter().map(|x| x / length).collect::<Vec<_>>());
}

#[test]
fn a_vector_that_needs_more_than_pooling_is_not_given() {
    let dense = format!("[{}, {}]", module("Pooling", "1_Pooling"), module("Dense", "2_Dense"));
    assert_eq!(with_pooling("pooling_mode_mean_tokens", &dense).spec().head, HeadSpec::None);
    let outside = format!("[{}]", module("Pooling", "../elsewhere"));
    assert_eq!(with_pooling("pooling_mode_mean_tokens", &outside).spec().head, HeadSpec::None);
    let plain = with_pooling("pooling_mode_max_tokens", "not a list");
    assert!(matches!(&plain.spec().head, HeadSpec::Sentence(head) if head.pooling == Pooling::Max));
}

#[test]
fn a_question_needs_text() {
    let model = open(&fixtures().join("bert-question"));
    let options = RunOptions { question: Some("Who?".into()), ..RunOptions::default() };
    let error = engine::run(&model, &Prompt::Ids(vec![2, 3]), &options, &Job::new(), &mut |_| {});
    assert!(error.is_err_and(|error| error.hint().is_some()));
}

#[test]
fn an_answer_is_printed_and_marked_in_the_window() {
    let folder = fixtures().join("bert-question");
    let (question, text) = ("Where did the cat sit?", "The cat, well fed, sat on the mat; the dog ran.");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
        command.arg("run").arg(&folder).args(["--prompt", text, "--question", question, "--quiet"]);
        let output = command.args(arguments).output().expect("the binary runs");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let json: serde_json::Value = serde_json::from_str(&run(&["--json"])).expect("a JSON object");
    let best = &json["answers"][0];
    let answer = best["text"].as_str().expect("an answer");
    assert!(text.contains(answer), "{answer}");
    assert!(run(&[]).contains(&format!("{answer}  (tokens {} to {})", best["first"], best["last"])));

    let settings = Settings { live: false, ..Settings::default() };
    let prompt = format!("{question} ||| {text}");
    let window = window_on(ModelSource::Path(folder), [1280.0, 800.0], settings, Some(&prompt));
    window.get_by_label("ANSWER");
    let shown = window.state().session.trace.as_ref().map(|trace| trace.answers[0].text.clone());
    assert_eq!(shown.as_deref(), Some(answer));
}
