//! SentencePiece: its protobuf file, and a tokenizer that splits as it does.
//!
//! Only the fields that tokenizing needs are declared. The `sentencepiece-model` crate would do, but it compiles the
//! whole schema at build time and brings twenty crates for it.

use super::Error;
use prost::Message;
use tokenizers::models::bpe::BPE;
use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::normalizers::{NormalizerWrapper, Precompiled, Prepend, Replace, Sequence};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;

#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(message, repeated, tag = "1")]
    pieces: Vec<PieceProto>,
    #[prost(message, optional, tag = "2")]
    trainer: Option<TrainerProto>,
    #[prost(message, optional, tag = "3")]
    normalizer: Option<NormalizerProto>,
}

#[derive(Clone, PartialEq, Message)]
struct PieceProto {
    #[prost(string, optional, tag = "1")]
    piece: Option<String>,
    #[prost(float, optional, tag = "2")]
    score: Option<f32>,
    #[prost(int32, optional, tag = "3")]
    kind: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct TrainerProto {
    #[prost(int32, optional, tag = "3")]
    model_type: Option<i32>,
    #[prost(bool, optional, tag = "24")]
    whitespace_as_suffix: Option<bool>,
    #[prost(bool, optional, tag = "35")]
    byte_fallback: Option<bool>,
    #[prost(int32, optional, tag = "40")]
    unk_id: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct NormalizerProto {
    #[prost(bytes = "vec", optional, tag = "2")]
    charsmap: Option<Vec<u8>>,
    #[prost(bool, optional, tag = "3")]
    add_dummy_prefix: Option<bool>,
    #[prost(bool, optional, tag = "4")]
    remove_extra_whitespaces: Option<bool>,
}

/// How pieces are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The likeliest split
    Unigram,
    /// Best-scored pair first
    Bpe,
}

/// What a piece is for; the numbers are those of SentencePiece and of GGUF alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

impl Kind {
    pub(super) fn of(number: i64) -> Self {
        match number {
            2 => Self::Unknown,
            3 => Self::Control,
            4 => Self::UserDefined,
            5 => Self::Unused,
            6 => Self::Byte,
            _ => Self::Normal,
        }
    }
}

/// One entry of the vocabulary.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) score: f32,
    pub(super) kind: Kind,
}

/// Where the space before the first word is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DummyPrefix {
    Never,
    /// Before the text and after every special token in it
    Always,
    /// Before the text only
    First,
}

/// A SentencePiece model, from its own file or from a GGUF.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "switches that files have one by one")]
pub(super) struct SentencePiece {
    pub(super) choice: Choice,
    pub(super) pieces: Vec<Piece>,
    pub(super) unknown: usize,
    pub(super) charsmap: Vec<u8>,
    pub(super) prefix: DummyPrefix,
    /// Runs of spaces become one, and none is left at the ends
    pub(super) squeeze: bool,
    /// Every kind of white space is a space
    pub(super) any_white: bool,
    pub(super) byte_fallback: bool,
    /// Special tokens take the white space behind them along, but those that stand round a text
    pub(super) takes_space_behind: bool,
}

