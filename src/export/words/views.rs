//! Words of the views' figures, a view after the other: titles, what a number is, what stands beside it.

#![expect(missing_docs, reason = "each entry is its own English text")]

use super::Says;
use super::asked;
use super::maps::named;

pub static PROBABILITY: Says = Says::of("Probability", "概率");
pub static STEP: Says = Says::of("step", "步");
pub static COSINE: Says = Says::of("Cosine similarity", "余弦相似度");
pub static PROMPT: Says = Says::of("Prompt", "提示词");
pub static SOURCE: Says = Says::of("Source", "源文本");
pub static TARGET: Says = Says::of("Target", "目标文本");

/// A model's size, where no prompt was run.
pub fn layers(model: &str, n: impl std::fmt::Display) -> Says {
    Says::new(format!("{model} · {n} layers"), format!("{model} · {n} 层"))
}

pub fn layer_count(n: impl std::fmt::Display) -> Says {
    Says::new(format!("{n} layers"), format!("{n} 层"))
}

pub static LENS: Says = Says::of("Logit lens", "Logit 透镜");
pub static LENS_PROBABILITY: Says =
    Says::of("Each layer's likeliest next word and its probability", "每层最可能的下一个词及其概率");
pub static LENS_RANK: Says = Says::of(
    "Each layer's likeliest next word, and the rank of the model's answer",
    "每层最可能的下一个词，以及模型的回答在该层的名次",
);
pub static LENS_ENTROPY: Says = Says::of(
    "Each layer's likeliest next word, and the entropy of all in bits",
    "每层最可能的下一个词，以及全部词的熵（比特）",
);
pub static LENS_KL: Says = Says::of(
    "Each layer's likeliest next word, and KL(model ‖ layer) in bits",
    "每层最可能的下一个词，以及 KL(模型 ‖ 该层)（比特）",
);

pub fn flow(names: &str) -> Says {
    let zh = named(names).zh;
    Says::new(format!("Flow, {names}"), format!("连线，{zh}"))
}

pub fn flow_shown(shown: usize, found: usize, least: f32) -> Says {
    Says::new(
        format!("{shown} of {found} weights from {least} on"),
        format!("{found} 个不低于 {least} 的权重，画出 {shown} 个"),
    )
}

pub static NEXT: Says = Says::of("Next word", "下一个词");
pub static MASKED_WORD: Says = Says::of("Masked word", "被遮住的词");
pub static CLASSES: Says = Says::of("Classes", "类别");
pub static ANSWER: Says = Says::of("Answer, by its first token", "答案，按首个词元");

pub fn at_temperature(temperature: f32) -> Says {
    Says::new(format!("Probability at temperature {temperature}"), format!("温度 {temperature} 时的概率"))
}

pub fn walk(head: &str, query: &str, key: &str) -> Says {
    let zh = named(head).zh;
    Says::new(format!("Walk, {head}: {query} looks at {key}"), format!("逐步演算，头 {zh}：{query} 看 {key}"))
}

/// A step's number, its name and the shape of what it makes.
pub fn walk_step(number: impl std::fmt::Display, kind: &Says, shape: &str) -> Says {
    let one = |kind: &str| format!("{number}  {kind}  [{shape}]");
    Says::new(one(&kind.en), one(&kind.zh))
}

/// What a step comes to; of a vector its length.
pub fn outcome(what: &Says, length: bool, value: f64) -> Says {
    let one = |name: &str| {
        let name = if length { format!("‖{name}‖") } else { name.to_owned() };
        format!("{name} {value:.4}").replace('-', "−")
    };
    Says::new(one(&what.en), one(&what.zh))
}

pub fn why(head: &str, query: &str, key: &str) -> Says {
    let zh = named(head).zh;
    Says::new(format!("Why {query} looks at {key}, {head}"), format!("头 {zh}：{query} 为什么看 {key}"))
}

pub fn weight_and_score(cell: &str, weight: f64, score: f64) -> Says {
    Says::new(
        format!("{cell}: weight {weight:.4}, score {score:.4}").replace(" -", " −"),
        format!("{cell}：权重 {weight:.4}，得分 {score:.4}").replace(" -", " −"),
    )
}

pub static PART_OF_SCORE: Says = Says::of("Part of the score", "得分的一部分");
pub static PART_OF_LOGIT: Says = Says::of("Part of the logit", "logit 的一部分");

pub fn attribution(what: &Says, logit: &str) -> Says {
    Says::new(format!("Attribution, {}: {logit}", what.en), format!("归因，{}：{logit}", what.zh))
}

