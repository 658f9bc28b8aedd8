//! The head atlas in the window: what is asked, what a worker makes of it, files of it.

mod window;

use super::{
    banner::Banner, command::Refusal, derived::Derived, scene::Scene, session::Session, state::State,
    words::Words,
};
use crate::{
    analysis::atlas::{Atlas, Axis, Clusters, HeadEntry, clusters_while},
    engine::{self, AtlasForm, AtlasOptions, Job, Partial, Texts},
    export::Lang,
    model::{HeadId, Model},
};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

/// Passages that can be asked for.
pub const PASSAGES: [usize; 5] = [32, 128, 256, 1024, 4096];

/// What is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A few sentences of our own.
    #[default]
    BuiltIn,
    /// What stands in the prompt box.
    Prompt,
    /// A text file, or a folder of them.
    Corpus(PathBuf),
}

/// What points are coloured by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Colour {
    /// Their layer.
    #[default]
    Layer,
    /// The cluster they belong to.
    Alike,
}

/// What is asked and shown: plain data in `State`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AtlasChoice {
    /// What is read.
    pub source: Source,
    /// Passages of a corpus at most.
    pub passages: usize,
    /// The measure across.
    pub x: String,
    /// The measure up.
    pub y: String,
    /// What points are coloured by.
    pub colour: Colour,
    /// Which tenth of the passages is shown; none: the strongest.
    pub decile: Option<u8>,
    /// The passage and the token in it that is looked from; none: the strongest cell's.
    pub looked: Option<(usize, usize)>,
    /// The head, where the atlas is of a model that is not open.
    pub head: HeadId,
}

impl Default for AtlasChoice {
    fn default() -> Self {
        Self {
            source: Source::default(),
            passages: 256,
            x: "previous_stripe".to_owned(),
            y: "induction_stripe".to_owned(),
            colour: Colour::default(),
            decile: None,
            looked: None,
            head: HeadId::default(),
        }
    }
}

/// What a path is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtlasPath {
    /// A text to read.
    Text,
    /// An atlas to open.
    Open,
    /// Where to write it.
    Save,
}

/// What can be done with the atlas.
#[derive(Clone, Debug, PartialEq)]
pub enum AtlasAct {
    /// Ask and show otherwise.
    Choose(AtlasChoice),
    /// Make it anew, or go on where it was stopped.
    Run {
        /// Whether to go on.
        resume: bool,
    },
    /// Stop; what there is can be gone on with.
    Stop,
    /// Ask for a path.
    Ask(AtlasPath),
    /// Open one.
    Open(PathBuf),
    /// Write it.
    Save(PathBuf),
    /// Select a head.
    Head(HeadId),
    /// Run a passage as the prompt, its place among the atlas's, with query and key pinned.
    Passage(usize, Option<(usize, usize)>),
}

/// An atlas, laid out.
pub struct View {
    /// The atlas.
    pub atlas: Arc<Atlas>,
    /// The file it was opened from, where it was not made here.
    pub from: Option<PathBuf>,
    /// What heads can be laid out by.
    pub axes: Vec<Axis>,
    /// Heads that are alike.
    pub clusters: Clusters,
    /// The last layer.
    pub last_layer: usize,
    /// Of each axis the heads' values, and the greatest of them.
    columns: Vec<(Vec<Option<f64>>, f64)>,
}

impl View {
    /// Lays an atlas out; none where nobody waits any more.
    fn new(atlas: Atlas, from: Option<PathBuf>, job: &Job) -> Option<Self> {
        let clusters = clusters_while(&atlas, &mut job.tell("Finding heads that are alike"))?;
        let axes = atlas.axes();
        let column = |axis: &Axis| {
            let values: Vec<Option<f64>> = atlas.heads.iter().map(|entry| entry.value(&axis.id)).collect();
            let greatest = values.iter().flatten().copied().fold(0.0, f64::max);
            (values, greatest)
        };
        Some(Self {
            columns: axes.iter().map(column).collect(),
            axes,
            clusters,
            last_layer: atlas.heads.iter().map(|entry| entry.head.layer).max().unwrap_or(0),
            atlas: Arc::new(atlas),
            from,
        })
    }

