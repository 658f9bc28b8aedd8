//! The checkpoints of a training as the window sees them: found, measured, and the one in sight opened, by workers.

mod cache;
mod sight;
mod window;

pub use sight::Sight;

use super::{
    banner::Banner,
    derived::Derived,
    running::{Request, passed},
    session::Session,
    state::State,
    training::Moving,
    words::Words,
};
use crate::{
    analysis::{
        atlas::{ROLES, Role},
        timeline::{Overview, Snapshot, Timeline},
    },
    engine::{
        self, Checkpoint, Checkpoints, Job, LeftOut, ModelSource, Prompt, RunError, TimelineError,
        TimelineOptions,
    },
    model::Model,
    trace::{Intervention, Trace},
};
use cache::Cache;
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long the slider must rest before a checkpoint is opened.
const REST: Duration = Duration::from_millis(120);
/// How often a worker looks whether the slider moved on meanwhile.
const LOOK: Duration = Duration::from_millis(10);

/// Which training, which moment, which curves: part of the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TimelineState {
    /// The folder of checkpoints; none: the live training.
    pub folder: Option<PathBuf>,
    /// The step in sight; none: the last.
    pub step: Option<u64>,
    /// The prompt whose loss was asked for at every checkpoint.
    pub asked: String,
    /// What was changed about every run when that was asked.
    pub changes: Vec<Intervention>,
    /// Whose curves are drawn.
    pub whose: Whose,
    /// Roles whose curves are left out, by id.
    pub hidden: Vec<String>,
}

impl Default for TimelineState {
    fn default() -> Self {
        // What is taken on random tokens is comparable from prompt to prompt
        let hidden = ROLES.iter().filter(|role| role.over != "probes" && role.id != "sink");
        Self {
            folder: None,
            step: None,
            asked: String::new(),
            changes: Vec::new(),
            whose: Whose::default(),
            hidden: hidden.map(|role| role.id.to_owned()).collect(),
        }
    }
}

impl TimelineState {
    /// Whether a role's curve is drawn.
    pub fn shows(&self, role: &Role) -> bool {
        !self.hidden.iter().any(|own| own == role.id)
    }
}

impl State {
    /// Asks for a folder of checkpoints, at its last one.
    pub(super) fn open_timeline(&mut self, folder: PathBuf) {
        (self.timeline.folder, self.timeline.step) = (Some(folder), None);
        self.ask_timeline();
    }
}

/// Whose curves are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Whose {
    /// The best head at each step.
    #[default]
    Best,
    /// The selected heads.
    Selected,
}

/// What a user does to a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimelineAct {
    /// Opens a folder of checkpoints at its last one.
    Open(PathBuf),
    /// Closes it; the model in sight stays.
    Close,
    /// Shows the checkpoint of a step.
    Go(u64),
    /// The same by a drag, which is one step back from its first press on.
    Slide {
        /// Where to.
        step: u64,
        /// Whether the slider was pressed just now.
        first: bool,
    },
    /// Shows the next one, while it plays.
    Advance,
    /// Plays, or stops.
    Play(bool),
    /// Draws a role's curve, or leaves it out.
    Show(&'static str, bool),
    /// Draws the curves of these.
    Whose(Whose),
    /// Measures every checkpoint on the prompt, too.
    Ask,
    /// Compares with the step in sight.
    Compare,
    /// Compares with a step.
    Second {
        /// Which.
        step: u64,
        /// Whether that is not the same drag of a slider going on.
        first: bool,
    },
}

/// Where a model in sight is from, where it is one of a training.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// A checkpoint's folder.
    Folder(PathBuf),
    /// A moment of the live training.
    Live(Moving),
}

/// A checkpoint that was opened, and its run of the prompt where there is one, or why there is none.
pub struct Opened {
    model: Arc<Model>,
    trace: Option<Trace>,
    refused: Option<Banner>,
}

/// What workers found out about a folder of checkpoints.
#[derive(Default)]
pub struct Timelines {
    /// The checkpoints of the folder.
    pub found: Derived<PathBuf, Checkpoints>,
    /// Folders that did not fit, once all were asked.
    pub measuring: Derived<(PathBuf, String, Vec<Intervention>), Vec<LeftOut>>,
    /// The checkpoints that were asked.
    pub seen: Vec<Arc<Snapshot>>,
    /// What they come to.
    pub overview: Overview,
    /// The checkpoint that is being opened.
    pub opening: Derived<(Place, Request), Opened>,
    /// When the checkpoint in sight came into sight, while they play.
    pub playing: Option<Instant>,
    growing: Arc<Mutex<Vec<Arc<Snapshot>>>>,
    shown: Option<(Place, Arc<Model>)>,
    kept: Cache,
}

impl Timelines {
    /// The checkpoint that the state asks for.
    pub fn wanted(&self, state: &TimelineState) -> Option<&Checkpoint> {
        let (found, at) = self.stand(state)?;
        found.all.get(at)
    }

