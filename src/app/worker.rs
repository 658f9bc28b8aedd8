//! The bridge to named worker threads: work goes out, news comes back, a panic comes back as news too.
//!
//! Workers never see egui; they post, and the post wakes the window.

use super::{
    banner::Banner,
    words::{Language, Words},
};
use crate::{
    engine::{CheckResult, Found, ModelSource, Offer},
    model::Model,
    trace::Trace,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU8, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

/// What a worker has to say. `job` is the number the work was given; late news of older jobs is dropped.
#[expect(missing_docs, reason = "the fields say themselves")]
pub enum News {
    /// A share of the work is done.
    Progress { job: u64, stage: &'static str, done: f32 },
    /// A model is open; where one was waiting, its prompt runs next, under the same number.
    Loaded { job: u64, model: Arc<Model>, source: ModelSource, then_run: bool },
    /// A saved trace is open.
    Opened { job: u64, trace: Trace, source: ModelSource },
    /// One more layer is computed.
    Partial { job: u64, trace: Trace },
    /// The run is complete.
    Ran { job: u64, trace: Trace },
    /// The run with interventions is complete.
    Changed { job: u64, trace: Trace },
    /// There is no run with these interventions.
    Unchanged { job: u64, banner: Banner },
    /// Ended because it was asked to.
    Cancelled { job: u64 },
    /// Ended by an error.
    Failed { job: u64, banner: Banner },
    /// The model's identities.
    Checks { job: u64, results: Vec<CheckResult> },
    /// A file is written.
    Exported { job: u64, path: PathBuf },
    /// What is on this machine.
    Listed(Vec<Found>),
    /// What the hub has under a name.
    Offered { job: u64, offer: Offer },
    /// A model is here.
    Fetched { job: u64, path: PathBuf },
    /// A file dialog closed.
    Picked { purpose: Purpose, path: Option<PathBuf> },
}

/// What a file dialog was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A model to open.
    Model,
    /// A file to write.
    Export,
}

/// Where workers put news, and how they wake the window once there is one.
#[derive(Clone)]
pub struct Post {
    news: Sender<News>,
    window: Arc<OnceLock<egui::Context>>,
    language: Arc<AtomicU8>,
}

impl Post {
    /// A post and the box it fills.
    pub fn new() -> (Self, Receiver<News>) {
        let (news, inbox) = channel();
        (Self { news, window: Arc::default(), language: Arc::default() }, inbox)
    }

    /// From now on workers say what they have to say in this language.
    pub fn speak(&self, language: Language) {
        self.language.store(language as u8, Ordering::Relaxed);
    }

    /// The words for what they say.
    pub fn words(&self) -> &'static Words {
        Language::from_repr(self.language.load(Ordering::Relaxed)).unwrap_or_default().words()
    }

    /// From now on news wakes this window.
    pub fn wake(&self, ctx: &egui::Context) {
        let _ = self.window.set(ctx.clone());
        ctx.request_repaint();
    }

    /// Sends, and wakes the window. Nobody listens when the window is gone; then nothing needs to be done.
    pub fn send(&self, news: News) {
        if self.news.send(news).is_ok() {
            self.nudge();
        }
    }

    /// Has the window draw once more: something it asks for itself has changed.
    pub fn nudge(&self) {
        if let Some(ctx) = self.window.get() {
            ctx.request_repaint();
        }
    }
}

/// Work that took longer may have freed much.
const LONG: Duration = Duration::from_millis(500);

/// Gives free pages back to the system. What a thread freed glibc keeps: after an eviction as much as a second run.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "one call of the C library that takes no pointer")]
fn give_back() {
    unsafe extern "C" {
        fn malloc_trim(pad: usize) -> std::ffi::c_int;
    }
    // SAFETY: glibc lets any thread call it at any time
    unsafe {
        malloc_trim(0);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}

/// Starts named work. A panic in it ends the work, not the window: it comes back as the failure of `job`.
pub fn spawn(name: &str, post: &Post, job: u64, work: impl FnOnce(&Post) + Send + 'static) {
    let (post, spare) = (post.clone(), post.clone());
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        let began = Instant::now();
        if catch_unwind(AssertUnwindSafe(|| work(&post))).is_err() {
            post.send(News::Failed { job, banner: Banner::panic(post.words()) });
        }
        if began.elapsed() > LONG {
            give_back();
        }
    });
    if let Err(error) = started {
        spare.send(News::Failed { job, banner: Banner::error(&error, None) });
    }
}
