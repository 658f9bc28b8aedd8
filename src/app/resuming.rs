//! An atlas that was not finished when the window closed: kept beside the open session, found at the next start.

use super::{session::Session, window::Window, worker::spawn};
use crate::engine;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

/// Its file, in the folder of the sessions that are open.
pub const NAME: &str = "atlas.partial";
/// A window that closes waits no longer than this for the passage that is being read.
const PATIENCE: Duration = Duration::from_secs(3);

impl Window {
    /// What is left when the window closes by itself.
    pub fn close(&mut self) {
        if let Some(path) = self.keeper.beside(NAME) {
            self.session.keep_atlas(&path);
        }
        self.keeper.end();
    }
}

impl Session {
    /// Stops an atlas in the making and writes what there is of it; removes the file where there is nothing to go on with.
    pub fn keep_atlas(&mut self, path: &Path) {
        let since = Instant::now();
        if self.charting.progress().is_some() && self.charting.pace().is_some() {
            self.stop_atlas();
            while self.charting.left().is_none() && since.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        let left = self.charting.left.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = left.as_ref().map(|partial| engine::save_partial(partial, path));
        if !matches!(kept, Some(Ok(()))) {
            let _ = std::fs::remove_file(path); // mostly there is none
        }
    }

    /// Takes up what an earlier window left there.
    pub fn find_atlas(&self, path: PathBuf) {
        let left = Arc::clone(&self.charting.left);
        spawn("find an atlas", self.post(), 0, move |post| {
            // One that another version wrote, or half of one, is made anew
            let Ok(partial) = engine::open_partial(&path) else { return };
            let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
            if left.is_none() {
                *left = Some(partial);
                post.nudge();
            }
        });
    }
}
