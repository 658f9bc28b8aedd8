//! CSV: one kind of value, one line each, with the tokens beside the positions.

use std::io::{self, Write};

use crate::trace::Trace;

use super::arrays::{self, Entry, Source};
use super::error::ExportError;
use super::options::Options;
use super::what::Along;

/// Writes `layer`, the array's axes, the texts of its tokens, and the value. Masked cells are left out.
///
/// `layer` counts all blocks; for encoder–decoder models `part` and `part_layer` stand beside it.
pub(super) fn write(source: &Source<'_>, options: &Options, out: &mut dyn Write) -> Result<(), ExportError> {
    let &[what] = options.what.as_slice() else {
        return Err(ExportError::Content { format: ".csv", what: "several kinds of values at once".into() });
    };
    let entries = arrays::entries(source.trace, &[what], &options.selection)?;
    let mut table = ::csv::Writer::from_writer(out);
    let named = matches!(what.axes(), [Along::Token | Along::Query, ..] | [_, Along::Query, ..]);
    let texts: &[&str] = match what.axes() {
        [_, Along::Query, Along::Key] => &["query_token", "key_token"],
        _ if named => &["text"],
        _ => &[],
    };
    let mut header: Vec<&str> = Vec::new();
    if what.hook().per_layer() {
        header.push("layer");
        if source.trace.spec.encoder.is_some() {
            header.extend(["part", "part_layer"]);
        }
    }
    header.extend(what.axes().iter().map(|along| along.name()));
    header.extend(texts);
    header.push(what.quantity());
    table.write_record(&header).map_err(io::Error::from)?;
    for entry in &entries {
        lines(source, entry, &mut table)?;
    }
    table.flush()?;
    Ok(())
}

fn lines(
    source: &Source<'_>,
    entry: &Entry,
    table: &mut ::csv::Writer<&mut dyn Write>,
) -> Result<(), ExportError> {
    let trace = source.trace;
    let axes = entry.what.axes();
    let tokens: Vec<_> = axes.iter().map(|&along| entry.tokens(trace, along)).collect();
    let attention = entry.layer.map(|layer| &trace.spec.blocks[layer].attention);
    let place = entry.layer.map(|layer| layer_fields(trace, layer, usize::from(entry.ends_stack())));
    let mut at = 0;
    let mut index = vec![0; axes.len()];
    entry.stream(source, &mut |values| {
        for &value in values {
            let mut rest = at;
            for (place, &n) in index.iter_mut().zip(&entry.shape).rev() {
                *place = rest % n;
                rest /= n;
            }
            at += 1;
            if let ([_, Along::Query, Along::Key], Some(attention)) = (axes, attention)
                && !attention.keys(index[1], tokens[2].len()).contains(&index[2])
            {
                continue;
            }
            for field in place.iter().flatten() {
                table.write_field(field).map_err(io::Error::from)?;
            }
            for (&along, &place) in axes.iter().zip(&index) {
                let place = match (along, &entry.heads) {
                    (Along::Head | Along::KvHead, Some(heads)) => heads[place],
                    _ => place,
                };
                table.write_field(place.to_string()).map_err(io::Error::from)?;
            }
            for ((&along, tokens), &place) in axes.iter().zip(&tokens).zip(&index) {
                if matches!(along, Along::Query | Along::Key | Along::Token) {
                    table.write_field(&tokens[place].text).map_err(io::Error::from)?;
                }
            }
            table.write_field(value.to_string()).map_err(io::Error::from)?;
            table.write_record(None::<&[u8]>).map_err(io::Error::from)?;
        }
        Ok(())
    })
}

/// `layer`, and where there are several parts also `part` and `part_layer`. The residual stream after a stack is that of
/// a layer more (`after`).
fn layer_fields(trace: &Trace, layer: usize, after: usize) -> Vec<String> {
    let spec = &trace.spec;
    let mut fields = vec![(layer + after).to_string()];
    if spec.encoder.is_some() {
        let part = spec.blocks[layer].part;
        fields.extend([part.name().to_owned(), (spec.index_in_part(layer) + after).to_string()]);
    }
    fields
}
