//! `mnemoscope attribute`: what every head, MLP and embedding says for a word, or for one word against another.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::analysis::{Attribution, Component, Question, attribute, logits_at};
use crate::engine::{self, View, ViewAsk};
use crate::model::{HeadId, HeadName, Model, largest, shown};
use crate::trace::Trace;

use super::console::Console;
use super::shared::{Input, named};
use super::view::{FigureArgs, one_token};

/// Characters of the longest bar.
const BAR: usize = 24;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// Word whose logit to take apart, one token or #ID (default: the most likely one)
    #[arg(long, value_name = "WORD")]
    word: Option<String>,

    /// Word whose logit is taken off, one token or #ID: what speaks for the one and not the other
    #[arg(long, value_name = "WORD")]
    against: Option<String>,

    /// Token at which the model answers (default: where it does)
    #[arg(long, value_name = "TOKEN")]
    at: Option<usize>,

    /// Also say what this head adds by what it reads at each token
    #[arg(long, value_name = "L.H")]
    head: Option<HeadName>,

    /// Parts that the table shows, the largest
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,

    #[command(flatten)]
    figure: FigureArgs,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let drawn = args.figure.wanted()?;
    let (model, trace) = args.input.run(console)?;
    let token = trace.asked_token(args.at);
    let logits = logits_at(&model.network, &trace, token);
    let word = |text: &Option<String>| {
        one_token(text.as_deref(), &model, |text| engine::token_of(text, &model, &logits))
    };
    let best = || {
        let p: Vec<f64> = logits.iter().map(|&logit| logit.into()).collect();
        largest(&p, 1).first().map_or(0, |&best| best as u32)
    };
    let said = if logits.is_empty() { None } else { word(&args.word)? };
    let against = if logits.is_empty() { None } else { word(&args.against)? };
    if drawn {
        let ask = ViewAsk { query: Some(token), word: said, against, ..ViewAsk::new(View::Attribution) };
        return args.figure.write(Some(&model), &trace, &ask, console);
    }
    let question = Question { token, word: said.unwrap_or_else(best), against };
    let job = console.job();
    let attribution = job
        .stage("Taking the logit apart", |progress| attribute(&model.network, &trace, question, progress))?;
    let sources = match args.head.map(|head| named(&trace.spec, head)).transpose()? {
        None => None,
        Some(head) if !trace.has(head) => anyhow::bail!("the model has no head {head}"),
        Some(head) => Some((head, attribution.sources(&trace, head))),
    };
    if console.json {
        return console.object(&object(&attribution, sources, &model, &trace));
    }
    table(&attribution, args.top, &model, &trace, console)?;
    if let Some((head, sources)) = sources {
        writeln!(
            console,
            "\n{} adds {:.4} by what it reads at",
            trace.spec.head_name(head),
            sources.iter().sum::<f64>()
        )?;
        let keys = trace.key_tokens(head.layer);
        let mut order: Vec<usize> = (0..sources.len()).collect();
        order.sort_by(|&a, &b| sources[b].abs().total_cmp(&sources[a].abs()));
        for &key in order.iter().take(args.top).filter(|&&key| sources[key] != 0.0) {
            writeln!(console, "{:>10.4}  {key:>4} {}", sources[key], keys[key].shown())?;
        }
    }
    Ok(())
}

fn object(said: &Attribution, sources: Option<(HeadId, Vec<f64>)>, model: &Model, trace: &Trace) -> Value {
    let Question { token, word, against } = said.question;
    let described = |id: u32, logit: f64| json!({ "id": id, "text": model.token(id).text, "logit": logit });
    let part = |&(component, value): &(Component, f64)| {
        let mut part = json!({ "name": component.name(&trace.spec), "value": value });
        if let Component::Head(HeadId { layer, head }) = component {
            (part["layer"], part["head"]) = (layer.into(), head.into());
        }
        part
    };
    let mut object = json!({
        "token": { "index": token, "id": trace.tokens[token].id, "text": trace.tokens[token].text },
        "word": described(word, said.logits.0),
        "against": against.zip(said.logits.1).map(|(id, logit)| described(id, logit)),
        "logit": said.logit(),
        "sum": said.sum(),
        "softcap": said.cap,
        "gate_frozen": said.gated,
        "residual": said.residual(),
        "parts": said.parts.iter().map(part).collect::<Vec<_>>(),
    });
    if let Some((head, values)) = sources {
        object["sources"] = json!({ "head": trace.spec.head_name(head), "values": values });
    }
    object
}

fn table(
    said: &Attribution,
    top: usize,
    model: &Model,
    trace: &Trace,
    console: &mut Console,
) -> anyhow::Result<()> {
    let Question { token, word, against } = said.question;
    let text = |id: u32| shown(&model.token(id).text);
    let what = match against {
        None => format!("logit of `{}`", text(word)),
        Some(against) => format!("logit of `{}` less that of `{}`", text(word), text(against)),
    };
    writeln!(console, "{what} at token {token} `{}`: {:.4}", trace.tokens[token].shown(), said.logit())?;
    if said.gated {
        writeln!(
            console,
            "the gate of the activation before the unembedding is frozen, as norms' divisors are"
        )?;
    }
    let mut parts = said.parts.clone();
    parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let name = |component: &Component| component.name(&trace.spec);
    let first = parts.iter().map(|(component, _)| name(component).len()).max().unwrap_or(0).max(4);
    let most = parts.first().map_or(1.0, |(_, value)| value.abs());
    for (component, value) in parts.iter().take(top) {
        let bar = "█".repeat((value.abs() / most * BAR as f64).round() as usize);
        writeln!(console, "{:first$}  {value:>+9.4}  {bar}", name(component))?;
    }
    if parts.len() > top {
        let rest: f64 = parts[top..].iter().map(|(_, value)| value).sum();
        writeln!(console, "{:first$}  {rest:>+9.4}  {} more", "rest", parts.len() - top)?;
    }
    let capped = said.cap.map_or(String::new(), |cap| format!(" before the cap of {cap}"));
    writeln!(console, "{:first$}  {:>+9.4}{capped}, residual {:.1e}", "sum", said.sum(), said.residual())?;
    Ok(())
}
