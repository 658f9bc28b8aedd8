//! A SentencePiece file with what lies beside it: ids, special tokens and languages as the model expects them.

use super::conventions::{Convention, Ids};
use super::pieces::Spelling;
use super::sentencepiece::{Choice, DummyPrefix, SentencePiece};
use super::settings::Settings;
use super::{Error, Frame, Parts, Renumbered, Tokenizer, broken, read};
use crate::model::error::LoadError;
use std::collections::HashMap;
use std::path::Path;
use tokenizers::AddedToken;
use tokenizers::normalizers::{Lowercase, NFKD, NormalizerWrapper, Replace, StripAccents};

/// Reads `model`, whose ids are told by `vocab` where the class keeps a list of its own.
pub(super) fn open(model: &Path, vocab: Option<&Path>, settings: &Settings) -> Result<Tokenizer, LoadError> {
    let spm = SentencePiece::parse(&read(model)?).map_err(|error| broken(model, &error))?;
    let listed = match vocab {
        Some(file) => Some(listed(file)?),
        None => None,
    };
    super::guarded(|| wrap(spm, listed, settings))
        .and_then(Tokenizer::new)
        .map_err(|error| broken(model, &error))
}

fn listed(file: &Path) -> Result<HashMap<String, u32>, LoadError> {
    serde_json::from_slice(&read(file)?).map_err(|error| broken(file, &error))
}

/// Tokens beside the pieces, with the ids they have for the model.
struct Beside(Vec<(u32, AddedToken)>);

impl Beside {
    fn add(&mut self, id: u32, text: &str) {
        self.push(id, AddedToken::from(text, true).normalized(false));
    }
    /// A mask takes the space before it along.
    fn mask(&mut self, id: u32, text: &str) {
        self.push(id, AddedToken::from(text, true).normalized(false).lstrip(true));
    }
    fn push(&mut self, id: u32, token: AddedToken) {
        if !self.0.iter().any(|(known, other)| *known == id || other.content == token.content) {
            self.0.push((id, token));
        }
    }
}

