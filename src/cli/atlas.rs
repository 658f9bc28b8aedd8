//! `mnemoscope atlas`: the role of every head.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::error::ErrorKind::ValueValidation;
use serde_json::json;

use crate::analysis::atlas::{Atlas, clusters, columns};
use crate::engine::{self, AtlasForm, AtlasOptions, Partial, Texts};
use crate::export::Lang;

use super::console::Console;
use super::shared::{Changing, ModelArg, names, parse_bytes, usage};

/// Passages, or time, after which what there is of an atlas is kept, whichever comes first.
const PASSAGES: usize = 32;
const PAUSE: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArg,

    #[command(flatten)]
    changing: Changing,

    /// Text file, or folder of .txt, .text and .md files, to read as well (default: a few built-in sentences)
    #[arg(long, value_name = "FILE")]
    corpus: Option<PathBuf>,

    /// Read this text alone
    #[arg(long, value_name = "TEXT", conflicts_with = "corpus")]
    prompt: Option<String>,

    /// Where to write: .json, .html, or a folder in HeadVis's format
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,

    /// What to write, where the name does not say it
    #[arg(long, value_name = "FORMAT", requires = "output")]
    format: Option<Format>,

    /// Go on where an interrupted run with the same output was left
    #[arg(long, requires = "output")]
    resume: bool,

    /// Show or convert an atlas that is there, an atlas.json or a folder of HeadVis's, instead of running a model
    #[arg(long, value_name = "ATLAS", conflicts_with_all = ["model", "corpus", "prompt", "resume", "intervene", "intervene_file"])]
    open: Option<PathBuf>,

    /// Passages of the corpus to read at most
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = positive())]
    passages: u32,

    /// Tokens of a passage at most
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = positive())]
    tokens: u32,

    /// Probes: random tokens said twice
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = positive())]
    probes: u32,

    /// Passages by chance that a head shows of every tenth of them
    #[arg(long, value_name = "N", default_value_t = 2)]
    samples: u32,

    /// Seed of the probes and of that chance
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Memory a run may take, such as 2G or 500M (default: three quarters of what is free)
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    memory: Option<u64>,

    /// Language of the page's own words
    #[arg(long, value_parser = names::<Lang>(), default_value = "en")]
    lang: Lang,
}

/// How the atlas is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// All of it, to be opened again
    Json,
    /// A page for a browser
    Html,
    /// HeadVis's folder
    Headvis,
}

fn positive() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    // A name that says nothing should not cost a run
    let form = args.output.as_deref().map(|path| form(path, args.format)).transpose()?;
    if let Some(folder) = args.output.as_deref().and_then(Path::parent) {
        let there = folder.as_os_str().is_empty() || folder.is_dir();
        anyhow::ensure!(there, "the folder {} does not exist: make it first", folder.display());
    }
    let atlas = match &args.open {
        Some(path) => engine::open_atlas(path)?,
        None => make(args, console)?,
    };
    if let (Some(path), Some(form)) = (&args.output, form) {
        engine::save_atlas(&atlas, path, (form, args.lang))?;
        let _ = std::fs::remove_file(beside(path));
    }
    match (&args.output, console.json) {
        (_, true) => console.object(&json!(atlas)),
        (Some(path), false) => Ok(writeln!(console, "{}", path.display())?),
        (None, false) => table(&atlas, console),
    }
}

/// Runs the model; what there is of a long run is kept beside its output.
fn make(args: &Args, console: &mut Console) -> anyhow::Result<Atlas> {
    let job = console.job();
    let model = args.model.open(console, &job)?;
    let texts = match (&args.corpus, &args.prompt) {
        (Some(path), _) => Texts::Corpus(path.clone()),
        (_, Some(text)) => Texts::Prompt(text.clone()),
        _ => Texts::BuiltIn,
    };
    let options = AtlasOptions {
        texts,
        passages: args.passages as usize,
        tokens: args.tokens as usize,
        probes: args.probes as usize,
        samples: args.samples as usize,
        seed: args.seed,
        memory_budget: args.memory,
        interventions: args.changing.read()?,
    };
    let kept = args.output.as_deref().map(beside);
    let left = match &kept {
        Some(path) if args.resume => {
            let left = engine::open_partial(path);
            Some(left.with_context(|| format!("there is nothing to go on from: {}", path.display()))?)
        }
        _ => None,
    };
    let mut last = (left.as_ref().map_or(0, Partial::passages), Instant::now());
    let mut failed = None;
    let mut keep = |partial: &Partial| {
        let due = partial.passages() >= last.0 + PASSAGES || last.1.elapsed() >= PAUSE || job.is_cancelled();
        if let Some(path) = kept.as_deref().filter(|_| due && args.corpus.is_some()) {
            last = (partial.passages(), Instant::now());
            // The atlas itself may still be written: a full disk will show there
            failed = engine::save_partial(partial, path).err();
        }
    };
    let atlas = engine::resume_atlas(&model, &options, left, &mut keep, &job)?;
    if let Some(error) = failed {
        console.remark(format!("an interruption could not have been made good: {error}"));
    }
    Ok(atlas)
}

/// Where an interrupted run leaves what there is.
fn beside(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

fn form(path: &Path, format: Option<Format>) -> anyhow::Result<AtlasForm> {
    match format {
        Some(Format::Json) => Ok(AtlasForm::Json),
        Some(Format::Html) => Ok(AtlasForm::Page),
        Some(Format::Headvis) => Ok(AtlasForm::HeadVis),
        None => AtlasForm::of(path).ok_or_else(|| {
            usage(ValueValidation, "an atlas is written as .json or .html, or as a folder without an ending")
        }),
    }
}

fn table(atlas: &Atlas, console: &mut Console) -> anyhow::Result<()> {
    let shown: Vec<_> = columns()
        .filter(|role| atlas.heads.iter().any(|entry| (role.value)(&entry.scores).is_some()))
        .collect();
    write!(console, "{:<6}", "head")?;
    for role in &shown {
        write!(console, "  {:>10}", role.score.trim_end_matches("_stripe"))?;
    }
    writeln!(console, "  roles")?;
    for entry in &atlas.heads {
        write!(console, "{:<6}", entry.head.to_string())?;
        for role in &shown {
            let value = (role.value)(&entry.scores);
            let shown = value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
            write!(console, "  {shown:>10}")?;
        }
        let roles: Vec<_> = entry.roles().map(|role| role.label).collect();
        writeln!(console, "  {}", roles.join(", "))?;
    }
    let alike = clusters(atlas);
    if alike.clusters.len() > 1 {
        writeln!(console, "\nalike (Ward, silhouette {:.2})", alike.silhouette)?;
        for (number, cluster) in alike.clusters.iter().enumerate() {
            let heads: Vec<String> = cluster.heads.iter().map(ToString::to_string).collect();
            let traits: Vec<String> =
                cluster.traits.iter().map(|(name, z)| format!("{name} {z:+.1} σ")).collect();
            writeln!(console, "{:<3} {}  {}", number + 1, traits.join(", "), heads.join(" "))?;
        }
    }
    Ok(())
}
