//! Hidden states as a map: token by dimension, or token by layer.

use crate::export::arrays::{self, Entry, Source};
use crate::export::error::ExportError;
use crate::export::figure::Drawing;
use crate::export::figure::axis::Axis;
use crate::export::figure::matrix::{self, Matrix};
use crate::export::options::{Labels, Look, Options};
use crate::export::what::{Along, What};
use crate::model::Part;
use crate::render::Shader;
use crate::trace::{Side, Trace, norms};

use super::said;
use super::values;
use super::words::{hooks_of_all, strips, token_labels};
use crate::export::words::{Says, maps};

/// Hidden states: of one block token by token and dimension by dimension, of several the norm of each token's vector.
pub(super) fn draw(source: &Source<'_>, options: &Options, what: What) -> Result<Drawing, ExportError> {
    let trace = source.trace;
    if !matches!(what.axes(), [Along::Token, Along::Dimension]) {
        return Err(ExportError::Content { format: "a picture", what: format!("`{}`", what.id()) });
    }
    if options.look.is_cut() || !options.picked.is_empty() {
        let why = "rows, columns, the first token and picked heads belong to attention patterns and scores";
        return Err(ExportError::Selection(why.into()));
    }
    let entries = arrays::entries(trace, &[what], &options.selection)?;
    let mut states = Vec::with_capacity(entries.len());
    for entry in &entries {
        let mut values = Vec::with_capacity(entry.len() as usize);
        entry.stream(source, &mut |part| {
            values.extend_from_slice(part);
            Ok(())
        })?;
        states.push(values);
    }
    let look = options.look;
    let Some(first) = entries.first() else {
        return Err(ExportError::Selection("no layer is selected".into()));
    };
    // Source and target have rows of their own, where layers of both are picked
    let mut sides: Vec<Side> = entries.iter().map(|entry| side_of(trace, entry)).collect();
    sides.sort_by_key(|&side| side == Side::Target);
    sides.dedup();
    let page = |title, hook, columns: Axis, values, quantity| Matrix {
        title,
        subtitle: said(&maps::subtitle(trace, true), look),
        hook,
        rows: Axis {
            numbered: look.labels == Labels::Both && sides.len() == 1,
            ..Axis::new(
                &maps::TOKEN,
                sides.iter().flat_map(|&side| token_labels(trace.tokens_of(side), 0, look.labels)),
            )
        },
        value_columns: columns.labels.len(),
        columns,
        values,
        quantity,
        strips: strips(trace),
    };
    if entries.iter().all(|entry| entry.layer == first.layer) {
        let title = match first.layer {
            Some(layer) => said(&maps::at_layer(what, &trace.spec.layer_name(layer)), look),
            None => said(maps::of(what), look),
        };
        let columns =
            Axis { numbered: true, ..Axis::new(&maps::DIMENSION, vec![Says::default(); first.shape[1]]) };
        let values = states.swap_remove(0);
        return Ok(finish(&page(title, first.name.clone(), columns, values, &maps::VALUE), true, look));
    }
    let label = |entry: &Entry| -> Says {
        match entry.layer {
            Some(layer) if !entry.ends_stack() => maps::named(&trace.spec.layer_name(layer)),
            Some(layer) if trace.spec.blocks[layer].part == Part::Encoder => maps::ENCODER_END.clone(),
            _ => maps::END.clone(),
        }
    };
    let columns = Axis::new(&maps::LAYER, entries.iter().map(label));
    let values = state_norms(trace, &sides, &entries, &states);
    let title = said(&maps::norms(what), look);
    let hook = hooks_of_all(trace, what);
    Ok(finish(&page(title, hook, columns, values, &maps::NORM), false, look))
}

/// Euclidean norms, [token, layer], of several [token, width] states; the tokens of one text below the other's, −∞
/// (masked) where a layer has none of them.
fn state_norms(trace: &Trace, sides: &[Side], entries: &[Entry], states: &[Vec<f32>]) -> Vec<f32> {
    let layer = |(entry, state): (&Entry, &Vec<f32>)| (side_of(trace, entry), norms(state, entry.shape[1]));
    let layers: Vec<(Side, Vec<f32>)> = entries.iter().zip(states).map(layer).collect();
    let mut values = Vec::new();
    for &side in sides {
        for token in 0..trace.tokens_of(side).len() {
            let own =
                |(of, norms): &(Side, Vec<f32>)| if *of == side { norms[token] } else { f32::NEG_INFINITY };
            values.extend(layers.iter().map(own));
        }
    }
    values
}

/// Whose tokens the rows of a hidden state are.
fn side_of(trace: &Trace, entry: &Entry) -> Side {
    entry.layer.map_or(Side::Target, |layer| trace.spec.blocks[layer].part.rows())
}

fn finish(matrix: &Matrix, signed: bool, look: Look) -> Drawing {
    let map = look.map(signed);
    let shader = Shader::new(map, look.scale, values::fit(map, &matrix.values));
    matrix::layout(matrix, &shader, look.scale, &look.style())
}
