//! Folders of checkpoints: which of their folders is the model at which step.

use crate::engine::library::{entries, file_name, holds_model, note};
use crate::model::{LoadError, Model, Tokenizer};
use std::path::{Path, PathBuf};

/// What stands before the steps in the name of a checkpoint, the longer ones first.
const MARKS: [&str; 6] = ["checkpoint", "global_step", "globalstep", "step", "ckpt", "iter"];
/// Fewer make no timeline.
const FEWEST: usize = 2;

/// A model at one step of its training.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Steps taken
    pub step: u64,
    /// What its folder is called; of a revision in Hugging Face's cache, the revision
    pub name: String,
    /// Where it lies
    pub path: PathBuf,
}

/// A folder that was looked at and is no checkpoint, or not one of this training.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// What it is called
    pub name: String,
    /// What did not fit
    pub why: String,
}

/// The checkpoints of a folder, by step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoints {
    /// Where they lie
    pub folder: PathBuf,
    /// At least two where [`super::TimelineError`] did not say otherwise
    pub all: Vec<Checkpoint>,
    /// Folders whose names say a step, and which do not open
    pub left_out: Vec<LeftOut>,
}

/// The steps that a name says: those behind a mark such as `step`, `checkpoint-` or `global_step`, in thousands where a
/// `k` follows; else the number behind the name's last hyphen, underscore or dot, or that is all of it.
pub(super) fn step_of(name: &str) -> Option<u64> {
    let name = name.to_ascii_lowercase();
    let behind = |mark: &&str| {
        let (_, rest) = name.rsplit_once(*mark)?;
        number(rest.trim_start_matches(['-', '_', '=', '.']))
    };
    let whole = || number(name.rsplit(['-', '_', '.']).next()?).filter(|_| ends_in_digits(&name));
    MARKS.iter().find_map(behind).or_else(whole)
}

fn ends_in_digits(name: &str) -> bool {
    name.rsplit(['-', '_', '.']).next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The number at the beginning of a text: `1000-tokens4B`, `20k`.
fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let step: u64 = text[..digits].parse().ok()?;
    let rest = &text[digits..];
    let thousands = rest.strip_prefix('k').is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    match rest.chars().next() {
        Some('k') if thousands => step.checked_mul(1000),
        Some(next) if next.is_alphanumeric() => None,
        _ => Some(step),
    }
}

/// What a folder holds whose name says a step: named folders, or revisions in Hugging Face's cache.
fn candidates(folder: &Path) -> Vec<Checkpoint> {
    let named = |name: String, path: PathBuf| Some(Checkpoint { step: step_of(&name)?, name, path });
    let snapshots = folder.join("snapshots");
    if snapshots.is_dir() {
        let revisions = entries(&folder.join("refs")).into_iter();
        return revisions
            .filter_map(|file| named(file_name(&file), snapshots.join(note(&file)?.trim())))
            .collect();
    }
    let folders =
        entries(folder).into_iter().filter(|path| path.is_dir() && !file_name(path).starts_with('.'));
    folders.filter_map(|path| named(file_name(&path), path)).collect()
}

/// Whether a folder holds checkpoints of a training: two models, at different steps by their names. Reads names alone.
pub fn is_timeline(folder: &Path) -> bool {
    let mut found = candidates(folder).into_iter().filter(|found| holds_model(&found.path));
    let first = found.next().map(|found| found.step);
    first.is_some() && found.any(|other| Some(other.step) != first)
}

impl Checkpoints {
    /// Finds them, and whether they are enough for a timeline. Reads names alone.
    pub(super) fn find(folder: &Path) -> (Self, bool) {
        let mut found = Self { folder: folder.to_owned(), ..Self::default() };
        let mut candidates = candidates(folder);
        candidates.sort_by(|a, b| (a.step, &a.name).cmp(&(b.step, &b.name)));
        for candidate in candidates {
            let last = found.all.last().filter(|last| last.step == candidate.step);
            let why = match last {
                _ if !holds_model(&candidate.path) => {
                    "there are no weights with a config.json in it".to_owned()
                }
                Some(last) => format!("{} is at the same step", last.name),
                None => {
                    found.all.push(candidate);
                    continue;
                }
            };
            found.left_out.push(LeftOut { name: candidate.name, why });
        }
        let enough = found.all.len() >= FEWEST;
        (found, enough)
    }

    /// The folder's name.
    pub fn name(&self) -> String {
        let whole = std::path::absolute(&self.folder).unwrap_or_else(|_| self.folder.clone());
        let name = file_name(&whole);
        name.strip_prefix("models--").map_or(name.clone(), |name| name.replacen("--", "/", 1))
    }

    /// The place of a step's checkpoint; of a step without one, that of the last before it.
    pub fn place(&self, step: u64) -> Option<usize> {
        self.all.iter().rposition(|checkpoint| checkpoint.step <= step)
    }

    /// Opens a checkpoint. One without a tokenizer takes that of the folder or of the last checkpoint that has one.
    pub fn open(&self, checkpoint: &Checkpoint) -> Result<Model, LoadError> {
        let model = self.with_tokenizer(Model::open(&checkpoint.path)?)?;
        Ok(Model { name: format!("{}/{}", self.name(), checkpoint.name), ..model })
    }

    fn with_tokenizer(&self, model: Model) -> Result<Model, LoadError> {
        if model.tokenizer.is_none() {
            let others = self.all.iter().rev().map(|other| &other.path);
            for folder in std::iter::once(&self.folder).chain(others) {
                if let Some(tokenizer) = Tokenizer::from_folder(folder)? {
                    return Ok(model.with_tokenizer(tokenizer));
                }
            }
        }
        Ok(model)
    }
}

/// Opens a model; one that is a checkpoint among others and has no tokenizer takes theirs.
pub(in crate::engine) fn open_alone(path: &Path) -> Result<Model, LoadError> {
    let model = Model::open(path)?;
    if model.tokenizer.is_none()
        && step_of(&file_name(path)).is_some()
        && let Some(folder) = path.parent()
        && let (found, true) = Checkpoints::find(folder)
        && found.all.iter().any(|own| own.path == path)
    {
        return found.with_tokenizer(model);
    }
    Ok(model)
}

/// Opens a checkpoint that is named by its folder and its step, or its own name: `run/@200`, `run@last`, `run@step1000`.
/// None where the name says no folder.
pub(in crate::engine) fn at_step(name: &Path) -> Option<Result<Model, LoadError>> {
    let (folder, wanted) = name.to_str()?.rsplit_once('@')?;
    let folder = Path::new(folder);
    if !folder.is_dir() {
        return None;
    }
    Some(open_at(folder, wanted))
}

/// Opens the last checkpoint of a folder.
pub(in crate::engine) fn open_last(folder: &Path) -> Result<Model, LoadError> {
    open_at(folder, "last")
}

fn open_at(folder: &Path, wanted: &str) -> Result<Model, LoadError> {
    let (found, _) = Checkpoints::find(folder);
    let own = match wanted {
        "first" => found.all.first(),
        "last" => found.all.last(),
        _ => found.all.iter().find(|own| own.name == wanted || wanted.parse() == Ok(own.step)),
    };
    if let Some(checkpoint) = own {
        return found.open(checkpoint);
    }
    let steps = found.all.iter().map(|own| own.step).collect();
    Err(LoadError::NoStep { folder: folder.to_owned(), wanted: wanted.to_owned(), steps })
}
