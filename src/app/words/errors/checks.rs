//! What the model's own identities are, in words.

use crate::{app::words::Language, engine::Identity};

/// An identity's name and why it must hold.
pub fn check(identity: Identity, language: Language) -> (&'static str, &'static str) {
    if language == Language::English {
        return (identity.name(), identity.explanation());
    }
    match identity {
        Identity::RowsSumToOne => {
            ("每行之和为 1", "每个查询在每个注意力头中正好分配一份注意力（含汇点所得）")
        }
        Identity::Recomputed => {
            ("重算 = 前向计算", "由 q、k 和 log-sum-exp 重新算出的权重必须就是前向计算所用的权重")
        }
        Identity::Tile => ("局部 = 整体", "注意力图的一部分不能取决于请求了多少"),
        Identity::LastLens => ("末层透镜 = logits", "最后一层的透镜就是模型自己的答案"),
        Identity::Cached => ("缓存 = 无缓存", "逐个词元经 KV 缓存计算，结果必须与一次算完全部词元相同"),
        Identity::Threads => ("单线程 = 多线程", "工作如何分配不能改变结果"),
        Identity::Double => ("f32 = f64", "用双精度做同样的计算，除舍入外结果必须相同"),
    }
}
