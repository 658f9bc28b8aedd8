//! Atlases in files: our own `atlas.json`, a page for a browser, HeadVis's folder.

use super::page::page;
use crate::analysis::atlas::Atlas;
use crate::analysis::atlas::headvis::{self, HeadVisError};
use crate::export::{ExportError, Lang, atomic};
use std::io;
use std::path::{Path, PathBuf};

/// How an atlas is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtlasForm {
    /// All of it, to be opened again
    Json,
    /// A page for a browser
    Page,
    /// HeadVis's folder
    HeadVis,
}

impl AtlasForm {
    /// What a name asks for: `.json`, `.html`, or without an ending a folder. `None` for another ending.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase).as_deref() {
            Some("json") => Some(Self::Json),
            Some("html") => Some(Self::Page),
            Some(_) => None,
            None => Some(Self::HeadVis),
        }
    }
}

/// A file or folder that holds no atlas.
#[derive(Debug, thiserror::Error)]
pub enum AtlasFileError {
    /// It could not be read
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// Which
        path: PathBuf,
        /// What the system said
        source: io::Error,
    },
    /// It is no `atlas.json`
    #[error("{} is no atlas: {source}", .path.display())]
    Json {
        /// Which
        path: PathBuf,
        /// What is wrong with it
        source: serde_json::Error,
    },
    /// What it says cannot be
    #[error("{} is no atlas: {what}", .path.display())]
    Wrong {
        /// Which
        path: PathBuf,
        /// What is wrong with it
        what: &'static str,
    },
    /// It is no folder of HeadVis's
    #[error("{} is no folder of HeadVis's: {source}", .path.display())]
    HeadVis {
        /// Which
        path: PathBuf,
        /// What is wrong with it
        source: HeadVisError,
    },
}

impl AtlasFileError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some("give an atlas.json, or a folder with config.json and scatter_data.json".into())
    }
}

/// Opens an `atlas.json`, or a folder of HeadVis's.
pub fn open_atlas(path: &Path) -> Result<Atlas, AtlasFileError> {
    if path.is_dir() {
        // A file that is there but does not read is told as one that is missing
        let mut file = |name: &str| std::fs::read(path.join(name)).ok();
        return headvis::read(&mut file)
            .map_err(|source| AtlasFileError::HeadVis { path: path.to_owned(), source });
    }
    let bytes =
        std::fs::read(path).map_err(|source| AtlasFileError::Read { path: path.to_owned(), source })?;
    let atlas: Atlas = serde_json::from_slice(&bytes)
        .map_err(|source| AtlasFileError::Json { path: path.to_owned(), source })?;
    match flaw(&atlas) {
        None => Ok(atlas),
        Some(what) => Err(AtlasFileError::Wrong { path: path.to_owned(), what }),
    }
}

/// What in a stranger's atlas cannot be.
fn flaw(atlas: &Atlas) -> Option<&'static str> {
    if atlas.heads.is_empty() {
        return Some("there are no heads");
    }
    let sequences = atlas.heads.iter().flat_map(|entry| &entry.sequences);
    for sequence in sequences {
        let Some(passage) = atlas.passages.get(sequence.passage) else {
            return Some("a sequence is of a passage that is not there");
        };
        let n = passage.tokens.len();
        let inside = sequence.cells.cells.iter().all(|&cell| (cell as usize) < n * n);
        if !inside || sequence.cells.cells.len() != sequence.cells.weights.len() {
            return Some("a sequence has weights beyond its passage");
        }
        if !(1..=10).contains(&sequence.decile) {
            return Some("there are ten tenths");
        }
    }
    let bins = |entry: &crate::analysis::atlas::HeadEntry| {
        [&entry.distances, &entry.activations]
            .iter()
            .all(|own| own.values.is_empty() || own.edges.len() == own.values.len() + 1)
    };
    (!atlas.heads.iter().all(bins)).then_some("a histogram has not one edge more than bins")
}

/// Writes an atlas; a page in a language. A file appears whole or not at all; of a folder every file does.
pub fn save_atlas(atlas: &Atlas, path: &Path, (form, lang): (AtlasForm, Lang)) -> Result<(), ExportError> {
    match form {
        AtlasForm::Json => {
            atomic::write(path, |out| Ok(serde_json::to_writer(out, atlas).map_err(io::Error::from)?))
        }
        AtlasForm::Page => atomic::write(path, |out| Ok(out.write_all(page(atlas, lang).as_bytes())?)),
        AtlasForm::HeadVis => {
            for (name, value) in headvis::files(atlas) {
                let file = path.join(name);
                if let Some(folder) = file.parent() {
                    std::fs::create_dir_all(folder).map_err(|source| ExportError::write(folder, source))?;
                }
                atomic::write(&file, |out| Ok(serde_json::to_writer(out, &value).map_err(io::Error::from)?))?;
            }
            Ok(())
        }
    }
}
