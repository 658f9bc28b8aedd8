//! `mnemoscope generate`: the prompt's continuation, token by token.

use std::io::Write as _;
use std::time::Instant;

use serde_json::json;

use crate::engine::{self, Sampling};
use crate::export::listed;
use crate::model::Model;
use crate::trace::Trace;

use super::console::Console;
use super::shared::Input;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// Tokens to add at most
    #[arg(short, long = "tokens", value_name = "N", default_value_t = 64)]
    n: usize,

    /// 0 takes the most likely token, 1 draws as the model says
    #[arg(long, default_value_t = 0.0, value_name = "T", value_parser = parse_temperature)]
    temperature: f32,

    /// Draw only from the K most likely
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    top_k: Option<u32>,

    /// Draw only from the most likely that reach this share together
    #[arg(long, value_name = "P", value_parser = parse_share)]
    top_p: Option<f32>,

    /// Seed of the draws
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let (model, mut trace) = args.input.run(console)?;
    let sampling = Sampling {
        temperature: args.temperature,
        top_k: args.top_k.map(|k| k as usize),
        top_p: args.top_p,
        seed: args.seed,
    };
    let (first, warned) = (trace.n_tokens(), trace.beyond().is_some());
    let mut said = text(&model, &trace).len();
    // The text itself is the progress
    let job = engine::Job::new();
    let start = Instant::now();
    let mut outcome = Ok(());
    engine::generate(&model, &mut trace, &sampling, args.n, &job, &mut |trace, _| {
        if !console.json {
            outcome = speak(console, &text(&model, trace), &mut said);
        }
        outcome.is_ok()
    })?;
    let seconds = start.elapsed().as_secs_f64();
    outcome?;
    if let (false, Some(beyond)) = (warned, trace.beyond()) {
        if !console.json {
            writeln!(console)?;
        }
        console.remark(beyond.to_string());
    }
    if console.json {
        let whole = text(&model, &trace);
        return console.object(&json!({
            "model": trace.model_name,
            "prompt": trace.prompt,
            "text": whole.get(said..).unwrap_or_default(),
            "tokens": listed(&trace.tokens[first..]),
            "seconds": seconds,
        }));
    }
    writeln!(console)?;
    Ok(())
}

/// What the tokens read; ids where the model has no tokenizer.
fn text(model: &Model, trace: &Trace) -> String {
    let ids = trace.ids();
    match model.writer() {
        Some(tokenizer) => tokenizer.decode(&ids),
        None => ids.iter().flat_map(|id| [id.to_string(), " ".to_owned()]).collect(),
    }
}

/// Prints what is new and will not change: half a character waits for its other half.
fn speak(console: &mut Console, text: &str, said: &mut usize) -> std::io::Result<()> {
    let settled = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
    if let Some(new) = settled.get(*said..).filter(|new| !new.is_empty()) {
        write!(console, "{new}")?;
        console.flush()?;
        *said = settled.len();
    }
    Ok(())
}

pub(super) fn parse_temperature(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(t) if t >= 0.0 && t.is_finite() => Ok(t),
        _ => Err("expected a number from 0 up".to_owned()),
    }
}

pub(super) fn parse_share(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(p) if p > 0.0 && p <= 1.0 => Ok(p),
        _ => Err("expected a number above 0, up to 1".to_owned()),
    }
}
