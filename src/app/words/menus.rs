//! Words of the menus of words, ways and weights.

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct MenuWords {
    pub take_apart: &'static str,
    pub follow: &'static str,
    pub copy_text: &'static str,
    pub copy_id: fn(u32) -> String,
    pub go_back: &'static str,
    pub copy_name: &'static str,
    pub copy_stored: &'static str,
}

/// English.
pub(super) const ENGLISH: MenuWords = MenuWords {
    take_apart: "Take its logit apart",
    follow: "Follow its rank through the layers",
    copy_text: "Copy the text",
    copy_id: |id| format!("Copy the id {id}"),
    go_back: "Go back to it",
    copy_name: "Copy the name",
    copy_stored: "Copy the name in the file",
};

/// 简体中文.
pub(super) const CHINESE: MenuWords = MenuWords {
    take_apart: "分解它的 logit",
    follow: "看它在各层的排名",
    copy_text: "复制文字",
    copy_id: |id| format!("复制编号 {id}"),
    go_back: "回到这里",
    copy_name: "复制名称",
    copy_stored: "复制文件中的名称",
};
