//! What the engine and the analyses name themselves, in Simplified Chinese; a name that is not here stays as it is.

use super::MeasureText;
use crate::analysis::{Measure, measure as measure_of};
use crate::export::words::names;

/// A measure's name, and what it tells.
pub(super) fn measure(measure: &Measure) -> MeasureText {
    let sentence = match measure.id {
        "induction" => "看向这个词元上次出现时紧随其后的词元",
        "previous_token" => "看向紧挨着的前一个词元",
        "self" => "看向词元自己",
        "sink" => "停在第一个词元上：此处无话可说的头常这样",
        "entropy" => "注意力分散在许多词元上（0：集中于一个）",
        "distance" => "平均回看多远",
        "variance" => "这个距离变化多大",
        "max_activation" => "除第一个词元外最大的单个权重",
        "previous_token_head" => "落在前一个词元上的权重占全部权重的比例",
        "duplicate_token_head" => "落在同一词元先前出现处的权重占全部权重的比例",
        "induction_head" => "落在同一词元先前出现处之后那个词元上的权重比例",
        _ => measure.sentence,
    };
    (names::measure_zh(measure.id).unwrap_or(measure.label), sentence)
}

/// What a job is at.
pub(super) fn stage(stage: &'static str) -> &'static str {
    match stage {
        "Running the prompt" => "正在运行提示词",
        "Comparing the runs" => "正在对比两次运行",
        "Asking the checkpoints" => "正在测量各检查点",
        "Opening the model" => "正在打开模型",
        "Opening the trace" => "正在打开运行",
        "Generating" => "正在生成",
        "Checking the model" => "正在检验模型",
        "Patching" => "正在修补",
        "Asking" => "正在提问",
        "Tracing memory" => "正在追溯记忆",
        "Cutting paths" => "正在切断路径",
        "Running with what is kept" => "正在用保留的项运行",
        "Writing with what is kept" => "正在用保留的项续写",
        "Measuring the loss" => "正在测量损失",
        "Reading" => "正在阅读",
        "Running the probes" => "正在运行探针",
        "Asking for names" => "正在询问名字",
        "Asking for what comes next" => "正在询问后继",
        "Drawing passages" => "正在摘取段落",
        "Reading the texts" => "正在读文本",
        "Reading the weights" => "正在读权重",
        "Searching all pairs of words" => "正在搜索所有词对",
        "Multiplying heads" => "正在把头相乘",
        "Looking for models" => "正在查找模型",
        "Asking the hub" => "正在询问模型中心",
        "Downloading" => "正在下载",
        "Reading every layer" => "正在读各层",
        "Writing" => "正在写入",
        _ => stage,
    }
}

/// How a measure or a role's score is computed, by its name in files; those that are signs alone have no words.
pub(super) fn formula(id: &str) -> Option<&'static str> {
    if let Some(measure) = measure_of(id) {
        return Some(measure.formula_zh);
    }
    names::formula_zh(id)
}

/// What a format is good for, by its ending.
pub(super) fn format(ending: &str) -> Option<&'static str> {
    Some(match ending {
        ".npz" => "供 Python 使用的数组：numpy.load 按 TransformerLens 的名称打开",
        ".trace.safetensors" => "整次运行：可在此重新打开，不需要模型",
        ".safetensors" => "供任何框架使用的数组，元数据中含模型和提示词",
        ".json" => "词元与嵌套数组，供脚本和网页使用",
        ".csv" => "每行一个值，供电子表格和 R 使用",
        ".png" => "一个头，或多个头的缩略图，适合幻灯片",
        ".svg" => "同样的图，文字可选、边缘清晰，适合论文",
        ".pdf" => "同样的图，矢量并内嵌字体，适合 LaTeX 和打印",
        ".tex" => "同样的图，LaTeX 源代码，使用文档自己的字体",
        ".html" => "一个在任何浏览器中都能打开的文件：选择头，指向其图",
        _ => return None,
    })
}
