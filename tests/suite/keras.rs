//! Contract: Keras's own Transformer blocks open from every file Keras writes, and every value equals Keras's.

use crate::files::write;
use crate::parity::{fixtures, told_of};
use crate::window::window_on;
use egui_kittest::kittest::Queryable as _;
use mnemoscope::app::settings::Settings;
use mnemoscope::engine::{self, Job, LogitRows, ModelSource, Prompt, RunOptions};
use mnemoscope::model::{HeadSpec, Hook, Model, Outcome, Pooling};
use mnemoscope::trace::Trace;
use proptest::prelude::*;
use safetensors::{SafeTensors, tensor::TensorView};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use strum::IntoEnumIterator as _;

const TOLERANCE: f32 = 1e-5;

fn folder(case: &str) -> PathBuf {
    fixtures().join("keras").join(case)
}

fn numbers(view: &TensorView<'_>) -> Vec<f32> {
    view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn run(model: &Model, ids: &[u32]) -> Trace {
    let options = RunOptions { logits: LogitRows::All, ..RunOptions::default() };
    engine::run(model, &Prompt::Ids(ids.to_vec()), &options, &Job::new(), &mut |_| {})
        .expect("the run succeeds")
}

/// What the model's last layer gives, its softmax or sigmoid included.
fn answer(model: &Model, trace: &Trace, spec: &HeadSpec) -> Vec<f32> {
    let HeadSpec::Classes(head) = spec else {
        return trace.activation(&model.network, Hook::Logits, 0).expect("logits").data;
    };
    let in_order = |row: &Vec<mnemoscope::trace::Candidate>| {
        let mut row = row.clone();
        row.sort_by_key(|class| class.id);
        // A single sigmoid is the probability of the second of two classes
        let one = head.outcome == Outcome::AnyOf && head.outputs(model.spec().width) == 1;
        row.into_iter().skip(usize::from(one)).map(|class| class.p).collect::<Vec<_>>()
    };
    trace.classes.iter().flat_map(in_order).collect()
}

/// Opens one file and compares every activation that Keras computed.
fn compare(file: &Path) -> Model {
    compare_with(file, &file.with_file_name("expected.safetensors"))
}

fn compare_with(file: &Path, expected: &Path) -> Model {
    let place = file.display();
    let model = Model::open(file).unwrap_or_else(|error| panic!("{place}: {error}"));
    let bytes = std::fs::read(expected).expect("a fixture");
    let expected = SafeTensors::deserialize(&bytes).expect("sound safetensors");
    let tokens = expected.tensor("tokens").expect("tokens");
    let ids: Vec<u32> =
        tokens.data().as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes) as u32).collect();
    let trace = run(&model, &ids);
    let mut compared = 0;
    for hook in Hook::iter().filter(|&hook| hook != Hook::Tokens) {
        for layer in 0..if hook.per_layer() { trace.n_layers() } else { 1 } {
            let name = model.spec().hook_name(hook, layer);
            let Ok(view) = expected.tensor(&name) else { continue };
            let found = trace.activation(&model.network, hook, layer).expect("an activation that exists");
            assert_eq!(found.shape.iter().product::<usize>(), view.data().len() / 4, "{place}: {name}");
            let values = numbers(&view);
            let size = values.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
            let apart = found.data.iter().zip(&values).map(|(a, b)| (a - b).abs() / size).fold(0.0, f32::max);
            assert!(apart <= TOLERANCE, "{place}: {name} differs by {apart:e}");
            compared += 1;
        }
    }
    let blocks = expected.names().iter().filter(|name| name.ends_with("hook_pattern")).count();
    assert_eq!(trace.n_layers(), blocks, "{place}");
    assert!(compared >= 9 * blocks, "{place}: only {compared} activations compared");
    let view = expected.tensor("answer").expect("an answer");
    let found = answer(&model, &trace, &model.spec().head);
    let values = numbers(&view);
    assert_eq!(found.len(), values.len(), "{place}: answer");
    let size = values.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
    let apart = found.iter().zip(&values).map(|(a, b)| (a - b).abs() / size).fold(0.0, f32::max);
    assert!(apart <= TOLERANCE, "{place}: answer differs by {apart:e}");
    model
}

