//! What layouts write by themselves: legends, and notes on what there is no room for.

#![expect(missing_docs, reason = "each entry is its own English text")]

use super::Says;
use crate::render::Scale;

pub static KEYS: Says = Says::of("keys", "键");
pub static QUERIES: Says = Says::of("queries", "查询");
pub static MASKED: Says = Says::of("masked", "已掩码");
pub static ROW_MOST: Says = Says::of("row max", "行最大值");
pub static LESS_MOST: Says = Says::of("−max", "−最大值");
pub static LEAST: Says = Says::of("least", "最小");
pub static GREATEST: Says = Says::of("greatest", "最大");
/// What rows and columns of small maps are.
pub static DOWN_ACROSS: Says =
    Says::of("query rows down, key columns across", "行（自上而下）为查询，列（自左而右）为键");

/// How values become colours.
pub fn scale(scale: Scale) -> &'static Says {
    static LINEAR: Says = Says::of("linear scale", "线性刻度");
    static LOG: Says = Says::of("logarithmic scale", "对数刻度");
    static ROW: Says = Says::of("each row against its own maximum", "每行以该行的最大值为准");
    static RANK: Says = Says::of("by rank among the row's values", "按该行中值的名次");
    match scale {
        Scale::Linear => &LINEAR,
        Scale::Log => &LOG,
        Scale::Row => &ROW,
        Scale::Rank => &RANK,
    }
}

/// What many small maps show, and how their values become colours.
pub fn sheet_words(quantity: &Says, scale: Scale, signed: bool) -> Says {
    let colours = sheet_scale(scale, signed);
    Says::new(format!("{}, {}", quantity.en, colours.en), format!("{}，{}", quantity.zh, colours.zh))
}

fn sheet_scale(scale: Scale, signed: bool) -> &'static Says {
    static LINEAR: Says = Says::of(
        "each map from 0 to its own maximum, first query apart",
        "每幅图从 0 到自己的最大值，首个查询除外",
    );
    static SIGNED: Says =
        Says::of("each map to its own greatest magnitude", "每幅图以自己绝对值的最大值为准");
    static LOG: Says =
        Says::of("logarithmic, each map to its own maximum", "对数刻度，每幅图以自己的最大值为准");
    static ROW: Says = Says::of("each row to its own maximum", "每行以自己的最大值为准");
    static RANK: Says = Says::of("by rank within each row", "按每行之内的名次");
    match (scale, signed) {
        (Scale::Linear, false) => &LINEAR,
        (Scale::Linear, true) => &SIGNED,
        (Scale::Log, _) => &LOG,
        (Scale::Row, _) => &ROW,
        (Scale::Rank, _) => &RANK,
    }
}

/// Things of a list that have no line of their own.
pub fn more(n: usize) -> Says {
    Says::new(format!("{n} more"), format!("其余 {n} 项"))
}

/// Tokens that follow what is shown.
pub fn more_tokens(n: usize) -> Says {
    Says::new(format!("… {n} more"), format!("…… 另有 {n} 个"))
}

pub fn more_rows(n: usize) -> Says {
    Says::new(format!("{n} more rows"), format!("另有 {n} 行"))
}

pub fn more_columns(n: usize) -> Says {
    Says::new(format!("{n} more columns"), format!("另有 {n} 列"))
}

/// Pairs that are alike and not shown.
pub fn folded(n: usize) -> Says {
    Says::new(format!("… {n} alike …"), format!("…… {n} 个相同 ……"))
}

/// A strip's heading.
pub fn strip(title: &Says, n: usize) -> Says {
    Says::new(format!("{} · {n} TOKENS", title.en), format!("{} · {n} 个词元", title.zh))
}

/// What a list's bars are, and how far they reach.
pub fn bars(quantity: &Says, least: &str, most: &str) -> Says {
    Says::new(
        format!("{}, bars from {least} to {most}", quantity.en),
        format!("{}，条形从 {least} 到 {most}", quantity.zh),
    )
}

/// Lines of a graph of heads.
pub fn links(quantity: &Says, ends: Option<(usize, &str, &str)>) -> Says {
    let Says { en, zh } = quantity;
    match ends {
        None => Says::new(format!("{en}: no line"), format!("{zh}：没有连线")),
        Some((n, low, high)) => Says::new(
            format!("{en}: the {n} strongest pairs, {low} to {high}"),
            format!("{zh}：最强的 {n} 对，{low} 到 {high}"),
        ),
    }
}

/// The part of a table of words that is shown.
pub fn last_tokens(shown: usize, all: usize) -> Says {
    Says::new(format!("the last {shown} of {all} tokens"), format!("{all} 个词元中的最后 {shown} 个"))
}

/// The same of its layers.
pub fn some_layers(shown: usize, all: usize) -> Says {
    Says::new(format!("{shown} of {all} layers"), format!("{all} 层中的 {shown} 层"))
}
