//! From a trace to a drawing: one head's map, a contact sheet of many, or a token × width map of hidden states.

use std::io::Write;

use crate::render::{ColorMap, Quantity, Scale, Shader, ValueRange, tiles};
use crate::trace::{HeadId, Trace, norms};

use super::arrays::{self, Entry, Source};
use super::error::ExportError;
use super::figure::axis::Axis;
use super::figure::matrix::{self, Matrix};
use super::figure::sheet::{self, Line, Sheet};
use super::figure::{Drawing, to_svg};
use super::options::{Labels, Look, Options};
use super::png;
use super::what::{Along, Selection, What};

/// Values along a small map's side.
const SMALL: usize = 64;

/// Writes the picture that `options` ask for.
pub(super) fn write_svg(
    source: &Source<'_>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    Ok(out.write_all(to_svg(&draw(source, options)?).as_bytes())?)
}

/// The same as pixels.
pub(super) fn write_png(
    source: &Source<'_>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    Ok(out.write_all(&png::draw(&draw(source, options)?, options.look.size)?)?)
}

/// The drawing: one map where one head (or one hidden state) is picked, else a contact sheet.
pub fn draw(source: &Source<'_>, options: &Options) -> Result<Drawing, ExportError> {
    let what = options.what.first().copied().unwrap_or_default();
    let quantity = match what {
        What::Pattern => Quantity::Weights,
        What::Scores => Quantity::Scores,
        _ => return draw_states(source, options, what),
    };
    let heads = heads(source.trace, &options.selection)?;
    Ok(match heads.as_slice() {
        &[head] => draw_head(source.trace, head, quantity, options.look),
        _ => draw_sheet(source.trace, &heads, quantity, options.look),
    })
}

/// The heads that a selection picks; picking none is an error.
pub fn heads(trace: &Trace, selection: &Selection) -> Result<Vec<HeadId>, ExportError> {
    let mut heads = Vec::new();
    for layer in selection.layers(&trace.spec)? {
        let picked = selection.heads(&trace.spec, layer)?;
        heads.extend(picked.into_iter().map(|head| HeadId { layer, head }));
    }
    if heads.is_empty() { Err(ExportError::Selection("no head is selected".into())) } else { Ok(heads) }
}

/// One head's map on a page of its own.
pub fn draw_head(trace: &Trace, head: HeadId, quantity: Quantity, look: Look) -> Drawing {
    let pattern = trace.pattern(head);
    let (rows, columns) = (pattern.n_queries(), pattern.n_keys());
    let (value_rows, value_columns) = (rows.min(matrix::VALUES), columns.min(matrix::VALUES));
    let values = tiles::pooled(&pattern, quantity, 0..rows, 0..columns, value_rows, value_columns);
    let what = what_of(quantity);
    let labels = token_labels(trace, look.labels);
    let axis = |name| Axis { name, labels: labels.clone(), numbered: look.labels == Labels::Both };
    let matrix = Matrix {
        title: format!("Head {head}"),
        subtitle: subtitle(trace, true),
        hook: format!("{}[{}]", trace.spec.hook_name(what.hook(), head.layer), head.head),
        rows: axis("query"),
        columns: axis("key"),
        value_columns,
        values,
        quantity: words(what),
        prompt: shown(trace),
    };
    let map = look.map(quantity == Quantity::Scores);
    let range = head_range(trace, head, quantity, map, &matrix.values);
    finish(&matrix, &Shader::new(map, look.scale, range), look)
}

/// Every picked head in small.
pub fn draw_sheet(trace: &Trace, heads: &[HeadId], quantity: Quantity, look: Look) -> Drawing {
    let map = look.map(quantity == Quantity::Scores);
    let mut lines: Vec<Line> = Vec::new();
    for &head in heads {
        let name = format!("L{}", head.layer);
        if lines.last().is_none_or(|line| line.name != name) {
            lines.push(Line { name, maps: Vec::new() });
        }
        let pattern = trace.pattern(head);
        let (rows, columns) = (pattern.n_queries(), pattern.n_keys());
        let (small_rows, small_columns) = (rows.min(SMALL), columns.min(SMALL));
        let values = tiles::pooled(&pattern, quantity, 0..rows, 0..columns, small_rows, small_columns);
        let shader = Shader::new(map, look.scale, head_range(trace, head, quantity, map, &values));
        if let Some(line) = lines.last_mut() {
            line.maps.push((head.to_string(), shader.paint(&values, small_columns)));
        }
    }
    let sheet = Sheet {
        title: trace.model_name.clone(),
        subtitle: subtitle(trace, false),
        hook: what_of(quantity).hook().name_of_all(),
        words: format!("{}, {}", words(what_of(quantity)), sheet_scale(map, look.scale)),
        lines,
        prompt: shown(trace),
    };
    sheet::layout(&sheet, look.theme())
}

