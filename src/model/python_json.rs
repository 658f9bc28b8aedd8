//! What Python takes for JSON and JSON does not allow: `NaN` and `Infinity`, which settings of some published models
//! hold; and the mark that Windows' editors put before a text.

use std::borrow::Cow;

const MARK: &[u8] = b"\xEF\xBB\xBF";
const WORDS: &[&str] = &["-Infinity", "Infinity", "NaN"];

/// The same as JSON. Such a number becomes a text, so that only who needs a number there is told.
pub(super) fn as_json(bytes: &[u8]) -> Cow<'_, [u8]> {
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    let has = |word: &&&str| bytes.windows(word.len()).any(|part| part == word.as_bytes());
    if !WORDS.iter().any(|word| has(&word)) {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len() + 64);
    let (mut rest, mut inside) = (bytes, false);
    while let Some((&byte, after)) = rest.split_first() {
        let word = WORDS.iter().find(|word| !inside && rest.starts_with(word.as_bytes()));
        if let Some(word) = word {
            out.extend(format!("\"{word}\"").into_bytes());
            rest = &rest[word.len()..];
            continue;
        }
        out.push(byte);
        rest = after;
        match (byte, rest.split_first()) {
            (b'"', _) => inside = !inside,
            (b'\\', Some((&escaped, after))) if inside => {
                out.push(escaped);
                rest = after;
            }
            _ => {}
        }
    }
    Cow::Owned(out)
}
