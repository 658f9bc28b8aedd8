//! `mnemoscope bench`: times and memory on random tokens, to stand beside another program's figures.

use std::io::Write as _;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::engine::{self, Prompt, RunOptions, Sampling};
use crate::model::{Model, Side};
use crate::trace::Trace;

use super::console::{self, Console};
use super::shared::{Changing, ModelArg};

/// Names and values, in the order in which they are printed.
type Figures = Vec<(&'static str, Value)>;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArg,

    #[command(flatten)]
    changing: Changing,

    /// Random tokens to run
    #[arg(long, value_name = "N", default_value_t = 1024)]
    tokens: usize,

    /// Runs; medians are printed
    #[arg(long, value_name = "R", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,

    /// Also decode N tokens one by one, and print the time of one; with interventions, of the changed run
    #[arg(long, value_name = "N", default_value_t = 0)]
    decode: usize,

    /// Open a real window instead: when it stands, and when its first map is there
    #[arg(long, conflicts_with_all = ["intervene", "intervene_file"])]
    window: bool,

    /// Seed of the random tokens
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let figures = if args.window { window(args)? } else { figures(args, console)? };
    if console.json {
        let figures = figures.into_iter().map(|(name, value)| (name.to_owned(), value));
        return console.object(&Value::Object(figures.collect()));
    }
    for (name, value) in &figures {
        let shown = match value.as_f64() {
            Some(value) if name.ends_with("_s") => console::seconds(value),
            Some(value) if name.ends_with("_bytes") => console::bytes(value as u64),
            _ => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
        };
        writeln!(console, "{name:<16} {shown}")?;
    }
    Ok(())
}

fn figures(args: &Args, console: &mut Console) -> anyhow::Result<Figures> {
    let job = console.job();
    let start = Instant::now();
    let model = args.model.open(console, &job)?;
    let load_s = start.elapsed().as_secs_f64();

    let limit = model.spec().limit(Side::Target).unwrap_or(usize::MAX);
    let needed = args.tokens + args.decode;
    ensure!(
        (1..=limit).contains(&args.tokens) && needed <= limit,
        "{needed} tokens do not fit: the model takes 1 to {limit}; give fewer with --tokens or --decode"
    );
    let mut random = StdRng::seed_from_u64(args.seed);
    let vocab = model.spec().vocab as u32;
    let prompt = Prompt::Ids((0..args.tokens).map(|_| random.random_range(0..vocab)).collect());

    let changes = args.changing.read()?;
    let (mut forward, mut first_map, mut decode, mut changed) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut threads = 0;
    let mut trace_bytes = 0;
    for _ in 0..args.runs {
        let mut trace = engine::run(&model, &prompt, &RunOptions::default(), &job, &mut |_| {})?;
        forward.push(trace.forward_seconds);
        first_map.push(trace.first_map_seconds);
        (threads, trace_bytes) = (trace.threads, trace.bytes());
        if !changes.is_empty() {
            let start = Instant::now();
            trace = engine::intervene(&model, &trace, &changes, &job, &mut |_| {})?;
            changed.push(start.elapsed().as_secs_f64());
        }
        if args.decode > 0 {
            decode.push(decode_seconds(&model, &mut trace, args.decode)?);
        }
    }
    let mut figures = Vec::new();
    let mut add = |name, value| figures.push((name, value));
    add("model", json!(model.name));
    add("tokens", json!(args.tokens));
    add("runs", json!(args.runs));
    add("threads", json!(threads));
    add("load_s", json!(load_s));
    add("forward_s", json!(median(&mut forward)));
    add("first_map_s", json!(median(&mut first_map)));
    if !changes.is_empty() {
        add("interventions", json!(changes));
        add("changed_s", json!(median(&mut changed)));
    }
    if args.decode > 0 {
        add("decode_s", json!(median(&mut decode)));
    }
    add("trace_bytes", json!(trace_bytes));
    add("peak_rss_bytes", json!(engine::peak_bytes()));
    Ok(figures)
}

/// Seconds a token takes when `n` are decoded one by one; a token that ends texts is no reason to stop early.
fn decode_seconds(model: &Model, trace: &mut Trace, n: usize) -> anyhow::Result<f64> {
    let (mut spent, mut done) = (0.0, 0);
    while done < n {
        let mut first = None;
        let begun = trace.n_tokens();
        let start = Instant::now();
        engine::generate(model, trace, &Sampling::default(), n - done, &engine::Job::new(), &mut |_, _| {
            first = Some(start.elapsed().as_secs_f64());
            true
        })?;
        let added = trace.n_tokens() - begun;
        ensure!(added > 0, "the model decoded no token");
        // The thumbnails that are made anew at the end are no part of decoding
        spent += first.unwrap_or_default();
        done += added;
    }
    Ok(spent / done as f64)
}

/// Runs our own window with a stopwatch, and reads what it prints.
fn window(args: &Args) -> anyhow::Result<Figures> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let (mut window, mut first_map) = (Vec::new(), Vec::new());
    for _ in 0..args.runs {
        let mut command = Command::new(&program);
        command.env(crate::app::start::BENCH_VARIABLE, "1");
        if let engine::ModelSource::Path(path) = args.model.source() {
            command.arg(path);
        }
        let output = command.output().context("cannot start the window")?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        let complaint =
            complaint.lines().last().unwrap_or("it said nothing").trim_start_matches("mnemoscope: ");
        ensure!(output.status.success(), "the window did not open: {complaint}");
        let said = String::from_utf8_lossy(&output.stdout);
        let figures: Option<Value> = said.lines().rev().find_map(|line| serde_json::from_str(line).ok());
        let figure = |name: &str| figures.as_ref().and_then(|figures| figures.get(name)?.as_f64());
        window.push(figure("window_s").context("the window printed no window_s")?);
        first_map.push(figure("first_map_s").context("the window printed no first_map_s")?);
    }
    Ok(vec![
        ("runs", json!(args.runs)),
        ("window_s", json!(median(&mut window))),
        ("first_map_s", json!(median(&mut first_map))),
    ])
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}
