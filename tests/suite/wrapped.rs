//! Contract: a model opens although a training program put words before its names or kept it among other things, and
//! although its settings are written as Python writes them.

use crate::files::{copy_of, write};
use crate::parity::{Expected, compare, fixtures, none, run_ids};
use mnemoscope::engine::{self, Job, ModelSource};
use mnemoscope::model::{LoadError, Model};
use safetensors::SafeTensors;
use std::path::Path;

const PLAIN: &str = "gpt2-one-head-one-layer";

fn check(model: &Model, what: &str) {
    let expected = Expected::read(&fixtures().join(PLAIN).join("expected.safetensors"));
    none(&compare(model, &run_ids(model, &expected.ids("tokens")), &expected, what));
}

fn open(folder: &Path) -> Model {
    Model::open(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
}

#[test]
fn words_before_names_are_passed_over() {
    let here = copy_of(&fixtures().join(PLAIN));
    let weights = here.path().join("model.safetensors");
    let bytes = std::fs::read(&weights).expect("a fixture");
    let tensors = SafeTensors::deserialize(&bytes).expect("sound safetensors");
    let rest = tensors.tensors().into_iter().next().expect("a tensor").1;
    for before in ["model.", "net.module.", "module._orig_mod.model."] {
        let named = tensors.tensors().into_iter().map(|(name, view)| (format!("{before}{name}"), view));
        // Lightning keeps what its losses and metrics hold beside the model
        let all = named.chain([("loss.weight".to_owned(), rest.clone())]);
        write(&weights, safetensors::serialize(all, None).expect("bytes"));
        check(&open(here.path()), before);
    }
    let half = tensors.tensors().into_iter().skip(1).map(|(name, view)| (format!("model.{name}"), view));
    write(&weights, safetensors::serialize(half, None).expect("bytes"));
    let error = Model::open(here.path()).expect_err("one is missing");
    assert!(matches!(error, LoadError::Missing { .. }), "{error}");
}

/// The fixture keeps its tensors under a key that is well known; another word of as many letters stands in for it.
#[test]
fn a_model_is_found_under_any_key() {
    let here = copy_of(&fixtures().join(PLAIN));
    std::fs::remove_file(here.path().join("model.safetensors")).expect("its weights");
    let file = fixtures().join("containers").join(format!("{PLAIN}@nested.pth"));
    let bytes = std::fs::read(file).expect("a fixture");
    let swapped = |word: &[u8], by: &[u8]| {
        let at = bytes.windows(word.len()).position(|part| part == word).expect("the key");
        let mut bytes = bytes.clone();
        bytes[at..at + by.len()].copy_from_slice(by);
        write(&here.path().join("pytorch_model.bin"), bytes);
        Model::open(here.path())
    };
    check(&swapped(b"state_dict", b"my_weights").expect("any key"), "another key");
    let error = swapped(b"_rebuild_tensor_v2", b"_rebuild_qtensor\n2").expect_err("a name that is no tensor");
    assert!(matches!(&error, LoadError::Foreign { name, .. } if name == "torch._utils._rebuild_qtensor"));
    assert!(error.hint().is_some_and(|hint| hint.contains("quantised")), "{:?}", error.hint());
}

#[test]
fn settings_as_python_and_windows_write_them() {
    let here = copy_of(&fixtures().join(PLAIN));
    let file = here.path().join("config.json");
    let text = std::fs::read_to_string(&file).expect("a fixture");
    let rest = text.trim_start().strip_prefix('{').expect("an object");
    let odd = r#"{"limits": [0.0, Infinity, -Infinity], "note": "NaN \" Infinity", "x": NaN,"#;
    write(&file, format!("\u{FEFF}{odd}{rest}"));
    check(&open(here.path()), "what is not asked for");
    let odd = text.replace("1e-05", "NaN");
    assert_ne!(odd, text);
    write(&file, odd);
    let error = Model::open(here.path()).expect_err("an epsilon").to_string();
    assert!(error.contains("`layer_norm_epsilon` is \"NaN\""), "{error}");
}

#[test]
fn a_repository_of_the_hubs_cache_opens_by_its_own_folder() {
    let place = tempfile::tempdir().expect("a folder");
    let repository = place.path().join("models--acme--tiny");
    for file in ["config.json", "model.safetensors"] {
        let bytes = std::fs::read(fixtures().join(PLAIN).join(file)).expect("a fixture");
        write(&repository.join("snapshots/abc").join(file), bytes);
    }
    write(&repository.join("refs/main"), b"abc");
    let model = engine::load(&ModelSource::Path(repository), &Job::new()).expect("a snapshot");
    assert_eq!(model.name, "acme/tiny");
    check(&model, "a snapshot");
}

#[test]
fn a_gguf_beside_the_settings_it_was_made_of_opens() {
    let place = tempfile::tempdir().expect("a folder");
    let file = fixtures().join("containers/gpt2-odd.gguf");
    std::fs::copy(file, place.path().join("model-f32.gguf")).expect("a copy");
    std::fs::copy(fixtures().join("gpt2-odd/config.json"), place.path().join("config.json")).expect("a copy");
    assert_eq!(open(place.path()).spec().family, "gpt2");
}

#[test]
fn a_model_whose_tokenizer_is_broken_is_fed_ids() {
    let here = copy_of(&fixtures().join(PLAIN));
    write(&here.path().join("tokenizer.json"), "{");
    let model = open(here.path());
    let [warning] = &model.warnings[..] else { panic!("one word about it: {:?}", model.warnings) };
    let said = warning.to_string();
    assert!(said.contains("cannot be read (EOF") && said.contains("tokenizer.json; feed ids"), "{said}");
    check(&model, "without its tokenizer");
}
