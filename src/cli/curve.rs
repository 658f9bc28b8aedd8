//! `mnemoscope curve`: how the loss falls along a text, and when random tokens come a second time.

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::json;

use crate::analysis::mean;
use crate::engine::{self, Curve, Reading};

use super::console::Console;
use super::shared::{ModelArg, read_text};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArg,

    #[command(flatten)]
    reading: ReadingArg,

    /// Tokens a window of the text (default: as many as the model has positions for)
    #[arg(long, value_name = "N", conflicts_with = "repeat")]
    window: Option<usize>,

    /// Sequences of random tokens
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    trials: u32,

    /// Seed of the random tokens
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Exactly one way to say what is read.
#[derive(Debug, clap::Args)]
#[group(multiple = false, required = true)]
struct ReadingArg {
    /// Text file, UTF-8; - is standard input
    #[arg(long, value_name = "FILE")]
    prompt_file: Option<PathBuf>,

    /// Read N random tokens, and the same N again
    #[arg(long, value_name = "N")]
    repeat: Option<usize>,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let reading = match (&args.reading.prompt_file, args.reading.repeat) {
        (Some(file), _) => Reading::Text { text: read_text(file)?, window: args.window },
        (None, period) => Reading::Repeat {
            period: period.unwrap_or_default(),
            trials: args.trials as usize,
            seed: args.seed,
        },
    };
    let job = console.job();
    let model = args.model.open(console, &job)?;
    let curve = engine::curve(&model, &reading, &job)?;
    if console.json {
        return console.object(&json!(curve));
    }
    table(&curve, console)
}

/// Positions in bands that double, as loss falls with their logarithm.
fn table(curve: &Curve, console: &mut Console) -> anyhow::Result<()> {
    writeln!(console, "mean loss by position, in bits a token ({} read)", curve.windows)?;
    let mut from = 0;
    while from < curve.losses.len() {
        let to = (2 * from + 1).min(curve.losses.len());
        writeln!(console, "{:>5}–{:<5} {:>8.3}", from + 1, to, mean(&curve.losses[from..to]))?;
        from = to;
    }
    if let Some((first, second)) = curve.first_and_second {
        writeln!(console, "first time {first:.3}, second time {second:.3}")?;
    }
    Ok(())
}
