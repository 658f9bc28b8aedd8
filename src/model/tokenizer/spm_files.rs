//! A SentencePiece file with what lies beside it: ids, special tokens and languages as the model expects them.

use super::conventions::{Convention, Ids, Languages};
use super::pieces::Spelling;
use super::sentencepiece::{Choice, DummyPrefix, SentencePiece};
use super::settings::Settings;
use super::{Error, Frame, Mark, Parts, Renumbered, Tokenizer, broken, read};
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
    super::guarded(|| wrap(spm, listed.as_ref(), settings))
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

/// The most sentinels or pre-training words that are believed; published models have a hundred.
const MOST_MADE_UP: usize = 4_096;

/// Which id each piece has, and what else has one.
struct Numbering {
    ids: Vec<u32>,
    beside: Beside,
    /// Texts of ids that are no pieces
    named: HashMap<u32, String>,
    languages: Vec<(String, u32)>,
    /// The first id that nothing has
    free: u32,
}

fn wrap(
    mut spm: SentencePiece,
    listed: Option<&HashMap<String, u32>>,
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
    let mask = convention.mask.map(|usual| settings.token("mask").unwrap_or(usual));
    let mut numbering = Numbering::new(&spm, &convention, listed, settings)?;
    if let Some(marks) = convention.languages {
        numbering.add_languages(marks);
    }
    if let Some(mask) = mask.filter(|mask| !spm.pieces.iter().any(|piece| piece.text == *mask)) {
        numbering.beside.mask(numbering.free, mask);
    }
    let mut inner = spm.build(levelling(&convention, settings)?)?;
    let of_inner = renumber(&mut inner, numbering.ids, &numbering.beside.0)?;
    let mut frame = frame(&convention, settings, &inner, &of_inner);
    let legacy = settings.flag("legacy_behaviour") == Some(true);
    let mut mark = Mark::Wanted;
    if let Some(marks) = convention.languages {
        let code = settings.text("src_lang").unwrap_or(marks.default);
        let code = numbering.languages.iter().find(|(known, _)| known == code).map(|(_, id)| *id);
        mark = if marks.at_front && !legacy { Mark::Before } else { Mark::Behind };
        frame.mark(code, None, mark == Mark::Before);
    }
    Ok(Parts {
        spelling: Spelling::Metaspace,
        frame,
        languages: numbering.languages,
        mark,
        numbers: Some(Renumbered::new(of_inner, numbering.named)),
        roles: settings.roles(),
        ..Parts::of(inner)
    })
}

impl Numbering {
    fn new(
        spm: &SentencePiece,
        convention: &Convention,
        listed: Option<&HashMap<String, u32>>,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let n = spm.pieces.len() as u32;
        let unknown = &spm.pieces.get(spm.unknown).ok_or("the vocabulary has no unknown piece")?.text;
        let believed = |count: usize| {
            u32::try_from(count.min(MOST_MADE_UP + 1))
                .ok()
                .filter(|&count| count as usize <= MOST_MADE_UP)
                .ok_or_else(|| Error::from(format!("{count} made-up words are not believed")))
        };
        let ids = (0..n).collect();
        let beside = Beside(settings.added());
        let mut it = Self { ids, beside, named: HashMap::new(), languages: Vec::new(), free: n };
        match convention.ids {
            Ids::Same { sentinels } => {
                // mT5 has its own among the pieces
                let inside = spm.pieces.iter().any(|piece| piece.text.ends_with("<extra_id_0>"));
                let usual = if inside { 0 } else { sentinels };
                let sentinels = believed(settings.count("extra_ids").unwrap_or(usual))?;
                (0..sentinels).for_each(|i| it.beside.add(n + sentinels - 1 - i, &format!("<extra_id_{i}>")));
            }
            Ids::Shifted { by, made_up_words } => {
                for (id, piece) in it.ids.iter_mut().zip(&spm.pieces) {
                    *id = match (piece.text.as_str(), by) {
                        ("<s>", 1) => 0,
                        ("</s>", 1) => 2,
                        _ => *id + by,
                    };
                }
                it.free = n + by;
                it.ids[spm.unknown] = 3;
                it.beside.add(1, settings.token("pad").unwrap_or("<pad>"));
                (0..made_up_words).for_each(|i| it.beside.add(it.free + i, &format!("<madeupword{i}>")));
            }
            Ids::Slipped => {
                let offset = believed(settings.count("offset").unwrap_or(103))?;
                it.ids.iter_mut().skip(2).for_each(|id| *id += offset);
                it.beside.add(2, settings.token("mask_sent").unwrap_or("<mask_1>"));
                it.beside.add(3, settings.token("mask").unwrap_or("<mask_2>"));
                (2..offset).for_each(|i| it.beside.add(i + 2, &format!("<unk_{i}>")));
            }
            Ids::Listed => {
                let listed = listed.ok_or("vocab.json, which gives the ids, is missing")?;
                let unknown = listed.get(settings.token("unk").unwrap_or(unknown));
                it.take_list(spm, listed, *unknown.ok_or("vocab.json has no unknown token")?);
            }
        }
        Ok(it)
    }

    /// Ids by the text of each piece; what the list lacks is unknown.
    fn take_list(&mut self, spm: &SentencePiece, listed: &HashMap<String, u32>, unknown: u32) {
        for (id, piece) in self.ids.iter_mut().zip(&spm.pieces) {
            *id = listed.get(&piece.text).copied().unwrap_or(unknown);
        }
        // A text's target language, as Marian's multilingual models want it
        let language =
            |text: &str| text.strip_prefix(">>").and_then(|rest| rest.strip_suffix("<<")).map(str::to_owned);
        let special =
            |text: &str| ["</s>", "<pad>", "<s>", "<unk>"].contains(&text) || language(text).is_some();
        for (text, &id) in listed.iter().filter(|(text, _)| special(text)) {
            self.beside.add(id, text);
            self.languages.extend(language(text).map(|code| (code, id)));
        }
        self.languages.sort();
        self.free = listed.len() as u32;
        self.named = listed.iter().map(|(text, &id)| (id, text.clone())).collect();
    }

    fn add_languages(&mut self, marks: Languages) {
        for code in marks.codes.split_whitespace() {
            let text = format!("{}{code}{}", marks.affix, marks.affix);
            let known = self.beside.0.iter().find(|(_, token)| token.content == text).map(|(id, _)| *id);
            let id = known.unwrap_or(self.free + self.languages.len() as u32);
            self.beside.add(id, &text);
            self.languages.push((code.to_owned(), id));
        }
        self.free += self.languages.len() as u32;
    }
}

/// The tokens round a text, as the class and the settings want them.
fn frame(
    convention: &Convention,
    settings: &Settings,
    inner: &tokenizers::Tokenizer,
    of_inner: &[u32],
) -> Frame {
    let id = |&(role, usual): &(&str, &str)| {
        let inner = inner.token_to_id(settings.token(role).unwrap_or(usual))?;
        of_inner.get(inner as usize).copied()
    };
    let mut before: Vec<u32> = convention.before.iter().filter_map(id).collect();
    let mut after: Vec<u32> = convention.after.iter().filter_map(id).collect();
    match settings.flag("add_bos_token") {
        Some(false) => before.clear(),
        Some(true) if before.is_empty() => before.extend(id(&("bos", "<s>"))),
        _ => {}
    }
    if settings.flag("add_eos_token") == Some(true) && after.is_empty() {
        after.extend(id(&EOS));
    }
    Frame::Own { before, after }
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
