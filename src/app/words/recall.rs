//! Words of recall: its views by facts about others and by head.

use crate::app::memory::RecallView;

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct RecallWords {
    pub view: fn(RecallView) -> &'static str,
    pub others: &'static str,
    pub probability: &'static str,
    pub right: &'static str,
    pub asking: &'static str,
    pub reading: &'static str,
    pub position: &'static str,
    /// Mean loss in bits the first time and the second.
    pub first_and_second: fn(f64, f64) -> String,
    pub cutting: &'static str,
    pub retrieval: &'static str,
    pub when_cut: &'static str,
    /// A head, for screen readers: retrieval score, what recall does without it.
    pub carrier: fn(&str, f64, &str) -> String,
    pub masked: &'static str,
    pub best_heads: &'static str,
    pub any_heads: &'static str,
}

/// English.
pub(super) const ENGLISH: RecallWords = RecallWords {
    view: |view| match view {
        RecallView::Distance => "distance",
        RecallView::Others => "distractors",
        RecallView::Heads => "heads",
        RecallView::Twice => "read twice",
    },
    others: "facts about others",
    probability: "probability",
    right: "share right",
    asking: "Asking among facts about others…",
    reading: "Reading random tokens twice…",
    position: "position; dashed: the same tokens begin again",
    first_and_second: |first, second| format!("bits a token: first {first:.2}, again {second:.2}"),
    cutting: "Cutting every head…",
    retrieval: "retrieval score",
    when_cut: "when cut",
    carrier: |head, score, change| format!("head {head}: retrieval {score:.2}, when cut {change}"),
    masked: "heads masked together",
    best_heads: "best scores",
    any_heads: "any others",
};

/// 简体中文.
pub(super) const CHINESE: RecallWords = RecallWords {
    view: |view| match view {
        RecallView::Distance => "距离",
        RecallView::Others => "干扰项",
        RecallView::Heads => "注意力头",
        RecallView::Twice => "读两遍",
    },
    others: "关于他人的事实数",
    probability: "概率",
    right: "答对率",
    asking: "正在干扰项之间提问…",
    reading: "正在把随机词元读两遍…",
    position: "位置；虚线处同样的词元再次开始",
    first_and_second: |first, second| format!("每词元比特数：第一遍 {first:.2}，第二遍 {second:.2}"),
    cutting: "正在逐个剪断注意力头…",
    retrieval: "检索分数",
    when_cut: "剪断后",
    carrier: |head, score, change| format!("头 {head}：检索分数 {score:.2}，剪断后 {change}"),
    masked: "一起屏蔽的头数",
    best_heads: "分数最高的头",
    any_heads: "随机的其他头",
};
