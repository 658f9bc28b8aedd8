//! What a user should know of a model although it opened.

use crate::{
    app::words::Language,
    model::{Assumption, Described, NormKind, Placement, PositionKind, Warning},
};

/// A warning in the user's language.
pub fn warning(warning: &Warning, language: Language) -> String {
    match language {
        Language::English => warning.to_string(),
        Language::Chinese => chinese(warning),
    }
}

fn chinese(warning: &Warning) -> String {
    match warning {
        Warning::NoTokenizer => "权重旁没有分词器：请输入词元编号，显示的也是编号".to_owned(),
        Warning::UnreadTokenizer { file, reason } => {
            format!("无法读取分词器（{reason}）：{}；请输入词元编号，显示的也是编号", file.display())
        }
        Warning::LargerVocabulary { known, vocab } => {
            format!("分词器有 {known} 个词元，模型只有 {vocab} 个：部分编号可能超出范围")
        }
        Warning::UnknownCutting(None) => "文件没有指明切词规则：词元编号可能略有不同".to_owned(),
        Warning::UnknownCutting(Some(rule)) => format!("未知的切词规则 `{rule}`：词元编号可能略有不同"),
        Warning::StrangeKeys(keys) => format!(
            "文件中的 {} 未知，未读取：若它们影响计算，数值会有出入",
            keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join("、")
        ),
        Warning::Padded { tokens, before } => format!(
            "文本会在{}补填充词元到 {tokens} 个，与训练时一样参与计算；直接给出的编号不补",
            if *before { "前面" } else { "后面" }
        ),
        Warning::WithoutHead { class, base, unread } => {
            format!("未知的类 `{class}`：按 `{base}` 打开，不含其输出头（{unread} 个张量未读取）")
        }
        Warning::Inferred(described) => inferred(described),
        Warning::Assumed(what) => format!("推定：{}", assumed(what)),
        Warning::Granted(all) => format!(
            "文件没有说明全部结构，以下为推定：{}；若与实际不符，请在文件旁的 mnemoscope.json 中写明，例如 {}",
            all.iter().map(assumed).collect::<Vec<_>>().join("，"),
            Warning::HOW
        ),
    }
}

fn inferred(described: &Described) -> String {
    let Described { class, blocks, heads, kv_heads, gated, placement, norm, positions } = described;
    let lie = match placement {
        Placement::Parallel => "两者并行",
        Placement::Post => "归一化在求和之后",
        Placement::Pre | Placement::Normed => "两者依次进行",
    };
    let positions = match positions {
        PositionKind::Rotary => "旋转位置编码",
        PositionKind::Alibi => "ALiBi",
        PositionKind::Learned => "学习的位置编码",
        PositionKind::None => "无位置编码",
    };
    let named =
        class.as_ref().map_or_else(|| "模型没有写明类".to_owned(), |class| format!("未知的类 `{class}`"));
    let norm = if *norm == NormKind::Rms { "RMSNorm" } else { "LayerNorm" };
    let mlp = if *gated { "门控 MLP" } else { "普通 MLP" };
    format!(
        "{named}，由张量的名称和形状推断：{blocks} 个块，注意力（{heads} 个头，{kv_heads} 组键）和{mlp}，{lie}，{norm}，{positions}"
    )
}

fn assumed(what: &Assumption) -> String {
    match what {
        Assumption::BareNorms => "归一化没有参数".to_owned(),
        Assumption::NormsAfterSums => "每个归一化在求和之后".to_owned(),
        Assumption::SharedNorm => "块的两部分读取同一个归一化的结果".to_owned(),
        Assumption::FusedInTurn => "合并的张量中依次是所有查询、所有键、所有值".to_owned(),
        Assumption::TanhGelu => "gelu 指其 tanh 形式（`afn` 是 GPT-1 的用词）".to_owned(),
        Assumption::Activation(name) => format!("MLP 的激活函数是 {name}"),
        Assumption::Epsilon(epsilon) => format!("归一化的 ε 是 {epsilon:e}"),
        Assumption::UnitOffset(family) => format!("归一化的权重存储时减去了 1，与 {family} 相同"),
        Assumption::FalconAlibi => "ALiBi 的缩放和舍入与 Falcon 相同".to_owned(),
        Assumption::Rotary { interleaved: true } => {
            "旋转位置编码作用于相邻维度，与 GPT-J、Cohere、GLM 相同".to_owned()
        }
        Assumption::Rotary { interleaved: false } => "旋转位置编码把前一半维度与后一半配对".to_owned(),
        Assumption::Window(window) => format!("所有块的窗口都是 {window}"),
        Assumption::NoPositionsWithoutWindow => "没有窗口的块不使用位置编码，与 Cohere 2 相同".to_owned(),
        Assumption::PositionsEverywhere => "没有窗口的块同样有位置编码".to_owned(),
        Assumption::ScaledEmbedding => "嵌入乘以其宽度的平方根，与 Gemma 相同".to_owned(),
        Assumption::NoOtherPositions => "除文件中的权重外没有位置编码".to_owned(),
        Assumption::TiedHead => "用嵌入本身给出下一个词元的得分".to_owned(),
        Assumption::NormsBehind => "归一化在每次求和之后".to_owned(),
        Assumption::NormsBefore => "归一化在每部分之前（最后一块之后还有一个）".to_owned(),
        Assumption::Causal(true) => "使用因果掩码（模型续写文本）".to_owned(),
        Assumption::Causal(false) => "没有掩码".to_owned(),
        Assumption::BetweenDense(name) => format!("全连接层之间是 {name}"),
        Assumption::BetweenClassifiers => "分类器各层之间是 ReLU".to_owned(),
        Assumption::LastActivation { one: true } => "最后是 sigmoid".to_owned(),
        Assumption::LastActivation { one: false } => "最后是 softmax".to_owned(),
        Assumption::BlockOrder(places) => format!("块按名称排列：{}", places.join("、")),
        Assumption::Positions { of, not } => format!("`{of}` 是位置嵌入，`{not}` 是词元嵌入"),
        Assumption::ScaleOnly => "只有一个向量的归一化用它缩放".to_owned(),
        Assumption::FirstToken => "分类器读取第一个词元的向量".to_owned(),
        Assumption::MeanOfTokens => "分类器读取各词元的平均".to_owned(),
    }
}
