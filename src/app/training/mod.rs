//! A model in training as the window sees it: a worker that owns it, orders to that, and what it told.
//!
//! The worker steps while it runs and sleeps while it does not; a report wakes the window, nothing else does.

mod window;
mod work;

use super::{
    banner::Banner,
    worker::{Post, spawn},
};
use crate::{
    analysis::{atlas::Probe, timeline::Overview},
    engine::{Moment, Report, TrainingError, live_model},
    model::{HeadId, Model},
    trace::Trace,
    train::{Change, Form, Hand, Setup, Task},
};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, TryRecvError, channel},
    },
};
use work::{Order, Told, work};

/// Where the best head's induction score ends a training that is to end there.
pub const ENOUGH: f64 = 0.9;

/// What the next training begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What is learned.
    pub task: Task,
    /// Blocks.
    pub layers: usize,
    /// Heads of a block.
    pub heads: usize,
    /// Numbers of the residual stream.
    pub width: usize,
    /// Whether blocks have an MLP.
    pub mlp: bool,
    /// Of weights and rows.
    pub seed: u64,
    /// The text of [`Task::Text`].
    pub text: Option<PathBuf>,
}

impl Default for Choice {
    fn default() -> Self {
        let Setup { task, layers, heads, width, mlp, seed, .. } = Setup::default();
        Self { task, layers, heads, width, mlp, seed, text: None }
    }
}

impl Choice {
    /// The same for the trainer, whose text is read by its worker.
    pub fn setup(&self) -> Setup {
        let Self { task, layers, heads, width, mlp, seed, .. } = *self;
        Setup { task, layers, heads, width, mlp, seed, text: Arc::default() }
    }
}

/// What a user does to a training.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Sets what the next one begins with.
    Choose(Choice),
    /// Changes what holds from the next step on.
    Hold(Hand),
    /// Whether to stop at [`ENOUGH`].
    StopAtScore(bool),
    /// Begins anew with what is chosen, and runs.
    StartOver,
    /// Runs, or pauses; begins where there is none.
    Run(bool),
    /// One step and a report.
    Step,
    /// Back to the moment in sight; the one before where that is the last.
    Rewind,
    /// Looks at an earlier step; at the present one where there is none here.
    Look(Option<u64>),
    /// The head under the glass.
    Select(HeadId),
    /// The token of the probe whose row is read.
    Read(usize),
    /// Saves the moment in sight as a Hugging Face folder.
    Save(PathBuf),
    /// Opens the model of the moment in sight.
    Open,
}

/// A moment of a live training that can be opened.
#[derive(Clone, Debug)]
pub struct Moving {
    weights: Arc<[f32]>,
    form: Arc<Form>,
}

/// The same moment: told by where its weights lie.
impl PartialEq for Moving {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.weights, &other.weights)
    }
}

impl Moving {
    /// Whether it is of the same training.
    pub fn is_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.form, &other.form)
    }

    /// Its model.
    pub fn model(&self) -> Result<Model, TrainingError> {
        live_model(&self.form, &self.weights)
    }
}

/// What the window must do about what was told.
pub enum Outcome {
    /// Say something across the top.
    Say(Banner),
    /// A folder was written.
    Saved(PathBuf),
    /// Show a model and its run of the probe.
    Show(Arc<Model>, Arc<Trace>),
}

struct Worker {
    orders: Sender<Order>,
    told: Receiver<Told>,
}

/// The training, as far as it is known here.
pub struct Live {
    /// What the next one begins with.
    pub choice: Choice,
    /// What holds from the next step on.
    pub hand: Hand,
    /// Whether it stops at [`ENOUGH`].
    pub stop: bool,
    /// What the one in sight began with.
    pub began: Option<Choice>,
    /// The hand that it began with, and how that was changed up to the last report.
    pub schedule: Option<(Hand, Vec<Change>)>,
    /// Whether steps are being taken.
    pub running: bool,
    /// Everything that was reported.
    pub reports: Arc<Vec<Report>>,
    /// Moments that can be gone back to.
    pub moments: Vec<Moment>,
    /// The probe's run at the last report.
    pub trace: Option<Arc<Trace>>,
    /// How the probe lies.
    pub probe: Option<Probe>,
    /// The earlier step that is looked at.
    pub at: Option<u64>,
    /// The head under the glass.
    pub head: HeadId,
    /// The token of the probe whose row is read.
    pub token: Option<usize>,
    /// When heads took their roles, and the curves of the best ones.
    pub overview: Overview,
    form: Option<Arc<Form>>,
    worker: Option<Worker>,
    /// Whether a moment that was to be opened is still wanted.
    opening: bool,
    number: u64,
}

