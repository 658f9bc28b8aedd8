//! What goes wrong with atlases and comparisons.

use super::{Fault, Told, says_itself};
use crate::{
    analysis::compare::CompareError,
    engine::{AtlasError, AtlasFileError, CorpusError},
};

impl Fault for AtlasError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::Run(error) => error.chinese(),
            Self::Change(error) => error.chinese(),
            Self::Corpus(CorpusError::Read { path, source }) => {
                Told::new(format!("无法读取 {}：{source}", path.display()), "请检查路径")
            }
            Self::Corpus(CorpusError::Binary(path)) => Told::new(
                format!("{} 不是 UTF-8 文本：其中有零字节", path.display()),
                "请排除此文件；若是 UTF-16 文本，请另存为 UTF-8",
            ),
            Self::Corpus(CorpusError::Empty(path)) => {
                Told::new(format!("{} 中没有文本", path.display()), "请给出文本文件，或含有文本文件的文件夹")
            }
            Self::TooShort(positions) => Told::new(
                format!("该模型只有 {positions} 个位置：不够把任何内容说两遍"),
                "单个提示词的指标见“注意力头”",
            ),
            Self::Another(what) => Told::new(format!("剩下的工作属于另一项任务：{what} 不同"), "请重新开始"),
        }
    }
}

impl Fault for AtlasFileError {
    says_itself!();

    fn chinese(&self) -> Told {
        let hint = "请给出 atlas.json，或含有 config.json 与 scatter_data.json 的文件夹";
        let what = match self {
            Self::Read { path, source } => format!("无法读取 {}：{source}", path.display()),
            Self::Json { path, source } => format!("{} 不是图谱：{source}", path.display()),
            Self::Wrong { path, what } => format!("{} 不是图谱：{what}", path.display()),
            Self::HeadVis { path, source } => format!("{} 不是 HeadVis 的文件夹：{source}", path.display()),
        };
        Told::new(what, hint)
    }
}

impl Fault for CompareError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::Incomplete => Told::new("两次运行中有一次尚未完成", "请等两次都完成"),
            Self::NothingAligned => Told::new("两个提示词没有共同的词元", "请比较有一些相同词语的提示词"),
            Self::NoHead => Told::new(
                "两个模型没有位置相同的注意力头",
                "请在两个解码器、两个编码器或两个编码器–解码器模型之间比较",
            ),
            Self::Cancelled => Told::alone("已取消"),
        }
    }
}
