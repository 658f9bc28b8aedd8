//! Words of the memory panes: honesty meter, KV cache, recall.

use crate::{analysis::Picture, app::memory::PolicyKind, engine::Template};

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct MemoryWords {
    pub layout: &'static str,
    pub honesty: &'static str,
    pub honesty_sub: &'static str,
    pub layers: &'static str,
    pub all_layers: &'static str,
    pub up_to_layer: fn(&str) -> String,
    pub answer: &'static str,
    pub cutting: &'static str,
    pub cutting_sub: &'static str,
    pub reference: &'static str,
    pub rank_correlation: &'static str,
    /// A picture's name, and what it is.
    pub picture: fn(Picture) -> (&'static str, &'static str),
    /// A source token's row, for screen readers: token, drop.
    pub source_row: fn(&str, &str) -> String,
    /// Share of the attention, and p before and after: read by all, needed by none.
    pub rests: fn(&str, f64) -> String,
    pub carries: fn(&str, f64, f64, f64) -> String,
    pub hidden: fn(&str, f64, f64, f64) -> String,
    pub against: fn(&str, f64, f64) -> String,
    pub no_words: &'static str,
    pub working: &'static str,
    pub cache: &'static str,
    pub cache_sub: fn(usize, usize) -> String,
    pub cache_none: &'static str,
    pub evict: &'static str,
    pub policy: fn(PolicyKind) -> &'static str,
    pub loss_change: &'static str,
    pub received: fn(usize) -> String,
    pub keep_all: &'static str,
    pub loss: &'static str,
    pub bits_a_token: fn(f64) -> String,
    pub memory: &'static str,
    pub of_the_cache: fn(f64) -> String,
    pub still_first: &'static str,
    pub now_first: fn(&str) -> String,
    pub budget: &'static str,
    pub by_hand_hint: &'static str,
    pub take_back: &'static str,
    pub goes_on: &'static str,
    pub goes_on_all: &'static str,
    pub goes_on_kept: &'static str,
    /// Token, attention received; token, query from which it is gone.
    pub entry_kept: fn(&str, &str, f64) -> String,
    pub entry_gone: fn(&str, &str, usize) -> String,
    pub kept_in: fn(&str, usize, usize) -> String,
    /// Layer, attention received.
    pub received_in: fn(&str, f64) -> String,
    pub recall: &'static str,
    pub recall_sub: &'static str,
    pub run_recall: &'static str,
    pub template: &'static str,
    pub template_of: fn(Template) -> &'static str,
    pub suited: &'static str,
    /// In place of what recall is, where random tokens had to be asked for.
    pub recall_unread: &'static str,
    pub trials: &'static str,
    pub length: &'static str,
    pub start: &'static str,
    pub end: &'static str,
    pub by_distance: &'static str,
    pub tokens_back: &'static str,
    pub all_heads: &'static str,
    pub with_changes: &'static str,
    pub cell: fn(usize, f64, f64, f64) -> String,
    pub recall_hint: &'static str,
    pub recall_none: &'static str,
    pub stop: &'static str,
}

