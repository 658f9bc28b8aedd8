//! The tokenizer inside a GGUF file.

use super::pieces::Spelling;
use super::sentencepiece::{Choice, DummyPrefix, Kind, Piece, SentencePiece};
use super::settings::Settings;
use super::splits::{Cutting, Round};
use super::{Error, Frame, Parts, Tokenizer, broken, guarded, splits, word_pieces};
use crate::model::error::LoadError;
use crate::model::gguf::Metadata;
use crate::model::warning::Warning;
use std::path::Path;
use tokenizers::AddedToken;
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::{NFC, Replace};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

impl Tokenizer {
    /// From a GGUF's keys; `None` where it says that it has no vocabulary. `file` is for messages.
    pub fn from_gguf(keys: &Metadata, file: &Path) -> Result<Option<Self>, LoadError> {
        let kind = match key(keys, "model", Metadata::text) {
            None | Some("none" | "no_vocab") => return Ok(None),
            Some(kind) => kind,
        };
        let parts = guarded(|| match kind {
            "llama" | "t5" => pieces(keys, kind),
            "gpt2" => merges(keys, key(keys, "pre", Metadata::text)),
            "gemma4" => merges(keys, Some(kind)),
            "bert" => words(keys),
            other => Err(format!("tokenizer kind `{other}` is not supported").into()),
        });
        parts.and_then(Self::new).map(Some).map_err(|error| broken(file, &error))
    }
}

fn key<'a, T>(keys: &'a Metadata, name: &str, get: impl Fn(&'a Metadata, &str) -> Option<T>) -> Option<T> {
    get(keys, &format!("tokenizer.ggml.{name}"))
}

/// The vocabulary, with what each entry is for.
fn vocabulary(keys: &Metadata) -> Result<(Vec<String>, Vec<Kind>), Error> {
    let texts = key(keys, "tokens", Metadata::texts).ok_or("tokenizer.ggml.tokens is missing")?;
    let kinds = key(keys, "token_type", Metadata::numbers).unwrap_or_default();
    let kinds = (0..texts.len()).map(|i| Kind::of(kinds.get(i).copied().unwrap_or(1.0) as i64)).collect();
    Ok((texts, kinds))
}

/// The id of a role (`bos`, `eos`, …), where it is one of the vocabulary.
fn role(keys: &Metadata, name: &str, n: usize) -> Option<u32> {
    let full = match name {
        "bos" | "eos" | "mask" | "cls" => format!("{name}_token_id"),
        "unk" => "unknown_token_id".to_owned(),
        "sep" => "seperator_token_id".to_owned(),
        "pad" => "padding_token_id".to_owned(),
        other => other.to_owned(),
    };
    key(keys, &full, Metadata::count).filter(|&id| id < n as u64).map(|id| id as u32)
}

fn roles(keys: &Metadata, texts: &[String]) -> Vec<(String, String)> {
    let names = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"];
    let said = names.iter().filter_map(|name| {
        Some(((*name).to_owned(), texts[role(keys, name, texts.len())? as usize].clone()))
    });
    said.collect()
}

/// What a kind of tokenizer puts round a text where the file does not say.
#[derive(Clone, Copy, Default)]
struct Usual {
    bos: bool,
    eos: bool,
    sep: bool,
}

/// What stands round a text: the file's word, else what its kind of tokenizer does.
fn frame(keys: &Metadata, n: usize, usual: Usual) -> Frame {
    let id = |flag: &str, name: &str, usual: bool| {
        let wanted = key(keys, flag, Metadata::flag).unwrap_or(usual);
        role(keys, name, n).filter(|_| wanted)
    };
    let sep = id("add_sep_token", "sep", usual.sep);
    Frame::Own {
        before: id("add_bos_token", "bos", usual.bos).into_iter().collect(),
        after: id("add_eos_token", "eos", usual.eos).or(sep).into_iter().collect(),
    }
}

/// SentencePiece: pairs by score (`llama`) or the likeliest split (`t5`).
fn pieces(keys: &Metadata, kind: &str) -> Result<Parts, Error> {
    let (texts, kinds) = vocabulary(keys)?;
    let scores = key(keys, "scores", Metadata::numbers).ok_or("tokenizer.ggml.scores is missing")?;
    let n = texts.len();
    let roles = roles(keys, &texts);
    let unknown = role(keys, "unk", n).map(|id| id as usize);
    let unknown = unknown.or_else(|| kinds.iter().position(|&kind| kind == Kind::Unknown)).unwrap_or(0);
    let charsmap = key(keys, "precompiled_charsmap", Metadata::numbers).unwrap_or_default();
    let prefix = key(keys, "add_space_prefix", Metadata::flag).unwrap_or(true);
    let unigram = kind == "t5";
    let spm = SentencePiece {
        choice: if unigram { Choice::Unigram } else { Choice::Bpe },
        pieces: texts
            .into_iter()
            .zip(&kinds)
            .enumerate()
            .map(|(i, (text, &kind))| Piece {
                text,
                score: scores.get(i).copied().unwrap_or_default() as f32,
                kind,
            })
            .collect(),
        unknown,
        charsmap: charsmap.into_iter().map(|byte| byte as u8).collect(),
        prefix: if prefix { DummyPrefix::Always } else { DummyPrefix::Never },
        squeeze: key(keys, "remove_extra_whitespaces", Metadata::flag).unwrap_or(false),
        any_white: false,
        byte_fallback: kinds.contains(&Kind::Byte),
        // Phi-3's tokenizer says so of its roles, and the file has no place for that
        takes_space_behind: keys.text("general.architecture") == Some("phi3"),
    };
    let inner = spm.build(Vec::new())?;
    let frame = frame(keys, n, Usual { bos: !unigram, eos: unigram, sep: false });
    Ok(Parts { spelling: Spelling::Metaspace, frame, roles, ..Parts::of(inner) })
}

