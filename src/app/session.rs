//! What is open and what is being worked on: the model, its run, jobs, the row in sight. Lives as long as the window.

mod jobs;
mod selected;

pub use jobs::{Busy, Checks};

use super::{
    banner::Banner,
    changed::Changed,
    charting::Charting,
    circuits::Circuits,
    comparing::Comparing,
    filtering::Passing,
    getting::Shelf,
    labels::Labels,
    lensing::{LensOf, WordOf},
    mapping::Mapping,
    memory::Memory,
    next::Next,
    reasons::Reasons,
    roles::Told,
    row::Row,
    running::{Request, run},
    states::{AddedOf, CardOf, TensorOf, TrailsOf},
    sweeping::Sweeping,
    timeline::Timelines,
    tinting::Tinted,
    walking::Walking,
    worker::{News, Post, Purpose, spawn},
};
use crate::{
    engine::{self, Job, ModelSource},
    model::Model,
    trace::{Side, Trace},
};
use std::{path::PathBuf, sync::Arc};

/// Everything that is open.
pub struct Session {
    /// The model that is open.
    pub model: Option<Arc<Model>>,
    /// Where it came from.
    pub source: Option<ModelSource>,
    /// Its latest run, perhaps still running.
    pub trace: Option<Trace>,
    /// The same with interventions.
    pub changed: Changed,
    /// The number of what is in sight: another run, or the same with more tokens, has another.
    pub run: u64,
    /// Loading or running.
    pub busy: Option<Busy>,
    /// Writing a file, or fetching one.
    pub exporting: Option<Busy>,
    /// Whether the numbers hold.
    pub checks: Checks,
    /// What each layer would say next.
    pub lens: LensOf,
    /// A word's ranks through the layers.
    pub lens_word: WordOf,
    /// Tokens' ways through the layers.
    pub trails: TrailsOf,
    /// How long what attention and MLPs add is.
    pub added: AddedOf,
    /// What the model's README says.
    pub card: CardOf,
    /// What one weight is like.
    pub tensor: TensorOf,
    /// What the strip of tokens is tinted by.
    pub tinted: Tinted,
    /// What may follow the run in sight.
    pub next: Next,
    /// What the last thing that ended had to say.
    pub banner: Option<Banner>,
    /// Models that are not open.
    pub shelf: Shelf,
    /// The row in sight.
    pub row: Option<Row>,
    /// The walk in sight.
    pub walking: Walking,
    /// What workers found out for the memory panes.
    pub memory: Memory,
    /// The second run, and how it differs.
    pub comparing: Comparing,
    /// The patch sweep.
    pub sweeping: Sweeping,
    /// The head atlas.
    pub charting: Charting,
    /// Scores and logits taken apart.
    pub reasons: Reasons,
    /// The maps of the head view.
    pub mapping: Mapping,
    /// Heads by their weights alone.
    pub circuits: Circuits,
    /// Roles of heads.
    pub told: Told,
    /// Which heads pass the filter.
    pub passing: Passing,
    /// The checkpoints of a training.
    pub timelines: Timelines,
    /// The run's tokens as they are shown; of an encoder–decoder model the target's.
    pub labels: Labels,
    /// The source's.
    pub source_labels: Labels,
    pub(super) post: Post,
    /// The job that the trace comes from.
    job: u64,
    /// The complete run before the one in progress: it comes back if that one fails.
    before: Option<(u64, Trace)>,
    pub(super) numbers: u64,
}

impl Session {
    /// Nothing open yet.
    pub fn new(post: Post) -> Self {
        Self {
            model: None,
            source: None,
            trace: None,
            changed: Changed::default(),
            run: 0,
            busy: None,
            exporting: None,
            checks: Checks::Unasked,
            lens: LensOf::default(),
            lens_word: WordOf::default(),
            trails: TrailsOf::default(),
            added: AddedOf::default(),
            card: CardOf::default(),
            tensor: TensorOf::default(),
            tinted: Tinted::default(),
            next: Next::default(),
            banner: None,
            shelf: Shelf::default(),
            row: None,
            walking: Walking::default(),
            memory: Memory::default(),
            comparing: Comparing::default(),
            sweeping: Sweeping::default(),
            charting: Charting::default(),
            reasons: Reasons::default(),
            mapping: Mapping::default(),
            circuits: Circuits::default(),
            told: Told::default(),
            passing: Passing::default(),
            timelines: Timelines::default(),
            labels: Labels::default(),
            source_labels: Labels::default(),
            post,
            job: 0,
            before: None,
            numbers: 0,
        }
    }

    /// Shows a run that was made elsewhere.
    pub fn show_run(&mut self, model: Arc<Model>, trace: Trace) {
        self.numbers += 1;
        self.model = Some(model);
        self.show(self.numbers, trace);
    }

