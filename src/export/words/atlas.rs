//! Words of an atlas's page: its script asks for them by name, its frame has them from here.

use super::Says;
use crate::export::options::Lang;

/// Every word of the script with its name; `{}` stands for what the page fills in, in this order.
static WORDS: &[(&str, Says)] = &[
    ("head", Says::of("Head {}", "头 {}")),
    ("cluster", Says::of("cluster {}", "聚类 {}")),
    ("strongest", Says::of("strongest", "最强的")),
    ("tenth", Says::of("tenth {} of 10", "第 {} 个十分位")),
    ("largest", Says::of("{} · largest weight {}", "{} · 最大权重 {}")),
    ("by_distance", Says::of("Weight by distance", "权重随距离的分布")),
    ("look", Says::of("Tokens that look", "看向别处的词元")),
    ("looked_at", Says::of("Tokens looked at", "被看的词元")),
    ("passages", Says::of("Passages", "段落")),
];

/// All of them in one language.
pub fn words(lang: Lang) -> impl Iterator<Item = (&'static str, &'static str)> {
    WORDS.iter().map(move |(name, says)| (*name, says.get(lang)))
}

/// Across the plot.
pub static ACROSS: Says = Says::of("across", "横轴");
/// Up the plot.
pub static UP: Says = Says::of("up", "纵轴");
/// What colours mean.
pub static COLOUR: Says = Says::of("colour", "颜色");
/// By the layer.
pub static LAYER: Says = Says::of("layer", "层");
/// By the cluster.
pub static ALIKE: Says = Says::of("alike", "相似");
/// The plot.
pub static HEADS: Says = Says::of("Heads", "注意力头");
/// The table.
pub static SCORES: Says = Says::of("Scores", "分数");
/// Its first column.
pub static HEAD: Says = Says::of("head", "头");
/// Its second column.
pub static ROLES_OF: Says = Says::of("roles", "角色");
/// The list of roles.
pub static ROLES: Says = Says::of("Roles", "角色");
/// Where a score comes from.
pub static OWN: Says = Says::of("this project", "本项目");

/// Over the page.
pub fn title(model: &str) -> Says {
    Says::new(format!("Heads of {model}"), format!("{model} 的注意力头"))
}

/// What was read.
pub fn texts(passages: usize, texts: Option<&str>, tokens: usize) -> Says {
    let Some(texts) = texts else { return Says::of("no text", "没有文本") };
    let zh = match texts {
        "built in" => "内置文本",
        "prompt" => "提示词",
        other => other,
    };
    Says::new(
        format!("{passages} passages of {texts} ({tokens} tokens)"),
        format!("{zh}的 {passages} 个段落（{tokens} 个词元）"),
    )
}

/// Random tokens that were said twice before; nothing where there were none.
pub fn probes(n: usize, period: usize, seed: u64) -> Says {
    if n == 0 {
        return Says::default();
    }
    let probes = if n == 1 { "probe" } else { "probes" };
    Says::new(
        format!("{n} {probes} of {period} random tokens said twice (seed {seed}), "),
        format!("{n} 个探针，各为说两遍的 {period} 个随机词元（种子 {seed}）；"),
    )
}
