//! `mnemoscope heads`: every head's measures as a table.

use std::io::Write as _;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use serde_json::{Map, Value, json};

use crate::analysis::atlas::RoleSet;
use crate::analysis::{Filter, MEASURES, Measure, measure};
use crate::model::ModelSpec;
use crate::trace::{HeadId, HeadMeasures, Token};

use super::console::Console;
use super::shared::{Input, Told};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// Sort by a measure, greatest first (default: by layer and head)
    #[arg(long, value_name = "MEASURE", value_parser = measure_name())]
    sort: Option<String>,

    /// Print only heads that pass, such as "induction > 0.5", "layer < 3 and not sink >= .8" or "3.5, 4.*": measures
    /// by name, `layer` and `head` within a part, `role = induction`, `role != sink`, `role = none`, and, or, not, brackets
    #[arg(long = "where", value_name = "EXPRESSION")]
    filter: Option<Filter>,

    /// Print only the first N heads
    #[arg(long, value_name = "N")]
    top: Option<usize>,

    #[command(flatten)]
    told: Told,
}

fn measure_name() -> impl clap::builder::TypedValueParser<Value = String> {
    PossibleValuesParser::new(MEASURES.iter().map(|measure| measure.id)).map(|name| name)
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let (_, trace) = args.input.trace(console)?;
    let roles = args.told.roles(&trace)?;
    let mut heads: Vec<(HeadId, HeadMeasures)> =
        trace.head_ids().map(|head| (head, trace.measures(head))).collect();
    if let Some(filter) = &args.filter {
        heads.retain(|&(head, _)| filter.keeps(&trace, &roles, head));
    }
    if let Some(by) = args.sort.as_deref().and_then(measure) {
        heads.sort_by(|(_, a), (_, b)| (by.value)(b).total_cmp(&(by.value)(a)));
    }
    heads.truncate(args.top.unwrap_or(usize::MAX));

    if console.json {
        let texts =
            |tokens: &[Token]| -> Vec<String> { tokens.iter().map(|token| token.text.clone()).collect() };
        let heads: Vec<Value> =
            heads.iter().map(|&(head, ref own)| object(&trace.spec, head, own, roles.of(head))).collect();
        let mut whole = json!({ "model": trace.model_name, "tokens": texts(&trace.tokens), "heads": heads });
        if trace.spec.encoder.is_some() {
            whole["source"] = json!(texts(&trace.source));
        }
        if !trace.interventions().is_empty() {
            whole["interventions"] = json!(trace.interventions());
        }
        return console.object(&whole);
    }
    let named: Vec<Named> = heads
        .into_iter()
        .map(|(head, measures)| {
            let roles: Vec<&str> = roles.of(head).iter().map(|role| role.label).collect();
            Named { name: trace.spec.head_name(head), measures, roles: roles.join(", ") }
        })
        .collect();
    table(&named, console)
}

/// A line of the table.
struct Named {
    name: String,
    measures: HeadMeasures,
    roles: String,
}

/// `layer` counts all blocks; heads of encoder–decoder models also say their part, and which layer of it theirs is.
fn object(spec: &ModelSpec, head: HeadId, measures: &HeadMeasures, roles: RoleSet) -> Value {
    let mut object = Map::new();
    object.insert("layer".into(), head.layer.into());
    object.insert("head".into(), head.head.into());
    if spec.encoder.is_some() {
        object.insert("part".into(), spec.blocks[head.layer].part.name().into());
        object.insert("part_layer".into(), spec.index_in_part(head.layer).into());
        object.insert("name".into(), spec.head_name(head).into());
    }
    object.extend(MEASURES.iter().map(|measure| (measure.id.into(), json!((measure.value)(measures)))));
    object.insert("roles".into(), roles.iter().map(|role| role.id).collect());
    Value::Object(object)
}

/// Names break at their underscores, so that eleven measures fit a terminal.
fn table(heads: &[Named], console: &mut Console) -> anyhow::Result<()> {
    let names: Vec<Vec<&str>> = MEASURES.iter().map(|measure| measure.id.split('_').collect()).collect();
    let widths: Vec<usize> =
        MEASURES.iter().zip(&names).map(|(measure, name)| width(measure, name, heads)).collect();
    let first = heads.iter().map(|head| head.name.len()).max().unwrap_or(0).max(6);
    let lines = names.iter().map(Vec::len).max().unwrap_or(0);
    for line in 0..lines {
        write!(console, "{:<first$}", if line + 1 == lines { "head" } else { "" })?;
        for (name, width) in names.iter().zip(&widths) {
            let part = (line + name.len()).checked_sub(lines).map_or("", |part| name[part]);
            write!(console, "  {part:>width$}")?;
        }
        writeln!(console, "{}", if line + 1 == lines { "  roles" } else { "" })?;
    }
    for Named { name, measures, roles } in heads {
        write!(console, "{name:<first$}")?;
        for (measure, width) in MEASURES.iter().zip(&widths) {
            write!(console, "  {:>width$.4}", (measure.value)(measures))?;
        }
        writeln!(console, "{}{roles}", if roles.is_empty() { "" } else { "  " })?;
    }
    Ok(())
}

fn width(measure: &Measure, name: &[&str], heads: &[Named]) -> usize {
    let values = heads.iter().map(|head| format!("{:.4}", (measure.value)(&head.measures)).len());
    values.chain(name.iter().map(|part| part.len())).max().unwrap_or(0)
}
