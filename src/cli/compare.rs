//! `mnemoscope compare`: two runs side by side: tokens aligned, heads by how far they differ, what may follow.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::analysis::MEASURES;
use crate::analysis::compare::{Alignment, By, Comparison, Distance, Edit, HeadDifference, NextWord, Pair};
use crate::engine::{self, ViewError};
use crate::export::{Look, listed};
use crate::model::{HeadName, shown};
use crate::trace::{HeadId, Side, Token, Trace, listed_changes};

use super::console::Console;
use super::look::PictureArgs;
use super::shared::{Input, Second, named};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// Second model, as --with
    #[arg(value_name = "OTHER", conflicts_with_all = ["with", "intervene", "intervene_file"])]
    other: Option<PathBuf>,

    #[command(flatten)]
    second: Second,

    /// Heads to print, those that differ most first
    #[arg(long, value_name = "N", default_value_t = 12)]
    top: usize,

    /// Draw how one head's weights differ over the aligned tokens, such as 3.5
    #[arg(long, value_name = "L.H", requires = "output")]
    head: Option<HeadName>,

    /// Where to draw it: .png, .svg, .pdf, .tex, .csv or .json
    #[arg(short, long, value_name = "PATH", requires = "head")]
    output: Option<PathBuf>,

    #[command(flatten)]
    look: PictureArgs,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let [a, b] = args.input.pair(&args.second, args.other.as_deref(), console)?;
    let comparison = engine::compare(&a, &b, &console.job())?;
    let head = args.head.map(|head| named(&a.spec, head)).transpose()?;
    if let Some((head, path)) = head.zip(args.output.as_deref()) {
        draw((&a, &b), &comparison, head, path, args.look.look())?;
    }
    if console.json {
        return console.object(&object(&a, &b, &comparison));
    }
    for (name, trace) in [("A", &a), ("B", &b)] {
        writeln!(console, "{name}  {}{}", trace.model_name, changes(trace))?;
        for side in [Side::Source, Side::Target] {
            let tokens: Vec<String> = trace.tokens_of(side).iter().map(Token::shown).collect();
            if !tokens.is_empty() {
                writeln!(console, "   {} tokens  {}", tokens.len(), tokens.join(" "))?;
            }
        }
    }
    for side in [Side::Source, Side::Target] {
        writeln_alignment(comparison.alignment(side), [a.tokens_of(side), b.tokens_of(side)], console)?;
    }
    heads(&a, &comparison, args.top, console)?;
    layers(&a, &b, &comparison, console)?;
    next(&comparison, console)?;
    if let Some(path) = &args.output {
        writeln!(console, "\n{}", path.display())?;
    }
    Ok(())
}

fn changes(trace: &Trace) -> String {
    let all = listed_changes(trace.interventions());
    if all.is_empty() { all } else { format!(", changed by {all}") }
}

/// How many tokens are aligned, and every stretch that is not the same.
fn writeln_alignment(
    alignment: &Alignment,
    tokens: [&[Token]; 2],
    console: &mut Console,
) -> anyhow::Result<()> {
    let [own, theirs] = alignment.lengths;
    if own + theirs == 0 {
        return Ok(());
    }
    let by = match alignment.by {
        By::Text => "by what they read",
        By::Characters => "by the characters they cover",
    };
    let n = alignment.pairs.len();
    writeln!(console, "\n{n} of {own} and {theirs} tokens aligned, {by}")?;
    let text = |tokens: &[Token]| tokens.iter().map(Token::shown).collect::<Vec<_>>().join(" ");
    for edit in alignment.edits() {
        match edit {
            Edit::Pair(index) => {
                let Pair { a, b, same } = alignment.pairs[index].clone();
                if !same || a.len() != b.len() {
                    let (own, theirs) = (text(&tokens[0][a.clone()]), text(&tokens[1][b]));
                    writeln!(console, "  {:>5}  {own} → {theirs}", a.start)?;
                }
            }
            Edit::Deleted(a) => {
                writeln!(console, "  {:>5}  {} (only A)", a.start, text(&tokens[0][a.clone()]))?;
            }
            Edit::Inserted(b) => {
                writeln!(console, "  {:>5}  {} (only B)", b.start, text(&tokens[1][b.clone()]))?;
            }
        }
    }
    Ok(())
}

fn heads(a: &Trace, comparison: &Comparison, top: usize, console: &mut Console) -> anyhow::Result<()> {
    let sorted = comparison.by_divergence();
    let names: Vec<String> = sorted.iter().take(top).map(|head| a.spec.head_name(head.a)).collect();
    let width = names.iter().map(String::len).max().unwrap_or(0).max(4);
    let columns = "divergence  variation  left out of A  of B   measure that changed most";
    writeln!(console, "\n{:width$}  {columns}", "head")?;
    for (name, head) in names.iter().zip(&sorted) {
        write!(console, "{name:width$}  ")?;
        match head.distance {
            Some(Distance { divergence, variation, left_out: [own, theirs], .. }) => {
                write!(console, "{divergence:10.4}  {variation:9.4}  {own:13.3}  {theirs:5.3}")?;
            }
            None => write!(console, "{:>10}  {:>9}  {:>13}  {:>5}", "–", "–", "–", "–")?,
        }
        let (id, before, after) = greatest_change(head);
        writeln!(console, "  {id} {before:.3} → {after:.3}")?;
    }
    if sorted.len() > top {
        writeln!(console, "{} heads more, with --top", sorted.len() - top)?;
    }
    if comparison.alone != [0, 0] {
        let [own, theirs] = comparison.alone;
        writeln!(console, "heads without a counterpart: {own} of A, {theirs} of B")?;
    }
    Ok(())
}

