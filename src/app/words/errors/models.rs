//! Models, traces and the hub.

use super::{Fault, Told, says_itself};
use crate::{
    engine::HubError,
    model::{LoadError, SpecError},
    trace::TraceError,
};

impl Fault for LoadError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::NotFound(path) => Told::new(
                format!("找不到文件或文件夹：{}", path.display()),
                "请检查路径，或使用“打开模型”列表中的名称",
            ),
            Self::Read { file, source } => Told::alone(format!("无法读取 {}：{source}", file.display())),
            Self::NoConfig(path) => Told::new(
                format!("{} 中没有 config.json", path.display()),
                "请把模型的 config.json 放在权重旁边",
            ),
            Self::NoWeights(path) => Told::new(
                format!("{} 中没有权重", path.display()),
                "需要 model.safetensors 或 pytorch_model.bin（或带 .index.json 的分片），或一个 .gguf 文件",
            ),
            Self::UnknownFormat(path) => Told::new(
                format!("{} 不是可读取的模型文件", path.display()),
                "请打开 Hugging Face 文件夹，或 .safetensors、.gguf、.bin、.pth、.keras、.h5 文件",
            ),
            Self::Config { file, source } => {
                let Told { what, hint } = source.chinese();
                Told { what: format!("{}：{what}", file.display()), hint }
            }
            Self::Trace(path) => Told::new(
                format!("{} 是已保存的运行，不含模型权重", path.display()),
                "请打开模型本身；已保存的运行可用来查看",
            ),
            Self::NoStep { folder, wanted, steps } => {
                let steps: Vec<String> = steps.iter().map(u64::to_string).collect();
                Told::new(
                    format!("{} 中没有检查点 `{wanted}`", folder.display()),
                    &format!("可用的步数：{}", steps.join("、")),
                )
            }
            Self::Broken { format, file, reason } => Told::new(
                format!("不是完好的 {format} 文件（{reason}）：{}", file.display()),
                "请重新下载或复制该文件",
            ),
            Self::Foreign { name, file } => Told::new(
                format!("文件要求 `{name}`，它不是普通的张量；其中没有任何代码被执行：{}", file.display()),
                if name.contains("_qtensor") {
                    "不支持 PyTorch 的量化张量：请保存量化之前的模型，或使用 GGUF"
                } else if name.contains("._rebuild_") || name.ends_with("Storage") {
                    "不支持这种张量：请保存由实数组成的稠密张量"
                } else {
                    "请只保存权重：torch.save(model.state_dict(), file)，或存为 safetensors"
                },
            ),
            Self::Index { file, reason } => {
                Told::new(format!("权重索引有误（{reason}）：{}", file.display()), "请重新下载或复制该文件")
            }
            Self::Structure { file, reason } => Told::new(
                format!("没有找到可读取的 Transformer（{reason}）：{}", file.display()),
                "请打开完整的模型（.keras 或 .h5），或由注意力、归一化和全连接层组成的模型",
            ),
            Self::Missing { tensor, file } => Told::new(
                format!("缺少张量 `{tensor}`：{}", file.display()),
                "config.json 与权重可能属于不同的模型",
            ),
            Self::Unread { tensor, file } => Told::new(
                format!("张量 `{tensor}` 会改变数值，但此架构不读取它：{}", file.display()),
                "请打开 Hugging Face 格式的原始模型",
            ),
            Self::Shape { tensor, found, expected, file } => Told::new(
                format!("张量 `{tensor}` 的形状是 {found:?}，应为 {expected:?}：{}", file.display()),
                "config.json 与权重可能属于不同的模型",
            ),
            Self::Type { tensor, found, file } => Told::new(
                format!("张量 `{tensor}` 的类型是 {found}，应为 F32、F16 或 BF16：{}", file.display()),
                if file.extension().is_some_and(|ending| ending == "gguf") {
                    "请改用其他量化方式的文件：Q4_0 至 Q8_0、Q2_K 至 Q6_K、IQ4_NL、IQ4_XS 或 MXFP4"
                } else {
                    "请把权重转换为 F32、F16 或 BF16"
                },
            ),
            Self::Tokenizer { file, reason } => Told::new(
                format!("无法读取分词器（{reason}）：{}", file.display()),
                "请重新下载，或直接输入词元编号",
            ),
            Self::Cancelled => Told::alone("已取消加载"),
        }
    }
}

impl Fault for SpecError {
    says_itself!();