/// BPE whose merges are listed, nearly always byte by byte; cut into words by the rule of that name; older files name
/// none, and their architecture tells.
fn merges(keys: &Metadata, said: Option<&str>) -> Result<Parts, Error> {
    let (texts, kinds) = vocabulary(keys)?;
    let merges = key(keys, "merges", Metadata::texts).ok_or("tokenizer.ggml.merges is missing")?;
    let merges: Option<Vec<(String, String)>> = merges
        .iter()
        .map(|merge| {
            // The first half may begin with a space
            let (at, _) = merge.char_indices().skip(1).find(|(_, c)| *c == ' ')?;
            Some((merge[..at].to_owned(), merge[at + 1..].to_owned()))
        })
        .collect();
    let merges = merges.ok_or("tokenizer.ggml.merges holds something that is no pair")?;
    let architecture = keys.text("general.architecture").unwrap_or_default();
    let usual = || splits::of_architecture(architecture);
    let Cutting { splits, rule, known } = splits::rule(said.or_else(usual).unwrap_or_default())?;
    let mut warnings = Vec::new();
    if !known {
        warnings.push(Warning::UnknownCutting(said.map(str::to_owned)));
    }
    let vocab: tokenizers::models::bpe::Vocab =
        texts.iter().enumerate().map(|(id, text)| (text.clone(), id as u32)).collect();
    let bytes = rule.pieces && kinds.contains(&Kind::Byte);
    let mut bpe = BPE::builder().vocab_and_merges(vocab, merges).ignore_merges(rule.whole_words);
    if let Some(unknown) = role(keys, "unk", texts.len()).filter(|_| rule.pieces) {
        bpe = bpe.unk_token(texts[unknown as usize].clone()).fuse_unk(true);
    }
    let mut inner = tokenizers::Tokenizer::new(bpe.byte_fallback(bytes).build()?);
    if rule.composed {
        inner.with_normalizer(Some(NFC))?;
    }
    if rule.pieces {
        inner.with_normalizer(Some(Replace::new(" ", "▁")?))?;
    } else {
        inner.with_decoder(Some(ByteLevel::default()));
    }
    inner.with_pre_tokenizer(Some(splits));
    let mask = role(keys, "mask", texts.len()).map(|id| texts[id as usize].as_str());
    let beside = texts.iter().zip(&kinds).filter_map(|(text, kind)| match kind {
        // A mask takes the space before it along
        Kind::Control | Kind::Unknown => {
            Some(AddedToken::from(text.as_str(), true).normalized(false).lstrip(mask == Some(text.as_str())))
        }
        Kind::UserDefined => Some(AddedToken::from(text.as_str(), false).normalized(false)),
        _ => None,
    });
    inner.add_tokens(beside.filter(|token| !token.content.is_empty()).collect::<Vec<_>>())?;
    let usual = Usual { bos: rule.round == Round::Start, eos: false, sep: rule.round == Round::Separator };
    let frame = frame(keys, texts.len(), usual);
    let roles = roles(keys, &texts);
    let spelling = if rule.pieces { Spelling::Metaspace } else { Spelling::ByteLevel };
    Ok(Parts { spelling, frame, roles, warnings, ..Parts::of(inner) })
}

/// Word pieces, which GGUF spells with `▁` before a word's first piece and nothing before the others.
fn words(keys: &Metadata) -> Result<Parts, Error> {
    let (texts, kinds) = vocabulary(keys)?;
    let spelled = texts.iter().zip(&kinds).map(|(text, kind)| match (text.strip_prefix('▁'), kind) {
        (Some(first), _) => first.to_owned(),
        (None, Kind::Normal) if !is_special(text) => format!("##{text}"),
        (None, _) => text.clone(),
    });
    let said = |ours: &str, theirs: &str| Some((ours.to_owned(), key(keys, theirs, Metadata::flag)?));
    let switches =
        [said("do_lower_case", "normalizer.lowercase"), said("strip_accents", "normalizer.strip_accents")];
    let settings = Settings::of(switches.into_iter().flatten());
    let mut parts = word_pieces::parts(spelled.collect(), &settings)?;
    parts.roles.extend(roles(keys, &texts));
    Ok(parts)
}

/// Older files do not mark their special pieces.
fn is_special(text: &str) -> bool {
    (text.starts_with('[') && text.ends_with(']') && text.len() > 2)
        || matches!(text, "<s>" | "</s>" | "<pad>" | "<mask>" | "<unk>")
}
