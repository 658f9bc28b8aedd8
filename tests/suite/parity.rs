//! Contract: every captured value equals what Hugging Face Transformers computes, for every family and config form.

use crate::files::copy_of;
use mnemoscope::engine::{self, Job, LogitRows, ModelSource, Prompt, RunOptions};
use mnemoscope::model::{Hook, Model, Sampling};
use mnemoscope::trace::Trace;
use safetensors::SafeTensors;
use std::path::{Path, PathBuf};
use strum::IntoEnumIterator as _;

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn folders_with(file: &str) -> Vec<PathBuf> {
    folders_in(&fixtures(), file)
}

/// Every folder below `root` that holds `file`.
pub(crate) fn folders_in(root: &Path, file: &str) -> Vec<PathBuf> {
    let mut folders: Vec<_> = std::fs::read_dir(root)
        .expect("fixtures are committed")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|folder| folder.join(file).is_file())
        .collect();
    folders.sort();
    assert!(!folders.is_empty(), "no fixture has {file}");
    folders
}

pub(crate) fn open(folder: &Path) -> Model {
    Model::open(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
}

/// What was said of a model although it opened, a line each.
pub(crate) fn told_of(model: &Model) -> String {
    model.warnings.iter().fold(String::new(), |all, warning| all + &warning.to_string() + "\n")
}

pub(crate) fn run_ids(model: &Model, ids: &[u32]) -> Trace {
    let options = RunOptions { logits: LogitRows::All, ..RunOptions::default() };
    engine::run(model, &Prompt::Ids(ids.to_vec()), &options, &Job::new(), &mut |_| {})
        .expect("the run succeeds")
}

/// The model inside the program.
pub(crate) fn storyteller() -> Model {
    engine::load(&ModelSource::Embedded, &Job::new()).expect("it is inside")
}

pub(crate) fn run_text(model: &Model, text: &str) -> Trace {
    let prompt = Prompt::Text(text.to_owned());
    engine::run(model, &prompt, &RunOptions::default(), &Job::new(), &mut |_| {}).expect("the run succeeds")
}

/// That model and what it makes of a prompt.
pub(crate) fn storyteller_run(text: &str) -> (Model, Trace) {
    let model = storyteller();
    let trace = run_text(&model, text);
    (model, trace)
}

pub(crate) struct Expected(Vec<u8>);

impl Expected {
    pub(crate) fn read(file: &Path) -> Self {
        Self(std::fs::read(file).expect("a readable file"))
    }
    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.0).expect("sound safetensors")
    }
    pub(crate) fn ids(&self, name: &str) -> Vec<u32> {
        let tensors = self.tensors();
        let view = tensors.tensor(name).expect("ids");
        view.data().as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes) as u32).collect()
    }
    pub(crate) fn floats(&self, name: &str) -> Option<(Vec<usize>, Vec<f32>)> {
        let tensors = self.tensors();
        let view = tensors.tensor(name).ok()?;
        let data = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Some((view.shape().to_vec(), data))
    }
}

/// Largest difference; for anything but weights in units of the expected values' spread.
fn difference(hook: Hook, found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len(), "{hook:?}");
    let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    if hook == Hook::Pattern {
        return largest;
    }
    let mean = expected.iter().sum::<f32>() / expected.len() as f32;
    let variance = expected.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / expected.len() as f32;
    largest / variance.sqrt().max(1e-6)
}

/// What differs, one line for each activation.
pub(crate) fn compare(model: &Model, trace: &Trace, expected: &Expected, place: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut compared = 0;
    for hook in Hook::iter().filter(|&hook| hook != Hook::Tokens) {
        for layer in 0..if hook.per_layer() { trace.n_layers() } else { 1 } {
            let alone = hook.per_layer() && trace.spec.blocks[layer].mlp.is_none();
            if alone
                && matches!(
                    hook,
                    Hook::MlpPre | Hook::MlpPost | Hook::MlpOut | Hook::ResidPost | Hook::NormalizedResidPost
                )
            {
                // The decoder's MLP, and what comes after it, belong to the block with its cross-attention
                continue;
            }
            let name = trace.spec.hook_name(hook, layer);
            let Some((shape, values)) = expected.floats(&name) else { continue };
            let array = trace.activation(&model.network, hook, layer).expect("an activation that exists");
            compared += 1;
            if array.shape != shape {
                problems.push(format!("{place}: {name} is {:?}, not {shape:?}", array.shape));
                continue;
            }
            let difference = difference(hook, &array.data, &values);
            let tolerance = if hook == Hook::Pattern { 1e-5 } else { 1e-4 };
            if difference.is_nan() || difference > tolerance {
                problems.push(format!("{place}: {name} differs by {difference:e}"));
            }
        }
    }
    assert!(compared > 5, "{place}: only {compared} activations compared");
    problems
}

