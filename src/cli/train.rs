//! `mnemoscope train`: a small model from nothing, with a line for every report.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use crate::engine::{self, Report, SeenMoment, TrainOptions, Training, View};
use crate::export::Plate;
use crate::model::HeadId;
use crate::train::{Change, Hand, Setup, Task};

use super::console::Console;
use super::look::PictureArgs;
use super::recall::share;
use super::shared::{names, usage};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to learn
    #[arg(long, default_value = "induction", value_parser = names::<Task>())]
    task: Task,

    /// File to learn, byte by byte, with --task text
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,

    /// Blocks, 1 to 4
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=4))]
    layers: u32,

    /// Heads of a block
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=16))]
    heads: u32,

    /// Numbers of the residual stream: a multiple of twice the heads
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(2..=512))]
    width: u32,

    /// Put a gated MLP into every block
    #[arg(long)]
    mlp: bool,

    /// Longest period, list or window; pairs of recall; modulus of addition (default: the task's)
    #[arg(long, value_name = "N")]
    size: Option<u32>,

    /// Seed of the first weights and of every row
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Steps at most; 0: the model before its first step
    #[arg(long, value_name = "N", default_value_t = 2000)]
    steps: u64,

    /// Learning rate (default: one that suits the width)
    #[arg(long, value_name = "RATE", value_parser = rate)]
    lr: Option<f32>,

    /// Rows of a batch (default: the task's)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    batch: Option<u32>,

    /// Change the rate, the batch or the size after so many steps, such as 120:lr=0.001,batch=64 (repeatable)
    #[arg(long, value_name = "CHANGE")]
    change: Vec<Change>,

    /// Stop once the best head has this induction score
    #[arg(long, value_name = "SCORE", value_parser = share)]
    stop_at_induction: Option<f64>,

    /// Stop once this share of what is asked for is right, on rows that are not trained on
    #[arg(long, value_name = "SHARE", value_parser = share)]
    stop_at_accuracy: Option<f64>,

    /// Steps from report to report
    #[arg(long, value_name = "N", default_value_t = engine::REPORT_EVERY, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,

    /// Folder to save the model in, which opens like any other and in Transformers
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,

    /// Draw loss and scores against steps: .png, .svg, .pdf, .tex, .csv or .json
    #[arg(long, value_name = "PATH")]
    curves: Option<PathBuf>,

    /// Draw every head of the model at the end on random tokens said twice, as such a file
    #[arg(long, value_name = "PATH")]
    maps: Option<PathBuf>,

    /// Draw the last step in numbers, one head's among them, as such a file
    #[arg(long, value_name = "PATH")]
    numbers: Option<PathBuf>,

    /// The head in those numbers, such as 1.3 (default: the first of the last layer)
    #[arg(long, value_name = "HEAD", requires = "numbers")]
    head: Option<HeadId>,

    /// The token of the second saying whose row is read there (default: the middle one)
    #[arg(long, value_name = "TOKEN", requires = "numbers")]
    read: Option<usize>,

    #[command(flatten)]
    look: PictureArgs,

    /// Step to mark in that picture
    #[arg(long, value_name = "STEP", requires = "curves")]
    mark: Option<u64>,

    /// Save a checkpoint-N folder in there every so many steps, and at the last one
    #[arg(long, value_name = "STEPS", requires = "output", value_parser = clap::value_parser!(u64).range(1..))]
    checkpoints: Option<u64>,
}