    /// Opens a model that was made here, with a run of it; what ran or loaded ends.
    pub fn open_made(&mut self, model: Arc<Model>, trace: Trace) {
        self.let_go();
        self.show_run(model, trace);
    }

    /// Opens a model that was made here, without a run.
    pub(super) fn open_idle(&mut self, model: Arc<Model>) {
        self.let_go();
        (self.model, self.row) = (Some(model), None);
        self.relabel();
    }

    /// Ends what runs or loads, and lets go of what is in sight.
    fn let_go(&mut self) {
        self.cancel();
        (self.source, self.checks, self.before, self.trace) = (None, Checks::Unasked, None, None);
    }

    /// The post, for others that start work.
    pub fn post(&self) -> &Post {
        &self.post
    }

    /// A new job that tells how far it is.
    fn new_job(&mut self) -> (u64, Job) {
        self.numbers += 1;
        let (number, post) = (self.numbers, self.post.clone());
        let job = Job::with_progress(move |progress| {
            post.send(News::Progress { job: number, stage: progress.stage, done: progress.done });
        });
        (number, job)
    }

    fn begin(&mut self, stage: &'static str) -> (u64, Job) {
        let (number, job) = self.new_job();
        self.cancel();
        self.busy = Some(Busy::new(number, stage, &job));
        (number, job)
    }

    /// Opens a model, and runs it as soon as it is there, where there is a prompt; or a saved trace, which has its own.
    pub fn open(&mut self, source: ModelSource, request: Request) {
        let (number, job) = self.begin(self.post.words().starting);
        if let Some(busy) = &mut self.busy {
            busy.opens = Some(source.clone());
        }
        spawn("open model", &self.post, number, move |post| {
            if let Some(file) = source.trace() {
                return post.send(match engine::open_trace(file, &job) {
                    Ok(trace) => News::Opened { job: number, trace, source },
                    Err(_) if job.is_cancelled() => News::Cancelled { job: number },
                    Err(error) => News::Failed { job: number, banner: Banner::of(&error, post.words()) },
                });
            }
            let model = match engine::load(&source, &job) {
                Ok(model) => Arc::new(model),
                Err(_) if job.is_cancelled() => return post.send(News::Cancelled { job: number }),
                Err(error) => {
                    let banner = Banner::of(&error, post.words());
                    return post.send(News::Failed { job: number, banner });
                }
            };
            let then_run = !request.prompt.is_empty();
            post.send(News::Loaded { job: number, model: Arc::clone(&model), source, then_run });
            if then_run {
                run(&model, &request, number, &job, post);
            }
        });
    }

    /// Whether a model is being opened that is not there yet.
    pub(super) fn is_opening(&self) -> bool {
        self.busy.as_ref().is_some_and(|busy| busy.opens.is_some())
    }

    /// Runs the open model, or the one that is being opened as soon as it is there; a run in progress ends.
    pub fn run_prompt(&mut self, request: Request) {
        if let Some(source) = self.busy.as_mut().and_then(|busy| busy.opens.take()) {
            return self.open(source, request);
        }
        let Some(model) = self.model.clone() else { return };
        let (number, job) = self.begin(self.post.words().run);
        spawn("run prompt", &self.post, number, move |post| {
            run(&model, &request, number, &job, post);
        });
    }

    /// Stops loading or running; what was there before comes back. A target that was being written stays as far as it is.
    pub fn cancel(&mut self) {
        if let Some(busy) = self.busy.take() {
            busy.job.cancel();
            self.restore();
        }
    }

    /// Stops everything, an export too.
    pub fn cancel_all(&mut self) {
        self.cancel();
        if let Some(export) = self.exporting.take() {
            export.job.cancel();
        }
    }

    /// A job beside loading and running; one that was in its place ends.
    pub(super) fn begin_aside(&mut self, stage: &'static str) -> (u64, Job) {
        let (number, job) = self.new_job();
        if let Some(before) = self.exporting.replace(Busy::new(number, stage, &job)) {
            before.job.cancel();
        }
        (number, job)
    }

    /// Starts work that writes a file.
    pub fn export(&mut self, path: PathBuf, write: impl FnOnce(&Job) -> Result<(), Banner> + Send + 'static) {
        let (number, job) = self.begin_aside(self.post.words().export);
        spawn("export", &self.post, number, move |post| {
            post.send(match write(&job) {
                Ok(()) => News::Exported { job: number, path },
                Err(_) if job.is_cancelled() => News::Cancelled { job: number },
                Err(banner) => News::Failed { job: number, banner },
            });
        });
    }

    /// Opens the system's file dialog on a thread of its own. Where the system has none, it closes at once.
    pub fn pick(&self, purpose: Purpose, dialog: impl FnOnce() -> Option<PathBuf> + Send + 'static) {
        spawn("file dialog", &self.post, 0, move |post| post.send(News::Picked { purpose, path: dialog() }));
    }

