//! `mnemoscope why`: one cell's score taken apart, by head dimension and by component on both sides.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::analysis::{Cell, CellName, Fold, Table, Why, why};
use crate::engine::{View, ViewAsk};
use crate::trace::{Token, Trace};

use super::console::Console;
use super::shared::{Input, cell};
use super::view::FigureArgs;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// Cell to take apart: layer.head:qQUERY->kKEY, such as 3.5:q22->k5, or cross.1.0:q3->k2
    #[arg(long, value_name = "CELL")]
    cell: CellName,

    /// Components shown one by one, the largest; all others are one row and column, `rest`
    #[arg(long, value_name = "N", default_value_t = 9)]
    top: usize,

    #[command(flatten)]
    figure: FigureArgs,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let drawn = args.figure.wanted()?;
    let (model, trace) = args.input.trace(console)?;
    let cell = cell(&trace.spec, args.cell)?;
    if drawn {
        let ask = ViewAsk::of_cell(View::Why, cell);
        return args.figure.write(model.as_ref(), &trace, &ask, console);
    }
    let job = console.job();
    let network = model.as_ref().map(|model| &model.network);
    let why = job.stage("Taking the cell apart", |progress| why(network, &trace, cell, progress))?;
    if why.table.is_none() {
        console.remark("a saved trace holds no weights: the score is taken apart by dimension alone");
    }
    if console.json {
        return console.object(&object(&why, &trace));
    }
    head_lines(&why, &trace, console)?;
    if let Some(own) = &why.table {
        writeln!(console, "\nby component: query down, key across")?;
        table(own, args.top, &trace, console)?;
    }
    dimensions(&why, console)?;
    sums(&why, console)
}

fn texts<'a>(why: &Why, trace: &'a Trace) -> (&'a Token, &'a Token) {
    let layer = why.cell.head.layer;
    (&trace.query_tokens(layer)[why.cell.query], &trace.key_tokens(layer)[why.cell.key])
}

fn object(why: &Why, trace: &Trace) -> Value {
    let (query, key) = texts(why, trace);
    let name = |component: &crate::analysis::Component| component.name(&trace.spec);
    let mut object = json!({
        "cell": why.cell.to_string(),
        "query": { "index": why.cell.query, "id": query.id, "text": query.text },
        "key": { "index": why.cell.key, "id": key.id, "text": key.text },
        "weight": why.weight,
        "score": finite(why.score),
        "lse": why.lse,
        "product": why.product,
        "distance": why.distance,
        "softcap": why.cap,
        "bias": why.bias,
        "changed": why.changed,
        "sink": why.sink,
        "dimensions": why.dimensions,
        "pairs": why.pairs,
        "residual": why.residual(),
    });
    if let Some(table) = &why.table {
        object["queries"] = table.queries.iter().map(name).collect();
        object["keys"] = table.keys.iter().map(name).collect();
        object["table"] = table.values.chunks_exact(table.keys.len()).map(|row| json!(row)).collect();
    }
    object
}

/// JSON has no −∞, which is the score of an edge that was cut.
fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

fn head_lines(why: &Why, trace: &Trace, console: &mut Console) -> anyhow::Result<()> {
    let (query, key) = texts(why, trace);
    let Cell { head, query: q, key: k } = why.cell;
    writeln!(
        console,
        "{}: token {q} `{}` looks at token {k} `{}`",
        trace.spec.head_name(head),
        query.shown(),
        key.shown()
    )?;
    writeln!(
        console,
        "weight {:.4} = exp({:.4} - {:.4}): the score, less the log-sum-exp of the row",
        why.weight, why.score, why.lse
    )?;
    let scale = trace.spec.blocks[head.layer].attention.scale;
    writeln!(console, "{:>12.4}  q·k, times {scale:.4}", why.product)?;
    if why.distance != 0.0 {
        writeln!(console, "{:>+12.4}  products with their distance", why.distance)?;
    }
    if let Some(cap) = why.cap {
        let capped = cap * ((why.product + why.distance) / cap).tanh();
        writeln!(console, "{capped:>12.4}  after the cap of {cap}")?;
    }
    if why.bias != 0.0 {
        writeln!(console, "{:>+12.4}  position bias", why.bias)?;
    }
    if why.changed {
        writeln!(console, "{:>12.4}  after interventions", why.score)?;
    }
    if why.sink > 0.0 {
        writeln!(console, "{:>12.4}  of the row's attention goes to the sink", why.sink)?;
    }
    Ok(())
}

fn table(own: &Table, top: usize, trace: &Trace, console: &mut Console) -> anyhow::Result<()> {
    let folded = own.folded(top);
    let name = |components: &[crate::analysis::Component], fold: &Fold| match fold {
        Fold::One(index) => components[*index].name(&trace.spec),
        Fold::Rest(_) => "rest".to_owned(),
    };
    let rows: Vec<String> = folded.queries.iter().map(|fold| name(&own.queries, fold)).collect();
    let columns: Vec<String> = folded.keys.iter().map(|fold| name(&own.keys, fold)).collect();
    let first = rows.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(4);
    let wide = columns.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(7);
    write!(console, "{:first$}", "")?;
    for column in columns.iter().map(String::as_str).chain(["sum"]) {
        write!(console, "  {column:>wide$}")?;
    }
    writeln!(console)?;
    for (row, values) in rows.iter().zip(folded.values.chunks_exact(columns.len())) {
        write!(console, "{row:first$}")?;
        for value in values.iter().copied().chain([values.iter().sum()]) {
            write!(console, "  {value:>wide$.3}")?;
        }
        writeln!(console)?;
    }
    write!(console, "{:first$}", "sum")?;
    for column in 0..columns.len() {
        let sum: f64 = folded.values[column..].iter().step_by(columns.len()).sum();
        write!(console, "  {sum:>wide$.3}")?;
    }
    writeln!(console, "  {:>wide$.3}", own.sum())?;
    Ok(())
}

/// The largest head dimensions, and pairs where the model turns them.
fn dimensions(why: &Why, console: &mut Console) -> anyhow::Result<()> {
    const SHOWN: usize = 8;
    let mut largest: Vec<(usize, f64)> = why.dimensions.iter().copied().enumerate().collect();
    largest.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    write!(console, "\nby head dimension")?;
    for (dim, value) in largest.iter().take(SHOWN) {
        write!(console, "  d{dim} {value:.3}")?;
    }
    writeln!(console, "{}", if largest.len() > SHOWN { "  …" } else { "" })?;
    if why.pairs.is_empty() {
        return Ok(());
    }
    let mut largest: Vec<_> = why.pairs.iter().collect();
    largest.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
    write!(console, "by rotary pair")?;
    for pair in largest.iter().take(SHOWN) {
        let [a, b] = pair.dims;
        write!(console, "  d{a},{b} {:.3}", pair.value)?;
    }
    writeln!(console, "{}", if largest.len() > SHOWN { "  …" } else { "" })?;
    Ok(())
}

fn sums(why: &Why, console: &mut Console) -> anyhow::Result<()> {
    write!(console, "\nsums")?;
    if let Some(table) = &why.table {
        write!(console, "  {:.4} over {} pairs of components", table.sum(), table.values.len())?;
    }
    let by_dimension: f64 = why.dimensions.iter().sum();
    write!(console, "  {by_dimension:.4} over {} dimensions", why.dimensions.len())?;
    let pass = why.product + why.distance;
    writeln!(console, "  {pass:.4} in the pass, residual {:.1e}", why.residual())?;
    Ok(())
}
