//! Scores and logits taken apart, as figures.

use serde_json::json;

use crate::analysis::{self, Component, Fold, Question, logits_at};
use crate::export::figure::axis::Axis;
use crate::export::figure::bars::{Bar, Bars, signed};
use crate::export::words::{maps, marks, views};
use crate::export::{Body, Plate, Says, Table};
use crate::model::{HeadId, Model, largest, shown};
use crate::trace::Trace;

use super::{Progress, ViewAsk, ViewError, by_formula, of_run};

/// Components with a row and a column of their own; the others are one, `rest`.
const SHOWN: usize = 14;

pub(super) fn why(
    model: Option<&Model>,
    trace: &Trace,
    ask: &ViewAsk,
    progress: Progress<'_>,
) -> Result<Plate, ViewError> {
    let cell = ask.cell(trace)?;
    let why = analysis::why(model.map(|model| &model.network), trace, cell, progress)?;
    let head = trace.spec.head_name(cell.head);
    let texts = (
        trace.query_tokens(cell.head.layer)[cell.query].shown(),
        trace.key_tokens(cell.head.layer)[cell.key].shown(),
    );
    let weight = views::weight_and_score(&cell.to_string(), why.weight, why.score);
    let title = (views::why(&head, &texts.0, &texts.1), weight);
    let (query, key, (looks, looked_at)) = (cell.query, cell.key, &texts);
    let whose = Says::new(
        format!("token {query} “{looks}” and token {key} “{looked_at}” in head {head}"),
        format!("头 {head} 中词元 {query} “{looks}” 对词元 {key} “{looked_at}” 的得分"),
    );
    let Some(own) = &why.table else {
        // A saved trace: by dimension alone
        let bar = |(index, &value): (usize, &f64)| Bar {
            name: format!("d{index}").into(),
            value,
            label: signed(value),
            faint: false,
        };
        let bars = Bars {
            bars: why.dimensions.iter().enumerate().map(bar).collect(),
            quantity: "scale · q[d] · k[d]".into(),
            sums: true,
            wide: false,
        };
        let rows = why.dimensions.iter().enumerate().map(|(index, value)| vec![json!(index), json!(value)]);
        let table = Table { columns: vec!["dimension", "value"], rows: rows.collect() };
        let says = Says::new(
            format!("The score of {} by dimension of the head,", whose.en),
            format!("{}，按头的维度拆开", whose.zh),
        );
        let plate = of_run(trace, title, says, Body::Bars(bars), table);
        return Ok(by_formula(plate, "score = Σ_d scale·q_d·k_d"));
    };
    let folded = own.folded(SHOWN);
    let name = |components: &[Component], fold: &Fold| -> Says {
        match fold {
            Fold::One(index) => maps::named(&components[*index].name(&trace.spec)),
            Fold::Rest(members) => marks::more(members.len()),
        }
    };
    let axis = |axis, components: &[Component], folds: &[Fold]| Axis {
        named: true,
        ..Axis::new(axis, folds.iter().map(|fold| name(components, fold)))
    };
    let body = Body::Map {
        rows: axis(&maps::QUERY, &own.queries, &folded.queries),
        columns: axis(&maps::KEY, &own.keys, &folded.keys),
        values: folded.values.iter().map(|&value| value as f32).collect(),
        quantity: &views::PART_OF_SCORE,
        signed: true,
    };
    let sum = own.sum();
    let says = Says::new(
        format!(
            "The score of {}, by component that wrote into the query (rows) and the key (columns), norms' scales \
             frozen; the cells add up to {sum:.4},",
            whose.en
        ),
        format!("{}，按写入查询（行）和键（列）的部件拆开，归一化的尺度固定；各格之和为 {sum:.4}", whose.zh),
    );
    let plate = of_run(trace, title, says, body, Table::default());
    let formula = Says::new(
        "score = Σ_ab scale·⟨q_a, k_b⟩ over components a of the query and b of the key",
        "score = Σ_ab scale·⟨q_a, k_b⟩，a 为查询的部件，b 为键的部件",
    );
    Ok(by_formula(plate, formula))
}

pub(super) fn attribution(
    model: &Model,
    trace: &Trace,
    ask: &ViewAsk,
    progress: Progress<'_>,
) -> Result<Plate, ViewError> {
    let token = trace.asked_token(ask.query);
    let best = || {
        let logits: Vec<f64> =
            logits_at(&model.network, trace, token).iter().map(|&logit| logit.into()).collect();
        largest(&logits, 1).first().map_or(0, |&best| best as u32)
    };
    let question = Question { token, word: ask.word.unwrap_or_else(best), against: ask.against };
    let said = analysis::attribute(&model.network, trace, question, progress)?;
    let mut parts = said.parts.clone();
    if !ask.in_order {
        parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    }
    let bar = |&(component, value): &(Component, f64)| Bar {
        name: maps::named(&component.name(&trace.spec)),
        value,
        label: signed(value),
        faint: false,
    };
    let bars = Bars {
        bars: parts.iter().map(bar).collect(),
        quantity: views::PART_OF_LOGIT.clone(),
        sums: true,
        wide: false,
    };
    let record = |&(component, value): &(Component, f64)| {
        let head = match component {
            Component::Head(HeadId { layer, head }) => (Some(layer), Some(head)),
            _ => (None, None),
        };
        vec![json!(component.name(&trace.spec)), json!(head.0), json!(head.1), json!(value)]
    };
    let columns = vec!["component", "layer", "head", "value"];
    let table = Table { columns, rows: parts.iter().map(record).collect() };
    let text = |id: u32| shown(&model.token(id).text);
    let word = text(question.word);
    let what = match question.against.map(text) {
        None => Says::new(format!("logit of “{word}”"), format!("“{word}” 的 logit")),
        Some(other) => Says::new(
            format!("logit of “{word}” less that of “{other}”"),
            format!("“{word}” 与 “{other}” 的 logit 之差"),
        ),
    };
    let title = (views::attribution(&what, &signed(said.logit())), views::attribution_foot(token));
    let sum = said.sum();
    let says = Says::new(
        format!(
            "Direct logit attribution (Elhage et al. 2021): what each part of the model adds to the {} at token \
             {token}, norms' scales frozen; the parts add up to {sum:.4},",
            what.en
        ),
        format!(
            "直接 logit 归因（Elhage et al. 2021）：模型各部件在词元 {token} 处对{}的贡献，归一化的尺度固定；\
             各部件之和为 {sum:.4}",
            what.zh
        ),
    );
    let plate = of_run(trace, title, says, Body::Bars(bars), table);
    let formula = Says::new(
        "logit = Σ_c ⟨c, W_U⟩ over what each component c wrote, after the last norm",
        "logit = Σ_c ⟨c, W_U⟩，c 为各部件写入的内容（经过最后的归一化）",
    );
    Ok(by_formula(plate, formula))
}
