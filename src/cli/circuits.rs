//! `mnemoscope circuits`: what a head looks for and what it writes, by its weights alone.

use std::io::Write as _;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::analysis::circuits::{
    CircuitOptions, Ends, Entry, FIRST, HeadCircuits, Own, Scan, WordTable, head_circuits,
};
use crate::engine;
use crate::model::{HeadName, Model, shown};

use super::console::{Console, columns, filled};
use super::shared::{ModelArg, named};
use super::view::one_token;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArg,

    /// Head, as layer.head
    #[arg(long, value_name = "L.H")]
    head: HeadName,

    /// Word to ask about, one token or #ID (default: the strongest pairs of all words)
    #[arg(long, value_name = "WORD")]
    token: Option<String>,

    /// Entries of each list
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,

    /// Take words as later heads find them: with what the first block's MLP makes of each
    #[arg(long)]
    after_mlp: bool,

    /// Values as they are, not less the mean over all keys or over all words written
    #[arg(long)]
    plain: bool,

    /// Also list the least: what the head looks away from, and what it takes from
    #[arg(long)]
    least: bool,
}

/// One of the two circuits, and its names: JSON key, what rows and columns are.
struct Side<'a> {
    key: &'static str,
    title: &'static str,
    row: &'static str,
    column: &'static str,
    table: &'a WordTable,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let job = console.job();
    let model = args.model.open(console, &job)?;
    let head = named(model.spec(), args.head)?;
    let options = CircuitOptions { after_mlp: args.after_mlp, plain: args.plain };
    let circuits =
        job.stage("Reading the weights", |progress| head_circuits(&model.network, head, options, progress))?;
    let mut sides =
        vec![Side { key: "looks", title: "looks for", row: "query", column: "key", table: &circuits.looks }];
    if let Ok(table) = &circuits.writes {
        sides.push(Side { key: "writes", title: "writes", row: "read", column: "written", table });
    }
    let mut object = json!({
        "head": model.spec().head_name(head),
        "layer": head.layer,
        "index": head.head,
        "after_mlp": options.after_mlp,
        "plain": options.plain,
        "matching": circuits.matching,
        "copying": circuits.copying,
        "left_out": circuits.left_out,
        "no_writes": circuits.writes.as_ref().err().map(ToString::to_string),
    });
    let word = one_token(args.token.as_deref(), &model, |word| engine::word_of(word, &model))?;
    if !console.json {
        summary(&circuits, &model, console)?;
    }
    match word {
        Some(id) => {
            object["token"] = json!({ "id": id, "text": model.token(id).text });
            for side in &sides {
                about(args, side, id, &model, &mut object, console)?;
            }
        }
        None => {
            for side in &sides {
                let scan = job
                    .stage("Searching all pairs of words", |progress| side.table.scan(args.top, progress))
                    .context("cancelled")?;
                pairs(args, side, &scan, &model, &mut object, console)?;
            }
        }
    }
    if console.json { console.object(&object) } else { Ok(()) }
}

fn summary(circuits: &HeadCircuits, model: &Model, console: &mut Console) -> anyhow::Result<()> {
    let name = model.spec().head_name(circuits.head);
    let words = model.network.words_of(model.spec().blocks[circuits.head.layer].part.columns());
    writeln!(console, "head {name} over {words} words, by its weights alone")?;
    let score = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    writeln!(
        console,
        "matching {:>7}  eigenvalues of what it looks for: 1 where words look for themselves",
        score(circuits.matching)
    )?;
    writeln!(
        console,
        "copying  {:>7}  eigenvalues of what it writes: 1 where it raises what it reads",
        score(circuits.copying)
    )?;
    if !circuits.left_out.is_empty() {
        let all: Vec<&str> = circuits.left_out.iter().map(|what| what.text()).collect();
        writeln!(console, "left out: {}", all.join("; "))?;
    }
    if let Err(why) = &circuits.writes {
        writeln!(console, "what it writes: {why}")?;
    }
    Ok(())
}

fn text(model: &Model, word: u32) -> String {
    shown(&model.token(word).text)
}

fn entry(model: &Model, side: &Side<'_>, entry: &Entry) -> Value {
    let word = |id: u32| json!({ "id": id, "text": model.token(id).text });
    json!({ side.row: word(entry.row), side.column: word(entry.column), "value": entry.value })
}

/// The strongest pairs of all words, and how words stand to themselves.
fn pairs(
    args: &Args,
    side: &Side<'_>,
    scan: &Scan,
    model: &Model,
    object: &mut Value,
    console: &mut Console,
) -> anyhow::Result<()> {
    if console.json {
        let list = |entries: &[Entry]| entries.iter().map(|own| entry(model, side, own)).collect::<Value>();
        object[side.key] = json!({ "most": list(&scan.ends.most), "least": list(&scan.ends.least) });
        if let Some(Own { most, first, among_first }) = &scan.own {
            object[side.key]["own"] =
                json!({ "most": list(most), "first": first, "among_first": among_first });
        }
        return Ok(());
    }
    writeln!(console, "\n{}: the strongest pairs of words", side.title)?;
    if let Some(own) = &scan.own {
        writeln!(
            console,
            "{:.1} % of words are the first of their own row, {:.1} % among the first {FIRST}",
            own.first * 100.0,
            own.among_first * 100.0
        )?;
    }
    list(&scan.ends.most, side, model, console)?;
    if args.least {
        writeln!(console, "\n{}: the weakest", side.title)?;
        list(&scan.ends.least, side, model, console)?;
    }
    Ok(())
}

fn list(entries: &[Entry], side: &Side<'_>, model: &Model, console: &mut Console) -> anyhow::Result<()> {
    let rows: Vec<(String, String, f64)> = entries
        .iter()
        .map(|entry| (text(model, entry.row), text(model, entry.column), entry.value))
        .collect();
    let wide = rows.iter().map(|(row, ..)| columns(row)).max().unwrap_or(0).max(side.row.len());
    writeln!(console, "{:>9}  {:wide$}  {}", "value", side.row, side.column)?;
    for (row, column, value) in rows {
        writeln!(console, "{value:>9.3}  {}  {column}", filled(&row, wide))?;
    }
    Ok(())
}

/// What one word looks for, and who looks for it; what reading it writes, and reading what writes it.
fn about(
    args: &Args,
    side: &Side<'_>,
    word: u32,
    model: &Model,
    object: &mut Value,
    console: &mut Console,
) -> anyhow::Result<()> {
    let (rows, columns) = side.table.size();
    let inside = |n: usize| (word as usize) < n;
    let row = if inside(rows) { side.table.row(word, args.top) } else { Ends::default() };
    let column = if inside(columns) { side.table.column(word, args.top) } else { Ends::default() };
    if console.json {
        let list = |entries: &[Entry]| entries.iter().map(|own| entry(model, side, own)).collect::<Value>();
        object[side.key] = json!({
            side.row: { "most": list(&row.most), "least": list(&row.least) },
            side.column: { "most": list(&column.most), "least": list(&column.least) },
        });
        return Ok(());
    }
    for (place, ends) in [(side.row, row), (side.column, column)] {
        writeln!(console, "\n{}, with `{}` as the {place}", side.title, text(model, word))?;
        list(&ends.most, side, model, console)?;
        if args.least {
            writeln!(console, "…")?;
            list(&ends.least, side, model, console)?;
        }
    }
    Ok(())
}
