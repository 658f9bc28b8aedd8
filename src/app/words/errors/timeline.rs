//! Folders of checkpoints.

use super::{Fault, Told, says_itself};
use crate::engine::{LeftOut, TimelineError};

/// Up to three of them, in words.
fn reasons(left_out: &[LeftOut]) -> String {
    let said: Vec<String> = left_out.iter().take(3).map(|out| format!("{}: {}", out.name, out.why)).collect();
    if said.is_empty() { String::new() } else { format!("（{}）", said.join("；")) }
}

impl Fault for TimelineError {
    says_itself!();

    fn chinese(&self) -> Told {
        let hint = "请打开这样的文件夹：其中的文件夹是模型，名称带有步数，如 checkpoint-500 或 step1000";
        match self {
            Self::NoFolder(path) => Told::new(format!("{} 不是文件夹", path.display()), hint),
            Self::TooFew { folder, found, left_out } => {
                let what = format!("{} 中有 {found} 个检查点{}", folder.display(), reasons(left_out));
                Told::new(what, hint)
            }
            Self::NoneFits { folder, left_out } => {
                Told::alone(format!("{} 中没有能打开的检查点{}", folder.display(), reasons(left_out)))
            }
            Self::TooShort(n) => Told::alone(format!("模型只有 {n} 个位置：不够把内容说两遍")),
            Self::Load(error) => error.chinese(),
            Self::Run(error) => error.chinese(),
            Self::Change(error) => error.chinese(),
        }
    }
}