fn rate(text: &str) -> Result<f32, String> {
    match text.trim().parse::<f32>() {
        Ok(rate) if rate > 0.0 && rate <= 1.0 => Ok(rate),
        _ => Err("expected a number above 0 and at most 1".to_owned()),
    }
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let options = options(args)?;
    for (_, path) in args.figures() {
        Plate::format_of(path)?;
    }
    let job = console.job();
    if !console.json {
        writeln!(console, "{}", Columns::HEADER)?;
    }
    let mut closed = Ok(());
    let mut see = |report: &Report| {
        closed = line(report, console);
        if closed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let training = engine::train(&options, &job, &mut see);
    closed?;
    let training = training?;
    for (view, path) in args.figures() {
        drawn(args, view, &training)?.write(args.look.look(), path)?;
        if !console.json {
            writeln!(console, "{}", path.display())?;
        }
    }
    if let (Some(folder), false) = (&args.output, console.json) {
        let parameters = training.trainer().shape().parameters();
        writeln!(console, "{} ({parameters} parameters)", folder.display())?;
    }
    Ok(())
}

impl Args {
    /// What is drawn, and where it goes.
    fn figures(&self) -> impl Iterator<Item = (View, &Path)> {
        let all = [(View::Training, &self.curves), (View::Trained, &self.maps), (View::Step, &self.numbers)];
        all.into_iter().filter_map(|(view, path)| Some((view, path.as_deref()?)))
    }
}

/// Trains, and lays the figure out that is asked for.
pub(super) fn figure(args: &Args, console: &Console) -> anyhow::Result<Plate> {
    let training = engine::train(&options(args)?, &console.job(), &mut |_| ControlFlow::Continue(()))?;
    let view = args.figures().next().map_or(View::Training, |(view, _)| view);
    drawn(args, view, &training)
}

/// A view of what was trained.
fn drawn(args: &Args, view: View, training: &Training) -> anyhow::Result<Plate> {
    let (Some(report), Some(trace)) = (training.reports().last(), training.trace()) else {
        return Ok(engine::training_plate(training.reports(), args.mark));
    };
    let seen = SeenMoment {
        reports: Arc::new(training.reports().to_vec()),
        every: args.every,
        report: report.clone(),
        trace: Arc::clone(trace),
        probe: training.probe(),
    };
    Ok(match view {
        View::Trained => engine::trained_plate(&seen),
        View::Step => {
            let head = args.head.unwrap_or(HeadId { layer: args.layers as usize - 1, head: 0 });
            engine::step_plate(&seen, head, args.read)?
        }
        _ => engine::training_plate(training.reports(), args.mark),
    })
}

/// A report, as soon as it is there.
fn line(report: &Report, console: &mut Console) -> anyhow::Result<()> {
    if console.json {
        console.object(&json!(report))?;
    } else {
        writeln!(console, "{}", Columns(report))?;
    }
    Ok(console.flush()?)
}

fn options(args: &Args) -> anyhow::Result<TrainOptions> {
    let wrong = |words: &str| usage(clap::error::ErrorKind::ValueValidation, words);
    let text = match (&args.text, args.task) {
        (Some(file), Task::Text) => engine::training_text(file)?,
        (None, Task::Text) => return Err(wrong("--task text needs a file: give --text")),
        (Some(_), _) => return Err(wrong("--text is for --task text")),
        (None, _) => Arc::default(),
    };
    let setup = Setup {
        task: args.task,
        layers: args.layers as usize,
        heads: args.heads as usize,
        width: args.width as usize,
        mlp: args.mlp,
        seed: args.seed,
        text,
    };
    let usual = Hand::usual(&setup);
    let sizes = args.task.sizes();
    let size = args.size.map_or(usual.size, |size| size as usize);
    if !sizes.contains(&size) {
        let task: &str = args.task.into();
        return Err(wrong(&format!("--size of {task} is from {} to {}", sizes.start(), sizes.end())));
    }
    if let Some(size) = args.change.iter().filter_map(|change| change.size).find(|size| !sizes.contains(size))
    {
        let task: &str = args.task.into();
        return Err(wrong(&format!(
            "--change to size={size}: {task} has sizes from {} to {}",
            sizes.start(),
            sizes.end()
        )));
    }
    let hand = Hand {
        rate: args.lr.unwrap_or(usual.rate),
        batch: args.batch.map_or(usual.batch, |batch| batch as usize),
        size,
    };
    Ok(TrainOptions {
        setup,
        hand,
        changes: args.change.clone(),
        steps: args.steps,
        report_every: args.every,
        stop_at_induction: args.stop_at_induction,
        stop_at_accuracy: args.stop_at_accuracy,
        folder: args.output.clone(),
        save_every: args.checkpoints,
    })
}

/// A report as a line of a table.
struct Columns<'a>(&'a Report);

impl Columns<'_> {
    const HEADER: &'static str = "  steps  seconds     loss  accuracy  induction        previous token";
}

impl std::fmt::Display for Columns<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Report { steps, seconds, loss, accuracy, .. } = self.0;
        let (induction, previous) = (self.0.induction_score, self.0.previous_token_score);
        let (by, previous_by) = (self.0.induction_head.to_string(), self.0.previous_token_head.to_string());
        write!(
            f,
            "{steps:>7}  {seconds:>7.2}  {loss:>7.4}  {accuracy:>8.4}  {induction:.4} {by:<8}  {previous:.4} {previous_by}"
        )
    }
}
