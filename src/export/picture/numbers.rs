//! The numbers behind a picture, as a table: each cell that it shows, unpooled.

use std::io::{self, Write};

use crate::export::arrays::Source;
use crate::export::csv;
use crate::export::error::ExportError;
use crate::export::options::Options;
use crate::trace::{FirstToken, Groups, HeadId, Map, Weigh};

use super::values::Values;

/// Lines of a table, at most: beyond it no program for tables opens the file.
const MOST: usize = 1 << 24;

/// Writes `layer, head, query, key, query_token, key_token` and the value. Masked cells are left out.
pub fn write_numbers(source: &Source<'_>, options: &Options, out: &mut dyn Write) -> Result<(), ExportError> {
    let what = options.what.first().copied().unwrap_or_default();
    let Some(quantity) = super::quantity(what) else { return csv::write(source, options, out) };
    let trace = source.trace;
    let recipes = super::recipes(trace, options)?;
    let cells: usize = recipes
        .iter()
        .map(|recipe| recipe.heads[0])
        .map(|head| trace.query_tokens(head.layer).len() * trace.key_tokens(head.layer).len())
        .sum();
    if cells > MOST && !options.look.is_cut() {
        let why =
            format!("{cells} numbers are too many for a table: choose fewer heads, or cut rows and columns");
        return Err(ExportError::Selection(why));
    }
    let mut table = ::csv::Writer::from_writer(out);
    let steps = options.look.steps;
    let value = match (steps.first, steps.weigh) {
        (FirstToken::Renormalise, _) => "share",
        (_, Weigh::Values) => "length",
        (_, Weigh::Weights) => what.quantity(),
    };
    let value = if options.beside { "value" } else { value };
    let mut header = vec!["layer", "head", "query", "key", "query_token", "key_token", value];
    header.extend(options.beside.then_some("what"));
    table.write_record(header).map_err(io::Error::from)?;
    for (index, recipe) in recipes.iter().enumerate() {
        if (source.watch)(index as f32 / recipes.len() as f32).is_break() {
            return Err(ExportError::Cancelled);
        }
        let head = recipe.heads[0];
        let own = super::values::of_map(source, recipe.clone(), quantity, options.look, usize::MAX)?;
        let pattern = trace.pattern(head);
        let texts = texts(source, head, &own);
        // A combined map is of no one head
        let one = recipe.heads.len() == 1;
        let place = |number: usize| if one { number.to_string() } else { String::new() };
        for (row, query) in own.values.chunks(own.columns.max(1)).zip(own.queries.clone()) {
            let seen = own.map.as_ref().map_or_else(|| pattern.keys(query), |map| map.seen(query));
            for (value, key) in row.iter().zip(own.keys.clone()).filter(|(_, key)| seen.contains(key)) {
                let fields = [place(head.layer), place(head.head), query.to_string(), key.to_string()];
                let texts = [&texts[0][query], &texts[1][key]];
                let fields = fields.iter().chain(texts);
                let value = value.to_string();
                let kind = options.beside.then(|| weighed(recipe.steps.weigh).to_owned());
                table.write_record(fields.chain([&value]).chain(&kind)).map_err(io::Error::from)?;
            }
        }
    }
    table.flush()?;
    Ok(())
}

/// What a cell holds, where a table holds both.
fn weighed(weigh: Weigh) -> &'static str {
    match weigh {
        Weigh::Weights => "weight",
        Weigh::Values => "length",
    }
}

/// What each row and each column reads.
fn texts(source: &Source<'_>, head: HeadId, own: &Values) -> [Vec<String>; 2] {
    let trace = source.trace;
    let part = trace.spec.blocks[head.layer].part;
    let of = |side, groups: Option<&Groups>| match groups.filter(|groups| !groups.are_tokens()) {
        Some(groups) => trace.group_labels(side, groups),
        None => trace.tokens_of(side).iter().map(|token| token.text.clone()).collect(),
    };
    let map = own.map.as_ref();
    [of(part.rows(), map.map(Map::queries)), of(part.columns(), map.map(Map::keys))]
}