/// Of the measures that are shares the one that changed most.
fn greatest_change(head: &HeadDifference) -> (&'static str, f64, f64) {
    let [own, theirs] = &head.measures;
    let changes = MEASURES.iter().filter(|measure| measure.max == Some(1.0)).map(|measure| {
        let value = measure.value;
        (measure.id, value(own), value(theirs))
    });
    let by = |change: &(&str, f64, f64)| (change.2 - change.1).abs();
    changes.reduce(|best, own| if by(&own) > by(&best) { own } else { best }).unwrap_or(("", 0.0, 0.0))
}

fn layers(a: &Trace, b: &Trace, comparison: &Comparison, console: &mut Console) -> anyhow::Result<()> {
    let names: Vec<String> = comparison.layers.iter().map(|layer| a.spec.stream_name(layer.a)).collect();
    let width = names.iter().map(String::len).max().unwrap_or(0);
    writeln!(console, "\n{:width$}   cosine      CKA", "hidden states")?;
    for (name, layer) in names.iter().zip(&comparison.layers) {
        let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
        write!(console, "{name:width$}  {:>7}  {:>7}", number(layer.cosine), number(layer.cka))?;
        let other = b.spec.stream_name(layer.b);
        writeln!(console, "{}", if other == *name { String::new() } else { format!("  with {other}") })?;
    }
    Ok(())
}

fn next(comparison: &Comparison, console: &mut Console) -> anyhow::Result<()> {
    if comparison.next.words.is_empty() {
        return Ok(());
    }
    let told = comparison.next.divergence.map(|bits| format!(", divergence {bits:.4} bits"));
    writeln!(console, "\nnext, A → B{}", told.unwrap_or_default())?;
    for NextWord { text, a, b } in comparison.next.words.iter().take(8) {
        let percent = |p: Option<f32>| p.map_or_else(|| "–".to_owned(), |p| format!("{:.2}", p * 100.0));
        writeln!(console, "{:>7} % → {:>6} %  {}", percent(*a), percent(*b), shown(text))?;
    }
    Ok(())
}

fn object(a: &Trace, b: &Trace, comparison: &Comparison) -> Value {
    let run = |trace: &Trace| {
        let mut run = json!({ "model": trace.model_name, "tokens": listed(&trace.tokens) });
        if !trace.source.is_empty() {
            run["source"] = json!(listed(&trace.source));
        }
        if !trace.interventions().is_empty() {
            run["interventions"] = json!(trace.interventions());
        }
        run
    };
    let alignment = |alignment: &Alignment| {
        let pair = |Pair { a, b, same }: &Pair| json!({ "a": [a.start, a.end], "b": [b.start, b.end], "same": same });
        let pairs: Vec<Value> = alignment.pairs.iter().map(pair).collect();
        json!({ "by": alignment.by, "pairs": pairs })
    };
    let head = |difference: &&HeadDifference| {
        let HeadId { layer, head } = difference.a;
        let mut object = json!({ "layer": layer, "head": head, "name": a.spec.head_name(difference.a) });
        let distance = difference.distance;
        object["divergence"] = json!(distance.map(|distance| distance.divergence));
        object["variation"] = json!(distance.map(|distance| distance.variation));
        object["left_out"] = json!(distance.map(|distance| distance.left_out));
        object["rows"] = json!(distance.map_or(0, |distance| distance.rows));
        let [own, theirs] = &difference.measures;
        let measures: Map<String, Value> = MEASURES
            .iter()
            .map(|measure| (measure.id.to_owned(), json!([(measure.value)(own), (measure.value)(theirs)])))
            .collect();
        object["measures"] = Value::Object(measures);
        object
    };
    let heads: Vec<Value> = comparison.by_divergence().iter().map(head).collect();
    let layers: Vec<Value> = comparison
        .layers
        .iter()
        .map(|layer| {
            let (own, theirs) = (a.spec.stream_name(layer.a), b.spec.stream_name(layer.b));
            json!({ "a": own, "b": theirs, "cosine": layer.cosine, "cka": layer.cka })
        })
        .collect();
    let mut whole = json!({
        "a": run(a),
        "b": run(b),
        "alignment": alignment(&comparison.target),
        "heads": heads,
        "alone": comparison.alone,
        "layers": layers,
        "next": comparison.next,
    });
    if comparison.source.lengths != [0, 0] {
        whole["source_alignment"] = alignment(&comparison.source);
    }
    whole
}

/// B's weights less A's over the aligned tokens.
fn draw(
    (a, b): (&Trace, &Trace),
    comparison: &Comparison,
    head: HeadId,
    path: &Path,
    look: Look,
) -> anyhow::Result<()> {
    let plate = match engine::difference_plate(a, b, comparison, head) {
        Err(ViewError::Empty) => anyhow::bail!("the two models have no head {head} in common"),
        other => other?,
    };
    Ok(plate.write(look, path)?)
}
