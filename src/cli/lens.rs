//! `mnemoscope lens`: what each layer would say next, per token.

use std::io::Write as _;

use anyhow::Context as _;
use serde_json::json;

use crate::analysis::{LensOptions, lens};
use crate::engine::{View, ViewAsk};
use crate::model::shown;

use super::console::Console;
use super::shared::Input;
use super::view::FigureArgs;

/// Columns a word takes in the table.
const WORD: usize = 14;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// Candidates per layer and token (the table shows the first)
    #[arg(long, value_name = "K", default_value_t = 5)]
    top: usize,

    /// Only the last N tokens (the table shows 6 unless told)
    #[arg(long, value_name = "N")]
    last: Option<usize>,

    #[command(flatten)]
    figure: FigureArgs,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let drawn = args.figure.wanted()?;
    let (model, trace) = args.input.run(console)?;
    if drawn {
        return args.figure.write(Some(&model), &trace, &ViewAsk::new(View::Lens), console);
    }
    let n = trace.n_tokens();
    let last = args.last.unwrap_or(if console.json { n } else { 6 });
    let options = LensOptions { tokens: n.saturating_sub(last)..n, top: args.top.max(1) };
    let job = console.job();
    let lens = job
        .stage("Reading every layer", |progress| lens(&model, &trace, &options, progress))
        .context("this model has no head that scores tokens: its layers have nothing to say")?;

    if console.json {
        let candidates = |token: &Vec<crate::trace::Candidate>| -> Vec<_> {
            token.iter().map(|c| json!({ "id": c.id, "text": c.text, "p": c.p })).collect()
        };
        let layers = lens.layers.iter().map(|layer| {
            json!({ "name": layer.name, "tokens": layer.tokens.iter().map(candidates).collect::<Vec<_>>() })
        });
        return console.object(&json!({ "layers": layers.collect::<Vec<_>>() }));
    }
    let name_width = lens.layers.iter().map(|layer| layer.name.len()).max().unwrap_or(0);
    write!(console, "{:name_width$}", "")?;
    for token in &trace.tokens[options.tokens] {
        write!(console, "  {}", padded(&token.shown(), WORD + 5))?;
    }
    writeln!(console)?;
    for layer in lens.layers.iter().rev() {
        write!(console, "{:name_width$}", layer.name)?;
        for best in layer.tokens.iter().filter_map(|token| token.first()) {
            write!(console, "  {} {:.2}", padded(&shown(&best.text), WORD), best.p)?;
        }
        writeln!(console)?;
    }
    Ok(())
}

/// Cut or filled to `width` characters.
fn padded(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        format!("{text:width$}")
    } else {
        text.chars().take(width - 1).chain(['…']).collect()
    }
}
