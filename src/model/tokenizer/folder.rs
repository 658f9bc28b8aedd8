//! Which files in a folder are the tokenizer.

use super::conventions::Convention;
use super::growth;
use super::settings::Settings;
use super::spm_files;
use super::{
    Error, Frame, Parts, Tokenizer, broken, byte_level, guarded, pieces::Spelling, read, word_pieces,
};
use crate::model::error::LoadError;
use std::path::Path;
use tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::metaspace::PrependScheme;

/// Names under which SentencePiece models are published.
const SPM_NAMES: &[&str] =
    &["tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "sentencepiece.model", "spm.model"];

impl Tokenizer {
    /// The tokenizer that lies in a folder, or `None` where there is none.
    ///
    /// Of an encoder–decoder with two vocabularies it is the one for the source text.
    pub fn from_folder(folder: &Path) -> Result<Option<Self>, LoadError> {
        let path = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        let settings = Settings::read(folder)?;
        if let Some(file) = path("tokenizer.json") {
            return from_json(&read(&file)?, &file, &settings).map(Some);
        }
        let vocab = path("vocab.json");
        if let Some(source) = path("source.spm") {
            return spm_files::open(&source, vocab.as_deref(), &settings).map(Some);
        }
        if let Some(model) = SPM_NAMES.iter().find_map(|name| path(name)) {
            return spm_files::open(&model, vocab.as_deref(), &settings).map(Some);
        }
        if let (Some(vocab), Some(merges)) = (vocab, path("merges.txt")) {
            return byte_level::open(&vocab, &merges, &settings).map(Some);
        }
        if let Some(vocab) = path("vocab.txt") {
            return word_pieces::open(&vocab, &settings).map(Some);
        }
        Ok(None)
    }

    /// The tokenizer for the target text of an encoder–decoder; `None` where it is the source's.
    pub fn target_from_folder(folder: &Path) -> Result<Option<Self>, LoadError> {
        let path = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        let settings = Settings::read(folder)?;
        if let Some(file) = path("target_tokenizer.json") {
            return from_json(&read(&file)?, &file, &settings).map(Some);
        }
        if let Some(target) = path("target.spm") {
            // Models with one vocabulary for either side share its list
            let vocab = path("target_vocab.json").or_else(|| path("vocab.json"));
            return spm_files::open(&target, vocab.as_deref(), &settings).map(Some);
        }
        Ok(None)
    }

    /// From the bytes of a `tokenizer.json`.
    pub fn from_json(bytes: &[u8], file: &Path) -> Result<Self, LoadError> {
        from_json(bytes, file, &Settings::default())
    }
}

fn from_json(bytes: &[u8], file: &Path, settings: &Settings) -> Result<Tokenizer, LoadError> {
    guarded(|| {
        let mut inner = tokenizers::Tokenizer::from_bytes(bytes)?;
        growth::check(&inner)?;
        if let Some(wanted) = settings.flag("add_prefix_space") {
            let splits = inner.get_pre_tokenizer().cloned();
            inner.with_pre_tokenizer(splits.map(|splits| prefixed(splits, wanted)));
        }
        let told =
            |flag: &str, role: &str| Some((inner.token_to_id(settings.token(role)?)?, settings.flag(flag)?));
        let frame = Frame::Inner { bos: told("add_bos_token", "bos"), eos: told("add_eos_token", "eos") };
        let spelling = spelling(&inner)?;
        let mut tokenizer =
            Tokenizer::new(Parts { spelling, frame, roles: settings.roles(), ..Parts::of(inner) })?;
        tokenizer.find_languages(&Convention::of(settings))?;
        Ok(tokenizer)
    })
    .map_err(|error| broken(file, &error))
}

/// Puts a space before the first word, or does not, whatever the file says.
fn prefixed(splits: PreTokenizerWrapper, wanted: bool) -> PreTokenizerWrapper {
    match splits {
        PreTokenizerWrapper::ByteLevel(mut bytes) => {
            bytes.add_prefix_space = wanted;
            bytes.into()
        }
        PreTokenizerWrapper::Metaspace(mut space) => {
            if !wanted {
                space.set_prepend_scheme(PrependScheme::Never);
            } else if space.get_prepend_scheme() == PrependScheme::Never {
                space.set_prepend_scheme(PrependScheme::Always);
            }
            space.into()
        }
        PreTokenizerWrapper::Sequence(sequence) => {
            let parts = sequence.as_ref().iter().cloned().map(|part| prefixed(part, wanted)).collect();
            tokenizers::pre_tokenizers::sequence::Sequence::new(parts).into()
        }
        other => other,
    }
}

/// How the vocabulary of a `tokenizer.json` spells, told by its parts.
fn spelling(inner: &tokenizers::Tokenizer) -> Result<Spelling, Error> {
    let parts =
        serde_json::to_string(&(inner.get_pre_tokenizer(), inner.get_decoder(), inner.get_normalizer()))?;
    Ok(if parts.contains("ByteLevel") {
        Spelling::ByteLevel
    } else if parts.contains('▁') || parts.contains("Metaspace") {
        Spelling::Metaspace
    } else if parts.contains("</w>") {
        Spelling::EndOfWord
    } else {
        Spelling::Plain
    })
}
