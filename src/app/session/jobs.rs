//! Work in progress, and the checks that one kind of it makes.

use super::Session;
use crate::{
    app::{
        banner::Banner,
        worker::{News, spawn},
    },
    engine::{CheckResult, Job, ModelSource, check},
};
use std::time::Instant;

/// A job in progress.
pub struct Busy {
    /// Its number.
    pub number: u64,
    /// What it is at.
    pub stage: &'static str,
    /// How much of that is done, 0 to 1.
    pub done: f32,
    /// When it began.
    pub since: Instant,
    pub(super) job: Job,
    /// What it opens, until that is there, which is run then.
    pub(super) opens: Option<ModelSource>,
}

impl Busy {
    pub(super) fn new(number: u64, stage: &'static str, job: &Job) -> Self {
        Self { number, stage, done: 0.0, since: Instant::now(), job: job.clone(), opens: None }
    }
}

/// Whether the numbers hold, as far as it is known.
#[derive(Default)]
pub enum Checks {
    /// Nobody asked.
    #[default]
    Unasked,
    /// Being computed, by the job of this number.
    Running(u64),
    /// Known.
    Done(Vec<CheckResult>),
}

impl Checks {
    /// Whether this job computes them: a model that was closed meanwhile has another's.
    pub(super) fn is(&self, job: u64) -> bool {
        matches!(self, Self::Running(number) if *number == job)
    }
}

impl Session {
    /// Computes the open model's identities, once.
    pub fn check(&mut self) {
        let Some(model) = self.model.clone() else { return };
        if !matches!(self.checks, Checks::Unasked) {
            return;
        }
        let (number, job) = self.new_job();
        self.checks = Checks::Running(number);
        spawn("check numbers", &self.post, number, move |post| {
            post.send(match check(&model, &job) {
                Ok(results) => News::Checks { job: number, results },
                Err(error) => News::Failed { job: number, banner: Banner::of(&error, post.words()) },
            });
        });
    }
}
