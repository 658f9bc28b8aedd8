//! What outlives the window: theme, looks, size, models opened; JSON in the user's config folder.

use super::{
    layout::{Pane, Preset},
    state::Look,
    words::Language,
};
use crate::engine::{settings_folder, write_json};
use egui_tiles::Tree;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// How large everything may be drawn, in percent.
pub const SIZES: [u16; 11] = [80, 90, 100, 110, 125, 150, 175, 200, 225, 250, 300];

const RECENT: usize = 8;
const HISTORY: usize = 30;

/// Settings, each with a default, so that an older or broken file still starts the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Dark theme, light theme, or none: as the system wishes.
    pub dark: Option<bool>,
    /// Language, or none: as the system has it.
    pub language: Option<Language>,
    /// How values become pictures.
    pub look: Look,
    /// Name of the layout in sight.
    pub layout: String,
    /// Layouts that the user moved or made.
    pub arranged: BTreeMap<String, Tree<Pane>>,
    /// Runs a small model while the prompt is being typed.
    pub live: bool,
    /// How large everything is drawn, in percent of the usual.
    pub percent: u16,
    /// Inner size of the window, in points.
    pub window: [f32; 2],
    /// Models opened, the latest first.
    pub recent: Vec<PathBuf>,
    /// Prompts that were run, the latest first.
    pub history: Vec<String>,
    /// Hints that were closed, a bit each.
    pub hints: u8,
    /// Where the last export went.
    pub export_folder: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        let (look, window) = (Look::default(), [1440.0, 900.0]);
        Self {
            dark: None,
            language: None,
            look,
            layout: Preset::Inspect.id().to_owned(),
            arranged: BTreeMap::new(),
            live: true,
            percent: 100,
            window,
            recent: Vec::new(),
            history: Vec::new(),
            hints: 0,
            export_folder: None,
        }
    }
}

impl Settings {
    /// Reads the file; defaults where there is none or it does not read.
    pub fn load() -> Self {
        let text = file().and_then(|file| std::fs::read_to_string(file).ok());
        let mut settings: Self = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        settings.percent = settings.percent.clamp(SIZES[0], SIZES[SIZES.len() - 1]);
        settings.window = settings.window.map(|side| if side.is_finite() { side } else { 900.0 });
        settings.window[0] = settings.window[0].clamp(800.0, 7680.0);
        settings.window[1] = settings.window[1].clamp(500.0, 4320.0);
        settings
    }

    /// Writes the file by way of a temporary one. Failure costs the user a preference, so it is only logged.
    pub fn save(&self) {
        let Some(file) = file() else { return };
        if let Err(error) = write_json(self, &file) {
            log::warn!("settings not saved: {error}: {}", file.display());
        }
    }

    /// The language of the window.
    pub fn language(&self) -> Language {
        self.language.unwrap_or_else(Language::of_system)
    }

    /// The next size up or down, where there is one.
    pub fn next_size(&self, up: bool) -> Option<u16> {
        let larger = SIZES.into_iter().find(|&size| size > self.percent);
        let smaller = SIZES.into_iter().rev().find(|&size| size < self.percent);
        if up { larger } else { smaller }
    }

    /// The same as a factor.
    pub fn zoom(&self) -> f32 {
        f32::from(self.percent) / 100.0
    }

    /// Where what is written is offered to go: beside the last export, else into the current folder.
    pub fn folder_for_exports(&self) -> PathBuf {
        self.export_folder.clone().or_else(|| std::env::current_dir().ok()).unwrap_or_default()
    }

    /// Puts a prompt on top of those that were run.
    pub fn note(&mut self, prompt: &str) {
        if !prompt.trim().is_empty() {
            self.history.retain(|other| other != prompt);
            self.history.insert(0, prompt.to_owned());
            self.history.truncate(HISTORY);
        }
    }

    /// Puts a model on top of the list.
    pub fn remember(&mut self, model: &Path) {
        self.recent.retain(|other| other != model);
        self.recent.insert(0, model.to_owned());
        self.recent.truncate(RECENT);
    }
}

fn file() -> Option<PathBuf> {
    Some(settings_folder()?.join("window.json"))
}
