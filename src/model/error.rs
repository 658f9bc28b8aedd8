//! Why a model did not open: what was expected, what was found, in which file, and what to do about it.

use std::path::PathBuf;

/// A model could not be opened. Nothing that was open before is touched.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No such file or folder
    #[error("no file or folder at {}", .0.display())]
    NotFound(PathBuf),
    /// Reading failed
    #[error("cannot read {}: {source}", .file.display())]
    Read {
        /// Which file
        file: PathBuf,
        /// What the system said
        source: std::io::Error,
    },
    /// A folder or file without its `config.json`
    #[error("no config.json in {}", .0.display())]
    NoConfig(PathBuf),
    /// A folder without weights that we read
    #[error("no weights in {}", .0.display())]
    NoWeights(PathBuf),
    /// A file whose ending says nothing to us
    #[error("{} is no model file that Mnemoscope reads", .0.display())]
    UnknownFormat(PathBuf),
    /// `config.json` does not say what it must
    #[error("{source} in {}", .file.display())]
    Config {
        /// Which file
        file: PathBuf,
        /// What is wrong with it
        source: SpecError,
    },
    /// A saved trace, where weights are needed
    #[error("{} is a saved trace: it holds a run, not the model's weights", .0.display())]
    Trace(PathBuf),
    /// No checkpoint at a step of a training
    #[error("there is no checkpoint `{wanted}` in {}", .folder.display())]
    NoStep {
        /// The folder
        folder: PathBuf,
        /// What was asked for
        wanted: String,
        /// The steps that there are
        steps: Vec<u64>,
    },
    /// A weight file that is not well-formed
    #[error("not a sound {format} file ({reason}): {}", .file.display())]
    Broken {
        /// What it should be: `safetensors`, `GGUF`, `PyTorch`
        format: &'static str,
        /// Which file
        file: PathBuf,
        /// The first thing that is wrong
        reason: String,
    },
    /// A pickle that wants something made which is no plain tensor: a program's own class, say
    #[error("it asks for `{name}`, which is no plain tensor; nothing in it was run: {}", .file.display())]
    Foreign {
        /// What it names, with its module
        name: String,
        /// Which file
        file: PathBuf,
    },
    /// `model.safetensors.index.json` is broken, or names a file that is not there
    #[error("the index of weight files is wrong ({reason}): {}", .file.display())]
    Index {
        /// Which file
        file: PathBuf,
        /// The first thing that is wrong
        reason: String,
    },
    /// A weight file whose layers are no Transformer that we know
    #[error("no Transformer that is read was found: {reason}: {}", .file.display())]
    Structure {
        /// Which file
        file: PathBuf,
        /// The first thing that did not fit
        reason: String,
    },
    /// A tensor the architecture needs is not in the weights
    #[error("tensor `{tensor}` is missing: {}", .file.display())]
    Missing {
        /// Its name in the file
        tensor: String,
        /// Which file (or folder of shards)
        file: PathBuf,
    },
    /// A weight that the architecture, as we compute it, has no place for
    #[error("tensor `{tensor}` would change the numbers and is not read in this architecture: {}", .file.display())]
    Unread {
        /// Its name in the file
        tensor: String,
        /// Which file
        file: PathBuf,
    },
    /// A tensor of another shape than the configuration says
    #[error("tensor `{tensor}` is {found:?}, expected {expected:?}: {}", .file.display())]
    Shape {
        /// Its name in the file
        tensor: String,
        /// Shape in the file
        found: Vec<usize>,
        /// Shape the configuration asks for
        expected: Vec<usize>,
        /// Which file
        file: PathBuf,
    },
    /// A tensor of a number type that we do not compute with
    #[error("tensor `{tensor}` is {found}, expected F32, F16 or BF16: {}", .file.display())]
    Type {
        /// Its name in the file
        tensor: String,
        /// Type in the file
        found: String,
        /// Which file
        file: PathBuf,
    },
    /// A tokenizer file that cannot be read
    #[error("the tokenizer cannot be read ({reason}): {}", .file.display())]
    Tokenizer {
        /// Which file
        file: PathBuf,
        /// What is wrong with it
        reason: String,
    },
    /// The job was cancelled
    #[error("loading was cancelled")]
    Cancelled,
}

