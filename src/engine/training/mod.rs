//! Training a small model: steps, reports, checkpoints, and going back to one. Stepped by a caller who has the thread.

mod report;

pub use report::Report;

use super::probed::{Probed, Probes};
use super::{Job, Prompt, RunError, RunOptions, run};
use crate::analysis::atlas::Probe;
use crate::export::{ExportError, atomic};
use crate::model::{LoadError, Model};
use crate::trace::Trace;
use crate::train::{Change, Checkpoint, Files, Form, Hand, Setup, TrainError, Trainer};
use std::io::{self, Read as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Steps from report to report, where nobody says otherwise.
pub const REPORT_EVERY: u64 = 10;
/// Memory that checkpoints may take before every second one is given up.
const MEMORY: usize = 256 << 20;
/// The most of a text that is read.
const LONGEST_TEXT: u64 = 64 << 20;

/// A training that did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// It cannot begin, or go on
    #[error(transparent)]
    Train(#[from] TrainError),
    /// Its model does not open
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A probe could not be run
    #[error(transparent)]
    Run(#[from] RunError),
    /// The model could not be saved
    #[error(transparent)]
    Save(#[from] ExportError),
    /// The text could not be read
    #[error("cannot read {}: {source}", .file.display())]
    Text {
        /// Which file
        file: PathBuf,
        /// What the system said
        source: io::Error,
    },
    /// The job was cancelled
    #[error("cancelled")]
    Cancelled,
}

impl TrainingError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Train(error) => error.hint().map(str::to_owned),
            Self::Load(error) => error.hint(),
            Self::Run(error) => error.hint(),
            Self::Save(error) => error.hint(),
            Self::Text { .. } => Some("check the path of the text".to_owned()),
            Self::Cancelled => None,
        }
    }
}

/// What a training is asked for.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// What is set at the beginning
    pub setup: Setup,
    /// What may change later
    pub hand: Hand,
    /// What does, in the order of the steps
    pub changes: Vec<Change>,
    /// Steps at most
    pub steps: u64,
    /// Steps from report to report
    pub report_every: u64,
    /// Stop at the first report whose best head has this induction score
    pub stop_at_induction: Option<f64>,
    /// Stop at the first report that gets this share of what is asked for right
    pub stop_at_accuracy: Option<f64>,
    /// Where to save the model at the end
    pub folder: Option<PathBuf>,
    /// Steps from one `checkpoint-N` folder in there to the next; the last step has one, too
    pub save_every: Option<u64>,
}

/// A moment that a training can be taken back to, and what was seen then.
#[derive(Clone, Debug)]
pub struct Moment {
    /// All that the trainer needs
    pub checkpoint: Checkpoint,
    /// The numbers
    pub report: Report,
    /// The run of the first probe
    pub trace: Arc<Trace>,
}

/// A model in training, with what was seen of it.
#[derive(Debug)]
pub struct Training {
    trainer: Trainer,
    probes: Probes,
    reports: Vec<Report>,
    trace: Option<Arc<Trace>>,
    moments: Vec<Moment>,
    keep_every: u64,
    seconds: f64,
    /// What it began with
    first: Hand,
    changes: Vec<Change>,
}

impl Training {
    /// A model before its first step, which is its first moment.
    pub fn new(setup: Setup, hand: Hand, keep_every: u64) -> Result<Self, TrainingError> {
        let trainer = Trainer::new(setup, hand)?;
        let length = trainer.setup().task.length(trainer.hand.size);
        let probes = Probes::of_training(length, trainer.shape().vocab);
        let (reports, moments) = (Vec::new(), Vec::new());
        let keep_every = keep_every.max(1);
        let (first, changes) = (trainer.hand, Vec::new());
        let mut training =
            Self { trainer, probes, reports, trace: None, moments, keep_every, seconds: 0.0, first, changes };
        training.report()?;
        Ok(training)
    }
    /// The trainer.
    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }
    /// What may be changed before the next step.
    pub fn hand(&mut self) -> &mut Hand {
        &mut self.trainer.hand
    }
    /// Everything that was reported on the way to where it is.
    pub fn reports(&self) -> &[Report] {
        &self.reports
    }
    /// The first probe's run at the last report.
    pub fn trace(&self) -> Option<&Arc<Trace>> {
        self.trace.as_ref()
    }
    /// Moments on the way to where it is, oldest first; the first is before any step.
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }
    /// How the first probe lies.
    pub fn probe(&self) -> Probe {
        self.probes.first()
    }

    /// What it began with, and what was changed on the way to where it is: the same steps again make the same model.
    pub fn schedule(&self) -> (Hand, &[Change]) {
        (self.first, &self.changes)
    }

    /// One step.
    pub fn step(&mut self) -> Result<(), TrainingError> {
        let start = Instant::now();
        let held = self.changes.iter().fold(self.first, |hand, change| change.of(hand));
        let change = Change::between(self.trainer.steps(), held, self.trainer.hand);
        let done = self.trainer.step();
        self.seconds += start.elapsed().as_secs_f64();
        // A step that was not taken changed nothing
        self.changes.extend(change.filter(|_| done.is_ok()));
        done.map(|_| ()).map_err(Into::into)
    }

    /// Looks at the model where it is, and keeps the moment where one is due.
    pub fn report(&mut self) -> Result<&Report, TrainingError> {
        let start = Instant::now();
        let outcome = self.trainer.evaluate();
        let model = self.model(self.trainer.weights())?;
        let read =
            |prompt: &Prompt, options: &RunOptions| run(&model, prompt, options, &Job::new(), &mut |_| {});
        let Probed { heads, trace } = self.probes.run(&model, Some(u64::MAX), read)?;
        let seconds = self.seconds + start.elapsed().as_secs_f64();
        let report = Report::new(&self.trainer, outcome, heads, seconds);
        let step = report.steps;
        self.reports.retain(|other| other.steps < step);
        self.reports.push(report.clone());
        let last = self.moments.last().map_or(0, |moment| moment.report.steps);
        let trace = Arc::new(trace);
        self.trace = Some(Arc::clone(&trace));
        if self.moments.is_empty() || step >= last.saturating_add(self.keep_every) {
            self.moments.push(Moment { checkpoint: self.trainer.checkpoint(), report, trace });
            self.thin_out();
        }
        self.seconds += start.elapsed().as_secs_f64();
        Ok(&self.reports[self.reports.len() - 1])
    }

    /// Gives up every second moment where all take too much memory.
    fn thin_out(&mut self) {
        let bytes: usize = self.moments.iter().map(|moment| moment.checkpoint.bytes()).sum();
        if bytes > MEMORY && self.moments.len() > 4 {
            let mut index = 0;
            self.moments.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.keep_every *= 2;
        }
    }

    /// Goes back to a moment; what came after is forgotten.
    pub fn rewind(&mut self, to: &Moment) {
        self.trainer.rewind(&to.checkpoint);
        let step = to.checkpoint.step;
        self.reports.retain(|report| report.steps <= step);
        self.moments.retain(|moment| moment.report.steps <= step);
        self.changes.retain(|change| change.after < step);
        self.trace = Some(Arc::clone(&to.trace));
        self.seconds = to.report.seconds;
    }

    /// The files of a model with these weights, in the order of `Shape::tensors`.
    pub fn files(&self, weights: &[f32]) -> Result<Files, TrainingError> {
        Ok(self.trainer.files(weights)?)
    }
    /// The model with these weights, opened like any other.
    pub fn model(&self, weights: &[f32]) -> Result<Model, TrainingError> {
        live_model(&self.trainer.form(), weights)
    }
}

