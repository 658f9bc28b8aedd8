//! What the first bytes of a model say: container, size, family.

use super::{entries, file_name};
use crate::model::Config;
use crate::model::gguf::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Entries of one folder that are looked at.
pub(super) const MOST_ENTRIES: usize = 4096;
/// No `config.json` is longer.
const LONGEST_CONFIG: u64 = 1 << 20;

/// The weights of a model, by their files' names and sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Weights {
    pub(super) container: &'static str,
    pub(super) bytes: u64,
    pub(super) modified: Option<SystemTime>,
}

const SAFETENSORS: &str = "safetensors";
const GGUF: &str = "GGUF";
const PYTORCH: &str = "PyTorch";
const KERAS: &str = "Keras";

/// The container that a file's name announces.
pub(super) fn container(file: &Path) -> Option<&'static str> {
    let name = file_name(file).to_lowercase();
    let ends = |ending: &str| name.ends_with(ending);
    if ends(".safetensors") {
        Some(SAFETENSORS)
    } else if ends(".gguf") {
        // A vision tower's projector is no model by itself
        (!name.starts_with("mmproj")).then_some(GGUF)
    } else if ends(".bin") || ends(".pt") || ends(".pth") {
        Some(PYTORCH)
    } else if ends(".keras") || ends(".h5") {
        Some(KERAS)
    } else {
        None
    }
}

/// Size and time of files that are one model's weights.
pub(super) fn weigh(container: &'static str, files: &[PathBuf]) -> Option<Weights> {
    let mut weights = Weights { container, bytes: 0, modified: None };
    for file in files {
        let about = std::fs::metadata(file).ok()?;
        weights.bytes = weights.bytes.saturating_add(about.len());
        weights.modified = weights.modified.max(about.modified().ok());
    }
    (weights.bytes > 0).then_some(weights)
}

/// The weights of a Hugging Face folder: `config.json` beside safetensors or, without those, PyTorch files.
pub(super) fn folder(folder: &Path) -> Option<Weights> {
    if !folder.join("config.json").is_file() {
        return None;
    }
    let files = entries(folder);
    [SAFETENSORS, PYTORCH, KERAS].into_iter().find_map(|kind| {
        let weights: Vec<PathBuf> = files
            .iter()
            .filter(|file| container(file) == Some(kind) && weights_by_name(&file_name(file)))
            .cloned()
            .collect();
        weigh(kind, &weights)
    })
}

/// `training_args.bin` and optimiser states lie beside weights and are none.
fn weights_by_name(name: &str) -> bool {
    !["training_args", "optimizer", "scheduler", "rng_state"].iter().any(|other| name.starts_with(other))
}

/// The GGUF files of one model: those of a split one count together, under the first part.
pub(super) fn gguf_models(files: &[PathBuf]) -> Vec<(PathBuf, Weights)> {
    let mut models = Vec::new();
    for file in files.iter().filter(|file| container(file) == Some(GGUF)) {
        let name = file_name(file);
        let parts: Vec<PathBuf> = match split(&name) {
            Some((_, part)) if part != 1 => continue,
            Some((stem, _)) => {
                let same = |other: &&PathBuf| split(&file_name(other)).is_some_and(|(name, _)| name == stem);
                files.iter().filter(same).cloned().collect()
            }
            None => vec![file.clone()],
        };
        models.extend(weigh(GGUF, &parts).map(|weights| (file.clone(), weights)));
    }
    models
}

/// `model-00002-of-00003.gguf` → (`model`, 2).
fn split(name: &str) -> Option<(&str, usize)> {
    let (stem, _) = Path::new(name).file_stem()?.to_str()?.rsplit_once("-of-")?;
    let (stem, part) = stem.rsplit_once('-')?;
    Some((stem, part.parse().ok()?))
}

/// The architecture that a header names.
pub(super) fn family(path: &Path, container: &str) -> Option<String> {
    if container == GGUF {
        return Metadata::open(path).ok()?.text("general.architecture").map(str::to_owned);
    }
    if container == KERAS && path.is_file() {
        // Such a file holds a user's own layers, which belong to no family but this
        return Some("keras".to_owned());
    }
    let folder = if path.is_dir() { path } else { path.parent()? };
    let file = folder.join("config.json");
    if std::fs::metadata(&file).ok()?.len() > LONGEST_CONFIG {
        return None;
    }
    family_in(&std::fs::read(file).ok()?)
}

/// The architecture that the bytes of a `config.json` name.
pub(super) fn family_in(config: &[u8]) -> Option<String> {
    let config = Config::parse(config).ok()?;
    let named = config.model_type().or_else(|| config.architecture());
    named.filter(|name| name.len() < 80).map(str::to_owned)
}