/// The formula at its foot.
pub fn attribution_foot(token: usize) -> Says {
    Says::new(
        format!("what a part wrote · W_U[word], token {token}"),
        format!("部件写入的内容 · W_U[词]，词元 {token}"),
    )
}

pub static STREAM: Says = Says::of("Residual stream", "残差流");
pub static STATES: Says = Says::of("Hidden states", "隐藏状态");
pub static SIMILARITY: Says = Says::of("Similarity", "相似度");
pub static NORMS_STREAM: Says = Says::of("Norms of the residual stream", "残差流的范数");
pub static NORMS_ATTENTION: Says = Says::of("Norms of what attention adds", "注意力所加部分的范数");
pub static NORMS_MLP: Says = Says::of("Norms of what the MLP adds", "MLP 所加部分的范数");
pub static TRAILS: Says = Says::of("Trails", "轨迹");
pub static TRAILS_FOOT: Says = Says::of("principal components of hook_resid_pre", "hook_resid_pre 的主成分");

pub fn between_layers(token: usize) -> Says {
    Says::new(format!("Similarity between layers, token {token}"), format!("各层之间的相似度，词元 {token}"))
}

pub fn component(index: usize, share: f64) -> Says {
    Says::new(
        format!("component {index}, {:.0} %", share * 100.0),
        format!("第 {index} 主成分，{:.0} %", share * 100.0),
    )
}

pub fn memory_of(token: &str) -> Says {
    Says::new(format!("Memory of {token}"), format!("{token} 的记忆"))
}

pub fn memory_after(layer: &str) -> Says {
    let zh = named(layer).zh;
    Says::new(format!("Memory after L{layer}"), format!("L{zh} 之后的记忆"))
}

/// Before the first layer.
pub static BEFORE: Says = Says::of("before", "之前");
pub static OTHERS: Says = Says::of("others", "其他");
pub static LENGTH: Says = Says::of("Length", "长度");
pub static SHARE_OF_STATE: Says = Says::of("Share of the state", "在状态中的份额");
pub static RECEIVED: Says = Says::of("Attention received", "得到的注意力");

pub fn cache(policy: &str) -> Says {
    let Says { en, zh } = asked::policy(policy);
    Says::new(format!("KV cache, {en}"), format!("KV 缓存，{zh}"))
}

pub static ANSWER_PROBABILITY: Says = Says::of("Probability of the answer", "正确答案的概率");

pub fn distance(model: &str) -> Says {
    Says::new(format!("Recall of {model} by distance"), format!("{model} 的回忆，按距离"))
}

pub static PROBABILITY_SHORT: Says = Says::of("probability", "概率");
pub static RIGHT: Says = Says::of("share right", "答对率");
pub static OTHER_FACTS: Says = Says::of("other facts", "其他事实");
pub static RETRIEVAL: Says = Says::of("retrieval score", "检索分数");
pub static LOST: Says = Says::of("lost when cut", "切断后的损失");
pub static OWN_SCALE: Says = Says::of("Each column in its own scale", "每列有自己的刻度");
pub static MASKED_HEADS: Says = Says::of("heads masked", "屏蔽的头数");
pub static BEST_SCORES: Says = Says::of("best scores", "分数最高的头");
pub static ANY_OTHERS: Says = Says::of("any others", "任意其他头");

pub fn among_others(model: &str) -> Says {
    Says::new(
        format!("Recall of {model} among facts about others"),
        format!("{model} 在关于他人的事实之间的回忆"),
    )
}

pub fn carriers(model: &str) -> Says {
    Says::new(format!("Heads that carry recall of {model}"), format!("{model} 中承担回忆的头"))
}

pub fn masked(model: &str) -> Says {
    Says::new(format!("Recall of {model} with heads masked"), format!("屏蔽若干头后 {model} 的回忆"))
}

pub static DISTANCE: Says = Says::of("tokens", "词元");
pub static RECALL_FOOT: Says = Says::of("recall", "回忆");

pub fn recall(model: &str) -> Says {
    Says::new(format!("Recall of {model}"), format!("{model} 的回忆"))
}

pub fn recall_asked(template: &str, trials: usize) -> Says {
    let Says { en, zh } = asked::template(template);
    Says::new(
        format!("template {en} · {trials} questions a cell"),
        format!("模板“{zh}” · 每格 {trials} 个问题"),
    )
}

pub static LOOKS_FOR: Says = Says::of("Looks for: query → key", "寻找：查询 → 键");
pub static WRITES: Says = Says::of("Writes: read → written", "写入：读到 → 写入");
pub static SCORE_BY_WEIGHTS: Says = Says::of("Score by weights", "由权重算得的得分");
pub static LOGIT_ADDED: Says = Says::of("Logit that is added", "加上的 logit");
pub static COMPOSITION: Says = Says::of("Composition score", "组合分数");
pub static ABOVE_RANDOM: Says = Says::of("Score above random", "高于随机的分数");
pub static ATLAS: Says = Says::of("Head atlas", "注意力头图谱");

