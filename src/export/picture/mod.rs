//! From a trace to a drawing: one head's map, several side by side, a contact sheet of many, or hidden states.

mod numbers;
mod states;
pub mod values;
mod words;

use std::io::Write;

use crate::render::{Quantity, Shader, ValueRange};
use crate::trace::{HeadId, Token, Trace};

use super::arrays::Source;
use super::error::ExportError;
use super::figure::axis::Axis;
use super::figure::matrix::{self, Matrix};
use super::figure::panels::{self, Panels};
use super::figure::sheet::{self, Group, Line, Sheet};
use super::figure::{Drawing, to_svg};
use super::options::{FirstToken, Labels, Look, Options};
use super::what::What;
use super::{pdf, png, tikz};

pub use numbers::write_numbers;
pub use words::strips;
pub(super) use words::subtitle;
use words::{hooks_of_all, part_title, sheet_scale, token_labels, what_of};

/// How many values a layout may hold, on a side.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of a map on a page of its own, or beside others.
    pub values: usize,
    /// Of a map in a contact sheet.
    pub small: usize,
}

impl Limits {
    /// A value is at least a pixel of a PNG of twice the layout's size.
    pub const PIXELS: Self = Self { values: matrix::VALUES, small: 64 };
}

/// Writes the picture that `options` ask for.
pub(super) fn write_svg(
    source: &Source<'_>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    Ok(out.write_all(to_svg(&draw(source, options, Limits::PIXELS)?).as_bytes())?)
}

/// The same as pixels.
pub(super) fn write_png(
    source: &Source<'_>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let drawing = draw(source, options, Limits::PIXELS)?;
    Ok(out.write_all(&png::draw(&drawing, options.look.pixels(drawing.width))?)?)
}

/// The same as a page of vectors.
pub(super) fn write_pdf(
    source: &Source<'_>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    Ok(out.write_all(&pdf::draw(&draw(source, options, Limits::PIXELS)?)?)?)
}

/// The same for LaTeX.
pub(super) fn write_tikz(
    source: &Source<'_>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    Ok(out.write_all(tikz::to_tikz(&draw(source, options, tikz::LIMITS)?).as_bytes())?)
}

/// The drawing: one map where one head (or one hidden state) is picked, else a contact sheet; picked heads side by side.
pub fn draw(source: &Source<'_>, options: &Options, limits: Limits) -> Result<Drawing, ExportError> {
    let what = options.what.first().copied().unwrap_or_default();
    let look = options.look;
    let drawing = match quantity(what) {
        None => states::draw(source, options, what)?,
        Some(quantity) => match heads(source.trace, options)?.as_slice() {
            &[head] => draw_head(source.trace, head, quantity, look, limits)?,
            heads if !options.picked.is_empty() => draw_panels(source.trace, heads, quantity, look, limits)?,
            heads => draw_sheet(source, heads, quantity, look, limits)?,
        },
    };
    Ok(if look.transparent { drawing.without_ground() } else { drawing })
}

/// Which of a head's two matrices `what` is; none of hidden states.
pub fn quantity(what: What) -> Option<Quantity> {
    match what {
        What::Pattern => Some(Quantity::Weights),
        What::Scores => Some(Quantity::Scores),
        _ => None,
    }
}

/// The heads that are picked, or those of the selection; none at all is an error.
pub fn heads(trace: &Trace, options: &Options) -> Result<Vec<HeadId>, ExportError> {
    if !options.picked.is_empty() {
        for head in &options.picked {
            if trace.spec.blocks.get(head.layer).is_none_or(|block| head.head >= block.attention.heads) {
                return Err(ExportError::Selection(format!("the model has no head {head}")));
            }
        }
        return Ok(options.picked.clone());
    }
    let mut heads = Vec::new();
    for layer in options.selection.layers(&trace.spec)? {
        let picked = options.selection.heads(&trace.spec, layer)?;
        heads.extend(picked.into_iter().map(|head| HeadId { layer, head }));
    }
    if heads.is_empty() { Err(ExportError::Selection("no head is selected".into())) } else { Ok(heads) }
}

/// One head's map on a page of its own.
fn draw_head(
    trace: &Trace,
    head: HeadId,
    quantity: Quantity,
    look: Look,
    limits: Limits,
) -> Result<Drawing, ExportError> {
    let own = values::of_head(trace, head, quantity, look, limits.values)?;
    let map = look.map(quantity == Quantity::Scores);
    let range = values::range(trace, head, quantity, look, map, &own);
    let what = what_of(quantity);
    let matrix = Matrix {
        title: format!("Head {}", trace.spec.head_name(head)),
        subtitle: subtitle(trace, true),
        hook: format!("{}[{}]", trace.spec.hook_name(what.hook(), head.layer), head.head),
        rows: axis("query", trace.query_tokens(head.layer), &own.queries, look),
        columns: axis("key", trace.key_tokens(head.layer), &own.keys, look),
        value_columns: own.columns,
        values: own.values,
        quantity: words_of(quantity, look.first),
        strips: strips(trace),
    };
    Ok(matrix::layout(&matrix, &Shader::new(map, look.scale, range), look.scale, &look.style()))
}

