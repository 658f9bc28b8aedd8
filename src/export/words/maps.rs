//! Words of attention maps and hidden states: titles, axes, what a value is.

#![expect(missing_docs, reason = "each entry is its own English text")]

use super::Says;
use super::asked;
use crate::export::what::What;
use crate::model::Part;
use crate::render::Quantity;
use crate::trace::{Combine, FirstToken, MapRecipe, Steps, Trace, Weigh, listed_changes};

pub static QUERY: Says = Says::of("query", "查询");
pub static KEY: Says = Says::of("key", "键");
pub static TOKEN: Says = Says::of("token", "词元");
pub static LAYER: Says = Says::of("layer", "层");
pub static DIMENSION: Says = Says::of("dimension", "维度");
pub static BY_VARIANCE: Says = Says::of("dimension, by variance", "维度，按方差");
pub static SOURCE: Says = Says::of("source", "来源");
pub static OTHER: Says = Says::of("other", "另一个");
pub static ENTRY: Says = Says::of("entry", "条目");
pub static HEAD: Says = Says::of("head", "头");
pub static DEPTH: Says = Says::of("depth", "深度");
pub static LENGTH: Says = Says::of("length", "长度");
pub static VALUE: Says = Says::of("Value", "值");
pub static NORM: Says = Says::of("Euclidean norm", "欧氏范数");
/// After the last layer.
pub static END: Says = Says::of("end", "末尾");
pub static ENCODER_END: Says = Says::of("encoder end", "编码器末尾");
pub static PROMPT: Says = Says::of("PROMPT", "提示词");
pub static SOURCE_TEXT: Says = Says::of("SOURCE", "源文本");
pub static TARGET_TEXT: Says = Says::of("TARGET", "目标文本");
pub static PATCHED_FROM: Says = Says::of("PATCHED FROM", "修补来源");
pub static WEIGHTS: Says = Says::of("weights", "权重");
pub static LENGTHS: Says = Says::of("lengths ‖P·v·W_O‖", "长度 ‖P·v·W_O‖");
pub static DIFFERENCE: Says = Says::of("Difference of weights", "权重之差");

/// What one part's layers do, over their maps.
pub fn part(part: Part) -> &'static Says {
    static ONLY: Says = Says::of("Self-attention", "自注意力");
    static ENCODER: Says = Says::of("Encoder · source looks at source", "编码器 · 源文本看源文本");
    static DECODER: Says = Says::of("Decoder · target looks at target", "解码器 · 目标文本看目标文本");
    static CROSS: Says =
        Says::of("Cross-attention · target looks at source", "交叉注意力 · 目标文本看源文本");
    match part {
        Part::Only => &ONLY,
        Part::Encoder => &ENCODER,
        Part::Decoder => &DECODER,
        Part::Cross => &CROSS,
    }
}

/// What a value of `what` is, in a legend or a title.
pub fn of(what: What) -> &'static Says {
    static PATTERN: Says = Says::of("Attention weight", "注意力权重");
    static SCORES: Says = Says::of("Attention score", "注意力得分");
    static RESID: Says = Says::of("Residual stream", "残差流");
    static RESID_MID: Says = Says::of("Residual stream after attention", "注意力之后的残差流");
    static ATTN_OUT: Says = Says::of("Added by attention", "注意力加上的部分");
    static MLP_OUT: Says = Says::of("Added by the MLP", "MLP 加上的部分");
    static MLP_PRE: Says = Says::of("MLP before activation", "MLP 激活之前");
    static MLP_POST: Says = Says::of("MLP after activation", "MLP 激活之后");
    static EMBED: Says = Says::of("Token embedding", "词元嵌入");
    static FINAL_NORM: Says = Says::of("Input of the unembedding", "解嵌入的输入");
    static PROJECTED: Says = Says::of("Projected onto the embedding's width", "投影到嵌入宽度之后");
    match what {
        What::Pattern => &PATTERN,
        What::Scores => &SCORES,
        What::Resid => &RESID,
        What::ResidMid => &RESID_MID,
        What::AttnOut => &ATTN_OUT,
        What::MlpOut => &MLP_OUT,
        What::MlpPre => &MLP_PRE,
        What::MlpPost => &MLP_POST,
        What::Embed => &EMBED,
        What::FinalNorm => &FINAL_NORM,
        What::Projected => &PROJECTED,
        _ => &VALUE,
    }
}