#[test]
fn every_layer_of_every_file_equals_keras() {
    let mut opened = 0;
    for case in std::fs::read_dir(fixtures().join("keras")).expect("fixtures are committed") {
        for file in std::fs::read_dir(case.expect("readable").path()).expect("a folder") {
            let file = file.expect("readable").path();
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            // What these do not say, the examples would say otherwise; they have a test of their own
            let silent = file.parent().is_some_and(|folder| folder.ends_with("functional"))
                && name.contains("weights");
            let model = ["keras", "h5"].iter().any(|ending| name.ends_with(ending));
            if model && !silent {
                compare(&file);
                opened += 1;
            }
        }
    }
    assert!(opened >= 27, "only {opened} files");
}

/// Eleven blocks in a user's layer by their structure alone, as `save_weights` leaves them.
#[test]
fn weights_without_their_configuration_equal_keras() {
    let whole = File::open(folder("nested").join("model.keras")).expect("a fixture");
    let mut archive = zip::ZipArchive::new(whole).expect("a zip");
    let here = tempfile::tempdir().expect("a folder");
    let file = here.path().join("model.weights.h5");
    let place = archive.index_for_name("model.weights.h5").expect("its weights");
    let packed = archive.by_index_raw(place).expect("a readable entry");
    let mut weights = flate2::read::DeflateDecoder::new(packed);
    std::io::copy(&mut weights, &mut File::create(&file).expect("a file")).expect("a copy");
    compare_with(&file, &folder("nested").join("expected.safetensors"));
}

#[test]
fn what_a_file_does_not_say_is_told() {
    let model = Model::open(&folder("classify").join("model.keras")).expect("a fixture");
    let told = told_of(&model);
    for words in ["taken for granted", "ReLU between the dense layers", "norms behind each sum", "1e-6"] {
        assert!(told.contains(words), "`{words}` is not in: {told}");
    }
    // Its configuration says all of that
    let model = Model::open(&folder("functional").join("model.keras")).expect("a fixture");
    assert!(!told_of(&model).contains("taken for granted"), "{:?}", model.warnings);
    assert_eq!(model.spec().blocks[1].ln2.map(|norm| norm.eps), Some(1e-5));
    assert_eq!(model.spec().blocks[1].attention.value_dim, Some(3));
}

/// The numbers themselves are compared with Keras's in the test of all files.
#[test]
fn a_users_own_words_for_a_block_are_read() {
    let model = Model::open(&folder("own-words").join("model.keras")).expect("a fixture");
    let told = told_of(&model);
    for words in ["between the dense layers", "norms behind each sum", "norms have an ε"] {
        assert!(!told.contains(words), "`{words}` is said in its own configuration: {told}");
    }
}

#[test]
fn an_order_that_nothing_tells_is_told() {
    let told = told_of(&Model::open(&folder("mixed").join("model.keras")).expect("a fixture"));
    assert!(told.contains("blocks in the order of their names: first/att, later/layers/"), "{told}");
    let told = told_of(&Model::open(&folder("nested").join("model.keras")).expect("a fixture"));
    assert!(!told.contains("the order of their names"), "eleven of one kind, by number: {told}");
}

