//! The numbers behind a picture, as a table: each cell that it shows, unpooled.

use std::io::{self, Write};

use crate::export::arrays::Source;
use crate::export::csv;
use crate::export::error::ExportError;
use crate::export::options::{FirstToken, Options};

/// Lines of a table, at most: beyond it no program for tables opens the file.
const MOST: usize = 1 << 24;

/// Writes `layer, head, query, key, query_token, key_token` and the value. Masked cells are left out.
pub fn write_numbers(source: &Source<'_>, options: &Options, out: &mut dyn Write) -> Result<(), ExportError> {
    let what = options.what.first().copied().unwrap_or_default();
    let Some(quantity) = super::quantity(what) else { return csv::write(source, options, out) };
    let trace = source.trace;
    let heads = super::heads(trace, options)?;
    let cells: usize = heads
        .iter()
        .map(|head| trace.query_tokens(head.layer).len() * trace.key_tokens(head.layer).len())
        .sum();
    if cells > MOST && !options.look.is_cut() {
        let why =
            format!("{cells} numbers are too many for a table: choose fewer heads, or cut rows and columns");
        return Err(ExportError::Selection(why));
    }
    let mut table = ::csv::Writer::from_writer(out);
    let value = match options.look.first {
        FirstToken::Renormalise => "share",
        FirstToken::Keep | FirstToken::Hide => what.quantity(),
    };
    let header = ["layer", "head", "query", "key", "query_token", "key_token", value];
    table.write_record(header).map_err(io::Error::from)?;
    for (index, &head) in heads.iter().enumerate() {
        if (source.watch)(index as f32 / heads.len() as f32).is_break() {
            return Err(ExportError::Cancelled);
        }
        let own = super::values::of_head(trace, head, quantity, options.look, usize::MAX)?;
        let (pattern, queries, keys) =
            (trace.pattern(head), trace.query_tokens(head.layer), trace.key_tokens(head.layer));
        for (row, query) in own.values.chunks(own.columns.max(1)).zip(own.queries.clone()) {
            let seen = pattern.keys(query);
            for (value, key) in row.iter().zip(own.keys.clone()).filter(|(_, key)| seen.contains(key)) {
                let numbers = [head.layer, head.head, query, key].map(|number| number.to_string());
                let texts = [&queries[query].text, &keys[key].text];
                let fields = numbers.iter().chain(texts);
                table.write_record(fields.chain([&value.to_string()])).map_err(io::Error::from)?;
            }
        }
    }
    table.flush()?;
    Ok(())
}
