//! Texts that a tokenizer cannot read: what in them it has no word for, and a prompt that it can read.

use super::{EncodeError, Tokenizer, guarded};

/// Words of a prompt that fits, each said twice.
const WORDS: usize = 8;
/// Ids that are looked at for each of them.
const TRIES: usize = 64;

impl Tokenizer {
    /// Some words of the vocabulary said twice: a prompt that it reads, in which a head that looks for repeats finds
    /// one. Of at most `most` words, where a model has room for no more; the same at every call.
    ///
    /// None where no such text was found, or the room is for less than two words.
    pub fn fitting(&self, most: usize) -> Option<String> {
        let words = self.plain_words(WORDS.min(most / 2));
        let twice: Vec<u32> = words.iter().chain(&words).copied().collect();
        let spelled = |between: &str| {
            twice.iter().map(|&id| self.text(id).trim().to_owned()).collect::<Vec<_>>().join(between)
        };
        let texts = [self.decode(&twice), spelled(" "), spelled("")];
        texts.into_iter().map(|text| text.trim().to_owned()).find(|text| !text.is_empty() && self.reads(text))
    }

    /// So many different words made of letters and digits, from all over the vocabulary.
    fn plain_words(&self, most: usize) -> Vec<u32> {
        let n = self.vocab();
        let step = stride(n);
        let unknown = self.role("unk").and_then(|name| self.id(name));
        let mut words: Vec<(u32, String)> = Vec::new();
        for at in (1..=n.min(most * TRIES)).map(|index| index * step % n) {
            let id = at as u32;
            let text = self.text(id).trim().to_owned();
            let plain = !text.is_empty() && text.chars().all(char::is_alphanumeric);
            let fresh = words.iter().all(|(_, known)| *known != text);
            if plain && fresh && Some(id) != unknown && !self.is_added(id) && self.reads(&text) {
                words.push((id, text));
            }
            if words.len() == most {
                break;
            }
        }
        words.into_iter().map(|(id, _)| id).collect()
    }

    fn reads(&self, text: &str) -> bool {
        guarded(|| self.inner.encode(text, false)).is_ok_and(|encoding| !encoding.is_empty())
    }

    /// The error of a text that cannot be read: says which word or character it has none for, where one is found.
    pub(super) fn unreadable(&self, text: &str, error: &tokenizers::Error) -> EncodeError {
        let word = text.split_whitespace().find(|word| !self.reads(word));
        let sign = |word: &str| word.chars().map(String::from).find(|sign| !self.reads(sign));
        let spells = |word: &str| word.chars().any(|sign| self.reads(sign.encode_utf8(&mut [0; 4])));
        let missing = word.map(|word| match sign(word) {
            // Where letters are words, the letter is what is missing; else the whole word
            Some(sign) if spells(word) => sign,
            _ => word.to_owned(),
        });
        EncodeError { why: error.to_string(), missing, fitting: self.fitting(2 * WORDS) }
    }
}

/// A step that comes by each of `n` places once, near the golden section of them: neighbours lie far apart.
fn stride(n: usize) -> usize {
    let common = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    (n * 618 / 1000..n).find(|&step| step > 0 && common(step, n) == 1).unwrap_or(1)
}
