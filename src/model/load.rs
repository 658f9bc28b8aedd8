//! Opening a model: a folder, a file, or the one inside this program.

use super::chat::ChatTemplate;
use super::classes::Pooling;
use super::config::Config;
use super::error::LoadError;
use super::families;
use super::formats::{ENDINGS, Tensors, has_ending, is_index, keras, shard};
use super::load_gguf::gguf_at;
use super::recognised::network;
use super::sentence::SentenceHead;
use super::spec::{HeadSpec, ModelSpec};
use super::tokenizer::{Token, Tokenizer};
use super::transformer::Network;
use super::warning::Warning;
use super::weights::{TensorInfo, Weights};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A model, ready to run.
#[derive(Debug)]
pub struct Model {
    /// What users call it: the folder's or file's name
    pub name: String,
    /// Where it came from
    pub origin: Origin,
    /// Architecture and weights
    pub network: Network,
    /// `None`: ids in, ids shown
    pub tokenizer: Option<Tokenizer>,
    /// How texts are filled up, where the model needs it
    pub padding: Option<Padding>,
    /// The token that fills texts up and that the model was made not to see, where there is one
    pub masked: Option<u32>,
    /// Of what an encoder–decoder model writes, where that has a vocabulary of its own
    pub target_tokenizer: Option<Tokenizer>,
    /// How it wants a conversation written down, where it was trained for one
    pub chat_template: Option<ChatTemplate>,
    /// What a user should know although it opened
    pub warnings: Vec<Warning>,
}

/// How a text is filled up with padding (id 0), which takes part in everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    /// Tokens that a text has with its padding
    pub length: usize,
    /// Before the text, else behind it
    pub before: bool,
}

/// Where a model came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Inside this program
    Embedded,
    /// A folder or a file
    Path(PathBuf),
    /// Made by this program a moment ago, and nowhere on disk
    Memory,
}

/// The model inside this program, as the same files that any other model consists of.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedFiles {
    /// Its name
    pub name: &'static str,
    /// `config.json`
    pub config: &'static [u8],
    /// `model.safetensors`
    pub weights: &'static [u8],
    /// `tokenizer.json`
    pub tokenizer: &'static [u8],
}

