//! Words about circuits and composition, by meaning.

use crate::analysis::circuits::{Kind, LeftOut, NoCircuit};

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct CircuitWords {
    pub circuits: &'static str,
    /// Of a head.
    pub subtitle: fn(&str) -> String,
    pub find: &'static str,
    pub all_pairs: &'static str,
    pub not_one: &'static str,
    /// Adds the word's vector before a layer, at a token.
    pub add: fn(&str, &str) -> String,
    pub add_why: &'static str,
    pub after_mlp: &'static str,
    pub after_mlp_why: &'static str,
    pub most: &'static str,
    pub least: &'static str,
    pub looks: &'static str,
    pub writes: &'static str,
    pub matching: &'static str,
    pub matching_why: &'static str,
    pub copying: &'static str,
    pub copying_why: &'static str,
    /// Shares of words that come first, or among so many, in their own row.
    pub own_looks: fn(f64, f64, usize) -> String,
    pub own_writes: fn(f64, f64, usize) -> String,
    /// Titles of lists: of all pairs, then of one word.
    pub pairs_looks: &'static str,
    pub pairs_writes: &'static str,
    pub keys_of: fn(&str) -> String,
    pub queries_of: fn(&str) -> String,
    pub written_by_reading: fn(&str) -> String,
    pub written_when: fn(&str) -> String,
    /// An entry, for screen readers.
    pub entry: fn(&str, &str, f64) -> String,
    /// A word that can be asked about, for screen readers.
    pub ask: fn(&str) -> String,
    pub left_out: &'static str,
    pub leaves: fn(LeftOut) -> &'static str,
    pub none: fn(NoCircuit) -> String,
    pub stop: &'static str,
    pub stopped: &'static str,
    pub go_on: &'static str,
    pub working: &'static str,
    pub composition: &'static str,
    pub composition_sub: fn(usize, usize) -> String,
    pub kind: fn(Kind) -> &'static str,
    pub kind_why: fn(Kind) -> &'static str,
    pub folded: &'static str,
    pub folded_why: &'static str,
    pub above_random: &'static str,
    pub above_random_why: fn(f64) -> String,
    pub threshold: &'static str,
    pub strongest: &'static str,
    pub one_layer: &'static str,
    /// A head in the graph, for screen readers.
    pub node: fn(&str) -> String,
    /// A pair of heads, for screen readers.
    pub link: fn(&str, &str, f64) -> String,
}

/// English.
pub(super) const ENGLISH: CircuitWords = CircuitWords {
    circuits: "Circuits",
    subtitle: |head| format!("{head} · by its weights alone"),
    find: "find a word",
    all_pairs: "all pairs",
    not_one: "not one token of this model",
    add: |layer, token| format!("add before layer {layer} at {token}"),
    add_why: "Adds the word's own vector to the residual stream there and runs on; its strength is a slider among the interventions",
    after_mlp: "after MLP",
    after_mlp_why: "Words as later heads find them: with what the first block's MLP makes of each",
    most: "most",
    least: "least",
    looks: "Looks for",
    writes: "Writes",
    matching: "matching",
    matching_why: "Σλ / Σ|λ| over the eigenvalues of what it looks for, −1 to 1. 1: every word looks for itself",
    copying: "copying",
    copying_why: "Σλ / Σ|λ| over the eigenvalues of W_E·W_V·W_O·W_U, −1 to 1. 1: it raises whatever it reads (Elhage et al. 2021)",
    own_looks: |first, among, n| {
        format!("{:.1} % of words look for themselves first, {:.1} % among {n}", first * 100.0, among * 100.0)
    },
    own_writes: |first, among, n| {
        format!("{:.1} % of words raise themselves most, {:.1} % among {n}", first * 100.0, among * 100.0)
    },
    pairs_looks: "query → key",
    pairs_writes: "reads → writes",
    keys_of: |word| format!("{word} looks for"),
    queries_of: |word| format!("looked for by · {word}"),
    written_by_reading: |word| format!("reading {word} writes"),
    written_when: |word| format!("writes {word} on reading"),
    entry: |row, column, value| format!("{row} → {column} {value:.3}"),
    ask: |word| format!("ask about {word}"),
    left_out: "Left out",
    leaves: LeftOut::text,
    none: |why| why.to_string(),
    stop: "Stop",
    stopped: "Stopped",
    go_on: "Go on",
    working: "Reading the weights",
    composition: "Composition",
    composition_sub: |drawn, all| format!("{drawn} of {all} pairs of heads"),
    kind: |kind| match kind {
        Kind::Q => "Q",
        Kind::K => "K",
        Kind::V => "V",
    },
    kind_why: |kind| match kind {
        Kind::Q => "queries of the later head read what the earlier one writes",
        Kind::K => "keys of the later head read what the earlier one writes",
        Kind::V => "values of the later head read what the earlier one writes",
    },
    folded: "norms folded",
    folded_why: "With the weights and centring of the norms; else weights as they are stored",
    above_random: "above random",
    above_random_why: |random| {
        format!("Takes off {random:.4}, what random weights of these shapes score (1/√width)")
    },
    threshold: "from score",
    strongest: "Strongest",
    one_layer: "Nothing composes here: no head reads what another writes",
    node: |head| format!("head {head} in the graph"),
    link: |from, to, score| format!("{from} → {to} {score:.4}"),
};

