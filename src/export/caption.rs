//! What a figure's caption must say for a reader to make it again: model, head, prompt, formula, version, command.

use std::fmt::Write as _;
use std::path::Path;

use crate::model::{AttentionSpec, PositionBias, Window};
use crate::render::{Quantity, Scale};
use crate::trace::{FirstToken, HeadId, Level, Trace};

use super::error::ExportError;
use super::latex;
use super::options::{Options, Span};
use super::picture;

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
    let what = options.what.first().copied().unwrap_or_default();
    let (text, formulas) = if let Some(quantity) = picture::quantity(what) {
        of_attention(trace, &picture::heads(trace, options)?, quantity, options)?
    } else {
        let name = what.hook().stem();
        (format!("{} of {} ({name}).", picture::words_of_states(what), model(trace)), Vec::new())
    };
    Ok(Caption { text: caption_of(trace, &text, command), formulas })
}

/// A caption that begins with what is shown, `says`: the prompt, what was changed, version and command follow.
pub(super) fn caption_of(trace: &Trace, says: &str, command: &str) -> String {
    let mut text = format!("{says} {}", input(trace));
    if !trace.interventions().is_empty() {
        let changes: Vec<String> = trace.interventions().iter().map(ToString::to_string).collect();
        let _ = write!(text, " The run was changed: {}.", changes.join(", "));
    }
    made_by(&text, command)
}

/// What is said, with the version and the command that make it again.
pub(super) fn made_by(says: &str, command: &str) -> String {
    format!("{says} Made with Mnemoscope {}: {command}", env!("CARGO_PKG_VERSION"))
}

fn of_attention(
    trace: &Trace,
    heads: &[HeadId],
    quantity: Quantity,
    options: &Options,
) -> Result<(String, Vec<String>), ExportError> {
    let noun = match quantity {
        Quantity::Weights => "Attention weights",
        Quantity::Scores => "Attention scores before the softmax",
    };
    let all = heads.len() == trace.head_ids().count();
    let names: Vec<String> = heads.iter().map(|&head| trace.spec.head_name(head)).collect();
    let whose = match names.as_slice() {
        [_] => {
            let HeadId { layer, head } = heads[0];
            format!("layer {}, head {head}", trace.spec.layer_name(layer))
        }
        _ if all => "all heads, layers down, heads across".to_owned(),
        _ if names.len() <= 12 => format!("heads {} (layer.head)", names.join(", ")),
        _ => format!("{} heads, layers down, heads across", names.len()),
    };
    let mut text = format!("{noun} of {}, {whose}. ", model(trace));
    // Blocks may differ: the formula is that of the heads shown, where they share one
    let mut formulas: Vec<String> =
        heads.iter().map(|head| formula(&trace.spec.blocks[head.layer].attention, quantity)).collect();
    formulas.dedup();
    let _ = match formulas.as_slice() {
        [one] => write!(text, "Query rows i look at key columns j: {one}."),
        _ => write!(
            text,
            "Query rows i look at key columns j, by each layer's own formula, the first: {}.",
            formulas[0]
        ),
    };
    let look = options.look;
    let recipe = picture::recipes(trace, options)?.swap_remove(0);
    if quantity == Quantity::Weights && (options.combine.is_some() || !look.steps.are_plain()) {
        // The formula above has A for the weights
        let made = recipe.formula(trace).replace('P', "A").replace("[q,k]", "_qk");
        let _ = write!(text, " Each cell holds {made}.");
        formulas.push(made);
    }
    let span = |span: Option<Span>, axis: &str| {
        span.map_or_else(String::new, |span| {
            format!(" Only {axis} {} to {} are shown.", span.first, span.last)
        })
    };
    let noun = |level: Level, tokens: &'static str, others: &'static str| match level {
        Level::Token => tokens,
        _ => others,
    };
    text.push_str(&span(look.rows, noun(look.steps.queries, "queries", "rows")));
    text.push_str(&span(look.columns, noun(look.steps.keys, "keys", "columns")));
    text.push_str(match look.steps.first {
        FirstToken::Keep => "",
        FirstToken::Renormalise if quantity == Quantity::Weights => {
            " The first key is left out, and each query's other weights are divided by their sum."
        }
        FirstToken::Hide | FirstToken::Renormalise => " The first key is left out.",
    });
    if look.threshold > 0.0 {
        let _ = write!(text, " Cells below {} are not shown.", super::figure::legend::number(look.threshold));
    }
    if options.beside {
        text.push_str(
            " Left the weights, right the length ‖A_ij·v_j·W_O‖₂ of what each moves (Kobayashi et al. 2020).",
        );
        formulas.push("‖A_ij·v_j·W_O‖₂".to_owned());
    }
    let shared = heads.len() > 1 && options.picked.is_empty() && options.combine.is_none();
    text.push_str(match (look.scale, shared) {
        (Scale::Linear, false) => " Colours are linear in the value.",
        (Scale::Linear, true) => " Colours are linear in the value, each map to its own maximum.",
        (Scale::Log, false) => " Colours are logarithmic.",
        (Scale::Log, true) => " Colours are logarithmic, each map to its own maximum.",
        (Scale::Row, _) => " Each row is coloured against its own maximum.",
        (Scale::Rank, _) => " Each row is coloured by the order of its values.",
    });
    Ok((text, formulas))
}

/// What a cell holds, as a formula in the order of the computation.
pub fn formula(spec: &AttentionSpec, quantity: Quantity) -> String {
    let turned = if spec.rotary.is_some() { " (after rotary)" } else { "" };
    let mut score = format!("{} q_i·k_j{turned}", super::figure::legend::number(spec.scale));
    if let Some(cap) = spec.softcap {
        score = format!("{cap} tanh({score} / {cap})");
    }
    score.push_str(match &spec.bias {
        None => "",
        Some(PositionBias::Alibi { .. }) => " − m·(i−j) (ALiBi)",
        Some(PositionBias::Buckets(_)) => " + b(j−i) (T5 buckets)",
        Some(PositionBias::Disentangled(_)) => " + content–position products (DeBERTa)",
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
    let over = if seen.is_empty() { "all j".to_owned() } else { seen.join(", ") };
    match quantity {
        Quantity::Scores => format!("S_ij = {score}"),
        Quantity::Weights => {
            let sink = if spec.sinks { " and the head's learned sink" } else { "" };
            format!("A_ij = softmax_j({score}) over {over}{sink}")
        }
    }
}

/// The model's name and size in a sentence.
pub fn model(trace: &Trace) -> String {
    format!("{} ({} layers)", trace.model_name, trace.spec.layer_count())
}

/// The prompt in quotation marks, cut where it is long; of a translation both texts.
fn input(trace: &Trace) -> String {
    let quoted = |given: &str, tokens: &[crate::trace::Token]| {
        let text: String = tokens.iter().map(|token| token.text.as_str()).collect();
        // What was typed, where it was: tokens may hold parts of a character, and what the tokenizer adds
        let text = if given.is_empty() { text } else { given.to_owned() };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let cut: String = text.chars().take(QUOTED).collect();
        format!("“{}{}” ({} tokens)", cut, if cut.len() < text.len() { "…" } else { "" }, tokens.len())
    };
    if trace.spec.encoder.is_some() {
        format!("Source: {}; target: {}.", quoted(&trace.prompt, &trace.source), quoted("", &trace.tokens))
    } else {
        format!("Prompt: {}.", quoted(&trace.prompt, &trace.tokens))
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
