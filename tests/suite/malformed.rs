//! Contract: a broken model is a clear error that names the file and the first thing wrong; never a panic.

use crate::files::write;
use crate::parity::fixtures;
use mnemoscope::engine::{self, Job, Prompt, RunError, RunOptions};
use mnemoscope::model::Model;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A copy of a small model, to be broken.
fn victim() -> (TempDir, PathBuf, PathBuf) {
    victim_of("gpt2-one-head-one-layer")
}

fn victim_of(name: &str) -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let (config, weights) = (folder.path().join("config.json"), folder.path().join("model.safetensors"));
    let source = fixtures().join(name);
    write(&config, std::fs::read(source.join("config.json")).expect("a fixture"));
    write(&weights, std::fs::read(source.join("model.safetensors")).expect("a fixture"));
    (folder, config, weights)
}

#[track_caller]
fn error_of(path: &Path, words: &[&str]) {
    let error = Model::open(path).expect_err("a broken model");
    let text = format!("{error} ({})", error.hint().unwrap_or_default());
    for word in words {
        assert!(text.contains(word), "`{text}` does not say `{word}`");
    }
    assert!(!text.contains('\n'), "one line: {text}");
}

/// Changes `config.json` by one key.
fn with_key(config: &Path, key: &str, value: serde_json::Value) {
    let mut map: serde_json::Value =
        serde_json::from_slice(&std::fs::read(config).expect("a config")).expect("JSON");
    map[key] = value;
    write(config, map.to_string().as_bytes());
}

#[test]
fn missing_things_are_named() {
    error_of(Path::new("/no/such/model"), &["/no/such/model", "check the path"]);
    let (folder, config, weights) = victim();
    std::fs::remove_file(&config).expect("removed");
    error_of(folder.path(), &["no config.json", "config.json beside"]);
    let (folder, _, _) = victim();
    std::fs::remove_file(folder.path().join("model.safetensors")).expect("removed");
    error_of(folder.path(), &["no weights", "model.safetensors"]);
    write(&weights.with_extension("txt"), b"");
    error_of(&weights.with_extension("txt"), &["no model file"]);
}

#[test]
fn an_unknown_architecture_is_named_with_those_we_know() {
    let (folder, config, _) = victim();
    with_key(&config, "architectures", serde_json::json!(["MambaForCausalLM"]));
    with_key(&config, "num_experts", serde_json::json!(8));
    error_of(folder.path(), &["could not be inferred", "num_experts"]);
    error_of(folder.path(), &["MambaForCausalLM", "gpt2", "llama", "config.json"]);
}

#[test]
fn nonsense_in_the_config_is_named() {
    for (key, value, word) in [
        ("n_head", serde_json::json!(0), "n_head"),
        ("n_head", serde_json::json!(7), "divisor"),
        ("n_embd", serde_json::json!("wide"), "n_embd"),
        ("n_layer", serde_json::json!(1e18), "n_layer"),
        ("layer_norm_epsilon", serde_json::json!(-1.0), "layer_norm_epsilon"),
        ("activation_function", serde_json::json!("zap"), "activation_function"),
    ] {
        let (folder, config, _) = victim();
        with_key(&config, key, value);
        error_of(folder.path(), &[word, "config.json"]);
    }
    let (folder, config, _) = victim();
    write(&config, b"[1, 2");
    error_of(folder.path(), &["not a JSON object"]);
}

#[test]
fn tensors_that_do_not_fit_are_named() {
    let (folder, config, _) = victim();
    with_key(&config, "n_inner", serde_json::json!(999));
    error_of(folder.path(), &["mlp.c_fc.weight", "999", "expected", "different models"]);
    let (folder, config, _) = victim();
    with_key(&config, "n_layer", serde_json::json!(5));
    error_of(folder.path(), &["h.1.", "is missing"]);
}

/// The fixture's weight file with its header rewritten.
fn with_header(weights: &Path, change: impl Fn(String) -> String) {
    let bytes = std::fs::read(weights).expect("a fixture");
    let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let text = change(String::from_utf8(bytes[8..8 + header].to_vec()).expect("JSON"));
    let mut broken = (text.len() as u64).to_le_bytes().to_vec();
    broken.extend(text.as_bytes());
    broken.extend(&bytes[8 + header..]);
    write(weights, &broken);
}

