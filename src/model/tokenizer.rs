//! Text to ids and back, and what each id covers in the prompt.

use super::error::LoadError;
use std::ops::Range;
use std::path::{Path, PathBuf};
use tokenizers::models::bpe::BPE;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::template::TemplateProcessing;

/// A model's tokenizer, from whichever files it came with.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    spelling: Spelling,
}

/// How a vocabulary spells bytes and spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// Every byte is one of 256 letters (`Ġ` is a space)
    ByteLevel,
    /// `▁` is a space, `<0xE4>` a byte
    Metaspace,
    /// As it reads
    Plain,
}

/// One token of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Token {
    /// Its id
    pub id: u32,
    /// What it stands for; bytes that are no whole character read `‹E4 BD›`
    pub text: String,
    /// Bytes of the prompt that it covers; empty for tokens the tokenizer adds
    pub span: Range<usize>,
}

impl Token {
    /// For labels: a space reads `·`, a newline `⏎`, a tab `⇥`.
    pub fn shown(&self) -> String {
        shown(&self.text)
    }
}

/// Makes white space visible: a space reads `·`, a newline `⏎`, a tab `⇥`, other control characters their code.
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' ' => out.push('·'),
            '\n' => out.push('⏎'),
            '\t' => out.push('⇥'),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

/// The prompt cannot be spelled with the model's vocabulary.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the tokenizer cannot read the prompt: {0}")]
pub struct EncodeError(pub String);

impl Tokenizer {
    /// The tokenizer that lies in a folder, or `None` where there is none.
    pub fn from_folder(folder: &Path) -> Result<Option<Self>, LoadError> {
        let path = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        if let Some(file) = path("tokenizer.json") {
            let bytes = read(&file)?;
            return Self::from_json(&bytes, &file).map(Some);
        }
        if let (Some(vocab), Some(merges)) = (path("vocab.json"), path("merges.txt")) {
            return Self::from_merges(&vocab, &merges).map(Some);
        }
        if let Some(vocab) = path("vocab.txt") {
            return Self::from_word_pieces(&vocab, folder).map(Some);
        }
        Ok(None)
    }

    /// From the bytes of a `tokenizer.json`.
    pub fn from_json(bytes: &[u8], file: &Path) -> Result<Self, LoadError> {
        let inner = tokenizers::Tokenizer::from_bytes(bytes).map_err(|error| broken(file, &error))?;
        Self::new(inner, file)
    }

    /// GPT-2's files.
    fn from_merges(vocab: &Path, merges: &Path) -> Result<Self, LoadError> {
        read(vocab)?;
        read(merges)?;
        let bpe = BPE::from_file(&vocab.to_string_lossy(), &merges.to_string_lossy())
            .build()
            .map_err(|error| broken(vocab, &error))?;
        let mut inner = tokenizers::Tokenizer::new(bpe);
        inner.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
        inner.with_decoder(Some(ByteLevel::default()));
        Self::new(inner, vocab)
    }

