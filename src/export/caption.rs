//! What a figure's caption must say for a reader to make it again: model, head, prompt, formula, version, command.

use std::fmt::Write as _;
use std::path::Path;

use crate::model::{AttentionSpec, PositionBias, Window};
use crate::render::{Quantity, Scale};
use crate::trace::{FirstToken, HeadId, Level, Trace, listed_changes};

use super::error::ExportError;
use super::latex;
use super::options::{Lang, Look, Options, Span};
use super::picture;
use super::words::{Says, maps};

/// Characters of a prompt that a caption quotes at most.
const QUOTED: usize = 160;

/// A caption, ready to paste.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caption {
    /// All of it, formulas in plain letters.
    pub text: String,
    /// The formulas in it, letter by letter.
    pub formulas: Vec<String>,
}

impl Caption {
    /// The same as LaTeX, formulas set as such: what goes between the braces of `\caption{…}`.
    pub fn latex(&self) -> String {
        latex::caption(&self.text, &self.formulas)
    }

    /// As a file of this name holds it: `.tex` asks for LaTeX.
    pub fn for_file(&self, path: &Path) -> String {
        if is_latex(path) { self.latex() } else { self.text.clone() }
    }
}

/// Whether a file's name asks for LaTeX.
pub fn is_latex(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("tex"))
}

/// The caption of the picture that `options` ask for; `command` makes it again.
pub fn caption(trace: &Trace, options: &Options, command: &str) -> Result<Caption, ExportError> {
    let (what, lang) = (options.what.first().copied().unwrap_or_default(), options.look.lang);
    let (text, formulas) = if let Some(quantity) = picture::quantity(what) {
        of_attention(trace, &picture::heads(trace, options)?, quantity, options)?
    } else {
        let (name, model) = (what.hook().stem(), model(trace, lang));
        let text = match lang {
            Lang::En => format!("{} of {model} ({name}).", maps::of(what).en),
            Lang::Zh => format!("{model}的隐藏状态（{name}）。"),
        };
        (text, Vec::new())
    };
    Ok(Caption { text: caption_of(trace, &text, (lang, command)), formulas })
}

/// A caption that begins with what is shown, `says`: the prompt, what was changed, version and command follow.
pub(super) fn caption_of(trace: &Trace, says: &str, (lang, command): (Lang, &str)) -> String {
    let zh = lang == Lang::Zh;
    let mut text = format!("{says}{}{}", if zh { "" } else { " " }, input(trace, lang));
    if !trace.interventions().is_empty() {
        let changes = listed_changes(trace.interventions());
        let _ = match lang {
            Lang::En => write!(text, " The run was changed: {changes}."),
            Lang::Zh => write!(text, "运行经过干预：{changes}。"),
        };
    }
    made_by(&text, (lang, command))
}

/// What is said, with the version and the command that make it again.
pub(super) fn made_by(says: &str, (lang, command): (Lang, &str)) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match lang {
        Lang::En => format!("{says} Made with Mnemoscope {version}: {command}"),
        Lang::Zh => format!("{says}由 Mnemoscope {version} 生成：{command}"),
    }
}

