//! `mnemoscope memory`: which tokens an answer comes from, in several pictures, and how honest each of them is; one
//! picture through all layers, and that of all tokens.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::analysis::{self, FLOW_LIMIT, MemoryTraceError, Picture};
use crate::engine::{self, Honesty, HonestyOptions, Paths};
use crate::export::{Plate, atomic, write_matrix};
use crate::model::Model;
use crate::trace::{Token, Trace};

use super::console::{Console, fitted};
use super::look::PictureArgs;
use super::shared::{Input, names, usage};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// The token to ask about, from 0 (default: the one that the answer follows)
    #[arg(long, value_name = "TOKEN")]
    token: Option<usize>,

    /// The last layer whose paths count, from 0 (default: the model's last)
    #[arg(long, value_name = "LAYER")]
    layer: Option<usize>,

    /// The answer to measure by: one word, or #ID (default: what the model finds likeliest)
    #[arg(long, value_name = "WORD")]
    word: Option<String>,

    /// Which edges to a source token are cut: from all others, or from the asked one alone
    #[arg(long, value_parser = names::<Paths>(), default_value = "all")]
    paths: Paths,

    /// Print only the N tokens that cost most
    #[arg(long, value_name = "N")]
    top: Option<usize>,

    /// One picture through all layers: the share of each source token after every one of them
    #[arg(long, conflicts_with_all = ["layer", "word", "map"])]
    river: bool,

    /// One picture of every token after this layer: [query, source]
    #[arg(long, value_name = "LAYER", conflicts_with_all = ["layer", "word", "token", "top"])]
    map: Option<usize>,

    /// Which picture a river or a map shows
    #[arg(long, value_parser = names::<Picture>(), default_value = "contributions")]
    picture: Picture,

    /// Where to write a river or a map: .png, .svg, .pdf, .tex, .csv, .json or .npz
    #[arg(short, long, num_args = 1.., value_name = "PATH")]
    output: Vec<PathBuf>,

    #[command(flatten)]
    look: PictureArgs,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    if !args.output.is_empty() && !args.river && args.map.is_none() {
        let what = "-o is for --river and --map; --json gives the honesty meter's numbers";
        return Err(usage(clap::error::ErrorKind::MissingRequiredArgument, what));
    }
    for path in args.output.iter().filter(|path| !is_array(path)) {
        Plate::format_of(path)?;
    }
    let (model, trace) = args.input.run(console)?;
    if args.river {
        return river(args, &model, &trace, console);
    }
    if let Some(layer) = args.map {
        return map(args, layer, &model, &trace, console);
    }
    let options =
        HonestyOptions { token: args.token, layer: args.layer, word: args.word.clone(), paths: args.paths };
    let honesty = engine::honesty(&model, &trace, &options, &console.job())?;
    if honesty.of(Picture::Flow).is_none() {
        let sources = honesty.drops.len();
        console.remark(format!(
            "flow is left out: it takes a maximum flow a token, and is worked out for up to {FLOW_LIMIT}, not {sources}"
        ));
    }
    if console.json {
        return console.object(&object(&honesty, &trace));
    }
    table(&honesty, &trace, args.top.unwrap_or(usize::MAX), console)
}

/// Rows of a river's table.
const SOURCES: usize = 8;

const TRACING: &str = "Tracing memory";

/// Writes every file that was asked for; an array of numbers where the name says so.
fn write(args: &Args, plate: &Plate, trace: &Trace, values: &[Vec<f64>]) -> anyhow::Result<()> {
    let look = args.look.look();
    for path in &args.output {
        if !is_array(path) {
            plate.write(look, path)?;
            continue;
        }
        let shape = [values.len(), values.first().map_or(0, Vec::len)];
        let flat: Vec<f32> = values.iter().flatten().map(|&value| value as f32).collect();
        atomic::write(path, |out| write_matrix(&trace.ids(), "memory", shape, &flat, out))?;
    }
    Ok(())
}

fn is_array(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz"))
}

fn river(args: &Args, model: &Model, trace: &Trace, console: &mut Console) -> anyhow::Result<()> {
    let job = console.job();
    let token = trace.asked_token(args.token);
    let river = job
        .stage(TRACING, |progress| analysis::river(&model.network, trace, token, args.picture, progress))
        .map_err(explained)?;
    write(args, &engine::river_plate(&river, trace), trace, &river.values)?;
    let layers = river.values.len();
    if console.json {
        let n = river.values.first().map_or(0, Vec::len);
        let shares = |layer: usize| (0..n).map(|source| river.share(layer, source)).collect::<Vec<_>>();
        return console.object(&json!({
            "model": trace.model_name,
            "tokens": texts(trace),
            "interventions": trace.interventions(),
            "token": token,
            "picture": river.picture,
            "values": river.values,
            "shares": (0..layers).map(shares).collect::<Vec<_>>(),
        }));
    }
    let name: &'static str = river.picture.into();
    writeln!(
        console,
        "{token} `{}`: share of each source after every layer, by {name}",
        trace.tokens[token].shown()
    )?;
    write!(console, "{:>4} {:<14}", "", "source")?;
    for layer in 0..layers {
        write!(console, " {:>7}", format!("L{layer}"))?;
    }
    writeln!(console)?;
    let shown = river.by_share(layers - 1).into_iter().take(args.top.unwrap_or(SOURCES)).collect::<Vec<_>>();
    for &source in &shown {
        write!(console, "{source:>4} {}", fitted(&trace.tokens[source].shown(), 14))?;
        for layer in 0..layers {
            write!(console, " {:>7.4}", river.share(layer, source))?;
        }
        writeln!(console)?;
    }
    written(args, console)
}

