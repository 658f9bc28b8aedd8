//! `mnemoscope atlas`: the role of every head.

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::json;

use crate::analysis::atlas::{Atlas, columns, page};
use crate::engine::{self, AtlasOptions};
use crate::export::atomic;

use super::console::Console;
use super::shared::{ModelArg, parse_bytes, usage};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArg,

    /// Text file, or folder of .txt, .text and .md files, to read as well (default: a few built-in sentences)
    #[arg(long, value_name = "FILE")]
    corpus: Option<PathBuf>,

    /// Where to write: .json or .html
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Passages of the corpus to read at most
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = positive())]
    passages: u32,

    /// Tokens of a passage at most
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = positive())]
    tokens: u32,

    /// Probes: random tokens said twice
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = positive())]
    probes: u32,

    /// Seed of the probes
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Memory a run may take, such as 2G or 500M (default: three quarters of what is free)
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    memory: Option<u64>,
}

fn positive() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

/// How the file is written.
enum Form {
    Json,
    Page,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let form = args.output.as_ref().map(|path| form(path)).transpose()?;
    let job = console.job();
    let model = args.model.open(console, &job)?;
    let options = AtlasOptions {
        corpus: args.corpus.clone(),
        passages: args.passages as usize,
        tokens: args.tokens as usize,
        probes: args.probes as usize,
        seed: args.seed,
        memory_budget: args.memory,
    };
    let atlas = engine::atlas(&model, &options, &job)?;
    if let (Some(path), Some(form)) = (&args.output, form) {
        atomic::write(path, |out| {
            match form {
                Form::Json => serde_json::to_writer(out, &atlas).map_err(std::io::Error::from)?,
                Form::Page => out.write_all(page(&atlas).as_bytes())?,
            }
            Ok(())
        })?;
    }
    match (&args.output, console.json) {
        (_, true) => console.object(&json!(atlas)),
        (Some(path), false) => Ok(writeln!(console, "{}", path.display())?),
        (None, false) => table(&atlas, console),
    }
}

/// A name that says nothing should not cost a run.
fn form(path: &std::path::Path) -> anyhow::Result<Form> {
    match path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase).as_deref() {
        Some("json") => Ok(Form::Json),
        Some("html") => Ok(Form::Page),
        _ => Err(usage(clap::error::ErrorKind::ValueValidation, "an atlas is written as .json or .html")),
    }
}

fn table(atlas: &Atlas, console: &mut Console) -> anyhow::Result<()> {
    write!(console, "{:<6}", "head")?;
    for role in columns() {
        write!(console, "  {:>10}", role.score.trim_end_matches("_stripe"))?;
    }
    writeln!(console, "  roles")?;
    for entry in &atlas.heads {
        write!(console, "{:<6}", entry.head.to_string())?;
        for role in columns() {
            let value = (role.value)(&entry.scores);
            let shown = value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
            write!(console, "  {shown:>10}")?;
        }
        let roles: Vec<_> = entry.roles().map(|role| role.label).collect();
        writeln!(console, "  {}", roles.join(", "))?;
    }
    Ok(())
}
