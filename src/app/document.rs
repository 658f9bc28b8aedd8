//! A session as a file (`.mnemo`): which model, which prompt, what was selected, changed, noted and laid out where.
//!
//! The same is written every few seconds while the window is open; a file that is still there at the next start is of a
//! window that did not end by itself, and is offered back.

use super::{
    banner::{Banner, Offer},
    panes::dialogs::Dialog,
    running::Request,
    state::State,
    window::Window,
    worker::{News, spawn},
};
use crate::{
    engine::{ModelSource, settings_folder, write_json},
    export::atomic,
};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// The ending of a session's file.
pub const ENDING: &str = "mnemo";
/// Of the files this version writes.
const FORMAT: u32 = 1;
/// How often what changed is kept.
const EVERY: Duration = Duration::from_secs(5);

/// Which model a session is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reference {
    /// The one inside the program.
    Embedded,
    /// A file, a folder, or a name that this machine knows.
    Path(PathBuf),
}

impl Reference {
    pub(super) fn of(source: &ModelSource) -> Self {
        match source {
            ModelSource::Embedded => Self::Embedded,
            ModelSource::Path(path) => Self::Path(path.clone()),
        }
    }

    pub(super) fn source(self) -> ModelSource {
        match self {
            Self::Embedded => ModelSource::Embedded,
            Self::Path(path) => ModelSource::Path(path),
        }
    }
}

/// What a session's file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Version of the file.
    pub mnemoscope: u32,
    /// The model.
    pub model: Reference,
    /// All the rest.
    pub state: State,
}

/// Why a session does not open.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It cannot be read.
    #[error("the session does not open: {source}: {}", path.display())]
    Read {
        /// The system's reason.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// It is no session.
    #[error("not a session of Mnemoscope: {source}: {}", path.display())]
    Parse {
        /// What did not fit, and where.
        source: serde_json::Error,
        /// The file.
        path: PathBuf,
    },
    /// A later version wrote it.
    #[error("a later version of Mnemoscope wrote this session (format {found}, here {FORMAT}): {}", path.display())]
    Later {
        /// Its version.
        found: u32,
        /// The file.
        path: PathBuf,
    },
}

impl Document {
    /// Reads a file.
    pub fn open(path: &Path) -> Result<Self, DocumentError> {
        let owned = || path.to_owned();
        let text =
            std::fs::read_to_string(path).map_err(|source| DocumentError::Read { source, path: owned() })?;
        let document: Self =
            serde_json::from_str(&text).map_err(|source| DocumentError::Parse { source, path: owned() })?;
        match document.mnemoscope {
            0..=FORMAT => Ok(document),
            found => Err(DocumentError::Later { found, path: owned() }),
        }
    }
}

/// Whether a path is named like a session.
pub fn is_session(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING))
}

/// Keeps what is open in a file of this process, so that a crash loses seconds.
#[derive(Default)]
pub struct Keeper {
    file: Option<PathBuf>,
    kept: Option<(Option<ModelSource>, State)>,
    last: Option<Instant>,
    /// Whether it keeps the user's settings, too, and when it last did.
    settings: bool,
    settled: Option<Instant>,
    /// Whether it was said that nothing can be kept; said once, not every few seconds.
    told: Arc<AtomicBool>,
}

impl Keeper {
    /// One that writes into the user's settings folder.
    pub fn usual() -> Self {
        Self { settings: true, ..Self::into(settings_folder().map(|folder| folder.join("open"))) }
    }

    /// One that writes into this folder.
    pub fn into(folder: Option<PathBuf>) -> Self {
        let name = format!("{}.{ENDING}", std::process::id());
        Self { file: folder.map(|folder| folder.join(name)), ..Self::default() }
    }

    /// The latest session in the folder whose process is gone.
    pub fn orphan(&self) -> Option<PathBuf> {
        let folder = self.file.as_ref()?.parent()?;
        let files = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
        let dead = files.filter(|path| is_session(path) && owner(path).is_some_and(|pid| !runs(pid)));
        dead.max_by_key(|path| path.metadata().and_then(|data| data.modified()).ok())
    }

    /// A file of this name in the same folder.
    pub fn beside(&self, name: &str) -> Option<PathBuf> {
        Some(self.file.as_ref()?.parent()?.join(name))
    }

    /// Forgets what was kept: the window ends by itself.
    pub fn end(&mut self) {
        if let Some(file) = self.file.take() {
            let _ = std::fs::remove_file(file); // there is none where nothing was changed
        }
    }
}

fn owner(path: &Path) -> Option<u32> {
    path.file_stem()?.to_str()?.parse().ok()
}

fn runs(pid: u32) -> bool {
    let pid = sysinfo::Pid::from_u32(pid);
    // Where the system does not say, it is not taken for dead
    let Ok(mut system) = sysinfo::System::new() else { return true };
    system.refresh_processes(sysinfo::ProcessesToUpdate::Some(&[pid]), true);
    // One that its parent has not heard the end of is still listed
    let ended = |status| matches!(status, sysinfo::ProcessStatus::Zombie | sysinfo::ProcessStatus::Dead);
    system.process(pid).is_some_and(|process| !ended(process.status()))
}

impl Window {
    fn document(&self) -> Document {
        let model = self.session.source.as_ref().map_or(Reference::Embedded, Reference::of);
        Document { mnemoscope: FORMAT, model, state: self.state.clone() }
    }

