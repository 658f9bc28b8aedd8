//! Contract: classes, settings and GGUF architectures that are rare, and prompts longer than a model was made for, equal
//! Transformers.

use crate::files::write;
use crate::parity::{Expected, fixtures, folders_in, none, open, told_of, with_config};
use crate::traces::{place, read, same, save};
use mnemoscope::engine::{self, Job, LogitRows, Prompt, RunOptions};
use mnemoscope::model::{HeadSpec, Hook, Model, Pooling, SentenceHead};
use mnemoscope::trace::Trace;
use std::path::Path;
use std::process::Command;

fn run(model: &Model, expected: &Expected) -> Trace {
    let target = model.spec().encoder.as_ref().map(|_| Prompt::Ids(expected.ids("target")));
    let options = RunOptions { target, logits: LogitRows::All, ..RunOptions::default() };
    engine::run(model, &Prompt::Ids(expected.ids("tokens")), &options, &Job::new(), &mut |_| {})
        .expect("the run succeeds")
}

/// What differs of patterns (absolute) and of everything else (by its spread), one line each.
fn problems(folder: &Path) -> Vec<String> {
    let place = folder.file_name().expect("a name").to_string_lossy().into_owned();
    let expected = Expected::read(&folder.join("expected.safetensors"));
    let model = open(folder);
    let trace = run(&model, &expected);
    let (mut found, mut patterns) = (Vec::new(), 0);
    for hook in [Hook::Pattern, Hook::ResidPre, Hook::Projected, Hook::Logits] {
        for layer in 0..if hook.per_layer() { trace.n_layers() } else { 1 } {
            let name = model.spec().hook_name(hook, layer);
            let Some((_, values)) = expected.floats(&name) else { continue };
            let own = trace.activation(&model.network, hook, layer).expect("an activation that exists").data;
            assert_eq!(own.len(), values.len(), "{place}: {name}");
            let off = own.iter().zip(&values).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            let spread =
                (values.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / values.len() as f32).sqrt();
            let (off, most) = if hook == Hook::Pattern { (off, 2e-5) } else { (off / spread, 1e-4) };
            patterns += usize::from(hook == Hook::Pattern);
            if off.is_nan() || off > most {
                found.push(format!("{place}: {name} differs by {off:e}"));
            }
        }
    }
    assert_eq!(patterns, trace.n_layers(), "{place}: a pattern of every block");
    found
}

#[test]
fn rare_classes_and_settings_equal_transformers() {
    let folders = folders_in(&fixtures().join("unusual"), "expected.safetensors");
    assert!(folders.len() >= 20);
    none(&folders.iter().flat_map(|folder| problems(folder)).collect::<Vec<_>>());
}

/// Files that the `gguf` package wrote, under its own names.
#[test]
fn rare_architectures_of_gguf_equal_transformers() {
    let folders = folders_in(&fixtures().join("gguf-small"), "expected.safetensors");
    assert!(folders.len() >= 20, "only {} files", folders.len());
    none(&folders.iter().flat_map(|folder| problems(folder)).collect::<Vec<_>>());
}

#[test]
fn a_gguf_says_how_a_texts_vector_is_made() {
    for (name, pooling) in
        [("modern-bert", Pooling::First), ("nomic-bert", Pooling::Mean), ("gemma-embedding", Pooling::Mean)]
    {
        let model = open(&fixtures().join("gguf-small").join(name));
        let head = SentenceHead { pooling, unit: false };
        assert_eq!(model.spec().head, HeadSpec::Sentence(head), "{name}");
    }
}

/// Beside pictures, a text model's settings stand in a configuration of their own.
#[test]
fn settings_of_a_text_model_beside_pictures_are_read_where_they_stand() {
    let original = fixtures().join("unusual/gemma3-both-ways");
    let copy = with_config(&original, "config.json");
    let text: serde_json::Value =
        serde_json::from_slice(&std::fs::read(original.join("config.json")).expect("readable"))
            .expect("JSON");
    assert_eq!(text["attention_bias"], true);
    let beside = serde_json::json!({
        "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3", "text_config": text,
    });
    write(&copy.path().join("config.json"), beside.to_string().as_bytes());
    none(&problems(copy.path()));
}

