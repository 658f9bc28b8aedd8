//! `mnemoscope walk`: one query token through one head, step by step, each step compared with the run.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::analysis::walk::{Check, Outcome, Step, Walk, walk};
use crate::analysis::{Cell, CellName};
use crate::engine::{View, ViewAsk};
use crate::trace::Trace;

use super::console::Console;
use super::shared::{self, Input};
use super::view::FigureArgs;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// Head, query and key to walk: layer.head:qQUERY->kKEY, such as 3.5:q22->k5, of an encoder–decoder model also cross.1.0:q2->k5
    #[arg(long, value_name = "CELL")]
    cell: CellName,

    /// Print the numbers of this step too, 1 to 12
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=12))]
    step: Option<u8>,

    #[command(flatten)]
    figure: FigureArgs,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let drawn = args.figure.wanted()?;
    let (model, trace) = args.input.trace(console)?;
    let cell = shared::cell(&trace.spec, args.cell)?;
    if drawn {
        let ask = ViewAsk::of_cell(View::Walk, cell);
        return args.figure.write(model.as_ref(), &trace, &ask, console);
    }
    let walk = walk(model.as_ref(), &trace, cell)?;
    if console.json {
        return console.object(&object(&walk, &trace)?);
    }
    let (queries, keys) = (trace.query_tokens(walk.head.layer), trace.key_tokens(walk.head.layer));
    let (query, key) = (walk.query, walk.key);
    let head = trace.spec.head_name(walk.head);
    let texts = (queries[query].shown(), keys[key].shown());
    writeln!(console, "{head}: token {query} `{}` looks at token {key} `{}`", texts.0, texts.1)?;
    for step in &walk.steps {
        line(step, console)?;
        if args.step.is_some_and(|number| usize::from(number) == step.kind.number()) {
            numbers(step, console)?;
        }
    }
    Ok(())
}

fn object(walk: &Walk, trace: &Trace) -> serde_json::Result<Value> {
    let mut steps = serde_json::to_value(&walk.steps)?;
    for (value, step) in steps.as_array_mut().into_iter().flatten().zip(&walk.steps) {
        value["holds"] = json!(step.check.map(|check| check.holds()));
    }
    let cell = Cell { head: walk.head, query: walk.query, key: walk.key };
    Ok(json!({
        "cell": cell.to_string(),
        "head": trace.spec.head_name(walk.head),
        "query": walk.query,
        "key": walk.key,
        "steps": steps,
    }))
}

/// A name as JSON spells it: `head_output`.
fn word<T: serde::Serialize>(of: &T) -> String {
    let value = serde_json::to_value(of).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn line(step: &Step, console: &mut Console) -> anyhow::Result<()> {
    let shape: Vec<String> = step.shape.iter().map(usize::to_string).collect();
    let shape = format!("[{}]", shape.join(", "));
    write!(console, "{:>2} {:<12} {shape:<12}", step.kind.number(), word(&step.kind))?;
    if let Some(Outcome { what, length, value }) = step.outcome {
        let name = if length { format!("|{}|", word(&what)) } else { word(&what) };
        write!(console, " {name:<18} {value:>12.4}")?;
    }
    if let Some(check) = step.check {
        let Check { against, difference, .. } = check;
        let verdict = if check.holds() { "equals" } else { "DIFFERS FROM" };
        write!(console, "  {verdict} the {} (by {difference:.1e})", word(&against))?;
    }
    writeln!(console)?;
    Ok(())
}

fn numbers(step: &Step, console: &mut Console) -> anyhow::Result<()> {
    for strip in &step.strips {
        let hook = strip.hook.as_deref().unwrap_or("");
        writeln!(console, "   {} [{}] {hook}", word(&strip.what), strip.values.len())?;
        for row in strip.values.chunks(12) {
            let row: Vec<String> = row.iter().map(|x| format!("{x:>9.4}")).collect();
            writeln!(console, "   {}", row.join(" "))?;
        }
    }
    Ok(())
}
