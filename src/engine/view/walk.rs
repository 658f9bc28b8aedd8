//! The walk as a figure: twelve steps with the strips of their numbers.

use serde_json::json;

use crate::analysis::walk::{self, Outcome, Owner};
use crate::export::figure::rows::{Row, Step};
use crate::export::words::{names, views};
use crate::export::{Body, Plate, Says, Table};
use crate::model::Model;
use crate::trace::Trace;

use super::{ViewAsk, ViewError, by_formula, of_run, weight_formula};

pub(super) fn steps(model: Option<&Model>, trace: &Trace, ask: &ViewAsk) -> Result<Plate, ViewError> {
    let cell = ask.cell(trace)?;
    let walk = walk::walk(model, trace, cell)?;
    let (mut steps, mut rows) = (Vec::with_capacity(walk.steps.len()), Vec::new());
    for step in &walk.steps {
        let kind = word(&step.kind);
        let shape: Vec<String> = step.shape.iter().map(usize::to_string).collect();
        let shape = shape.join(" × ");
        let outcome = step.outcome.map_or_else(Says::default, |Outcome { what, length, value }| {
            views::outcome(&said(&what), length, value)
        });
        let strips = step.strips.iter().map(|strip| Row {
            name: match strip.owner {
                Owner::Query | Owner::Key => Says::joined([&said(&strip.what), &said(&strip.owner)], ", "),
                _ => said(&strip.what),
            },
            values: strip.values.clone(),
        });
        let title = views::walk_step(step.kind.number(), &said(&step.kind), &shape);
        steps.push(Step { title, outcome, rows: strips.collect() });
        for strip in &step.strips {
            let (what, owner) = (word(&strip.what), word(&strip.owner));
            rows.extend(strip.values.iter().enumerate().map(|(index, value)| {
                let finite = value.is_finite().then_some(value);
                vec![
                    json!(step.kind.number()),
                    json!(kind),
                    json!(what),
                    json!(owner),
                    json!(strip.hook),
                    json!(index),
                    json!(finite),
                ]
            }));
        }
    }
    let texts = (
        trace.query_tokens(cell.head.layer)[cell.query].shown(),
        trace.key_tokens(cell.head.layer)[cell.key].shown(),
    );
    let head = trace.spec.head_name(cell.head);
    let (query, key) = (format!("{} “{}”", cell.query, texts.0), format!("{} “{}”", cell.key, texts.1));
    let says = Says::new(
        format!(
            "How head {head} computes what token {query} takes from token {key}, step by step, each from the numbers \
             of the run before it,"
        ),
        format!("头 {head} 如何逐步算出词元 {query} 从词元 {key} 取得的内容，每一步都用本次运行的数值"),
    );
    let title = (views::walk(&head, &texts.0, &texts.1), cell.to_string());
    let columns = vec!["step", "kind", "what", "owner", "hook", "index", "value"];
    let plate = of_run(trace, title, says, Body::Steps(steps), Table { columns, rows });
    Ok(by_formula(plate, weight_formula(trace, cell.head.layer)))
}

/// A name as JSON spells it: `head_output`.
fn id<T: serde::Serialize>(of: &T) -> String {
    let value = serde_json::to_value(of).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// The same in words, for files: `head output`.
fn word<T: serde::Serialize>(of: &T) -> String {
    id(of).replace('_', " ")
}

/// The same for readers.
fn said<T: serde::Serialize>(of: &T) -> Says {
    names::of_walk(&id(of))
}
