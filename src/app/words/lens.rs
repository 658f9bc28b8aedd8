//! Words of the logit lens beyond its title.

use crate::analysis::LensTint;

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct LensWords {
    pub tint: &'static str,
    pub by: fn(LensTint) -> &'static str,
    pub by_why: fn(LensTint) -> &'static str,
    pub raw: &'static str,
    pub raw_why: &'static str,
    pub word: &'static str,
    pub no_word: &'static str,
    /// The plot: of which word, after which token.
    pub rank_of: fn(&str, &str) -> String,
    pub rank: &'static str,
    pub let_go: &'static str,
    /// A cell: the word, its probability, then the layer's rank of the answer, entropy and divergence.
    pub cell: fn(&str, f32, usize, f64, f64) -> String,
    pub click: &'static str,
    pub reading: fn(f32) -> String,
}

/// English.
pub(super) const ENGLISH: LensWords = LensWords {
    tint: "tint",
    by: |tint| match tint {
        LensTint::Probability => "probability",
        LensTint::Rank => "rank of the answer",
        LensTint::Entropy => "entropy",
        LensTint::Kl => "KL to the last layer",
    },
    by_why: |tint| match tint {
        LensTint::Probability => "p of the layer's likeliest word, from 0 to 1",
        LensTint::Rank => "where the model's own answer stands in the layer's order, from 1",
        LensTint::Entropy => {
            "−Σ p log₂ p of the layer's distribution, in bits from 0 to log₂ of the vocabulary"
        }
        LensTint::Kl => {
            "KL(model ‖ layer) = Σ p log₂(p / p_layer), in bits from 0 on: how far the layer is from the model's answer"
        }
    },
    raw: "raw",
    raw_why: "Without the final norm: the residual stream straight through the unembedding",
    word: "word",
    no_word: "none",
    rank_of: |word, token| format!("{word} after {token}"),
    rank: "rank",
    let_go: "Let the word go",
    cell: |word, p, rank, entropy, kl| {
        format!("{word} {p:.4}\nanswer #{rank} · entropy {entropy:.3} bits · KL {kl:.3} bits")
    },
    click: "Click to follow this word through the layers",
    reading: |done| format!("Reading every layer, {:.0} %", done * 100.0),
};

/// 简体中文.
pub(super) const CHINESE: LensWords = LensWords {
    tint: "着色",
    by: |tint| match tint {
        LensTint::Probability => "概率",
        LensTint::Rank => "答案的名次",
        LensTint::Entropy => "熵",
        LensTint::Kl => "与末层的 KL",
    },
    by_why: |tint| match tint {
        LensTint::Probability => "该层最可能的词的概率，0 到 1",
        LensTint::Rank => "模型最终的答案在该层排第几名，从 1 开始",
        LensTint::Entropy => "该层分布的 −Σ p log₂ p，单位比特，0 到词表大小的 log₂",
        LensTint::Kl => "KL(模型 ‖ 该层) = Σ p log₂(p / p_层)，单位比特，不小于 0：该层离模型的答案有多远",
    },
    raw: "不归一",
    raw_why: "不经过最后的归一化：残差流直接进入解嵌入",
    word: "词",
    no_word: "无",
    rank_of: |word, token| format!("{token} 之后的 {word}"),
    rank: "名次",
    let_go: "不再跟踪该词",
    cell: |word, p, rank, entropy, kl| {
        format!("{word} {p:.4}\n答案排第 {rank} · 熵 {entropy:.3} 比特 · KL {kl:.3} 比特")
    },
    click: "点击以逐层跟踪该词",
    reading: |done| format!("正在读取每一层，{:.0} %", done * 100.0),
};