pub fn circuits(head: &str) -> Says {
    let zh = named(head).zh;
    Says::new(format!("Circuits of head {head}"), format!("头 {zh} 的回路"))
}

pub fn composition(kind: &str) -> Says {
    Says::new(format!("{kind}-composition"), format!("{kind} 组合"))
}

pub fn heads(model: &str, n: usize) -> Says {
    Says::new(format!("{model} · {n} heads"), format!("{model} · {n} 个头"))
}

/// A cluster of heads, by what sets it apart most.
pub fn cluster(number: usize, apart: Option<(&Says, &str)>) -> Says {
    match apart {
        None => Says::new(format!("cluster {number}"), format!("聚类 {number}")),
        Some((what, by)) => Says::new(
            format!("cluster {number}: {} {by}", what.en),
            format!("聚类 {number}：{} {by}", what.zh),
        ),
    }
}

pub static COMPARE: Says = Says::of("Heads by difference", "按差异排列的头");
pub static DIVERGENCE: Says =
    Says::of("Jensen–Shannon divergence of attention rows, bits", "注意力各行的 Jensen–Shannon 散度（比特）");

pub fn b_less_a(head: &str) -> Says {
    let zh = named(head).zh;
    Says::new(format!("Head {head}, B less A"), format!("头 {zh}，B 减 A"))
}

pub static ALIGNED: Says = Says::of("Aligned tokens", "对齐的词元");
pub static NEXT_A: Says = Says::of("Next word, A", "下一个词，A");
pub static NEXT_B: Says = Says::of("Next word, B", "下一个词，B");

pub fn aligned(name: &Says, pairs: usize, [n, m]: [usize; 2]) -> Says {
    Says::new(
        format!("{}: {pairs} of {n} and {m} tokens are aligned", name.en),
        format!("{}：{n} 与 {m} 个词元中对齐了 {pairs} 个", name.zh),
    )
}

pub static TRAINING: Says = Says::of("Training", "训练");
pub static ASKED_LOSS: Says = Says::of("what is asked for", "所问的");
pub static UNKNOWN_LOSS: Says = Says::of("what cannot be known", "无从得知的");
pub static ACCURACY: Says = Says::of("accuracy", "正确率");
pub static LOSS: Says = Says::of("loss", "损失");
pub static LOSS_NATS: Says = Says::of("loss, nats", "损失（奈特）");
pub static ACCURACY_AND_SCORES: Says =
    Says::of("accuracy, and the best head's score", "正确率，以及最佳头的分数");

pub fn training(heads: usize, steps: u64) -> Says {
    Says::new(format!("{heads} heads · {steps} steps"), format!("{heads} 个头 · {steps} 步"))
}

pub static TRAINING_FOOT: Says =
    Says::of("mean −ln p; induction and previous-token stripes", "−ln p 的均值；归纳与前一词元的条纹");
/// The first random tokens of a probe, and the same again.
pub fn probe(period: usize) -> Says {
    Says::new(format!("{period} random tokens, said twice"), format!("{period} 个随机词元，说两遍"))
}

pub fn at_step(step: u64) -> Says {
    Says::new(format!("Training, step {step}"), format!("训练，第 {step} 步"))
}

/// Losses in nats, of what is asked for and of what cannot be known, and how much was read.
pub fn losses(asked: f64, unknown: Option<f64>, tokens: u64) -> Says {
    let [en, zh] = match unknown {
        None => [String::new(), String::new()],
        Some(loss) => [format!(", {loss:.4} of what cannot be known"), format!("，无从得知的 {loss:.4}")],
    };
    Says::new(
        format!("loss {asked:.4} nats{en} · {tokens} tokens seen"),
        format!("损失 {asked:.4} 奈特{zh} · 已读 {tokens} 个词元"),
    )
}

pub static MODEL: Says = Says::of("Model", "模型");
pub static SHARE: Says = Says::of("Share, and the best head's score", "份额，以及最佳头的分数");
pub static ROLES: Says = Says::of("Roles", "角色");
pub static STEP_TAKEN: Says = Says::of("Step at which it was taken", "取得角色的步数");
pub static TIMELINE: Says = Says::of("Timeline", "时间线");
pub static TIMELINE_FOOT: Says = Says::of("timeline", "时间线");
pub static PROMPT_LOSS: Says = Says::of("loss of the prompt, nats a token", "提示词的损失，每词元（奈特）");
pub static BEST_HEAD: Says = Says::of("best head at each step", "每一步的最佳头");
pub static SCORE: Says = Says::of("score", "分数");