impl SentencePiece {
    /// Reads a `.model` file.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let model = ModelProto::decode(bytes)?;
        let trainer = model.trainer.unwrap_or_default();
        let normalizer = model.normalizer.unwrap_or_default();
        let choice = match trainer.model_type.unwrap_or(1) {
            1 => Choice::Unigram,
            2 => Choice::Bpe,
            other => {
                return Err(format!("SentencePiece model type {other} is neither Unigram nor BPE").into());
            }
        };
        if trainer.whitespace_as_suffix == Some(true) {
            return Err("white space behind its word (treat_whitespace_as_suffix) is not supported".into());
        }
        let pieces: Vec<Piece> = model
            .pieces
            .into_iter()
            .map(|piece| Piece {
                text: piece.piece.unwrap_or_default(),
                score: piece.score.unwrap_or_default(),
                kind: Kind::of(piece.kind.unwrap_or(1).into()),
            })
            .collect();
        let unknown = pieces.iter().position(|piece| piece.kind == Kind::Unknown);
        let unknown = unknown.or_else(|| usize::try_from(trainer.unk_id.unwrap_or(0)).ok()).unwrap_or(0);
        let prefix = normalizer.add_dummy_prefix.unwrap_or(true);
        Ok(Self {
            choice,
            pieces,
            unknown,
            charsmap: normalizer.charsmap.unwrap_or_default(),
            prefix: if prefix { DummyPrefix::Always } else { DummyPrefix::Never },
            squeeze: normalizer.remove_extra_whitespaces.unwrap_or(true),
            any_white: false,
            byte_fallback: trainer.byte_fallback.unwrap_or(false),
            takes_space_behind: false,
        })
    }

    /// A tokenizer that gives the indices of `pieces`. `before` normalises ahead of the model's own rules.
    pub(super) fn build(&self, before: Vec<NormalizerWrapper>) -> Result<tokenizers::Tokenizer, Error> {
        if self.unknown >= self.pieces.len() {
            return Err("the vocabulary has no unknown piece".into());
        }
        let mut tokenizer = match self.choice {
            Choice::Unigram => tokenizers::Tokenizer::new(self.unigram()?),
            Choice::Bpe => tokenizers::Tokenizer::new(self.bpe()?),
        };
        tokenizer.with_normalizer(Some(Sequence::new(self.normalizers(before)?)))?;
        let splits = self.pre_tokenizers()?;
        if !splits.is_empty() {
            tokenizer.with_pre_tokenizer(Some(tokenizers::pre_tokenizers::sequence::Sequence::new(splits)));
        }
        let controls = self.pieces.iter().filter(|piece| matches!(piece.kind, Kind::Control | Kind::Unknown));
        let controls = controls.map(|piece| {
            let takes = self.takes_space_behind
                && piece.kind == Kind::Control
                && !["<s>", "<|endoftext|>"].contains(&piece.text.as_str());
            tokenizers::AddedToken::from(piece.text.as_str(), true).normalized(false).rstrip(takes)
        });
        tokenizer.add_special_tokens(controls.collect::<Vec<_>>())?;
        Ok(tokenizer)
    }

    fn unigram(&self) -> Result<Unigram, Error> {
        let pieces = self.pieces.iter().map(|piece| (piece.text.clone(), f64::from(piece.score))).collect();
        Unigram::from(pieces, Some(self.unknown), self.byte_fallback)
    }

    /// Pairs of normal pieces that make a third, best score first; equal ones in the order of their ids.
    fn bpe(&self) -> Result<BPE, Error> {
        let vocab: tokenizers::models::bpe::Vocab =
            self.pieces.iter().enumerate().map(|(id, piece)| (piece.text.clone(), id as u32)).collect();
        let normal =
            |text: &str| vocab.get(text).is_some_and(|&id| self.pieces[id as usize].kind == Kind::Normal);
        let mut merges = Vec::new();
        for (id, piece) in self.pieces.iter().enumerate().filter(|(_, piece)| piece.kind == Kind::Normal) {
            for (at, _) in piece.text.char_indices().skip(1) {
                let (left, right) = piece.text.split_at(at);
                if normal(left) && normal(right) {
                    merges.push((piece.score, id, left.to_owned(), right.to_owned()));
                }
            }
        }
        merges.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, &a.2, &a.3).cmp(&(b.1, &b.2, &b.3))));
        let merges = merges.into_iter().map(|(_, _, left, right)| (left, right)).collect();
        BPE::builder()
            .vocab_and_merges(vocab.clone(), merges)
            .unk_token(self.pieces[self.unknown].text.clone())
            .fuse_unk(true)
            .byte_fallback(self.byte_fallback)
            // So that a user-defined piece, cut out whole below, stays whole
            .ignore_merges(self.user_defined().next().is_some())
            .build()
    }

    fn user_defined(&self) -> impl Iterator<Item = &str> {
        let pieces = self.pieces.iter().filter(|piece| piece.kind == Kind::UserDefined);
        pieces.map(|piece| piece.text.as_str()).filter(|text| !text.is_empty())
    }

    fn normalizers(&self, mut rules: Vec<NormalizerWrapper>) -> Result<Vec<NormalizerWrapper>, Error> {
        let regex = |pattern: &str| ReplacePattern::Regex(pattern.to_owned());
        if !self.charsmap.is_empty() {
            rules.push(Precompiled::from(&self.charsmap)?.into());
        }
        if self.any_white {
            rules.push(Replace::new(regex(r"\s"), " ")?.into());
        }
        if self.squeeze {
            rules.push(Replace::new(regex(r"\A +| +\z"), "")?.into());
            rules.push(Replace::new(regex(" {2,}"), " ")?.into());
        }
        rules.push(Replace::new(" ", "▁")?.into());
        if self.prefix == DummyPrefix::Always {
            rules.push(Prepend::new("▁".to_owned()).into());
        }
        Ok(rules)
    }

    fn pre_tokenizers(&self) -> Result<Vec<PreTokenizerWrapper>, Error> {
        let mut splits: Vec<PreTokenizerWrapper> = Vec::new();
        if self.prefix == DummyPrefix::First {
            splits.push(Metaspace::new('▁', PrependScheme::First, false).into());
        }
        let mut whole: Vec<&str> = self.user_defined().collect();
        whole.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
        if !whole.is_empty() {
            let pattern: Vec<String> = whole.into_iter().map(escaped).collect();
            let pattern = SplitPattern::Regex(pattern.join("|"));
            splits.push(Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?.into());
        }
        Ok(splits)
    }
}

/// A text as a regular expression that matches just it.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(2 * text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}
