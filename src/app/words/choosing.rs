//! Words for several heads at once, by meaning.

use crate::analysis::FilterError;

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
    /// What may be written there.
    pub filter_help: &'static str,
    /// The words of the language of filters for a head's role, and for none.
    pub word_role: &'static str,
    pub word_none: &'static str,
    /// A head's roles and what they were told from.
    pub roles: fn(&str, &str) -> String,
    pub on_prompt: &'static str,
    pub in_atlas: &'static str,
    /// A head of keys and values, where query heads share one.
    pub kv_head: fn(usize) -> String,
    /// Which heads share it: the first and the last.
    pub shared: fn(usize, usize, usize) -> String,
    /// How many heads pass, of how many.
    pub passing: fn(usize, usize) -> String,
    /// At which character an expression does not read.
    pub unread: fn(usize) -> String,
    /// The whole of that, with what could stand there.
    pub filter_expected: fn(&FilterError) -> String,
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
    filter_hint: "induction > 0.5 and role != sink",
    filter_help: "A measure, layer or head compared with a number, heads such as 3.5 or 4.*, or a role: \
                  role = induction, role != sink, role = none. Joined by and, or, not and brackets. \
                  Roles are those of the atlas of this model where there is one, else those on this prompt: \
                  previous token, duplicate token, induction and sink from a score of 0.5 on",
    word_role: "role",
    word_none: "none",
    roles: |roles, basis| format!("{roles}, {basis}"),
    on_prompt: "on this prompt",
    kv_head: |kv| format!("K/V {kv}"),
    shared: |kv, first, last| format!("K/V head {kv}, shared by heads {first}–{last}"),
    in_atlas: "in the atlas",
    passing: |passing, all| format!("{passing} of {all}"),
    unread: |character| format!("does not read at character {character}"),
    filter_expected: FilterError::to_string,
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
    filter_hint: "induction > 0.5 and 角色 != 汇点",
    filter_help: "指标、layer 或 head 与数字比较；像 3.5 或 4.* 这样的头；或角色：角色 = 归纳、角色 != 汇点、角色 = 无。\
                  用 and、or、not 和括号连接。有本模型的图谱时用图谱中的角色，否则用本提示词上的角色：\
                  前一词元、重复词元、归纳和汇点，得分不低于 0.5",
    word_role: "角色",
    word_none: "无",
    roles: |roles, basis| format!("{roles}（{basis}）"),
    on_prompt: "在本提示词上",
    kv_head: |kv| format!("K/V {kv}"),
    shared: |kv, first, last| format!("键值头 {kv}，由头 {first}–{last} 共用"),
    in_atlas: "据图谱",
    passing: |passing, all| format!("{all} 个中的 {passing} 个"),
    unread: |character| format!("第 {character} 个字符处读不懂"),
    filter_expected: |error| {
        let expected = match error.expected {
            "fewer brackets" => "更少的括号",
            "`)`" => "`)`",
            "a comparison such as > 0.5" => "比较，如 > 0.5",
            "a measure, `layer`, `head`, `role` or a head such as 3.5" => {
                "指标、`layer`、`head`、`role` 或头，如 3.5"
            }
            "`=` or `!=`" => "`=` 或 `!=`",
            "a role such as `induction`, or `none`" => "角色，如 `induction`，或 `none`",
            "a number" => "数字",
            "`.` and a head, as in 3.5 or 4.*" => "`.` 和头，如 3.5 或 4.*",
            _ => "头，如 3.5 或 4.*",
        };
        format!("`{}` 在第 {} 个字符处读不懂：此处应为{expected}", error.text, error.character())
    },
    none_passes: "请先筛选头",
    hide: "隐藏其余",
    close_filter: "关闭筛选",
    export_title: |n| format!("导出 {n} 个头"),
};
