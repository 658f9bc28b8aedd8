//! Words of the walk, by meaning.

use crate::analysis::walk::{Against, Note, Quantity, StepKind};

/// What is said about a step.
#[derive(Clone, Copy, Debug)]
pub struct StepWords {
    /// Its name.
    pub name: &'static str,
    /// What it answers.
    pub question: &'static str,
    /// What is done.
    pub action: &'static str,
    /// What comes of it.
    pub result: &'static str,
}

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct WalkWords {
    pub walk: &'static str,
    pub teach: &'static str,
    /// Query token, key token.
    pub subtitle: fn(&str, &str) -> String,
    pub step: fn(StepKind) -> StepWords,
    /// What a strip's numbers mean.
    pub quantity: fn(Quantity) -> &'static str,
    pub note: fn(Note) -> String,
    pub query: &'static str,
    pub key: &'static str,
    pub before: &'static str,
    pub inside: fn(&str) -> String,
    pub after: &'static str,
    /// First and last of some layers.
    pub blocks: fn(&str, &str) -> String,
    pub holds: fn(usize, Against) -> String,
    pub differs: fn(usize, Against) -> String,
    pub difference: fn(f64) -> String,
    pub unchecked: &'static str,
    pub order: &'static str,
    pub by_dimension: &'static str,
    pub by_product: &'static str,
    pub of_steps: fn(usize, usize) -> String,
    pub play: &'static str,
    pub pause: &'static str,
    pub pace: &'static str,
    pub running_sum: &'static str,
    /// A strip, for screen readers.
    pub strip_of: fn(&str, usize) -> String,
    /// A dimension of a strip.
    pub dimension: fn(usize) -> String,
    pub legend: &'static str,
    pub computing: &'static str,
    pub not_there: &'static str,
    pub first_step: &'static str,
    pub last_step: &'static str,
}

const fn said(
    name: &'static str,
    question: &'static str,
    action: &'static str,
    result: &'static str,
) -> StepWords {
    StepWords { name, question, action, result }
}

