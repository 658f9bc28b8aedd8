//! A Keras model's vocabulary: a `TextVectorization` layer's own, or a list of words beside the file.

use super::settings::Settings;
use crate::model::error::LoadError;
use crate::model::formats::keras::Archive;
use crate::model::tokenizer::{Tokenizer, WordSplit, Words};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// How a model's text becomes ids.
#[derive(Debug)]
pub(in crate::model) struct Vocabulary {
    /// Words and their ids
    pub tokenizer: Tokenizer,
    /// The length that a `TextVectorization` layer fills up to, behind the text
    pub length: Option<usize>,
}

/// The vocabulary of the layer that is part of the model, if it makes ids of words.
pub(super) fn within(archive: &Archive, settings: &Settings<'_>) -> Result<Option<Vocabulary>, LoadError> {
    let all = settings.from(0);
    let Some(layer) = all.iter().find(|setting| setting.class == "TextVectorization") else {
        return Ok(None);
    };
    let text = |key: &str| layer.config.get(key).and_then(Value::as_str);
    let plain = layer.config.get("ngrams").is_none_or(Value::is_null) && text("output_mode") == Some("int");
    let standard = layer.config.get("standardize").filter(|value| !value.is_null());
    let (lower, strip_punctuation) = match standard.map(Value::as_str) {
        None => (false, false),
        Some(Some("lower_and_strip_punctuation")) => (true, true),
        Some(Some("lower")) => (true, false),
        Some(Some("strip_punctuation")) => (false, true),
        // A function of the user's own
        Some(_) => return Ok(None),
    };
    let split = match text("split") {
        Some("whitespace") => WordSplit::Whitespace,
        Some("character") => WordSplit::Characters,
        _ => return Ok(None),
    };
    let listed = layer.config.get("vocabulary").and_then(Value::as_array);
    let listed = listed.and_then(|list| list.iter().map(|word| Some(word.as_str()?.to_owned())).collect());
    let words: Option<Vec<String>> = archive.vocabulary.clone().or(listed);
    let Some(words) = words.filter(|_| plain) else { return Ok(None) };
    let words = Words { words, lower, strip_punctuation, split };
    let tokenizer = Tokenizer::from_words(words, &archive.place)?;
    let length = layer.config.get("output_sequence_length").and_then(Value::as_u64);
    Ok(Some(Vocabulary { tokenizer, length: length.map(|length| length as usize) }))
}

/// The tokenizer beside a Keras file: `tokenizer.json`, or a list of words, one a line, named after the file
/// (`reviews.keras`, `reviews.vocab.txt`) or `vocabulary.txt` or `vocab.txt`.
pub(in crate::model) fn beside(file: &Path) -> Result<Option<Tokenizer>, LoadError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let lists = [format!("{stem}.vocab.txt"), "vocabulary.txt".into(), "vocab.txt".into()];
    let list: Option<PathBuf> = lists.iter().map(|name| folder.join(name)).find(|list| list.is_file());
    let Some(list) = list else { return Tokenizer::from_folder(folder) };
    let text =
        std::fs::read_to_string(&list).map_err(|source| LoadError::Read { file: list.clone(), source })?;
    let words: Vec<String> =
        text.strip_suffix('\n').unwrap_or(&text).split('\n').map(str::to_owned).collect();
    if words.iter().any(|word| word == "[CLS]") {
        return Tokenizer::from_folder(folder);
    }
    Tokenizer::from_words(Words::new(words), &list).map(Some)
}
