//! Words of the model card.

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct CardWords {
    pub origin: &'static str,
    pub made_here: &'static str,
    /// Where a model was found that no other program keeps.
    pub folder: &'static str,
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
    /// The model's README.
    pub readme: &'static str,
    /// What the head of a README says, by the hub's key.
    pub fact: fn(&'static str) -> &'static str,
    pub open_link: &'static str,
    pub copy_link: &'static str,
}

/// English.
pub(super) const ENGLISH: CardWords = CardWords {
    origin: "from",
    made_here: "made here",
    folder: "folder",
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
    readme: "From the model's README",
    fact: |key| match key {
        "license" | "license_name" => "licence",
        "license_link" => "licence text",
        "language" => "languages",
        "datasets" => "trained on",
        "base_model" => "made from",
        "pipeline_tag" => "made for",
        "library_name" => "library",
        "tags" => "tags",
        other => other,
    },
    open_link: "Open in the browser",
    copy_link: "Copy the address",
};

/// 简体中文.
pub(super) const CHINESE: CardWords = CardWords {
    origin: "来源",
    made_here: "在此训练",
    folder: "文件夹",
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
    readme: "模型的 README",
    fact: |key| match key {
        "license" | "license_name" => "许可证",
        "license_link" => "许可证全文",
        "language" => "语言",
        "datasets" => "训练数据",
        "base_model" => "基础模型",
        "pipeline_tag" => "用途",
        "library_name" => "库",
        "tags" => "标签",
        other => other,
    },
    open_link: "在浏览器中打开",
    copy_link: "复制地址",
};
