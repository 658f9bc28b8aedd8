//! `mnemoscope lens`: what each layer would say next, per token.

use std::io::Write as _;

use anyhow::Context as _;
use serde_json::json;

use crate::analysis::{LensOptions, LensTint, Said, lens};
use crate::engine::{self, LensLook, View, ViewAsk};
use crate::model::shown;

use super::console::{Console, columns, filled, fitted};
use super::shared::{Input, names};
use super::view::{FigureArgs, one_token};

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

    /// Number beside each word
    #[arg(long, value_parser = names::<LensTint>(), default_value = "probability")]
    tint: LensTint,

    /// Without the final norm: the residual stream straight through the unembedding
    #[arg(long)]
    raw: bool,

    /// Print the rank and probability of this word instead: one token, or #ID
    #[arg(long, value_name = "WORD")]
    word: Option<String>,

    #[command(flatten)]
    figure: FigureArgs,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let drawn = args.figure.wanted()?;
    let (model, trace) = args.input.run(console)?;
    if drawn {
        let lens = LensLook { tint: args.tint, raw: args.raw };
        let ask = ViewAsk { lens, ..ViewAsk::new(View::Lens) };
        return args.figure.write(Some(&model), &trace, &ask, console);
    }
    let n = trace.n_tokens();
    let last = args.last.unwrap_or(if console.json { n } else { 6 });
    let find = |text: &str| engine::token_of(text, &model, trace.answer_logits());
    let word = one_token(args.word.as_deref(), &model, find)?;
    let tokens = n.saturating_sub(last)..n;
    let options = LensOptions { tokens, top: args.top.max(1), raw: args.raw, word };
    let job = console.job();
    let lens = job
        .stage("Reading every layer", |progress| lens(&model, &trace, &options, progress))
        .context("this model has no head that scores tokens: its layers have nothing to say")?;

    if console.json {
        let candidates = |token: &Vec<crate::trace::Candidate>| -> Vec<_> {
            token.iter().map(|c| json!({ "id": c.id, "text": c.text, "p": c.p })).collect()
        };
        let layers = lens.layers.iter().map(|layer| {
            json!({
                "name": layer.name,
                "tokens": layer.tokens.iter().map(candidates).collect::<Vec<_>>(),
                "said": layer.said.iter().map(said).collect::<Vec<_>>(),
            })
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
        for (token, said) in layer.tokens.iter().zip(&layer.said) {
            let Some(best) = token.first() else { continue };
            if let Some((rank, p)) = said.word {
                write!(console, "  {} {p:.2}", padded(&format!("#{rank}"), WORD))?;
            } else {
                let number = args.tint.number(best.p, said);
                write!(console, "  {} {number:>4}", padded(&shown(&best.text), WORD))?;
            }
        }
        writeln!(console)?;
    }
    Ok(())
}

/// What a layer's distribution is like, as scripts read it.
fn said(said: &Said) -> serde_json::Value {
    let mut object = json!({ "entropy": said.entropy, "kl": said.kl, "rank": said.rank });
    if let Some((rank, p)) = said.word {
        object["word"] = json!({ "rank": rank, "p": p });
    }
    object
}

/// Cut or filled to `width` columns.
fn padded(text: &str, width: usize) -> String {
    if columns(text) <= width {
        filled(text, width)
    } else {
        filled(&format!("{}…", fitted(text, width - 1).trim_end()), width)
    }
}
