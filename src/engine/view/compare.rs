//! Two runs as figures: heads by how far they differ, and one head's difference over aligned tokens.

use super::{Beside, Progress, ViewAsk, ViewError, by_formula, of_run, weight_formula};
use crate::analysis::compare::{self, Alignment, Comparison, Pair};
use crate::export::figure::axis::Axis;
use crate::export::figure::bars::{Bar, Bars};
use crate::export::figure::matrix::VALUES;
use crate::export::words::{maps, views};
use crate::export::{Body, Plate, Says, Table};
use crate::trace::{HeadId, Hook, Side, Token, Trace, listed_changes};
use serde_json::json;

/// The second run, and how it compares with the first.
fn both<'a>(
    a: &Trace,
    ask: &'a ViewAsk,
    progress: Progress<'_>,
) -> Result<(&'a Trace, Comparison), ViewError> {
    let Beside::Second(_, b) = &ask.beside else { return Err(ViewError::Missing("compare")) };
    let comparison = compare::compare(a, b, progress)?;
    Ok((b, comparison))
}

fn name(trace: &Trace) -> Says {
    let (model, all) = (&trace.model_name, listed_changes(trace.interventions()));
    if all.is_empty() {
        return model.as_str().into();
    }
    Says::new(format!("{model}, changed by {all}"), format!("{model}（干预：{all}）"))
}

/// A plate of both runs.
pub(super) fn of_both(
    a: &Trace,
    b: &Trace,
    title: (Says, impl Into<Says>),
    says: Says,
    body: Body,
    table: Table,
) -> Plate {
    let other = if a.prompt == b.prompt {
        Says::default()
    } else {
        Says::new(format!(" Second prompt: “{}”.", b.prompt), format!("第二个提示词：“{}”。", b.prompt))
    };
    let plate = of_run(a, title, says, body, table);
    let [a, b] = [a, b].map(name);
    let Says { en, zh } = &plate.says;
    Plate {
        subtitle: Says::new(format!("A {} · B {}", a.en, b.en), format!("A {} · B {}", a.zh, b.zh)),
        says: Says::new(
            format!("{en} A is {}, B is {}.{}", a.en, b.en, other.en),
            format!("{zh}A 是 {}，B 是 {}。{}", a.zh, b.zh, other.zh),
        ),
        ..plate
    }
}

pub(super) fn heads(a: &Trace, ask: &ViewAsk, progress: Progress<'_>) -> Result<Plate, ViewError> {
    let (b, comparison) = both(a, ask, progress)?;
    let ranked = comparison.by_divergence();
    let known = || ranked.iter().filter_map(|head| head.distance.as_ref().map(|distance| (head, distance)));
    let bars: Vec<Bar> = known()
        .map(|(head, distance)| Bar {
            name: maps::named(&a.spec.head_name(head.a)),
            value: distance.divergence,
            label: format!("{:.4}", distance.divergence),
            faint: false,
        })
        .collect();
    if bars.is_empty() {
        return Err(ViewError::Empty);
    }
    let row = |(head, distance): (&&compare::HeadDifference, &compare::Distance)| {
        vec![
            json!(a.spec.head_name(head.a)),
            json!(b.spec.head_name(head.b)),
            json!(distance.divergence),
            json!(distance.variation),
            json!(distance.rows),
        ]
    };
    let columns = vec!["head_a", "head_b", "divergence", "variation", "rows"];
    let table = Table { columns, rows: known().map(row).collect() };
    let body = Bars { bars, quantity: views::DIVERGENCE.clone(), sums: false, wide: false };
    let says = Says::new(
        "Heads by how far their attention differs between two runs: the mean Jensen–Shannon divergence of rows over \
         aligned tokens, first run",
        "各头的注意力在两次运行之间相差多少：对齐词元上各行 Jensen–Shannon 散度的均值（此为第一次运行）",
    );
    let title = (views::COMPARE.clone(), "blocks.*.attn.hook_pattern");
    let plate = of_both(a, b, title, says, Body::Bars(body), table);
    Ok(by_formula(
        plate,
        "mean over rows of ½·Σ_k p_k·log₂(p_k/m_k) + ½·Σ_k q_k·log₂(q_k/m_k), m = (p + q)/2",
    ))
}

pub(super) fn difference(a: &Trace, ask: &ViewAsk, progress: Progress<'_>) -> Result<Plate, ViewError> {
    let (b, comparison) = both(a, ask, progress)?;
    difference_plate(a, b, &comparison, ask.head)
}

/// How one head's weights differ between two runs that were compared, as a figure.
pub fn difference_plate(
    a: &Trace,
    b: &Trace,
    comparison: &Comparison,
    head: HeadId,
) -> Result<Plate, ViewError> {
    let Some(both) = comparison.heads.iter().find(|own| own.a == head) else {
        return Err(ViewError::Empty);
    };
    let part = a.spec.blocks[head.layer].part;
    let (queries, keys) = (comparison.alignment(part.rows()), comparison.alignment(part.columns()));
    let map = compare::difference(a.pattern(both.a), b.pattern(both.b), queries, keys, VALUES);
    if map.values.is_empty() {
        return Err(ViewError::Empty);
    }
    // What is pooled has a label for each of its lines
    let axis = |name, alignment: &Alignment, side, lines: usize| {
        let n = alignment.pairs.len();
        let labels = (0..lines).map(|line| label(&alignment.pairs[line * n / lines.max(1)], [a, b], side));
        Axis::new(name, labels)
    };
    let body = Body::Map {
        rows: axis(&maps::QUERY, queries, part.rows(), map.rows),
        columns: axis(&maps::KEY, keys, part.columns(), map.columns),
        values: map.values,
        quantity: &maps::DIFFERENCE,
        signed: true,
    };
    let name = a.spec.head_name(head);
    let says = Says::new(
        format!("Attention weights of head {name} over aligned tokens, B less A, first run"),
        format!("头 {name} 在对齐词元上的注意力权重，B 减 A（此为第一次运行）"),
    );
    let hook = format!("{}[{}]", a.spec.hook_name(Hook::Pattern, head.layer), head.head);
    let plate = of_both(a, b, (views::b_less_a(&name), hook), says, body, Table::default());
    let Says { en, zh } = weight_formula(a, head.layer);
    Ok(by_formula(plate, Says::new(format!("B − A, {en}"), format!("B − A，{zh}"))))
}

/// What a pair of tokens reads: one text where both read the same.
fn label(pair: &Pair, [a, b]: [&Trace; 2], side: Side) -> String {
    let text = |tokens: &[Token]| tokens.iter().map(Token::shown).collect::<String>();
    let own = text(&a.tokens_of(side)[pair.a.clone()]);
    if pair.same { own } else { format!("{own}→{}", text(&b.tokens_of(side)[pair.b.clone()])) }
}
