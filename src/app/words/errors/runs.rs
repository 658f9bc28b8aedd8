//! Runs, changed runs, and what is measured by running.

use super::{Fault, Told, megabytes, says_itself};
use crate::{
    analysis::MemoryTraceError,
    engine::{CurveError, EvictionError, HonestyError, InterveneError, RecallError, RunError, SweepError},
    model::EncodeError,
};

const CLEAN: &str = "请从没有干预的运行开始";
const DECODER: &str = "请打开带语言模型输出的解码器";

impl Fault for EncodeError {
    says_itself!(no hint);

    fn chinese(&self) -> Told {
        Told::alone(match &self.missing {
            Some(word) => format!("分词器无法读取提示词：词表中没有 `{word}`"),
            None => format!("分词器无法读取提示词：{}", self.why),
        })
    }
}

impl Fault for RunError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::Empty => Told::new("提示词为空", "请输入文字或词元编号"),
            Self::TooLong { found, limit } => Told::new(
                format!("提示词有 {found} 个词元，模型最多接受 {limit} 个"),
                &format!("请缩短，或只取前 {limit} 个词元"),
            ),
            Self::TooShort { found, needed } => Told::new(
                format!("提示词有 {found} 个词元，模型的分类器正好读取 {needed} 个"),
                &format!("请像训练时那样补足到 {needed} 个词元"),
            ),
            Self::OutOfRange { id, vocab } => Told::new(
                format!("编号 {id} 超出范围：模型有 {vocab} 个词元（0 到 {}）", vocab - 1),
                "编号必须来自此模型的词表",
            ),
            Self::NoTokenizer => {
                Told::new("模型没有分词器", "请输入词元编号，或把 tokenizer.json 放在权重旁边")
            }
            Self::Encode(error) => Told::new(error.chinese().what, "请使用模型词表中的词，或输入词元编号"),
            Self::Language(error) => Told::new(
                format!("模型没有语言 `{}`；它有（相近者在前）：{}", error.code, error.known.join("、")),
                "请给出其中之一",
            ),
            Self::NoLanguages(name) => {
                Told::new(format!("{name} 不用语言标记文本"), "请不要选择语言：此模型不区分语言")
            }
            Self::Padding(token, id) => {
                Told::new(format!("词元 {token} 是填充（编号 {id}），此模型会掩蔽它"), "请去掉填充")
            }
            Self::Memory { needed, budget, fits } => Told::new(
                format!("这次运行需要 {} 内存，上限是 {}", megabytes(*needed), megabytes(*budget)),
                &format!("大约可容纳 {fits} 个词元；请关闭其他程序或提高内存上限"),
            ),
            Self::NoChatTemplate(name) => {
                Told::new(format!("{name} 没有对话模板"), "请关闭对话：此模型续写普通文本")
            }
            Self::Chat(error) => Told::new(
                format!("模型的对话模板不接受这些消息：{}", error.0),
                "有些模板不接受系统消息：请去掉它",
            ),
            Self::EmptyRow { head, query } => Told::new(
                format!("注意力头 {head} 从词元 {query} 起将没有可看的键"),
                "请给它留下一个键，或整个移除该头：zero=L.H",
            ),
            Self::NoEncoder(name) => Told::new(
                format!("{name} 没有编码器，因此不接受目标文本"),
                "请清空目标，或打开 T5 这样的编码器–解码器模型",
            ),
            Self::QuestionAndLanguage => Told::new("提问时不能指定语言", "请去掉语言，或去掉问题"),
            Self::IdsAndQuestion => Told::new("提问需要文字提示词，而不是编号", "请输入文字"),
            Self::DoesNotGenerate(name) => Told::new(format!("{name} 不生成文本"), DECODER),
            Self::Cancelled => Told::alone("已取消"),
        }
    }
}

impl Fault for InterveneError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::Missing { intervention, what } => {
                Told::new(format!("无法进行干预 {intervention}：{what}"), "请检查层、注意力头和词元的编号")
            }
            Self::File { file, why } => Told::new(
                format!("无法使用 {}：{why}", file.display()),
                "数组请用 numpy.save 或 numpy.savez 保存，提示词请存为 UTF-8 文本",
            ),
            Self::NotClean => Told::new("要改变的运行本身已有干预", CLEAN),
            Self::Run(error) => error.chinese(),
        }
    }
}