/// Hidden states: of one block token by token and dimension by dimension, of several the norm of each token's vector.
fn draw_states(source: &Source<'_>, options: &Options, what: What) -> Result<Drawing, ExportError> {
    let trace = source.trace;
    if !matches!(what.axes(), [Along::Token, Along::Dimension]) {
        return Err(ExportError::Content { format: ".png and .svg", what: format!("`{}`", what.id()) });
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
    let rows = Axis {
        name: "token",
        labels: token_labels(trace, look.labels),
        numbered: look.labels == Labels::Both,
    };
    let page = |title, hook, columns: Axis, values, quantity| Matrix {
        title,
        subtitle: subtitle(trace, true),
        hook,
        rows,
        value_columns: columns.labels.len(),
        columns,
        values,
        quantity,
        prompt: shown(trace),
    };
    let Some(first) = entries.first() else {
        return Err(ExportError::Selection("no layer is selected".into()));
    };
    if entries.iter().all(|entry| entry.layer == first.layer) {
        let title = match first.layer {
            Some(layer) => format!("{}, layer {layer}", words(what)),
            None => words(what).to_owned(),
        };
        let columns = Axis { name: "dimension", labels: vec![String::new(); first.shape[1]], numbered: true };
        let values = states.swap_remove(0);
        return Ok(finish_states(&page(title, first.name.clone(), columns, values, "Value"), true, look));
    }
    let label = |entry: &Entry| match entry.layer {
        Some(layer) if entry.hook() == what.hook() => layer.to_string(),
        _ => "end".to_owned(),
    };
    let columns = Axis { name: "layer", labels: entries.iter().map(label).collect(), numbered: false };
    let values = state_norms(&states, trace.n_tokens());
    let title = format!("{}, norms", words(what));
    let hook = what.hook().name_of_all();
    Ok(finish_states(&page(title, hook, columns, values, "Euclidean norm"), false, look))
}

/// Euclidean norms, [token, layer], of several [token, width] states.
fn state_norms(states: &[Vec<f32>], n_tokens: usize) -> Vec<f32> {
    let layers: Vec<Vec<f32>> =
        states.iter().map(|state| norms(state, state.len() / n_tokens.max(1))).collect();
    (0..n_tokens).flat_map(|token| layers.iter().map(move |layer| layer[token])).collect()
}

fn finish_states(matrix: &Matrix, signed: bool, look: Look) -> Drawing {
    let map = look.map(signed);
    finish(matrix, &Shader::new(map, look.scale, range(map, &matrix.values)), look)
}

fn finish(matrix: &Matrix, shader: &Shader, look: Look) -> Drawing {
    matrix::layout(matrix, shader, look.scale, look.theme())
}

fn head_range(trace: &Trace, head: HeadId, quantity: Quantity, map: ColorMap, values: &[f32]) -> ValueRange {
    match quantity {
        Quantity::Weights => tiles::weight_range(trace, head),
        Quantity::Scores => range(map, values),
    }
}

/// Signed values on an unsigned map run from their least to their greatest.
fn range(map: ColorMap, values: &[f32]) -> ValueRange {
    let fit = ValueRange::fit(map, values);
    let least = values.iter().copied().filter(|value| value.is_finite()).fold(0.0, f32::min);
    ValueRange { low: fit.low.min(least), ..fit }
}

fn what_of(quantity: Quantity) -> What {
    match quantity {
        Quantity::Weights => What::Pattern,
        Quantity::Scores => What::Scores,
    }
}

/// What a value of `what` is, in a legend or a title.
fn words(what: What) -> &'static str {
    match what {
        What::Pattern => "Attention weight",
        What::Scores => "Attention score",
        What::Resid => "Residual stream",
        What::ResidMid => "Residual stream after attention",
        What::AttnOut => "Added by attention",
        What::MlpOut => "Added by the MLP",
        What::MlpPre => "MLP before activation",
        What::MlpPost => "MLP after activation",
        What::Embed => "Token embedding",
        What::FinalNorm => "Input of the unembedding",
        _ => "Value",
    }
}

fn sheet_scale(map: ColorMap, scale: Scale) -> &'static str {
    match (scale, map.is_signed()) {
        (Scale::Linear, false) => "each map from 0 to its own maximum, first query apart",
        (Scale::Linear, true) => "each map to its own greatest magnitude",
        (Scale::Log, _) => "logarithmic, each map to its own maximum",
        (Scale::Row, _) => "each row to its own maximum",
    }
}

/// The model, the prompt and what was changed, in a few words.
pub(super) fn subtitle(trace: &Trace, with_name: bool) -> String {
    let heads: Vec<usize> = (0..trace.n_layers()).map(|layer| trace.heads(layer)).collect();
    let (fewest, most) = (heads.iter().min().copied().unwrap_or(0), heads.iter().max().copied().unwrap_or(0));
    let heads = if fewest == most { most.to_string() } else { format!("{fewest}–{most}") };
    let size = format!("{} layers × {heads} heads · {} tokens", trace.n_layers(), trace.n_tokens());
    let changed: Vec<String> = trace.interventions().iter().map(ToString::to_string).collect();
    let name = if with_name { format!("{} · ", trace.model_name) } else { String::new() };
    let changed = if changed.is_empty() { changed.concat() } else { format!(" · {}", changed.join(", ")) };
    format!("{name}{size}{changed}")
}

fn shown(trace: &Trace) -> Vec<String> {
    trace.tokens.iter().map(crate::trace::Token::shown).collect()
}

fn token_labels(trace: &Trace, labels: Labels) -> Vec<String> {
    match labels {
        Labels::Tokens | Labels::Both => shown(trace),
        Labels::Positions => (0..trace.n_tokens()).map(|position| position.to_string()).collect(),
        Labels::None => vec![String::new(); trace.n_tokens()],
    }
}
