//! `mnemoscope tokens`: how a prompt was cut, and what each token of the run is like.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::analysis::{Predicted, heads_over, hex, predicted, received};
use crate::model::HeadName;
use crate::trace::{Side, Token, Trace};

use super::console::{Console, fitted};
use super::shared::{Input, picked};

/// Characters that a token's text takes in the table.
const TEXT: usize = 18;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// Count the attention that these heads give, such as 3.5 or 0.1,0.2 (default: all heads)
    #[arg(long, value_name = "HEADS", value_delimiter = ',')]
    pick: Vec<HeadName>,
}

/// One text of a run, and what is known of its tokens.
struct Text<'a> {
    tokens: &'a [Token],
    received: Vec<f64>,
    predicted: Option<Predicted>,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let (model, trace) = args.input.trace(console)?;
    let pick = picked(&trace.spec, &args.pick)?;
    for &head in &pick {
        if !trace.has(head) {
            anyhow::bail!("there is no head {head} in {}; `mnemoscope heads` lists them", trace.model_name);
        }
    }
    let job = console.job();
    let text = |side: Side| -> anyhow::Result<Text<'_>> {
        let mut heads = heads_over(&trace, side);
        heads.retain(|head| pick.is_empty() || pick.contains(head));
        let mass = job.stage("Adding up attention", |progress| received(&trace, &heads, side, progress));
        let network = model.as_ref().map(|model| &model.network).filter(|_| side == Side::Target);
        let said = network.and_then(|network| {
            job.stage("Reading what was expected", |progress| predicted(network, &trace, progress))
        });
        let received = mass.ok_or_else(|| anyhow::anyhow!("cancelled"))?;
        Ok(Text { tokens: trace.tokens_of(side), received, predicted: said })
    };
    let target = text(Side::Target)?;
    let source = trace.spec.encoder.is_some().then(|| text(Side::Source)).transpose()?;
    if console.json {
        let mut whole = json!({ "model": trace.model_name, "tokens": objects(&target) });
        if let Some(source) = &source {
            whole["source"] = objects(source);
        }
        return console.object(&whole);
    }
    if let Some(source) = &source {
        writeln!(console, "source")?;
        table(source, &trace, console)?;
        writeln!(console, "\ntarget")?;
    }
    table(&target, &trace, console)
}

fn objects(text: &Text<'_>) -> Value {
    let object = |(index, token): (usize, &Token)| {
        let mut object = json!({
            "index": index, "id": token.id, "text": token.text, "bytes": hex(token, usize::MAX),
            "span": [token.span.start, token.span.end], "received": text.received[index],
        });
        if let Some(predicted) = &text.predicted {
            object["loss"] = json!(predicted.loss[index]);
            object["entropy"] = json!(predicted.entropy[index]);
        }
        object
    };
    text.tokens.iter().enumerate().map(object).collect()
}

fn table(text: &Text<'_>, trace: &Trace, console: &mut Console) -> anyhow::Result<()> {
    write!(console, "{:>5}  {:>7}  {:<TEXT$}  {:>8}", "token", "id", "text", "received")?;
    if text.predicted.is_some() {
        let loss = if trace.spec.generates() { "loss" } else { "" };
        write!(console, "  {loss:>8}  {:>8}", "entropy")?;
    }
    writeln!(console, "  bytes")?;
    for (index, token) in text.tokens.iter().enumerate() {
        let shown = fitted(&token.shown(), TEXT);
        write!(console, "{index:>5}  {:>7}  {shown}  {:>8.4}", token.id, text.received[index])?;
        if let Some(predicted) = &text.predicted {
            let loss = predicted.loss[index].map_or_else(String::new, |loss| format!("{loss:.3}"));
            write!(console, "  {loss:>8}  {:>8.3}", predicted.entropy[index])?;
        }
        writeln!(console, "  {}", hex(token, usize::MAX))?;
    }
    if text.predicted.is_some() {
        writeln!(console, "loss and entropy in bits; received: mean weight from the queries that may look")?;
    }
    Ok(())
}
