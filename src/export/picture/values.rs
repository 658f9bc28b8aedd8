//! The numbers of a head's map: cut to the rows and columns that are shown, without the first key where that is asked.

use std::ops::Range;

use rayon::prelude::*;

use crate::export::error::ExportError;
use crate::export::options::{FirstToken, Look, Span};
use crate::render::{ColorMap, Quantity, ValueRange, tiles};
use crate::trace::{HeadId, Pattern, Trace};

/// Numbers of one head's map.
#[derive(Clone, Debug)]
pub struct Values {
    /// The queries that are shown.
    pub queries: Range<usize>,
    /// The keys that are shown.
    pub keys: Range<usize>,
    /// Values across; as many as keys, or fewer where they are pooled.
    pub columns: usize,
    /// Row-major values.
    pub values: Vec<f32>,
}

/// A head's numbers, pooled to at most `most` on a side by their maximum.
pub fn of_head(
    trace: &Trace,
    head: HeadId,
    quantity: Quantity,
    look: Look,
    most: usize,
) -> Result<Values, ExportError> {
    let pattern = trace.pattern(head);
    let queries = Span::of(look.rows, pattern.n_queries(), "query")?;
    let mut keys = Span::of(look.columns, pattern.n_keys(), "key")?;
    if look.first != FirstToken::Keep {
        keys.start = keys.start.max(1);
    }
    if keys.is_empty() {
        return Err(ExportError::Selection("without the first key no key is left to show".into()));
    }
    let (rows, columns) = (queries.len().min(most), keys.len().min(most));
    let values = match (look.first, quantity) {
        (FirstToken::Renormalise, Quantity::Weights) => {
            renormalised(&pattern, &queries, &keys, rows, columns)
        }
        // Scores are what they are, whichever keys the softmax goes over
        _ => tiles::pooled(&pattern, quantity, queries.clone(), keys.clone(), rows, columns),
    };
    Ok(Values { queries, keys, columns, values })
}

/// Weights divided by their query's sum over all keys but the first; 0 where that is 0. The greatest of each bin.
fn renormalised(
    pattern: &Pattern<'_>,
    queries: &Range<usize>,
    keys: &Range<usize>,
    rows: usize,
    columns: usize,
) -> Vec<f32> {
    let mut out = vec![0.0_f32; rows * columns];
    out.par_chunks_mut(columns.max(1)).enumerate().for_each(|(row, out)| {
        let cut = |index: usize| queries.start + queries.len() * index / rows;
        for query in cut(row)..cut(row + 1) {
            let weights = pattern.row(query);
            let sum: f64 = weights[1..].iter().map(|&weight| f64::from(weight)).sum();
            if sum <= 0.0 {
                continue;
            }
            for (column, out) in out.iter_mut().enumerate() {
                let cut = |index: usize| keys.start + keys.len() * index / columns;
                let most = weights[cut(column)..cut(column + 1)].iter().copied().fold(0.0, f32::max);
                *out = out.max((f64::from(most) / sum) as f32);
            }
        }
    });
    out
}

/// What a head's map is scaled to. A cut keeps the whole map's range, so that it can stand beside it; without the first
/// key the range is that of what is left, save the queries that have one key to look at.
pub(super) fn range(
    trace: &Trace,
    head: HeadId,
    quantity: Quantity,
    look: Look,
    map: ColorMap,
    own: &Values,
) -> ValueRange {
    match (quantity, look.first) {
        (Quantity::Scores, _) => fit(map, &own.values),
        (Quantity::Weights, FirstToken::Keep) => tiles::weight_range(trace, head),
        (Quantity::Weights, _) => {
            let pattern = trace.pattern(head);
            let rows = own.values.len() / own.columns.max(1);
            let query = |row: usize| own.queries.start + own.queries.len() * row / rows.max(1);
            let alone = (0..rows).take_while(|&row| pattern.keys(query(row)).len() <= 2).count();
            let others = if alone < rows { &own.values[alone * own.columns..] } else { &own.values };
            ValueRange::up_to_max(others)
        }
    }
}

/// Signed values on an unsigned map run from their least to their greatest.
pub(super) fn fit(map: ColorMap, values: &[f32]) -> ValueRange {
    let fit = ValueRange::fit(map, values);
    let least = values.iter().copied().filter(|value| value.is_finite()).fold(0.0, f32::min);
    ValueRange { low: fit.low.min(least), ..fit }
}