/// The model of a live training with these weights, opened like any other.
pub fn live_model(form: &Form, weights: &[f32]) -> Result<Model, TrainingError> {
    let files = form.files(weights)?;
    Ok(Model::in_memory("live model", &files.config, &files.weights, &files.tokenizer)?)
}

/// Writes a model's files into a folder, which is made where there is none.
pub fn save_files(files: &Files, folder: &Path) -> Result<(), ExportError> {
    std::fs::create_dir_all(folder).map_err(|source| ExportError::write(folder, source))?;
    for (name, bytes) in files.each() {
        atomic::write(&folder.join(name), |out| Ok(out.write_all(bytes)?))?;
    }
    Ok(())
}

/// Reads what a model is to learn: any bytes, the first 64 MB of them.
pub fn training_text(file: &Path) -> Result<Arc<[u8]>, TrainingError> {
    let failed = |source| TrainingError::Text { file: file.to_owned(), source };
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(failed)?;
    opened.take(LONGEST_TEXT).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes.into())
}

/// Trains to the end, with every report to `see`, who may break off. The last report is of the model as it is saved.
pub fn train(
    options: &TrainOptions,
    job: &Job,
    see: &mut dyn FnMut(&Report) -> ControlFlow<()>,
) -> Result<Training, TrainingError> {
    // Nothing is looked back at here, so one moment is enough
    let mut training = Training::new(options.setup.clone(), options.hand, u64::MAX)?;
    let every = options.report_every.max(1);
    let mut changes = options.changes.clone();
    changes.sort_by_key(|change| change.after);
    let mut changes = changes.into_iter().peekable();
    for step in 1..=options.steps {
        if job.is_cancelled() {
            return Err(TrainingError::Cancelled);
        }
        while let Some(change) = changes.next_if(|change| change.after < step) {
            *training.hand() = change.of(training.trainer().hand);
        }
        training.step()?;
        if options.save_every.is_some_and(|every| step.is_multiple_of(every.max(1))) {
            save_checkpoint(&training, options)?;
        }
        if step.is_multiple_of(every) || step == options.steps {
            job.report("Training", step as f32 / options.steps as f32);
            let report = training.report()?;
            if see(report).is_break() {
                return Err(TrainingError::Cancelled);
            }
            let formed = options.stop_at_induction.is_some_and(|least| report.induction_score >= least);
            let learned = options.stop_at_accuracy.is_some_and(|least| report.accuracy >= least);
            if formed || learned {
                break;
            }
        }
    }
    job.report("Training", 1.0);
    let steps = training.trainer().steps();
    // The loop saved it already where its turn was
    if options.save_every.is_some_and(|every| steps == 0 || !steps.is_multiple_of(every.max(1))) {
        save_checkpoint(&training, options)?;
    }
    if let Some(folder) = &options.folder {
        save_files(&training.files(training.trainer().weights())?, folder)?;
    }
    Ok(training)
}

/// Saves the model as it is now beside where it is saved at the end.
fn save_checkpoint(training: &Training, options: &TrainOptions) -> Result<(), TrainingError> {
    let Some(folder) = &options.folder else { return Ok(()) };
    let files = training.files(training.trainer().weights())?;
    let name = format!("checkpoint-{}", training.trainer().steps());
    Ok(save_files(&files, &folder.join(name))?)
}