    /// BERT's file. Whether case is kept is said by `tokenizer_config.json`, else by the vocabulary itself.
    fn from_word_pieces(vocab: &Path, folder: &Path) -> Result<Self, LoadError> {
        let pieces = String::from_utf8(read(vocab)?).map_err(|error| broken(vocab, &error))?;
        let model = WordPiece::from_file(&vocab.to_string_lossy())
            .unk_token("[UNK]".into())
            .build()
            .map_err(|error| broken(vocab, &error))?;
        let said = std::fs::read(folder.join("tokenizer_config.json"))
            .ok()
            .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok())
            .and_then(|config| config.get("do_lower_case")?.as_bool());
        let no_capitals =
            !pieces.lines().any(|line| line.len() > 1 && line.starts_with(|c: char| c.is_uppercase()));
        let mut inner = tokenizers::Tokenizer::new(model);
        inner
            .with_normalizer(Some(BertNormalizer::new(true, true, None, said.unwrap_or(no_capitals))))
            .map_err(|error| broken(vocab, &error))?;
        inner.with_pre_tokenizer(Some(BertPreTokenizer));
        if let (Some(cls), Some(sep)) = (inner.token_to_id("[CLS]"), inner.token_to_id("[SEP]")) {
            let template = TemplateProcessing::builder()
                .try_single("[CLS] $A [SEP]")
                .map_err(|error| broken(vocab, &error))?
                .special_tokens(vec![("[CLS]", cls), ("[SEP]", sep)])
                .build()
                .map_err(|error| broken(vocab, &error))?;
            inner.with_post_processor(Some(template));
        }
        let specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
        let known = specials.iter().filter(|special| inner.token_to_id(special).is_some());
        let added: Vec<_> = known.map(|special| tokenizers::AddedToken::from(*special, true)).collect();
        inner.add_special_tokens(added).map_err(|error| broken(vocab, &error))?;
        Self::new(inner, vocab)
    }

    fn new(mut inner: tokenizers::Tokenizer, file: &Path) -> Result<Self, LoadError> {
        // A trace shows the whole prompt: what the files say about batches does not apply
        inner.with_truncation(None).map_err(|error| broken(file, &error))?;
        inner.with_padding(None);
        let parts = serde_json::to_string(&(inner.get_pre_tokenizer(), inner.get_decoder()))
            .map_err(|error| broken(file, &error))?;
        let spelling = if parts.contains("ByteLevel") {
            Spelling::ByteLevel
        } else if parts.contains('▁') || parts.contains("Metaspace") {
            Spelling::Metaspace
        } else {
            Spelling::Plain
        };
        Ok(Self { inner, spelling })
    }

    /// Splits a prompt into tokens, with the special ones the model expects around it.
    pub fn encode(&self, prompt: &str) -> Result<Vec<Token>, EncodeError> {
        let encoding = self.inner.encode(prompt, true).map_err(|error| EncodeError(error.to_string()))?;
        let special = encoding.get_special_tokens_mask();
        let ids = encoding.get_ids().iter().zip(encoding.get_offsets()).zip(special);
        Ok(ids
            .map(|((&id, &(start, end)), &special)| Token {
                id,
                text: self.text(id),
                span: if special == 1 { 0..0 } else { start..end },
            })
            .collect())
    }

    /// A token without a place in a prompt.
    pub fn token(&self, id: u32) -> Token {
        Token { id, text: self.text(id), span: 0..0 }
    }

    /// What one id stands for.
    pub fn text(&self, id: u32) -> String {
        let Some(piece) = self.inner.id_to_token(id) else { return format!("‹{id}›") };
        if self.is_added(id) {
            return piece;
        }
        match self.spelling {
            Spelling::Plain => piece,
            Spelling::ByteLevel => match piece.chars().map(byte_of).collect::<Option<Vec<u8>>>() {
                Some(bytes) => characters(&bytes),
                None => piece,
            },
            Spelling::Metaspace => match byte_piece(&piece) {
                Some(byte) => characters(&[byte]),
                None => piece.replace('▁', " "),
            },
        }
    }

    /// Text of a run of ids, as a reader would see it.
    pub fn decode(&self, ids: &[u32]) -> String {
        self.inner.decode(ids, true).unwrap_or_else(|_| ids.iter().map(|&id| self.text(id)).collect())
    }

    /// What it puts before every text, such as `<s>` or `[CLS]`.
    pub fn prefix(&self) -> Vec<u32> {
        let Ok(encoding) = self.inner.encode("a", true) else { return Vec::new() };
        let special = encoding.get_ids().iter().zip(encoding.get_special_tokens_mask());
        special.take_while(|(_, special)| **special == 1).map(|(&id, _)| id).collect()
    }

    /// Whether an id stands beside the vocabulary proper: control tokens, and words that were added to it.
    pub fn is_added(&self, id: u32) -> bool {
        self.inner.get_added_tokens_decoder().contains_key(&id)
    }

    /// Ids it can give, added tokens included.
    pub fn vocab(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The id that hides a word, where the vocabulary has one.
    pub fn mask(&self) -> Option<u32> {
        ["[MASK]", "<mask>"].iter().find_map(|name| self.inner.token_to_id(name))
    }

    /// The ids that end a text, of those a vocabulary usually names.
    pub fn ends(&self) -> Vec<u32> {
        let names = ["</s>", "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|im_end|>", "[SEP]"];
        names.iter().filter_map(|name| self.inner.token_to_id(name)).collect()
    }
}

fn read(file: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(file).map_err(|source| LoadError::Read { file: file.to_owned(), source })
}

fn broken(file: &Path, error: &impl ToString) -> LoadError {
    LoadError::Tokenizer { file: PathBuf::from(file), reason: error.to_string() }
}

/// Whole characters as they are, stray bytes as `‹E4 BD›`.
fn characters(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            let hex: Vec<_> = chunk.invalid().iter().map(|byte| format!("{byte:02X}")).collect();
            text.extend(["‹", &hex.join(" "), "›"]);
        }
    }
    text
}

/// The byte that a letter of the byte-level alphabet stands for.
///
/// Printable Latin-1 characters stand for themselves; the other 68 bytes follow from U+0100 on, in order.
fn byte_of(letter: char) -> Option<u8> {
    let itself = |code: u32| matches!(code, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    let code = u32::from(letter);
    if itself(code) {
        return u8::try_from(code).ok();
    }
    let index = code.checked_sub(0x100)? as usize;
    (0..=255_u8).filter(|&byte| !itself(u32::from(byte))).nth(index)
}

/// The byte of a piece such as `<0xE4>`.
fn byte_piece(piece: &str) -> Option<u8> {
    let hex = piece.strip_prefix("<0x")?.strip_suffix('>')?;
    u8::from_str_radix(hex, 16).ok()
}
