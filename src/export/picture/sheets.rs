//! Contact sheets: every head's map in small.

use std::ops::ControlFlow;

use crate::render::Quantity;
use crate::trace::{HeadId, MapRecipe, Trace};

use super::super::arrays::Source;
use super::super::error::ExportError;
use super::super::figure::Drawing;
use super::super::figure::sheet::{self, Group, Line, Sheet};
use super::super::options::Look;
use super::super::words::{Says, maps, marks};
use super::words::{hooks_of_all, what_of};
use super::{Limits, said, strips, values};

/// Every picked head in small.
pub(super) fn draw(
    source: &Source<'_>,
    recipes: &[MapRecipe],
    quantity: Quantity,
    look: Look,
    limits: Limits,
) -> Result<Drawing, ExportError> {
    let sheet = of_heads(source, recipes, quantity, look, limits)?;
    Ok(sheet::layout(&sheet, &look.style()))
}

fn of_heads(
    source: &Source<'_>,
    recipes: &[MapRecipe],
    quantity: Quantity,
    look: Look,
    limits: Limits,
) -> Result<Sheet, ExportError> {
    let trace = source.trace;
    let map = look.map(quantity == Quantity::Scores);
    let parts = trace.spec.parts();
    let several = parts.len() > 1;
    let small = sheet_values(recipes, look).min(limits.small);
    let mut groups = Vec::with_capacity(parts.len());
    for (part, _) in parts {
        let of_part = |recipe: &&MapRecipe| trace.spec.blocks[recipe.heads[0].layer].part == part;
        let own: Vec<MapRecipe> = recipes.iter().filter(of_part).cloned().collect();
        if !own.is_empty() {
            let (shape, lines) = sheet_lines(source, &own, quantity, look, small)?;
            groups.push(Group { title: several.then(|| said(maps::part(part), look)), shape, lines });
        }
    }
    Ok(Sheet {
        title: trace.model_name.clone(),
        subtitle: said(&maps::subtitle(trace, false), look),
        hook: hooks_of_all(trace, what_of(quantity)),
        words: said(
            &marks::sheet_words(maps::cell(quantity, &recipes[0]), look.scale, map.is_signed()),
            look,
        ),
        groups,
        strips: strips(trace),
    })
}

/// Every head of a run in small, with a few words about each.
#[derive(Clone, Debug)]
pub struct Noted {
    /// The run.
    pub trace: Trace,
    /// What stands behind a head's name, such as its role.
    pub notes: Vec<(HeadId, Says)>,
}

/// Lays it out with a heading of its own.
pub fn noted(
    own: &Noted,
    (title, subtitle, hook): (&str, &str, &str),
    look: Look,
    limits: Limits,
) -> Result<Drawing, ExportError> {
    let trace = &own.trace;
    let source = Source { model: None, trace, watch: &|_| ControlFlow::Continue(()) };
    let recipes: Vec<MapRecipe> = trace.head_ids().map(MapRecipe::plain).collect();
    let mut sheet = of_heads(&source, &recipes, Quantity::Weights, look, limits)?;
    let lines = sheet.groups.iter_mut().flat_map(|group| &mut group.lines);
    for ((name, _), head) in lines.flat_map(|line| &mut line.maps).zip(trace.head_ids()) {
        let note = own.notes.iter().find(|(other, _)| *other == head).map(|(_, note)| note.get(look.lang));
        if let Some(note) = note.filter(|note| !note.is_empty()) {
            *name = format!("{name} {note}");
        }
    }
    let heading = (title.to_owned(), subtitle.to_owned(), hook.to_owned());
    (sheet.title, sheet.subtitle, sheet.hook) = heading;
    Ok(sheet::layout(&sheet, &look.style()))
}

/// Values that a small map has room for on a side, what stands around it apart: three to a pixel of the layout, or as
/// many as a PNG shows.
fn sheet_values(recipes: &[MapRecipe], look: Look) -> usize {
    let of_layer = |recipe: &MapRecipe| recipe.heads[0].layer;
    let across =
        recipes.chunk_by(|a, b| of_layer(a) == of_layer(b)).map(<[MapRecipe]>::len).max().unwrap_or(1);
    let width = look.style().width.unwrap_or(sheet::WIDTH);
    let finest = look.pixels(width).max(3.0);
    ((width * 0.8 / across as f32 * finest) as usize).max(16)
}

/// The small maps of one part's heads, a line for each layer; with the rows and columns that each shows.
fn sheet_lines(
    source: &Source<'_>,
    recipes: &[MapRecipe],
    quantity: Quantity,
    look: Look,
    small: usize,
) -> Result<((usize, usize), Vec<Line>), ExportError> {
    let trace = source.trace;
    let map = look.map(quantity == Quantity::Scores);
    let (mut shape, mut lines) = ((0, 0), Vec::<Line>::new());
    for (index, recipe) in recipes.iter().enumerate() {
        if (source.watch)(index as f32 / recipes.len() as f32).is_break() {
            return Err(ExportError::Cancelled);
        }
        let head = recipe.heads[0];
        let shown = HeadId { layer: trace.spec.index_in_part(head.layer), head: head.head };
        let name = format!("L{}", shown.layer);
        if lines.last().is_none_or(|line| line.name != name) {
            lines.push(Line { name, maps: Vec::new() });
        }
        let own = values::of_map(source, recipe.clone(), quantity, look, small)?;
        shape = (own.queries.len(), own.keys.len());
        let range = values::range(source, map, &own);
        if let Some(line) = lines.last_mut() {
            let (values, shader) = own.painted(map, range, look);
            let raster = shader.paint(&values, own.columns);
            line.maps.push((shown.to_string(), raster));
        }
    }
    Ok((shape, lines))
}
