//! What classes of tokenizers do around a SentencePiece model: which ids are shifted, what stands round a text.
//!
//! Reference: the `tokenization_*.py` files of Transformers 5.24.

use super::languages;
use super::settings::Settings;

/// One way to wrap a SentencePiece model.
#[derive(Clone, Copy)]
pub(super) struct Convention {
    /// Classes, without `Tokenizer` behind
    classes: &'static [&'static str],
    /// `model_type`s, for folders that name no class
    models: &'static [&'static str],
    pub(super) ids: Ids,
    /// Roles of the tokens before and after a text, with what they read where the files do not say
    pub(super) before: &'static [(&'static str, &'static str)],
    pub(super) after: &'static [(&'static str, &'static str)],
    pub(super) languages: Option<Languages>,
    /// Quotes, accents and case are levelled before the model's own rules
    pub(super) levelled: bool,
    /// Words are cut at every kind of white space, not at spaces only
    pub(super) any_white: bool,
    pub(super) mask: Option<&'static str>,
}

/// How a piece's place in the model becomes its id.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ids {
    /// It is its id; this many sentinels `<extra_id_N>` follow, the last one first
    Same { sentinels: usize },
    /// fairseq's: `<s> <pad> </s> <unk>` in front, the rest shifted by this
    Shifted { by: u32, made_up_words: u32 },
    /// Pegasus's: 103 words for pre-training are slipped in after the first two
    Slipped,
    /// What `vocab.json` says of its text
    Listed,
}

/// How a text's language is marked.
#[derive(Clone, Copy)]
pub(super) struct Languages {
    pub(super) codes: &'static str,
    /// Before and behind the code in the token
    pub(super) affix: &'static str,
    pub(super) default: &'static str,
    pub(super) at_front: bool,
}

const PLAIN: Convention = Convention {
    classes: &[],
    models: &[],
    ids: Ids::Same { sentinels: 0 },
    before: &[],
    after: &[],
    languages: None,
    levelled: false,
    any_white: false,
    mask: None,
};

const EOS: (&str, &str) = ("eos", "</s>");
const FAIRSEQ: Ids = Ids::Shifted { by: 1, made_up_words: 0 };

