//! Progress and cancelling for anything that takes longer than a blink, and the one pool of threads.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// What is being done: `Running the prompt`
    pub stage: &'static str,
    /// Share that is done, in [0, 1]
    pub done: f32,
}

type Report = dyn Fn(Progress) + Send + Sync;

/// A running job, seen from both sides: the worker reports and asks whether to go on, the owner may cancel.
#[derive(Clone, Default)]
pub struct Job {
    cancelled: Arc<AtomicBool>,
    report: Option<Arc<Report>>,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}

impl Job {
    /// One that nobody watches.
    pub fn new() -> Self {
        Self::default()
    }
    /// One whose progress is told to `report`, from the worker's thread.
    pub fn with_progress(report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self { report: Some(Arc::new(report)), ..Self::default() }
    }
    /// Asks the worker to stop; it does within one layer.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
    /// Whether it was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
    /// The same, for loops that ask whether to go on.
    pub fn go_on(&self) -> ControlFlow<()> {
        if self.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
    /// The same job for a part of it: cancelled with it, but without a progress of its own.
    #[must_use]
    pub fn quiet(&self) -> Self {
        Self { cancelled: Arc::clone(&self.cancelled), report: None }
    }
    /// A stage's way to tell how much of it is done, in [0, 1], and to hear whether to go on.
    pub fn tell(&self, stage: &'static str) -> impl Fn(f32) -> ControlFlow<()> + use<> {
        let job = self.clone();
        move |done| {
            job.report(stage, done);
            job.go_on()
        }
    }
    /// Does `work`, which tells how much of it is done; then all of it is.
    pub fn stage<T>(
        &self,
        stage: &'static str,
        work: impl FnOnce(&mut dyn FnMut(f32) -> ControlFlow<()>) -> T,
    ) -> T {
        let result = work(&mut self.tell(stage));
        self.report(stage, 1.0);
        result
    }
    /// Tells how far the job is.
    pub fn report(&self, stage: &'static str, done: f32) {
        if let Some(report) = &self.report {
            report(Progress { stage, done });
        }
    }
}

/// Sets how many threads everything uses, once, before the first job. Later calls change nothing.
pub fn set_threads(n: usize) {
    // An error only says that the pool is there already
    let _ = rayon::ThreadPoolBuilder::new().num_threads(n).build_global();
}

/// Runs `work` on `n` threads of its own, for comparing thread counts.
pub fn in_pool<T: Send>(n: usize, work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().num_threads(n).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}
