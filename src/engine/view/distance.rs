//! Recall by the distance of the fact, as a figure.

use serde_json::json;

use super::{Beside, ViewAsk, ViewError, by_formula, changed_by};
use crate::engine::{Recall, by_distance};
use crate::export::figure::curves::{Curve, Curves, Plane};
use crate::export::words::views;
use crate::export::{Body, Plate, Says, Table};

pub(super) fn curve(ask: &ViewAsk) -> Result<Plate, ViewError> {
    let Beside::Recall(recall) = &ask.beside else { return Err(ViewError::Missing("distance")) };
    Ok(distance_plate(recall))
}

/// Mean probability of the answer against the tokens from fact to question, by octaves; its table: run, distance, p.
fn distance_plate(recall: &Recall) -> Plate {
    let clean = by_distance(&recall.cells);
    let changed = recall.changed.as_deref().map(by_distance);
    let all = || clean.iter().chain(changed.iter().flatten()).map(|(distance, _)| distance.log2());
    let (low, high) = (all().fold(f64::INFINITY, f64::min).floor(), all().fold(0.0, f64::max).ceil());
    let share = |distance: f64| ((distance.log2() - low) / (high - low).max(1.0)).clamp(0.0, 1.0);
    let ticks = (low as i32..=high as i32).map(|power| f64::from(power).exp2());
    let line = |name: &Says, color: usize, points: &[(f64, f64)]| Curve {
        name: name.clone(),
        color: Some(color),
        points: points.iter().map(|&(distance, p)| [share(distance), p]).collect(),
    };
    let mut curves = vec![line(&views::AS_IT_IS, 0, &clean)];
    curves.extend(changed.iter().map(|points| line(&views::WITH_CHANGES, 1, points)));
    let row =
        |run: &'static str| move |&(distance, p): &(f64, f64)| vec![json!(run), json!(distance), json!(p)];
    let rows = clean.iter().map(row("clean")).chain(changed.iter().flatten().map(row("changed")));
    let told = changed_by(&recall.interventions);
    let template: &'static str = recall.template.into();
    let Recall { trials, seed, model, .. } = recall;
    let plate = Plate {
        title: views::distance(model),
        subtitle: views::recall_asked(template, *trials),
        hook: views::RECALL_FOOT.clone(),
        says: Says::new(
            format!(
                "Probability of the right answer by the tokens from the fact to the question, half an octave a point, \
                 template {template}, {trials} questions a cell, seed {seed}, in {model}{}.",
                told.en
            ),
            format!(
                "{model}{}：正确答案的概率，按事实到问题的词元数，每半个八度一点，模板 {template}，每格 {trials} 个问题，\
                 种子 {seed}。",
                told.zh
            ),
        ),
        formulas: Vec::new(),
        body: Body::Curves(Curves {
            across: views::DISTANCE.clone(),
            ticks: ticks.map(|distance| (share(distance), format!("{distance:.0}"))).collect(),
            planes: vec![Plane { name: views::ANSWER_PROBABILITY.clone(), range: [0.0, 1.0], curves }],
            flags: Vec::new(),
            marked: None,
        }),
        strips: Vec::new(),
        table: Table { columns: vec!["run", "distance", "p"], rows: rows.collect() },
    };
    by_formula(plate, "p = 1/n·Σ_i p(answer_i | context_i)")
}
