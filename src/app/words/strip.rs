//! Words of the strip of tokens.

use crate::app::tinting::{Beneath, Tint};

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct StripWords {
    pub show: &'static str,
    pub tinted_by: &'static str,
    pub tint: fn(Tint) -> &'static str,
    pub tint_why: fn(Tint) -> &'static str,
    pub under: &'static str,
    pub beneath: fn(Beneath) -> &'static str,
    /// What the colours reach to.
    pub reach: fn(Tint, f64) -> String,
    pub none: &'static str,
    pub reading: fn(f32) -> String,
    /// A token's id, bytes and place among the prompt's bytes.
    pub facts: fn(u32, &str, (usize, usize)) -> String,
    pub value: fn(Tint, f64) -> String,
}

/// English.
pub(super) const ENGLISH: StripWords = StripWords {
    show: "show",
    tinted_by: "Tinted by",
    tint: |tint| match tint {
        Tint::Row => "weight in the shown row",
        Tint::Received => "attention received from the head",
        Tint::ReceivedAll => "attention received from all heads",
        Tint::Loss => "loss",
        Tint::Entropy => "entropy of what follows",
    },
    tint_why: |tint| match tint {
        Tint::Row => "P[q,k] of the query that is pointed at or pinned, of the greatest in its row",
        Tint::Received => "mean of P[q,k] over the queries q that may look at k, from 0 to 1",
        Tint::ReceivedAll => "the same, mean over all heads that look at this text",
        Tint::Loss => "−log₂ p(token | all before it), in bits from 0 on: how surprising it came",
        Tint::Entropy => {
            "−Σ p log₂ p of the next token, in bits from 0 to log₂ of the vocabulary: how open it is"
        }
    },
    under: "Under each token",
    beneath: |beneath| match beneath {
        Beneath::Nothing => "nothing",
        Beneath::Ids => "its id",
        Beneath::Bytes => "its bytes",
    },
    reach: |tint, greatest| {
        if tint.is_bits() { format!("0 to {greatest:.2} bits") } else { format!("0 to {greatest:.4}") }
    },
    none: "this model gives these tokens no such number",
    reading: |done| format!("reading, {:.0} %", done * 100.0),
    facts: |id, bytes, (start, end)| {
        if start == end {
            format!("id {id} · bytes {bytes}")
        } else {
            format!("id {id} · bytes {bytes} · bytes {start} to {end} of the prompt")
        }
    },
    value: |tint, value| match tint {
        Tint::Loss => format!("loss {value:.3} bits"),
        Tint::Entropy => format!("entropy {value:.3} bits"),
        _ => format!("received {value:.4}"),
    },
};

/// 简体中文.
pub(super) const CHINESE: StripWords = StripWords {
    show: "显示",
    tinted_by: "着色依据",
    tint: |tint| match tint {
        Tint::Row => "当前行的权重",
        Tint::Received => "从该头得到的注意力",
        Tint::ReceivedAll => "从所有头得到的注意力",
        Tint::Loss => "损失",
        Tint::Entropy => "下一词元的熵",
    },
    tint_why: |tint| match tint {
        Tint::Row => "所指或固定的查询的 P[q,k]，与该行最大值之比",
        Tint::Received => "对可以看到 k 的查询 q 取 P[q,k] 的平均，0 到 1",
        Tint::ReceivedAll => "同上，再对所有看这段文本的头取平均",
        Tint::Loss => "−log₂ p(词元 | 之前全部)，单位比特，不小于 0：它来得有多意外",
        Tint::Entropy => "下一词元的 −Σ p log₂ p，单位比特，0 到词表大小的 log₂：后续有多不确定",
    },
    under: "词元下方",
    beneath: |beneath| match beneath {
        Beneath::Nothing => "不显示",
        Beneath::Ids => "编号",
        Beneath::Bytes => "字节",
    },
    reach: |tint, greatest| {
        if tint.is_bits() { format!("0 到 {greatest:.2} 比特") } else { format!("0 到 {greatest:.4}") }
    },
    none: "该模型没有这些词元的这种数值",
    reading: |done| format!("正在读取，{:.0} %", done * 100.0),
    facts: |id, bytes, (start, end)| {
        if start == end {
            format!("编号 {id} · 字节 {bytes}")
        } else {
            format!("编号 {id} · 字节 {bytes} · 提示词第 {start} 到 {end} 字节")
        }
    },
    value: |tint, value| match tint {
        Tint::Loss => format!("损失 {value:.3} 比特"),
        Tint::Entropy => format!("熵 {value:.3} 比特"),
        _ => format!("得到的注意力 {value:.4}"),
    },
};
