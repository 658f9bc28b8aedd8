//! Tokens as a user names them: by an id, or by a word that is one token.

use crate::model::{Model, Tokenizer};

/// The token that is meant: `#ID`, or a word that is one token, with a space before it where there is such a one.
pub fn word_of(word: &str, model: &Model) -> Option<u32> {
    let spec = model.spec();
    if let Some(id) = word.strip_prefix('#') {
        let most = spec.encoder.as_ref().map_or(spec.vocab, |encoder| encoder.vocab.max(spec.vocab));
        return id.parse().ok().filter(|&id: &u32| (id as usize) < most);
    }
    spellings(word, model.tokenizer.as_ref()?).next()
}

/// The token that is meant where a run says which is likely: `#ID`, or that spelling of a word, with or without the
/// space before, which `logits`, [vocab], find likelier.
pub fn token_of(word: &str, model: &Model, logits: &[f32]) -> Option<u32> {
    let logit = |id: u32| logits.get(id as usize).copied();
    if let Some(id) = word.strip_prefix('#') {
        return id.parse().ok().filter(|&id| logit(id).is_some());
    }
    let known = spellings(word, model.tokenizer.as_ref()?).filter_map(|id| Some((id, logit(id)?)));
    known.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(id, _)| id)
}

/// The tokens that a word is, with a space before it first. One that has its space is spelled as it stands.
fn spellings(word: &str, tokenizer: &Tokenizer) -> impl Iterator<Item = u32> {
    let single = |text: String| match tokenizer.encode_bare(&text).ok()?.as_slice() {
        [token] if !text.trim().is_empty() => Some(token.id),
        _ => None,
    };
    let spaced = (!word.starts_with(' ')).then(|| format!(" {word}"));
    spaced.into_iter().chain([word.to_owned()]).filter_map(single)
}