/// A copy of a fixture whose `config.json` is another of its forms.
pub(crate) fn with_config(folder: &Path, form: &str) -> tempfile::TempDir {
    let copy = copy_of(folder);
    std::fs::copy(folder.join(form), copy.path().join("config.json")).expect("a copy");
    copy
}

fn check_folder(folder: &Path, place: &str) -> Vec<String> {
    let expected = Expected::read(&folder.join("expected.safetensors"));
    let model = open(folder);
    let trace = run_ids(&model, &expected.ids("tokens"));
    compare(&model, &trace, &expected, place)
}

#[track_caller]
pub(crate) fn none(problems: &[String]) {
    assert!(problems.is_empty(), "{} differences:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn every_activation_equals_transformers() {
    let folders = folders_with("expected.safetensors");
    let check =
        |folder: &PathBuf| check_folder(folder, &folder.file_name().expect("a name").to_string_lossy());
    none(&folders.iter().flat_map(check).collect::<Vec<_>>());
}

#[test]
fn a_second_segment_has_vectors_of_its_own() {
    let mut problems = Vec::new();
    for folder in folders_with("expected.token_types.safetensors") {
        let expected = Expected::read(&folder.join("expected.token_types.safetensors"));
        let types = expected.ids("token_type_ids");
        let second = types.iter().position(|&kind| kind == 1);
        let model = open(&folder);
        let options = RunOptions { second, logits: LogitRows::All, ..RunOptions::default() };
        let prompt = Prompt::Ids(expected.ids("tokens"));
        let trace = engine::run(&model, &prompt, &options, &Job::new(), &mut |_| {}).expect("a run");
        problems.extend(compare(&model, &trace, &expected, &folder.display().to_string()));
    }
    none(&problems);
}

#[test]
fn every_form_of_config_says_the_same() {
    let mut problems = Vec::new();
    for form in ["config.v4.json", "config.sparse.json"] {
        for folder in folders_with(form) {
            let copy = with_config(&folder, form);
            problems.extend(check_folder(copy.path(), &format!("{}/{form}", folder.display())));
        }
    }
    none(&problems);
}

#[test]
fn greedy_continuation_equals_transformers() {
    #[derive(serde::Deserialize)]
    struct Generated {
        prompt: Vec<u32>,
        continuation: Vec<u32>,
    }
    for folder in folders_with("hf_generate.json") {
        let json = std::fs::read(folder.join("hf_generate.json")).expect("a readable file");
        let expected: Generated = serde_json::from_slice(&json).expect("the maker's fields");
        let model = open(&folder);
        let mut trace = run_ids(&model, &expected.prompt);
        let n = expected.continuation.len();
        engine::generate(&model, &mut trace, &Sampling::default(), n, &Job::new(), &mut |_, _| true)
            .expect("generation succeeds");
        let ids: Vec<u32> = trace.tokens.iter().skip(expected.prompt.len()).map(|token| token.id).collect();
        assert_eq!(ids, expected.continuation, "{}", folder.display());
    }
}

/// Everybody who clones the repository takes them along.
#[test]
fn fixtures_stay_below_25_megabytes() {
    fn bytes(folder: &Path) -> u64 {
        let entries = std::fs::read_dir(folder).expect("a readable folder");
        entries
            .map(|entry| entry.expect("a readable entry"))
            .map(|entry| match entry.metadata().expect("a readable file") {
                data if data.is_dir() => bytes(&entry.path()),
                data => data.len(),
            })
            .sum()
    }
    let bytes = bytes(&fixtures());
    assert!(bytes <= 25_000_000, "{bytes} bytes: make new ones smaller, or older ones");
}
