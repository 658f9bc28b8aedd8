//! Contract: `walk` prints the twelve steps of a cell, each with how far it is from the run, as JSON and as lines.

use crate::cli::{complains, object, on_ids};
use serde_json::Value;

fn steps(output: &std::process::Output) -> Vec<Value> {
    object(output)["steps"].as_array().expect("steps").clone()
}

#[test]
fn twelve_steps_and_each_holds() {
    let steps = steps(&on_ids("walk", &["--cell", "1.2:q5->k3", "--json"]));
    assert_eq!(steps.len(), 12);
    for step in &steps[1..] {
        assert_eq!(step["holds"], Value::Bool(true), "{}", step["kind"]);
    }
    let strip = |step: usize, what: &str| -> Vec<f64> {
        let strips = steps[step]["strips"].as_array().expect("strips");
        let strip = strips.iter().find(|strip| strip["what"] == what).expect("the strip");
        strip["values"].as_array().expect("numbers").iter().filter_map(Value::as_f64).collect()
    };
    let sum: f64 = strip(4, "product").iter().sum();
    assert!((sum - steps[4]["outcome"]["value"].as_f64().expect("a number")).abs() < 1e-4);
    assert_eq!(steps[4]["kind"], "scores");
    assert!((strip(6, "weight").iter().sum::<f64>() - 1.0).abs() < 1e-5);
    let said = object(&on_ids("run", &["--json"]));
    let next = said["next"][0]["p"].as_f64().expect("a probability");
    let ids = said["tokens"].as_array().expect("tokens").len() - 1;
    let last = format!("1.2:q{ids}->k0");
    let walked = object(&on_ids("walk", &["--cell", &last, "--json"]));
    let p = walked["steps"][11]["outcome"]["value"].as_f64().expect("a number");
    assert!((p - next).abs() < 1e-5, "{p} is not {next}");
}

#[test]
fn lines_say_what_holds_and_a_step_shows_its_numbers() {
    let text = |more: &[&str]| {
        let output = on_ids("walk", &[&["--cell", "1.2:q5->k3"], more].concat());
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let plain = text(&[]);
    assert_eq!(plain.matches("equals the").count(), 11, "{plain}");
    assert!(!plain.contains("DIFFERS"), "{plain}");
    let numbers = text(&["--step", "5"]);
    assert!(numbers.contains("attn.hook_rot_q[5,2]") && numbers.len() > plain.len(), "{numbers}");
}

#[test]
fn what_cannot_be_walked_is_told() {
    complains(&on_ids("walk", &["--cell", "9.2:q3->k1"]), &["no head 9.2"]);
    complains(&on_ids("walk", &["--cell", "1.2:q30->k5"]), &["no token 30"]);
    assert_eq!(on_ids("walk", &["--cell", "1.2:q3->k1", "--step", "13"]).status.code(), Some(2));
    assert_eq!(on_ids("walk", &[]).status.code(), Some(2));
}
