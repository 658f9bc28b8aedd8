//! What is taken apart, drawn and written.

use super::{Fault, Told, says_itself};
use crate::{
    analysis::{AttributionError, WhyError},
    app::{document::DocumentError, words::circuits},
    engine::ViewError,
    export::ExportError,
    trace::MapError,
};
use std::io::{Error, ErrorKind};

impl Fault for WhyError {
    says_itself!(no hint);

    fn chinese(&self) -> Told {
        match self {
            Self::NoHead(head) => Told::alone(format!("模型没有注意力头 {head}")),
            Self::NoToken { token, side: "queries", n } => {
                Told::alone(format!("没有词元 {token}：查询共有 {n} 个"))
            }
            Self::NoToken { token, side: _, n } => Told::alone(format!("没有词元 {token}：键共有 {n} 个")),
            Self::Masked { head, query, key } => {
                Told::alone(format!("注意力头 {head} 中词元 {query} 看不到词元 {key}：该单元被掩蔽"))
            }
            Self::Cancelled => Told::alone("已取消"),
        }
    }
}

impl Fault for AttributionError {
    says_itself!(no hint);

    fn chinese(&self) -> Told {
        Told::alone(match self {
            Self::NoWords => "此模型不给词打分：没有可拆解的 logit".to_owned(),
            Self::Incomplete => "运行尚未完成".to_owned(),
            Self::NoToken { token, n } => format!("没有词元 {token}：共有 {n} 个，从 0 起数"),
            Self::NoWord { word, vocab } => format!("没有词 {word}：模型有 {vocab} 个，从 0 起数"),
            Self::Cancelled => "已取消".to_owned(),
        })
    }
}

impl Fault for ViewError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::NeedsModel => {
                Told::new("此视图需要模型权重，已保存的运行中没有", "请打开模型并重新运行提示词")
            }
            Self::NeedsOther => Told::new("此视图需要另一个同样长的提示词", "请在面板中写下它"),
            Self::Sweep(error) => error.chinese(),
            Self::NoWords => Told::alone("此模型不给词打分：此视图没有内容"),
            Self::NoMask => Told::new(
                "此模型填写被遮住的词，而提示词中没有",
                "请在提示词中写入模型的掩码，如 [MASK] 或 <mask>",
            ),
            Self::Activation(error) => Told::alone(format!("此模型或运行没有激活 {}", error.name())),
            Self::Empty => Told::alone("没有内容可显示：此运行没有这样的词元"),
            Self::NoTint => Told::new("此模型没有这些词元的此类数值", "请换一种着色"),
            Self::NoTensor(name) => Told::alone(format!("没有名为 {name} 的权重")),
            Self::Missing(_) => Told::new("此视图的数据尚未算出", "请先在它的面板里开始计算"),
            Self::Memory(error) => error.chinese(),
            Self::Eviction(error) => error.chinese(),
            Self::Circuit(why) => Told::alone((circuits::CHINESE.none)(*why)),
            Self::Compare(error) => error.chinese(),
            Self::Why(error) => error.chinese(),
            Self::Attribution(error) => error.chinese(),
            Self::Export(error) => error.chinese(),
            Self::Cancelled => Told::alone("已取消"),
        }
    }
}

impl Fault for ExportError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::Ending(path) => Told::new(
                format!("`{}` 的结尾不是可写入的格式", path.display()),
                &format!("请用以下结尾之一：{}；或以 / 结尾写入文件夹", crate::export::endings()),
            ),
            Self::Content { format, what } => {
                Told::new(format!("{format} 存不下：{what}"), "请选择另一种格式，如 .npz 或 .safetensors")
            }
            Self::Cut(format) => Told::new(
                format!("{format} 存的是完整数组：行、列、首个词元和所选注意力头只用于图片"),
                "请改用图片格式",
            ),
            Self::Selection(reason) => {
                Told::new(format!("所选内容无法导出：{reason}"), "请检查所选的层和注意力头")
            }
            Self::Map(error) => error.chinese(),
            Self::Size { width, height, largest } => Told::new(
                format!("无法绘制 {width} × {height} 像素的图片（每边最多 {largest}）"),
                "请缩小图片，或减少注意力头",
            ),
            Self::Draw(reason) => Told::alone(format!("无法绘制图片：{reason}")),
            Self::Page { cells, most } => Told::new(
                format!("含 {cells} 个注意力权重的互动网页太大（最多 {most}）"),
                "请减少注意力头，或写为 .npz",
            ),
            Self::Activation { name, why } => Told::alone(format!("无法计算 `{name}`：{why}")),
            Self::Cancelled => Told::alone("已取消导出"),
            Self::Io(source) => Told { what: source.to_string(), hint: remedy(source) },
            Self::Write { path, source } => {
                Told { what: format!("无法写入 {}：{source}", path.display()), hint: remedy(source) }
            }
        }
    }
}

impl Fault for MapError {
    says_itself!(no hint);

    fn chinese(&self) -> Told {
        let choose = "请选择注意力头";
        match self {
            Self::NoHead => Told::new("没有选择注意力头", choose),
            Self::Missing(head) => Told::new(format!("此运行没有注意力头 {head}"), choose),
            Self::Mixed(a, b) => {
                Told::new(format!("注意力头 {a} 和 {b} 的行或列属于不同的文本，不能合成一张图"), choose)
            }
            Self::NotTwo(n) => Told::new(format!("差值需要两个注意力头，而不是 {n} 个"), choose),
            Self::NeedsWeights => Told::new(
                "长度 ‖P·v·W_O‖ 需要模型权重，已保存的运行中没有",
                "请打开模型本身，而不是保存的运行",
            ),
        }
    }
}

/// What helps where a file cannot be written.
fn remedy(source: &Error) -> Option<String> {
    let hint = match source.kind() {
        ErrorKind::NotFound => "文件夹不存在：请先创建",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "请选择可写入的文件夹",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "请腾出空间或换一块磁盘；没有覆盖任何文件",
        ErrorKind::IsADirectory => "以 / 结尾可把每个注意力头的图片写入该文件夹",
        _ => return None,
    };
    Some(hint.to_owned())
}

impl Fault for DocumentError {
    says_itself!(no hint);

    fn chinese(&self) -> Told {
        Told::alone(match self {
            Self::Read { source, path } => format!("无法打开会话：{source}：{}", path.display()),
            Self::Parse { source, path } => {
                format!("不是 Mnemoscope 的会话：{source}：{}", path.display())
            }
            Self::Later { found, path } => {
                format!("此会话由更新版本的 Mnemoscope 写成（格式 {found}）：{}", path.display())
            }
        })
    }
}