impl LoadError {
    /// What to do about it: follows the message in the banner and on stderr.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound(_) => "check the path, or take a name that `mnemoscope models` lists".into(),
            Self::Trace(_) => {
                "open the model itself; run, heads, info, export and the window read traces".into()
            }
            Self::NoConfig(_) => "put the model's config.json beside its weights".into(),
            Self::NoWeights(_) => {
                "expected model.safetensors or pytorch_model.bin, their shards with an .index.json, or one .gguf".into()
            }
            Self::UnknownFormat(_) => {
                "open a Hugging Face folder, or a .safetensors, .gguf, .bin, .pth, .keras or .h5 file".into()
            }
            Self::Config { source, .. } => return source.hint(),
            Self::Broken { .. } | Self::Index { .. } => "download or copy the file again".into(),
            Self::Unread { .. } => "open the original model in Hugging Face's layout".into(),
            Self::Foreign { name, .. } if name.contains("_qtensor") => {
                "PyTorch's quantised tensors are not read: save the model before it is quantised, or as GGUF".into()
            }
            Self::Foreign { name, .. } if name.contains("._rebuild_") || name.ends_with("Storage") => {
                "this kind of tensor is not read: save dense tensors of real numbers".into()
            }
            Self::Foreign { .. } => {
                "save the weights alone: torch.save(model.state_dict(), file), or as safetensors".into()
            }
            Self::Missing { .. } | Self::Shape { .. } => {
                "config.json and the weights may be of different models".into()
            }
            Self::Structure { .. } => {
                "open the whole model (.keras or .h5), or one built of attention, norms and dense layers"
                    .into()
            }
            Self::NoStep { steps, .. } => {
                let steps: Vec<String> = steps.iter().map(u64::to_string).collect();
                match steps.as_slice() {
                    [] => "checkpoints are folders with their step in the name, such as checkpoint-500".into(),
                    steps => format!("there are {}, first and last", steps.join(", ")),
                }
            }
            Self::Type { file, .. } if file.extension().is_some_and(|ending| ending == "gguf") => {
                "take a file that is packed otherwise: Q4_0 to Q8_0, Q2_K to Q6_K, IQ4_NL, IQ4_XS or MXFP4".into()
            }
            Self::Type { .. } => "convert the weights to F32, F16 or BF16".into(),
            Self::Tokenizer { .. } => "download it again, or feed token ids with --ids".into(),
            Self::Read { .. } | Self::Cancelled => return None,
        })
    }
}

/// A `config.json` that does not describe a model we know.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum SpecError {
    /// Not JSON, or no object
    #[error("not a JSON object ({0})")]
    NotJson(String),
    /// A family that no file of ours describes
    #[error("unknown architecture `{0}`")]
    Unknown(String),
    /// Neither `architectures` nor `model_type`
    #[error("neither `architectures` nor `model_type`")]
    Unnamed,
    /// A model of no known class, whose files are not built as usual either
    #[error("{unknown}, and it could not be inferred from its files: {reason}")]
    NotInferred {
        /// What is not known
        unknown: Box<Self>,
        /// The first thing that did not fit
        reason: String,
    },
    /// A key the architecture needs
    #[error("`{0}` is missing")]
    Missing(String),
    /// A key with a value that makes no sense
    #[error("`{key}` is {found}, expected {expected}")]
    Value {
        /// Which key
        key: String,
        /// What it says
        found: String,
        /// What would make sense
        expected: &'static str,
    },
}

impl SpecError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown(_) | Self::Unnamed | Self::NotInferred { .. } => {
                let types: Vec<_> = super::families::supported().into_iter().map(|(name, _)| name).collect();
                format!("supported: {}", types.join(", "))
            }
            Self::NotJson(_) => "download the file again".into(),
            Self::Missing(_) | Self::Value { .. } => "compare the file with the model's original".into(),
        })
    }
}
