//! Contract: tokenizers say what each token covers, and every weight knows where it came from.

use crate::parity::{fixtures, open, storyteller};
use mnemoscope::model::{Token, Tokenizer};
use serde_json::Value;

#[test]
fn tokenizers_equal_transformers() {
    let mut compared = 0;
    for entry in std::fs::read_dir(fixtures()).expect("fixtures are committed") {
        let folder = entry.expect("a readable entry").path();
        let Ok(bytes) = std::fs::read(folder.join("tokenizer_check.json")) else { continue };
        let tokenizer = Tokenizer::from_folder(&folder).expect("a sound tokenizer").expect("a tokenizer");
        let cases: Value = serde_json::from_slice(&bytes).expect("JSON");
        let cases = cases.as_array().cloned().unwrap_or_else(|| vec![cases]);
        for case in cases {
            let text = case["text"].as_str().expect("a text");
            let expected: Vec<u64> =
                case["ids"].as_array().expect("ids").iter().map(|id| id.as_u64().expect("an id")).collect();
            let tokens = tokenizer.encode(text).expect("a text that can be spelled");
            let ids: Vec<u64> = tokens.iter().map(|token| u64::from(token.id)).collect();
            assert_eq!(ids, expected, "{}: {text:?}", folder.display());
            compared += 1;
        }
    }
    assert!(compared >= 3, "only {compared} texts compared");
}

#[test]
fn the_embedded_model_spells_every_byte() {
    let model = storyteller();
    let tokenizer = model.tokenizer.as_ref().expect("it has a tokenizer");
    let text = "Mary said: 你好, 🙂!";
    let tokens = tokenizer.encode(text).expect("every byte can be spelled");
    assert!(
        tokens.iter().any(|token| token.text.contains('‹')),
        "split characters show their bytes: {tokens:?}"
    );
    for token in &tokens {
        assert!(text.get(token.span.clone()).is_some(), "{token:?} covers whole characters");
    }
}

#[test]
fn white_space_is_shown() {
    let token = Token { id: 0, text: " a\n\t\u{7}".into(), span: 0..0 };
    assert_eq!(token.shown(), "·a⏎⇥\\u{7}");
}

#[test]
fn every_weight_knows_its_source() {
    let model = open(&fixtures().join("llama-f16-sharded"));
    let info = model.tensors().iter().find(|info| info.name == "blocks.0.attn.W_Q").expect("a query matrix");
    assert_eq!(info.source_name, "model.layers.0.self_attn.q_proj.weight");
    assert!(info.file.extension().is_some_and(|ending| ending == "safetensors"));
    assert!(model.weight_bytes() < 3 * model.parameters(), "half precision stays half precision");
}
