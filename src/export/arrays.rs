//! The arrays that an export holds: named and shaped beforehand, their values streamed a band of rows at a time.
//!
//! **Invariant:** no T×T array is ever whole in memory, however large the file becomes.

use std::ops::ControlFlow;

use crate::model::{Hook, Model, Token};
use crate::render::Quantity;
use crate::render::tiles;
use crate::trace::{HeadId, Trace};

use super::error::ExportError;
use super::what::{Along, Selection, What};

/// Values of a pattern that are in memory at once.
const BAND: usize = 1 << 20;

/// One run, and what of it is to be written.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The model that ran; `None` where the trace came from a file.
    pub model: Option<&'a Model>,
    /// What it left behind.
    pub trace: &'a Trace,
    /// Told how much is done, 0…1; ends the export when it answers `Break`.
    pub watch: &'a dyn Fn(f32) -> ControlFlow<()>,
}

/// An array before its values are known.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name in the vocabulary: `blocks.3.attn.hook_pattern`.
    pub name: String,
    /// What kind it is.
    pub what: What,
    /// Its block, where blocks have their own.
    pub layer: Option<usize>,
    /// Its shape, picked heads only.
    pub shape: Vec<usize>,
    /// The heads it holds, where it has heads.
    pub heads: Option<Vec<usize>>,
    hook: Hook,
}

impl Entry {
    /// The tokens along an axis of tokens.
    pub fn tokens<'a>(&self, trace: &'a Trace, along: Along) -> &'a [Token] {
        let looked_at = along == Along::Key || matches!(self.what, What::K | What::V | What::RotK);
        match self.layer {
            None => &trace.tokens,
            Some(layer) if looked_at => trace.key_tokens(layer),
            Some(layer) => trace.query_tokens(layer),
        }
    }

    /// Whether it is the residual stream after a stack, which has no block of its own behind it.
    pub fn ends_stack(&self) -> bool {
        self.what == What::Resid && self.hook != self.what.hook()
    }

    /// Its number of values.
    pub fn len(&self) -> u64 {
        self.shape.iter().map(|&n| n as u64).product()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hands its values to `sink` in C order, some rows at a time.
    pub fn stream(
        &self,
        source: &Source<'_>,
        sink: &mut dyn FnMut(&[f32]) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let layer = self.layer.unwrap_or(0);
        match self.what {
            What::Pattern => self.stream_maps(source, Quantity::Weights, layer, sink),
            What::Scores => self.stream_maps(source, Quantity::Scores, layer, sink),
            _ => {
                let failed = |why: String| ExportError::Activation { name: self.name.clone(), why };
                let array = source
                    .trace
                    .activation(source.model.map(|model| &model.network), self.hook, layer)
                    .map_err(|error| failed(error.to_string()))?;
                match &self.heads {
                    Some(heads) => stream_heads(&array.shape, &array.data, heads, sink),
                    None => sink(&array.data),
                }
            }
        }
    }

    fn stream_maps(
        &self,
        source: &Source<'_>,
        quantity: Quantity,
        layer: usize,
        sink: &mut dyn FnMut(&[f32]) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        for &head in self.heads.iter().flatten() {
            let pattern = source.trace.pattern(HeadId { layer, head });
            let (rows, columns) = (pattern.n_queries(), pattern.n_keys());
            let band = (BAND / columns.max(1)).max(1);
            for first in (0..rows).step_by(band) {
                if (source.watch)(first as f32 / rows as f32).is_break() {
                    return Err(ExportError::Cancelled);
                }
                let queries = first..(first + band).min(rows);
                let n = queries.len();
                sink(&tiles::pooled(&pattern, quantity, queries, 0..columns, n, columns))?;
            }
        }
        Ok(())
    }
}

/// Of [token, head, …] values, those of the picked heads.
fn stream_heads(
    shape: &[usize],
    data: &[f32],
    heads: &[usize],
    sink: &mut dyn FnMut(&[f32]) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let (n_heads, dim) = (shape[1], shape[2]);
    if heads.len() == n_heads {
        return sink(data);
    }
    for token in data.chunks_exact(n_heads * dim) {
        for &head in heads {
            sink(&token[head * dim..(head + 1) * dim])?;
        }
    }
    Ok(())
}

/// The arrays of ids: `tokens`, and where an encoder reads another text, `source_tokens`.
pub(super) fn token_arrays(trace: &Trace) -> Vec<(&'static str, &[Token])> {
    let mut arrays = vec![("tokens", trace.tokens.as_slice())];
    if trace.spec.encoder.is_some() {
        arrays.push(("source_tokens", trace.source.as_slice()));
    }
    arrays
}

/// The arrays of `what` within `selection`, in order.
pub fn entries(trace: &Trace, what: &[What], selection: &Selection) -> Result<Vec<Entry>, ExportError> {
    let spec = &trace.spec;
    let layers = selection.layers(spec)?;
    let mut entries: Vec<Entry> = Vec::new();
    for &what in what {
        for (hook, layer) in what.hooks(spec, &layers) {
            let mut shape = trace.shape(hook, layer);
            let heads =
                match what.axes().iter().position(|&along| matches!(along, Along::Head | Along::KvHead)) {
                    Some(axis) => {
                        let mut heads = selection.heads(spec, layer)?;
                        if what.axes()[axis] == Along::KvHead {
                            heads = heads
                                .iter()
                                .map(|&head| spec.blocks[layer].attention.kv_head(head))
                                .collect();
                            heads.dedup();
                        }
                        shape[axis] = heads.len();
                        Some(heads)
                    }
                    None => None,
                };
            let name = trace.spec.hook_name(hook, layer);
            if entries.iter().all(|entry| entry.name != name) {
                entries.push(Entry {
                    name,
                    what,
                    layer: hook.per_layer().then_some(layer),
                    shape,
                    heads,
                    hook,
                });
            }
        }
    }
    Ok(entries)
}
