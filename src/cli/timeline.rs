//! `mnemoscope timeline`: measures over the checkpoints of a training, and when heads took their roles.

use std::io::Write as _;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;

use crate::analysis::atlas::{ROLES, Role};
use crate::analysis::timeline::{Timeline, phase_change, roles_taken, scored};
use crate::engine::{self, Checkpoints, LeftOut, Prompt, TimelineOptions};
use crate::export::Plate;
use crate::model::HeadId;

use super::console::Console;
use super::look::PictureArgs;
use super::shared::{Changing, PromptArg, parse_bytes};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of checkpoints: its folders are models with their step in the name, such as checkpoint-500 or step1000
    folder: PathBuf,

    #[command(flatten)]
    prompt: PromptArg,

    #[command(flatten)]
    changing: Changing,

    /// Measures to show, with commas between (default: those that random tokens tell of)
    #[arg(long, value_name = "MEASURE", value_delimiter = ',', value_parser = measure())]
    measure: Vec<&'static Role>,

    /// Heads to show instead of the best one at each step, such as 1.3, with commas between
    #[arg(long, value_name = "HEAD", value_delimiter = ',')]
    head: Vec<HeadId>,

    /// Probes of each of two periods: random tokens said twice
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    probes: u32,

    /// Seed of their tokens
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Where to write: .json, .csv, .png, .svg, .pdf or .tex
    #[arg(short, long, num_args = 1.., value_name = "PATH")]
    output: Vec<PathBuf>,

    /// Memory a run may take, such as 2G or 500M (default: three quarters of what is free)
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    memory: Option<u64>,

    #[command(flatten)]
    look: PictureArgs,
}

/// The roles that a timeline takes scores of.
fn measure() -> impl TypedValueParser<Value = &'static Role> {
    let asked = || ROLES.iter().filter(|role| matches!(role.over, "probes" | "texts"));
    PossibleValuesParser::new(asked().map(|role| role.id))
        .try_map(move |name| asked().find(|role| role.id == name).ok_or("no such measure"))
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    // A name that says nothing should not cost a run
    for path in &args.output {
        Plate::format_of(path)?;
    }
    let (timeline, left_out, plate) = asked(args, console)?;
    let look = args.look.look();
    for path in &args.output {
        engine::save_timeline(&timeline, &plate, look, path)?;
    }
    if console.json {
        let mut object = timeline.document();
        object["left_out"] = json!(left_out);
        return console.object(&object);
    }
    if args.output.is_empty() {
        return table(&timeline, args, console);
    }
    for path in &args.output {
        writeln!(console, "{}", path.display())?;
    }
    Ok(())
}

/// Asks every checkpoint, and lays the curves out.
fn asked(args: &Args, console: &mut Console) -> anyhow::Result<(Timeline, Vec<LeftOut>, Plate)> {
    let prompt = if args.prompt.is_given() { Some(args.prompt.read()?) } else { None };
    let checkpoints = Checkpoints::of(&args.folder)?;
    let options = TimelineOptions {
        prompt,
        probes: args.probes as usize,
        seed: args.seed,
        memory_budget: args.memory,
        interventions: args.changing.read()?,
    };
    let (timeline, left_out) = engine::timeline(&checkpoints, &options, &console.job(), &mut |_| {})?;
    for LeftOut { name, why } in &left_out {
        console.remark(format!("{name} is left out: {why}"));
    }
    missing(args, &timeline, options.prompt.as_ref())?;
    let plate = engine::timeline_plate(&timeline, &args.measure, &args.head);
    Ok((timeline, left_out, plate))
}

/// The curves alone.
pub(super) fn curves(args: &Args, console: &mut Console) -> anyhow::Result<Plate> {
    Ok(asked(args, console)?.2)
}

/// Complains about heads and measures that are not there.
fn missing(args: &Args, timeline: &Timeline, prompt: Option<&Prompt>) -> anyhow::Result<()> {
    let known =
        |head: &HeadId| timeline.snapshots.iter().any(|seen| seen.heads.iter().any(|e| e.head == *head));
    if let Some(head) = args.head.iter().find(|head| !known(head)) {
        anyhow::bail!("there is no head {head} in {}", timeline.model);
    }
    if let Some(role) = args.measure.iter().find(|role| !timeline.has(role)) {
        let why =
            if prompt.is_none() { "needs a text: give --prompt" } else { "says nothing about this text" };
        anyhow::bail!("{} {why}", role.id);
    }
    Ok(())
}

fn table(timeline: &Timeline, args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let usual: Vec<&Role> = ROLES.iter().filter(|role| timeline.has(role)).collect();
    let roles = if args.measure.is_empty() { &usual } else { &args.measure };
    let losses = timeline.snapshots.iter().any(|seen| seen.loss.is_some());
    write!(console, "{:>9}", "step")?;
    if losses {
        write!(console, "  {:>8}", "loss")?;
    }
    let shown = |entry: Option<(HeadId, f64)>| {
        entry.map_or_else(|| "–".to_owned(), |(head, value)| format!("{value:.3} {:<5}", head.to_string()))
    };
    let columns: Vec<(&Role, Option<HeadId>)> = if args.head.is_empty() {
        roles.iter().map(|role| (*role, None)).collect()
    } else {
        let of = |role: &&'static Role| args.head.iter().map(|&head| (*role, Some(head))).collect::<Vec<_>>();
        roles.iter().flat_map(of).collect()
    };
    for (role, _) in &columns {
        write!(console, "  {:>15}", role.label)?;
    }
    writeln!(console)?;
    for seen in &timeline.snapshots {
        write!(console, "{:>9}", seen.step)?;
        if losses {
            let loss = seen.loss.map_or_else(|| "–".to_owned(), |loss| format!("{loss:.4}"));
            write!(console, "  {loss:>8}")?;
        }
        for (role, head) in &columns {
            write!(console, "  {:>15}", shown(scored(&seen.heads, role, *head)))?;
        }
        writeln!(console)?;
    }
    let taken = roles_taken(&timeline.snapshots);
    if !taken.is_empty() {
        writeln!(console, "\n{:<6}  {:<16}  since step", "head", "role")?;
        for taken in taken {
            writeln!(console, "{:<6}  {:<16}  {}", taken.head.to_string(), taken.role.label, taken.step)?;
        }
    }
    if let Some((from, to)) = phase_change(&timeline.snapshots) {
        writeln!(console, "\ninduction formed between steps {from} and {to}")?;
    }
    Ok(())
}
