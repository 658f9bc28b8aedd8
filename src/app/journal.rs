//! The log: what was loaded, run and written, how long it took, what went wrong, and what libraries warn of.

use super::{session::Session, worker::News};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Entries that are kept; the oldest go.
const KEPT: usize = 1000;

/// How grave an entry is, the least first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::EnumIter,
)]
pub enum Level {
    /// Something was done.
    #[default]
    Info,
    /// Something is odd.
    Warning,
    /// Something failed.
    Error,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Local time, `14:03:27`.
    pub at: String,
    /// How grave it is.
    pub level: Level,
    /// What happened.
    pub what: String,
    /// How long that took.
    pub took: Option<Duration>,
}

/// The log, the oldest entry first.
#[derive(Default)]
pub struct Journal {
    entries: VecDeque<Entry>,
}

impl Journal {
    /// Entries of at least this level.
    pub fn of(&self, least: Level) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.level >= least)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing has happened yet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Entries of at least this level, as text: a line each.
    pub fn text(&self, least: Level) -> String {
        let line = |entry: &Entry| {
            let took = entry.took.map_or_else(String::new, |took| format!(" ({})", spelled(took)));
            let level: &str = match entry.level {
                Level::Info => "info",
                Level::Warning => "warning",
                Level::Error => "error",
            };
            format!("{} {level} {}{took}\n", entry.at, entry.what)
        };
        self.of(least).map(line).collect()
    }

    fn add(&mut self, level: Level, what: String, took: Option<Duration>) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { at: now(), level, what, took });
    }

    /// Writes down what a worker said, before the session hears it: until then its job's time is known.
    pub(super) fn note(&mut self, news: &News, session: &Session) {
        let words = &session.post().words().journal;
        let took = |number: u64| {
            let jobs = [&session.busy, &session.exporting];
            jobs.into_iter().flatten().find(|busy| busy.number == number).map(|busy| busy.since.elapsed())
        };
        // Late news of a job that was given up is none
        let own = |number: u64| number == 0 || took(number).is_some();
        match news {
            News::Loaded { job, model, .. } if own(*job) => {
                self.add(Level::Info, (words.loaded)(&model.name), took(*job));
            }
            News::Opened { job, trace, .. } if own(*job) => {
                self.add(Level::Info, (words.opened)(&trace.model_name), took(*job));
            }
            News::Ran { job, trace } if own(*job) => {
                let pass = Duration::try_from_secs_f64(trace.forward_seconds).ok();
                self.add(Level::Info, (words.ran)(&trace.model_name, trace.n_tokens()), pass);
                if trace.has_nan {
                    self.add(Level::Warning, session.post().words().nan.to_owned(), None);
                }
            }
            News::Changed { trace, .. } => {
                let pass = Duration::try_from_secs_f64(trace.forward_seconds).ok();
                self.add(Level::Info, words.changed.to_owned(), pass);
            }
            News::Exported { job, path } if own(*job) => {
                let what = (session.post().words().exported)(&path.display().to_string());
                self.add(Level::Info, what, took(*job));
            }
            News::Fetched { job, path } if own(*job) => {
                self.add(Level::Info, (words.fetched)(&path.display().to_string()), took(*job));
            }
            News::Checks { results, .. } => {
                let held = results.iter().filter(|result| result.passed).count();
                let level = if held == results.len() { Level::Info } else { Level::Error };
                self.add(level, (words.checked)(held, results.len()), None);
            }
            News::Cancelled { job } if own(*job) => {
                self.add(Level::Info, words.cancelled.to_owned(), took(*job));
            }
            News::Failed { job, banner } => self.add(Level::Error, banner.what.clone(), took(*job)),
            News::Unchanged { banner, .. } => self.add(Level::Error, banner.what.clone(), None),
            _ => {} // steps on the way
        }
    }

    /// Takes in what libraries have warned of since.
    pub(super) fn hear(&mut self) {
        let heard = std::mem::take(&mut *RELAY.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        for (level, what) in heard {
            self.add(level, what, None);
        }
    }
}

/// A length of time as people read it.
pub fn spelled(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 1.0 { format!("{:.0} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

fn now() -> String {
    let now = jiff::ZonedDateTime::now();
    jiff::fmt::strtime::format("%H:%M:%S", &now).unwrap_or_default()
}

/// Where the `log` facade's records wait for the window.
struct Relay {
    waiting: Mutex<Vec<(Level, String)>>,
}

static RELAY: Relay = Relay { waiting: Mutex::new(Vec::new()) };

impl log::Log for Relay {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        // Each letter of a figure that stands in another face than the first is no news to anybody
        metadata.level() <= log::Level::Warn && metadata.target() != "usvg::text"
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let level = if record.level() == log::Level::Error { Level::Error } else { Level::Warning };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < KEPT {
            waiting.push((level, format!("{}: {}", record.target(), record.args())));
        }
    }

    fn flush(&self) {}
}

/// From now on warnings of libraries come into the log.
pub(super) fn listen() {
    // Whoever has set a logger before keeps it
    if log::set_logger(&RELAY).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
}
