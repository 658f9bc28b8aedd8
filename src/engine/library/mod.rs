//! Which models lie on this machine: in the caches of other programs, and in folders the user named.
//!
//! Only names, sizes and headers are read. Every look is bounded, so a list is there at once.

mod caches;
mod folders;
mod header;

use super::{Job, Preferences, STORYTELLER, available_bytes};
pub(super) use caches::{hub_folder, hugging_face_home, note, snapshot};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Where a model was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Inside this program
    Embedded,
    /// Hugging Face's cache
    HuggingFace,
    /// Ollama's
    Ollama,
    /// LM Studio's
    LmStudio,
    /// llama.cpp's
    LlamaCpp,
    /// A folder that the user named
    Folder,
}

impl Place {
    /// As it is shown.
    pub fn label(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::HuggingFace => "Hugging Face",
            Self::Ollama => "Ollama",
            Self::LmStudio => "LM Studio",
            Self::LlamaCpp => "llama.cpp",
            Self::Folder => "folder",
        }
    }
}

/// A model that was found.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Found {
    /// What opens it as MODEL
    pub name: String,
    /// Folder or file; `None` for the embedded one
    pub path: Option<PathBuf>,
    /// Where it was found
    pub place: Place,
    /// Architecture, where a header says it
    pub family: Option<String>,
    /// `safetensors`, `GGUF`, `PyTorch`, `Keras`
    pub container: &'static str,
    /// Bytes of its weights on disk
    pub bytes: u64,
    /// Whether weights and a short run fit into what memory is free now
    pub fits: bool,
    /// When its weights were written
    #[serde(serialize_with = "seconds")]
    pub modified: Option<SystemTime>,
}

#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
fn seconds<S: serde::Serializer>(time: &Option<SystemTime>, out: S) -> Result<S::Ok, S::Error> {
    let since = time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    serde::Serialize::serialize(&since.map(|since| since.as_secs()), out)
}

/// Where to look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Library {
    /// Hugging Face's `hub` folder
    pub hub: Option<PathBuf>,
    /// Ollama's `models` folder
    pub ollama: Option<PathBuf>,
    /// LM Studio's folders, the newest program's first
    pub lm_studio: Vec<PathBuf>,
    /// llama.cpp's cache
    pub llama_cpp: Option<PathBuf>,
    /// Folders of the user
    pub folders: Vec<PathBuf>,
}

impl Library {
    /// The usual places on this machine, as their programs' variables say, and the user's own folders.
    pub fn usual() -> Self {
        caches::usual(Preferences::load().folders)
    }

    /// Everything that is there, newest first, the embedded model last. A cancelled look gives what it had.
    pub fn scan(&self, job: &Job) -> Vec<Found> {
        let mut found = Vec::new();
        let mut add = |more: Vec<Candidate>| found.extend(more);
        let steps: [&dyn Fn() -> Vec<Candidate>; 5] = [
            &|| self.hub.as_deref().map_or_else(Vec::new, caches::hub),
            &|| self.ollama.as_deref().map_or_else(Vec::new, caches::ollama),
            &|| self.lm_studio.iter().flat_map(|folder| caches::lm_studio(folder)).collect(),
            &|| self.llama_cpp.as_deref().map_or_else(Vec::new, caches::llama_cpp),
            &|| self.folders.iter().flat_map(|folder| folders::user(folder)).collect(),
        ];
        for (i, step) in steps.iter().enumerate() {
            if job.is_cancelled() {
                break;
            }
            job.report("Looking for models", i as f32 / steps.len() as f32);
            add(step());
        }
        let free = available_bytes();
        let mut models: Vec<Found> = Vec::with_capacity(found.len() + 1);
        for candidate in found {
            // The same file may lie in two of these places; in one, it may have two names, as Ollama's tags are
            let there = |model: &Found| {
                model.path.as_deref() == Some(&candidate.path)
                    && (model.place != candidate.place || candidate.place == Place::Folder)
            };
            if !models.iter().any(there) {
                models.push(candidate.described(free));
            }
        }
        models.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.name.cmp(&b.name)));
        models.push(embedded());
        job.report("Looking for models", 1.0);
        models
    }

    /// The model of a name as `scan` lists it, or of its last part where only one has that.
    pub fn find(&self, name: &str) -> Option<Found> {
        let models = self.scan(&Job::new());
        if let Some(model) = models.iter().find(|model| model.name == name) {
            return Some(model.clone());
        }
        let short = |model: &&Found| {
            let last = model.name.rsplit('/').next().unwrap_or(&model.name);
            last.eq_ignore_ascii_case(name) || last.strip_suffix(":latest").is_some_and(|last| last == name)
        };
        let mut close = models.iter().filter(short);
        close.next().filter(|_| close.next().is_none()).cloned()
    }
}

/// Something that looks like a model, before its header is read.
#[derive(Clone, Debug)]
struct Candidate {
    name: String,
    path: PathBuf,
    place: Place,
    weights: header::Weights,
}

impl Candidate {
    fn described(self, free: u64) -> Found {
        Found {
            family: header::family(&self.path, self.weights.container),
            name: self.name,
            path: Some(self.path),
            place: self.place,
            container: self.weights.container,
            bytes: self.weights.bytes,
            // A tenth for the run itself
            fits: self.weights.bytes.saturating_add(self.weights.bytes / 10) <= free,
            modified: self.weights.modified,
        }
    }
}

fn embedded() -> Found {
    Found {
        name: STORYTELLER.name.to_owned(),
        path: None,
        place: Place::Embedded,
        family: header::family_in(STORYTELLER.config),
        container: "safetensors",
        bytes: STORYTELLER.weights.len() as u64,
        fits: true,
        modified: None,
    }
}

/// The entries of a folder in the order of their names; none where it cannot be read.
pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = read.map(|entry| entry.path()).take(header::MOST_ENTRIES).collect();
    paths.sort();
    paths
}

/// The last part of a path, as text.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Whether a folder holds a model: weights beside a `config.json`, or a GGUF file. Reads names alone.
pub(super) fn holds_model(folder: &Path) -> bool {
    header::folder(folder).is_some() || !header::gguf_models(&entries(folder)).is_empty()
}
