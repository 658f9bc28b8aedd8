//! Contract: classifiers on decoders and encoder–decoders, and rare ones on encoders, say what Transformers says, with the
//! token read that it reads.

use crate::cli::{object, program};
use crate::parity::{fixtures, folders_in, open, told_of};
use mnemoscope::engine::{self, Job, Prompt, RunOptions};
use mnemoscope::model::{HeadSpec, Hook, Model, Outcome};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    ids: Vec<u32>,
    logits: Vec<f32>,
    /// Where the second text begins
    second: Option<usize>,
    /// What is said of the two texts beside the words
    pair: Option<Vec<f32>>,
}

/// Whether all of `ours` are near `theirs`.
fn near(ours: &[f32], theirs: &[f32], place: &str) {
    assert_eq!(ours.len(), theirs.len(), "{place}");
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((ours - theirs).abs() < 1e-4, "{place}: {ours} for {theirs}");
    }
}

#[test]
fn every_class_says_what_transformers_says() {
    let folders = folders_in(&fixtures().join("classifiers"), "expected.json");
    assert!(folders.len() >= 30, "only {} models", folders.len());
    for folder in folders {
        let bytes = std::fs::read(folder.join("expected.json")).expect("a fixture");
        let expected: Vec<Expected> = serde_json::from_slice(&bytes).expect("the maker's fields");
        let model = open(&folder);
        for text in &expected {
            let place = format!("{} {:?}", folder.display(), text.ids);
            let prompt = Prompt::Ids(text.ids.clone());
            let options = RunOptions { second: text.second, ..RunOptions::default() };
            let trace = engine::run(&model, &prompt, &options, &Job::new(), &mut |_| {});
            let trace = trace.unwrap_or_else(|error| panic!("{place}: {error}"));
            let logits = trace.activation(&model.network, Hook::Logits, 0).expect("logits").data;
            near(&logits, &text.logits, &place);
            if let Some(pair) = &text.pair {
                near(&model.network.class_logits(trace.classified()), pair, &place);
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

fn run_of(class: &str, arguments: &[&str]) -> serde_json::Value {
    let mut command = program();
    command.arg("run").arg(fixtures().join("classifiers").join(class)).args(arguments).arg("--json");
    object(&command.output().expect("the program runs"))
}

#[test]
fn what_is_asked_beside_the_words_has_its_names() {
    for (class, names) in [
        ("BertForPreTraining", ["IsNext", "NotNext"]),
        ("BertForNextSentencePrediction", ["IsNext", "NotNext"]),
        ("AlbertForPreTraining", ["InOrder", "Swapped"]),
    ] {
        let out = run_of(class, &["--ids", "5 9 17 6", "--second", "2"]);
        let said: Vec<_> =
            out["classes"].as_array().expect("classes").iter().map(|class| &class["text"]).collect();
        assert!(names.iter().all(|name| said.iter().any(|said| said == name)), "{out}");
        // The second text is the second segment: another answer than for one text
        let one = run_of(class, &["--ids", "5 9 17 6"]);
        let p = |out: &serde_json::Value| out["classes"][0]["p"].as_f64().expect("a share");
        assert!((p(&out) - p(&one)).abs() > 1e-6, "{out} {one}");
    }
}

#[test]
fn files_without_what_was_asked_beside_the_words_open_without_it() {
    let folder = crate::parity::with_config(&fixtures().join("bert-mlm"), "config.json");
    let file = folder.path().join("config.json");
    let text = std::fs::read_to_string(&file).expect("a fixture");
    crate::files::write(&file, text.replace("BertForMaskedLM", "BertForPreTraining").as_bytes());
    let model = open(folder.path());
    assert!(matches!(model.spec().head, HeadSpec::MaskedToken { pair: None, .. }), "{:?}", model.spec().head);
}

/// Of encoder–decoders too: the decoder reads the source again, moved on by one, and speaks of the source's tokens.
#[test]
fn an_answer_is_marked_in_the_text_that_was_given() {
    let folder = fixtures().join("classifiers/BartForQuestionAnswering");
    let model = open(&folder);
    let ids = vec![5, 9, 17, 6, 1];
    let run = |options: &RunOptions| {
        let prompt = Prompt::Ids(ids.clone());
        engine::run(&model, &prompt, options, &Job::new(), &mut |_| {}).expect("the run succeeds")
    };
    let trace = run(&RunOptions { second: Some(2), ..RunOptions::default() });
    assert_eq!(trace.answer_side(), mnemoscope::trace::Side::Source);
    let logits = model.network.class_logits::<f32>(trace.classified());
    let p = |start: usize, end: usize| {
        let share = |at: usize, place: usize| {
            let sum: f32 = (2..ids.len()).map(|token| logits[2 * token + at].exp()).sum();
            logits[2 * place + at].exp() / sum
        };
        share(0, start) * share(1, end)
    };
    let best = &trace.answers[0];
    let all = (2..5).flat_map(|start| (start..5).map(move |end| (start, end)));
    let most = all.max_by(|a, b| p(a.0, a.1).total_cmp(&p(b.0, b.1))).expect("spans");
    assert_eq!((best.tokens.start, best.tokens.end - 1), most);
    assert!((best.p - p(most.0, most.1)).abs() < 1e-5);
    let (_here, file) = crate::traces::place();
    crate::traces::save(&trace, &file);
    assert_eq!(crate::traces::read(&file).expect("it reads").answers, trace.answers);
    // A target of one's own is what it speaks of then
    let own = run(&RunOptions { target: Some(Prompt::Ids(vec![7, 8])), ..RunOptions::default() });
    assert_eq!(own.answer_side(), mnemoscope::trace::Side::Target);
}

#[test]
fn a_number_is_no_share() {
    let folder = fixtures().join("classifiers/BertForMultipleChoice");
    let out =
        program().arg("run").arg(folder).args(["--ids", "5 9 17 6"]).output().expect("the program runs");
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    let line = text.lines().find(|line| line.contains("choice")).expect("its number");
    assert!(!line.contains('%'), "{line}");
}
