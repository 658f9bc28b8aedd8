//! The rules, each with the names that GGUF files give it.
//!
//! Source: the `tokenizer.json` of the models that the rules are named after, and Transformers' classes.

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN35: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const DEEPSEEK_WORDS: &str = r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"##;
// The file lists them one by one, as of Unicode 11
const LETTERS_WITH_CASE: &str = r"\s?[\p{Lu}\p{Ll}\p{Lt}]+";
const MINICPM5: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const JAIS2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}";
const YOUTU: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const KIMI: &str = r"\p{Han}+|[^\r\n\p{L}\p{N}]?[[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]&&[^\p{Han}]]*[[\p{Ll}\p{Lm}\p{Lo}\p{M}]&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]&&[^\p{Han}]]+[[\p{Ll}\p{Lm}\p{Lo}\p{M}]&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const BAILING: &str = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+";
const SEED_CODER: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+";
const UFAKZEKA: &str = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const EXAONE_MOE: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+";
const SPARK: &str = r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+"##;
const BLOOM: &str = r" ?[^(\s|.,!?…。，、।۔،)]+";
const HAN_AND_KANA: &str = "[一-龥぀-ゟ゠-ヿ]+";

/// What such a vocabulary puts round a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::model::tokenizer) enum Round {
    Nothing,
    /// A start token before it
    Start,
    /// A separator behind it
    Separator,
}

/// One rule: names, and the patterns that cut one after the other, each isolating what it finds.
pub(in crate::model::tokenizer) struct Rule {
    pub(super) names: &'static [&'static str],
    pub(super) patterns: &'static [&'static str],
    /// The same, once bytes are spelled as letters
    pub(super) spelled: &'static [&'static str],
    /// Words that are in the vocabulary as a whole are not merged up to it
    pub(in crate::model::tokenizer) whole_words: bool,
    /// Composed characters first
    pub(in crate::model::tokenizer) composed: bool,
    /// What stands round a text unless the file says otherwise
    pub(in crate::model::tokenizer) round: Round,
    /// Spaces are `▁` and other characters themselves, as SentencePiece spells them
    pub(in crate::model::tokenizer) pieces: bool,
}

const RULE: Rule = Rule {
    names: &[],
    patterns: &[],
    spelled: &[],
    whole_words: false,
    composed: false,
    round: Round::Nothing,
    pieces: false,
};

/// What files of an architecture had before they named it, by the tokenizer its models were published with.
pub(super) const OLDER: &[(&str, &str)] = &[
    ("gpt2", "gpt-2"),
    ("gptj", "gpt-2"),
    ("phi2", "gpt-2"),
    ("gptneox", "gpt-neox"),
    ("mpt", "mpt"),
    ("olmo", "olmo"),
    ("falcon", "falcon"),
    ("starcoder", "starcoder"),
    ("starcoder2", "starcoder"),
    ("bloom", "bloom"),
    ("qwen2", "qwen2"),
    ("command-r", "command-r"),
];

/// All of them.
pub(super) const RULES: &[Rule] = &[
    Rule {
        names: &[
            "gpt-2",
            "gpt2",
            "phi-2",
            "jina-es",
            "jina-de",
            "jina-v2-es",
            "jina-v2-de",
            "gigachat",
            "exaone4",
            "jais",
            "trillion",
            "a.x-4.0",
            "mellum",
            "granite-docling",
        ],
        patterns: &[GPT2],
        ..RULE
    },
    Rule {
        names: &["jina-v1-en", "jina-v2-code", "roberta-bpe"],
        patterns: &[GPT2],
        round: Round::Separator,
        ..RULE
    },
    // GPT-NeoX's, and those that took it over
    Rule {
        names: &["gpt-neox", "pythia", "olmo", "mpt", "modern-bert"],
        patterns: &[GPT2],
        composed: true,
        ..RULE
    },
    Rule {
        names: &[
            "llama3",
            "llama-v3",
            "llama-bpe",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
            "jina-v5-nano",
        ],
        patterns: &[LLAMA3],
        whole_words: true,
        round: Round::Start,
        ..RULE
    },
    Rule { names: &["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"], patterns: &[LLAMA3], ..RULE },
    Rule { names: &["jais-2"], patterns: &[JAIS2], ..RULE },
    Rule { names: &["minicpm5"], patterns: &[r"\p{N}{1,3}", MINICPM5], whole_words: true, ..RULE },
    Rule {
        names: &["qwen2", "deepseek-r1-qwen", "kormo", "megrez", "f2llmv2", "hunyuan", "grok-2"],
        patterns: &[QWEN2],
        composed: true,
        ..RULE
    },
    Rule { names: &["stablelm2", "solar-open"], patterns: &[QWEN2], ..RULE },
    Rule { names: &["laguna"], patterns: &[r"[^\n]+|[\n]+", QWEN2], ..RULE },
    Rule { names: &["ufakzeka"], patterns: &[UFAKZEKA], ..RULE },
    Rule { names: &["qwen35"], patterns: &[QWEN35], composed: true, ..RULE },
    Rule {
        names: &["smollm", "starcoder", "refact", "codeshell", "exaone", "minerva-7b", "mellum2"],
        patterns: &[r"\p{N}", GPT2],
        ..RULE
    },
    Rule { names: &["command-r"], patterns: &[r"\p{N}", GPT2], composed: true, ..RULE },
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
        names: &["deepseek-v3", "deepseek-r1-distill", "hunyuan-dense", "joyai-llm", "hy_v4"],
        patterns: &[r"\p{N}{1,3}", HAN_AND_KANA, DEEPSEEK_WORDS],
        ..RULE
    },
    Rule { names: &["spark2_5"], patterns: &[r"\p{N}{1,3}", HAN_AND_KANA, SPARK, r"\p{N}"], ..RULE },
    Rule {
        names: &["gpt-4o", "llama4", "kanana2", "o200k", "talkie", "minimax-m2"],
        patterns: &[GPT4O],
        ..RULE
    },
    Rule { names: &["granite-embed-multi-97m"], patterns: &[GPT4O], whole_words: true, ..RULE },
    Rule { names: &["tiny_aya", "cohere2moe"], patterns: &[r"\d{1,3}(?=(?:\d{3})*\b)", GPT4O], ..RULE },
    Rule {
        names: &["youtu"],
        patterns: &["[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+", YOUTU],
        whole_words: true,
        ..RULE
    },
    Rule { names: &["kimi-k2"], patterns: &[KIMI], ..RULE },
    Rule { names: &["tekken"], patterns: &[TEKKEN], whole_words: true, round: Round::Start, ..RULE },
    Rule { names: &["bailingmoe", "bailingmoe2", "llada-moe"], patterns: &[BAILING], ..RULE },
    Rule { names: &["seed-coder"], patterns: &[SEED_CODER], ..RULE },
    Rule { names: &["exaone-moe"], patterns: &[EXAONE_MOE], ..RULE },
    Rule { names: &["superbpe"], patterns: &[r"\p{N}+", r"(?=(\d{3})+(?!\d))"], ..RULE },
    Rule { names: &["bloom", "poro-chat", "gpt3-finnish"], patterns: &[BLOOM], ..RULE },
    Rule { names: &["viking"], patterns: &[BLOOM, r"\p{N}"], ..RULE },
    // Gemma's: nothing is cut, and pieces are merged rather than scored
    Rule {
        names: &["gemma4", "granite-embed-multi-311m", "sarvam-moe"],
        round: Round::Start,
        pieces: true,
        ..RULE
    },
    Rule {
        names: &["default"],
        patterns: &[r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"],
        ..RULE
    },
];
