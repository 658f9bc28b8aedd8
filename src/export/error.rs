//! What can go wrong while writing a file, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why an export failed. Nothing half-written is left behind.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The ending names no format.
    #[error("`{}` names no format that can be written", .0.display())]
    Ending(PathBuf),
    /// The format cannot hold what was asked for.
    #[error("{format} cannot hold {what}")]
    Content {
        /// The format's ending.
        format: &'static str,
        /// What it cannot hold.
        what: String,
    },
    /// Heads were picked, or maps cut, for a format that holds whole arrays.
    #[error(
        "{0} holds whole arrays: cut, weighed, combined and grouped maps and picked heads are for pictures"
    )]
    Cut(&'static str),
    /// The selection is empty or reaches outside the model.
    #[error("{0}")]
    Selection(String),
    /// There is no such map.
    #[error(transparent)]
    Map(#[from] crate::trace::MapError),
    /// A picture of an impossible size.
    #[error("a picture of {width} × {height} pixels cannot be drawn (at most {largest} a side)")]
    Size {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// The most on either side.
        largest: u32,
    },
    /// The picture could not be drawn.
    #[error("cannot draw the picture: {0}")]
    Draw(String),
    /// A page that a browser would choke on.
    #[error("an interactive page of {cells} attention weights is too large (at most {most})")]
    Page {
        /// Weights asked for.
        cells: u64,
        /// The most.
        most: u64,
    },
    /// An activation could not be computed.
    #[error("cannot compute `{name}`: {why}")]
    Activation {
        /// Its name in the vocabulary.
        name: String,
        /// The model's own words.
        why: String,
    },
    /// The user cancelled.
    #[error("the export was cancelled")]
    Cancelled,
    /// Writing failed; [`super::atomic`] adds the place.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Where to.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl ExportError {
    /// Wraps what the operating system said about `path`.
    pub fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Ending(_) => format!("end the name in one of {}, or in / for a folder", super::endings()),
            Self::Content { format: ".csv", .. } => {
                "a table holds one kind of value: name one with --what".into()
            }
            Self::Content { .. } => "write .npz or .safetensors, which hold every array".into(),
            Self::Cut(_) => {
                "choose with --layers and --heads; `mnemoscope figure` writes a picture's own numbers".into()
            }
            Self::Selection(_) => "`mnemoscope info` lists the layers and heads".into(),
            Self::Map(crate::trace::MapError::NeedsWeights) => {
                "name the model itself, not a saved run".into()
            }
            Self::Map(_) => "choose heads with --pick, or with --layers and --heads".into(),
            Self::Size { .. } => "ask for a smaller --size, or fewer heads with --layers and --heads".into(),
            Self::Page { .. } => "choose fewer heads with --layers and --heads, or write .npz".into(),
            Self::Write { source, .. } | Self::Io(source) => return write_hint(source.kind()),
            Self::Draw(_) | Self::Activation { .. } | Self::Cancelled => return None,
        })
    }
}

fn write_hint(kind: io::ErrorKind) -> Option<String> {
    Some(match kind {
        io::ErrorKind::NotFound => "the folder does not exist: make it first".into(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder that you may write to".into()
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space, or choose another disk; nothing was overwritten".into()
        }
        io::ErrorKind::IsADirectory => {
            "end the name in / to write one picture per head into that folder".into()
        }
        _ => return None,
    })
}
