//! `mnemoscope patch`: which places of the clean run, put into the corrupted one, bring the answer back.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::engine::{self, LogitDifference, Moved, Places};
use crate::export::{Plate, atomic};
use crate::trace::{Token, Trace};

use super::console::{Console, fitted};
use super::look::PictureArgs;
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

    /// Where to write: .json (both maps), or the one of --map as .csv, .png, .svg, .pdf or .tex
    #[arg(short, long, num_args = 1.., value_name = "PATH")]
    output: Vec<PathBuf>,

    /// Which map a table or picture shows: layer × token, or layer × head
    #[arg(long, value_parser = names::<Places>(), default_value = "tokens")]
    map: Places,

    #[command(flatten)]
    look: PictureArgs,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    for path in &args.output {
        Plate::format_of(path)?;
    }
    let (model, clean) = args.input.run(console)?;
    let job = console.job();
    let corrupted = engine::run_like(&model, &clean, &args.corrupted, &job)?;
    let corrupted = engine::also_changed(&model, corrupted, &clean, &job)?;
    let metric = LogitDifference::read(&args.metric, &model, &clean)?;
    let sweep = engine::sweep(&model, &clean, &corrupted, metric, &job)?;
    let moved = Moved::of(&model, &clean, metric, sweep);
    let sweep = &moved.sweep;
    job.report("Patching", 1.0);

    let object = json!({
        "model": clean.model_name,
        "metric": args.metric,
        "answers": [model.token(metric.of).text, model.token(metric.less).text],
        "interventions": clean.interventions(),
        "clean": sweep.clean,
        "corrupted": sweep.corrupted,
        "clean_tokens": texts(&clean),
        "corrupted_tokens": texts(&corrupted),
        "tokens": sweep.tokens,
        "heads": sweep.heads,
    });
    for path in &args.output {
        write(args, &moved, &corrupted, &object, path)?;
    }
    if console.json {
        return console.object(&object);
    }
    writeln!(console, "{}: clean {:.3}, corrupted {:.3}", args.metric, sweep.clean, sweep.corrupted)?;
    writeln!(console, "\nrecovered by the residual stream before a layer, at one token")?;
    let tokens: Vec<String> = clean.tokens.iter().map(Token::shown).collect();
    for (token, text) in tokens.iter().enumerate() {
        write!(console, "{token:>4} {}", fitted(text, 14))?;
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
    moved: &Moved,
    corrupted: &Trace,
    object: &serde_json::Value,
    path: &Path,
) -> anyhow::Result<()> {
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
        return Ok(atomic::write(path, |out| Ok(writeln!(out, "{object}")?))?);
    }
    let look = args.look.look();
    Ok(engine::patch_map(corrupted, moved, args.map).write(look, path)?)
}
