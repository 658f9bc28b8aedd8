//! How byte-level vocabularies cut a text into words before they merge, by the name that GGUF files give the rule.
//!
//! Source: the published `tokenizer.json` of the models the rules are named after.

use super::Error;
use tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN35: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const DEEPSEEK_WORDS: &str = r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"##;
const LETTERS_WITH_CASE: &str = r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+";

/// One rule: names, and the patterns that cut one after the other, each isolating what it finds.
struct Rule {
    names: &'static [&'static str],
    patterns: &'static [&'static str],
    /// The same, once bytes are spelled as letters
    spelled: &'static [&'static str],
    /// Words that are in the vocabulary as a whole are not merged up to it
    whole_words: bool,
    /// Composed characters first
    composed: bool,
}

const RULE: Rule = Rule { names: &[], patterns: &[], spelled: &[], whole_words: false, composed: false };

const RULES: &[Rule] = &[
    Rule {
        names: &[
            "gpt-2",
            "gpt2",
            "phi-2",
            "jina-es",
            "jina-de",
            "jina-v1-en",
            "jina-v2-es",
            "jina-v2-de",
            "jina-v2-code",
            "gigachat",
            "roberta-bpe",
            "exaone4",
            "mpt",
            "olmo",
            "jais",
            "trillion",
            "a.x-4.0",
            "mellum",
            "modern-bert",
            "granite-docling",
            "gpt-neox",
            "pythia",
        ],
        patterns: &[GPT2],
        ..RULE
    },
    Rule {
        names: &["llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"],
        patterns: &[LLAMA3],
        whole_words: true,
        ..RULE
    },
    Rule { names: &["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"], patterns: &[LLAMA3], ..RULE },
    Rule {
        names: &["qwen2", "deepseek-r1-qwen", "kormo", "megrez", "hunyuan", "grok-2"],
        patterns: &[QWEN2],
        composed: true,
        ..RULE
    },
    Rule { names: &["stablelm2", "solar-open"], patterns: &[QWEN2], ..RULE },
    Rule { names: &["qwen35"], patterns: &[QWEN35], composed: true, ..RULE },
    Rule {
        names: &["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"],
        patterns: &[r"\p{N}", GPT2],
        ..RULE
    },
    Rule {
        names: &["falcon"],
        patterns: &[r"[\p{P}\$\+<=>\^~\|`]+", GPT2],
        spelled: &[r"\p{N}+", "[0-9][0-9][0-9]"],
        ..RULE
    },
    Rule {
        names: &["deepseek-llm"],
        patterns: &[
            "[\r\n]",
            LETTERS_WITH_CASE,
            r"\s?[!-/:-~！-／：-～‘-‟　-。]+",
            r"\s+$",
            "[一-龥ࠀ-一가-퟿]+",
            r"\p{N}+",
        ],
        ..RULE
    },
    Rule {
        names: &["deepseek-coder"],
        patterns: &["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+", r"\p{N}"],
        ..RULE
    },
    Rule {
        names: &["deepseek-v3", "deepseek-r1-distill", "hunyuan-dense"],
        patterns: &[r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK_WORDS],
        ..RULE
    },
    Rule { names: &["gpt-4o", "llama4", "kanana2", "o200k"], patterns: &[GPT4O], ..RULE },
    Rule { names: &["tekken"], patterns: &[TEKKEN], whole_words: true, ..RULE },
    Rule {
        names: &["bloom", "poro-chat", "gpt3-finnish"],
        patterns: &[r" ?[^(\s|.,!?…。，、।۔،)]+"],
        ..RULE
    },
    Rule { names: &["viking"], patterns: &[r" ?[^(\s|.,!?…。，、।۔،)]+", r"\p{N}"], ..RULE },
    Rule {
        names: &["default"],
        patterns: &[r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"],
        ..RULE
    },
];

/// How to cut a text, and what to do before and after.
pub(super) struct Cutting {
    pub(super) splits: PreTokenizerWrapper,
    pub(super) whole_words: bool,
    pub(super) composed: bool,
    /// Whether the name is one we know; the default rule stands in for another
    pub(super) known: bool,
}

/// The rule of that name.
pub(super) fn rule(name: &str) -> Result<Cutting, Error> {
    let find = |name: &str| RULES.iter().find(|rule| rule.names.contains(&name));
    let found = find(name);
    let rule = found.or_else(|| find("default")).unwrap_or(&RULE);
    Ok(Cutting {
        splits: cut(rule)?,
        whole_words: rule.whole_words,
        composed: rule.composed,
        known: found.is_some(),
    })
}

/// Cuts by patterns, spells bytes as letters, cuts again.
fn cut(rule: &Rule) -> Result<PreTokenizerWrapper, Error> {
    let isolate = |pattern: &&str| {
        let pattern = SplitPattern::Regex((*pattern).to_owned());
        Split::new(pattern, SplitDelimiterBehavior::Isolated, false).map(PreTokenizerWrapper::from)
    };
    let mut parts = rule.patterns.iter().map(isolate).collect::<Result<Vec<_>, _>>()?;
    parts.push(ByteLevel::new(false, true, false).into());
    for pattern in rule.spelled {
        parts.push(isolate(pattern)?);
    }
    Ok(Sequence::new(parts).into())
}
