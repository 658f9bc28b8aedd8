//! `mnemoscope memory`: which tokens an answer comes from, in several pictures, and how honest each of them is.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::analysis::{FLOW_LIMIT, Picture};
use crate::engine::{self, Honesty, HonestyOptions, Paths};
use crate::trace::{Token, Trace};

use super::console::Console;
use super::shared::{Input, names};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// The token to ask about, from 0 (default: the one that the answer follows)
    #[arg(long, value_name = "TOKEN")]
    token: Option<usize>,

    /// The last layer whose paths count, from 0 (default: the model's last)
    #[arg(long, value_name = "LAYER")]
    layer: Option<usize>,

    /// The answer to measure by: one word, or #ID (default: what the model finds likeliest)
    #[arg(long, value_name = "WORD")]
    word: Option<String>,

    /// Which edges to a source token are cut: from all others, or from the asked one alone
    #[arg(long, value_parser = names::<Paths>(), default_value = "all")]
    paths: Paths,

    /// Print only the N tokens that cost most
    #[arg(long, value_name = "N")]
    top: Option<usize>,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let (model, trace) = args.input.run(console)?;
    let options =
        HonestyOptions { token: args.token, layer: args.layer, word: args.word.clone(), paths: args.paths };
    let honesty = engine::honesty(&model, &trace, &options, &console.job())?;
    if honesty.of(Picture::Flow).is_none() {
        let sources = honesty.drops.len();
        console.remark(format!(
            "flow is left out: it takes a maximum flow a token, and is worked out for up to {FLOW_LIMIT}, not {sources}"
        ));
    }
    if console.json {
        return console.object(&object(&honesty, &trace));
    }
    table(&honesty, &trace, args.top.unwrap_or(usize::MAX), console)
}

fn object(honesty: &Honesty, trace: &Trace) -> Value {
    let tokens: Vec<&str> = trace.tokens.iter().map(|token| token.text.as_str()).collect();
    let picture = |column: &engine::Column| {
        json!({
            "name": column.picture,
            "spearman": column.spearman,
            "kendall": column.kendall,
            "values": column.values,
        })
    };
    json!({
        "model": trace.model_name,
        "tokens": tokens,
        "token": honesty.token,
        "layer": honesty.layer,
        "paths": honesty.paths,
        "answer": { "id": honesty.answer, "text": honesty.answer_text, "p": honesty.p },
        "drops": honesty.drops,
        "pictures": honesty.columns.iter().map(picture).collect::<Vec<_>>(),
    })
}

fn table(honesty: &Honesty, trace: &Trace, top: usize, console: &mut Console) -> anyhow::Result<()> {
    let shown: Vec<String> = trace.tokens.iter().map(Token::shown).collect();
    writeln!(
        console,
        "`{}` after token {} `{}`: p {:.4}; paths up to layer {}",
        honesty.answer_text, honesty.token, shown[honesty.token], honesty.p, honesty.layer
    )?;
    writeln!(console, "\ncut: drop of log p when the token's paths are cut, in nats")?;
    write!(console, "{:>4} {:<14} {:>9}", "", "token", "cut")?;
    for column in &honesty.columns {
        let name: &'static str = column.picture.into();
        write!(console, "  {name:>13}")?;
    }
    for (label, of) in [
        ("rank correlation", (|column| column.spearman) as fn(&engine::Column) -> Option<f64>),
        ("Kendall's tau", |column| column.kendall),
    ] {
        write!(console, "\n{label:<19} {:>9}", "")?;
        for column in &honesty.columns {
            match of(column) {
                Some(value) => write!(console, "  {value:>13.2}")?,
                None => write!(console, "  {:>13}", "–")?,
            }
        }
    }
    writeln!(console)?;
    for source in honesty.by_cost().into_iter().take(top) {
        let text: String = shown[source].chars().take(14).collect();
        write!(console, "{source:>4} {text:<14} ")?;
        match honesty.drops[source] {
            drop if drop.is_nan() => write!(console, "{:>9}", "–")?,
            drop => write!(console, "{drop:>9.4}")?,
        }
        for column in &honesty.columns {
            write!(console, "  {:>13.4}", column.values[source])?;
        }
        writeln!(console)?;
    }
    Ok(())
}
