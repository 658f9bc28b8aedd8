//! `mnemoscope run`: one pass; candidates, timing, bytes.

use std::io::Write as _;

use serde_json::json;

use crate::model::{HeadSpec, Pooling, shown};
use crate::trace::Candidate;

use super::console::{self, Console};
use super::shared::Input;

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
    let (_, trace) = args.input.trace(console)?;
    let next = &trace.next[..args.top.min(trace.next.len())];
    if console.json {
        let tokens: Vec<_> =
            trace.tokens.iter().map(|token| json!({ "id": token.id, "text": token.text })).collect();
        let next: Vec<_> = next.iter().map(listed).collect();
        let source: Vec<_> =
            trace.source.iter().map(|token| json!({ "id": token.id, "text": token.text })).collect();
        let mut object = json!({
            "model": trace.model_name,
            "source": source,
            "tokens": tokens,
            "next": next,
            "forward_s": trace.forward_seconds,
            "first_map_s": trace.first_map_seconds,
            "trace_bytes": trace.bytes(),
            "threads": trace.threads,
        });
        if let HeadSpec::Classes(head) = &trace.spec.head {
            let mut rows = trace.classes.iter().map(|row| row.iter().map(listed).collect());
            match head.pooling {
                Pooling::Each => object["token_classes"] = rows.collect(),
                _ => object["classes"] = rows.next().unwrap_or_default(),
            }
        }
        return console.object(&object);
    }
    let tokens: Vec<String> = trace.tokens.iter().map(crate::trace::Token::shown).collect();
    if !trace.source.is_empty() {
        let source: Vec<String> = trace.source.iter().map(crate::trace::Token::shown).collect();
        writeln!(console, "source, {} tokens  {}", source.len(), source.join(" "))?;
    }
    writeln!(console, "{} tokens  {}", tokens.len(), tokens.join(" "))?;
    if let Some(at) = trace.answer_at.filter(|_| !next.is_empty()) {
        writeln!(console, "\nnext, after {at} {}", tokens[at])?;
        for candidate in next {
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
    if trace.forward_seconds <= 0.0 {
        // Another program's trace need not say how long its pass took
        writeln!(console, "\ntrace {}", console::bytes(trace.bytes() as u64))?;
        return Ok(());
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