/// English.
pub(super) const ENGLISH: MemoryWords = MemoryWords {
    layout: "Memory",
    honesty: "Honesty meter",
    honesty_sub: "pictures of attention against what cutting the path really does",
    layers: "layers",
    all_layers: "all",
    up_to_layer: |layer| format!("up to {layer}"),
    answer: "answer",
    cutting: "Cutting the path",
    cutting_sub: "drop of log p(answer)",
    reference: "the reference",
    rank_correlation: "rank correlation",
    picture: |picture| match picture {
        Picture::Attention => ("Raw attention", "mean over heads and layers"),
        Picture::Rollout => ("Rollout", "product over layers"),
        Picture::Flow => ("Flow", "maximum flow through the layers"),
        Picture::Values => ("Value-weighted", "length of p · v · W_O"),
        Picture::Norms => ("With residual", "lengths, product over layers"),
        Picture::Contributions => ("Contributions", "nearness to the sum (ALTI)"),
    },
    source_row: |token, drop| format!("{token}, cutting it: {drop}"),
    rests: |token, share| {
        format!(
            "{token} takes {:.0} % of the attention, yet cutting it changes almost nothing: a place for attention to rest, not a memory",
            share * 100.0
        )
    },
    carries: |token, share, before, after| {
        format!(
            "{token} takes {:.0} % of the attention and is needed: without it the answer falls from {:.1} % to {:.1} %",
            share * 100.0,
            before * 100.0,
            after * 100.0
        )
    },
    hidden: |token, share, before, after| {
        format!(
            "{token} takes only {:.1} % of the attention, yet without it the answer falls from {:.1} % to {:.1} %",
            share * 100.0,
            before * 100.0,
            after * 100.0
        )
    },
    against: |token, before, after| {
        format!(
            "{token} speaks against the answer: without it, it rises from {:.1} % to {:.1} %",
            before * 100.0,
            after * 100.0
        )
    },
    no_words: "This model gives no next or masked word to measure by",
    working: "Cutting every path…",
    cache: "KV cache",
    cache_sub: |kept, all| format!("{kept} of {all} entries kept in each layer"),
    cache_none: "This model keeps no KV cache",
    evict: "evict",
    policy: |policy| match policy {
        PolicyKind::All => "keep all",
        PolicyKind::Recent => "sinks + recent",
        PolicyKind::Heavy => "heavy hitters",
        PolicyKind::Window => "window",
        PolicyKind::Random => "random",
        PolicyKind::ByHand => "by hand",
    },
    loss_change: "loss change",
    received: |steps| format!("attention received in the last {steps} steps"),
    keep_all: "keep all",
    loss: "loss",
    bits_a_token: |change| format!("{} bits a token", signed(change)),
    memory: "memory",
    of_the_cache: |share| format!("{:.0} % of the cache", share * 100.0),
    still_first: "still the first choice",
    now_first: |token| format!("now first: {token}"),
    budget: "budget",
    by_hand_hint: "Drag over entries to forget them",
    take_back: "Keep all again",
    goes_on: "goes on",
    goes_on_all: "With all:",
    goes_on_kept: "With what is kept:",
    entry_kept: |layer, token, received| format!("{layer} · {token}: received {received:.4}"),
    entry_gone: |layer, token, query| format!("{layer} · {token}: forgotten from token {query} on"),
    kept_in: |token, kept, layers| format!("{token}: kept in {kept} of {layers} layers"),
    received_in: |layer, received| format!("layer {layer}: received {received:.4}"),
    recall: "Recall",
    recall_sub: "is the right word still found?",
    run_recall: "Run recall",
    template: "template",
    template_of: |template| match template {
        Template::Toys => "who has what",
        Template::Passkey => "pass key",
        Template::Pairs => "key and value",
        Template::Repeat => "repeated sequence",
    },
    suited: "what suits the model",
    recall_unread: "this tokenizer lacks the words of the pass key: asked with random tokens said again",
    trials: "trials a cell",
    length: "length",
    start: "start",
    end: "end",
    by_distance: "By distance",
    tokens_back: "tokens between fact and question",
    all_heads: "clean",
    with_changes: "changed",
    cell: |length, depth, p, rank| {
        format!("length {length} · depth {:.0} % · {:.1} % · rank {rank:.1}", depth * 100.0, p * 100.0)
    },
    recall_hint: "Puts a fact at each depth of each length, and asks for it. Interventions that are switched on are tried on the same questions.",
    recall_none: "This model has no next token to ask for",
    stop: "Stop",
};

