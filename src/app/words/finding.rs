//! Words of the palette beyond the names of what it finds.

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct FindingWords {
    pub tensor: &'static str,
    pub setting: &'static str,
    /// The language's name in itself, and in English.
    pub own_name: &'static str,
    pub english_name: &'static str,
    /// How large everything is, in percent.
    pub size_of: fn(u16) -> String,
    /// A colour map by its name.
    pub colours_of: fn(&str) -> String,
    /// What one may type before the name of a pane.
    pub show: &'static str,
    pub in_use: &'static str,
}

/// English.
pub(super) const ENGLISH: FindingWords = FindingWords {
    tensor: "tensor",
    setting: "setting",
    own_name: "English",
    english_name: "English",
    size_of: |percent| format!("Size {percent} %"),
    colours_of: |map| format!("Colours {map}"),
    show: "show open view pane",
    in_use: "in use",
};

/// 简体中文.
pub(super) const CHINESE: FindingWords = FindingWords {
    tensor: "张量",
    setting: "设置",
    own_name: "简体中文",
    english_name: "Chinese",
    size_of: |percent| format!("大小 {percent} %"),
    colours_of: |map| format!("颜色 {map}"),
    show: "显示 打开 视图",
    in_use: "正在使用",
};
