//! Pair merging over letters, where `</w>` marks the end of a word: GPT-1's files, and Blenderbot-small's.

use super::byte_level::add_specials;
use super::pieces::Spelling;
use super::settings::Settings;
use super::{Error, Frame, Parts, Renumbered};
use std::collections::HashMap;
use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::normalizers::{BertNormalizer, Lowercase, Replace, Sequence};
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;
use tokenizers::{AddedToken, decoders};

const END: &str = "</w>";

fn bare() -> Frame {
    Frame::Own { before: Vec::new(), after: Vec::new() }
}

/// Small letters, cut as BERT cuts; the vocabulary is spelled as the merges are.
pub(super) fn gpt1(vocab: Vocab, merges: Merges, settings: &Settings) -> Result<Parts, Error> {
    let unknown = settings.token("unk").unwrap_or("<unk>").to_owned();
    let bpe =
        BPE::builder().vocab_and_merges(vocab, merges).end_of_word_suffix(END.into()).unk_token(unknown);
    let mut inner = tokenizers::Tokenizer::new(bpe.build()?);
    inner.with_normalizer(Some(BertNormalizer::new(true, true, None, true)))?;
    inner.with_pre_tokenizer(Some(BertPreTokenizer));
    inner.with_decoder(Some(decoders::bpe::BPEDecoder::new(END.into())));
    add_specials(&mut inner, settings, &["<unk>"])?;
    Ok(Parts { spelling: Spelling::EndOfWord, frame: bare(), roles: settings.roles(), ..Parts::of(inner) })
}

/// Small letters; in the vocabulary `@@` stands behind a piece that the word goes on after, and nothing at its end.
pub(super) fn blenderbot_small(listed: &Vocab, merges: Merges, settings: &Settings) -> Result<Parts, Error> {
    let unknown = settings.token("unk").unwrap_or("__unk__");
    let unknown_id = *listed.get(unknown).ok_or("vocab.json has no unknown token")?;
    let mut vocab = Vocab::default();
    let mut ids = Vec::with_capacity(listed.len());
    let mut add = |text: String, id: u32| {
        if !vocab.contains_key(&text) {
            vocab.insert(text, ids.len() as u32);
            ids.push(id);
        }
    };
    for (piece, &id) in listed {
        match piece.strip_suffix("@@") {
            Some(begun) => add(begun.to_owned(), id),
            None => add(format!("{piece}{END}"), id),
        }
    }
    // Steps on the way to a piece are none themselves
    for (left, right) in &merges {
        for step in [left.clone(), right.clone(), format!("{left}{right}")] {
            add(step, unknown_id);
        }
    }
    let bpe = BPE::builder().vocab_and_merges(vocab, merges).end_of_word_suffix(END.into());
    let mut inner = tokenizers::Tokenizer::new(bpe.unk_token(format!("{unknown}{END}")).build()?);
    let pattern = |text: &str| ReplacePattern::Regex(text.to_owned());
    let new_line = Replace::new(pattern(r"(?<=\S)\n"), " __newln__ ")?;
    inner.with_normalizer(Some(Sequence::new(vec![new_line.into(), Lowercase.into()])))?;
    let words = SplitPattern::Regex(r"[.,!?()][^\s.,!?()']*|[^\s.,!?()']+|'".to_owned());
    inner.with_pre_tokenizer(Some(Split::new(words, SplitDelimiterBehavior::Removed, true)?));
    inner.with_decoder(Some(decoders::bpe::BPEDecoder::new(END.into())));
    let specials = ["__start__", "__end__", "__unk__", "__null__"].into_iter();
    let specials: Vec<&str> = specials.filter(|text| listed.contains_key(*text)).collect();
    let tokens = specials.iter().map(|text| AddedToken::from(*text, true).normalized(false));
    inner.add_special_tokens(tokens.collect::<Vec<_>>())?;
    for text in specials {
        let at = inner.token_to_id(text).ok_or("an added token has no place")? as usize;
        ids.resize(ids.len().max(at + 1), unknown_id);
        ids[at] = listed[text];
    }
    Ok(Parts {
        spelling: Spelling::EndOfWord,
        frame: bare(),
        numbers: Some(Renumbered::new(ids, HashMap::new())),
        roles: settings.roles(),
        ..Parts::of(inner)
    })
}
