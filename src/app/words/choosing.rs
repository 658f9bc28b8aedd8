//! Words for several heads at once, by meaning.

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct ChoosingWords {
    /// How many heads are chosen, the one under the glass among them.
    pub chosen: fn(usize) -> String,
    pub none_chosen: &'static str,
    pub choose: &'static str,
    pub let_go: &'static str,
    /// Every head of a layer, by the layer's name.
    pub choose_layer: fn(&str) -> String,
    pub let_all_go: &'static str,
    pub export: &'static str,
    /// The dialog's title, for so many heads.
    pub export_title: fn(usize) -> String,
}

/// English.
pub(super) const ENGLISH: ChoosingWords = ChoosingWords {
    chosen: |n| if n == 1 { "1 chosen".to_owned() } else { format!("{n} chosen") },
    none_chosen: "Choose heads first: Ctrl and click, or drag over the grid",
    choose: "Choose",
    let_go: "Let go",
    choose_layer: |layer| format!("Choose layer {layer}"),
    let_all_go: "Let go of all",
    export: "Export the chosen heads…",
    export_title: |n| if n == 1 { "Export the chosen head".to_owned() } else { format!("Export {n} heads") },
};

/// Simplified Chinese.
pub(super) const CHINESE: ChoosingWords = ChoosingWords {
    chosen: |n| format!("已选 {n} 个"),
    none_chosen: "请先选几个头：按住 Ctrl 点击，或在网格上拖出一个框",
    choose: "加入选择",
    let_go: "移出选择",
    choose_layer: |layer| format!("选择第 {layer} 层"),
    let_all_go: "全部移出选择",
    export: "导出选中的几个头…",
    export_title: |n| format!("导出 {n} 个头"),
};
