//! A training in its checkpoints: each is opened, asked the same, and let go, so that the memory of one is enough.

mod files;
mod folder;

pub use files::{save_timeline, timeline_plate};
pub use folder::{Checkpoint, Checkpoints, LeftOut, is_timeline};
pub(super) use folder::{at_step, open_alone, open_last};

use super::intervene::{InterveneError, run_changed};
use super::probed::{EACH, Probes, add_text};
use super::{Job, Prompt, RunError, RunOptions};
use crate::analysis::losses;
use crate::analysis::timeline::{Snapshot, Timeline};
use crate::model::{LoadError, Model, ModelSpec};
use crate::trace::Intervention;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What each checkpoint is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineOptions {
    /// A text whose loss is taken, and in which heads are seen to look near or far
    pub prompt: Option<Prompt>,
    /// Probes of each of two periods
    pub probes: usize,
    /// Seed of their tokens
    pub seed: u64,
    /// Bytes a run may take; `None`: three quarters of what is free
    pub memory_budget: Option<u64>,
    /// What is changed about every run, the same at every checkpoint
    pub interventions: Vec<Intervention>,
}

impl Default for TimelineOptions {
    fn default() -> Self {
        Self { prompt: None, probes: EACH, seed: 0, memory_budget: None, interventions: Vec::new() }
    }
}

/// A timeline that was not made.
#[derive(Debug, thiserror::Error)]
pub enum TimelineError {
    /// No folder
    #[error("{} is no folder", .0.display())]
    NoFolder(PathBuf),
    /// Fewer than two models with a step in their names
    #[error("{} holds {found} checkpoints{}", .folder.display(), reasons(.left_out))]
    TooFew {
        /// Which folder
        folder: PathBuf,
        /// Checkpoints that are there
        found: usize,
        /// What else was looked at
        left_out: Vec<LeftOut>,
    },
    /// None opens
    #[error("no checkpoint in {} opens{}", .folder.display(), reasons(.left_out))]
    NoneFits {
        /// Which folder
        folder: PathBuf,
        /// What did not fit
        left_out: Vec<LeftOut>,
    },
    /// A checkpoint does not open
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Nothing can come twice
    #[error("the model has {0} positions: too few to say anything twice")]
    TooShort(usize),
    /// A run failed, or the job was cancelled
    #[error(transparent)]
    Run(#[from] RunError),
    /// An intervention cannot be made on one of its runs
    #[error(transparent)]
    Change(InterveneError),
}

impl From<InterveneError> for TimelineError {
    fn from(error: InterveneError) -> Self {
        match error {
            InterveneError::Run(error) => Self::Run(error),
            error => Self::Change(error),
        }
    }
}

impl TimelineError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoFolder(_) | Self::TooFew { .. } => Some(
                "give a folder whose folders are models with their step in the name, such as checkpoint-500 or step1000"
                    .into(),
            ),
            Self::NoneFits { .. } | Self::TooShort(_) => None,
            Self::Load(error) => error.hint(),
            Self::Run(error) => error.hint(),
            Self::Change(error) => error.hint(),
        }
    }
}

/// Up to three of them, in words.
fn reasons(left_out: &[LeftOut]) -> String {
    let said: Vec<String> = left_out.iter().take(3).map(|out| format!("{}: {}", out.name, out.why)).collect();
    if said.is_empty() { String::new() } else { format!(" ({})", said.join("; ")) }
}

impl Checkpoints {
    /// The checkpoints of a folder. Reads names alone.
    pub fn of(folder: &Path) -> Result<Self, TimelineError> {
        if !folder.is_dir() {
            return Err(TimelineError::NoFolder(folder.to_owned()));
        }
        match Self::find(folder) {
            (found, true) => Ok(found),
            (Self { folder, all, left_out }, false) => {
                Err(TimelineError::TooFew { folder, found: all.len(), left_out })
            }
        }
    }
}

