//! Words of the head view's map, by meaning.

use crate::export::words::names;
use crate::{
    app::mapping::Over,
    render::ColorMap,
    trace::{Combine, FirstToken, Level, Weigh},
};

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct MapWords {
    pub map: &'static str,
    pub heads: &'static str,
    pub over: fn(Over) -> &'static str,
    /// The same where there is little room.
    pub over_short: fn(Over) -> &'static str,
    /// What the menu says of a head's map that is not plain.
    pub changed: &'static str,
    /// The legend, for screen readers.
    pub legend: &'static str,
    pub combine: fn(Combine) -> &'static str,
    /// A combined map, by how and of which heads.
    pub title: fn(Combine, &str) -> String,
    pub cell: fn(Weigh) -> &'static str,
    pub cell_why: fn(Weigh) -> &'static str,
    pub cells: &'static str,
    pub beside: &'static str,
    pub first: &'static str,
    pub fate: fn(FirstToken) -> &'static str,
    pub sink: &'static str,
    pub rows: &'static str,
    pub columns: &'static str,
    pub level: fn(Level) -> &'static str,
    pub level_why: &'static str,
    pub threshold: &'static str,
    /// Cells from the threshold on, of all.
    pub left: fn(u64, u64) -> String,
    pub counting: &'static str,
    pub plain: &'static str,
    pub row_labels: &'static str,
    pub column_labels: &'static str,
    pub column_bars: &'static str,
    /// Which rows the bars are the mean of.
    pub mean_of: fn(usize) -> String,
    /// Which columns the bars are the sum of.
    pub sum_of: fn(usize) -> String,
    pub column_of: fn(&str) -> String,
    /// How much of a row's weight a change moved.
    pub moved: fn(f64) -> String,
    pub copied: &'static str,
    pub too_large: &'static str,
    pub no_cell: &'static str,
    pub nothing_marked: &'static str,
    pub needs_two: &'static str,
    pub needs_weights: &'static str,
    pub length: &'static str,
    pub weight: &'static str,
    pub colours: fn(ColorMap) -> &'static str,
}

/// English.
pub(super) const ENGLISH: MapWords = MapWords {
    map: "map",
    heads: "Heads",
    over: |over| match over {
        Over::Head => "The selected head",
        Over::Chosen => "All selected heads",
        Over::Layer => "All heads of the layer",
        Over::All => "All heads of all layers",
    },
    over_short: |over| match over {
        Over::Head => "head",
        Over::Chosen => "selected heads",
        Over::Layer => "layer",
        Over::All => "all heads",
    },
    changed: "changed",
    legend: "legend of the map",
    combine: |combine| match combine {
        Combine::Mean => "Mean",
        Combine::Max => "Greatest",
        Combine::Min => "Least",
        Combine::Difference => "Difference of two",
    },
    title: |combine, heads| match combine {
        Combine::Mean => format!("Mean of {heads}"),
        Combine::Max => format!("Greatest of {heads}"),
        Combine::Min => format!("Least of {heads}"),
        Combine::Difference => heads.replacen(", ", " less ", 1),
    },
    cell: |weigh| match weigh {
        Weigh::Weights => "Weight",
        Weigh::Values => "Length ‖P·v·W_O‖",
    },
    cell_why: |weigh| match weigh {
        Weigh::Weights => "P[q,k] after the softmax, from 0 to 1: how much the query looks at the key",
        Weigh::Values => {
            "‖P[q,k]·v_k·W_O‖₂, from 0 on: how much of the key arrives in the residual stream. A key with a small \
             value moves little, however much it is looked at (Kobayashi et al. 2020)"
        }
    },
    cells: "Cells",
    beside: "Weights and lengths side by side",
    first: "First token",
    fate: |fate| match fate {
        FirstToken::Keep => "Kept",
        FirstToken::Hide => "Left out",
        FirstToken::Renormalise => "Left out, the rest sums to 1",
    },
    sink: "A head that finds nothing to look for rests on the first token: an attention sink. Its weight there says \
           little, and hides the rest.",
    rows: "Rows: means over",
    columns: "Columns: sums over",
    level: |level| match level {
        Level::Token => "tokens",
        Level::Word => "words",
        Level::Line => "lines",
        Level::Sentence => "sentences",
    },
    level_why: "A row is the mean of its tokens' rows, a column the sum of its tokens' columns: rows go on to sum to 1",
    threshold: "Threshold",
    left: |left, all| format!("{} of {} cells", super::grouped(left), super::grouped(all)),
    counting: "counting cells",
    plain: "Plain map",
    row_labels: "query tokens of the map",
    column_labels: "key tokens of the map",
    column_bars: "weights of the column",
    mean_of: |n| format!("mean of {n} rows"),
    sum_of: |n| format!("sum of {n} columns"),
    column_of: |token| format!("Column of {token}"),
    moved: |share| format!("{share:.4} of its weight moved"),
    copied: "Copied as a table with tabs",
    too_large: "The map in sight has too many cells to copy: zoom in first",
    no_cell: "Point at a cell or pin one first",
    nothing_marked: "No token is marked",
    needs_two: "Choose a second head first",
    needs_weights: "Lengths take the model's weights, and a saved run has none",
    length: "length",
    weight: "weight",
    colours: ColorMap::label,
};