    /// Takes in what a worker said. True where the state must be fitted to a new model or run.
    pub fn hear(&mut self, news: News) -> bool {
        let ours = |busy: &Option<Busy>, job: u64| busy.as_ref().is_some_and(|busy| busy.number == job);
        match news {
            News::Progress { job, stage, done } => {
                let words = self.post.words();
                let both = [&mut self.busy, &mut self.exporting];
                for busy in both.into_iter().flatten().filter(|busy| busy.number == job) {
                    (busy.stage, busy.done) = ((words.stage)(stage), done);
                }
            }
            News::Loaded { job, model, source, then_run } if ours(&self.busy, job) => {
                (self.model, self.source) = (Some(model), Some(source));
                (self.trace, self.before, self.row) = (None, None, None);
                self.checks = Checks::Unasked;
                self.relabel();
                match &mut self.busy {
                    Some(busy) if then_run => busy.opens = None,
                    _ => self.busy = None,
                }
                return true;
            }
            News::Opened { job, trace, source } if ours(&self.busy, job) => {
                (self.model, self.source, self.busy) = (None, Some(source), None);
                (self.trace, self.before, self.checks) = (None, None, Checks::Unasked);
                let told = Banner::about(&trace, self.post.words());
                self.show(job, trace);
                self.banner = told;
                return true;
            }
            News::Partial { job, trace } if ours(&self.busy, job) => {
                self.show(job, trace);
                return true;
            }
            News::Ran { job, trace } if ours(&self.busy, job) => {
                self.show(job, trace);
                (self.busy, self.before) = (None, None);
                let words = self.post.words();
                let unknown = |trace| Banner::unknown(trace, self.model.as_deref()?, words);
                let about = |trace| Banner::about(trace, words).or_else(|| unknown(trace));
                let told = self.trace.as_ref().and_then(about);
                self.banner = told.or(self.banner.take().filter(|banner| !banner.passes()));
                return true;
            }
            News::Cancelled { job } if ours(&self.busy, job) => {
                self.busy = None;
                self.restore();
                return true;
            }
            News::Failed { job, banner } => return self.fail(job, banner),
            News::Changed { job, trace } => self.changed.arrived(job, trace),
            News::Unchanged { job, banner } => {
                if let Some(banner) = self.changed.failed(job, banner) {
                    self.banner = Some(banner);
                }
            }
            News::Checks { job, results } if self.checks.is(job) => self.checks = Checks::Done(results),
            News::Exported { job, path } if ours(&self.exporting, job) => {
                self.exporting = None;
                self.banner = Some(Banner::done((self.post.words().exported)(&path.display().to_string())));
            }
            News::Listed(models) => self.shelf.models = Some(models),
            News::Offered { job, offer } if ours(&self.exporting, job) => {
                (self.exporting, self.shelf.offer) = (None, Some(offer));
            }
            News::Fetched { job, .. } if ours(&self.exporting, job) => {
                (self.exporting, self.shelf.offer) = (None, None);
            }
            News::Cancelled { job } if ours(&self.exporting, job) => self.exporting = None,
            _ => {} // of a job that was given up
        }
        false
    }

    fn fail(&mut self, job: u64, banner: Banner) -> bool {
        let of = |busy: &Option<Busy>| busy.as_ref().is_some_and(|busy| busy.number == job);
        if of(&self.busy) {
            self.busy = None;
            self.restore();
        } else if of(&self.exporting) {
            self.exporting = None;
        } else if self.checks.is(job) {
            self.checks = Checks::Unasked;
        } else if job != 0 {
            return false; // of a job that was given up
        }
        self.banner = Some(banner);
        true
    }

    fn show(&mut self, job: u64, trace: Trace) {
        let grown = self.trace.as_ref().is_some_and(|old| old.n_tokens() != trace.n_tokens());
        if self.job != job {
            let before = self.trace.take().filter(Trace::is_complete);
            self.before = before.map(|trace| (self.run, trace)).or(self.before.take());
        }
        if self.job != job || grown {
            self.numbers += 1;
            (self.run, self.row) = (self.numbers, None);
        }
        self.job = job;
        self.trace = Some(trace);
        self.relabel();
    }

    fn relabel(&mut self) {
        let of = |side| Labels::of(self.trace.as_ref().map_or(&[][..], |trace| trace.tokens_of(side)));
        (self.labels, self.source_labels) = (of(Side::Target), of(Side::Source));
    }

    fn restore(&mut self) {
        if self.trace.as_ref().is_some_and(Trace::is_complete) {
            self.before = None; // a target that was being written
        } else if let Some((run, trace)) = self.before.take() {
            (self.run, self.job, self.trace, self.row) = (run, 0, Some(trace), None);
        } else {
            (self.trace, self.row) = (None, None);
        }
        self.relabel();
    }
}
