//! What was asked of a cache and of recall, in the words of a figure: in English as the command line has it.

use super::Says;

/// How a cache forgets: `sinks:3+recent:1`.
pub fn policy(asked: &str) -> Says {
    Says::new(asked.to_owned(), asked.split('+').map(part).collect::<Vec<_>>().join(" + "))
}

/// One part of a policy.
fn part(asked: &str) -> String {
    let (name, number) = asked.split_once(':').unwrap_or((asked, ""));
    match name {
        "all" => "全部保留".to_owned(),
        "sinks" => format!("汇点 {number}"),
        "recent" => format!("最近 {number}"),
        "window" => format!("滑动窗口 {number}"),
        "heavy" => format!("重击项 {number}"),
        "random" => match number.split_once(':') {
            Some((budget, seed)) => format!("随机 {budget}（种子 {seed}）"),
            None => format!("随机 {number}"),
        },
        "only" => format!("只保留 {number}"),
        "without" => format!("去掉 {number}"),
        _ => asked.to_owned(),
    }
}

/// In which words recall asks.
pub fn template(asked: &str) -> Says {
    let zh = match asked {
        "toys" => "谁有什么",
        "passkey" => "密钥",
        "pairs" => "键和值",
        "repeat" => "重复序列",
        other => other,
    };
    Says::new(asked.to_owned(), zh.to_owned())
}

/// A component of a residual stream by its short name: `emb`, `mlp3`; heads have names of their own.
pub fn component(name: &str) -> Option<String> {
    let words = [
        ("emb", "嵌入"),
        ("pos", "位置"),
        ("type", "分段"),
        ("change", "改动"),
        ("dist", "距离"),
        ("bias", "偏置"),
    ];
    let whole = words.into_iter().find(|(own, _)| *own == name).map(|(_, zh)| zh.to_owned());
    let numbered = |start: &str, zh: &str| {
        let number = name.strip_prefix(start).filter(|number| number.parse::<usize>().is_ok());
        number.map(|number| format!("{zh}{number}"))
    };
    whole.or_else(|| numbered("conv", "卷积 "))
}
