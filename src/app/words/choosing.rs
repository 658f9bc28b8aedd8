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
    pub choose_passing: &'static str,
    pub filter: &'static str,
    pub filter_hint: &'static str,
    /// How many heads pass, of how many.
    pub passing: fn(usize, usize) -> String,
    /// At which character an expression does not read.
    pub unread: fn(usize) -> String,
    pub none_passes: &'static str,
    pub hide: &'static str,
    pub close_filter: &'static str,
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
    choose_passing: "Choose all that pass the filter",
    filter: "Filter",
    filter_hint: "induction > 0.5 and not sink > 0.8",
    passing: |passing, all| format!("{passing} of {all}"),
    unread: |character| format!("does not read at character {character}"),
    none_passes: "Filter the heads first",
    hide: "hide the others",
    close_filter: "Close the filter",
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
    choose_passing: "选择所有通过筛选的头",
    filter: "筛选",
    filter_hint: "induction > 0.5 and not 熵 < 1",
    passing: |passing, all| format!("{all} 个中的 {passing} 个"),
    unread: |character| format!("第 {character} 个字符处读不懂"),
    none_passes: "请先筛选头",
    hide: "隐藏其余",
    close_filter: "关闭筛选",
    export_title: |n| format!("导出 {n} 个头"),
};
