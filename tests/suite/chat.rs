//! Contract: chat templates write what Transformers' `apply_chat_template` writes, and none can hang or crash us.

use crate::files::{only, write};
use crate::parity::fixtures;
use mnemoscope::engine::{Prompt, RunError, chat_prompt};
use mnemoscope::model::{ChatTemplate, Message, Model, Tokenizer, Words};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Deserialize)]
struct Fixture {
    tokens: BTreeMap<String, String>,
    templates: BTreeMap<String, String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    template: String,
    messages: Vec<Message>,
    add_generation_prompt: bool,
    text: Option<String>,
    error: Option<String>,
}

fn fixture() -> Fixture {
    let bytes = std::fs::read(fixtures().join("chat/cases.json")).expect("a committed file");
    serde_json::from_slice(&bytes).expect("the maker's fields")
}

/// A folder with a tokenizer, its special tokens and a template.
fn template(tokens: &BTreeMap<String, String>, source: &str) -> ChatTemplate {
    let folder = only(&fixtures().join("gpt2-hub-layout"), &["vocab.json", "merges.txt"]);
    let mut config = serde_json::json!(tokens);
    config["chat_template"] = source.into();
    write(&folder.path().join("tokenizer_config.json"), config.to_string());
    let tokenizer = Tokenizer::from_folder(folder.path()).expect("sound").expect("a tokenizer");
    ChatTemplate::from_folder(folder.path(), &tokenizer).expect("readable").expect("a template")
}

fn date(format: &str) -> String {
    format.to_owned()
}

#[test]
fn templates_write_what_transformers_writes() {
    let fixture = fixture();
    let (mut written, mut refused) = (0, 0);
    for case in &fixture.cases {
        let template = template(&fixture.tokens, &fixture.templates[&case.template]);
        let found = template.render(&case.messages, case.add_generation_prompt, date);
        match (&case.text, &case.error) {
            (Some(text), None) => {
                assert_eq!(found.as_ref(), Ok(text), "{} {:?}", case.template, case.messages);
                written += 1;
            }
            (_, error) => {
                let error = error.as_deref().expect("a text or an error");
                let found = found.expect_err("Transformers refuses it").to_string();
                assert!(found.contains(error), "{}: {found}, not {error}", case.template);
                refused += 1;
            }
        }
    }
    assert!(written > 40 && refused > 4, "{written} {refused}");
}

#[test]
fn today_is_what_the_caller_says() {
    let template = template(&BTreeMap::new(), "{{ strftime_now('%d %b %Y') }}");
    assert_eq!(template.render(&[], false, date).as_deref(), Ok("%d %b %Y"));
}

#[test]
fn broken_and_endless_templates_are_errors() {
    let long = "{% for a in range(9999) %}{% for b in range(9999) %}{{ a * b }}{% endfor %}{% endfor %}";
    for source in ["{% if %}", "{{ messages[7]['role'] }}", "{{ nothing() }}", long, "{{ 'x' * 9999999999 }}"]
    {
        let found = template(&BTreeMap::new(), source).render(&[Message::new("user", "a")], true, date);
        assert!(found.is_err(), "{source}: {found:?}");
    }
}

#[test]
fn a_jinja_file_comes_before_the_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("chat_template.jinja"), "file");
    write(
        &folder.path().join("tokenizer_config.json"),
        r#"{"chat_template": [{"name": "tools", "template": "t"}, {"name": "default", "template": "d"}]}"#,
    );
    let words = Words::new(vec!["a".into()]);
    let tokenizer = Tokenizer::from_words(words, Path::new("words")).expect("a list");
    let found =
        || ChatTemplate::from_folder(folder.path(), &tokenizer).expect("readable").expect("a template");
    assert_eq!(found().source(), "file");
    std::fs::remove_file(folder.path().join("chat_template.jinja")).expect("removed");
    assert_eq!(found().source(), "d");
}

#[test]
fn a_model_without_a_template_says_so() {
    let model = Model::open(&fixtures().join("llama-tied")).expect("a model");
    let error = chat_prompt(&model, &[], "hello").expect_err("it has none");
    assert_eq!(error, RunError::NoChatTemplate("llama-tied".into()));
    let mut model = model;
    let tokenizer = model.tokenizer.as_ref().expect("a tokenizer");
    model.chat_template = Some(ChatTemplate::new("<{{ messages[0].content }}>".into(), tokenizer));
    assert_eq!(chat_prompt(&model, &[], "hello"), Ok(Prompt::Framed("<hello>".into())));
}

#[test]
fn the_command_line_shows_the_filled_in_template() {
    let files = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
    let place = only(&fixtures().join("llama-tied"), &files);
    let template =
        "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}[assistant]";
    write(&place.path().join("chat_template.jinja"), template);
    let run = |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
        command.arg("run").arg(place.path()).args(more).output().expect("the binary runs")
    };
    let output = run(&["--prompt", "the cat", "--chat", "--system", "sat", "--json"]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object");
    let rendered = object["rendered"].as_str().expect("a text");
    assert_eq!(rendered, "<|begin_of_text|>[system] sat\n[user] the cat\n[assistant]");
    let tokens = object["tokens"].as_array().expect("tokens");
    let begins = tokens.iter().filter(|token| token["text"] == "<|begin_of_text|>").count();
    assert_eq!(begins, 1, "the template says its special tokens itself: {tokens:?}");
    assert!(
        String::from_utf8_lossy(&run(&["--prompt", "the cat", "--chat"]).stdout).contains("[user] the cat")
    );
    assert_eq!(run(&["--ids", "1 2", "--chat"]).status.code(), Some(2), "ids are no turn");
}