/// What a cell of a map is, the first key's fate included.
pub fn cell(quantity: Quantity, recipe: &MapRecipe) -> &'static Says {
    static SCORES: Says = Says::of("Attention score, first key left out", "注意力得分，不计第一个键");
    static LESS: Says = Says::of("Difference of attention weights", "注意力权重之差");
    static LENGTHS_LESS: Says = Says::of("Difference of lengths ‖P·v·W_O‖", "长度 ‖P·v·W_O‖ 之差");
    static HIDDEN: Says = Says::of("Attention weight, first key left out", "注意力权重，不计第一个键");
    static LONG: Says = Says::of("Length ‖P·v·W_O‖", "长度 ‖P·v·W_O‖");
    static LONG_HIDDEN: Says =
        Says::of("Length ‖P·v·W_O‖, first key left out", "长度 ‖P·v·W_O‖，不计第一个键");
    static SHARE: Says = Says::of("Share among all keys but the first", "在第一个键以外所有键中的份额");
    let Steps { weigh, first, .. } = recipe.steps;
    match (quantity, recipe.combine, weigh, first) {
        (Quantity::Scores, .., FirstToken::Keep) => of(What::Scores),
        (Quantity::Scores, ..) => &SCORES,
        (_, Combine::Difference, Weigh::Weights, _) => &LESS,
        (_, Combine::Difference, Weigh::Values, _) => &LENGTHS_LESS,
        (.., Weigh::Weights, FirstToken::Keep) => of(What::Pattern),
        (.., Weigh::Weights, FirstToken::Hide) => &HIDDEN,
        (.., Weigh::Values, FirstToken::Keep) => &LONG,
        (.., Weigh::Values, FirstToken::Hide) => &LONG_HIDDEN,
        (.., FirstToken::Renormalise) => &SHARE,
    }
}

/// The title of a map of one head or several.
pub fn title(trace: &Trace, recipe: &MapRecipe) -> Says {
    let Says { en: heads, zh: heads_zh } = named(&recipe.heads_name(trace));
    match (recipe.heads.len(), recipe.combine) {
        (1, _) => one_head(&trace.spec.head_name(recipe.heads[0])),
        (_, Combine::Mean) => Says::new(format!("Mean of heads {heads}"), format!("头 {heads_zh} 的均值")),
        (_, Combine::Max) => {
            Says::new(format!("Greatest of heads {heads}"), format!("头 {heads_zh} 的最大值"))
        }
        (_, Combine::Min) => Says::new(format!("Least of heads {heads}"), format!("头 {heads_zh} 的最小值")),
        (_, Combine::Difference) => {
            let [a, b] = [0, 1].map(|index| named(&trace.spec.head_name(recipe.heads[index])));
            Says::new(format!("Head {} less head {}", a.en, b.en), format!("头 {} 减头 {}", a.zh, b.zh))
        }
    }
}

/// A layer or a head, in whose English name its part of an encoder–decoder model stands: `cross 3.5`.
pub fn named(name: &str) -> Says {
    let parts = [("encoder ", "编码器 "), ("decoder ", "解码器 "), ("cross ", "交叉 ")];
    let zh = parts.iter().fold(name.to_owned(), |name, (en, zh)| name.replace(en, zh));
    let zh = asked::component(name).unwrap_or(zh);
    Says::new(name.to_owned(), zh)
}

pub fn one_head(name: &str) -> Says {
    let Says { en, zh } = named(name);
    Says::new(format!("Head {en}"), format!("头 {zh}"))
}

/// Heads side by side.
pub fn heads(names: &[String]) -> Says {
    Says::new(format!("Heads {}", names.join(", ")), format!("头 {}", named(&names.join("、")).zh))
}

/// Hidden states of one layer.
pub fn at_layer(what: What, layer: &str) -> Says {
    let Says { en, zh } = of(what);
    Says::new(format!("{en}, layer {layer}"), format!("{zh}，第 {} 层", named(layer).zh))
}

/// Lengths of hidden states, layer by layer.
pub fn norms(what: What) -> Says {
    let Says { en, zh } = of(what);
    Says::new(format!("{en}, norms"), format!("{zh}，范数"))
}

/// The model, the prompt and what was changed, in a few words.
pub fn subtitle(trace: &Trace, with_name: bool) -> Says {
    let heads: Vec<usize> = (0..trace.n_layers()).map(|layer| trace.heads(layer)).collect();
    let (fewest, most) = (heads.iter().min().copied().unwrap_or(0), heads.iter().max().copied().unwrap_or(0));
    let heads = if fewest == most { most.to_string() } else { format!("{fewest}–{most}") };
    let tokens = match trace.source.len() {
        0 => trace.n_tokens().to_string(),
        n => format!("{n} → {}", trace.n_tokens()),
    };
    let layers = trace.spec.layer_count();
    let changed = listed_changes(trace.interventions());
    let name = if with_name { format!("{} · ", trace.model_name) } else { String::new() };
    let changed = if changed.is_empty() { changed } else { format!(" · {changed}") };
    Says::new(
        format!("{name}{layers} layers × {heads} heads · {tokens} tokens{changed}"),
        format!("{name}{layers} 层 × {heads} 头 · {tokens} 个词元{changed}"),
    )
}