    /// The heads' values on an axis, in the atlas's order, and the greatest of them.
    pub fn column(&self, axis: &Axis) -> (&[Option<f64>], f64) {
        let place = self.axes.iter().position(|own| own.id == axis.id);
        let column = place.and_then(|place| self.columns.get(place));
        column.map_or((&[], 0.0), |(values, greatest)| (values, *greatest))
    }

    /// A measure by its name; the first one where there is none of that name.
    pub fn axis(&self, id: &str) -> Option<&Axis> {
        self.axes.iter().find(|axis| axis.id == id).or_else(|| self.axes.first())
    }
}

/// How far a job is.
struct Pace {
    since: Instant,
    first: AtomicUsize,
    passages: AtomicUsize,
}

/// What workers made.
#[derive(Default)]
pub struct Charting {
    work: Derived<u64, Arc<View>>,
    number: u64,
    shown: Option<Arc<View>>,
    /// Another number means another atlas in sight.
    shown_number: u64,
    pub(super) left: Arc<Mutex<Option<Partial>>>,
    pace: Option<Arc<Pace>>,
}

impl Charting {
    /// The atlas in sight.
    pub fn view(&self) -> Option<&View> {
        self.shown.as_deref()
    }

    /// The atlas in sight and its number, where it is of the model of this name as it is, without interventions.
    pub fn of_model(&self, name: &str) -> Option<(u64, &Atlas)> {
        let own = |view: &&View| view.atlas.model == name && view.atlas.ran.interventions.is_empty();
        let view = self.view().filter(own)?;
        Some((self.shown_number, &view.atlas))
    }

    /// How much of the work is done, while it lasts.
    pub fn progress(&self) -> Option<f32> {
        self.work.progress()
    }

    /// Passages read by the work in progress, and how many a second.
    pub fn pace(&self) -> Option<(usize, f64)> {
        let pace = self.pace.as_ref()?;
        let [read, first] = [&pace.passages, &pace.first].map(|n| n.load(Ordering::Relaxed));
        let seconds = pace.since.elapsed().as_secs_f64().max(1e-3);
        Some((read, read.saturating_sub(first) as f64 / seconds))
    }

    /// Why the last work came to nothing.
    pub fn error(&self) -> Option<&Banner> {
        self.work.error()
    }

    /// Passages of a job that was stopped.
    pub fn left(&self) -> Option<usize> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(Partial::passages)
    }
}

/// Whether a path is an atlas's: an `atlas.json`, or a folder of HeadVis's.
pub fn is_atlas(path: &Path) -> bool {
    path.join("scatter_data.json").is_file()
        || path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) && path.is_file()
}

/// Whether it is a text.
pub fn is_text(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
    matches!(ending.as_deref(), Some("txt" | "text" | "md"))
}

impl Scene<'_> {
    /// Whether an atlas can be made, or why not.
    pub fn may_chart(&self) -> Result<(), Refusal> {
        match (self.model, &self.state.atlas.source) {
            (None, _) => Err(self.words.needs_model),
            (Some(_), Source::Prompt) if self.state.prompt.is_empty() => Err(self.words.needs_prompt),
            (Some(_), _) => Ok(()),
        }
    }

    /// Whether the atlas in sight is of the open model.
    pub fn charts_own(&self) -> bool {
        let name =
            self.trace.map(|trace| trace.model_name.as_str()).or(self.model.map(|model| model.name.as_str()));
        self.charting.view().is_some_and(|view| name == Some(view.atlas.model.as_str()))
    }

    /// The head whose card is shown.
    pub fn charted(&self) -> Option<&HeadEntry> {
        let head = if self.charts_own() { self.state.head } else { self.state.atlas.head };
        let atlas = &self.charting.view()?.atlas;
        atlas.entry(head).or_else(|| atlas.heads.first())
    }
}

