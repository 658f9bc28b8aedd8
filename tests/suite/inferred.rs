//! Contract: a model whose class nobody knows opens by its keys, names and shapes where they are as usual, says so, and
//! then computes exactly what its family's file would; where they are not, the first thing that did not fit is named.
//! Nothing in between: no fixture opens with other numbers, but for two whose files nothing tells from Llama's; what was
//! assumed of their rotary is said.

use crate::files::{copy_of, write};
use crate::parity::{Expected, fixtures, folders_in, open, run_ids, told_of};
use mnemoscope::model::{HeadSpec, Model};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Their rotary turns neighbours, of which no key, name or shape speaks.
const UNTOLD: [&str; 2] = ["ernie45-odd", "helium-bare"];

/// A copy of a model that claims to be of a class that nobody knows.
fn hidden(folder: &Path) -> tempfile::TempDir {
    let copy = copy_of(folder);
    let file = copy.path().join("config.json");
    let text = std::fs::read(&file).expect("a configuration");
    let mut config: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let bare = open(folder).spec().head == HeadSpec::None;
    config["architectures"] = serde_json::json!([if bare { "NobodysModel" } else { "NobodysForCausalLM" }]);
    config["model_type"] = serde_json::json!("nobodys");
    write(&file, config.to_string());
    copy
}

/// Numbers that differ between two models that should be the same.
fn apart(known: &Model, inferred: &Model, ids: &[u32]) -> bool {
    let (a, b) = (run_ids(known, ids), run_ids(inferred, ids));
    let heads = || a.head_ids().flat_map(|head| a.pattern(head).row(ids.len() - 1));
    let others = || b.head_ids().flat_map(|head| b.pattern(head).row(ids.len() - 1));
    a.resid(a.n_layers()) != b.resid(b.n_layers()) || a.logits != b.logits || heads().ne(others())
}

#[test]
fn hidden_families_are_inferred_exactly_or_refused() {
    let mut families: BTreeMap<String, bool> = BTreeMap::new();
    let mut refused = BTreeSet::new();
    let folders = folders_in(&fixtures(), "expected.safetensors");
    for folder in folders.into_iter().filter(|folder| folder.join("config.json").is_file()) {
        let known = open(&folder);
        let decodes = known.spec().is_causal() && known.spec().encoder.is_none();
        let family = known.spec().family.clone();
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let copy = hidden(&folder);
        let equal = match Model::open(copy.path()) {
            Ok(model) => {
                let said = |word: &str| told_of(&model).contains(word);
                assert!(
                    said("inferred") && said("NobodysModel") | said("NobodysForCausalLM"),
                    "{name} was silent"
                );
                let ids = Expected::read(&folder.join("expected.safetensors")).ids("tokens");
                let untold = UNTOLD.contains(&name.as_str());
                let apart = apart(&known, &model, &ids);
                assert_eq!(apart, untold, "{name} was inferred otherwise: {:?}", model.warnings);
                assert!(!untold || said("assumed: rotary"), "{name}: {:?}", model.warnings);
                !untold
            }
            Err(error) => {
                assert!(error.to_string().contains("could not be inferred"), "{name}: {error}");
                refused.insert(name);
                false
            }
        };
        if decodes {
            *families.entry(family).or_default() |= equal;
        }
    }
    let right: Vec<_> =
        families.iter().filter(|(_, equal)| **equal).map(|(family, _)| family.as_str()).collect();
    assert!(2 * right.len() >= families.len(), "only {right:?} of {:?}", families.keys());
    assert!(refused.contains("mixtral-odd"), "experts need a family of their own");
}

/// Names that say so, and factors that nothing here reads: with them as with settings of experts, other numbers would be
/// silent.
#[test]
fn what_would_be_computed_otherwise_is_refused() {
    for (class, key, value, word) in [
        ("NobodysForMaskedLM", "is_decoder", serde_json::json!(false), "both ways"),
        ("NobodyBertModel", "is_decoder", serde_json::json!(false), "both ways"),
        ("NobodysForCausalLM", "is_causal", serde_json::json!(false), "both ways"),
        ("NobodysForCausalLM", "use_bidirectional_attention", serde_json::json!(true), "both ways"),
        ("NobodysForCausalLM", "scale_emb", serde_json::json!(12), "scale_emb"),
        ("NobodysForCausalLM", "lm_head_multiplier", serde_json::json!(0.5), "lm_head_multiplier"),
        (
            "NobodysForCausalLM",
            "router_logit_softcapping",
            serde_json::json!(30.0),
            "router_logit_softcapping",
        ),
        ("NobodysForCausalLM", "attention_chunk_size", serde_json::json!(5), "attention_chunk_size"),
        (
            "NobodysForCausalLM",
            "rope_scaling",
            serde_json::json!({ "llama_4_scaling_beta": 0.1 }),
            "position",
        ),
    ] {
        let copy = hidden(&fixtures().join("llama-gqa"));
        let file = copy.path().join("config.json");
        let text = std::fs::read(&file).expect("a configuration");
        let mut config: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        config["architectures"] = serde_json::json!([class]);
        config.as_object_mut().expect("an object").remove("rope_parameters").expect("rotary");
        config["rope_theta"] = serde_json::json!(10_000.0);
        Model::open(copy.path()).expect("without it the model is inferred");
        config[key] = value;
        write(&file, config.to_string());
        let error = Model::open(copy.path()).expect_err(key).to_string();
        assert!(error.contains("could not be inferred") && error.contains(word), "{key}: {error}");
    }
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for (fixture, key, value, word) in [
        ("gptj-bare", "rotary_dim", serde_json::json!(64), "head_dim"),
        ("qwen3-odd", "num_attention_heads", serde_json::json!(7), "7 heads"),
        ("gpt2-odd", "n_head", serde_json::json!(16_000_000), "heads"),
        ("phi3-odd", "head_dim", serde_json::json!(16_777_216), "16777216"),
        ("opt-odd", "word_embed_proj_dim", serde_json::json!(12), "word_embed_proj_dim"),
        ("llama-yarn-rope", "rope_parameters", serde_json::json!({ "rope_type": "spiral" }), "spiral"),
        ("qwen3-odd", "rope_parameters", serde_json::json!(null), "positions"),
    ] {
        let copy = hidden(&fixtures().join(fixture));
        let file = copy.path().join("config.json");
        let text = std::fs::read(&file).expect("a configuration");
        let mut config: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        config[key] = value;
        write(&file, config.to_string());
        let error = Model::open(copy.path()).expect_err(fixture).to_string();
        assert!(error.contains("could not be inferred") && error.contains(word), "{fixture}: {error}");
    }
}