/// What two models differ in that a curve cannot run over.
pub(super) fn difference(first: &ModelSpec, other: &ModelSpec) -> Option<String> {
    let counts = |spec: &ModelSpec| {
        let heads: usize = (0..spec.layers()).map(|layer| spec.heads(layer)).sum();
        [("layers", spec.layers()), ("heads", heads), ("dimensions", spec.width), ("words", spec.vocab)]
    };
    counts(first).iter().zip(counts(other)).find_map(|(&(what, was), (_, is))| {
        (was != is).then(|| format!("it has {is} {what}, the first has {was}"))
    })
}

/// Opens and asks every checkpoint, oldest first; `see` is shown the timeline as it grows.
///
/// One that does not open, or is of another model than the first, is left out and named. Fails with `Cancelled` within
/// one block of the wish.
pub fn timeline(
    checkpoints: &Checkpoints,
    options: &TimelineOptions,
    job: &Job,
    see: &mut dyn FnMut(&Timeline),
) -> Result<(Timeline, Vec<LeftOut>), TimelineError> {
    let prompt = match &options.prompt {
        Some(Prompt::Text(text) | Prompt::Framed(text)) => Some(text.clone()),
        Some(Prompt::Ids(ids)) => Some(ids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")),
        None => None,
    };
    let interventions = options.interventions.clone();
    let mut found = Timeline { model: checkpoints.name(), prompt, interventions, ..Timeline::default() };
    let mut left_out = checkpoints.left_out.clone();
    let mut first: Option<(Arc<ModelSpec>, Probes)> = None;
    let stage = "Asking the checkpoints";
    for (index, checkpoint) in checkpoints.all.iter().enumerate() {
        job.report(stage, index as f32 / checkpoints.all.len() as f32);
        if job.is_cancelled() {
            return Err(RunError::Cancelled.into());
        }
        let mut leave = |why: String| left_out.push(LeftOut { name: checkpoint.name.clone(), why });
        let model = match checkpoints.open(checkpoint) {
            Ok(model) => model,
            Err(error) => {
                leave(error.to_string());
                continue;
            }
        };
        let (spec, probes) = if let Some(first) = &first {
            first
        } else {
            let probes = Probes::of_model(&model, options.probes, options.seed)
                .ok_or_else(|| TimelineError::TooShort(model.spec().context.unwrap_or_default()))?;
            found.periods = probes.periods();
            first.insert((Arc::clone(model.spec()), probes))
        };
        if let Some(why) = difference(spec, model.spec()) {
            leave(why);
            continue;
        }
        let changes = &options.interventions;
        let probe =
            |prompt: &Prompt, run: &RunOptions| run_changed(&model, prompt, run, changes, &job.quiet());
        let (heads, loss) = (probes.run(&model, options.memory_budget, probe)?.heads, None);
        let mut seen = Snapshot { step: checkpoint.step, name: checkpoint.name.clone(), loss, heads };
        if let Some(prompt) = &options.prompt {
            read(&model, prompt, options, job, &mut seen)?;
        }
        found.snapshots.push(seen);
        see(&found);
    }
    if found.snapshots.is_empty() {
        return Err(TimelineError::NoneFits { folder: checkpoints.folder.clone(), left_out });
    }
    job.report(stage, 1.0);
    Ok((found, left_out))
}

/// What the text adds: its loss, and how heads look in it.
fn read(
    model: &Model,
    prompt: &Prompt,
    options: &TimelineOptions,
    job: &Job,
    seen: &mut Snapshot,
) -> Result<(), TimelineError> {
    let run_options = RunOptions::reading(model, options.memory_budget);
    // Ids were meant where a checkpoint has no tokenizer, and a text was typed
    let typed = match prompt {
        Prompt::Text(text) => Prompt::typed(text.clone(), model.tokenizer.as_ref()),
        given => given.clone(),
    };
    let trace = run_changed(model, &typed, &run_options, &options.interventions, &job.quiet())?;
    add_text(&mut seen.heads, &trace);
    if model.spec().encoder.is_none()
        && let Some(bits) = losses(&model.network, &trace, &mut |_| job.go_on())
        && !bits.is_empty()
    {
        seen.loss = Some(bits.iter().sum::<f64>() / bits.len() as f64 * std::f64::consts::LN_2);
    }
    if job.is_cancelled() { Err(RunError::Cancelled.into()) } else { Ok(()) }
}