    fn chinese(&self) -> Told {
        // The list of what is supported has no words to translate
        let listed = || self.hint().map(|hint| hint.replace("supported: ", "支持的类型："));
        match self {
            Self::NotJson(reason) => Told::new(format!("不是 JSON 对象（{reason}）"), "请重新下载该文件"),
            Self::Unknown(name) => Told { what: format!("未知的架构 `{name}`"), hint: listed() },
            Self::Unnamed => {
                Told { what: "没有 `architectures`，也没有 `model_type`".into(), hint: listed() }
            }
            Self::NotInferred { unknown, reason } => Told {
                what: format!("{}，也无法从文件推断（{reason}）", unknown.chinese().what),
                hint: listed(),
            },
            Self::Missing(key) => Told::new(format!("缺少 `{key}`"), "请与模型的原始文件对照"),
            Self::Value { key, found, expected } => {
                Told::new(format!("`{key}` 的值是 {found}，应为 {expected}"), "请与模型的原始文件对照")
            }
        }
    }
}

impl Fault for TraceError {
    says_itself!();

    fn chinese(&self) -> Told {
        let format = "docs/trace-format.md 说明了已保存运行的内容";
        match self {
            Self::Read { file, source } => {
                Told::new(format!("无法读取 {}：{source}", file.display()), "请检查文件是否存在且可读")
            }
            Self::Safetensors { file, reason } => Told::new(
                format!("不是完好的 safetensors 文件（{reason}）：{}", file.display()),
                "请重新保存或复制：文件可能被截断",
            ),
            Self::Version { found, file } => Told::new(
                format!("已保存运行的版本是 `{found}`，本程序无法读取：{}", file.display()),
                "请用保存它的 Mnemoscope 或更新的版本打开",
            ),
            Self::Metadata { key, reason, file } => {
                Told::new(format!("元数据中的 `{key}` 有误（{reason}）：{}", file.display()), format)
            }
            Self::Missing { name, file } => {
                Told::new(format!("缺少数组 `{name}`：{}", file.display()), format)
            }
            Self::Shape { name, found, expected, file } => Told::new(
                format!("数组 `{name}` 的形状是 {found:?}，应为 {expected:?}：{}", file.display()),
                format,
            ),
            Self::Type { name, found, file } => Told::new(
                format!("数组 `{name}` 的类型是 {found}，应为 F32、F16 或 BF16：{}", file.display()),
                format,
            ),
            Self::Lse { name, reason, file } => Told::new(
                format!("数组 `{name}` 有误（{reason}）：{}", file.display()),
                "lse 必须是每个查询的得分的 log-sum-exp：缩放乘以 q·k，不计被掩蔽的键",
            ),
            Self::Cancelled => Told::alone("已取消打开"),
        }
    }
}

impl Fault for HubError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::Name(name) => Told::new(format!("`{name}` 不是模型名称"), "请写成 所有者/名称"),
            Self::Offline => Told::new("已禁止联网", "请先允许联网"),
            Self::NotFound(name) => {
                Told::new(format!("模型库中没有 `{name}`"), "请检查名称；私有模型需要在 HF_TOKEN 中提供令牌")
            }
            Self::Gated(name) => Told::new(
                format!("`{name}` 不对所有人开放"),
                "请先在模型页面接受其条款，再在 HF_TOKEN 中提供令牌",
            ),
            Self::Connection { url, reason } => {
                Told::new(format!("与 {url} 的连接失败：{reason}"), "请重试：会从中断处继续")
            }
            Self::Status { status, url } => Told::alone(format!("模型库对 {url} 的回应是 {status}")),
            Self::Answer { url, reason } => Told::alone(format!("模型库的回应无法理解（{reason}）：{url}")),
            Self::Checksum { file, found, expected } => Told::new(
                format!("`{file}` 的 SHA-256 是 {found}，应为 {expected}"),
                "请重试；若仍如此，说明模型库中的文件已损坏",
            ),
            Self::Length { file, found, expected } => Told::new(
                format!("`{file}` 有 {found} 字节，应为 {expected}"),
                "请重试；若仍如此，说明模型库中的文件已损坏",
            ),
            Self::Choose { name, files } => {
                let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
                Told::new(format!("`{name}` 有多个文件：{}", names.join("、")), "请用 --file 指定其中一个")
            }
            Self::NoWeights(name) => {
                Told::new(format!("`{name}` 没有可读取的权重"), "请寻找 safetensors 或 GGUF 版本")
            }
            Self::Write { file, source } => Told::new(
                format!("无法写入 {}：{source}", file.display()),
                "请腾出空间，或把 HF_HOME 指向另一块磁盘",
            ),
            Self::NoHome => Told::new("系统没有可存放模型的主文件夹", "请把 HF_HOME 设为一个文件夹"),
            Self::Cancelled => Told::alone("已取消"),
        }
    }
}