    /// The checkpoint of a step, else the last before it.
    pub(super) fn at(&self, state: &TimelineState, step: u64) -> Option<&Checkpoint> {
        let (found, _) = self.stand(state)?;
        found.all.get(found.place(step).unwrap_or(0))
    }

    /// Whether a model is of a moment of this live training.
    pub(super) fn shows(&self, model: &Arc<Model>, live: &Moving) -> bool {
        self.shown.as_ref().is_some_and(|(place, own)| {
            Arc::ptr_eq(own, model) && matches!(place, Place::Live(moment) if moment.is_of(live))
        })
    }

    /// What the checkpoints of the folder came to, and the roles whose curves are drawn; none before all were asked.
    pub fn measured(&self, state: &TimelineState) -> Option<(Timeline, Vec<&'static Role>)> {
        let (found, _) = self.stand(state)?;
        self.measuring.get()?;
        let snapshots: Vec<Snapshot> = self.seen.iter().map(|seen| Snapshot::clone(seen)).collect();
        let read = snapshots.iter().any(|seen| seen.loss.is_some());
        let prompt = Some(state.asked.clone()).filter(|_| read);
        let roles = self.overview.best.iter().map(|(role, _)| *role).filter(|role| state.shows(role));
        let (model, interventions) = (found.name(), state.changes.clone());
        let timeline = Timeline { model, prompt, interventions, snapshots, ..Timeline::default() };
        Some((timeline, roles.collect()))
    }

    /// The folder's checkpoints, and where the one that the state asks for stands among them.
    pub(super) fn stand(&self, state: &TimelineState) -> Option<(&Checkpoints, usize)> {
        let found = self.found.get().filter(|found| Some(&found.folder) == state.folder.as_ref())?;
        let last = found.all.len().saturating_sub(1);
        Some((found, state.step.map_or(last, |step| found.place(step).unwrap_or(0))))
    }
}

impl Session {
    /// Has the folder's checkpoints found, measured while the timeline is in sight, and the one that is asked for opened
    /// and run. True where another model came in sight.
    pub(super) fn follow_timeline(&mut self, state: &State, live: Option<Place>, in_sight: bool) -> bool {
        let (own, words) = (&state.timeline, self.post.words());
        let timelines = &mut self.timelines;
        timelines.found.follow("checkpoints", own.folder.clone(), &self.post, |folder| {
            let folder = folder.clone();
            move |_: &Job| Checkpoints::of(&folder).map_err(|error| Banner::of(&error, words))
        });
        if in_sight {
            timelines.measure(own, &self.post);
        }
        let wanted = match &own.folder {
            Some(_) => timelines.wanted(own).map(|checkpoint| Place::Folder(checkpoint.path.clone())),
            None => live,
        };
        self.follow_checkpoint(state, wanted)
    }

    /// Where the model in sight is from.
    pub(super) fn place(&self) -> Option<Place> {
        let model = self.model.as_ref()?;
        let shown = self.timelines.shown.as_ref().filter(|(_, own)| Arc::ptr_eq(own, model));
        let opened = || match &self.source {
            Some(ModelSource::Path(path)) => Some(Place::Folder(path.clone())),
            _ => None,
        };
        shown.map(|(place, _)| place.clone()).or_else(opened)
    }

    /// Notes that the model in sight is this moment of the live training.
    pub(super) fn is_moment(&mut self, moment: Moving) {
        self.timelines.shown = self.model.clone().map(|model| (Place::Live(moment), model));
    }

    fn follow_checkpoint(&mut self, state: &State, wanted: Option<Place>) -> bool {
        // A session that is being opened brings its checkpoint itself
        let waits = self.is_opening() || self.model.is_none() && self.busy.is_some();
        let shown = self.place();
        let place = wanted.filter(|wanted| !waits && Some(wanted) != shown.as_ref());
        let key = place.map(|place| (place, Request::of(state)));
        if let Some((place, request)) = &key
            && let Some((model, trace)) = self.timelines.kept.run(place, request)
        {
            self.adopt(place.clone(), request, Opened { model, trace: Some(trace), refused: None });
            return true;
        }
        let timelines = &mut self.timelines;
        let model = key.as_ref().and_then(|(place, _)| timelines.kept.model(place));
        let words = self.post.words();
        timelines.opening.follow("open checkpoint", key.clone(), &self.post, |(place, request)| {
            let (place, request) = (place.clone(), request.clone());
            let found = timelines.found.get().cloned();
            move |job: &Job| open(place, &request, (model, found), words, job)
        });
        let Some(((place, request), opened)) = key.zip(timelines.opening.take()) else { return false };
        self.adopt(place, &request, opened);
        true
    }