pub fn checkpoints(model: &str, n: usize) -> Says {
    Says::new(format!("{model} · {n} checkpoints"), format!("{model} · {n} 个检查点"))
}

/// Something of a head: `3.5 induction`.
pub fn of_head(head: impl std::fmt::Display, what: &Says) -> Says {
    Says::new(format!("{head} {}", what.en), format!("{head} {}", what.zh))
}

pub static CURVE: Says = Says::of("Loss by position", "各位置的损失");
pub static CURVE_FOOT: Says = Says::of("mean −log₂ p", "−log₂ p 的均值");
pub static POSITION: Says = Says::of("position", "位置");
pub static LOSS_BITS: Says = Says::of("loss, bits a token", "损失，每词元（比特）");
pub static AS_IT_IS: Says = Says::of("as it is", "原样");
pub static WITH_CHANGES: Says = Says::of("with changes", "干预之后");
pub static AGAIN: Says = Says::of("again", "第二遍");

pub fn read(model: &str, windows: usize) -> Says {
    Says::new(format!("{model} · {windows} read"), format!("{model} · 读了 {windows} 段"))
}

pub static RECOVERED: Says = Says::of("Recovered share of the logit difference", "logit 之差恢复的份额");
pub static PATCHED_TOKENS: Says = Says::of("Patched by token", "逐词元修补");
pub static PATCHED_HEADS: Says = Says::of("Patched by head", "逐头修补");

pub static TOKENS: Says = Says::of("Tokens", "词元");
pub static TOKENS_FOOT: Says = Says::of("tokens", "词元");
pub static TINT_RECEIVED_ALL: Says =
    Says::of("Attention received, mean over all heads", "得到的注意力（所有头的均值）");
pub static TINT_LOSS: Says = Says::of("Loss, bits", "损失（比特）");
pub static TINT_ENTROPY: Says = Says::of("Entropy of what follows, bits", "下一词元的熵（比特）");

pub fn tint_row(query: usize, text: &str, head: &str) -> Says {
    let zh = named(head).zh;
    Says::new(
        format!("Attention weight that token {query} “{text}” gives in head {head}"),
        format!("词元 {query} “{text}” 在头 {zh} 中给出的注意力权重"),
    )
}

pub fn tint_received(head: &str) -> Says {
    let zh = named(head).zh;
    Says::new(format!("Attention received from head {head}"), format!("从头 {zh} 得到的注意力"))
}

pub fn pinned(query: usize, text: &str, head: &str) -> Says {
    let zh = named(head).zh;
    Says::new(format!("Query {query} {text} of head {head}"), format!("头 {zh} 的查询 {query} {text}"))
}

pub fn looks_at(query: usize, text: &str) -> Says {
    Says::new(format!("{query} {text} looks at"), format!("{query} {text} 看向"))
}

pub static MEASURES: Says = Says::of(
    "Share of a measure's range, or of the greatest among all heads",
    "占指标范围的份额，或占各头最大值的份额",
);

pub fn honesty(answer: &str, token: usize, text: &str) -> Says {
    Says::new(
        format!("Honesty of “{answer}” after {token} {text}"),
        format!("{token} {text} 之后 “{answer}” 的诚实度"),
    )
}

pub static HONESTY_FOOT: Says = Says::of("memory", "记忆");
pub static CUTTING: Says = Says::of("Cutting the path", "切断路径");
pub static DROP: Says = Says::of("drop of ln p", "ln p 的下降");
pub static OWN_SCALES: Says = Says::of(
    "Each column in its own scale; ρ: rank correlation with cutting",
    "每列有自己的刻度；ρ：与切断的秩相关",
);

pub fn weight(name: &str) -> Says {
    Says::new(format!("Weight {name}"), format!("权重 {name}"))
}

pub static SHAPE: Says = Says::of("shape", "形状");
pub static STORED_AS: Says = Says::of("stored as", "存储类型");
pub static NUMBERS: Says = Says::of("numbers", "个数");
pub static MEAN: Says = Says::of("mean", "均值");
pub static STD: Says = Says::of("std", "标准差");
pub static ZEROS: Says = Says::of("zeros", "零的个数");
pub static NOT_FINITE: Says = Says::of("not finite", "非有限数");

pub fn histogram(parts: usize) -> Says {
    Says::new(
        format!("Value, in {parts} equal parts; heights are logarithms of counts"),
        format!("值，分成 {parts} 等份；高度为计数的对数"),
    )
}
