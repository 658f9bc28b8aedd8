//! Contract: `circuits` and `composition` print what the library computes, as JSON and as tables, and say what is missing.

use crate::cli::{complains, object, program};
use crate::parity::fixtures;
use std::process::Output;

fn on(command: &str, model: &str, args: &[&str]) -> Output {
    program().arg(command).arg(fixtures().join(model)).args(args).output().expect("runs")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn circuits_of_the_induction_head_copy() {
    let object = object(&on("circuits", "induction-by-hand", &["--head", "1.1", "--top", "3", "--json"]));
    assert!((object["copying"].as_f64().expect("a number") - 1.0).abs() < 1e-6);
    let writes = &object["writes"];
    assert_eq!(writes["most"].as_array().expect("pairs").len(), 3);
    assert_eq!(writes["most"][0]["read"]["id"], writes["most"][0]["written"]["id"]);
    assert_eq!(writes["own"]["first"], 1.0);
    assert_eq!(object["left_out"], serde_json::json!(["positions", "divisors"]));
    let table = text(&on("circuits", "induction-by-hand", &["--head", "1.1", "--least"]));
    assert!(table.contains("copying    1.000") && table.contains("the weakest"), "{table}");
}

#[test]
fn one_word_is_asked_about() {
    let args = ["--head", "1.3", "--token", "#5", "--top", "4", "--json"];
    let object = object(&on("circuits", "llama-gqa", &args));
    assert_eq!(object["token"]["id"], 5);
    let keys = object["looks"]["query"]["most"].as_array().expect("its keys");
    assert!(keys.len() == 4 && keys.iter().all(|entry| entry["query"]["id"] == 5));
    let sources = object["writes"]["written"]["most"].as_array().expect("what writes it");
    assert!(sources.iter().all(|entry| entry["written"]["id"] == 5));
    let table = text(&on("circuits", "llama-gqa", &["--head", "1.3", "--token", "#5"]));
    assert!(table.contains("with `5` as the query") && table.contains("with `5` as the written"), "{table}");
}

#[test]
fn what_cannot_be_is_said() {
    complains(&on("circuits", "llama-gqa", &["--head", "7.7"]), &["no head 7.7"]);
    complains(&on("circuits", "llama-gqa", &["--head", "1.0", "--token", "#9999"]), &["not one token"]);
    complains(&on("circuits", "llama-gqa", &["--head", "0.0", "--after-mlp"]), &["no first MLP"]);
    complains(&on("composition", "llama-gqa", &["--head", "7.7"]), &["no head 7.7"]);
    let masked = text(&on("circuits", "bert-mlm", &["--head", "1.0"]));
    assert!(masked.contains("what it writes: an activation lies between"), "{masked}");
}

#[test]
fn composition_names_the_two_heads_of_induction() {
    let object = object(&on("composition", "induction-by-hand", &["--top", "1", "--json"]));
    let best = &object["links"][0];
    assert_eq!((&best["from"]["name"], &best["to"]["name"]), (&"0.0".into(), &"1.1".into()));
    assert!((best["score"].as_f64().expect("a number") - 0.25).abs() < 1e-6);
    assert_eq!((object["kind"].as_str(), object["random"].as_f64()), (Some("k"), Some(0.125)));
    let args = ["--kind", "k", "--above-random", "--head", "1.1", "--top", "2"];
    let table = text(&on("composition", "induction-by-hand", &args));
    assert!(table.contains("   0.1250  0.0           1.1"), "{table}");
}