impl Default for Live {
    fn default() -> Self {
        let choice = Choice::default();
        Self {
            hand: Hand::usual(&choice.setup()),
            choice,
            stop: false,
            began: None,
            schedule: None,
            running: false,
            reports: Arc::default(),
            moments: Vec::new(),
            trace: None,
            probe: None,
            at: None,
            head: HeadId { layer: 1, head: 0 },
            token: None,
            overview: Overview::default(),
            form: None,
            worker: None,
            opening: false,
            number: 0,
        }
    }
}

impl Live {
    /// Does what the user asks for.
    pub fn act(&mut self, act: Act, post: &Post) {
        match act {
            Act::Choose(choice) => self.choose(choice),
            Act::Hold(hand) => {
                self.hand = hand;
                self.order(Order::Hand(hand));
            }
            Act::StopAtScore(stop) => {
                self.stop = stop;
                self.order(Order::StopAtScore(stop));
            }
            Act::StartOver => self.begin(true, post),
            Act::Run(run) if self.worker.is_none() => self.begin(run, post),
            Act::Run(run) => self.order(Order::Run(run)),
            Act::Step if self.worker.is_none() => self.begin(false, post),
            Act::Step => self.order(Order::Step),
            Act::Rewind => self.rewind(),
            Act::Look(step) => self.at = step,
            Act::Select(head) => {
                let Choice { layers, heads, .. } = self.began.as_ref().unwrap_or(&self.choice);
                if head.layer < *layers && head.head < *heads {
                    self.head = head;
                }
            }
            Act::Read(token) => self.token = Some(token),
            Act::Save(folder) => {
                let earlier = self.earlier().map(|moment| Arc::clone(&moment.checkpoint.weights));
                self.order(Order::Save(earlier, folder));
            }
            Act::Open => {
                let earlier = self
                    .earlier()
                    .map(|moment| (Arc::clone(&moment.checkpoint.weights), Arc::clone(&moment.trace)));
                self.opening = true;
                self.order(Order::Open(earlier));
            }
        }
    }

    /// Another model was asked for since: a moment that is on its way no longer comes in sight.
    pub(super) fn open_none(&mut self) {
        self.opening = false;
    }

    fn choose(&mut self, choice: Choice) {
        if choice.task != self.choice.task || choice.width != self.choice.width {
            self.hand = Hand::usual(&choice.setup());
        }
        self.choice = choice;
    }

    fn order(&mut self, order: Order) {
        if self.worker.as_ref().is_some_and(|worker| worker.orders.send(order).is_err()) {
            self.worker = None;
        }
    }

    fn begin(&mut self, run: bool, post: &Post) {
        let (choice, hand, stop, number) = (self.choice.clone(), self.hand, self.stop, self.number);
        let (orders, inbox) = channel();
        let (sender, told) = channel();
        // Dropping the orders of the one before ends it
        *self = Self { choice, hand, stop, number: number + 1, ..Self::default() };
        self.began = Some(self.choice.clone());
        self.running = run;
        self.head = HeadId { layer: self.choice.layers - 1, head: 0 };
        self.worker = Some(Worker { orders, told });
        let choice = self.choice.clone();
        let words = post.words();
        spawn("training", post, 0, move |post| {
            let tell = |told| {
                let heard = sender.send(told).is_ok();
                post.nudge();
                heard
            };
            if let Err(error) = work(choice, hand, (run, stop), &inbox, (&tell, words)) {
                tell(Told::Running(false));
                tell(Told::Notice(Banner::of(&error, words)));
            }
        });
    }

