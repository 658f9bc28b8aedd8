//! One weight as a figure: how its numbers are distributed, and what else they are like.

use serde_json::json;

use super::{Progress, ViewAsk, ViewError, by_formulas, of_weights};
use crate::analysis::{TensorStats, tensor_stats};
use crate::export::figure::histogram::Histogram;
use crate::export::words::views;
use crate::export::{Body, Plate, Says, Table};
use crate::model::Model;
use crate::trace::Trace;

pub(super) fn histogram(
    model: &Model,
    trace: &Trace,
    ask: &ViewAsk,
    progress: Progress<'_>,
) -> Result<Plate, ViewError> {
    let tensors = model.tensors();
    let info = match &ask.tensor {
        None => tensors.first().ok_or(ViewError::Empty)?,
        Some(name) => {
            let named = |tensor: &&crate::model::TensorInfo| tensor.name == *name;
            tensors.iter().find(named).ok_or_else(|| ViewError::NoTensor(name.clone()))?
        }
    };
    if progress(0.0).is_break() {
        return Err(ViewError::Cancelled);
    }
    let stats = tensor_stats(model, &info.name).ok_or_else(|| ViewError::NoTensor(info.name.clone()))?;
    let TensorStats { count, mean, std, min, max, zeros, broken, ref histogram } = stats;
    let shape = info.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ");
    let decimals = |value: f64| format!("{value:.5}").replace('-', "−");
    let mut facts = vec![
        (&views::SHAPE, shape.clone()),
        (&views::STORED_AS, info.dtype.to_string()),
        (&views::NUMBERS, count.to_string()),
        (&views::MEAN, decimals(mean)),
        (&views::STD, decimals(std)),
        (&views::ZEROS, zeros.to_string()),
    ];
    if broken > 0 {
        facts.push((&views::NOT_FINITE, broken.to_string()));
    }
    let [low, high] = [f64::from(min), f64::from(max)];
    let part = (high - low) / histogram.len().max(1) as f64;
    let row = |(bar, &count): (usize, &usize)| {
        vec![json!(bar), json!(low + part * bar as f64), json!(low + part * (bar + 1) as f64), json!(count)]
    };
    let table = Table {
        columns: vec!["bar", "from", "to", "count"],
        rows: histogram.iter().enumerate().map(row).collect(),
    };
    let body = Histogram {
        counts: histogram.clone(),
        range: [low, high],
        across: views::histogram(histogram.len()),
        facts,
    };
    let name = &info.name;
    let [mean, std, low, high] = [mean, std, low, high].map(decimals);
    let says = Says::new(
        format!(
            "Histogram of the weight {name} ({shape}, {count} numbers): mean {mean}, standard deviation {std}, from {low} \
             to {high}, {zeros} zeros,"
        ),
        format!(
            "权重 {name} 的直方图（{shape}，{count} 个数）：均值 {mean}，标准差 {std}，从 {low} 到 {high}，{zeros} 个零"
        ),
    );
    let title = (views::weight(&info.name), info.source_name.clone());
    let plate = of_weights(trace, title, says, Body::Histogram(body), table);
    Ok(by_formulas(
        plate,
        [
            (Says::new("mean", "均值"), "μ = Σ w / n"),
            (Says::new("standard deviation", "标准差"), "√(Σ (w − μ)² / n)"),
        ],
    ))
}
