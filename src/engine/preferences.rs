//! What the user told the engine for good: folders with models, and whether it may connect at all.

use crate::export::atomic::without_place;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Names another folder for settings; tests use it.
pub const FOLDER_VARIABLE: &str = "MNEMOSCOPE_CONFIG_DIR";

/// Kept beside the window's settings, and read by the command line too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Folders to look for models in, beside those of other programs
    pub folders: Vec<PathBuf>,
    /// No connection, ever
    pub offline: bool,
}

impl Preferences {
    /// Reads the file; defaults where there is none or it does not read.
    pub fn load() -> Self {
        let text = file().and_then(|file| std::fs::read_to_string(file).ok());
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Writes the file.
    pub fn save(&self) -> std::io::Result<()> {
        match file() {
            Some(file) => write_json(self, &file),
            None => Ok(()),
        }
    }
}

/// The folder of the user's settings, where the system has one.
pub fn settings_folder() -> Option<PathBuf> {
    match std::env::var_os(FOLDER_VARIABLE) {
        Some(folder) => Some(PathBuf::from(folder)),
        None => Some(directories::ProjectDirs::from("", "", "mnemoscope")?.config_dir().to_owned()),
    }
}

/// Writes a value as JSON by way of a temporary file, so that none is left half-written.
pub fn write_json(value: &impl Serialize, file: &Path) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let write = || {
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut temporary, value)?;
        temporary.write_all(b"\n")?;
        Ok(temporary)
    };
    let written = write().map_err(|error| without_place(&error))?;
    written.persist(file).map_err(|failed| failed.error)?;
    Ok(())
}

fn file() -> Option<PathBuf> {
    Some(settings_folder()?.join("models.json"))
}
