//! Names of what analyses know by an id: measures, roles, pictures of memory, steps of the walk.
//!
//! English names come with the analysis; an id that is not here keeps its English one.

use super::Says;
use crate::render::ColorMap;
use std::borrow::Cow;

fn named(en: &'static str, zh: Option<&'static str>) -> Says {
    Says::of(en, zh.unwrap_or(en))
}

/// A measure of a head, by its id in files.
pub fn measure(id: &str, en: &'static str) -> Says {
    named(en, measure_zh(id))
}

/// Its Chinese name.
pub fn measure_zh(id: &str) -> Option<&'static str> {
    Some(match id {
        "induction" => "归纳",
        "previous_token" => "前一词元",
        "self" => "自身",
        "sink" => "汇点（词元 0）",
        "entropy" => "熵",
        "distance" => "距离",
        "variance" => "方差",
        "max_activation" => "最大权重",
        "previous_token_head" => "前一词元头",
        "duplicate_token_head" => "重复词元头",
        "induction_head" => "归纳头",
        _ => return None,
    })
}

/// A role of heads, by its id.
pub fn role(id: &str, en: &'static str) -> Says {
    named(en, role_zh(id))
}

/// Its Chinese name.
pub fn role_zh(id: &str) -> Option<&'static str> {
    Some(match id {
        "previous_token" => "前一词元",
        "duplicate_token" => "重复词元",
        "induction" => "归纳",
        "sink" => "汇点",
        "positional" => "位置",
        "local" => "局部",
        "global" => "全局",
        "delimiter" => "分隔符",
        "copying" => "复制",
        "name_mover" => "名字搬运",
        "successor" => "后继",
        _ => return None,
    })
}

/// An axis of the atlas, by its id: the score of a role over probes or texts, or a measure.
pub fn axis(id: &str, en: String) -> Says {
    let zh = match id {
        "previous_stripe" => Some("前一词元（探针）"),
        "duplicate_stripe" => Some("重复词元（探针）"),
        "induction_stripe" => Some("归纳（探针）"),
        "sink" => Some("汇点"),
        "reach" => Some("远近"),
        id => role_zh(id).filter(|_| is_score(id)).or_else(|| measure_zh(id)),
    };
    let zh = zh.map_or_else(|| en.clone(), str::to_owned);
    Says::new(en, zh)
}

/// How an axis's score is computed; one of signs alone is the same everywhere.
pub fn formula(id: &str, en: impl Into<Cow<'static, str>>) -> Says {
    let en = en.into();
    let zh = formula_zh(id).map_or_else(|| en.clone(), Cow::Borrowed);
    Says::new(en, zh)
}

/// The Chinese of a role's score, by the score's name in files; those that are signs alone have no words.
pub fn formula_zh(id: &str) -> Option<&'static str> {
    Some(match id {
        "previous_stripe" => "P[q, q−1] 的均值",
        "duplicate_stripe" => "第二遍中 P[q, q−S] 的均值",
        "induction_stripe" => "第二遍中 P[q, q−S+1] 的均值",
        "sink" => "q ≥ 1 上 P[q, 0] 的均值",
        "positional" => "P 相对均匀行的方差中，由各距离平均权重解释的比例，乘以不在首词元上的权重",
        "reach" => "平均距离与均匀注意力的平均距离之比，不计首词元；首词元上的权重超过 0.7 时没有此值",
        "delimiter" => "落在不含字母和数字的词元上的平均权重，不计首词元",
        "copying" => "Σλ / Σ|λ|，λ 为 W_E·W_V·W_O·W_U 的特征值",
        "name_mover" => {
            "在应说出名字处结束的提示词上 P[last, name] 的均值；若从那里读到的内容没有使其 logit 高于另一个名字，计为 0"
        }
        "successor" => "有序词 s（数字、星期、月份、字母）中，其序列的下一个词使 ⟨v_s·W_O, W_U⟩ 最大者的比例",
        _ => return None,
    })
}

/// Roles whose score has their own name; of the others a measure may.
fn is_score(id: &str) -> bool {
    matches!(id, "positional" | "delimiter" | "copying" | "name_mover" | "successor")
}

/// A colour map's Chinese name.
pub fn colormap_zh(map: ColorMap) -> &'static str {
    match map {
        ColorMap::Magma => "岩浆 magma",
        ColorMap::Inferno => "烈焰 inferno",
        ColorMap::Viridis => "翠绿 viridis",
        ColorMap::Cividis => "蓝黄 cividis",
        ColorMap::Greys => "灰阶",
        ColorMap::Diverging => "蓝–红",
        ColorMap::Blues => "白底蓝",
        ColorMap::MagmaLight => "白底岩浆",
        ColorMap::GreysLight => "白底灰阶",
        ColorMap::DivergingLight => "白底蓝–红",
    }
}

/// A picture of memory or of where attention goes, by its id.
pub fn picture(id: &str) -> Says {
    match id {
        "attention" => Says::of("Mean attention", "注意力均值"),
        "rollout" => Says::of("Rollout", "注意力展开"),
        "flow" => Says::of("Flow", "注意力流"),
        "values" => Says::of("Value norms", "按值加权"),
        "norms" => Says::of("Norms", "含残差"),
        "contributions" => Says::of("Contributions", "贡献"),
        id => id.into(),
    }
}

/// A step of the walk, a quantity in it or whose it is, by its name in JSON.
pub fn of_walk(id: &str) -> Says {
    let zh = match id {
        "tokens" => "词元",
        "embedding" => "嵌入",
        "norm" => "归一化",
        "projections" => "q、k、v",
        "scale" => "缩放与掩码",
        "softmax" => "softmax",
        "sum" => "加权求和",
        "output" => "输出 W_O",
        "residual" => "残差",
        "mlp" => "MLP",
        "logits" => "logits",
        "query" => "查询",
        "key" => "键",
        "ids" => "编号",
        "token_vector" => "词向量",
        "position_vector" => "位置向量",
        "segment_vector" => "段落向量",
        "text_vector" => "文本向量",
        "stream" => "残差流",
        "standardised" => "标准化之后",
        "norm_scale" => "归一化的除数",
        "normed" => "归一化之后",
        "projected_query" => "投影出的查询",
        "projected_key" => "投影出的键",
        "value" => "值",
        "product" => "逐个乘积",
        "running_sum" => "累加",
        "score" | "scores" => "得分",
        "scaled" => "缩放之后",
        "capped" => "软上限之后",
        "bias" => "偏置",
        "final_score" => "最终得分",
        "exponential" => "指数",
        "weight" => "权重",
        "sink_share" => "汇点的份额",
        "weighted_value" => "加权的值",
        "head_output" => "头的输出",
        "head_result" => "头写入的",
        "attention_out" => "注意力写入的",
        "middle" => "注意力之后",
        "normed_middle" => "其归一化之后",
        "hidden_before" => "激活之前",
        "hidden_after" => "激活之后",
        "mlp_out" => "MLP 写入的",
        "after" => "该层之后",
        "final_normed" => "最后归一化之后",
        "logit" => "logit",
        "probability" => "概率",
        id => return id.replace('_', " ").into(),
    };
    Says::new(id.replace('_', " "), zh)
}
