//! Training.

use super::{Fault, Told, says_itself};
use crate::{
    engine::TrainingError,
    train::{ShapeError, TrainError},
};

impl Fault for ShapeError {
    says_itself!(no hint);

    fn chinese(&self) -> Told {
        Told::alone(match self {
            Self::Layers(n) => format!("{n} 层：现场训练的模型有 1 到 4 层"),
            Self::Heads(n) => format!("{n} 个注意力头：现场训练的模型每层有 1 到 16 个"),
            Self::Width { heads, width } => {
                format!("{heads} 个注意力头无法分享宽度 {width}：每个头需要偶数维")
            }
            Self::TooWide(width) => format!("宽度 {width}：现场训练的模型最多 512"),
        })
    }
}

impl Fault for TrainError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::Shape(error @ ShapeError::Width { .. }) => {
                Told::new(error.chinese().what, "请选择注意力头数两倍的倍数作为宽度")
            }
            Self::Shape(error) => error.chinese(),
            Self::NoText(bytes) => {
                Told::new(format!("文本只有 {bytes} 字节：没有可预测的内容"), "请选择更长的文件")
            }
            Self::Diverged(step) => {
                Told::new(format!("第 {step} 步的梯度不是数"), "请降低学习率，并回到较早的检查点")
            }
            Self::Files(reason) => Told::alone(format!("无法写出权重：{reason}")),
        }
    }
}

impl Fault for TrainingError {
    says_itself!();

    fn chinese(&self) -> Told {
        match self {
            Self::Train(error) => error.chinese(),
            Self::Load(error) => error.chinese(),
            Self::Run(error) => error.chinese(),
            Self::Save(error) => error.chinese(),
            Self::Text { file, source } => {
                Told::new(format!("无法读取 {}：{source}", file.display()), "请检查文本的路径")
            }
            Self::Cancelled => Told::alone("已取消"),
        }
    }
}