/// Half a pair of dimensions turns nothing.
#[test]
fn a_rotary_part_that_leaves_half_a_pair_is_refused() {
    for fixture in ["stablelm-odd", "phi-odd"] {
        let original = fixtures().join(fixture);
        let dims = open(&original).spec().blocks[0].attention.head_dim;
        let copy = with_config(&original, "config.json");
        let file = copy.path().join("config.json");
        let text = std::fs::read(&file).expect("readable");
        let mut config: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        let part = serde_json::json!(3.01 / dims as f64);
        config["partial_rotary_factor"] = part.clone();
        if config["rope_parameters"].is_object() {
            config["rope_parameters"]["partial_rotary_factor"] = part;
        }
        write(&file, config.to_string());
        let error = Model::open(copy.path()).expect_err("three dimensions turn").to_string();
        assert!(error.contains("partial_rotary_factor") && error.contains("even"), "{fixture}: {error}");
    }
}

/// What Transformers calls the last hidden state, where that is projected onto the embeddings' width.
#[test]
fn a_bare_model_ends_as_transformers_ends_it() {
    let folder = fixtures().join("unusual/opt-narrow-bare");
    let expected = Expected::read(&folder.join("expected.safetensors"));
    let (shape, _) = expected.floats("hook_projected").expect("what the fixture is for");
    let model = open(&folder);
    assert!(model.network.weights.unused().is_empty(), "{:?}", model.network.weights.unused());
    let own = run(&model, &expected).activation(&model.network, Hook::Projected, 0).expect("its last state");
    assert_eq!(own.shape, shape);
    assert_ne!(shape[1], model.spec().width);
}

#[test]
fn their_runs_are_saved_and_opened_again() {
    for folder in folders_in(&fixtures().join("unusual"), "expected.safetensors") {
        let expected = Expected::read(&folder.join("expected.safetensors"));
        let trace = run(&open(&folder), &expected);
        let (_here, file) = place();
        save(&trace, &file);
        let found = read(&file).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        same(&found, &trace, 2e-5);
        assert_eq!(found.beyond(), trace.beyond());
    }
}

#[test]
fn a_text_beyond_what_the_model_was_made_for_says_so() {
    for folder in folders_in(&fixtures().join("unusual"), "expected.safetensors") {
        let expected = Expected::read(&folder.join("expected.safetensors"));
        let beyond = run(&open(&folder), &expected).beyond();
        let longer = folder.to_string_lossy().ends_with("-beyond");
        let told = beyond.map(|beyond| (beyond.found, beyond.made_for));
        assert_eq!(told, longer.then_some((13, 8)), "{}", folder.display());
    }
    let program = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
        command.arg("run").arg(fixtures().join("unusual/llama-beyond"));
        let output = command
            .args(["--ids", "5 6 7 8 9 10 11 12 13", "--json"])
            .args(arguments)
            .output()
            .expect("runs");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a JSON object");
        (json, String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let (json, told) = program(&[]);
    assert!(told.contains("9 tokens") && told.contains("made for 8"), "{told}");
    assert_eq!((json["tokens"].as_array().map(Vec::len), json["made_for"].as_u64()), (Some(9), Some(8)));
    let (json, told) = program(&["--cut"]);
    assert!(!told.contains("made for"), "{told}");
    assert_eq!((json["tokens"].as_array().map(Vec::len), json["made_for"].as_u64()), (Some(8), None));
}

#[test]
fn a_class_that_is_not_known_opens_as_what_it_stands_on() {
    for (name, class, base) in [
        ("bert-next-sentence", "BertForNextSentencePrediction", "BertModel"),
        ("t5-tags", "T5ForTokenClassification", "T5EncoderModel"),
    ] {
        let copy = with_config(&fixtures().join("unusual").join(name), "config.json");
        let text = std::fs::read_to_string(copy.path().join("config.json")).expect("readable");
        let (stem, _) = class.split_once("For").expect("a class with a head");
        let other = format!("{stem}ForWhatNobodyKnows");
        write(&copy.path().join("config.json"), text.replace(class, &other).as_bytes());
        let model = open(copy.path());
        let told = told_of(&model);
        assert!(told.contains(&format!("`{other}` is not known: opened as `{base}`")), "{told}");
        assert!(!model.network.weights.unused().is_empty());
    }
}
