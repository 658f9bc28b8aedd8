//! Saved traces: one plain safetensors file that opens without the model. `docs/trace-format.md` is written for
//! other programs that write it.

mod changes;
mod header;
mod read;
mod write;

pub(crate) use header::Header;
pub use read::{is_saved, open};
pub use write::write;

use super::Trace;
use crate::model::{Hook, ModelSpec, Stream};
use std::path::PathBuf;

/// How the name of a saved trace ends.
pub const ENDING: &str = ".trace.safetensors";
/// The format's version, under `mnemoscope` in the metadata.
pub const VERSION: &str = "1";

/// The array of a sentence encoder's answer, [numbers].
const VECTOR: &str = "sentence_vector";

/// A saved trace that was not opened. What was open before is untouched.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// Reading failed
    #[error("cannot read {}: {source}", .file.display())]
    Read {
        /// Which file
        file: PathBuf,
        /// What the system said
        source: std::io::Error,
    },
    /// No well-formed safetensors file
    #[error("not a sound safetensors file ({reason}): {}", .file.display())]
    Safetensors {
        /// Which file
        file: PathBuf,
        /// The first thing that is wrong
        reason: String,
    },
    /// A version that this program does not know
    #[error("a saved trace of version `{found}`, this program reads `{VERSION}`: {}", .file.display())]
    Version {
        /// The version the file names
        found: String,
        /// Which file
        file: PathBuf,
    },
    /// An entry of the metadata is missing or does not say what it must
    #[error("`{key}` in the metadata {reason}: {}", .file.display())]
    Metadata {
        /// Which entry
        key: &'static str,
        /// What is wrong with it
        reason: String,
        /// Which file
        file: PathBuf,
    },
    /// An array the trace needs is not there
    #[error("array `{name}` is missing: {}", .file.display())]
    Missing {
        /// Its name
        name: String,
        /// Which file
        file: PathBuf,
    },
    /// An array of another shape than the specification says
    #[error("array `{name}` is {found:?}, expected {expected:?}: {}", .file.display())]
    Shape {
        /// Its name
        name: String,
        /// Shape in the file
        found: Vec<usize>,
        /// Shape the specification and the tokens ask for
        expected: Vec<usize>,
        /// Which file
        file: PathBuf,
    },
    /// An array of a number type that is not read
    #[error("array `{name}` is {found}, expected F32, F16 or BF16: {}", .file.display())]
    Type {
        /// Its name
        name: String,
        /// Type in the file
        found: String,
        /// Which file
        file: PathBuf,
    },
    /// Log-sum-exps that are no numbers, or of other scores than q and k give
    #[error("array `{name}` {reason}: {}", .file.display())]
    Lse {
        /// Its name
        name: String,
        /// Where, and what is wrong there
        reason: String,
        /// Which file
        file: PathBuf,
    },
    /// The job was cancelled
    #[error("opening was cancelled")]
    Cancelled,
}

impl TraceError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } => "check that the file is there and may be read".into(),
            Self::Safetensors { .. } => "save or copy it again: it may have been cut short".into(),
            Self::Version { .. } => "open it with the Mnemoscope that wrote it, or a newer one".into(),
            Self::Metadata { .. } | Self::Missing { .. } | Self::Shape { .. } | Self::Type { .. } => {
                "docs/trace-format.md says what a saved trace holds".into()
            }
            Self::Lse { .. } => {
                "lse must be the log-sum-exp of each query's scores: scale times q·k, masked keys left out"
                    .into()
            }
            Self::Cancelled => return None,
        })
    }
}

/// What a file calls what stands beside a block's pattern without a hook of its own: `blocks.3.attn.lse`.
///
/// `lse`: each head's log-sum-exps, [head, query]; `W_rel`: what is learned about distances, [bucket, head]; `sinks`:
/// each head's sink, [head].
fn beside(spec: &ModelSpec, layer: usize, what: &str) -> String {
    spec.hook_name(Hook::Pattern, layer).replace("hook_pattern", what)
}

impl Trace {
    /// Name and shape of what the last block gives.
    fn output_array(&self) -> (String, Vec<usize>) {
        self.stream_array(self.spec.stream_at(self.n_layers()))
    }

    /// Name and shape of what the encoder gives; `None` where there is no encoder.
    fn source_array(&self) -> Option<(String, Vec<usize>)> {
        let last = self.spec.decoder_start().checked_sub(1)?;
        Some(self.stream_array(Stream::After(last)))
    }

    fn stream_array(&self, stream: Stream) -> (String, Vec<usize>) {
        let (hook, layer) = self.spec.stream_hook(stream);
        (self.spec.hook_name(hook, layer), self.shape(hook, layer))
    }
}