/// Heads side by side, in one range.
fn draw_panels(
    trace: &Trace,
    heads: &[HeadId],
    quantity: Quantity,
    look: Look,
    limits: Limits,
) -> Result<Drawing, ExportError> {
    let map = look.map(quantity == Quantity::Scores);
    let part = trace.spec.blocks[heads[0].layer].part;
    if heads.iter().any(|head| trace.spec.blocks[head.layer].part != part) {
        let why = "heads side by side share their rows and columns: pick them from one of encoder, decoder and cross";
        return Err(ExportError::Selection(why.into()));
    }
    let mut range = ValueRange { low: 0.0, high: 0.0 };
    let (mut maps, mut first) = (Vec::with_capacity(heads.len()), None);
    for &head in heads {
        let own = values::of_head(trace, head, quantity, look, limits.values)?;
        let its = values::range(trace, head, quantity, look, map, &own);
        range = ValueRange { low: range.low.min(its.low), high: range.high.max(its.high) };
        maps.push((trace.spec.head_name(head), own.values.clone()));
        first.get_or_insert(own);
    }
    let Some(own) = first else { return Err(ExportError::Selection("no head is selected".into())) };
    let names: Vec<String> = heads.iter().map(|&head| trace.spec.head_name(head)).collect();
    let panels = Panels {
        title: format!("Heads {}", names.join(", ")),
        subtitle: subtitle(trace, true),
        hook: hooks_of_all(trace, what_of(quantity)),
        rows: axis("query", trace.query_tokens(heads[0].layer), &own.queries, look),
        columns: axis("key", trace.key_tokens(heads[0].layer), &own.keys, look),
        value_columns: own.columns,
        maps,
        quantity: words_of(quantity, look.first),
        strips: strips(trace),
    };
    Ok(panels::layout(&panels, &Shader::new(map, look.scale, range), look.scale, &look.style()))
}

/// Every picked head in small.
fn draw_sheet(
    source: &Source<'_>,
    heads: &[HeadId],
    quantity: Quantity,
    look: Look,
    limits: Limits,
) -> Result<Drawing, ExportError> {
    let trace = source.trace;
    let map = look.map(quantity == Quantity::Scores);
    let parts = trace.spec.parts();
    let several = parts.len() > 1;
    let mut groups = Vec::with_capacity(parts.len());
    for (part, _) in parts {
        let of_part = |head: &&HeadId| trace.spec.blocks[head.layer].part == part;
        let own: Vec<HeadId> = heads.iter().filter(of_part).copied().collect();
        if !own.is_empty() {
            let (shape, lines) = sheet_lines(source, &own, quantity, look, limits)?;
            groups.push(Group { title: several.then(|| part_title(part).to_owned()), shape, lines });
        }
    }
    let sheet = Sheet {
        title: trace.model_name.clone(),
        subtitle: subtitle(trace, false),
        hook: hooks_of_all(trace, what_of(quantity)),
        words: format!("{}, {}", words_of(quantity, look.first), sheet_scale(map, look.scale)),
        groups,
        strips: strips(trace),
    };
    Ok(sheet::layout(&sheet, &look.style()))
}

/// The small maps of one part's heads, a line for each layer; with the rows and columns that each shows.
fn sheet_lines(
    source: &Source<'_>,
    heads: &[HeadId],
    quantity: Quantity,
    look: Look,
    limits: Limits,
) -> Result<((usize, usize), Vec<Line>), ExportError> {
    let trace = source.trace;
    let map = look.map(quantity == Quantity::Scores);
    let (mut shape, mut lines) = ((0, 0), Vec::<Line>::new());
    for (index, &head) in heads.iter().enumerate() {
        if (source.watch)(index as f32 / heads.len() as f32).is_break() {
            return Err(ExportError::Cancelled);
        }
        let shown = HeadId { layer: trace.spec.index_in_part(head.layer), head: head.head };
        let name = format!("L{}", shown.layer);
        if lines.last().is_none_or(|line| line.name != name) {
            lines.push(Line { name, maps: Vec::new() });
        }
        let own = values::of_head(trace, head, quantity, look, limits.small)?;
        shape = (own.queries.len(), own.keys.len());
        let range = values::range(trace, head, quantity, look, map, &own);
        if let Some(line) = lines.last_mut() {
            let raster = Shader::new(map, look.scale, range).paint(&own.values, own.columns);
            line.maps.push((shown.to_string(), raster));
        }
    }
    Ok((shape, lines))
}

fn axis(name: &'static str, tokens: &[Token], shown: &std::ops::Range<usize>, look: Look) -> Axis {
    let labels = token_labels(&tokens[shown.clone()], shown.start, look.labels);
    Axis { name, labels, first: shown.start, numbered: look.labels == Labels::Both }
}

/// What a hidden state is, in words.
pub(super) fn words_of_states(what: What) -> &'static str {
    words::words(what)
}

/// What a value is, the first key's fate included.
fn words_of(quantity: Quantity, first: FirstToken) -> &'static str {
    match (quantity, first) {
        (Quantity::Weights, FirstToken::Keep) => words::words(What::Pattern),
        (Quantity::Weights, FirstToken::Hide) => "Attention weight, first key left out",
        (Quantity::Weights, FirstToken::Renormalise) => "Share among all keys but the first",
        (Quantity::Scores, FirstToken::Keep) => words::words(What::Scores),
        (Quantity::Scores, _) => "Attention score, first key left out",
    }
}
