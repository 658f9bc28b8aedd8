//! Words of the model card.

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct CardWords {
    pub origin: &'static str,
    pub made_here: &'static str,
    pub architecture: &'static str,
    pub kv_heads: &'static str,
    pub head_dim: &'static str,
    pub width: &'static str,
    pub mlp_width: &'static str,
    pub vocabulary: &'static str,
    pub bytes: &'static str,
    pub tokenizer: &'static str,
    pub chat: &'static str,
    pub yes: &'static str,
    pub no: &'static str,
    pub spec: &'static str,
}

/// English.
pub(super) const ENGLISH: CardWords = CardWords {
    origin: "from",
    made_here: "made here",
    architecture: "architecture",
    kv_heads: "key/value heads",
    head_dim: "head dimension",
    width: "width",
    mlp_width: "MLP width",
    vocabulary: "vocabulary",
    bytes: "weights",
    tokenizer: "tokenizer",
    chat: "chat template",
    yes: "yes",
    no: "none",
    spec: "Spec",
};

/// 简体中文.
pub(super) const CHINESE: CardWords = CardWords {
    origin: "来源",
    made_here: "在此训练",
    architecture: "架构",
    kv_heads: "键/值头",
    head_dim: "头的维度",
    width: "宽度",
    mlp_width: "MLP 宽度",
    vocabulary: "词表",
    bytes: "权重大小",
    tokenizer: "分词器",
    chat: "对话模板",
    yes: "有",
    no: "无",
    spec: "规格",
};