impl Model {
    /// Opens a folder in Hugging Face layout, a weight file whose `config.json` lies beside it, or a GGUF, which needs
    /// nothing beside it.
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        if !path.exists() {
            return Err(LoadError::NotFound(path.to_owned()));
        }
        if let Some(file) = gguf_at(path) {
            return Self::open_gguf(path, &file);
        }
        if let Some(file) = keras::at(path) {
            return Self::from_keras(path, &file);
        }
        // A link's own name says more than that of the blob it may point to, so the path stays as it was given
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let (folder, tensors) = if path.is_dir() {
            (path.to_owned(), None)
        } else if is_index(path) || shard(path).is_some_and(|(_, of)| of > 1) {
            // A part stands for the whole
            (parent.to_owned(), None)
        } else if has_ending(path, ENDINGS) {
            (parent.to_owned(), Some(path))
        } else if path.file_name().is_some_and(|name| name == "config.json") {
            return Self::open(parent);
        } else {
            return Err(LoadError::UnknownFormat(path.to_owned()));
        };
        let file = folder.join("config.json");
        if !file.is_file() {
            return Err(LoadError::NoConfig(folder));
        }
        let bytes = std::fs::read(&file).map_err(|source| LoadError::Read { file: file.clone(), source })?;
        let mut config =
            Config::parse(&bytes).map_err(|source| LoadError::Config { file: file.clone(), source })?;
        // Newer files keep there what every target begins with
        if let Ok(bytes) = std::fs::read(folder.join("generation_config.json"))
            && let Ok(generation) = Config::parse(&bytes)
        {
            config.fill(&generation, &["decoder_start_token_id", "forced_bos_token_id"]);
        }
        let tile = config.tile();
        let tensors = match tensors {
            Some(file) => Tensors::from_file(file, tile)?,
            None => Tensors::from_folder(&folder, tile)?,
        };
        let (mut network, notes) = network(&config, &file, &tensors)?;
        if let Some(head) = SentenceHead::from_folder(&folder)
            && matches!(network.spec.head, HeadSpec::None | HeadSpec::Sentence(_))
        {
            Arc::make_mut(&mut network.spec).head = head;
        }
        let (tokenizer, unread) = readable(Tokenizer::from_folder(&folder))?;
        let chat = tokenizer.as_ref().map(|tokenizer| ChatTemplate::from_folder(&folder, tokenizer));
        let mut model = Self::assemble(name_of(path), Origin::Path(path.to_owned()), network, tokenizer);
        model.warnings.extend(notes);
        model.unread(unread);
        model.chat_template = chat.transpose()?.flatten();
        if model.spec().encoder.is_some() {
            model.target_tokenizer = Tokenizer::target_from_folder(&folder)?;
        }
        Ok(model)
    }

    /// Opens a Keras file.
    fn from_keras(path: &Path, file: &Path) -> Result<Self, LoadError> {
        let archive = keras::open(file)?;
        let found = families::keras::read(&archive)?;
        let weights = Weights::named(&found.spec, &found.tensors, &found.names)?;
        let network = Network { spec: Arc::new(found.spec), weights };
        let length = found.vocabulary.as_ref().and_then(|own| own.length);
        let tokenizer = match found.vocabulary {
            Some(own) => Some(own.tokenizer),
            None => families::keras::beside(file)?,
        };
        let mut model = Self::assemble(name_of(path), Origin::Path(path.to_owned()), network, tokenizer);
        model.warnings.extend(found.notes);
        model.masked = found.masks_padding.then_some(0);
        if model.tokenizer.is_some() && !found.masks_padding {
            model.pad(length);
        }
        Ok(model)
    }

    /// Fills texts up as a classifier without a mask was trained: to `length` behind the text where its vocabulary
    /// says so, else to all positions before it, as `pad_sequences` does.
    fn pad(&mut self, length: Option<usize>) {
        let spec = &self.network.spec;
        let whole = matches!(&spec.head, HeadSpec::Classes(head) if head.pooling != Pooling::Each);
        let Some(context) = spec.context.filter(|_| whole && !spec.is_causal()) else { return };
        let padding = Padding { length: length.unwrap_or(context).min(context), before: length.is_none() };
        self.warnings.push(Warning::Padded { tokens: padding.length, before: padding.before });
        self.padding = Some(padding);
    }

    /// Says why there is no tokenizer, where there is one that could not be read.
    pub(super) fn unread(&mut self, why: Option<Warning>) {
        if let Some(why) = why {
            self.warnings.retain(|warning| *warning != Warning::NoTokenizer);
            self.warnings.push(why);
        }
    }

    /// Opens the model inside this program.
    pub fn embedded(files: &EmbeddedFiles) -> Result<Self, LoadError> {
        let name = format!("(embedded) {}", files.name);
        let place = |file: &str| PathBuf::from(format!("{name}/{file}"));
        let tensors = Tensors::from_static(files.weights, &place("model.safetensors").to_string_lossy())?;
        let (config, tokenizer) = (files.config, files.tokenizer);
        let model = Self::of_bytes(&place, config, &tensors, tokenizer)?;
        Ok(Self { name: files.name.to_owned(), origin: Origin::Embedded, ..model })
    }

    /// Opens what would be `config.json`, `model.safetensors` and `tokenizer.json` in a folder.
    pub fn in_memory(name: &str, config: &[u8], weights: &[u8], tokenizer: &[u8]) -> Result<Self, LoadError> {
        let place = |file: &str| PathBuf::from(format!("(memory) {name}/{file}"));
        let tensors = Tensors::from_bytes(weights, &place("model.safetensors"))?;
        let model = Self::of_bytes(&place, config, &tensors, tokenizer)?;
        Ok(Self { name: name.to_owned(), ..model })
    }

    fn of_bytes(
        place: &dyn Fn(&str) -> PathBuf,
        config: &[u8],
        tensors: &Tensors,
        tokenizer: &[u8],
    ) -> Result<Self, LoadError> {
        let file = place("config.json");
        let config =
            Config::parse(config).map_err(|source| LoadError::Config { file: file.clone(), source })?;
        let (network, _) = network(&config, &file, tensors)?;
        let tokenizer = Tokenizer::from_json(tokenizer, &place("tokenizer.json"))?;
        Ok(Self::assemble(String::new(), Origin::Memory, network, Some(tokenizer)))
    }

    pub(super) fn assemble(
        name: String,
        origin: Origin,
        network: Network,
        tokenizer: Option<Tokenizer>,
    ) -> Self {
        let mut warnings = Vec::new();
        if tokenizer.is_none() {
            warnings.push(Warning::NoTokenizer);
        }
        warnings.extend(tokenizer.iter().flat_map(|tokenizer| tokenizer.warnings().iter().cloned()));
        let known = tokenizer.as_ref().map_or(0, Tokenizer::vocab);
        if known > network.spec.vocab {
            warnings.push(Warning::LargerVocabulary { known, vocab: network.spec.vocab });
        }
        Self {
            name,
            origin,
            network,
            tokenizer,
            padding: None,
            masked: None,
            target_tokenizer: None,
            chat_template: None,
            warnings,
        }
    }

    /// The same with a tokenizer that did not lie beside its weights.
    #[must_use]
    pub fn with_tokenizer(self, tokenizer: Tokenizer) -> Self {
        let mut own = Self::assemble(self.name, self.origin, self.network, Some(tokenizer));
        let lacking =
            |warning: &Warning| matches!(warning, Warning::NoTokenizer | Warning::UnreadTokenizer { .. });
        own.warnings.extend(self.warnings.into_iter().filter(|warning| !lacking(warning)));
        let Self { padding, masked, target_tokenizer, chat_template, .. } = self;
        Self { padding, masked, target_tokenizer, chat_template, ..own }
    }

    /// A text's tokens with the padding that the model was trained with.
    pub fn padded(&self, mut tokens: Vec<Token>) -> Vec<Token> {
        let Some(padding) = self.padding.filter(|_| !tokens.is_empty()) else { return tokens };
        let pad = Token { text: "‹pad›".into(), ..self.token(0) };
        let missing = padding.length.saturating_sub(tokens.len());
        let at = if padding.before { 0 } else { tokens.len() };
        tokens.splice(at..at, std::iter::repeat_n(pad, missing));
        tokens
    }

    /// The architecture.
    pub fn spec(&self) -> &Arc<ModelSpec> {
        &self.network.spec
    }
    /// Numbers in all weights, tied ones counted once.
    pub fn parameters(&self) -> u64 {
        let mut seen = std::collections::HashSet::new();
        let parts = self.tensors().iter().filter(|info| {
            // Parts of a fused tensor share its name, and each has its own numbers; a tied one has the same twice
            let tied = info.name == "unembed.W_U" && seen.contains(&info.source_name);
            seen.insert(info.source_name.clone());
            !tied
        });
        parts.map(|info| info.shape.iter().product::<usize>() as u64).sum()
    }
    /// Bytes of all weights, in the type they are stored in.
    pub fn weight_bytes(&self) -> u64 {
        self.network.weights.bytes()
    }
    /// The tokenizer of what the model writes: in encoder–decoder models the target's.
    pub fn writer(&self) -> Option<&Tokenizer> {
        self.target_tokenizer.as_ref().or(self.tokenizer.as_ref())
    }
    /// A token that the model writes, without a place in a prompt; where there is no tokenizer it reads as its id.
    pub fn token(&self, id: u32) -> Token {
        match self.writer() {
            Some(tokenizer) => tokenizer.token(id),
            None => Token { id, text: id.to_string(), span: 0..0 },
        }
    }
    /// Where every weight came from.
    pub fn tensors(&self) -> &[TensorInfo] {
        self.network.weights.infos()
    }
}

/// A tokenizer; where it is broken or of no known kind, a word about it instead: the model opens all the same, and is fed
/// ids.
pub(super) fn readable(
    found: Result<Option<Tokenizer>, LoadError>,
) -> Result<(Option<Tokenizer>, Option<Warning>), LoadError> {
    match found {
        Ok(tokenizer) => Ok((tokenizer, None)),
        Err(LoadError::Tokenizer { file, reason }) => {
            Ok((None, Some(Warning::UnreadTokenizer { file, reason })))
        }
        Err(error) => Err(error),
    }
}

/// The last part of a path that says something: the folder of a `model.safetensors`, else the file's own name.
pub(super) fn name_of(path: &Path) -> String {
    let path = match path.file_stem() {
        Some(stem) if stem == "model" || stem == "model.weights" => path.parent().unwrap_or(path),
        _ => path,
    };
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.file_name().map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
}
