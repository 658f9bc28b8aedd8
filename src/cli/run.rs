//! `mnemoscope run`: one pass; candidates, timing, bytes.

use std::io::Write as _;

use serde_json::json;

use crate::analysis::shifts;
use crate::model::{HeadSpec, Pooling, shown};
use crate::trace::Candidate;

use super::console::{self, Console};
use super::shared::{Input, Runs};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// Candidates for the next token
    #[arg(long, value_name = "K", default_value_t = 10)]
    top: usize,
}

fn listed(candidate: &Candidate) -> serde_json::Value {
    json!({ "id": candidate.id, "text": candidate.text, "p": candidate.p })
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let Runs { clean, changed, .. } = args.input.runs(console)?;
    let trace = changed.as_ref().unwrap_or(&clean);
    let shifts = changed.as_ref().map_or_else(Vec::new, |changed| shifts(&clean, changed, args.top));
    let rendered = args.input.chat.then_some(&trace.prompt);
    let next = &trace.next[..args.top.min(trace.next.len())];
    if console.json {
        let tokens: Vec<_> =
            trace.tokens.iter().map(|token| json!({ "id": token.id, "text": token.text })).collect();
        let next: Vec<_> = next.iter().map(listed).collect();
        let source: Vec<_> =
            trace.source.iter().map(|token| json!({ "id": token.id, "text": token.text })).collect();
        let mut object = json!({
            "model": trace.model_name,
            "rendered": rendered,
            "source": source,
            "tokens": tokens,
            "next": next,
            "forward_s": trace.forward_seconds,
            "first_map_s": trace.first_map_seconds,
            "trace_bytes": trace.bytes(),
            "threads": trace.threads,
        });
        if changed.is_some() {
            object["interventions"] = json!(trace.interventions());
            object["clean_next"] = clean.next[..args.top.min(clean.next.len())].iter().map(listed).collect();
            object["shifts"] = json!(shifts);
        }
        if let HeadSpec::Classes(head) = &trace.spec.head {
            let mut rows = trace.classes.iter().map(|row| row.iter().map(listed).collect());
            match head.pooling {
                Pooling::Each => object["token_classes"] = rows.collect(),
                _ => object["classes"] = rows.next().unwrap_or_default(),
            }
        }
        return console.object(&object);
    }
    if let Some(text) = rendered {
        writeln!(console, "{text}\n")?;
    }
    let tokens: Vec<String> = trace.tokens.iter().map(crate::trace::Token::shown).collect();
    if !trace.source.is_empty() {
        let source: Vec<String> = trace.source.iter().map(crate::trace::Token::shown).collect();
        writeln!(console, "source, {} tokens  {}", source.len(), source.join(" "))?;
    }
    writeln!(console, "{} tokens  {}", tokens.len(), tokens.join(" "))?;
    for intervention in trace.interventions() {
        writeln!(console, "changed by {intervention}")?;
    }
    if let Some(at) = trace.answer_at.filter(|_| !next.is_empty()) {
        let how = if shifts.is_empty() { "" } else { ", clean → changed" };
        writeln!(console, "\nnext, after {at} {}{how}", tokens[at])?;
        for shift in &shifts {
            let (before, after, text) = (shift.before * 100.0, shift.after * 100.0, shown(&shift.text));
            writeln!(console, "{before:7.2} % → {after:6.2} %  {text}  (id {})", shift.id)?;
        }
        for candidate in next.iter().filter(|_| shifts.is_empty()) {
            let (percent, text) = (candidate.p * 100.0, shown(&candidate.text));
            writeln!(console, "{percent:7.2} %  {text}  (id {})", candidate.id)?;
        }
    }
    for (token, classes) in tokens.iter().zip(trace.classes.iter()) {
        let of = if trace.classes.len() > 1 { token.as_str() } else { "the prompt" };
        writeln!(console, "\nclasses of {of}")?;
        for class in &classes[..args.top.min(classes.len())] {
            writeln!(console, "{:7.2} %  {}  (id {})", class.p * 100.0, class.text, class.id)?;
        }
    }
    writeln!(
        console,
        "\npass {}, first map {}, trace {}, {} threads",
        console::seconds(trace.forward_seconds),
        console::seconds(trace.first_map_seconds),
        console::bytes(trace.bytes() as u64),
        trace.threads,
    )?;
    Ok(())
}
