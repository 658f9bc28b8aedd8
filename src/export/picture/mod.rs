//! From a trace to a drawing: one head's map, several side by side, a contact sheet of many, or hidden states.

mod numbers;
mod sheets;
mod states;
pub mod values;
mod words;

use std::io::Write;

use crate::render::{Quantity, ValueRange};
use crate::trace::{Combine, HeadId, MapRecipe, Trace, Weigh};

use super::arrays::Source;
use super::error::ExportError;
use super::figure::axis::Axis;
use super::figure::matrix::{self, Matrix};
use super::figure::panels::{self, Panels};
use super::figure::{Drawing, to_svg};
use super::options::{Labels, Look, Options};
use super::what::{Ranges, What};
use super::words::{Says, maps};
use super::{pdf, png, tikz};

pub use numbers::write_numbers;
pub use sheets::{Noted, noted};
use words::{hooks_of_all, what_of};
pub use words::{strips, token_labels};

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

/// The drawing: one map where one head (or one hidden state) is picked, or heads are combined; else a contact sheet;
/// picked heads side by side.
pub fn draw(source: &Source<'_>, options: &Options, limits: Limits) -> Result<Drawing, ExportError> {
    let what = options.what.first().copied().unwrap_or_default();
    let look = options.look;
    let drawing = match quantity(what) {
        None => states::draw(source, options, what)?,
        Some(quantity) => {
            let recipes = recipes(source.trace, options)?;
            match recipes.as_slice() {
                [recipe] => draw_map(source, recipe, quantity, look, limits)?,
                [weights, lengths] if options.beside => {
                    draw_beside(source, [weights, lengths], look, limits)?
                }
                recipes if !options.picked.is_empty() => {
                    draw_panels(source, recipes, quantity, look, limits)?
                }
                recipes => sheets::draw(source, recipes, quantity, look, limits)?,
            }
        }
    };
    Ok(if look.transparent { drawing.without_ground() } else { drawing })
}

/// The maps that are drawn: of each head one, or one of all where they are combined.
pub fn recipes(trace: &Trace, options: &Options) -> Result<Vec<MapRecipe>, ExportError> {
    let (heads, steps) = (heads(trace, options)?, options.look.steps);
    let recipes: Vec<MapRecipe> = match options.combine {
        Some(combine) => {
            of_one_part(trace, &heads)?;
            vec![MapRecipe { heads, combine, steps }]
        }
        None => heads.into_iter().map(|head| MapRecipe { steps, ..MapRecipe::plain(head) }).collect(),
    };
    match recipes.as_slice() {
        _ if !options.beside => Ok(recipes),
        [one] => {
            let with = |weigh| MapRecipe { steps: one.steps.with(weigh), ..one.clone() };
            Ok([Weigh::Weights, Weigh::Values].map(with).to_vec())
        }
        _ => {
            let why = "lengths stand beside the weights of one map: pick one head, or combine several";
            Err(ExportError::Selection(why.into()))
        }
    }
}