/// 简体中文.
pub(super) const CHINESE: MapWords = MapWords {
    map: "图",
    heads: "注意力头",
    over: |over| match over {
        Over::Head => "选中的头",
        Over::Chosen => "所有选中的头",
        Over::Layer => "本层所有的头",
        Over::All => "所有层的所有头",
    },
    over_short: |over| match over {
        Over::Head => "头",
        Over::Chosen => "选中的头",
        Over::Layer => "本层",
        Over::All => "所有头",
    },
    changed: "已改",
    legend: "图例",
    combine: |combine| match combine {
        Combine::Mean => "平均",
        Combine::Max => "最大",
        Combine::Min => "最小",
        Combine::Difference => "两头之差",
    },
    title: |combine, heads| match combine {
        Combine::Mean => format!("{heads} 的平均"),
        Combine::Max => format!("{heads} 的最大值"),
        Combine::Min => format!("{heads} 的最小值"),
        Combine::Difference => heads.replacen(", ", " 减 ", 1),
    },
    cell: |weigh| match weigh {
        Weigh::Weights => "权重",
        Weigh::Values => "长度 ‖P·v·W_O‖",
    },
    cell_why: |weigh| match weigh {
        Weigh::Weights => "softmax 之后的 P[q,k]，0 到 1：查询看键的程度",
        Weigh::Values => {
            "‖P[q,k]·v_k·W_O‖₂，不小于 0：键有多少真正进入残差流。值很小的键即使被看得多，也带来不了什么（Kobayashi 等 2020）"
        }
    },
    cells: "单元格",
    beside: "权重与长度并排",
    first: "第一个词元",
    fate: |fate| match fate {
        FirstToken::Keep => "保留",
        FirstToken::Hide => "去掉",
        FirstToken::Renormalise => "去掉，其余归一为 1",
    },
    sink: "头找不到要看的内容时会停在第一个词元上，这叫注意力汇点。那里的权重说明不了什么，却掩盖了其余部分。",
    rows: "行：取平均",
    columns: "列：求和",
    level: |level| match level {
        Level::Token => "词元",
        Level::Word => "词",
        Level::Line => "文本行",
        Level::Sentence => "句子",
    },
    level_why: "一行是其词元各行的平均，一列是其词元各列之和：每行的和仍为 1",
    threshold: "阈值",
    left: |left, all| format!("{} / {} 格", super::grouped(left), super::grouped(all)),
    counting: "正在计数",
    plain: "原图",
    row_labels: "图的查询词元",
    column_labels: "图的键词元",
    column_bars: "该列的权重",
    mean_of: |n| format!("{n} 行的平均"),
    sum_of: |n| format!("{n} 列之和"),
    column_of: |token| format!("{token} 的列"),
    moved: |share| format!("其中 {share:.4} 的权重移动了"),
    copied: "已复制为制表符分隔的表格",
    too_large: "可见的图单元格太多，无法复制：请先放大",
    no_cell: "请先指向或固定一个单元格",
    nothing_marked: "没有标记词元",
    needs_two: "请先再选一个头",
    needs_weights: "长度需要模型的权重，保存的运行不含权重",
    length: "长度",
    weight: "权重",
    colours: names::colormap_zh,
};
