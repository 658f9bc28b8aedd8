//! Words of the river and the map of memory.

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct RiverWords {
    pub river: &'static str,
    /// What is asked about: the token.
    pub river_sub: fn(&str) -> String,
    pub map: &'static str,
    pub map_sub: fn(&str) -> String,
    pub picture: &'static str,
    pub layer: &'static str,
    pub before: &'static str,
    pub others: fn(usize) -> String,
    /// A band, for screen readers and under the pointer: source, share in percent, layer.
    pub band: fn(&str, f64, &str) -> String,
    /// A column, for screen readers.
    pub column: fn(&str) -> String,
    /// A cell: the token that remembers, its source, the number.
    pub cell: fn(&str, &str, &str) -> String,
    pub hint: &'static str,
    pub working: &'static str,
}

/// English.
pub(super) const ENGLISH: RiverWords = RiverWords {
    river: "River",
    river_sub: |token| format!("where the state of {token} comes from, layer after layer"),
    map: "Memory map",
    map_sub: |layer| format!("what every token's state consists of after {layer}: query down, source across"),
    picture: "picture",
    layer: "after layer",
    before: "before",
    others: |n| if n == 1 { "1 other".to_owned() } else { format!("{n} others") },
    band: |source, share, layer| format!("{source}: {share:.1} % after {layer}"),
    column: |layer| format!("memory after {layer}"),
    cell: |query, source, value| format!("{query} ← {source}: {value}"),
    hint: "Click a band for its token, a layer for its shares",
    working: "Tracing memory…",
};

/// 简体中文.
pub(super) const CHINESE: RiverWords = RiverWords {
    river: "记忆之河",
    river_sub: |token| format!("{token} 的状态逐层由哪些词元汇成"),
    map: "记忆图",
    map_sub: |layer| format!("{layer} 之后每个词元的状态由什么组成：行是查询，列是来源"),
    picture: "算法",
    layer: "层之后",
    before: "之前",
    others: |n| format!("其余 {n} 个"),
    band: |source, share, layer| format!("{source}：{layer} 之后占 {share:.1} %"),
    column: |layer| format!("{layer} 之后的记忆"),
    cell: |query, source, value| format!("{query} ← {source}：{value}"),
    hint: "点色带选中词元，点层看那一层的占比",
    working: "正在追踪记忆…",
};
