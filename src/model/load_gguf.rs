//! Opening a GGUF: nothing in it that changes the numbers may be passed over.

use super::chat::ChatTemplate;
use super::error::{LoadError, SpecError};
use super::formats::{ENDINGS, gguf, has_ending};
use super::load::{Model, Origin, name_of, readable};
use super::recognised::network;
use super::sentence::SentenceHead;
use super::spec::{HeadSpec, ModelSpec, Part};
use super::tokenizer::Tokenizer;
use super::warning::Warning;
use super::weights::Weights;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Beginnings of tensors that are told by keys as well, or stand beside or behind what is computed here: stretched
/// frequencies, layers behind the pooling, scores of pairs, pictures, sounds.
const BESIDE: &[&str] = &["rope_freqs", "rope_factors", "dense_", "cls", "output", "v.", "mm.", "a."];
/// Within a block: frequencies again, what guesses at tokens farther on, and what the first T5s have and never read.
const BESIDE_IN_BLOCKS: &[&str] = &["rope_freqs", "attn_rot_embd", "nextn", "cross_attn_rel_b"];

impl Model {
    /// Opens a GGUF file that `path` is or holds; its tokenizer is inside, or beside it.
    pub(super) fn open_gguf(path: &Path, file: &Path) -> Result<Self, LoadError> {
        let gguf::Whole { config, tensors, metadata, strange } = gguf::open(file)?;
        let (mut network, notes) = network(&config, file, &tensors)?;
        all_read(&network.weights, network.spec.layers(), file)?;
        let architecture = metadata.text("general.architecture").unwrap_or_default();
        if let Some(causal) = metadata.flag(&format!("{architecture}.attention.causal")) {
            look(Arc::make_mut(&mut network.spec), causal)
                .map_err(|source| LoadError::Config { file: file.to_owned(), source })?;
        }
        // Sentence Transformers' dense layers, which some files have behind the pooling, are not computed here
        let dense = network.weights.unused().iter().any(|name| name.starts_with("dense_"));
        if let Some(head) =
            SentenceHead::from_gguf(&metadata).map(|head| if dense { HeadSpec::None } else { head })
            && matches!(network.spec.head, HeadSpec::None | HeadSpec::Sentence(_))
        {
            Arc::make_mut(&mut network.spec).head = head;
        }
        let (tokenizer, unread) = match readable(Tokenizer::from_gguf(&metadata, file))? {
            (None, None) => readable(Tokenizer::from_folder(file.parent().unwrap_or(Path::new("."))))?,
            found => found,
        };
        let chat = tokenizer.as_ref().and_then(|tokenizer| ChatTemplate::from_gguf(&metadata, tokenizer));
        let mut model = Self::assemble(name_of(path), Origin::Path(path.to_owned()), network, tokenizer);
        model.chat_template = chat;
        model.warnings.extend(notes);
        model.unread(unread);
        if !strange.is_empty() {
            model.warnings.push(Warning::StrangeKeys(strange));
        }
        Ok(model)
    }
}

/// Refuses a file with a weight in its blocks that the architecture, as we compute it, has no place for.
fn all_read(weights: &Weights, layers: usize, file: &Path) -> Result<(), LoadError> {
    let beside = |name: &str, all: &[&str]| all.iter().any(|start| name.starts_with(start));
    let block = |name: &str| {
        let own = name.strip_prefix("enc.").or_else(|| name.strip_prefix("dec.")).unwrap_or(name);
        own.strip_prefix("blk.")
            .and_then(|rest| rest.split_once('.'))
            .map(|(layer, rest)| (layer.to_owned(), rest.to_owned()))
    };
    let matters = |name: &&String| match block(name) {
        // Blocks behind the last guess at tokens farther on
        Some((layer, rest)) => {
            layer.parse::<usize>().is_ok_and(|layer| layer < layers) && !beside(&rest, BESIDE_IN_BLOCKS)
        }
        None => !beside(name, BESIDE) && !name.ends_with("rotary_emb.inv_freq"),
    };
    match weights.unused().iter().find(matters) {
        Some(tensor) => Err(LoadError::Unread { tensor: tensor.clone(), file: file.to_owned() }),
        None => Ok(()),
    }
}

/// Lets a decoder look both ways, as those that make vectors of texts were trained to.
fn look(spec: &mut ModelSpec, causal: bool) -> Result<(), SpecError> {
    let decodes = spec.encoder.is_none() && spec.blocks.iter().all(|block| block.part == Part::Only);
    if !decodes || spec.is_causal() == causal {
        return Ok(());
    }
    if causal || spec.blocks.iter().any(|block| block.attention.window.is_some()) {
        return Err(SpecError::Value {
            key: "attention.causal".into(),
            found: causal.to_string(),
            expected: "what the architecture has",
        });
    }
    for block in &mut spec.blocks {
        block.attention.causal = false;
    }
    spec.head = HeadSpec::None;
    Ok(())
}

/// The GGUF file that a path is, or the only one (or the first of several parts) in a folder without other weights.
pub(super) fn gguf_at(path: &Path) -> Option<PathBuf> {
    if path.is_file() {
        return gguf::is_one(path).then(|| path.to_owned());
    }
    let files = std::fs::read_dir(path).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let files: Vec<_> = files.collect();
    // Repositories of GGUF files often have the settings of the model that they were made of
    if path.join("config.json").is_file() && files.iter().any(|file| has_ending(file, ENDINGS)) {
        return None;
    }
    let mut found: Vec<_> = files.into_iter().filter(|file| has_ending(file, &["gguf"])).collect();
    found.sort();
    let parts = found.len() > 1 && found[0].to_string_lossy().contains("-00001-of-");
    if found.len() == 1 || parts { found.into_iter().next() } else { None }
}
