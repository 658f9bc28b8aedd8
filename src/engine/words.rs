//! Words as a user names them, without a run that would say which spelling is likely.

use crate::model::Model;

/// The token that is meant: `#ID`, or a word that is one token, with a space before it where there is such a one.
pub fn word_of(word: &str, model: &Model) -> Option<u32> {
    let spec = model.spec();
    if let Some(id) = word.strip_prefix('#') {
        let most = spec.encoder.as_ref().map_or(spec.vocab, |encoder| encoder.vocab.max(spec.vocab));
        return id.parse().ok().filter(|&id: &u32| (id as usize) < most);
    }
    let tokenizer = model.tokenizer.as_ref()?;
    let single = |text: &str| match tokenizer.encode_bare(text).ok()?.as_slice() {
        [token] if !text.trim().is_empty() => Some(token.id),
        _ => None,
    };
    let spaced = if word.starts_with(' ') { None } else { single(&format!(" {word}")) };
    spaced.or_else(|| single(word))
}