/// One map has the rows and columns of one part of the model: heads of several say which can be chosen.
fn of_one_part(trace: &Trace, heads: &[HeadId]) -> Result<(), ExportError> {
    let part = |head: &HeadId| trace.spec.blocks.get(head.layer).map(|block| block.part);
    if heads.windows(2).all(|pair| part(&pair[0]) == part(&pair[1])) {
        return Ok(());
    }
    let parts = trace.spec.parts().into_iter();
    let choices = parts.map(|(part, layers)| format!("--layers {}", Ranges::of_part(part, layers.len())));
    let choices = choices.collect::<Vec<_>>().join(", ");
    let why = format!("these heads look from or at different texts and make no common map: choose {choices}");
    Err(ExportError::Selection(why))
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

/// One map on a page of its own.
fn draw_map(
    source: &Source<'_>,
    recipe: &MapRecipe,
    quantity: Quantity,
    look: Look,
    limits: Limits,
) -> Result<Drawing, ExportError> {
    let (trace, head) = (source.trace, recipe.heads[0]);
    let own = values::of_map(source, recipe.clone(), quantity, look, limits.values)?;
    let map = look.map(signed(quantity, recipe));
    let range = values::range(source, map, &own);
    let (rows, columns) = axes(source, head, &own, look);
    let (values, shader) = own.painted(map, range, look);
    let hook = trace.spec.hook_name(what_of(quantity).hook(), head.layer);
    let one = recipe.heads.len() == 1;
    let matrix = Matrix {
        title: said(&maps::title(trace, recipe), look),
        subtitle: said(&maps::subtitle(trace, true), look),
        hook: if one { format!("{hook}[{}]", head.head) } else { recipe.formula(trace) },
        rows,
        columns,
        value_columns: own.columns,
        values,
        quantity: maps::cell(quantity, recipe),
        strips: strips(trace),
    };
    Ok(matrix::layout(&matrix, &shader, look.scale, &look.style()))
}

/// Whether a map's values have both signs.
fn signed(quantity: Quantity, recipe: &MapRecipe) -> bool {
    quantity == Quantity::Scores || recipe.combine == Combine::Difference
}

/// Heads side by side, in one range.
fn draw_panels(
    source: &Source<'_>,
    recipes: &[MapRecipe],
    quantity: Quantity,
    look: Look,
    limits: Limits,
) -> Result<Drawing, ExportError> {
    let trace = source.trace;
    let heads: Vec<HeadId> = recipes.iter().map(|recipe| recipe.heads[0]).collect();
    let map = look.map(quantity == Quantity::Scores);
    let part = trace.spec.blocks[heads[0].layer].part;
    if heads.iter().any(|head| trace.spec.blocks[head.layer].part != part) {
        let why = "heads side by side share their rows and columns: pick them from one of encoder, decoder and cross";
        return Err(ExportError::Selection(why.into()));
    }
    let mut range = ValueRange { low: 0.0, high: 0.0 };
    let mut all = Vec::with_capacity(heads.len());
    for recipe in recipes {
        let own = values::of_map(source, recipe.clone(), quantity, look, limits.values)?;
        let its = values::range(source, map, &own);
        range = ValueRange { low: range.low.min(its.low), high: range.high.max(its.high) };
        all.push(own);
    }
    let Some(own) = all.first() else { return Err(ExportError::Selection("no head is selected".into())) };
    let (rows, columns) = axes(source, heads[0], own, look);
    let (_, shader) = own.painted(map, range, look);
    let names: Vec<String> = heads.iter().map(|&head| trace.spec.head_name(head)).collect();
    let painted = all.iter().map(|own| own.painted(map, range, look).0);
    let panels = Panels {
        title: said(&maps::heads(&names), look),
        subtitle: said(&maps::subtitle(trace, true), look),
        hook: hooks_of_all(trace, what_of(quantity)),
        rows,
        columns,
        value_columns: own.columns,
        maps: names.iter().cloned().zip(painted).collect(),
        quantities: vec![maps::cell(quantity, &recipes[0])],
        strips: strips(trace),
    };
    Ok(panels::layout(&panels, &[shader], look.scale, &look.style()))
}

/// One map's weights and, beside them, the lengths of what they move: each in a range of its own.
fn draw_beside(
    source: &Source<'_>,
    recipes: [&MapRecipe; 2],
    look: Look,
    limits: Limits,
) -> Result<Drawing, ExportError> {
    let (trace, head) = (source.trace, recipes[0].heads[0]);
    let map = look.map(signed(Quantity::Weights, recipes[0]));
    let (mut maps, mut shaders) = (Vec::with_capacity(2), Vec::with_capacity(2));
    let mut frame = None;
    for (recipe, name) in recipes.into_iter().zip([&maps::WEIGHTS, &maps::LENGTHS]) {
        let own = values::of_map(source, recipe.clone(), Quantity::Weights, look, limits.values)?;
        // Thresholds are of weights: lengths have another unit
        let look = if maps.is_empty() { look } else { Look { threshold: 0.0, ..look } };
        let (values, shader) = own.painted(map, values::range(source, map, &own), look);
        frame.get_or_insert_with(|| (axes(source, head, &own, look), own.columns));
        maps.push((said(name, look), values));
        shaders.push(shader);
    }
    let Some(((rows, columns), value_columns)) = frame else {
        return Err(ExportError::Selection("no head is selected".into()));
    };
    let panels = Panels {
        title: said(&maps::title(trace, recipes[0]), look),
        subtitle: said(&maps::subtitle(trace, true), look),
        hook: recipes[1].formula(trace),
        rows,
        columns,
        value_columns,
        maps,
        quantities: recipes.map(|recipe| maps::cell(Quantity::Weights, recipe)).to_vec(),
        strips: strips(trace),
    };
    Ok(panels::layout(&panels, &shaders, look.scale, &look.style()))
}

/// What rows and columns of a map are.
fn axes(source: &Source<'_>, head: HeadId, own: &values::Values, look: Look) -> (Axis, Axis) {
    let [rows, columns] = own.labels(source, head, look);
    let numbered = look.labels == Labels::Both;
    (
        Axis { first: own.queries.start, numbered, ..Axis::new(&maps::QUERY, rows) },
        Axis { first: own.keys.start, numbered, ..Axis::new(&maps::KEY, columns) },
    )
}

/// In the language of the look.
fn said(words: &Says, look: Look) -> String {
    words.get(look.lang).to_owned()
}
