//! A training as a figure: loss and scores against steps.

use super::super::{REPORT_EVERY, Report};
use super::{Beside, ViewAsk, ViewError, by_formulas};
use crate::analysis::atlas::ROLES;
use crate::analysis::timeline::StepAxis;
use crate::export::figure::curves::{Curve, Curves, Plane};
use crate::export::words::{names, views};
use crate::export::{Body, Plate, Says, Table};
use serde_json::json;

pub(super) fn curves(ask: &ViewAsk) -> Result<Plate, ViewError> {
    match &ask.beside {
        // What the window reports because it is slow is no part of what makes the same again
        Beside::Training(reports, at) if !reports.is_empty() => {
            let end = reports.last().map_or(0, |report| report.steps);
            let due = |report: &&Report| report.steps == end || report.steps.is_multiple_of(REPORT_EVERY);
            Ok(training_plate(&reports.iter().filter(due).cloned().collect::<Vec<_>>(), *at))
        }
        _ => Err(ViewError::Missing("training")),
    }
}

/// Loss and scores of a training; `at`: the step that is looked at.
pub fn training_plate(reports: &[Report], at: Option<u64>) -> Plate {
    let axis = StepAxis::of(&reports.iter().map(|report| report.steps).collect::<Vec<_>>());
    let line = |name: Says, color: usize, value: &dyn Fn(&Report) -> Option<f64>| {
        let point = |report: &Report| Some([axis.share(report.steps), value(report)?]);
        let points = reports.iter().filter_map(point).collect();
        Curve { name, color: Some(color), points }
    };
    let mut losses = vec![line(views::ASKED_LOSS.clone(), 0, &|report| Some(report.loss))];
    if reports.iter().any(|report| report.other_loss.is_some()) {
        losses.push(line(views::UNKNOWN_LOSS.clone(), 1, &|report| report.other_loss));
    }
    let scores = vec![
        line(views::ACCURACY.clone(), 0, &|report| Some(report.accuracy)),
        line(names::role("induction", "induction"), 1, &|report| Some(report.induction_score)),
        line(names::role("previous_token", "previous token"), 2, &|report| Some(report.previous_token_score)),
    ];
    let highest = losses.iter().flat_map(|curve| &curve.points).map(|[_, loss]| *loss).fold(0.0, f64::max);
    let body = Curves {
        across: views::STEP.clone(),
        ticks: axis.marks(6),
        planes: vec![
            Plane {
                name: views::LOSS_NATS.clone(),
                range: [0.0, highest.max(f64::MIN_POSITIVE)],
                curves: losses,
            },
            Plane { name: views::ACCURACY_AND_SCORES.clone(), range: [0.0, 1.0], curves: scores },
        ],
        flags: Vec::new(),
        marked: at.map(|step| axis.share(step)),
    };
    let row = |report: &Report| {
        vec![
            json!(report.steps),
            json!(report.loss),
            json!(report.other_loss),
            json!(report.accuracy),
            json!(report.induction_score),
            json!(report.induction_head.to_string()),
            json!(report.previous_token_score),
            json!(report.previous_token_head.to_string()),
        ]
    };
    let columns = vec![
        "steps",
        "loss",
        "other_loss",
        "accuracy",
        "induction_score",
        "induction_head",
        "previous_token_score",
        "previous_token_head",
    ];
    let last = reports.last();
    let steps = last.map_or(0, |report| report.steps);
    let heads = last.map_or(0, |report| report.heads.len());
    let plate = Plate {
        formulas: Vec::new(),
        title: views::TRAINING.clone(),
        subtitle: views::training(heads, steps),
        hook: views::TRAINING_FOOT.clone(),
        says: Says::new(
            format!(
                "Loss (on rows that are not trained on), accuracy and the best heads' scores on random tokens said \
                 twice (Olsson et al. 2022) over {steps} steps of training."
            ),
            format!(
                "{steps} 步训练中的损失（在未参与训练的行上）、准确率，以及最佳头在说两遍的随机词元上的分数\
                 （Olsson et al. 2022）。"
            ),
        ),
        body: Body::Curves(body),
        strips: Vec::new(),
        table: Table { columns, rows: reports.iter().map(row).collect() },
    };
    let scored = |id: &str| {
        let role = ROLES.iter().find(|role| role.id == id)?;
        Some((names::role(role.id, role.label), names::formula(role.score, role.formula)))
    };
    let scores = ["induction", "previous_token"].into_iter().filter_map(scored);
    let loss = (views::LOSS.clone(), Says::new("mean of −ln p", "−ln p 的均值"));
    by_formulas(plate, std::iter::once(loss).chain(scores))
}