fn wrap(
    mut spm: SentencePiece,
    listed: Option<HashMap<String, u32>>,
    settings: &Settings,
) -> Result<Parts, Error> {
    let convention = Convention::of(settings);
    match (settings.flag("add_prefix_space"), settings.flag("legacy")) {
        (Some(false), _) => spm.prefix = DummyPrefix::Never,
        (_, Some(false)) if spm.prefix == DummyPrefix::Always && spm.choice == Choice::Bpe => {
            spm.prefix = DummyPrefix::First;
        }
        _ => {}
    }
    spm.any_white = convention.any_white;
    let n = spm.pieces.len() as u32;
    let unknown_text =
        settings.token("unk").unwrap_or(&spm.pieces.get(spm.unknown).ok_or("no pieces")?.text).to_owned();
    let mut ids: Vec<u32> = (0..n).collect();
    let mut beside = Beside(settings.added());
    let mut named = HashMap::new();
    let mask = convention.mask.map(|usual| settings.token("mask").unwrap_or(usual).to_owned());
    let mut after_pieces = n;
    match convention.ids {
        Ids::Same { sentinels } => {
            let sentinels = settings.count("extra_ids").unwrap_or(sentinels) as u32;
            for i in 0..sentinels {
                beside.add(n + sentinels - 1 - i, &format!("<extra_id_{i}>"));
            }
        }
        Ids::Shifted { by, made_up_words } => {
            for (id, piece) in ids.iter_mut().zip(&spm.pieces) {
                *id = match (piece.text.as_str(), by) {
                    ("<s>", 1) => 0,
                    ("</s>", 1) => 2,
                    _ => *id + by,
                };
            }
            after_pieces = n + by;
            ids[spm.unknown] = 3;
            beside.add(1, settings.token("pad").unwrap_or("<pad>"));
            for i in 0..made_up_words as u32 {
                beside.add(after_pieces + i, &format!("<madeupword{i}>"));
            }
        }
        Ids::Slipped => {
            let offset = settings.count("offset").unwrap_or(103) as u32;
            ids.iter_mut().skip(2).for_each(|id| *id += offset);
            beside.add(2, settings.token("mask_sent").unwrap_or("<mask_1>"));
            if let Some(mask) = &mask {
                beside.add(3, mask);
            }
            (2..offset).for_each(|i| beside.add(i + 2, &format!("<unk_{i}>")));
        }
        Ids::Listed => {
            let listed = listed.as_ref().ok_or("vocab.json, which gives the ids, is missing")?;
            let unknown = *listed.get(&unknown_text).ok_or("vocab.json has no unknown token")?;
            for (id, piece) in ids.iter_mut().zip(&spm.pieces) {
                *id = listed.get(&piece.text).copied().unwrap_or(unknown);
            }
            for special in ["</s>", "<pad>", "<s>", "<unk>"] {
                if let Some(&id) = listed.get(special) {
                    beside.add(id, special);
                }
            }
            // A text's target language, as Marian's multilingual models want it
            for (code, &id) in
                listed.iter().filter(|(text, _)| text.starts_with(">>") && text.ends_with("<<"))
            {
                beside.add(id, code);
            }
            after_pieces = listed.len() as u32;
            named = listed.iter().map(|(text, &id)| (id, text.clone())).collect();
        }
    }
    let mut languages = Vec::new();
    if let Some(marks) = convention.languages {
        let affix = marks.affix;
        for code in marks.codes.split_whitespace() {
            let text = format!("{affix}{code}{affix}");
            let known = beside.0.iter().find(|(_, token)| token.content == text).map(|(id, _)| *id);
            let id = known.unwrap_or(after_pieces + languages.len() as u32);
            beside.add(id, &text);
            languages.push((code.to_owned(), id));
        }
        after_pieces += languages.len() as u32;
    }
    let has = |text: &str| spm.pieces.iter().any(|piece| piece.text == text);
    if let Some(mask) = mask.filter(|mask| !has(mask)) {
        beside.mask(after_pieces, &mask);
    }
    let mut inner = spm.build(levelling(&convention, settings)?)?;
    let of_inner = renumber(&mut inner, ids, &beside.0)?;
    let spelling = Spelling::Metaspace;
    let lookup = |&(role, usual): &(&str, &str)| {
        let text = settings.token(role).unwrap_or(usual);
        let inner = inner.token_to_id(text)?;
        of_inner.get(inner as usize).copied()
    };
    let mut before: Vec<u32> = convention.before.iter().filter_map(lookup).collect();
    let mut after: Vec<u32> = convention.after.iter().filter_map(lookup).collect();
    if settings.flag("add_bos_token") == Some(false) {
        before.clear();
    }
    if settings.flag("add_bos_token") == Some(true) && before.is_empty() {
        before.extend(lookup(&("bos", "<s>")));
    }
    if settings.flag("add_eos_token") == Some(true) && after.is_empty() {
        after.extend(lookup(&EOS));
    }
    let mut frame = Frame::Own { before, after };
    let mut at_front = convention.languages.is_some_and(|marks| marks.at_front);
    if settings.flag("legacy_behaviour") == Some(true) {
        at_front = false;
    }
    if let Some(marks) = convention.languages {
        let code = settings.text("src_lang").unwrap_or(marks.default);
        let code = languages.iter().find(|(known, _)| known == code).map(|(_, id)| *id);
        frame.mark(code, None, at_front);
    }
    Ok(Parts {
        spelling,
        frame,
        languages,
        language_first: at_front,
        numbers: Some(Renumbered::new(of_inner, named)),
        roles: settings.roles(),
        ..Parts::of(inner)
    })
}

const EOS: (&str, &str) = ("eos", "</s>");

/// What a class does to a text before the SentencePiece model sees it.
fn levelling(convention: &Convention, settings: &Settings) -> Result<Vec<NormalizerWrapper>, Error> {
    let mut rules: Vec<NormalizerWrapper> = Vec::new();
    let mut lower = settings.flag("do_lower_case").unwrap_or(false);
    if convention.levelled {
        rules.push(Replace::new("``", "\"")?.into());
        rules.push(Replace::new("''", "\"")?.into());
        if settings.flag("keep_accents") != Some(true) {
            rules.push(NFKD.into());
            rules.push(StripAccents.into());
        }
        lower = settings.flag("do_lower_case").unwrap_or(settings.class() == Some("Albert"));
    }
    if lower {
        rules.push(Lowercase.into());
    }
    Ok(rules)
}

/// Adds the tokens beside the pieces, and says which id each inner one stands for.
fn renumber(
    inner: &mut tokenizers::Tokenizer,
    mut ids: Vec<u32>,
    beside: &[(u32, AddedToken)],
) -> Result<Vec<u32>, Error> {
    let beside: Vec<_> = beside.iter().filter(|(_, token)| !token.content.is_empty()).collect();
    inner.add_tokens(beside.iter().map(|(_, token)| token.clone()).collect::<Vec<_>>())?;
    for (id, token) in beside {
        let at = inner.token_to_id(&token.content).ok_or("an added token has no place")? as usize;
        if at >= ids.len() {
            ids.resize(at + 1, 0);
        }
        ids[at] = *id;
    }
    Ok(ids)
}