const CONVENTIONS: &[Convention] = &[
    Convention {
        classes: &["Llama", "CodeLlama", "Mistral"],
        models: &["llama", "mistral", "mixtral"],
        before: &[("bos", "<s>")],
        ..PLAIN
    },
    Convention {
        classes: &["Gemma"],
        models: &["gemma", "gemma2", "gemma3", "gemma3_text"],
        before: &[("bos", "<bos>")],
        ..PLAIN
    },
    Convention {
        classes: &["T5"],
        models: &["t5", "mt5", "umt5", "longt5"],
        ids: Ids::Same { sentinels: 100 },
        after: &[EOS],
        any_white: true,
        ..PLAIN
    },
    Convention {
        classes: &["XLMRoberta"],
        models: &["xlm-roberta", "xlm-roberta-xl", "xmod"],
        ids: FAIRSEQ,
        before: &[("cls", "<s>")],
        after: &[("sep", "</s>")],
        mask: Some("<mask>"),
        any_white: true,
        ..PLAIN
    },
    Convention {
        classes: &["Camembert"],
        models: &["camembert"],
        ids: Ids::Shifted { by: 4, made_up_words: 0 },
        before: &[("cls", "<s>")],
        after: &[("sep", "</s>")],
        mask: Some("<mask>"),
        any_white: true,
        ..PLAIN
    },
    Convention {
        classes: &["XGLM"],
        models: &["xglm"],
        ids: Ids::Shifted { by: 1, made_up_words: 7 },
        before: &[EOS],
        ..PLAIN
    },
    Convention {
        classes: &["Albert"],
        models: &["albert"],
        before: &[("cls", "[CLS]")],
        after: &[("sep", "[SEP]")],
        levelled: true,
        mask: Some("[MASK]"),
        any_white: true,
        ..PLAIN
    },
    Convention {
        classes: &["DebertaV2"],
        models: &["deberta-v2"],
        before: &[("cls", "[CLS]")],
        after: &[("sep", "[SEP]")],
        mask: Some("[MASK]"),
        ..PLAIN
    },
    Convention {
        classes: &["XLNet"],
        models: &["xlnet"],
        after: &[("sep", "<sep>"), ("cls", "<cls>")],
        levelled: true,
        mask: Some("<mask>"),
        any_white: true,
        ..PLAIN
    },
    Convention {
        classes: &["Pegasus"],
        models: &["pegasus", "bigbird_pegasus"],
        ids: Ids::Slipped,
        after: &[EOS],
        mask: Some("<mask_2>"),
        ..PLAIN
    },
    Convention {
        classes: &["MBart"],
        models: &["mbart"],
        ids: FAIRSEQ,
        after: &[EOS],
        languages: Some(Languages { codes: languages::MBART, affix: "", default: "en_XX", at_front: false }),
        mask: Some("<mask>"),
        any_white: true,
        ..PLAIN
    },
    Convention {
        classes: &["MBart50"],
        ids: FAIRSEQ,
        after: &[EOS],
        languages: Some(Languages { codes: languages::MBART50, affix: "", default: "en_XX", at_front: true }),
        mask: Some("<mask>"),
        ..PLAIN
    },
    Convention {
        classes: &["Nllb"],
        ids: FAIRSEQ,
        after: &[EOS],
        languages: Some(Languages { codes: languages::NLLB, affix: "", default: "eng_Latn", at_front: true }),
        mask: Some("<mask>"),
        ..PLAIN
    },
    Convention {
        classes: &["M2M100"],
        models: &["m2m_100"],
        ids: Ids::Listed,
        after: &[EOS],
        languages: Some(Languages { codes: languages::M2M100, affix: "__", default: "en", at_front: true }),
        ..PLAIN
    },
    Convention { classes: &["Marian"], models: &["marian"], ids: Ids::Listed, after: &[EOS], ..PLAIN },
];

impl Convention {
    /// The one that the files name; an unnamed SentencePiece model is read as it is.
    pub(super) fn of(settings: &Settings) -> Self {
        let by_class = |class| CONVENTIONS.iter().find(|convention| convention.classes.contains(&class));
        let by_model =
            || CONVENTIONS.iter().find(|convention| convention.models.contains(&settings.model_type()));
        let mut convention = *settings.class().and_then(by_class).or_else(by_model).unwrap_or(&PLAIN);
        if settings.text("language_codes") == Some("wmt21")
            && let Some(languages) = &mut convention.languages
        {
            languages.codes = languages::WMT21;
        }
        convention
    }
}

/// The languages of a vocabulary that has them as plain tokens, with their ids, and whether they stand before a text.
///
/// The list that fits is the class's own, else the one of which most is there: at least two, and half of it.
pub(super) fn languages_in(
    known: &Convention,
    id: &dyn Fn(&str) -> Option<u32>,
) -> Option<(Vec<(String, u32)>, bool)> {
    let lists = [known].into_iter().chain(CONVENTIONS).filter_map(|convention| convention.languages);
    let found = lists.map(|marks| {
        let codes = marks.codes.split_whitespace();
        let n = codes.clone().count();
        let found = codes.filter_map(|code| {
            let token = format!("{}{code}{}", marks.affix, marks.affix);
            Some((code.to_owned(), id(&token)?))
        });
        (found.collect::<Vec<_>>(), n, marks.at_front)
    });
    // `en`, `de`, … without an affix are words too, so a few of them say nothing
    let mut found: Vec<_> = found.filter(|(ids, n, _)| ids.len() >= 2 && ids.len() * 2 > *n).collect();
    found.sort_by_key(|(ids, ..)| std::cmp::Reverse(ids.len()));
    found.into_iter().next().map(|(ids, _, at_front)| (ids, at_front))
}
