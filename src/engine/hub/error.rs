//! Why a model did not come from the hub, and what to do about it.

use std::path::PathBuf;

/// A model was not fetched. What had been fetched of it stays for the next try.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// No name of a model
    #[error("`{0}` is no name of a model")]
    Name(String),
    /// Connections are forbidden
    #[error("connections are forbidden")]
    Offline,
    /// The hub does not know it, or does not show it to us
    #[error("there is no model `{0}` on the hub")]
    NotFound(String),
    /// The hub wants to know who asks
    #[error("the hub does not give `{0}` to everybody")]
    Gated(String),
    /// No connection, or one that was cut again and again
    #[error("the connection to {url} failed: {reason}")]
    Connection {
        /// Where to
        url: String,
        /// What went wrong
        reason: String,
    },
    /// A status that means nothing to us
    #[error("the hub answered {status} for {url}")]
    Status {
        /// HTTP status
        status: u16,
        /// What was asked for
        url: String,
    },
    /// An answer that we cannot read
    #[error("the hub's answer makes no sense ({reason}): {url}")]
    Answer {
        /// What was asked for
        url: String,
        /// What is wrong
        reason: String,
    },
    /// A file that is not what the hub announced; it is removed
    #[error("`{file}` has SHA-256 {found}, expected {expected}")]
    Checksum {
        /// Which file
        file: String,
        /// Its sum
        found: String,
        /// The announced one
        expected: String,
    },
    /// A file of another length than the hub announced; it is removed
    #[error("`{file}` has {found} bytes, expected {expected}")]
    Length {
        /// Which file
        file: String,
        /// Its length
        found: u64,
        /// The announced one
        expected: u64,
    },
    /// Several GGUF files, of which one is wanted
    #[error("`{name}` has several files: {}", listed(.files))]
    Choose {
        /// The model
        name: String,
        /// Names and sizes
        files: Vec<(String, u64)>,
    },
    /// Nothing that we read
    #[error("`{0}` has no weights that Mnemoscope reads")]
    NoWeights(String),
    /// The disk
    #[error("cannot write {}: {source}", .file.display())]
    Write {
        /// Which file
        file: PathBuf,
        /// What the system said
        source: std::io::Error,
    },
    /// No folder to keep models in
    #[error("this system names no home folder to keep models in")]
    NoHome,
    /// The job was cancelled
    #[error("cancelled")]
    Cancelled,
}

fn listed(files: &[(String, u64)]) -> String {
    let file = |(name, bytes): &(String, u64)| format!("{name} ({:.1} GB)", *bytes as f64 / 1e9);
    files.iter().map(file).collect::<Vec<_>>().join(", ")
}

impl HubError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Name(_) => "write OWNER/NAME, as the hub does".into(),
            Self::Offline => {
                "leave --offline out, or allow connections with `mnemoscope models --online`".into()
            }
            Self::NotFound(_) => "check the name; a private model needs a token in HF_TOKEN".into(),
            Self::Gated(name) => {
                format!("accept its terms at https://huggingface.co/{name}, then put a token in HF_TOKEN")
            }
            Self::Connection { .. } => "try again: it goes on where it was cut off".into(),
            Self::Checksum { .. } | Self::Length { .. } => {
                "try again; if it stays, the hub's file is damaged".into()
            }
            Self::Choose { .. } => "name one with --file".into(),
            Self::NoWeights(_) => "look for a version in safetensors or GGUF".into(),
            Self::Write { .. } => "make room, or point HF_HOME at another disk".into(),
            Self::NoHome => "set HF_HOME to a folder".into(),
            Self::Status { .. } | Self::Answer { .. } | Self::Cancelled => return None,
        })
    }
}