/// English.
pub(super) const ENGLISH: WalkWords = WalkWords {
    walk: "Walk",
    teach: "Teach",
    subtitle: |query, key| format!("how {query} looks at {key}"),
    step: |step| match step {
        StepKind::Tokens => {
            said("tokens", "What does the model read?", "look up", "text becomes numbers of words")
        }
        StepKind::Embedding => said(
            "embedding",
            "What does the model know of a word before it reads on?",
            "look up, then add",
            "one vector for each token",
        ),
        StepKind::Norm => said(
            "norm",
            "What does attention read of the residual stream?",
            "centre, then scale",
            "every token equally loud",
        ),
        StepKind::Projections => said(
            "q, k, v",
            "What does the query look for, what does the key offer, what would it hand over?",
            "multiply by three matrices",
            "three short vectors for each token",
        ),
        StepKind::Scores => said(
            "scores",
            "How well does what the query looks for match what the key offers?",
            "multiply, then add up",
            "one number for each pair of tokens",
        ),
        StepKind::Scale => said(
            "scale + mask",
            "Which keys may it look at, and how sharply?",
            "scale, then shut out",
            "what it may not see becomes −∞",
        ),
        StepKind::Softmax => said(
            "softmax",
            "How is one unit of attention shared out?",
            "exp, then divide by the sum",
            "weights that sum to 1",
        ),
        StepKind::Sum => said(
            "weighted sum",
            "What does the query take along from the keys?",
            "weight the values, add them up",
            "one short vector for each query",
        ),
        StepKind::Output => said(
            "W_O",
            "How does the head write what it found?",
            "multiply, then add the heads",
            "back in the residual stream's width",
        ),
        StepKind::Residual => said(
            "residual",
            "What does the token carry after it has looked around?",
            "add",
            "what was there, and what attention found",
        ),
        StepKind::Mlp => said(
            "MLP",
            "What does the token make of it by itself?",
            "widen, bend, narrow, add",
            "the stream that the next block reads",
        ),
        StepKind::Logits => said(
            "logits",
            "What does the model say in the end?",
            "unembed, then softmax",
            "a probability for every word",
        ),
    },
    quantity: |what| match what {
        Quantity::Ids => "id of each token",
        Quantity::TokenVector => "the word",
        Quantity::PositionVector => "its position",
        Quantity::SegmentVector => "its segment",
        Quantity::Stream => "residual stream before the block",
        Quantity::Standardised => "centred and scaled",
        Quantity::NormScale => "what the norm divides by",
        Quantity::Normed => "what attention reads",
        Quantity::ProjectedQuery => "query, as projected",
        Quantity::Query => "what it looks for",
        Quantity::ProjectedKey => "key, as projected",
        Quantity::Key => "what it offers",
        Quantity::Value => "what it would hand over",
        Quantity::Product => "number by number",
        Quantity::RunningSum => "running sum",
        Quantity::Score => "the same for every key",
        Quantity::Scaled => "times the scale",
        Quantity::Capped => "after the soft cap",
        Quantity::Bias => "for the distance",
        Quantity::FinalScore => "as it enters softmax",
        Quantity::Exponential => "exp(score − the largest)",
        Quantity::Weight => "share of attention",
        Quantity::SinkShare => "share that goes to the sink",
        Quantity::WeightedValue => "this key's part",
        Quantity::HeadOutput => "all keys' parts together",
        Quantity::HeadResult => "what this head writes",
        Quantity::AttentionOut => "what all heads write",
        Quantity::Middle => "residual stream after attention",
        Quantity::NormedMiddle => "after its norm",
        Quantity::HiddenBefore => "before the activation function",
        Quantity::HiddenAfter => "after it",
        Quantity::MlpOut => "what the MLP adds",
        Quantity::After => "residual stream after the block",
        Quantity::FinalNormed => "what the unembedding reads",
        Quantity::Logit => "score of each word",
        Quantity::Probability => "probability",
        Quantity::TextVector => "vector of the text",
    },
    note: |note| match note {
        Note::NeedsWeights => {
            "This takes the model's weights, and a saved run has none: open the model".to_owned()
        }
        Note::NoNorm => "No norm here: attention reads the residual stream as it is".to_owned(),
        Note::Parallel => {
            "The MLP reads the same input, so both are added at once in the next step".to_owned()
        }
        Note::NoMlp => "No MLP here: it comes after the cross-attention".to_owned(),
        Note::Experts(n) => format!("{n} experts, of which this token goes through a few"),
        Note::Masked => "The query may not look at this key".to_owned(),
        Note::NoWords => "This model gives hidden states, not words".to_owned(),
        Note::Changed => "An intervention put what stands here: nothing leads up to it".to_owned(),
        Note::AnswerAt(token) => format!("The model's answer stands at token {token}"),
    },
    query: "query",
    key: "key",
    before: "Before the head",
    inside: |head| format!("Inside head {head}"),
    after: "After the head",
    blocks: |first, last| {
        if first == last { format!("block {first}") } else { format!("blocks {first}–{last}") }
    },
    holds: |step, against| match against {
        Against::Trace => format!("step {step} equals the trace"),
        Against::Engine => format!("step {step} equals the engine"),
        Against::Answer => format!("step {step} equals the answer"),
    },
    differs: |step, against| match against {
        Against::Trace => format!("step {step} differs from the trace"),
        Against::Engine => format!("step {step} differs from the engine"),
        Against::Answer => format!("step {step} differs from the answer"),
    },
    difference: |apart| match apart {
        0.0 => "no difference".to_owned(),
        _ => format!("largest difference {apart:.1e}"),
    },
    unchecked: "nothing is computed here",
    order: "order",
    by_dimension: "dimension",
    by_product: "product",
    of_steps: |step, steps| format!("{step} of {steps}"),
    play: "Play",
    pause: "Pause",
    pace: "3 s a step",
    running_sum: "running sum",
    strip_of: |name, n| format!("{name}, {n} numbers"),
    dimension: |index| format!("dimension {index}"),
    legend: "− to +",
    computing: "Computing the steps",
    not_there: "Pick a head and a token to walk",
    first_step: "This is the first step",
    last_step: "This is the last step",
};

