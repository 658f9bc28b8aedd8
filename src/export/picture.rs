//! From a trace to a drawing: one head's map, a contact sheet of many, or a token × width map of hidden states.

use std::io::Write;

use crate::model::Part;
use crate::render::{ColorMap, Quantity, Scale, Shader, ValueRange, tiles};
use crate::trace::{HeadId, Side, Token, Trace, norms};

use super::arrays::{self, Entry, Source};
use super::error::ExportError;
use super::figure::axis::Axis;
use super::figure::matrix::{self, Matrix};
use super::figure::sheet::{self, Group, Line, Sheet};
use super::figure::strip::Strip;
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
    let axis = |name, tokens| Axis {
        name,
        labels: token_labels(tokens, look.labels),
        numbered: look.labels == Labels::Both,
    };
    let matrix = Matrix {
        title: format!("Head {}", trace.spec.head_name(head)),
        subtitle: subtitle(trace, true),
        hook: format!("{}[{}]", trace.spec.hook_name(what.hook(), head.layer), head.head),
        rows: axis("query", trace.query_tokens(head.layer)),
        columns: axis("key", trace.key_tokens(head.layer)),
        value_columns,
        values,
        quantity: words(what),
        strips: strips(trace),
    };
    let map = look.map(quantity == Quantity::Scores);
    let range = head_range(trace, head, quantity, map, &matrix.values);
    finish(&matrix, &Shader::new(map, look.scale, range), look)
}

/// Every picked head in small.
pub fn draw_sheet(trace: &Trace, heads: &[HeadId], quantity: Quantity, look: Look) -> Drawing {
    let map = look.map(quantity == Quantity::Scores);
    let parts = trace.spec.parts();
    let several = parts.len() > 1;
    let mut groups = Vec::with_capacity(parts.len());
    for (part, _) in parts {
        let of_part = |head: &&HeadId| trace.spec.blocks[head.layer].part == part;
        let own: Vec<HeadId> = heads.iter().filter(of_part).copied().collect();
        if let Some(first) = own.first() {
            let shape = (trace.query_tokens(first.layer).len(), trace.key_tokens(first.layer).len());
            let title = several.then(|| part_title(part).to_owned());
            groups.push(Group { title, shape, lines: sheet_lines(trace, &own, quantity, look) });
        }
    }
    let sheet = Sheet {
        title: trace.model_name.clone(),
        subtitle: subtitle(trace, false),
        hook: hooks_of_all(trace, what_of(quantity)),
        words: format!("{}, {}", words(what_of(quantity)), sheet_scale(map, look.scale)),
        groups,
        strips: strips(trace),
    };
    sheet::layout(&sheet, look.theme())
}

/// The small maps of one part's heads, a line for each layer.
fn sheet_lines(trace: &Trace, heads: &[HeadId], quantity: Quantity, look: Look) -> Vec<Line> {
    let map = look.map(quantity == Quantity::Scores);
    let mut lines: Vec<Line> = Vec::new();
    for &head in heads {
        let shown = HeadId { layer: trace.spec.index_in_part(head.layer), head: head.head };
        let name = format!("L{}", shown.layer);
        if lines.last().is_none_or(|line| line.name != name) {
            lines.push(Line { name, maps: Vec::new() });
        }
        let pattern = trace.pattern(head);
        let (rows, columns) = (pattern.n_queries(), pattern.n_keys());
        let (small_rows, small_columns) = (rows.min(SMALL), columns.min(SMALL));
        let values = tiles::pooled(&pattern, quantity, 0..rows, 0..columns, small_rows, small_columns);
        let shader = Shader::new(map, look.scale, head_range(trace, head, quantity, map, &values));
        if let Some(line) = lines.last_mut() {
            line.maps.push((shown.to_string(), shader.paint(&values, small_columns)));
        }
    }
    lines
}