/// Simplified Chinese.
pub(super) const CHINESE: CircuitWords = CircuitWords {
    circuits: "回路",
    subtitle: |head| format!("{head} · 仅由权重得出"),
    find: "查找一个词",
    all_pairs: "所有词对",
    not_one: "不是该模型的一个词元",
    add: |layer, token| format!("加到层 {layer} 之前的 {token} 处"),
    add_why: "把这个词自身的向量加到那里的残差流并继续运行；强度由“干预”里的滑块调节",
    after_mlp: "经过 MLP",
    after_mlp_why: "词以后面的头所见的样子进入：加上第一层 MLP 对它的作用",
    most: "最强",
    least: "最弱",
    looks: "寻找",
    writes: "写入",
    matching: "匹配",
    matching_why: "“寻找”表特征值的 Σλ / Σ|λ|，从 −1 到 1。1：每个词都寻找自己",
    copying: "复制",
    copying_why: "W_E·W_V·W_O·W_U 特征值的 Σλ / Σ|λ|，从 −1 到 1。1：读到什么就抬高什么（Elhage 等，2021）",
    own_looks: |first, among, n| {
        format!("{:.1} % 的词最想找的是自己，{:.1} % 排在前 {n} 位", first * 100.0, among * 100.0)
    },
    own_writes: |first, among, n| {
        format!("{:.1} % 的词抬高最多的是自己，{:.1} % 排在前 {n} 位", first * 100.0, among * 100.0)
    },
    pairs_looks: "查询 → 键",
    pairs_writes: "读 → 写",
    keys_of: |word| format!("{word} 寻找"),
    queries_of: |word| format!("谁在寻找 {word}"),
    written_by_reading: |word| format!("读到 {word} 时写入"),
    written_when: |word| format!("读到什么时写入 {word}"),
    entry: |row, column, value| format!("{row} → {column} {value:.3}"),
    ask: |word| format!("查询 {word}"),
    left_out: "未计入",
    leaves: |what| match what {
        LeftOut::Positions => "嵌入中的位置",
        LeftOut::Rotary => "旋转位置编码（视查询与键在同一位置）",
        LeftOut::PositionBias => "位置偏置",
        LeftOut::Distance => "与距离的乘积",
        LeftOut::ScoreCap => "得分的上限",
        LeftOut::Divisors => "头之后归一化的除数（取 1）",
        LeftOut::LogitCap => "logit 的上限",
    },
    none: |why| match why {
        NoCircuit::NoHead(head) => format!("模型没有头 {head}"),
        NoCircuit::NoWords => "该模型不给词打分：头写入的内容无法读作词".to_owned(),
        NoCircuit::Gated => "残差流与词之间有激活函数：仅凭权重无法把头写入的内容读作词".to_owned(),
        NoCircuit::Encoder => "该头写入编码器的残差流，那里不读出词".to_owned(),
        NoCircuit::NoMlp => "这里没有可经过的第一层 MLP：该头就在第一层，或第一层没有自己的 MLP".to_owned(),
        NoCircuit::Cancelled => "已停止".to_owned(),
    },
    stop: "停止",
    stopped: "已停止",
    go_on: "继续",
    working: "正在读取权重",
    composition: "组合",
    composition_sub: |drawn, all| format!("{all} 对头中的 {drawn} 对"),
    kind: |kind| match kind {
        Kind::Q => "Q",
        Kind::K => "K",
        Kind::V => "V",
    },
    kind_why: |kind| match kind {
        Kind::Q => "后面头的查询读取前面头写入的内容",
        Kind::K => "后面头的键读取前面头写入的内容",
        Kind::V => "后面头的值读取前面头写入的内容",
    },
    folded: "并入归一化",
    folded_why: "并入归一化的权重与去均值；否则用存储的权重",
    above_random: "减去随机",
    above_random_why: |random| format!("减去 {random:.4}，即同样形状的随机权重的得分（1/√宽度）"),
    threshold: "得分不低于",
    strongest: "最强的组合",
    one_layer: "这里没有组合：没有头读取另一个头写入的内容",
    node: |head| format!("图中的头 {head}"),
    link: |from, to, score| format!("{from} → {to} {score:.4}"),
};
