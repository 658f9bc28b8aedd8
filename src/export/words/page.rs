//! Words of the interactive page: its script and its elements ask for them by name.

use super::Says;
use crate::export::options::Lang;

/// Every word with its name; `{}` stands for what the page fills in, in this order.
static WORDS: &[(&str, Says)] = &[
    ("title", Says::of("Attention · Mnemoscope", "注意力 · Mnemoscope")),
    ("colours", Says::of("Colours", "配色")),
    ("scale", Says::of("Scale", "刻度")),
    ("linear", Says::of("Linear", "线性")),
    ("log", Says::of("Log", "对数")),
    ("row", Says::of("Row maximum", "行最大值")),
    ("rank", Says::of("Rank in its row", "行内名次")),
    ("threshold", Says::of("Threshold", "阈值")),
    ("none", Says::of("none", "无")),
    ("flow", Says::of("Flow", "连线")),
    ("theme", Says::of("Switch between dark and light", "切换深色与浅色")),
    ("heads", Says::of("Heads", "注意力头")),
    ("selected", Says::of("The selected head", "选中的头")),
    ("bars", Says::of("The row as bars", "该行的条形图")),
    (
        "hint",
        Says::of(
            "Click pins a row · Esc lets go · arrows pick a head, with Shift the pinned row · wheel zooms, drag moves, \
             double-click shows all · F shows lines from query to key · [ and ] move the threshold · D switches dark and \
             light",
            "点击固定一行 · Esc 松开 · 方向键选择头，加 Shift 移动固定的行 · 滚轮缩放，拖动平移，双击显示全部 · \
             F 显示从查询到键的连线 · [ 和 ] 调整阈值 · D 切换深色与浅色",
        ),
    ),
    ("head", Says::of("Head", "头")),
    ("head_named", Says::of("Head {}", "头 {}")),
    (
        "map_of",
        Says::of("Attention of head {}, queries down, keys across", "头 {} 的注意力，行为查询，列为键"),
    ),
    ("next", Says::of("Next token", "下一个词元")),
    ("next_target", Says::of("Next target token", "目标文本的下一个词元")),
    ("source", Says::of("Source", "源文本")),
    ("target", Says::of("Target", "目标文本")),
    ("prompt", Says::of("Prompt", "提示词")),
    ("encoder", Says::of("Encoder", "编码器")),
    ("decoder", Says::of("Decoder", "解码器")),
    ("cross", Says::of("Cross-attention", "交叉注意力")),
    (
        "too_old",
        Says::of(
            "This browser is too old to unpack the maps: use one from 2023 or later.",
            "浏览器版本过旧，无法解开这些图：请使用 2023 年或更新的浏览器。",
        ),
    ),
    ("query", Says::of("query", "查询")),
    ("key", Says::of("key", "键")),
    ("lines", Says::of("{} lines{}, weights of at least {}", "{} 条连线{}，权重不低于 {}")),
    ("strongest", Says::of(", the strongest of {}", "（{} 条中最强的）")),
    ("no_row", Says::of("No row", "未选行")),
    ("query_token", Says::of("Query · token {}", "查询 · 词元 {}")),
    ("hover", Says::of("Hover a row, or click to pin it", "指向一行，或点击固定")),
    ("readout", Says::of("q {} {}  k {} {}  {}", "查询 {} {}  键 {} {}  {}")),
    ("row_max", Says::of("row max", "行最大值")),
    ("least", Says::of("least", "最小")),
    ("greatest", Says::of("greatest of the row", "该行最大")),
    ("token_id", Says::of("{} · id {}", "{} · 编号 {}")),
];

/// All of them in one language.
pub fn words(lang: Lang) -> impl Iterator<Item = (&'static str, &'static str)> {
    WORDS.iter().map(move |(name, says)| (*name, says.get(lang)))
}

/// How finely weights are stored.
pub fn about(version: &str, error: f32) -> Says {
    Says::new(
        format!(
            "Made by Mnemoscope {version}. Weights are stored within ± {error:.1e} of each head's greatest weight."
        ),
        format!("由 Mnemoscope {version} 生成。各权重的误差不超过该头最大权重的 ± {error:.1e}。"),
    )
}
