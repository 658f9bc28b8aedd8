//! The words of a task, and the tokenizer that reads them.

use serde_json::{Map, Value, json};

/// What begins every row; its id is 0.
pub(super) const BEGIN: &str = "<s>";
/// Letters and digits that stand for themselves, ids 1 to 64.
pub(super) const SYMBOLS: usize = 64;

/// Words, by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Vocabulary {
    /// Single characters, which may be written with spaces between or without
    Characters(Vec<String>),
    /// Words with spaces between
    Words(Vec<String>),
    /// The 256 bytes of UTF-8, ids 1 to 256
    Bytes,
}

impl Vocabulary {
    /// `<s>`, 64 symbols and some marks.
    pub(super) fn symbols(marks: &[&str]) -> Self {
        let plain = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain(['&', '#']).map(String::from);
        let marks = marks.iter().map(|&mark| mark.to_owned());
        Self::Characters([BEGIN.to_owned()].into_iter().chain(plain).chain(marks).collect())
    }
    /// `<s>`, the numbers below `modulus`, and two signs.
    pub(super) fn numbers(modulus: usize) -> Self {
        let numbers = (0..modulus).map(|number| number.to_string());
        let signs = ["+", "="].map(str::to_owned);
        Self::Words([BEGIN.to_owned()].into_iter().chain(numbers).chain(signs).collect())
    }
    /// How many.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Characters(words) | Self::Words(words) => words.len(),
            Self::Bytes => 257,
        }
    }
    /// `tokenizer.json`, as the `tokenizers` library reads it.
    pub(super) fn tokenizer(&self) -> Value {
        let words = |words: &[String]| -> Map<String, Value> {
            words.iter().enumerate().map(|(id, word)| (word.clone(), json!(id))).collect()
        };
        let splits = |pattern: &str, invert: bool| {
            let pattern = json!({"Regex": pattern});
            json!({"type": "Split", "pattern": pattern, "behavior": "Removed", "invert": invert})
        };
        let known = |all: &[String]| json!({"type": "WordLevel", "vocab": words(all), "unk_token": "<unk>"});
        let (model, splitter, decoder) = match self {
            Self::Characters(all) => (known(all), splits(r"\S", true), Value::Null),
            Self::Words(all) => (known(all), splits(r"\s+", false), Value::Null),
            Self::Bytes => {
                let own = [BEGIN.to_owned()].into_iter().chain((0..=255).map(byte_letter));
                let vocab = words(&own.collect::<Vec<_>>());
                let mut bytes = json!({
                    "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false,
                });
                let model = json!({
                    "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                    "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
                    "ignore_merges": false, "vocab": vocab, "merges": [],
                });
                let splitter = bytes.clone();
                bytes["use_regex"] = json!(true);
                (model, splitter, bytes)
            }
        };
        let begin = json!({"SpecialToken": {"id": BEGIN, "type_id": 0}});
        let text = |id: &str, kind: u8| json!({"Sequence": {"id": id, "type_id": kind}});
        json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": [{
                "id": 0, "content": BEGIN, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true,
            }],
            "normalizer": null,
            "pre_tokenizer": splitter,
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [begin, text("A", 0)],
                "pair": [begin, text("A", 0), text("B", 0)],
                "special_tokens": {BEGIN: {"id": BEGIN, "ids": [0], "tokens": [BEGIN]}},
            },
            "decoder": decoder,
            "model": model,
        })
    }
}

/// How GPT-2's byte-level vocabularies write a byte: printable ones as they are, the others from U+0100 on.
fn byte_letter(byte: u8) -> String {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let code = if printable(byte) {
        u32::from(byte)
    } else {
        256 + (0..byte).filter(|&earlier| !printable(earlier)).count() as u32
    };
    char::from_u32(code).unwrap_or_default().to_string()
}