fn of_attention(
    trace: &Trace,
    heads: &[HeadId],
    quantity: Quantity,
    options: &Options,
) -> Result<(String, Vec<String>), ExportError> {
    let lang = options.look.lang;
    let zh = lang == Lang::Zh;
    let noun = match (quantity, lang) {
        (Quantity::Weights, Lang::En) => "Attention weights",
        (Quantity::Scores, Lang::En) => "Attention scores before the softmax",
        (Quantity::Weights, Lang::Zh) => "注意力权重",
        (Quantity::Scores, Lang::Zh) => "softmax 之前的注意力得分",
    };
    let all = heads.len() == trace.head_ids().count();
    let names: Vec<String> = heads.iter().map(|&head| trace.spec.head_name(head)).collect();
    let whose = match names.as_slice() {
        [_] => {
            let HeadId { layer, head } = heads[0];
            let layer = trace.spec.layer_name(layer);
            if zh { format!("第 {layer} 层，头 {head}") } else { format!("layer {layer}, head {head}") }
        }
        _ if all => pick(lang, "all heads, layers down, heads across", "所有头，行为层，列为头").to_owned(),
        _ if names.len() <= 12 && zh => format!("头 {}（层.头）", names.join("、")),
        _ if names.len() <= 12 => format!("heads {} (layer.head)", names.join(", ")),
        _ if zh => format!("{} 个头，行为层，列为头", names.len()),
        _ => format!("{} heads, layers down, heads across", names.len()),
    };
    let model = model(trace, lang);
    let mut text =
        if zh { format!("{model}的{noun}，{whose}。") } else { format!("{noun} of {model}, {whose}. ") };
    // Blocks may differ: the formula is that of the heads shown, where they share one
    let own = |head: &HeadId| formula_in(&trace.spec.blocks[head.layer].attention, quantity, lang);
    let mut formulas: Vec<String> = heads.iter().map(own).collect();
    formulas.dedup();
    let first = formulas.first().map_or("", String::as_str);
    let _ = match (formulas.len(), lang) {
        (1, Lang::En) => write!(text, "Query rows i look at key columns j: {first}."),
        (_, Lang::En) => write!(
            text,
            "Query rows i look at key columns j, by each layer's own formula, the first: {first}."
        ),
        (1, Lang::Zh) => write!(text, "行为查询 i，列为键 j：{first}。"),
        (_, Lang::Zh) => write!(text, "行为查询 i，列为键 j，各层有自己的公式，第一个是：{first}。"),
    };
    let look = options.look;
    let recipe = picture::recipes(trace, options)?.swap_remove(0);
    if quantity == Quantity::Weights && (options.combine.is_some() || !look.steps.are_plain()) {
        // The formula above has A for the weights
        let made = recipe.formula(trace).replace('P', "A").replace("[q,k]", "_qk");
        let _ = match lang {
            Lang::En => write!(text, " Each cell holds {made}."),
            Lang::Zh => write!(text, "每格的值是 {made}。"),
        };
        formulas.push(made);
    }
    text.push_str(&cut(look, lang));
    text.push_str(match (look.steps.first, quantity, lang) {
        (FirstToken::Keep, ..) => "",
        (FirstToken::Renormalise, Quantity::Weights, Lang::En) => {
            " The first key is left out, and each query's other weights are divided by their sum."
        }
        (FirstToken::Renormalise, Quantity::Weights, Lang::Zh) => {
            "不计第一个键，每个查询的其余权重除以它们的和。"
        }
        (.., Lang::En) => " The first key is left out.",
        (.., Lang::Zh) => "不计第一个键。",
    });
    if look.threshold > 0.0 {
        let least = super::figure::legend::number(look.threshold);
        let _ = match lang {
            Lang::En => write!(text, " Cells below {least} are not shown."),
            Lang::Zh => write!(text, "低于 {least} 的格不显示。"),
        };
    }
    if options.beside {
        text.push_str(pick(
            lang,
            " Left the weights, right the length ‖A_ij·v_j·W_O‖₂ of what each moves (Kobayashi et al. 2020).",
            "左为权重，右为各权重所搬运内容的长度 ‖A_ij·v_j·W_O‖₂（Kobayashi et al. 2020）。",
        ));
        formulas.push("‖A_ij·v_j·W_O‖₂".to_owned());
    }
    let shared = heads.len() > 1 && options.picked.is_empty() && options.combine.is_none();
    text.push_str(colours(look.scale, shared, lang));
    Ok((text, formulas))
}

fn pick(lang: Lang, en: &'static str, zh: &'static str) -> &'static str {
    if lang == Lang::Zh { zh } else { en }
}

/// Which part of a map is shown.
fn cut(look: Look, lang: Lang) -> String {
    let token = |level: Level| level == Level::Token;
    let axes = [
        (look.rows, token(look.steps.queries), ["queries", "rows"], ["查询", "行"]),
        (look.columns, token(look.steps.keys), ["keys", "columns"], ["键", "列"]),
    ];
    let said = axes.into_iter().filter_map(|(span, tokens, en, zh)| {
        let (Span { first, last }, index) = (span?, usize::from(!tokens));
        Some(match lang {
            Lang::En => format!(" Only {} {first} to {last} are shown.", en[index]),
            Lang::Zh => format!("只显示{} {first} 到 {last}。", zh[index]),
        })
    });
    said.collect()
}

/// How values become colours.
fn colours(scale: Scale, shared: bool, lang: Lang) -> &'static str {
    match (scale, shared, lang) {
        (Scale::Linear, false, Lang::En) => " Colours are linear in the value.",
        (Scale::Linear, true, Lang::En) => " Colours are linear in the value, each map to its own maximum.",
        (Scale::Log, false, Lang::En) => " Colours are logarithmic.",
        (Scale::Log, true, Lang::En) => " Colours are logarithmic, each map to its own maximum.",
        (Scale::Row, _, Lang::En) => " Each row is coloured against its own maximum.",
        (Scale::Rank, _, Lang::En) => " Each row is coloured by the order of its values.",
        (Scale::Linear, false, Lang::Zh) => "颜色与值成线性关系。",
        (Scale::Linear, true, Lang::Zh) => "颜色与值成线性关系，每幅图以自己的最大值为准。",
        (Scale::Log, false, Lang::Zh) => "颜色取对数。",
        (Scale::Log, true, Lang::Zh) => "颜色取对数，每幅图以自己的最大值为准。",
        (Scale::Row, _, Lang::Zh) => "每行的颜色以该行的最大值为准。",
        (Scale::Rank, _, Lang::Zh) => "每行的颜色取决于值的大小次序。",
    }
}

