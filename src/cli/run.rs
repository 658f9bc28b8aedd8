//! `mnemoscope run`: one pass; candidates, timing, bytes.

use std::io::Write as _;

use serde_json::json;

use crate::analysis::shifts;
use crate::export::listed;
use crate::model::{HeadSpec, Outcome, Pooling, shown};
use crate::trace::{AnswerSpan, Candidate, Trace};

use super::console::{self, Console, columns, filled};
use super::shared::{Input, Runs};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// Candidates for the next token
    #[arg(long, value_name = "K", default_value_t = 10)]
    top: usize,
}

/// Numbers of a vector that are printed.
const SHOWN: usize = 6;

fn answer_of(answer: &AnswerSpan) -> serde_json::Value {
    let (first, last) = (answer.tokens.start, answer.tokens.end - 1);
    json!({ "text": answer.text, "p": answer.p, "first": first, "last": last })
}

fn candidate(candidate: &Candidate) -> serde_json::Value {
    json!({ "id": candidate.id, "text": candidate.text, "p": candidate.p })
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let Runs { clean, changed, .. } = args.input.runs(console)?;
    let trace = changed.as_ref().unwrap_or(&clean);
    let shifts = changed.as_ref().map_or_else(Vec::new, |changed| shifts(&clean, changed, args.top));
    let rendered = args.input.chat.then_some(&trace.prompt);
    let next = &trace.next[..args.top.min(trace.next.len())];
    if console.json {
        let next: Vec<_> = next.iter().map(candidate).collect();
        let mut object = json!({
            "model": trace.model_name,
            "rendered": rendered,
            "source": listed(&trace.source),
            "tokens": listed(&trace.tokens),
            "next": next,
            "forward_s": trace.forward_seconds,
            "first_map_s": trace.first_map_seconds,
            "trace_bytes": trace.bytes(),
            "threads": trace.threads,
        });
        if !trace.interventions().is_empty() {
            object["interventions"] = json!(trace.interventions());
        }
        if let Some(beyond) = trace.beyond() {
            object["made_for"] = json!(beyond.made_for);
        }
        if changed.is_some() {
            object["clean_next"] =
                clean.next[..args.top.min(clean.next.len())].iter().map(candidate).collect();
            object["shifts"] = json!(shifts);
        }
        if let Some((head, _)) = trace.spec.classifier() {
            let mut rows = trace.classes.iter().map(|row| row.iter().map(candidate).collect());
            match (head.outcome, head.pooling) {
                (Outcome::Span, _) => {
                    let answers = trace.answers.iter().take(args.top);
                    object["answers"] = answers.map(answer_of).collect();
                }
                (_, Pooling::Each) => object["token_classes"] = rows.collect(),
                _ => object["classes"] = rows.next().unwrap_or_default(),
            }
        }
        if !trace.vector.is_empty() {
            object["vector"] = json!(*trace.vector);
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
    heads(args, trace, &tokens, console)?;
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

/// What a head says that gives no tokens.
fn heads(args: &Args, trace: &Trace, tokens: &[String], console: &mut Console) -> anyhow::Result<()> {
    let head = trace.spec.classifier().map(|(head, _)| head);
    let share = |class: &Candidate| match head {
        Some(head) if head.outcome == Outcome::Values => format!("{:9.4}", class.p),
        _ => format!("{:7.2} %", class.p * 100.0),
    };
    match &trace.classes[..] {
        [] => {}
        [whole] => {
            let pair = head.is_some_and(|head| head.pair);
            writeln!(console, "\n{}", if pair { "the two texts" } else { "classes of the prompt" })?;
            if pair && trace.second.is_none() {
                writeln!(console, "  (one text: give the first with --question, the second with --prompt)")?;
            }
            for class in whole.iter().take(args.top) {
                writeln!(console, "{}  {}  (id {})", share(class), class.text, class.id)?;
            }
        }
        each => {
            writeln!(console, "\nclass of each token")?;
            let width = tokens.iter().map(|token| columns(token)).max().unwrap_or(0).min(24);
            for (token, best) in
                tokens.iter().zip(each).filter_map(|(token, row)| Some((token, row.first()?)))
            {
                writeln!(console, "  {}  {}  {}", filled(token, width), share(best), best.text)?;
            }
        }
    }
    if !trace.answers.is_empty() {
        writeln!(console, "\nanswers")?;
    }
    for answer in trace.answers.iter().take(args.top) {
        let (first, last) = (answer.tokens.start, answer.tokens.end - 1);
        writeln!(console, "{:7.2} %  {}  (tokens {first} to {last})", answer.p * 100.0, answer.text)?;
    }
    if let HeadSpec::Sentence(head) = &trace.spec.head
        && !trace.vector.is_empty()
    {
        let of = match head.pooling {
            Pooling::First => "the first token's",
            Pooling::Last => "the last token's",
            Pooling::Max => "the largest of all tokens",
            _ => "the mean of all tokens",
        };
        let unit = if head.unit { ", divided by its length" } else { "" };
        let start: Vec<_> = trace.vector.iter().take(SHOWN).map(|x| format!("{x:.4}")).collect();
        let rest = if trace.vector.len() > SHOWN { " …" } else { "" };
        writeln!(console, "\nvector of the text, {of}{unit}: {} numbers", trace.vector.len())?;
        writeln!(console, "  {}{rest}", start.join(" "))?;
    }
    Ok(())
}
