//! Contract: `why` and `attribute` print parts that add up, as JSON and as tables, and say what cannot be taken apart.

use crate::cli::{complains, object, on_ids, program};
use crate::parity::fixtures;
use crate::traces::save;
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

#[test]
fn why_gives_a_table_that_sums_to_the_score() {
    let object = object(&on_ids("why", &["--cell", "1.2:q5->k3", "--json"]));
    let names = object["queries"].as_array().expect("names");
    assert!(names.contains(&"emb".into()) && names.contains(&"0.1".into()) && names.contains(&"mlp0".into()));
    let rows: Vec<Vec<f64>> = object["table"].as_array().expect("rows").iter().map(numbers).collect();
    assert_eq!((rows.len(), rows[0].len()), (names.len(), object["keys"].as_array().expect("names").len()));
    let product = number(&object["product"]);
    let sum: f64 = rows.iter().flatten().sum();
    assert!((sum - product).abs() < 1e-4 * product.abs().max(0.01), "{sum} is not {product}");
    let dimensions: f64 = numbers(&object["dimensions"]).iter().sum();
    assert!((dimensions - product).abs() < 1e-4 * product.abs().max(0.01), "{dimensions} is not {product}");
    let pairs: f64 =
        object["pairs"].as_array().expect("pairs").iter().map(|pair| number(&pair["value"])).sum();
    assert!((pairs - product).abs() < 1e-4 * product.abs().max(0.01), "rotary turns every dimension here");
    let weight = (number(&object["score"]) - number(&object["lse"])).exp();
    assert!((weight - number(&object["weight"])).abs() < 1e-5);

    let table =
        String::from_utf8_lossy(&on_ids("why", &["--cell", "1.2:q5->k3", "--top", "4"]).stdout).into_owned();
    assert!(table.contains("rest") && table.contains("residual"), "{table}");
}

#[test]
fn a_cell_is_named_as_its_head_is_shown() {
    let model = fixtures().join("seq2seq/t5-gated");
    let ask = |command: &str, cell: &str| {
        let texts = ["--ids", "5 9 4", "--target-ids", "7 3", "--cell", cell, "--json"];
        program().arg(command).arg(&model).args(texts).output().expect("the program runs")
    };
    for command in ["why", "walk"] {
        // Two layers of the encoder, one of the decoder, and its cross-attention
        let (named, counted) = (ask(command, "cross.0.2:q2->k1"), ask(command, "3.2:q2->k1"));
        assert_eq!(object(&named), object(&counted));
        assert_eq!(object(&ask(command, "encoder 1.0:q2->k1")), object(&ask(command, "1.0:q2->k1")));
        complains(&ask(command, "cross.7.0:q1->k1"), &["no head cross.7.0", "it has layers"]);
    }
}

#[test]
fn why_of_a_saved_trace_goes_by_dimension() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("run.trace.safetensors");
    let model = crate::parity::open(&fixtures().join("llama-gqa"));
    save(&crate::parity::run_ids(&model, &[5, 1, 7, 3]), &file);
    let output =
        program().arg("why").arg(&file).args(["--cell", "1.0:q3->k1", "--json"]).output().expect("runs");
    let object = object(&output);
    assert!(object.get("table").is_none() && !numbers(&object["dimensions"]).is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("holds no weights"));
}

#[test]
fn attribute_gives_parts_that_sum_to_the_logit() {
    for more in [&["--word", "#3"][..], &["--word", "#3", "--against", "#4", "--at", "2"], &[]] {
        let object = object(&on_ids("attribute", &[&["--json", "--head", "1.1"], more].concat()));
        let parts = object["parts"].as_array().expect("parts");
        let sum: f64 = parts.iter().map(|part| number(&part["value"])).sum();
        let logit = number(&object["logit"]);
        assert!((sum - logit).abs() < 1e-4 * logit.abs().max(0.1), "{sum} is not {logit}");
        let head = parts.iter().find(|part| part["name"] == "1.1").expect("the head");
        assert_eq!((&head["layer"], &head["head"]), (&1.into(), &1.into()));
        let read: f64 = numbers(&object["sources"]["values"]).iter().sum();
        assert!((read - number(&head["value"])).abs() < 1e-5, "{read}");
        if more.len() > 2 {
            let two = number(&object["word"]["logit"]) - number(&object["against"]["logit"]);
            assert!((two - logit).abs() < 1e-6);
            assert_eq!(object["token"]["index"], 2);
        }
    }
    let table = String::from_utf8_lossy(&on_ids("attribute", &["--top", "3"]).stdout).into_owned();
    assert!(table.contains("rest") && table.contains("sum") && table.contains('█'), "{table}");
}

#[test]
fn what_cannot_be_taken_apart_is_one_line() {
    complains(&on_ids("why", &["--cell", "1.2:q3->k5"]), &["token 3 does not see token 5", "masked"]);
    complains(&on_ids("why", &["--cell", "1.2:q30->k5"]), &["no token 30"]);
    complains(&on_ids("why", &["--cell", "9.2:q3->k1"]), &["no head 9.2"]);
    assert_eq!(on_ids("why", &["--cell", "9.2"]).status.code(), Some(2));
    assert_eq!(on_ids("why", &[]).status.code(), Some(2));
    complains(&on_ids("attribute", &["--word", "#999999"]), &["not one token"]);
    complains(&on_ids("attribute", &["--at", "77"]), &["no token 77"]);
    complains(&on_ids("attribute", &["--head", "7.7"]), &["no head 7.7"]);
    let classifier = fixtures().join("bert-class");
    let output = program().arg("attribute").arg(classifier).args(["--ids", "1 2"]).output().expect("runs");
    complains(&output, &["scores no words"]);
}