/// Simplified Chinese.
pub(super) const CHINESE: WalkWords = WalkWords {
    walk: "逐步演算",
    teach: "教学",
    subtitle: |query, key| format!("{query} 如何看 {key}"),
    step: |step| match step {
        StepKind::Tokens => said("词元", "模型读到的是什么？", "查表", "文字变成编号"),
        StepKind::Embedding => {
            said("嵌入", "还没往下读，模型对一个词知道什么？", "查表，再相加", "每个词元一个向量")
        }
        StepKind::Norm => said("归一化", "注意力从残差流里读到什么？", "去均值，再缩放", "每个词元同样响亮"),
        StepKind::Projections => said(
            "q、k、v",
            "查询在找什么，键能提供什么，又会交出什么？",
            "乘以三个矩阵",
            "每个词元三个短向量",
        ),
        StepKind::Scores => {
            said("得分", "查询要找的和键提供的有多相配？", "逐个相乘，再求和", "每对词元一个数")
        }
        StepKind::Scale => {
            said("缩放与掩码", "它可以看哪些键，看得多分明？", "缩放，再遮住", "不可见的变成 −∞")
        }
        StepKind::Softmax => said("softmax", "一份注意力怎样分配？", "取指数，再除以总和", "权重之和为 1"),
        StepKind::Sum => {
            said("加权求和", "查询从各个键那里带走什么？", "给值加权，再求和", "每个查询一个短向量")
        }
        StepKind::Output => {
            said("W_O", "注意力头怎样写下找到的东西？", "相乘，再把各头相加", "回到残差流的宽度")
        }
        StepKind::Residual => {
            said("残差", "环顾之后，这个词元带着什么？", "相加", "原有的，加上注意力找到的")
        }
        StepKind::Mlp => {
            said("MLP", "它自己又从中得出什么？", "变宽、弯折、变窄、相加", "下一层要读的残差流")
        }
        StepKind::Logits => said("logits", "模型最后说什么？", "解嵌入，再 softmax", "每个词一个概率"),
    },
    quantity: |what| match what {
        Quantity::Ids => "每个词元的编号",
        Quantity::TokenVector => "词本身",
        Quantity::PositionVector => "它的位置",
        Quantity::SegmentVector => "它的段落",
        Quantity::Stream => "进入该层之前的残差流",
        Quantity::Standardised => "去均值并缩放",
        Quantity::NormScale => "归一化的除数",
        Quantity::Normed => "注意力读到的",
        Quantity::ProjectedQuery => "刚投影出的查询",
        Quantity::Query => "它在找什么",
        Quantity::ProjectedKey => "刚投影出的键",
        Quantity::Key => "它能提供什么",
        Quantity::Value => "它会交出什么",
        Quantity::Product => "逐个相乘",
        Quantity::RunningSum => "累加",
        Quantity::Score => "对每个键都这样算",
        Quantity::Scaled => "乘以缩放系数",
        Quantity::Capped => "软上限之后",
        Quantity::Bias => "距离的偏置",
        Quantity::FinalScore => "进入 softmax 的得分",
        Quantity::Exponential => "exp(得分 − 最大值)",
        Quantity::Weight => "注意力份额",
        Quantity::SinkShare => "汇点得到的份额",
        Quantity::WeightedValue => "这个键的部分",
        Quantity::HeadOutput => "所有键的部分之和",
        Quantity::HeadResult => "这个头写下的",
        Quantity::AttentionOut => "所有头写下的",
        Quantity::Middle => "注意力之后的残差流",
        Quantity::NormedMiddle => "归一化之后",
        Quantity::HiddenBefore => "激活函数之前",
        Quantity::HiddenAfter => "激活函数之后",
        Quantity::MlpOut => "MLP 加上的",
        Quantity::After => "该层之后的残差流",
        Quantity::FinalNormed => "解嵌入读到的",
        Quantity::Logit => "每个词的得分",
        Quantity::Probability => "概率",
        Quantity::TextVector => "文本向量",
    },
    note: |note| match note {
        Note::NeedsWeights => "这一步需要模型权重，保存的运行里没有：请打开模型".to_owned(),
        Note::NoNorm => "此处没有归一化：注意力直接读残差流".to_owned(),
        Note::Parallel => "MLP 读同样的输入，下一步把两者一起相加".to_owned(),
        Note::NoMlp => "此处没有 MLP：它在交叉注意力之后".to_owned(),
        Note::Experts(n) => format!("{n} 个专家，这个词元只经过其中几个"),
        Note::Masked => "查询不能看这个键".to_owned(),
        Note::NoWords => "这个模型给出隐藏状态，不给出词".to_owned(),
        Note::Changed => "这里的数值由干预直接写入，并非逐步算得".to_owned(),
        Note::AnswerAt(token) => format!("模型的回答在词元 {token} 处"),
    },
    query: "查询",
    key: "键",
    before: "头之前",
    inside: |head| format!("头 {head} 之内"),
    after: "头之后",
    blocks: |first, last| {
        if first == last { format!("第 {first} 层") } else { format!("第 {first}–{last} 层") }
    },
    holds: |step, against| match against {
        Against::Trace => format!("第 {step} 步与记录一致"),
        Against::Engine => format!("第 {step} 步与引擎一致"),
        Against::Answer => format!("第 {step} 步与回答一致"),
    },
    differs: |step, against| match against {
        Against::Trace => format!("第 {step} 步与记录不一致"),
        Against::Engine => format!("第 {step} 步与引擎不一致"),
        Against::Answer => format!("第 {step} 步与回答不一致"),
    },
    difference: |apart| match apart {
        0.0 => "没有差异".to_owned(),
        _ => format!("最大差异 {apart:.1e}"),
    },
    unchecked: "这一步没有计算",
    order: "顺序",
    by_dimension: "维度",
    by_product: "乘积",
    of_steps: |step, steps| format!("第 {step} 步，共 {steps} 步"),
    play: "播放",
    pause: "暂停",
    pace: "每步 3 秒",
    running_sum: "累加",
    strip_of: |name, n| format!("{name}，{n} 个数"),
    dimension: |index| format!("维度 {index}"),
    legend: "负到正",
    computing: "正在计算各步",
    not_there: "选一个头和一个词元，开始逐步演算",
    first_step: "这是第一步",
    last_step: "这是最后一步",
};
