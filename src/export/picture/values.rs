//! The numbers of a map: made by its recipe, cut to the rows and columns that are shown.

use std::ops::{ControlFlow, Range};

use crate::export::arrays::Source;
use crate::export::error::ExportError;
use crate::export::options::{Labels, Look, Span};
use crate::render::{ColorMap, Plain, Quantity, Scale, Shader, Surface, ValueRange, Watched, rank, tiles};
use crate::trace::{FirstToken, HeadId, Map, MapRecipe, Token};

use super::words::token_labels;

/// Numbers of one map.
#[derive(Debug)]
pub struct Values {
    /// The rows that are shown.
    pub queries: Range<usize>,
    /// The columns that are shown.
    pub keys: Range<usize>,
    /// Values across; as many as columns are shown, or fewer where they are pooled.
    pub columns: usize,
    /// Row-major values.
    pub values: Vec<f32>,
    /// Their ranks among whole rows, where the scale asks for them.
    pub ranks: Option<Vec<f32>>,
    /// The map they are of; none of scores.
    pub map: Option<Map>,
}

/// A map's numbers, pooled to at most `most` on a side by the one farthest from 0.
pub fn of_map(
    source: &Source<'_>,
    recipe: MapRecipe,
    quantity: Quantity,
    look: Look,
    most: usize,
) -> Result<Values, ExportError> {
    let go_on = || ControlFlow::Continue(());
    let head = *recipe.heads.first().ok_or_else(|| ExportError::Selection("no head is selected".into()))?;
    if quantity == Quantity::Scores {
        let shown_first = MapRecipe { steps: only_first(look), ..MapRecipe::plain(head) };
        if recipe != shown_first {
            let why = "scores are not weighed, grouped or combined: only weights are (--what pattern)";
            return Err(ExportError::Selection(why.into()));
        }
        // Scores are what they are, whichever keys the softmax goes over
        let plain = Plain { pattern: source.trace.pattern(head), quantity };
        return of_surface(&plain, look, most, None);
    }
    let network = source.model.map(|model| &model.network);
    let map = Map::new(source.trace, network, recipe)?;
    of_surface(&Watched { map: &map, go_on: &go_on }, look, most, Some(&map))
        .map(|values| Values { map: Some(map), ..values })
}

/// The steps that a map of scores may have.
fn only_first(look: Look) -> crate::trace::Steps {
    crate::trace::Steps { first: look.steps.first, ..Default::default() }
}

fn of_surface(
    surface: &dyn Surface,
    look: Look,
    most: usize,
    map: Option<&Map>,
) -> Result<Values, ExportError> {
    let (n_queries, n_keys) = surface.size();
    let queries = Span::of(look.rows, n_queries, "query")?;
    let mut keys = Span::of(look.columns, n_keys, "key")?;
    // A word of several tokens keeps those that are not the first
    let alone = map.is_none_or(|map| map.keys().tokens(0..1.min(n_keys)).len() <= 1);
    if look.steps.first != FirstToken::Keep && alone {
        keys.start = keys.start.max(1);
    }
    if keys.is_empty() {
        return Err(ExportError::Selection("without the first key no key is left to show".into()));
    }
    let (rows, columns) = (queries.len().min(most), keys.len().min(most));
    let values =
        surface.pooled(queries.clone(), keys.clone(), rows, columns).ok_or(ExportError::Cancelled)?;
    // A whole map's ranks are found while it is painted
    let parts = (rows, columns) != (n_queries, n_keys);
    let ranks = match look.scale {
        Scale::Rank if parts => Some(
            tiles::ranked(surface, queries.clone(), keys.clone(), rows, columns)
                .ok_or(ExportError::Cancelled)?,
        ),
        _ => None,
    };
    Ok(Values { queries, keys, columns, values, ranks, map: None })
}

impl Values {
    /// What each row, or each column, is called.
    pub(super) fn labels(&self, source: &Source<'_>, head: HeadId, look: Look) -> [Vec<String>; 2] {
        let trace = source.trace;
        let part = trace.spec.blocks[head.layer].part;
        let of = |side, shown: &Range<usize>, groups: Option<&crate::trace::Groups>| match groups {
            Some(groups) if !groups.are_tokens() && matches!(look.labels, Labels::Tokens | Labels::Both) => {
                trace.group_labels(side, groups)[shown.clone()].to_vec()
            }
            Some(groups) if !groups.are_tokens() => {
                let none = vec![Token { id: 0, text: String::new(), span: 0..0 }; shown.len()];
                token_labels(&none, shown.start, look.labels)
            }
            _ => token_labels(&trace.tokens_of(side)[shown.clone()], shown.start, look.labels),
        };
        let groups = |keys: bool| self.map.as_ref().map(|map| if keys { map.keys() } else { map.queries() });
        [of(part.rows(), &self.queries, groups(false)), of(part.columns(), &self.keys, groups(true))]
    }

    /// What is painted, and with what: ranks that are known already are colours by themselves.
    pub(super) fn painted(&self, map: ColorMap, range: ValueRange, look: Look) -> (Vec<f32>, Shader) {
        let Some(ranks) = &self.ranks else {
            let shader = Shader::new(map, look.scale, range).from_threshold(look.threshold);
            return (self.values.clone(), shader);
        };
        let ranks = rank::from_threshold(ranks, &self.values, look.threshold);
        let low = if map.is_signed() { -1.0 } else { 0.0 };
        (ranks, Shader::new(map, Scale::Linear, ValueRange { low, high: 1.0 }))
    }
}

/// What a map is scaled to. A cut keeps the whole map's range, so that it can stand beside it.
pub(super) fn range(source: &Source<'_>, map: ColorMap, own: &Values) -> ValueRange {
    let Some(made) = &own.map else { return fit(map, &own.values) };
    let recipe = made.recipe();
    if let ([head], true) = (recipe.heads.as_slice(), recipe.steps.are_plain()) {
        return tiles::weight_range(source.trace, *head);
    }
    let reach = made.survey(&|_| ControlFlow::Continue(())).map_or(0.0, |survey| survey.reach);
    let high = if reach > 0.0 { reach } else { 1.0 };
    ValueRange { low: if made.is_signed() { -high } else { 0.0 }, high }
}

/// Signed values on an unsigned map have zero in its middle.
pub(super) fn fit(map: ColorMap, values: &[f32]) -> ValueRange {
    let fit = ValueRange::fit(map, false, values);
    let least = values.iter().copied().filter(|value| value.is_finite()).fold(0.0, f32::min);
    ValueRange { low: fit.low.min(least), ..fit }
}