/// The array's name with a star for the layer; one for each part.
fn hooks_of_all(trace: &Trace, what: What) -> String {
    let name = |layers: &Vec<usize>| {
        let first = layers.first().copied().unwrap_or(0);
        trace.spec.hook_name(what.hook(), first).replacen(".0.", ".*.", 1)
    };
    trace.spec.parts().iter().map(|(_, layers)| name(layers)).collect::<Vec<_>>().join("  ")
}

/// What one part's layers do, over their maps.
fn part_title(part: Part) -> &'static str {
    match part {
        Part::Only => "Self-attention",
        Part::Encoder => "Encoder · source looks at source",
        Part::Decoder => "Decoder · target looks at target",
        Part::Cross => "Cross-attention · target looks at source",
    }
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
    let Some(first) = entries.first() else {
        return Err(ExportError::Selection("no layer is selected".into()));
    };
    // Source and target have rows of their own, where layers of both are picked
    let mut sides: Vec<Side> = entries.iter().map(|entry| side_of(trace, entry)).collect();
    sides.sort_by_key(|&side| side == Side::Target);
    sides.dedup();
    let page = |title, hook, columns: Axis, values, quantity| Matrix {
        title,
        subtitle: subtitle(trace, true),
        hook,
        rows: Axis {
            name: "token",
            labels: sides.iter().flat_map(|&side| token_labels(trace.tokens_of(side), look.labels)).collect(),
            numbered: look.labels == Labels::Both && sides.len() == 1,
        },
        value_columns: columns.labels.len(),
        columns,
        values,
        quantity,
        strips: strips(trace),
    };
    if entries.iter().all(|entry| entry.layer == first.layer) {
        let title = match first.layer {
            Some(layer) => format!("{}, layer {}", words(what), trace.spec.layer_name(layer)),
            None => words(what).to_owned(),
        };
        let columns = Axis { name: "dimension", labels: vec![String::new(); first.shape[1]], numbered: true };
        let values = states.swap_remove(0);
        return Ok(finish_states(&page(title, first.name.clone(), columns, values, "Value"), true, look));
    }
    let label = |entry: &Entry| match entry.layer {
        Some(layer) if !entry.ends_stack() => trace.spec.layer_name(layer),
        Some(layer) if trace.spec.blocks[layer].part == Part::Encoder => "encoder end".to_owned(),
        _ => "end".to_owned(),
    };
    let columns = Axis { name: "layer", labels: entries.iter().map(label).collect(), numbered: false };
    let values = state_norms(trace, &sides, &entries, &states);
    let title = format!("{}, norms", words(what));
    let hook = hooks_of_all(trace, what);
    Ok(finish_states(&page(title, hook, columns, values, "Euclidean norm"), false, look))
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
    let tokens = match trace.source.len() {
        0 => trace.n_tokens().to_string(),
        n => format!("{n} → {}", trace.n_tokens()),
    };
    let size = format!("{} layers × {heads} heads · {tokens} tokens", trace.spec.layer_count());
    let changed: Vec<String> = trace.interventions().iter().map(ToString::to_string).collect();
    let name = if with_name { format!("{} · ", trace.model_name) } else { String::new() };
    let changed = if changed.is_empty() { changed.concat() } else { format!(" · {}", changed.join(", ")) };
    format!("{name}{size}{changed}")
}

/// The prompt; of an encoder–decoder model the source and the target.
pub fn strips(trace: &Trace) -> Vec<Strip> {
    let strip = |title, side| Strip { title, tokens: token_labels(trace.tokens_of(side), Labels::Tokens) };
    match trace.spec.encoder {
        None => vec![strip("PROMPT", Side::Target)],
        Some(_) => vec![strip("SOURCE", Side::Source), strip("TARGET", Side::Target)],
    }
}

fn token_labels(tokens: &[Token], labels: Labels) -> Vec<String> {
    match labels {
        Labels::Tokens | Labels::Both => tokens.iter().map(Token::shown).collect(),
        Labels::Positions => (0..tokens.len()).map(|position| position.to_string()).collect(),
        Labels::None => vec![String::new(); tokens.len()],
    }
}