fn map(args: &Args, layer: usize, model: &Model, trace: &Trace, console: &mut Console) -> anyhow::Result<()> {
    let job = console.job();
    let map = job
        .stage(TRACING, |progress| analysis::memory_map(&model.network, trace, layer, args.picture, progress))
        .map_err(explained)?;
    write(args, &engine::memory_plate(&map, trace), trace, &map.values)?;
    if console.json {
        return console.object(&json!({
            "model": trace.model_name,
            "tokens": texts(trace),
            "interventions": trace.interventions(),
            "layer": layer,
            "picture": map.picture,
            "values": map.values,
        }));
    }
    let name: &'static str = map.picture.into();
    writeln!(console, "greatest source of each token after L{layer}, by {name}")?;
    for (query, row) in map.values.iter().enumerate() {
        let others = (0..row.len()).filter(|&source| source != query);
        let Some(most) = others.max_by(|&a, &b| row[a].total_cmp(&row[b])) else { continue };
        let shown = |token: usize| fitted(&trace.tokens[token].shown(), 14);
        writeln!(
            console,
            "{query:>4} {} itself {:.4}   {most:>4} {} {:.4}",
            shown(query),
            row[query],
            shown(most),
            row[most]
        )?;
    }
    written(args, console)
}

fn explained(error: MemoryTraceError) -> anyhow::Error {
    engine::HonestyError::from(error).into()
}

fn texts(trace: &Trace) -> Vec<&str> {
    trace.tokens.iter().map(|token| token.text.as_str()).collect()
}

fn written(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    for path in &args.output {
        writeln!(console, "{}", path.display())?;
    }
    Ok(())
}

fn object(honesty: &Honesty, trace: &Trace) -> Value {
    let picture = |column: &engine::Column| {
        json!({
            "name": column.picture,
            "spearman": column.spearman,
            "kendall": column.kendall,
            "values": column.values,
        })
    };
    json!({
        "model": trace.model_name,
        "tokens": texts(trace),
        "interventions": trace.interventions(),
        "token": honesty.token,
        "layer": honesty.layer,
        "paths": honesty.paths,
        "answer": { "id": honesty.answer, "text": honesty.answer_text, "p": honesty.p },
        "drops": honesty.drops,
        "pictures": honesty.columns.iter().map(picture).collect::<Vec<_>>(),
    })
}

fn table(honesty: &Honesty, trace: &Trace, top: usize, console: &mut Console) -> anyhow::Result<()> {
    let shown: Vec<String> = trace.tokens.iter().map(Token::shown).collect();
    writeln!(
        console,
        "`{}` after token {} `{}`: p {:.4}; paths up to layer {}",
        honesty.answer_text, honesty.token, shown[honesty.token], honesty.p, honesty.layer
    )?;
    writeln!(console, "\ncut: drop of log p when the token's paths are cut, in nats")?;
    write!(console, "{:>4} {:<14} {:>9}", "", "token", "cut")?;
    for column in &honesty.columns {
        let name: &'static str = column.picture.into();
        write!(console, "  {name:>13}")?;
    }
    for (label, of) in [
        ("rank correlation", (|column| column.spearman) as fn(&engine::Column) -> Option<f64>),
        ("Kendall's tau", |column| column.kendall),
    ] {
        write!(console, "\n{label:<19} {:>9}", "")?;
        for column in &honesty.columns {
            match of(column) {
                Some(value) => write!(console, "  {value:>13.2}")?,
                None => write!(console, "  {:>13}", "–")?,
            }
        }
    }
    writeln!(console)?;
    for source in honesty.by_cost().into_iter().take(top) {
        write!(console, "{source:>4} {} ", fitted(&shown[source], 14))?;
        match honesty.drops[source] {
            drop if drop.is_nan() => write!(console, "{:>9}", "–")?,
            drop => write!(console, "{drop:>9.4}")?,
        }
        for column in &honesty.columns {
            write!(console, "  {:>13.4}", column.values[source])?;
        }
        writeln!(console)?;
    }
    Ok(())
}
