//! BERT's file, `vocab.txt`: one word piece a line, `##` before those that continue a word.

use super::settings::Settings;
use super::{Error, Frame, Parts, Tokenizer, broken, guarded, read};
use crate::model::error::LoadError;
use std::path::Path;
use tokenizers::models::bpe::Vocab;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{AddedToken, decoders};

/// Reads it. Whether case is kept is said by `tokenizer_config.json`, else by the vocabulary itself.
pub(super) fn open(vocab: &Path, settings: &Settings) -> Result<Tokenizer, LoadError> {
    let text = String::from_utf8(read(vocab)?).map_err(|error| broken(vocab, &error))?;
    let pieces: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    guarded(|| parts(pieces, settings)).and_then(Tokenizer::new).map_err(|error| broken(vocab, &error))
}

/// A tokenizer of these pieces, in the order of their ids.
pub(super) fn parts(pieces: Vec<String>, settings: &Settings) -> Result<Parts, Error> {
    let bracketed = |piece: &str| piece.starts_with(['[', '<']);
    let capital = |piece: &str| !bracketed(piece) && piece.chars().any(|c| !c.to_lowercase().eq([c]));
    let no_capitals = !pieces.iter().any(|piece| capital(piece));
    let vocab: Vocab = pieces.into_iter().enumerate().map(|(id, piece)| (piece, id as u32)).collect();
    let has = |text: &str| vocab.contains_key(text);
    let either = |usual: &'static str, other: &'static str| if has(usual) { usual } else { other };
    // MPNet's has RoBERTa's special tokens
    let usual = [
        ("unk", "[UNK]"),
        ("pad", either("[PAD]", "<pad>")),
        ("cls", either("[CLS]", "<s>")),
        ("sep", either("[SEP]", "</s>")),
        ("mask", either("[MASK]", "<mask>")),
    ];
    let said = |role: &str, usual: &str| settings.token(role).unwrap_or(usual).to_owned();
    let specials: Vec<(String, String)> =
        usual.iter().map(|&(role, usual)| (role.to_owned(), said(role, usual))).collect();
    let unknown = specials[0].1.clone();
    if !has(&unknown) {
        return Err(format!("the vocabulary has no `{unknown}`").into());
    }
    let mut inner = tokenizers::Tokenizer::new(WordPiece::builder().vocab(vocab).unk_token(unknown).build()?);
    inner.with_normalizer(Some(BertNormalizer::new(
        true,
        settings.flag("tokenize_chinese_chars").unwrap_or(true),
        settings.flag("strip_accents"),
        settings.flag("do_lower_case").unwrap_or(no_capitals),
    )))?;
    inner.with_pre_tokenizer(Some(BertPreTokenizer));
    inner.with_decoder(Some(decoders::wordpiece::WordPiece::default()));
    inner.add_tokens(settings.added().into_iter().map(|(_, token)| token).collect::<Vec<_>>())?;
    let texts = specials.iter().map(|(_, text)| text.as_str()).chain(settings.extra());
    let known = texts.filter(|text| inner.token_to_id(text).is_some());
    let known = known.map(|text| AddedToken::from(text, true).normalized(false)).collect::<Vec<_>>();
    inner.add_special_tokens(known)?;
    let id = |at: usize| inner.token_to_id(&specials[at].1);
    let (before, after) = match (id(2), id(3)) {
        (Some(cls), Some(sep)) => (vec![cls], vec![sep]),
        _ => (Vec::new(), Vec::new()),
    };
    let mut roles = specials;
    roles.extend(settings.roles());
    Ok(Parts { frame: Frame::Own { before, after }, roles, ..Parts::of(inner) })
}
