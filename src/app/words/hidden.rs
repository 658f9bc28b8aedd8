//! Words of the views of hidden states beyond the residual stream.

use crate::{analysis::NormsOf, model::Hook};

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct HiddenWords {
    pub what: &'static str,
    pub stream: &'static str,
    pub hook: fn(Hook) -> &'static str,
    pub hook_sub: fn(&str) -> String,
    pub none: &'static str,
    pub by_variance: &'static str,
    pub by_variance_why: &'static str,
    pub between: &'static str,
    pub between_tokens: &'static str,
    pub between_layers: &'static str,
    pub layers_sub: fn(&str) -> String,
    /// What norms are of.
    pub norms_of: fn(NormsOf) -> &'static str,
    pub norms_of_why: &'static str,
}

/// English.
pub(super) const ENGLISH: HiddenWords = HiddenWords {
    what: "what",
    stream: "residual stream",
    hook: |hook| match hook {
        Hook::Embed => "token embedding",
        Hook::PosEmbed => "position embedding",
        Hook::Q => "queries",
        Hook::K => "keys",
        Hook::V => "values",
        Hook::RotQ => "queries as they enter the product",
        Hook::RotK => "keys as they enter the product",
        Hook::Z => "head outputs before W_O",
        Hook::AttnOut => "what attention adds",
        Hook::ResidMid => "between attention and MLP",
        Hook::MlpPre => "MLP before its activation",
        Hook::MlpPost => "MLP after its activation",
        Hook::MlpOut => "what the MLP adds",
        Hook::ResidPost => "after the block",
        Hook::NormalizedResidPost => "after the block's last norm",
        Hook::FinalNormalized => "after the final norm",
        Hook::Projected => "projected onto the embedding's width",
        other => other.stem(),
    },
    hook_sub: |hook| format!("{hook}, token × dimension"),
    none: "This model has no such values",
    by_variance: "by variance",
    by_variance_why: "Dimensions by their variance over the tokens, the greatest first",
    between: "between",
    between_tokens: "tokens",
    between_layers: "layers",
    layers_sub: |token| format!("cosine between layers, token {token}"),
    norms_of: |of| match of {
        NormsOf::Stream => "residual stream",
        NormsOf::Attention => "what attention adds",
        NormsOf::Mlp => "what the MLP adds",
    },
    norms_of_why: "Length of each token's vector ‖x‖₂, 0 or more: on the stream, or as a block's part adds it",
};

/// 简体中文.
pub(super) const CHINESE: HiddenWords = HiddenWords {
    what: "内容",
    stream: "残差流",
    hook: |hook| match hook {
        Hook::Embed => "词元嵌入",
        Hook::PosEmbed => "位置嵌入",
        Hook::Q => "查询",
        Hook::K => "键",
        Hook::V => "值",
        Hook::RotQ => "参与点积的查询",
        Hook::RotK => "参与点积的键",
        Hook::Z => "W_O 之前的头输出",
        Hook::AttnOut => "注意力加上的部分",
        Hook::ResidMid => "注意力与 MLP 之间",
        Hook::MlpPre => "MLP 激活之前",
        Hook::MlpPost => "MLP 激活之后",
        Hook::MlpOut => "MLP 加上的部分",
        Hook::ResidPost => "本层之后",
        Hook::NormalizedResidPost => "本层最后的归一化之后",
        Hook::FinalNormalized => "最后的归一化之后",
        Hook::Projected => "投影到嵌入宽度之后",
        other => other.stem(),
    },
    hook_sub: |hook| format!("{hook}，词元 × 维度"),
    none: "此模型没有这样的数值",
    by_variance: "按方差",
    by_variance_why: "维度按其在各词元上的方差排列，大的在前",
    between: "比较",
    between_tokens: "词元之间",
    between_layers: "层与层之间",
    layers_sub: |token| format!("层与层之间的余弦，词元 {token}"),
    norms_of: |of| match of {
        NormsOf::Stream => "残差流",
        NormsOf::Attention => "注意力加上的部分",
        NormsOf::Mlp => "MLP 加上的部分",
    },
    norms_of_why: "每个词元向量的长度 ‖x‖₂（≥ 0）：残差流本身，或块中某部分加上的向量",
};