/// 简体中文.
pub(super) const CHINESE: MemoryWords = MemoryWords {
    layout: "记忆",
    honesty: "诚实度",
    honesty_sub: "各种注意力图像，与真正切断路径的效果对照",
    layers: "层",
    all_layers: "全部",
    up_to_layer: |layer| format!("到 {layer} 为止"),
    answer: "答案",
    cutting: "切断路径",
    cutting_sub: "log p(答案) 的下降",
    reference: "基准",
    rank_correlation: "秩相关",
    picture: |picture| match picture {
        Picture::Attention => ("原始注意力", "各头各层的平均"),
        Picture::Rollout => ("注意力展开", "逐层相乘"),
        Picture::Flow => ("注意力流", "穿过各层的最大流"),
        Picture::Values => ("按值加权", "p · v · W_O 的长度"),
        Picture::Norms => ("含残差", "长度，逐层相乘"),
        Picture::Contributions => ("贡献", "与总和的接近程度（ALTI）"),
    },
    source_row: |token, drop| format!("{token}，切断它：{drop}"),
    rests: |token, share| {
        format!(
            "{token} 得到 {:.0} % 的注意力，切断它却几乎毫无影响：注意力在此歇脚，并非记忆",
            share * 100.0
        )
    },
    carries: |token, share, before, after| {
        format!(
            "{token} 得到 {:.0} % 的注意力，也确实需要它：没有它，答案从 {:.1} % 降到 {:.1} %",
            share * 100.0,
            before * 100.0,
            after * 100.0
        )
    },
    hidden: |token, share, before, after| {
        format!(
            "{token} 只得到 {:.1} % 的注意力，可没有它，答案从 {:.1} % 降到 {:.1} %",
            share * 100.0,
            before * 100.0,
            after * 100.0
        )
    },
    against: |token, before, after| {
        format!("{token} 不利于这个答案：没有它，答案从 {:.1} % 升到 {:.1} %", before * 100.0, after * 100.0)
    },
    no_words: "这个模型不预测下一个词或被遮住的词，无从衡量",
    working: "正在逐一切断路径…",
    cache: "KV 缓存",
    cache_sub: |kept, all| format!("每层保留 {all} 项中的 {kept} 项"),
    cache_none: "这个模型没有 KV 缓存",
    evict: "淘汰",
    policy: |policy| match policy {
        PolicyKind::All => "全部保留",
        PolicyKind::Recent => "汇点 + 最近",
        PolicyKind::Heavy => "重击项",
        PolicyKind::Window => "滑动窗口",
        PolicyKind::Random => "随机",
        PolicyKind::ByHand => "手动",
    },
    loss_change: "损失变化",
    received: |steps| format!("最近 {steps} 步得到的注意力"),
    keep_all: "全部保留",
    loss: "损失",
    bits_a_token: |change| format!("每词元 {} 比特", signed(change)),
    memory: "内存",
    of_the_cache: |share| format!("缓存的 {:.0} %", share * 100.0),
    still_first: "仍是首选",
    now_first: |token| format!("现在的首选：{token}"),
    budget: "预算",
    by_hand_hint: "在缓存项上拖动，就会遗忘它们",
    take_back: "重新全部保留",
    goes_on: "续写",
    goes_on_all: "全部保留：",
    goes_on_kept: "只用保留的项：",
    entry_kept: |layer, token, received| format!("{layer} · {token}：得到 {received:.4}"),
    entry_gone: |layer, token, query| format!("{layer} · {token}：从词元 {query} 起遗忘"),
    kept_in: |token, kept, layers| format!("{token}：在 {layers} 层中的 {kept} 层保留"),
    received_in: |layer, received| format!("第 {layer} 层：得到 {received:.4}"),
    recall: "回忆",
    recall_sub: "还找得到正确的词吗？",
    run_recall: "测试回忆",
    template: "模板",
    template_of: |template| match template {
        Template::Toys => "谁有什么",
        Template::Passkey => "密钥",
        Template::Pairs => "键和值",
        Template::Repeat => "重复序列",
    },
    suited: "适合该模型的",
    recall_unread: "分词器缺少“密钥”模板的词：改用重复的随机词元来问",
    trials: "每格次数",
    length: "长度",
    start: "开头",
    end: "结尾",
    by_distance: "按距离",
    tokens_back: "事实与问题之间的词元数",
    all_heads: "原样",
    with_changes: "改动后",
    cell: |length, depth, p, rank| {
        format!("长度 {length} · 深度 {:.0} % · {:.1} % · 排名 {rank:.1}", depth * 100.0, p * 100.0)
    },
    recall_hint: "在每个长度的每个深度放入一个事实，再去问它。已打开的干预会用同样的问题再测一遍。",
    recall_none: "这个模型没有下一个词元可问",
    stop: "停止",
};

/// A change with its sign, a real minus among them.
fn signed(change: f64) -> String {
    super::change(change, 4)
}
