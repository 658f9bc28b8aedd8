//! Loss by position as a figure.

use super::super::Curve;
use super::{Beside, ViewAsk, ViewError, changed_by};
use crate::export::figure::curves::{Curve as Line, Curves, Plane};
use crate::export::words::views;
use crate::export::{Body, Plate, Says, Table};
use crate::trace::Intervention;
use serde_json::json;

pub(super) fn twice(ask: &ViewAsk) -> Result<Plate, ViewError> {
    let Beside::Twice(read) = &ask.beside else { return Err(ViewError::Missing("twice")) };
    Ok(curve_plate(&read.clean, read.changed.as_ref(), &read.interventions))
}

/// Loss against the position, of a model as it is and, where there are any, with interventions.
pub fn curve_plate(clean: &Curve, changed: Option<&Curve>, interventions: &[Intervention]) -> Plate {
    let n = clean.losses.len();
    let share = |position: usize| position as f64 / n.max(1) as f64;
    let line = |name: &Says, color: usize, curve: &Curve| {
        // losses[i] is of the token at i + 1
        let points = curve.losses.iter().enumerate().map(|(at, &loss)| [share(at + 1), loss]).collect();
        Line { name: name.clone(), color: Some(color), points }
    };
    let mut curves = vec![line(&views::AS_IT_IS, 0, clean)];
    curves.extend(changed.map(|changed| line(&views::WITH_CHANGES, 1, changed)));
    let highest = curves.iter().flat_map(|curve| &curve.points).map(|[_, loss]| *loss).fold(0.0, f64::max);
    let step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].into_iter().find(|step| n / step <= 8);
    let ticks = (0..=n).step_by(step.unwrap_or(5000)).map(|at| (share(at), at.to_string())).collect();
    let mut columns = vec!["position", "loss", "windows"];
    columns.extend(changed.map(|_| "loss_changed"));
    let row = |at: usize| {
        let mut row = vec![json!(at + 1), json!(clean.losses[at]), json!(clean.counts[at])];
        row.extend(changed.map(|changed| json!(changed.losses[at])));
        row
    };
    let told = |curve: &Curve| {
        let pair = curve.first_and_second;
        pair.map_or_else(Says::default, |(first, second)| {
            Says::new(
                format!(" First time {first:.2} bits a token, second time {second:.2}."),
                format!("第一遍每词元 {first:.2} 比特，第二遍 {second:.2} 比特。"),
            )
        })
    };
    let with = changed_by(interventions);
    let model = &clean.model;
    let plate = Plate {
        formulas: Vec::new(),
        title: views::CURVE.clone(),
        subtitle: views::read(&clean.model, clean.windows),
        hook: views::CURVE_FOOT.clone(),
        says: Says::new(
            format!(
                "Mean loss of the token at each position over {} sequences (Kaplan et al. 2020; Olsson et al. 2022) in \
                 {model}{}.{}{}",
                clean.windows,
                with.en,
                told(clean).en,
                changed.map_or_else(String::new, |changed| format!(" With changes:{}", told(changed).en)),
            ),
            format!(
                "{model}{}：各位置上词元的平均损失，共 {} 个序列（Kaplan et al. 2020；Olsson et al. 2022）。{}{}",
                with.zh,
                clean.windows,
                told(clean).zh,
                changed.map_or_else(String::new, |changed| format!("干预之后：{}", told(changed).zh)),
            ),
        ),
        body: Body::Curves(Curves {
            across: views::POSITION.clone(),
            ticks,
            planes: vec![Plane {
                name: views::LOSS_BITS.clone(),
                range: [0.0, highest.max(f64::MIN_POSITIVE)],
                curves,
            }],
            flags: clean.again.map(|again| (share(again), views::AGAIN.clone())).into_iter().collect(),
            marked: None,
        }),
        strips: Vec::new(),
        table: Table { columns, rows: (0..n).map(row).collect() },
    };
    let formula = Says::new(
        "mean of −log₂ p(token_t | token_0 … token_{t−1})",
        "−log₂ p(token_t | token_0 … token_{t−1}) 的均值",
    );
    super::by_formula(plate, formula)
}
