//! `mnemoscope curve`: how the loss falls along a text, and when random tokens come a second time.

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::json;

use crate::analysis::mean;
use crate::engine::{self, Curve, CurvePair, Reading};
use crate::export::Plate;

use super::console::Console;
use super::look::PictureArgs;
use super::shared::{Changing, ModelArg, read_text};

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

    #[command(flatten)]
    changing: Changing,

    /// Where to draw it: .png, .svg, .pdf, .tex, .csv or .json
    #[arg(short, long, value_name = "PATH", num_args = 1..)]
    output: Vec<PathBuf>,

    #[command(flatten)]
    look: PictureArgs,
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
    for path in &args.output {
        Plate::format_of(path)?;
    }
    let changes = args.changing.read()?;
    let job = console.job();
    let model = args.model.open(console, &job)?;
    let CurvePair { clean, changed, interventions: changes } =
        CurvePair::new(&model, &reading, changes, &job)?;
    for path in &args.output {
        let look = args.look.look();
        engine::curve_plate(&clean, changed.as_ref(), &changes).write(look, path)?;
    }
    if console.json {
        let mut object = json!(clean);
        if let Some(changed) = &changed {
            object["changed"] = json!(changed);
            object["interventions"] = json!(changes);
        }
        return console.object(&object);
    }
    for change in &changes {
        writeln!(console, "changed by {change}")?;
    }
    table(&clean, changed.as_ref(), console)?;
    for path in &args.output {
        writeln!(console, "{}", path.display())?;
    }
    Ok(())
}

/// Positions in bands that double, as loss falls with their logarithm; with changes behind an arrow.
fn table(clean: &Curve, changed: Option<&Curve>, console: &mut Console) -> anyhow::Result<()> {
    writeln!(console, "mean loss by position, in bits a token ({} read)", clean.windows)?;
    let beside = |value: &dyn Fn(&Curve) -> f64| {
        changed.map_or_else(String::new, |changed| format!(" → {:.3}", value(changed)))
    };
    let mut from = 0;
    while from < clean.losses.len() {
        let to = (2 * from + 1).min(clean.losses.len());
        let band = |curve: &Curve| mean(&curve.losses[from..to]);
        writeln!(console, "{:>5}–{:<5} {:>8.3}{}", from + 1, to, band(clean), beside(&band))?;
        from = to;
    }
    if let Some((first, second)) = clean.first_and_second {
        let [one, two] = [0, 1].map(|at| {
            beside(&|curve: &Curve| {
                curve.first_and_second.map_or(f64::NAN, |pair| if at == 0 { pair.0 } else { pair.1 })
            })
        });
        writeln!(console, "first time {first:.3}{one}, second time {second:.3}{two}")?;
    }
    Ok(())
}