    fn rewind(&mut self) {
        let last = self.reports.last().map_or(0, |report| report.steps);
        let before = self.moments.iter().rev().find(|moment| moment.report.steps < last);
        if let Some(moment) = self.earlier().or(before).cloned() {
            self.order(Order::Rewind(Box::new(moment)));
        }
    }

    /// Takes in what the worker told.
    pub fn hear(&mut self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let mut reported = false;
        while let Some(worker) = &self.worker {
            match worker.told.try_recv() {
                Ok(Told::Began(probe, form)) => (self.probe, self.form) = (Some(probe), Some(form)),
                Ok(Told::Report(report, trace)) => {
                    let reports = Arc::make_mut(&mut self.reports);
                    reports.retain(|other| other.steps < report.steps);
                    reports.push(*report);
                    self.trace = Some(trace);
                    reported = true;
                }
                Ok(Told::Moments(moments)) => self.moments = moments,
                Ok(Told::Schedule(first, changes)) => self.schedule = Some((first, changes)),
                Ok(Told::Rewound(step)) => {
                    Arc::make_mut(&mut self.reports).retain(|report| report.steps <= step);
                    self.at = None;
                    reported = true;
                }
                Ok(Told::Running(running)) => self.running = running,
                Ok(Told::Notice(banner)) => outcomes.push(Outcome::Say(banner)),
                Ok(Told::Saved(folder)) => outcomes.push(Outcome::Saved(folder)),
                Ok(Told::Opened(model, trace)) => {
                    if std::mem::take(&mut self.opening) {
                        outcomes.push(Outcome::Show(model, trace));
                    }
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => (self.running, self.worker) = (false, None),
            }
        }
        if reported {
            self.number += 1;
            self.overview = Overview::of(&self.reports);
        }
        outcomes
    }

    /// The earlier moment that is looked at: the last one not after the step.
    pub fn earlier(&self) -> Option<&Moment> {
        let at = self.at?;
        self.moments.iter().rev().find(|moment| moment.report.steps <= at)
    }

    /// The moment that views show where they follow: the one that is looked at; of a training at its present the last,
    /// where that is the present or steps are being taken.
    pub fn moving(&self) -> Option<Moving> {
        let present = self.reports.last().map(|report| report.steps);
        let last = || {
            let last = self.moments.last()?;
            (self.running || Some(last.report.steps) == present).then_some(last)
        };
        let moment = if self.at.is_some() { self.earlier() } else { last() }?;
        let weights = Arc::clone(&moment.checkpoint.weights);
        Some(Moving { weights, form: Arc::clone(self.form.as_ref()?) })
    }

    /// The moment of a step, else the last before it; the first where there is none before.
    pub fn moment(&self, step: u64) -> Option<Moving> {
        let before = self.moments.iter().rev().find(|moment| moment.report.steps <= step);
        let moment = before.or(self.moments.first())?;
        let weights = Arc::clone(&moment.checkpoint.weights);
        Some(Moving { weights, form: Arc::clone(self.form.as_ref()?) })
    }

    /// Of a model that was opened at no moment that is kept.
    pub fn unkept(&self) -> Option<Moving> {
        Some(Moving { weights: Arc::from([]), form: Arc::clone(self.form.as_ref()?) })
    }

    /// The numbers and the probe's run in sight.
    pub fn shown(&self) -> Option<(&Report, &Arc<Trace>)> {
        match self.earlier() {
            Some(moment) => Some((&moment.report, &moment.trace)),
            None => self.reports.last().zip(self.trace.as_ref()),
        }
    }

    /// A number that changes when another moment comes in sight.
    pub fn picture(&self) -> u64 {
        self.earlier().map_or(self.number, |moment| (1 << 40) + (self.number << 20) + moment.report.steps)
    }

    /// Whether the next training would not be as the one in sight.
    pub fn is_otherwise(&self) -> bool {
        self.began.as_ref().is_some_and(|began| *began != self.choice)
    }

    /// Memory that the moments take.
    pub fn bytes(&self) -> usize {
        self.moments.iter().map(|moment| moment.checkpoint.bytes()).sum()
    }
}
