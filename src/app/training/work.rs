//! The worker that owns a training: it steps while it runs, and sleeps on its orders while it does not.

use super::{Choice, ENOUGH};
use crate::{
    analysis::atlas::Probe,
    app::{banner::Banner, words::Words},
    engine::{Moment, REPORT_EVERY, Report, Training, TrainingError, save_files, training_text},
    model::Model,
    trace::Trace,
    train::{Change, Form, Hand, Task},
};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, TryRecvError},
    },
    time::{Duration, Instant},
};

/// The longest wait for a report.
const PATIENCE: Duration = Duration::from_millis(500);
/// Steps from moment to moment.
const KEEP: u64 = 20;

pub(super) enum Order {
    Hand(Hand),
    StopAtScore(bool),
    Run(bool),
    Step,
    Rewind(Box<Moment>),
    /// The weights that it has now, where there are none here
    Save(Option<Arc<[f32]>>, PathBuf),
    /// What it is now, where there is nothing here
    Open(Option<(Arc<[f32]>, Arc<Trace>)>),
}

pub(super) enum Told {
    Began(Probe, Arc<Form>),
    Report(Box<Report>, Arc<Trace>),
    Moments(Vec<Moment>),
    Schedule(Hand, Vec<Change>),
    Rewound(u64),
    Running(bool),
    Notice(Banner),
    Saved(PathBuf),
    Opened(Arc<Model>, Arc<Trace>),
}

/// The worker: takes orders, and steps while it runs. Ends when nobody gives orders any more.
pub(super) fn work(
    choice: Choice,
    hand: Hand,
    (running, stop): (bool, bool),
    orders: &Receiver<Order>,
    (tell, words): (&dyn Fn(Told) -> bool, &Words),
) -> Result<(), TrainingError> {
    let mut setup = choice.setup();
    if let Some(file) = choice.text.filter(|_| choice.task == Task::Text) {
        setup.text = training_text(&file)?;
    }
    let training = Training::new(setup, hand, KEEP)?;
    tell(Told::Began(training.probe(), Arc::new(training.trainer().form())));
    let mut work = Work { training, running, stop, reported: Instant::now(), tell };
    work.tell_state();
    loop {
        let order = if work.running {
            orders.try_recv()
        } else {
            orders.recv().map_err(|_| TryRecvError::Disconnected)
        };
        let done = match order {
            Err(TryRecvError::Disconnected) => return Ok(()),
            Err(TryRecvError::Empty) => work.step(),
            Ok(order) => work.follow(order),
        };
        // What went wrong at a step can be gone back from
        if let Err(error) = done {
            work.run(false);
            tell(Told::Notice(Banner::of(&error, words)));
        }
    }
}

struct Work<'a> {
    training: Training,
    running: bool,
    stop: bool,
    reported: Instant,
    tell: &'a dyn Fn(Told) -> bool,
}

impl Work<'_> {
    fn run(&mut self, on: bool) {
        self.running = on;
        (self.tell)(Told::Running(on));
    }

    fn report(&mut self) -> Result<f64, TrainingError> {
        self.reported = Instant::now();
        let score = self.training.report()?.induction_score;
        self.tell_state();
        Ok(score)
    }

    fn tell_state(&self) {
        (self.tell)(Told::Moments(self.training.moments().to_vec()));
        let (first, changes) = self.training.schedule();
        (self.tell)(Told::Schedule(first, changes.to_vec()));
        if let Some((report, trace)) = self.training.reports().last().zip(self.training.trace()) {
            (self.tell)(Told::Report(Box::new(report.clone()), Arc::clone(trace)));
        }
    }

    fn step(&mut self) -> Result<(), TrainingError> {
        self.training.step()?;
        let due = self.training.trainer().steps().is_multiple_of(REPORT_EVERY);
        if (due || self.reported.elapsed() > PATIENCE) && self.report()? >= ENOUGH && self.stop {
            self.run(false);
        }
        Ok(())
    }

    fn follow(&mut self, order: Order) -> Result<(), TrainingError> {
        match order {
            Order::Hand(hand) => *self.training.hand() = hand,
            Order::StopAtScore(on) => self.stop = on,
            Order::Run(on) => self.run(on),
            Order::Step => {
                self.run(false);
                self.training.step()?;
                self.report()?;
            }
            Order::Rewind(moment) => {
                self.run(false);
                self.training.rewind(&moment);
                (self.tell)(Told::Rewound(moment.report.steps));
                self.tell_state();
            }
            Order::Save(weights, folder) => self.save(weights.as_deref(), folder)?,
            Order::Open(None) => {
                // What is opened is what was reported
                self.report()?;
                if let Some(trace) = self.training.trace().cloned() {
                    self.open(self.training.trainer().weights(), trace)?;
                }
            }
            Order::Open(Some((weights, trace))) => self.open(&weights, trace)?,
        }
        Ok(())
    }

    fn save(&self, weights: Option<&[f32]>, folder: PathBuf) -> Result<(), TrainingError> {
        let weights = weights.unwrap_or_else(|| self.training.trainer().weights());
        save_files(&self.training.files(weights)?, &folder)?;
        (self.tell)(Told::Saved(folder));
        Ok(())
    }

    fn open(&self, weights: &[f32], trace: Arc<Trace>) -> Result<(), TrainingError> {
        let model = Arc::new(self.training.model(weights)?);
        (self.tell)(Told::Opened(model, trace));
        Ok(())
    }
}
