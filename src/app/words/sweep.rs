//! Words of the patch sweep, by meaning.

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct SweepWords {
    pub title: &'static str,
    pub sub: fn(&str, &str) -> String,
    pub prompt: &'static str,
    pub prompt_hint: &'static str,
    pub from_compare: &'static str,
    pub from_here: &'static str,
    pub run: &'static str,
    pub stop: &'static str,
    pub working: &'static str,
    pub hint: &'static str,
    pub hint_sub: &'static str,
    pub no_answer: &'static str,
    pub tokens: &'static str,
    pub heads: &'static str,
    pub of: &'static str,
    pub less: &'static str,
    pub likeliest: &'static str,
    pub moved: fn(&str, &str) -> String,
    pub pick: &'static str,
    pub add: &'static str,
}

/// English.
pub(super) const ENGLISH: SweepWords = SweepWords {
    title: "Patch sweep",
    sub: |of, less| format!("how far each patch moves logit({of}) − logit({less})"),
    prompt: "Patch from this prompt",
    prompt_hint: "Another prompt with as many tokens",
    from_compare: "Take Compare's",
    from_here: "Take this one",
    run: "Sweep",
    stop: "Stop",
    working: "Patching place after place",
    hint: "Write another prompt with as many tokens",
    hint_sub: "Each place of its run is put into this one, and the answer watched",
    no_answer: "Only a model that answers with a word, without an encoder of its own, can be swept",
    tokens: "tokens",
    heads: "heads",
    of: "answer there",
    less: "answer here",
    likeliest: "the likeliest",
    moved: |place, share| format!("{place}: {share} of the way"),
    pick: "0 leaves the answer, 1 brings the other prompt's; click a place to select it",
    add: "Add this patch",
};

/// 简体中文.
pub(super) const CHINESE: SweepWords = SweepWords {
    title: "修补扫描",
    sub: |of, less| format!("每次修补使 logit({of}) − logit({less}) 移动多少"),
    prompt: "从这个提示词修补",
    prompt_hint: "另一个词元数相同的提示词",
    from_compare: "用对比的提示词",
    from_here: "用当前提示词",
    run: "扫描",
    stop: "停止",
    working: "正在逐处修补",
    hint: "写下另一个词元数相同的提示词",
    hint_sub: "它的运行中每一处都会放进当前运行，观察答案如何变化",
    no_answer: "只有以词作答、自身没有编码器的模型才能扫描",
    tokens: "词元",
    heads: "注意力头",
    of: "那边的答案",
    less: "这边的答案",
    likeliest: "最可能的",
    moved: |place, share| format!("{place}：移动了 {share}"),
    pick: "0 表示答案不变，1 表示变成另一提示词的答案；点击一处即可选中",
    add: "添加这处修补",
};
