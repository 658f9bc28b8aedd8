//! GPT-2's files (`vocab.json`, `merges.txt`), and those of its kin that read them a little differently.

use super::pieces::Spelling;
use super::settings::Settings;
use super::{Error, Frame, Parts, Tokenizer, broken, end_of_word, guarded, read, splits};
use crate::model::error::LoadError;
use std::collections::HashMap;
use std::path::Path;
use tokenizers::AddedToken;
use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

/// Reads them.
pub(super) fn open(vocab: &Path, merges: &Path, settings: &Settings) -> Result<Tokenizer, LoadError> {
    let words: HashMap<String, u32> =
        serde_json::from_slice(&read(vocab)?).map_err(|error| broken(vocab, &error))?;
    let lines = String::from_utf8(read(merges)?).map_err(|error| broken(merges, &error))?;
    let mut pairs: Merges = Vec::new();
    for (number, line) in lines.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        if line.starts_with("#version") {
            continue;
        }
        let (left, right) =
            line.split_once(' ').ok_or_else(|| broken(merges, &format!("line {} is no pair", number + 1)))?;
        pairs.push((left.to_owned(), right.trim_end().to_owned()));
    }
    guarded(|| parts(words, pairs, settings)).and_then(Tokenizer::new).map_err(|error| broken(merges, &error))
}

fn parts(words: HashMap<String, u32>, merges: Merges, settings: &Settings) -> Result<Parts, Error> {
    // RoBERTa's kin begin with these in this order; its folders often name no class
    let like_roberta = words.get("<s>") == Some(&0) && words.contains_key("<mask>");
    let class = settings.class().unwrap_or(match settings.model_type() {
        "openai-gpt" => "OpenAIGPT",
        "deberta" => "Deberta",
        "blenderbot" => "Blenderbot",
        "blenderbot-small" => "BlenderbotSmall",
        "qwen2" | "qwen2_moe" | "qwen3" | "qwen3_moe" => "Qwen2",
        _ if like_roberta => "Roberta",
        _ => "GPT2",
    });
    let vocab: Vocab = words.into_iter().collect();
    match class {
        "OpenAIGPT" => return end_of_word::gpt1(vocab, merges, settings),
        "BlenderbotSmall" => return end_of_word::blenderbot_small(&vocab, merges, settings),
        _ => {}
    }
    let mut inner = tokenizers::Tokenizer::new(BPE::builder().vocab_and_merges(vocab, merges).build()?);
    let prefix = settings.flag("add_prefix_space").unwrap_or(class == "Blenderbot");
    if class == "Qwen2" {
        let cutting = splits::rule("qwen2")?;
        inner.with_normalizer(Some(NFC))?;
        inner.with_pre_tokenizer(Some(cutting.splits));
    } else {
        inner.with_pre_tokenizer(Some(ByteLevel::new(prefix, true, true)));
    }
    inner.with_decoder(Some(ByteLevel::default()));
    let round: (&[_], &[_]) = match class {
        "Roberta" | "Bart" | "Longformer" | "LED" | "Mvp" => (&[("cls", "<s>")], &[("sep", "</s>")]),
        "Deberta" => (&[("cls", "[CLS]")], &[("sep", "[SEP]")]),
        "Blenderbot" => (&[], &[("eos", "</s>")]),
        _ => (&[], &[]),
    };
    let usual: &[&str] = match class {
        "Deberta" => &["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]"],
        _ if round.1.is_empty() => &["<|endoftext|>"],
        _ => &["<s>", "</s>", "<unk>", "<pad>", "<mask>"],
    };
    add_specials(&mut inner, settings, usual)?;
    let id = |&(role, usual): &(&str, &str)| inner.token_to_id(settings.token(role).unwrap_or(usual));
    let mut before: Vec<u32> = round.0.iter().filter_map(id).collect();
    let mut after: Vec<u32> = round.1.iter().filter_map(id).collect();
    if settings.flag("add_bos_token") == Some(true) && before.is_empty() {
        before.extend(id(&("bos", "<|endoftext|>")));
    }
    if settings.flag("add_eos_token") == Some(true) && after.is_empty() {
        after.extend(id(&("eos", "<|endoftext|>")));
    }
    let frame = Frame::Own { before, after };
    Ok(Parts { spelling: Spelling::ByteLevel, frame, roles: settings.roles(), ..Parts::of(inner) })
}

/// Special tokens that the vocabulary has, and those that the settings put beside it.
pub(super) fn add_specials(
    inner: &mut tokenizers::Tokenizer,
    settings: &Settings,
    usual: &[&str],
) -> Result<(), Error> {
    inner.add_tokens(settings.added().into_iter().map(|(_, token)| token).collect::<Vec<_>>())?;
    let roles = settings.roles();
    let usual = if roles.is_empty() { usual } else { &[] };
    let texts = roles.iter().map(|(_, text)| text.as_str()).chain(settings.extra());
    let known: Vec<AddedToken> = texts
        .chain(usual.iter().copied())
        .filter(|text| !text.is_empty() && inner.token_to_id(text).is_some())
        // A mask takes the space before it along
        .map(|text| {
            AddedToken::from(text, true).normalized(false).lstrip(text.to_lowercase().contains("mask"))
        })
        .collect();
    inner.add_special_tokens(known)?;
    Ok(())
}
