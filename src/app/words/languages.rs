//! Words of the choice of languages for models that mark their texts with them.

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct LanguageWords {
    pub from: &'static str,
    pub into: &'static str,
    pub from_why: &'static str,
    pub into_why: &'static str,
    pub usual: &'static str,
    pub find: &'static str,
    pub usual_named: fn(&str) -> String,
}

/// English.
pub(super) const ENGLISH: LanguageWords = LanguageWords {
    from: "From",
    into: "Into",
    from_why: "Language that the prompt is marked with",
    into_why: "Language that the target begins with",
    usual: "default",
    find: "Find a language",
    usual_named: |code| format!("{code} (default)"),
};

/// 简体中文.
pub(super) const CHINESE: LanguageWords = LanguageWords {
    from: "源语言",
    into: "目标语言",
    from_why: "用来标记提示词的语言",
    into_why: "目标文本开头标记的语言",
    usual: "默认",
    find: "查找语言",
    usual_named: |code| format!("{code}（默认）"),
};
