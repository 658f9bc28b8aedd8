//! What outlives the window: theme, looks, size, models opened; JSON in the user's config folder.

use super::{
    layout::{Pane, Preset},
    state::Look,
    words::Language,
};
use crate::engine::{settings_folder, write_json};
use egui_tiles::Tree;
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
    /// Whether the latest of the prompts was run while it was being typed.
    #[serde(skip)]
    pub drafted: bool,
    /// Where a file that did not read is kept, until that is said.
    #[serde(skip)]
    pub broken: Option<PathBuf>,
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
            drafted: false,
            broken: None,
        }
    }
}

impl Settings {
    /// Reads the user's file; defaults where there is none.
    pub fn load() -> Self {
        file().map_or_else(Self::default, |file| Self::load_from(&file))
    }

    /// Reads a file. Of a broken one what reads is taken, the rest stays at its default, and a copy is kept beside it:
    /// the file itself is written anew.
    pub fn load_from(file: &Path) -> Self {
        let Ok(bytes) = std::fs::read(file) else { return Self::default() };
        let (mut settings, whole) = Self::read(&bytes);
        if !whole {
            let copy = file.with_extension("broken.json");
            settings.broken = std::fs::copy(file, &copy).ok().map(|_| copy);
        }
        settings.percent = settings.percent.clamp(SIZES[0], SIZES[SIZES.len() - 1]);
        settings.window = settings.window.map(|side| if side.is_finite() { side } else { 900.0 });
        settings.window[0] = settings.window[0].clamp(800.0, 7680.0);
        settings.window[1] = settings.window[1].clamp(500.0, 4320.0);
        settings
    }

    /// What a file says, field by field where it does not read as a whole; and whether that is all of it.
    fn read(bytes: &[u8]) -> (Self, bool) {
        if let Ok(settings) = serde_json::from_slice(bytes) {
            return (settings, true);
        }
        let mut settings = Self::default();
        let (Ok(Value::Object(fields)), Ok(Value::Object(mut kept))) =
            (serde_json::from_slice(bytes), serde_json::to_value(&settings))
        else {
            return (settings, false);
        };
        for (name, field) in fields {
            let before = kept.insert(name.clone(), field);
            if let Ok(read) = serde_json::from_value(Value::Object(kept.clone())) {
                settings = read;
            } else if let Some(before) = before {
                kept.insert(name, before);
            }
        }
        (settings, false)
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

    /// Puts a prompt on top of those that were run. One that was run while it was being typed (`draft`) gives way to
    /// what it is typed on to, and does not become what is left of it while it is deleted.
    pub fn note(&mut self, prompt: &str, draft: bool) {
        if prompt.trim().is_empty() {
            return;
        }
        let top = self.history.first();
        if top.is_some_and(|top| top == prompt) {
            self.drafted &= draft;
            return;
        }
        if draft && top.is_some_and(|top| top.len() > prompt.len() && top.starts_with(prompt)) {
            return;
        }
        if self.drafted && top.is_some_and(|top| prompt.starts_with(top.as_str())) {
            self.history.remove(0);
        }
        self.drafted = draft;
        self.history.retain(|other| other != prompt);
        self.history.insert(0, prompt.to_owned());
        self.history.truncate(HISTORY);
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