#[test]
fn what_a_users_own_block_hides_can_be_said_beside_it() {
    let here = tempfile::tempdir().expect("a folder");
    let file = here.path().join("model.keras");
    for case in ["own-told", "own-hidden"] {
        std::fs::copy(folder(case).join("model.keras"), &file).expect("a copy");
        let model = Model::open(&file).expect("a fixture");
        let (block, told) = (&model.spec().blocks[0], told_of(&model));
        let own = (block.attention.causal, block.ln2.map(|norm| norm.eps), told.contains("ReLU"));
        let expected = if case == "own-told" { (true, Some(0.01), false) } else { (false, Some(1e-6), true) };
        assert_eq!(own, expected, "{case}: {told}");
        assert!(told.contains("mnemoscope.json beside the file"), "{told}");
    }
    // With the fixture's own words about it every number is Keras's: see the test of all files
    let said = |json: &[u8]| {
        write(&here.path().join("mnemoscope.json"), json);
        Model::open(&file)
    };
    let sound = said(br#"{"activation": "gelu", "epsilon": 0.01, "causal": true, "norm_first": false}"#);
    assert!(!told_of(&sound.expect("sound")).contains("taken for granted"));
    for (json, word) in [
        (&br#"{"activation": "zap"}"#[..], "`zap`"),
        (br#"{"epsilon": 7}"#, "epsilon"),
        (br#"{"epsilom": 0.1}"#, "epsilom"),
        (br#"{"causal": "#, "mnemoscope.json"),
    ] {
        let error = said(json).expect_err(word).to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn padding_that_is_masked_is_refused() {
    let mut model = Model::open(&folder("classify").join("model.keras")).expect("a fixture");
    let prompt = Prompt::Ids(vec![3, 5, 0]);
    let run = |model: &Model| engine::run(model, &prompt, &RunOptions::default(), &Job::new(), &mut |_| {});
    run(&model).expect("this model sees its padding");
    // As `mask_zero=True` makes it
    model.masked = Some(0);
    let error = run(&model).expect_err("padding");
    assert_eq!(error.to_string(), "token 2 is padding (id 0), which this model masks");
}

/// A sum with positions, which mask nothing, drops the mask in Keras 3 (as `compare` holds) and keeps it in Keras 2.
#[test]
fn what_a_sum_makes_of_a_mask_is_told_by_the_version() {
    let file = folder("padded").join("model.keras");
    assert_eq!(Model::open(&file).expect("a fixture").masked, None);
    let here = tempfile::tempdir().expect("a folder");
    let older = here.path().join("model.keras");
    let mut old = zip::ZipArchive::new(File::open(&file).expect("a fixture")).expect("a zip");
    let mut new = zip::ZipWriter::new(File::create(&older).expect("a file"));
    let names: Vec<String> = old.file_names().map(|name| name.expect("a sound name").into_owned()).collect();
    for name in names {
        let place = old.index_for_name(&name).expect("an entry");
        let mut bytes = Vec::new();
        let packed = old.by_index_raw(place).expect("a readable entry");
        flate2::read::DeflateDecoder::new(packed).read_to_end(&mut bytes).expect("sound");
        if name == "metadata.json" {
            bytes = br#"{"keras_version": "2.15.0"}"#.to_vec();
        }
        let stored =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        new.start_file(name, stored).expect("an entry");
        new.write_all(&bytes).expect("written");
    }
    new.finish().expect("a whole file");
    assert_eq!(Model::open(&older).expect("it opens").masked, Some(0));
}

#[test]
fn layers_are_found_without_a_configuration() {
    let model = Model::open(&folder("functional").join("model.weights.h5")).expect("a fixture");
    let told = told_of(&model);
    // Which of five norms is the embedding's cannot be seen in shapes: it is said what was chosen
    assert!(told.contains("norms before each part"), "{told}");
    let HeadSpec::Classes(head) = &model.spec().head else { panic!("{:?}", model.spec().head) };
    assert_eq!((head.pooling, head.outcome), (Pooling::Max, Outcome::AnyOf));
    assert_eq!(model.network.weights.unused(), &[] as &[String]);
}

#[test]
fn text_goes_through_the_models_own_vocabulary_and_is_filled_up_as_it_was_trained() {
    let file = folder("words").join("model.keras");
    let model = compare(&file);
    let bytes = std::fs::read(file.with_file_name("expected.safetensors")).expect("a fixture");
    let expected = SafeTensors::deserialize(&bytes).expect("sound safetensors");
    let tokens = expected.tensor("tokens").expect("tokens");
    let ids: Vec<i64> =
        tokens.data().as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect();
    let text = Prompt::Text("The DOG sat on a zebra.".into());
    let trace = engine::run(&model, &text, &RunOptions::default(), &Job::new(), &mut |_| {}).expect("a run");
    let found: Vec<i64> = trace.tokens.iter().map(|token| i64::from(token.id)).collect();
    assert_eq!(found, ids);
    let shown: Vec<_> = trace.tokens.iter().map(|token| token.text.as_str()).collect();
    assert_eq!(shown, ["the", "dog", "sat", "on", "a", "[UNK]", "‹pad›", "‹pad›"]);
    assert!(told_of(&model).contains("filled up to 8 tokens"), "{:?}", model.warnings);
}

#[test]
fn a_list_of_words_beside_the_file_is_its_vocabulary() {
    let here = tempfile::tempdir().expect("a folder");
    let file = here.path().join("reviews.keras");
    std::fs::copy(folder("classify").join("model.keras"), &file).expect("a copy");
    write(&here.path().join("reviews.vocab.txt"), b"\n[UNK]\ngood\nbad\nfilm\n");
    let model = Model::open(&file).expect("it opens");
    let text = Prompt::Text("A good film!".into());
    let trace = engine::run(&model, &text, &RunOptions::default(), &Job::new(), &mut |_| {}).expect("a run");
    // `pad_sequences` puts padding first, up to the model's nine positions
    assert_eq!(trace.ids(), [0, 0, 0, 0, 0, 0, 1, 2, 4]);
    assert_eq!(run(&model, &[1, 2, 4]).n_tokens(), 3, "ids are run as they are");
}

#[test]
fn a_classifier_over_all_positions_asks_for_all_of_them() {
    let model = Model::open(&folder("nested").join("model.keras")).expect("a fixture");
    let few = Prompt::Ids(vec![1, 2]);
    let error = engine::run(&model, &few, &RunOptions::default(), &Job::new(), &mut |_| {});
    let error = error.expect_err("too few tokens");
    assert!(error.to_string().contains("exactly 5"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("pad")));
}

#[test]
fn broken_files_say_what_is_wrong() {
    let expected = [
        ("huge.weights.h5", "claims more than the file can hold"),
        ("packed.weights.h5", "claims more than the file can hold"),
        ("cyclic.weights.h5", "or in itself"),
        ("no-transformer.weights.h5", "no layer in it is an attention"),
        ("packed.keras", "unpacks to more than it may"),
        ("no-weights.keras", "no `model.weights.h5` in it"),
    ];
    for (name, words) in expected {
        let error = Model::open(&fixtures().join("keras-broken").join(name)).expect_err(name);
        let text = error.to_string();
        assert!(text.contains(words) && text.contains(name) && !text.contains('\n'), "{name}: {text}");
        assert!(error.hint().is_some(), "{name}: no hint");
    }
}

#[test]
fn classes_are_printed_and_shown() {
    let file = folder("words").join("model.keras");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
        command.arg("run").arg(&file).args(["--prompt", "the cat sat", "--quiet"]).args(arguments);
        String::from_utf8(command.output().expect("the binary runs").stdout).expect("UTF-8")
    };
    let json: serde_json::Value = serde_json::from_str(&run(&["--json"])).expect("a JSON object");
    let classes = json["classes"].as_array().expect("classes");
    let p: Vec<f64> = classes.iter().filter_map(|class| class["p"].as_f64()).collect();
    assert_eq!(p.len(), 2);
    assert!(p[0] >= p[1] && (p[0] + p[1] - 1.0).abs() < 1e-6, "{p:?}");
    let best = format!("class {}", classes[0]["id"]);
    assert_eq!(classes[0]["text"], best.as_str());
    let text = run(&[]);
    assert!(text.contains("classes of the prompt") && text.contains(&best), "{text}");

    let settings = Settings { live: false, ..Settings::default() };
    let size = [1280.0, 800.0];
    let window = window_on(ModelSource::Path(file), size, settings, Some("the cat sat"));
    window.get_by_label("CLASSES");
    let shown = window.state().session.trace.as_ref().map(|trace| trace.classes[0][0].text.clone());
    assert_eq!(shown, Some(best));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// No mutation panics, aborts or allocates without bound; what opens must also run.
    #[test]
    fn mutated_files_never_panic(
        which in 0..4_usize,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 1..9_usize), 1..8),
        cut in proptest::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let victims = ["gpt/model.weights.h5", "tagging/model.keras", "keras2-gpt/model.h5", "classify/latest.weights.h5"];
        let source = fixtures().join("keras").join(victims[which]);
        let mut bytes = std::fs::read(&source).expect("a fixture");
        for (at, value, n) in edits {
            let at = at.index(bytes.len());
            let end = (at + n).min(bytes.len());
            bytes[at..end].fill(value);
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let here = tempfile::tempdir().expect("a folder");
        let file = here.path().join(source.file_name().expect("a name"));
        write(&file, &bytes);
        if let Ok(model) = Model::open(&file) {
            let ids: Vec<u32> = (0..3).map(|id| id % model.spec().vocab as u32).collect();
            let _ = engine::run(&model, &Prompt::Ids(ids), &RunOptions::default(), &Job::new(), &mut |_| {});
        }
    }
}

#[test]
fn layers_nested_in_less_usual_ways_equal_keras() {
    for case in ["nested-classifier", "nested-wrapper", "nested-tags", "nested-sequence"] {
        compare(&folder(case).join("model.keras"));
    }
}

/// Nothing that a graph does to the numbers is passed over in silence.
#[test]
fn what_a_graph_does_besides_is_refused_by_name() {
    for (case, word) in [
        ("block-used-twice", "is used 2 times"),
        ("scaled", "`Multiply`"),
        ("rescaling", "`Rescaling`"),
        ("constant-added", "adds something that is no other layer's output"),
        ("activation-between", "`Activation`"),
        ("two-branches", "sums of layers"),
        ("skipped-to-the-end", "sums of layers"),
    ] {
        let file = fixtures().join("keras-refused").join(format!("{case}.keras"));
        let error = Model::open(&file).expect_err(case).to_string();
        assert!(error.contains(word), "{case}: {error}");
    }
}