impl Session {
    /// Hears what the worker made.
    pub(super) fn follow_atlas(&mut self) {
        let number = self.charting.number;
        let asked = (number > 0).then_some(number);
        self.charting.work.is_of(asked.as_ref(), &self.post);
        let shown = &self.charting.shown;
        let new = |view: &&Arc<View>| !shown.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, view));
        if let Some(view) = self.charting.work.get().filter(new) {
            self.charting.shown = Some(Arc::clone(view));
            self.charting.shown_number += 1;
        }
    }

    fn chart(
        &mut self,
        from: Option<PathBuf>,
        work: impl FnOnce(&Job) -> Result<Atlas, Banner> + Send + 'static,
    ) {
        self.charting.number += 1;
        let words = self.post.words();
        let number = Some(self.charting.number);
        self.charting.work.follow("head atlas", number, &self.post, |_| {
            let cancelled = Banner::error(&words.cancel, None);
            move |job: &Job| View::new(work(job)?, from, job).map(Arc::new).ok_or(cancelled)
        });
    }

    fn make_atlas(&mut self, state: &State, resume: bool) {
        let Some(model) = self.model.clone() else { return };
        let texts = match &state.atlas.source {
            Source::BuiltIn => Texts::BuiltIn,
            Source::Prompt => Texts::Prompt(state.prompt.clone()),
            Source::Corpus(path) => Texts::Corpus(path.clone()),
        };
        let options = AtlasOptions {
            texts,
            passages: state.atlas.passages,
            interventions: state.changes_in_sight(),
            ..AtlasOptions::default()
        };
        let pace = Arc::new(Pace {
            since: Instant::now(),
            first: AtomicUsize::new(0),
            passages: AtomicUsize::new(0),
        });
        let left = Arc::clone(&self.charting.left);
        self.charting.pace = Some(Arc::clone(&pace));
        let words = self.post.words();
        self.chart(None, move |job| made(&model, &options, resume, &left, &pace, words, job));
    }

    pub(super) fn stop_atlas(&mut self) {
        self.charting.work.stop();
        (self.charting.number, self.charting.pace) = (0, None);
    }

    fn open_atlas(&mut self, path: PathBuf) {
        self.charting.pace = None;
        let words = self.post.words();
        self.chart(Some(path.clone()), move |_| {
            engine::open_atlas(&path).map_err(|error| Banner::of(&error, words))
        });
    }

    fn save_atlas(&mut self, path: PathBuf, lang: Lang, words: &'static Words) {
        let Some(view) = self.charting.shown.clone() else { return };
        let Some(form) = AtlasForm::of(&path) else {
            self.banner = Some(Banner::error(&words.atlas.no_form, None));
            return;
        };
        let file = path.clone();
        self.export(path, move |_| {
            engine::save_atlas(&view.atlas, &file, (form, lang)).map_err(|error| Banner::of(&error, words))
        });
    }
}

/// Makes an atlas; what there is when the job is cancelled is left to go on with.
fn made(
    model: &Model,
    options: &AtlasOptions,
    resume: bool,
    left: &Mutex<Option<Partial>>,
    pace: &Pace,
    words: &Words,
    job: &Job,
) -> Result<Atlas, Banner> {
    let taken = left.lock().unwrap_or_else(PoisonError::into_inner).take().filter(|_| resume);
    pace.first.store(taken.as_ref().map_or(0, Partial::passages), Ordering::Relaxed);
    let mut keep = |partial: &Partial| {
        pace.passages.store(partial.passages(), Ordering::Relaxed);
        if job.is_cancelled() {
            *left.lock().unwrap_or_else(PoisonError::into_inner) = Some(partial.clone());
        }
    };
    engine::resume_atlas(model, options, taken, &mut keep, job).map_err(|error| Banner::of(&error, words))
}