impl Fault for SweepError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::Metric(text) => {
                Told::new(format!("`{text}` 不是度量"), "请写 logit-diff: A,B，A 和 B 各为一个词元，或 #编号")
            }
            Self::Lengths { clean, corrupted } => Told::new(
                format!("一个提示词有 {clean} 个词元，另一个有 {corrupted} 个"),
                "请选择逐词元一样长的提示词",
            ),
            Self::NoDifference(both) => {
                Told::new(format!("两个提示词的 logit 差相同：{both:.4}"), "请指定两个提示词各自应答的词")
            }
            Self::NoAnswer(model) => Told::new(
                format!("{model} 没有下一个词或被遮住的词可答，或自身带有编码器"),
                "请打开只有解码器的模型，或带遮词输出的模型",
            ),
            Self::Other(error) => error.chinese(),
            Self::Run(error) => error.chinese(),
        }
    }
}

impl Fault for MemoryTraceError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::Missing { token, layer, tokens, layers } => Told::new(
                format!("第 {layer} 层没有词元 {token}：此运行有 {tokens} 个词元、{layers} 层，从 0 起数"),
                "请选择已有的词元和层",
            ),
            Self::TooLong { found, limit } => Told::new(
                format!("该词元有 {found} 个来源，记忆追踪最多 {limit} 个"),
                "请选择更靠前的词元，或使用更短的提示词",
            ),
            Self::Encoder => Told::new("模型另有编码器", "请打开只有一个栈的模型，如 GPT-2 或 BERT"),
            Self::Cancelled => Told::alone("已取消"),
        }
    }
}

impl Fault for HonestyError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::Trace(error) => error.chinese(),
            Self::Word(word) => {
                Told::new(format!("`{word}` 不是模型的单个词元"), "请给出单个词元，或写编号，如 #17")
            }
            Self::NoAnswer(name) => Told::new(
                format!("{name} 没有可用来衡量的下一个词或被掩蔽的词"),
                "请打开解码器，或带掩码词输出的编码器",
            ),
            Self::Run(error) => error.chinese(),
        }
    }
}

impl Fault for EvictionError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::NoCache(name) => {
                Told::new(format!("{name} 没有 KV 缓存：它不续写文本，或另有编码器"), DECODER)
            }
            Self::NoEntry { entry, tokens, layers } => Told::new(
                format!("没有条目 {entry}：文本有 {tokens} 个词元，模型有 {layers} 层，均从 0 数起"),
                "请检查词元和层的编号",
            ),
            Self::Run(error) => error.chinese(),
        }
    }
}

impl Fault for CurveError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::NoNextToken(name) => Told::new(format!("{name} 没有可供预测的下一个词元"), DECODER),
            Self::Length { found, room } => Told::new(
                format!("文本至少要有 2 个词元，重复至少要有 2 个且能放下两遍：给出 {found}，可容纳 {room}"),
                "请给出更长的文本，或更短的重复",
            ),
            Self::Intervene(error) => error.chinese(),
            Self::Run(error) => error.chinese(),
        }
    }
}

impl Fault for RecallError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::Run(error) => error.chinese(),
            Self::Intervene(error) => error.chinese(),
            Self::TooShort { length, needed } => Told::new(
                format!("{length} 个词元太少：问题和事实需要 {needed} 个"),
                &format!("请给出至少 {needed} 的长度"),
            ),
            Self::TooFewWords { length, words } => Told::new(
                format!("{length} 个词元太多：词表中可区分的只有 {words} 个"),
                "请缩短长度，或换一个模板",
            ),
            Self::TooManyDistractors { found, most: 0 } => Told::new(
                format!("无法加入 {found} 个关于别的事物的事实：这个模板不讲事实"),
                "请使用讲述事实的模板：toys、passkey 或 pairs",
            ),
            Self::TooManyDistractors { found, most } => Told::new(
                format!("关于别的事物的事实太多：{found} 个，模板只有 {most} 个"),
                &format!("请给出不超过 {most} 的数目"),
            ),
            Self::NoAnswer(name) => Told::new(format!("{name} 没有可询问的下一个词元"), DECODER),
        }
    }
}
