//! Words of the view that chooses the next token.

use crate::app::numbers::grouped;

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct NextWords {
    pub title: &'static str,
    pub subtitle: fn(usize, usize) -> String,
    pub temperature: &'static str,
    pub top_k: &'static str,
    pub top_p: &'static str,
    pub all: &'static str,
    pub entropy: fn(f64, f64) -> String,
    pub kept: fn(f64) -> String,
    pub most_likely: &'static str,
    pub draw: &'static str,
    pub draw_why: &'static str,
    pub append: fn(&str) -> String,
    pub branches: &'static str,
    pub branches_none: &'static str,
    pub start: &'static str,
    /// Of a model that fills in words.
    pub masked: &'static str,
    pub fill: fn(&str) -> String,
    /// Puts the mask behind the prompt.
    pub hide: fn(&str) -> String,
}

/// English.
pub(super) const ENGLISH: NextWords = NextWords {
    title: "Next word",
    subtitle: |kept, all| format!("{} of {} tokens may be drawn", grouped(kept as u64), grouped(all as u64)),
    temperature: "temperature",
    top_k: "top k",
    top_p: "top p",
    all: "all",
    entropy: |bits, before| format!("{bits:.2} bits of entropy, {before:.2} before"),
    kept: |share| format!("{:.1} % of the probability is kept", share * 100.0),
    most_likely: "Take the most likely",
    draw: "Draw one",
    draw_why: "By these probabilities, with the seed of this place",
    append: |token| format!("append {token}"),
    branches: "Branches",
    branches_none: "Click a word to write it; every way taken stays here",
    start: "the prompt",
    masked: "Masked word",
    fill: |token| format!("write {token} in its place"),
    hide: |mask| format!("Put {mask} at the end"),
};

/// 简体中文.
pub(super) const CHINESE: NextWords = NextWords {
    title: "下一个词",
    subtitle: |kept, all| format!("{} 个词元中可抽 {} 个", grouped(all as u64), grouped(kept as u64)),
    temperature: "温度",
    top_k: "前 k 个",
    top_p: "累计 p",
    all: "全部",
    entropy: |bits, before| format!("熵 {bits:.2} 比特，原为 {before:.2}"),
    kept: |share| format!("保留 {:.1} % 的概率", share * 100.0),
    most_likely: "取最可能的",
    draw: "抽一个",
    draw_why: "按这些概率抽取，随机种子由位置决定",
    append: |token| format!("接上 {token}"),
    branches: "分支",
    branches_none: "点一个词就写上它；走过的每条路都留在这里",
    start: "提示词",
    masked: "被遮住的词",
    fill: |token| format!("填入 {token}"),
    hide: |mask| format!("在末尾加上 {mask}"),
};
