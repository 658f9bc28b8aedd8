//! Words about figures, by meaning.

use crate::export::{FirstToken, Format, Labels, Preset};

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct FigureWords {
    pub preview: &'static str,
    pub drawing: &'static str,
    /// The format holds numbers or a page.
    pub no_picture: &'static str,
    pub size: &'static str,
    /// No preset.
    pub as_on_screen: &'static str,
    pub preset: fn(Preset) -> &'static str,
    /// What a format is good for.
    pub format: fn(&'static Format) -> &'static str,
    pub labels: &'static str,
    pub label: fn(Labels) -> &'static str,
    pub first: &'static str,
    pub fate: fn(FirstToken) -> &'static str,
    /// Which part of the map.
    pub part: &'static str,
    pub whole: &'static str,
    pub in_sight: &'static str,
    pub zoom: &'static str,
    pub own_zoom: &'static str,
    pub transparent: &'static str,
    pub caption: &'static str,
    pub copy_caption: &'static str,
    pub copy_picture: &'static str,
    pub copied: &'static str,
    pub save_recipe: &'static str,
    /// What a recipe is good for.
    pub recipe: &'static str,
    /// What is written.
    pub view: &'static str,
    pub export_view: fn(&str) -> String,
    pub export_this: &'static str,
    pub one_head: &'static str,
    pub all_heads: &'static str,
    pub strip: &'static str,
    pub all_states: &'static str,
    pub recall_curve: &'static str,
    pub recall_others: &'static str,
    pub recall_heads: &'static str,
    pub recall_masked: &'static str,
    pub recall_twice: &'static str,
    /// The pane in front holds no figure.
    pub no_figure: &'static str,
}

/// English.
pub(super) const ENGLISH: FigureWords = FigureWords {
    preview: "Preview of the figure",
    drawing: "Drawing…",
    no_picture: "This format holds numbers or a page, no picture",
    size: "for",
    as_on_screen: "screen",
    preset: |preset| match preset {
        Preset::Paper => "paper, 84 mm",
        Preset::Thesis => "thesis, 140 mm",
        Preset::Slide => "slide, 240 mm",
    },
    format: |format| format.sentence,
    labels: "labels",
    label: |labels| match labels {
        Labels::Tokens => "tokens",
        Labels::Both => "both",
        Labels::Positions => "positions",
        Labels::None => "none",
    },
    first: "first token",
    fate: |first| match first {
        FirstToken::Keep => "kept",
        FirstToken::Hide => "left out",
        FirstToken::Renormalise => "left out, rest renormalised",
    },
    part: "part",
    whole: "the whole map",
    in_sight: "what is in sight",
    zoom: "scale",
    own_zoom: "usual",
    transparent: "Transparent",
    caption: "Caption",
    copy_caption: "Copy caption",
    copy_picture: "Copy as picture",
    copied: "The picture is on the clipboard",
    save_recipe: "Save recipe",
    recipe: "A text file beside the figure: `mnemoscope figure` makes it again from there, on another model or prompt \
             too, with its numbers and its caption",
    view: "view",
    export_view: |view| format!("Export view: {view}"),
    export_this: "Export this view…",
    one_head: "One head",
    all_heads: "All heads, contact sheet",
    strip: "Chosen heads, side by side",
    all_states: "Hidden states, whole arrays",
    recall_curve: "Recall by distance",
    recall_others: "Recall among facts about others",
    recall_heads: "Recall by head",
    recall_masked: "Recall with heads masked",
    recall_twice: "Random tokens read twice",
    no_figure: "This pane has no figure: click into another first",
};

/// 简体中文.
pub(super) const CHINESE: FigureWords = FigureWords {
    preview: "图的预览",
    drawing: "正在绘制…",
    no_picture: "这种格式存数据或网页，没有图片",
    size: "用于",
    as_on_screen: "屏幕",
    preset: |preset| match preset {
        Preset::Paper => "论文，84 毫米",
        Preset::Thesis => "学位论文，140 毫米",
        Preset::Slide => "幻灯片，240 毫米",
    },
    format: |format| super::chinese_tables::format(format.ending).unwrap_or(format.sentence),
    labels: "标签",
    label: |labels| match labels {
        Labels::Tokens => "词元",
        Labels::Both => "位置和词元",
        Labels::Positions => "位置",
        Labels::None => "无",
    },
    first: "首个词元",
    fate: |first| match first {
        FirstToken::Keep => "保留",
        FirstToken::Hide => "去掉",
        FirstToken::Renormalise => "去掉并重新归一",
    },
    part: "范围",
    whole: "整张图",
    in_sight: "可见部分",
    zoom: "倍数",
    own_zoom: "默认",
    transparent: "透明背景",
    caption: "图注",
    copy_caption: "复制图注",
    copy_picture: "复制为图片",
    copied: "图片已在剪贴板",
    save_recipe: "保存配方",
    recipe: "与图放在一起的文本文件：mnemoscope figure 能据此重新生成此图，也可换模型或提示词，并附数据和图注",
    view: "视图",
    export_view: |view| format!("导出视图：{view}"),
    export_this: "导出此视图…",
    one_head: "单个注意力头",
    all_heads: "所有注意力头一览",
    strip: "选中的几个头并排",
    all_states: "隐藏状态（完整数组）",
    recall_curve: "回忆，按距离",
    recall_others: "回忆，在关于他人的事实之间",
    recall_heads: "回忆，按注意力头",
    recall_masked: "回忆，屏蔽若干头",
    recall_twice: "随机词元读两遍",
    no_figure: "此面板没有可导出的图：请先点击其他面板",
};