    /// Brings a checkpoint in sight; all that is selected stays.
    fn adopt(&mut self, place: Place, request: &Request, opened: Opened) {
        let Opened { model, trace, refused } = opened;
        self.timelines.opening.stop();
        if let Some(trace) = &trace {
            self.timelines.kept.keep(&place, request, &model, trace);
        }
        match trace {
            Some(trace) => self.open_made(Arc::clone(&model), trace),
            None => self.open_idle(Arc::clone(&model)),
        }
        self.source = match &place {
            Place::Folder(path) => Some(ModelSource::Path(path.clone())),
            Place::Live(_) => None,
        };
        self.timelines.shown = Some((place, model));
        self.banner = refused.or(self.banner.take());
    }
}

impl Timelines {
    /// Has every checkpoint asked, and takes in what is known so far.
    fn measure(&mut self, own: &TimelineState, post: &super::worker::Post) {
        let ready = self.found.get().filter(|found| Some(&found.folder) == own.folder.as_ref());
        let key = ready.map(|found| (found.folder.clone(), own.asked.clone(), own.changes.clone()));
        if !self.measuring.is_of(key.as_ref(), post) {
            let ready = ready.cloned();
            let growing: Arc<Mutex<Vec<Arc<Snapshot>>>> = Arc::default();
            self.growing = Arc::clone(&growing);
            self.seen.clear();
            self.overview = Overview::default();
            let words = post.words();
            self.measuring.follow("timeline", key, post, move |(_, asked, changes)| {
                let (asked, changes) = (asked.clone(), changes.clone());
                move |job: &Job| match ready {
                    Some(found) => ask(&found, (&asked, &changes), &growing, words, job),
                    None => Err(Banner::error(&words.timeline.no_folder, None)),
                }
            });
        }
        let now = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        if now.len() != self.seen.len() {
            self.seen.clone_from(&now);
            self.overview = Overview::of(&self.seen);
        }
    }
}

/// Asks every checkpoint; `growing` is what is known so far. A prompt that the model cannot read is left out.
fn ask(
    found: &Checkpoints,
    (asked, changes): (&str, &[Intervention]),
    growing: &Mutex<Vec<Arc<Snapshot>>>,
    words: &Words,
    job: &Job,
) -> Result<Vec<LeftOut>, Banner> {
    let prompt = Some(asked).filter(|asked| !asked.is_empty()).map(|text| Prompt::Text(text.to_owned()));
    let told = || growing.lock().unwrap_or_else(PoisonError::into_inner);
    let work = |prompt| {
        let interventions = changes.to_vec();
        let options = TimelineOptions { prompt, interventions, ..TimelineOptions::default() };
        engine::timeline(found, &options, job, &mut |timeline| {
            if let Some(last) = timeline.snapshots.last() {
                told().push(Arc::new(last.clone()));
            }
        })
    };
    let outcome = match work(prompt.clone()) {
        Err(TimelineError::Run(error)) if prompt.is_some() && error != RunError::Cancelled => {
            told().clear();
            work(None)
        }
        outcome => outcome,
    };
    outcome.map(|(_, left_out)| left_out).map_err(|error| Banner::of(&error, words))
}

/// Opens a checkpoint and runs the prompt on it, once the slider rests.
fn open(
    place: Place,
    request: &Request,
    (model, found): (Option<Arc<Model>>, Option<Checkpoints>),
    words: &Words,
    job: &Job,
) -> Result<Opened, Banner> {
    let since = Instant::now();
    while model.is_none() && since.elapsed() < REST {
        if job.is_cancelled() {
            return Err(Banner::of(&RunError::Cancelled, words));
        }
        std::thread::sleep(LOOK);
    }
    let model = match (model, place) {
        (Some(model), _) => model,
        (None, Place::Folder(path)) => {
            let opened = from_folder(found.as_ref(), &path, job);
            Arc::new(opened.map_err(|error| Banner::of(&error, words))?)
        }
        (None, Place::Live(moment)) => Arc::new(moment.model().map_err(|error| Banner::of(&error, words))?),
    };
    if request.prompt.is_empty() && request.ids.is_none() {
        return Ok(Opened { model, trace: None, refused: None });
    }
    let layers = model.spec().layers().max(1) as f32;
    let mut done = |trace: &Trace| job.report("Running the prompt", trace.layers_done() as f32 / layers);
    match passed(&model, request, job, &mut done) {
        Ok(trace) => {
            let refused = Banner::unknown(&trace, &model, words);
            Ok(Opened { model, trace: Some(trace), refused })
        }
        Err(RunError::Cancelled) => Err(Banner::of(&RunError::Cancelled, words)),
        // The model is there: another prompt may be one that it reads
        Err(error) => {
            let refused = Some(Banner::refused(&error, &model, request, words));
            Ok(Opened { model, trace: None, refused })
        }
    }
}

fn from_folder(found: Option<&Checkpoints>, path: &Path, job: &Job) -> Result<Model, engine::LoadError> {
    let own = found.and_then(|found| Some((found, found.all.iter().find(|own| own.path == path)?)));
    match own {
        Some((found, checkpoint)) => found.open(checkpoint),
        None => engine::load(&ModelSource::Path(path.to_owned()), job),
    }
}
