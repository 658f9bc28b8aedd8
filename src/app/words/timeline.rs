//! Words of the timeline of checkpoints.

use super::grouped;

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct TimelineWords {
    pub title: &'static str,
    /// What it is of, checkpoints, the first step and the last.
    pub of: fn(&str, usize, u64, u64) -> String,
    pub live: &'static str,
    /// Checkpoints that were asked, of how many.
    pub asking: fn(usize, usize) -> String,
    pub looking: &'static str,
    pub opening: &'static str,
    pub left_out: fn(usize) -> String,
    pub empty: &'static str,
    pub empty_sub: &'static str,
    pub open: &'static str,
    pub close: &'static str,
    pub back: &'static str,
    pub forward: &'static str,
    pub play: &'static str,
    pub pause: &'static str,
    pub measures: &'static str,
    pub best_heads: &'static str,
    pub selected_heads: &'static str,
    pub compare: &'static str,
    pub measure_prompt: &'static str,
    pub measure_prompt_why: &'static str,
    pub measure_changed: &'static str,
    pub measure_changed_why: &'static str,
    pub measure_clean: &'static str,
    pub measure_clean_why: &'static str,
    pub loss: &'static str,
    pub score: &'static str,
    /// The plot, for screen readers.
    pub plot: &'static str,
    /// The slider, for screen readers.
    pub slider: &'static str,
    /// A role, for screen readers: head, role, step.
    pub since: fn(&str, &str, u64) -> String,
    pub none: &'static str,
    pub first: &'static str,
    pub last: &'static str,
    pub no_folder: &'static str,
}

/// English.
pub(super) const ENGLISH: TimelineWords = TimelineWords {
    title: "Timeline",
    of: |name, n, first, last| {
        format!("{name} · {n} checkpoints · step {} – {}", grouped(first), grouped(last))
    },
    live: "live training",
    asking: |done, n| format!("asking the checkpoints, {done} of {n}"),
    looking: "Looking for checkpoints…",
    opening: "opening this checkpoint…",
    left_out: |n| if n == 1 { "1 folder left out".to_owned() } else { format!("{n} folders left out") },
    empty: "No training is open",
    empty_sub: "Open or drop a folder of checkpoints (checkpoint-500, step1000, …), or train a model in the layout Train",
    open: "Open a folder…",
    close: "Close",
    back: "Back",
    forward: "Forward",
    play: "Play",
    pause: "Pause",
    measures: "measures",
    best_heads: "best heads",
    selected_heads: "selected heads",
    compare: "Compare with this",
    measure_prompt: "Ask with this prompt",
    measure_prompt_why: "Takes the loss of the prompt at every checkpoint, and where heads look in it",
    measure_changed: "Ask with these changes",
    measure_changed_why: "Makes the changes that are on at every checkpoint, and measures anew",
    measure_clean: "Ask without changes",
    measure_clean_why: "Measures every checkpoint anew, as it is",
    loss: "loss",
    score: "score",
    plot: "Measures against steps",
    slider: "Step of the training",
    since: |head, role, step| format!("{head} {role} since step {step}"),
    none: "No head has a role yet",
    first: "This is the first checkpoint",
    last: "This is the last checkpoint",
    no_folder: "Open a folder of checkpoints first",
};

/// 简体中文.
pub(super) const CHINESE: TimelineWords = TimelineWords {
    title: "时间线",
    of: |name, n, first, last| {
        format!("{name} · {n} 个检查点 · 第 {} – {} 步", grouped(first), grouped(last))
    },
    live: "现场训练",
    asking: |done, n| format!("正在逐个测量检查点，{done}/{n}"),
    looking: "正在查找检查点…",
    opening: "正在打开此检查点…",
    left_out: |n| format!("略过 {n} 个文件夹"),
    empty: "没有打开任何训练过程",
    empty_sub: "打开或拖入一个检查点文件夹（checkpoint-500、step1000……），或在“训练”布局中训练一个模型",
    open: "打开文件夹…",
    close: "关闭",
    back: "后退",
    forward: "前进",
    play: "播放",
    pause: "暂停",
    measures: "指标",
    best_heads: "最佳的头",
    selected_heads: "所选的头",
    compare: "与此对比",
    measure_prompt: "用此提示词测量",
    measure_prompt_why: "在每个检查点计算提示词的损失，以及各头在其中看向何处",
    measure_changed: "带着这些改动测量",
    measure_changed_why: "在每个检查点施加已打开的改动，重新测量",
    measure_clean: "不带改动测量",
    measure_clean_why: "按原样重新测量每个检查点",
    loss: "损失",
    score: "分数",
    plot: "指标随步数的变化",
    slider: "训练的步数",
    since: |head, role, step| format!("{head} {role}，自第 {step} 步起"),
    none: "还没有头获得角色",
    first: "这是第一个检查点",
    last: "这是最后一个检查点",
    no_folder: "请先打开一个检查点文件夹",
};
