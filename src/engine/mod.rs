//! Floor 5: jobs: load a model, run a prompt, generate, train one. They know no window and no thread; both front ends call them.

mod answer;
mod atlas;
mod cache;
mod chat;
mod check;
mod compare;
mod corpus;
mod curve;
mod cutting;
mod fitting;
mod given;
mod honesty;
mod hub;
mod intervene;
mod job;
mod languages;
mod library;
mod memory;
mod numpy;
mod pass;
mod preferences;
mod probed;
mod probes;
mod prompt;
mod recall;
mod resolve;
mod room;
mod run;
mod sweep;
mod timeline;
mod training;
mod view;
mod words;

pub use crate::analysis::timeline::{HeadReport, RoleTaken, phase_change, roles_taken};
pub use crate::model::{LoadError, Sampling};
pub use atlas::{
    AtlasError, AtlasFileError, AtlasForm, AtlasOptions, Partial, Texts, atlas, atlas_page, open_atlas,
    open_partial, resume_atlas, save_atlas, save_partial,
};
pub use cache::{Entries, Eviction, EvictionError, Gone, NotAPolicy, Policy, Written, evict, write_on};
pub use chat::{chat_prompt, render_chat};
pub use check::{CheckResult, Identity, check};
pub use compare::{both_fit, compare};
pub use corpus::{Corpus, CorpusError};
pub use curve::{Curve, CurveError, CurvePair, Reading, curve};
pub use cutting::Paths;
pub use fitting::fitting_prompt;
pub use given::{run_file as run_like, run_other};
pub use honesty::{Column, Honesty, HonestyError, HonestyOptions, honesty};
pub use hub::{Hub, HubError, Offer, forbid_connections};
pub use intervene::{InterveneError, intervene};
pub use job::{Job, Progress, in_pool, set_threads};
pub use languages::Languages;
pub use library::{Found, Library, Place};
pub use memory::{available_bytes, peak_bytes};
pub use preferences::{FOLDER_VARIABLE, Preferences, settings_folder, write_json};
pub use prompt::{LogitRows, Prompt, RunOptions, Typed};
pub use recall::{AmongOthers, Carrier, Carriers, HeadsCut, Masked, among_others, carriers};
pub use recall::{
    Recall, RecallAsked, RecallCell, RecallError, RecallOptions, Template, by_distance, recall,
};
pub use run::{RunError, generate, run, tokens_of};
pub use sweep::{LogitDifference, Moved, Places, Sweep, SweepError, also_changed, moved_by, sweep};
pub use timeline::{
    Checkpoint, Checkpoints, LeftOut, TimelineError, TimelineOptions, is_timeline, save_timeline, timeline,
    timeline_plate,
};
pub use training::{
    Moment, REPORT_EVERY, Report, TrainOptions, Training, TrainingError, live_model, save_files, train,
    training_text,
};
pub use view::{
    Axes, Beside, HiddenLook, LensLook, Links, SeenMoment, SweepAsk, View, ViewAsk, ViewError,
    carriers_plate, curve_plate, difference_plate, memory_plate, others_plate, patch_map, plate,
    recall_plate, river_plate, said_after, step_plate, trained_plate, training_plate,
};
pub use words::{token_of, word_of};

use crate::model::{EmbeddedFiles, Model, ModelCard, Origin};
use crate::trace::{Trace, TraceError, saved};
use std::path::{Path, PathBuf};

/// Which model to open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ModelSource {
    /// The one inside this program
    #[default]
    Embedded,
    /// A folder or a file, a saved trace among them; where there is none, the name of a model that [`Library`] finds, or
    /// a checkpoint of a folder by its step: `run/@200`, `run@last`
    Path(PathBuf),
}

impl ModelSource {
    /// The file, where it is a saved trace.
    pub fn trace(&self) -> Option<&Path> {
        match self {
            Self::Path(path) if saved::is_saved(path) => Some(path),
            _ => None,
        }
    }
}

/// Aligns included bytes, so that weights can be read where they lie.
#[repr(C, align(64))]
struct Aligned<T: ?Sized>(T);

static WEIGHTS: &Aligned<[u8]> = &Aligned(*include_bytes!("../../assets/storyteller/model.safetensors"));

/// What a model's own README says, where it has one: the embedded one's, or the one beside its weights.
pub fn model_card(model: &Model) -> Option<ModelCard> {
    match &model.origin {
        Origin::Embedded => Some(ModelCard::parse(include_str!("../../assets/storyteller/README.md"))),
        Origin::Path(path) => ModelCard::beside(path),
        Origin::Memory => None,
    }
}

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
        ModelSource::Path(path) if saved::is_saved(path) => Err(LoadError::Trace(path.clone())),
        ModelSource::Path(path) if path.exists() => match timeline::open_alone(path) {
            // Where the hub's cache keeps a repository, its files lie below
            Err(LoadError::NoConfig(_)) if let Some((name, inside)) = library::snapshot(path) => {
                Model::open(&inside).map(|model| Model { name, ..model })
            }
            // A folder that is no model, but holds some
            Err(LoadError::NoConfig(_) | LoadError::NoWeights(_)) if is_timeline(path) => {
                timeline::open_last(path)
            }
            opened => opened,
        },
        ModelSource::Path(name) => match Library::usual().find(&name.to_string_lossy()) {
            Some(Found { path: Some(path), name, .. }) => {
                // A cache names its folders by checksums, so the listed name says more
                Model::open(&path).map(|model| Model { name, ..model })
            }
            Some(Found { path: None, .. }) => Model::embedded(&STORYTELLER),
            None => timeline::at_step(name).unwrap_or_else(|| Model::open(name)),
        },
    }?;
    job.report("Opening the model", 1.0);
    Ok(model)
}

/// Opens a saved trace.
pub fn open_trace(file: &Path, job: &Job) -> Result<Trace, TraceError> {
    let stage = "Opening the trace";
    let trace = saved::open(file, &job.tell(stage))?;
    job.report(stage, 1.0);
    Ok(trace)
}