/// What a cell holds, as a formula in the order of the computation.
pub fn formula(spec: &AttentionSpec, quantity: Quantity) -> Says {
    Says::new(formula_in(spec, quantity, Lang::En), formula_in(spec, quantity, Lang::Zh))
}

fn formula_in(spec: &AttentionSpec, quantity: Quantity, lang: Lang) -> String {
    let turned = match spec.rotary {
        Some(_) => pick(lang, " (after rotary)", "（旋转之后）"),
        None => "",
    };
    let mut score = format!("{} q_i·k_j{turned}", super::figure::legend::number(spec.scale));
    if let Some(cap) = spec.softcap {
        score = format!("{cap} tanh({score} / {cap})");
    }
    score.push_str(match &spec.bias {
        None => "",
        Some(PositionBias::Alibi { .. }) => " − m·(i−j) (ALiBi)",
        Some(PositionBias::Buckets(_)) => pick(lang, " + b(j−i) (T5 buckets)", " + b(j−i)（T5 分桶）"),
        Some(PositionBias::Disentangled(_)) => {
            pick(lang, " + content–position products (DeBERTa)", " + 内容与位置的乘积（DeBERTa）")
        }
    });
    let mut seen = Vec::new();
    if spec.causal {
        seen.push("j ≤ i".to_owned());
    }
    match spec.window {
        None => {}
        Some(Window::Sliding(n)) => seen.push(format!("i − j < {n}")),
        Some(Window::TwoSided(n)) => seen.push(format!("|i − j| ≤ {n}")),
        Some(Window::Chunk(n)) => seen.push(format!("⌊i/{n}⌋ = ⌊j/{n}⌋")),
    }
    let over = if seen.is_empty() { pick(lang, "all j", "所有 j").to_owned() } else { seen.join(", ") };
    match quantity {
        Quantity::Scores => format!("S_ij = {score}"),
        Quantity::Weights => {
            let sink = if spec.sinks {
                pick(lang, " and the head's learned sink", "以及该头学到的汇点")
            } else {
                ""
            };
            match lang {
                Lang::En => format!("A_ij = softmax_j({score}) over {over}{sink}"),
                Lang::Zh => format!("A_ij = softmax_j({score})，{over}{sink}"),
            }
        }
    }
}

/// The model's name and size in a sentence.
pub fn model(trace: &Trace, lang: Lang) -> String {
    let (name, layers) = (&trace.model_name, trace.spec.layer_count());
    match lang {
        Lang::En => format!("{name} ({layers} layers)"),
        Lang::Zh => format!("{name}（{layers} 层）"),
    }
}

/// The prompt in quotation marks, cut where it is long; of a translation both texts.
fn input(trace: &Trace, lang: Lang) -> String {
    let quoted = |given: &str, tokens: &[crate::trace::Token]| {
        // Without a tokenizer tokens are numbers, which would run together
        let numbers = tokens.iter().all(|token| token.text == token.id.to_string());
        let texts: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
        let text = texts.join(if numbers { " " } else { "" });
        // What was typed, where it was: tokens may hold parts of a character, and what the tokenizer adds
        let text = if given.is_empty() { text } else { given.to_owned() };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let cut: String = text.chars().take(QUOTED).collect();
        let (more, n) = (if cut.len() < text.len() { "…" } else { "" }, tokens.len());
        match lang {
            Lang::En => format!("“{cut}{more}” ({n} tokens)"),
            Lang::Zh => format!("“{cut}{more}”（{n} 个词元）"),
        }
    };
    let target = || (quoted(&trace.prompt, &trace.source), quoted("", &trace.tokens));
    match (trace.spec.encoder.is_some(), lang) {
        (false, Lang::En) => format!("Prompt: {}.", quoted(&trace.prompt, &trace.tokens)),
        (false, Lang::Zh) => format!("提示词：{}。", quoted(&trace.prompt, &trace.tokens)),
        (true, Lang::En) => format!("Source: {}; target: {}.", target().0, target().1),
        (true, Lang::Zh) => format!("源文本：{}；目标文本：{}。", target().0, target().1),
    }
}

/// A command line as a shell reads it back: words with anything but plain characters are quoted.
pub fn command_line<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=+@%".contains(c);
    let word = |word: &str| {
        if !word.is_empty() && word.chars().all(plain) {
            word.to_owned()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    words.into_iter().map(word).collect::<Vec<_>>().join(" ")
}