    /// Writes the session, and from now on writes it there.
    pub(super) fn save_session(&mut self, path: PathBuf) {
        self.dialog = Dialog::None;
        let path = if is_session(&path) { path } else { path.with_extension(ENDING) };
        self.file = Some(path.clone());
        let (document, words) = (self.document(), self.session.post().words());
        self.session.export(path.clone(), move |_| {
            // Like a figure: whole or not at all, and into no folder that nobody made
            let written = atomic::write(&path, |out| {
                serde_json::to_writer_pretty(&mut *out, &document).map_err(std::io::Error::from)?;
                Ok(out.write_all(b"\n")?)
            });
            written.map_err(|error| Banner::of(&error, words))
        });
    }

    /// A session that was written is one to open again.
    pub(super) fn remember_session(&mut self, news: &News) {
        if let News::Exported { path, .. } = news
            && is_session(path)
        {
            self.settings.remember(path);
        }
    }

    /// Asks where to; a session that has a file goes there at once.
    pub(super) fn ask_for_session(&mut self) {
        // Where it could not be written there is no file: another place is asked for then
        if let Some(path) = self.file.clone().filter(|path| path.exists()) {
            return self.save_session(path);
        }
        let usual = || self.settings.folder_for_exports().join("session.mnemo");
        let path = self.file.clone().unwrap_or_else(usual).display().to_string();
        self.dialog = Dialog::Session { path };
    }

    /// Opens a session: its model is loaded, its prompt run, its selection and layout come back.
    pub(super) fn open_session(&mut self, path: &Path) {
        self.dialog = Dialog::None;
        match Document::open(path) {
            Ok(document) => {
                self.settings.remember(path);
                self.file = Some(path.to_owned());
                self.restore(document);
            }
            Err(error) => self.session.banner = Some(Banner::of(&error, self.session.post().words())),
        }
    }

    fn restore(&mut self, document: Document) {
        self.state = document.state;
        self.undoer = egui::util::undoer::Undoer::default();
        self.returning = Some(Box::new(self.state.clone()));
        let request = Request::of(&self.state);
        self.session.open(document.model.source(), request);
    }

    /// Brings back what a window that did not end by itself had open.
    pub(super) fn recover(&mut self) {
        self.session.banner = None;
        let Some(path) = self.keeper.orphan() else { return };
        match Document::open(&path) {
            Ok(document) => self.restore(document),
            Err(error) => {
                self.session.banner = Some(Banner::of(&error, self.session.post().words()));
                // A later version may read it; it is not offered again
                let _ = std::fs::rename(&path, path.with_extension("mnemo.broken"));
                return;
            }
        }
        let _ = std::fs::remove_file(path);
    }

    /// Offers that, at the start; else says where settings are that did not read.
    pub(super) fn offer_recovery(&mut self) {
        if let Some(copy) = self.settings.broken.take() {
            let told =
                (self.settings.language().words().session.broken_settings)(&copy.display().to_string());
            log::warn!("{told}");
            self.session.banner = Some(Banner::done(told));
        }
        if self.keeper.orphan().is_some() {
            let words = self.settings.language().words();
            let offer = Some(Offer::Recover);
            let banner = Banner { offer, ..Banner::done(words.session.crashed.to_owned()) };
            self.session.banner = Some(banner);
        }
    }

    /// Writes the settings while the window runs, so that a crash forgets neither a language nor a hint that was closed.
    fn keep_settings(&mut self, ctx: &egui::Context) {
        if !self.keeper.settings || self.settings == self.saved {
            return;
        }
        let wait = self.keeper.settled.map_or(Duration::ZERO, |last| EVERY.saturating_sub(last.elapsed()));
        if !wait.is_zero() {
            ctx.request_repaint_after(wait);
            return;
        }
        self.keeper.settled = Some(Instant::now());
        self.saved = self.settings.clone();
        let settings = self.settings.clone();
        spawn("keep the settings", self.session.post(), 0, move |_| settings.save());
    }

    /// Keeps what is open, where it changed and some seconds have passed.
    pub(super) fn autosave(&mut self, ctx: &egui::Context) {
        let Some(file) = self.keeper.file.clone() else { return };
        self.keep_settings(ctx);
        let now = (self.session.source.clone(), self.state.clone());
        if self.keeper.kept.as_ref() == Some(&now) {
            return;
        }
        let wait = self.keeper.last.map_or(Duration::ZERO, |last| EVERY.saturating_sub(last.elapsed()));
        if !wait.is_zero() {
            ctx.request_repaint_after(wait);
            return;
        }
        // At the start there is nothing to lose yet
        if self.keeper.kept.replace(now).is_none() {
            return;
        }
        self.keeper.last = Some(Instant::now());
        let (document, told) = (self.document(), Arc::clone(&self.keeper.told));
        spawn("keep the session", self.session.post(), 0, move |post| {
            let Err(error) = write_json(&document, &file) else {
                return told.store(false, Ordering::Relaxed);
            };
            if !told.swap(true, Ordering::Relaxed) {
                let words = &post.words().session;
                let folder = file.parent().unwrap_or(&file).display().to_string();
                let what = (words.not_kept)(&folder, &error.to_string());
                let banner = Banner::error(&what, Some(words.not_kept_hint.to_owned()));
                post.send(News::Failed { job: 0, banner });
            }
        });
    }
}
