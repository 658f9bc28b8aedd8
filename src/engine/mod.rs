//! Floor 5: jobs: load a model, run a prompt, generate. They know no window and no thread; both front ends call them.

mod answer;
mod chat;
mod check;
mod given;
mod hub;
mod intervene;
mod job;
mod library;
mod memory;
mod numpy;
mod pass;
mod preferences;
mod resolve;
mod run;
mod sweep;

pub use crate::model::{LoadError, Sampling};
pub use chat::{chat_prompt, render_chat};
pub use check::{CheckResult, check};
pub use given::run_file as run_like;
pub use hub::{Hub, HubError, Offer};
pub use intervene::{InterveneError, intervene};
pub use job::{Job, Progress, in_pool, set_threads};
pub use library::{Found, Library, Place};
pub use memory::{available_bytes, peak_bytes};
pub use preferences::{FOLDER_VARIABLE, Preferences, settings_folder, write_json};
pub use run::{LogitRows, Prompt, RunError, RunOptions, generate, run, tokens_of};
pub use sweep::{LogitDifference, Sweep, SweepError, sweep};

use crate::model::{EmbeddedFiles, Model};
use std::path::PathBuf;

/// Which model to open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ModelSource {
    /// The one inside this program
    #[default]
    Embedded,
    /// A folder or a file; where there is none, the name of a model that [`Library`] finds
    Path(PathBuf),
}

/// Aligns included bytes, so that weights can be read where they lie.
#[repr(C, align(64))]
struct Aligned<T: ?Sized>(T);

static WEIGHTS: &Aligned<[u8]> = &Aligned(*include_bytes!("../../assets/storyteller/model.safetensors"));

/// The model inside this program: trained by `tools/storyteller`, described in `assets/storyteller/README.md`.
static STORYTELLER: EmbeddedFiles = EmbeddedFiles {
    name: "storyteller",
    config: include_bytes!("../../assets/storyteller/config.json"),
    weights: &WEIGHTS.0,
    tokenizer: include_bytes!("../../assets/storyteller/tokenizer.json"),
};

/// Opens a model. What was open before is not touched.
pub fn load(source: &ModelSource, job: &Job) -> Result<Model, LoadError> {
    job.report("Opening the model", 0.0);
    if job.is_cancelled() {
        return Err(LoadError::Cancelled);
    }
    let model = match source {
        ModelSource::Embedded => Model::embedded(&STORYTELLER),
        ModelSource::Path(path) if path.exists() => Model::open(path),
        ModelSource::Path(name) => match Library::usual().find(&name.to_string_lossy()) {
            Some(Found { path: Some(path), name, .. }) => {
                // A cache names its folders by checksums, so the listed name says more
                Model::open(&path).map(|model| Model { name, ..model })
            }
            Some(Found { path: None, .. }) => Model::embedded(&STORYTELLER),
            None => Model::open(name),
        },
    }?;
    job.report("Opening the model", 1.0);
    Ok(model)
}