#[test]
fn broken_safetensors_are_refused() {
    let whole =
        std::fs::read(fixtures().join("gpt2-one-head-one-layer/model.safetensors")).expect("a fixture");
    let mut huge = whole.clone();
    huge[..8].copy_from_slice(&(1_u64 << 60).to_le_bytes());
    for broken in [&whole[..whole.len() - 1], &whole[..100], &whole[..7], b"".as_slice(), &huge] {
        let (folder, _, weights) = victim();
        write(&weights, broken);
        error_of(folder.path(), &["not a sound safetensors file", "model.safetensors"]);
    }
    let (folder, _, weights) = victim();
    with_header(&weights, |header| header.replacen("F32", "I32", 1));
    error_of(folder.path(), &["I32", "F32, F16 or BF16"]);
    // One number, as the corner of a cube in a thousand dimensions
    let (folder, _, weights) = victim();
    let header = format!(r#"{{"x":{{"dtype":"F32","shape":[{}1],"data_offsets":[0,4]}}}}"#, "1,".repeat(999));
    write(&weights, [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &[0; 4]].concat());
    error_of(folder.path(), &["tensor `x` has 1000 dimensions"]);
}

#[test]
fn a_header_of_odd_length_still_opens() {
    let (folder, _, weights) = victim();
    with_header(&weights, |header| header + " ");
    Model::open(folder.path()).expect("unaligned tensors are copied to where they can be read");
}

#[test]
fn a_shard_that_is_not_there_is_named() {
    let (folder, _, weights) = victim();
    std::fs::remove_file(&weights).expect("removed");
    let index = folder.path().join("model.safetensors.index.json");
    write(&index, br#"{"weight_map": {"wte.weight": "model-00001-of-00002.safetensors"}}"#);
    error_of(folder.path(), &["model-00001-of-00002.safetensors", "not there"]);
    write(&index, br#"{"weight_map": {"wte.weight": "../../etc/passwd"}}"#);
    error_of(folder.path(), &["leads out of the folder"]);
}

#[test]
fn a_target_that_begins_outside_the_vocabulary_is_refused() {
    let folder = crate::parity::with_config(&fixtures().join("seq2seq/t5-bare"), "config.json");
    with_key(&folder.path().join("config.json"), "decoder_start_token_id", serde_json::json!(1_048_576));
    let model = Model::open(folder.path()).expect("the number alone is sound");
    let outcome =
        engine::run(&model, &Prompt::Ids(vec![1, 2]), &RunOptions::default(), &Job::new(), &mut |_| {});
    assert_eq!(outcome.err(), Some(RunError::OutOfRange { id: 1_048_576, vocab: 97 }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// No mutation panics, aborts or allocates without bound; what opens must also run.
    #[test]
    fn mutated_weights_never_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let (folder, _, weights) = victim();
        let mut bytes = std::fs::read(&weights).expect("a fixture");
        let header = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        for (at, value) in edits {
            bytes[at.index(header)] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(header + 64));
        }
        write(&weights, &bytes);
        if let Ok(model) = Model::open(folder.path()) {
            crate::parity::run_ids(&model, &[1, 2]);
        }
    }

    #[test]
    fn mutated_configs_never_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let (folder, config, _) = victim();
        let mut bytes = std::fs::read(&config).expect("a fixture");
        for (at, value) in edits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        write(&config, &bytes);
        if let Ok(model) = Model::open(folder.path()) {
            crate::parity::run_ids(&model, &[1, 2]);
        }
    }

    /// Other numbers, words and lists under the keys of families that read many of them.
    #[test]
    fn odd_values_in_configs_never_panic(
        which in 0..VICTIMS.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0..ODD.len()), 1..3),
    ) {
        let (folder, config, _) = victim_of(VICTIMS[which]);
        let bytes = std::fs::read(&config).expect("a fixture");
        let mut map: serde_json::Map<_, _> = serde_json::from_slice(&bytes).expect("an object");
        let keys: Vec<String> = map.keys().cloned().collect();
        for (key, value) in edits {
            map[&keys[key.index(keys.len())]] = serde_json::from_str(ODD[value]).expect("JSON");
        }
        write(&config, serde_json::to_vec(&map).expect("JSON"));
        if let Ok(model) = Model::open(folder.path()) {
            let prompt = Prompt::Ids(vec![1, 2, 3, 4]);
            let outcome = engine::run(&model, &prompt, &RunOptions::default(), &Job::new(), &mut |_| {});
            // A context of fewer tokens is a sound one
            prop_assert!(matches!(outcome, Ok(_) | Err(RunError::TooLong { .. })), "{:?}", outcome.err());
        }
    }
}

const VICTIMS: &[&str] = &[
    "albert-bare",
    "deberta-mlm",
    "deberta-v3-mlm",
    "electra-discriminator",
    "modernbert-class",
    "mpnet-bare",
    "roberta-tags",
];
const ODD: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "5",
    "4096",
    "1048576",
    "99999999999",
    "-1",
    "1e30",
    "0.5",
    "true",
    "null",
    "\"c2p\"",
    "[]",
    "{}",
];
