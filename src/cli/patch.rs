//! `mnemoscope patch`: which places of the clean run, put into the corrupted one, bring the answer back.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::bail;
use serde_json::json;
use strum::{EnumString, IntoStaticStr};

use crate::engine::{self, LogitDifference, Sweep};
use crate::export::figure::axis::Axis;
use crate::export::figure::matrix::Matrix;
use crate::export::{self, Look, atomic, picture};
use crate::render::{Theme, ValueRange};
use crate::trace::{Token, Trace};

use super::console::Console;
use super::shared::{Input, names};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// File with the corrupted prompt: as many tokens, another answer
    #[arg(long, value_name = "FILE")]
    corrupted: PathBuf,

    /// What to measure: logit-diff: A,B is the logit of A, the clean answer, less that of B
    #[arg(long, value_name = "METRIC")]
    metric: String,

    /// Where to write: .json (both maps), .csv, .png or .svg (the one of --map)
    #[arg(short, long, num_args = 1.., value_name = "PATH")]
    output: Vec<PathBuf>,

    /// Which map a table or picture shows: layer × token, or layer × head
    #[arg(long, value_parser = names::<Map>(), default_value = "tokens")]
    map: Map,

    /// Theme of pictures
    #[arg(long, value_parser = names::<Theme>())]
    theme: Option<Theme>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, strum::EnumIter)]
#[strum(serialize_all = "lowercase")]
enum Map {
    Tokens,
    Heads,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    for path in &args.output {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if !["json", "csv", "png", "svg"].contains(&ending.as_str()) {
            bail!("`{}` ends in none of .json, .csv, .png, .svg", path.display());
        }
    }
    let (model, clean) = args.input.run(console)?;
    let job = console.job();
    let corrupted = engine::run_like(&model, &clean, &args.corrupted, &job)?;
    let metric = LogitDifference::read(&args.metric, &model, &clean)?;
    let sweep = engine::sweep(&model, &clean, &corrupted, metric, &job)?;
    job.report("Patching", 1.0);

    let object = json!({
        "model": clean.model_name,
        "metric": args.metric,
        "answers": [model.token(metric.of).text, model.token(metric.less).text],
        "clean": sweep.clean,
        "corrupted": sweep.corrupted,
        "clean_tokens": texts(&clean),
        "corrupted_tokens": texts(&corrupted),
        "tokens": sweep.tokens,
        "heads": sweep.heads,
    });
    for path in &args.output {
        write(args, &sweep, &clean, &object, path)?;
    }
    if console.json {
        return console.object(&object);
    }
    writeln!(console, "{}: clean {:.3}, corrupted {:.3}", args.metric, sweep.clean, sweep.corrupted)?;
    writeln!(console, "\nrecovered by the residual stream before a layer, at one token")?;
    let tokens: Vec<String> = clean.tokens.iter().map(Token::shown).collect();
    for (token, text) in tokens.iter().enumerate() {
        write!(console, "{:>4} {:<14}", token, text.chars().take(14).collect::<String>())?;
        for row in &sweep.tokens {
            write!(console, " {:6.2}", row[token])?;
        }
        writeln!(console)?;
    }
    writeln!(console, "\nrecovered by one head's output, at all tokens")?;
    for (layer, row) in sweep.heads.iter().enumerate() {
        write!(console, "L{layer:<4}")?;
        for value in row {
            write!(console, " {value:6.2}")?;
        }
        writeln!(console)?;
    }
    for path in &args.output {
        writeln!(console, "{}", path.display())?;
    }
    Ok(())
}

fn texts(trace: &Trace) -> Vec<&str> {
    trace.tokens.iter().map(|token| token.text.as_str()).collect()
}

fn write(
    args: &Args,
    sweep: &Sweep,
    clean: &Trace,
    object: &serde_json::Value,
    path: &Path,
) -> anyhow::Result<()> {
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
        return Ok(atomic::write(path, |out| Ok(writeln!(out, "{object}")?))?);
    }
    let (rows, name, labels): (_, _, Vec<String>) = match args.map {
        Map::Tokens => (&sweep.tokens, "token", clean.tokens.iter().map(Token::shown).collect()),
        Map::Heads => {
            let most = sweep.heads.iter().map(Vec::len).max().unwrap_or(0);
            (&sweep.heads, "head", (0..most).map(|head| head.to_string()).collect())
        }
    };
    let columns = labels.len();
    let padded = rows.iter().flat_map(|row| {
        row.iter().map(|&value| value as f32).chain(std::iter::repeat(f32::NAN)).take(columns)
    });
    let layers = (0..rows.len()).map(|layer| clean.spec.layer_name(layer)).collect();
    let matrix = Matrix {
        title: format!("Patched by {name}"),
        subtitle: format!("{} · {} · recovered share", clean.model_name, args.metric),
        hook: match args.map {
            Map::Tokens => "blocks.*.hook_resid_pre".to_owned(),
            Map::Heads => "blocks.*.attn.hook_z".to_owned(),
        },
        rows: Axis { name: "layer", labels: layers, first: 0, numbered: false },
        columns: Axis { name, labels, first: 0, numbered: false },
        value_columns: columns,
        values: padded.collect(),
        quantity: "Recovered share of the logit difference",
        strips: picture::strips(clean),
    };
    let look = Look { theme: args.theme, ..Look::default() };
    let values = matrix.values.iter().filter(|value| value.is_finite());
    let most = values.fold(1.0_f32, |most, value| most.max(value.abs()));
    Ok(export::write_map(path, &matrix, ValueRange { low: -most, high: most }, look)?)
}
