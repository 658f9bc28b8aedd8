//! The same pictures layer after layer: one token's memory as a river, and that of every token at one layer as a map.

use super::{
    FLOW_LIMIT, MemoryTraceError, Picture, Put, flow, mean_attention, normalise, normalised, parts, put,
    sources,
};
use crate::model::Network;
use crate::trace::Trace;
use rayon::prelude::*;
use serde::Serialize;
use std::ops::ControlFlow;

/// Most source tokens of a river or a map: a matrix of them is held for each layer.
pub const RIVER_LIMIT: usize = 1024;
/// Most tokens of a map of flow, which takes a maximum flow a cell.
pub const FLOW_MAP_LIMIT: usize = 64;

/// What one token's state consists of after each block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct River {
    /// The token that is asked about
    pub token: usize,
    /// By which picture
    pub picture: Picture,
    /// The picture after each block, [layer, source token]
    pub values: Vec<Vec<f64>>,
}

/// What every token's state consists of after one block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemoryMap {
    /// The block after which it is looked at
    pub layer: usize,
    /// By which picture
    pub picture: Picture,
    /// The picture of each token, [query, source token]; 0 where a source cannot be seen
    pub values: Vec<Vec<f64>>,
}

/// A river with a band of its own for a few sources, and one for all others.
#[derive(Clone, Debug, PartialEq)]
pub struct Bands {
    /// Sources with a band of their own, in the order of the text
    pub sources: Vec<usize>,
    /// Whether the first column stands before the first block, where a state is all its own token's
    pub begins: bool,
    /// Shares, [column, band]; the last band holds all other sources. A column sums to 1, but for learned sinks.
    pub shares: Vec<Vec<f64>>,
}

impl Picture {
    /// Whether a token counts as a part of its own state before anything is mixed into it.
    pub fn keeps_itself(self) -> bool {
        !matches!(self, Self::Attention | Self::Values)
    }
}

impl River {
    /// The share of one source after a block, in [0, 1]; lengths are divided by their sum.
    pub fn share(&self, layer: usize, source: usize) -> f64 {
        let Some(values) = self.values.get(layer) else { return 0.0 };
        let whole = if self.picture == Picture::Values { values.iter().sum() } else { 1.0 };
        let value = values.get(source).copied().unwrap_or(0.0);
        if whole > 0.0 { value / whole } else { 0.0 }
    }

    /// Sources by their share after block `layer`, greatest first.
    pub fn by_share(&self, layer: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.values.first().map_or(0, Vec::len)).collect();
        order.sort_by(|&a, &b| self.share(layer, b).total_cmp(&self.share(layer, a)));
        order
    }

    /// The `most` sources with the greatest shares after block `layer`, and `always` where there is one, apart from
    /// all others.
    pub fn bands(&self, most: usize, layer: usize, always: Option<usize>) -> Bands {
        let n = self.values.first().map_or(0, Vec::len);
        let always = always.filter(|&source| source < n);
        let mut sources: Vec<usize> = self.by_share(layer).into_iter().take(most).collect();
        if let Some(always) = always.filter(|source| !sources.contains(source)) {
            sources.truncate(most.saturating_sub(1));
            sources.push(always);
        }
        sources.sort_unstable();
        let of = |layer: usize| -> Vec<f64> {
            let mut shares: Vec<f64> = sources.iter().map(|&source| self.share(layer, source)).collect();
            let others = (0..n).filter(|source| !sources.contains(source));
            shares.push(others.map(|source| self.share(layer, source)).sum());
            shares
        };
        let begins = self.picture.keeps_itself();
        let mut shares: Vec<Vec<f64>> = (0..self.values.len()).map(of).collect();
        if begins {
            let own = sources.iter().position(|&source| source == self.token).unwrap_or(sources.len());
            shares.insert(0, (0..=sources.len()).map(|band| f64::from(u8::from(band == own))).collect());
        }
        Bands { sources, begins, shares }
    }
}

impl MemoryMap {
    /// The difference to the map of another run of as many tokens, cell by cell.
    #[must_use]
    pub fn less(mut self, other: &Self) -> Self {
        let rows = self.values.iter_mut().zip(&other.values);
        rows.for_each(|(row, other)| row.iter_mut().zip(other).for_each(|(value, other)| *value -= other));
        self
    }
}

/// What `token` consists of after each block, by one picture: row by row what [`memory_trace`](super::memory_trace)
/// gives.
///
/// - costs what one memory trace does, and layers² · sources² more; holds layers · sources² numbers
/// - `progress` is told the share done, and may break off
pub fn river(
    network: &Network,
    trace: &Trace,
    token: usize,
    picture: Picture,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<River, MemoryTraceError> {
    let last = trace.layers_done().saturating_sub(1);
    asked(trace, token, last)?;
    let n = sources(trace, token);
    let limit = if picture == Picture::Flow { FLOW_LIMIT } else { RIVER_LIMIT };
    let layers = mixings(network, trace, picture, last, (n, limit), progress)?;
    let values = (0..=last).map(|layer| {
        let step = |done: f32| progress(0.5 + (layer as f32 + done) / (last + 1) as f32 / 2.0);
        consists(picture, layers.upto(layer), n, token, step).ok_or(MemoryTraceError::Cancelled)
    });
    Ok(River { token, picture, values: values.collect::<Result<_, _>>()? })
}

/// What every token consists of after block `layer`, by one picture.
///
/// - costs what one memory trace does, and layers · tokens³ more; flow takes a maximum flow a cell
/// - `progress` is told the share done, and may break off
pub fn memory_map(
    network: &Network,
    trace: &Trace,
    layer: usize,
    picture: Picture,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<MemoryMap, MemoryTraceError> {
    asked(trace, 0, layer)?;
    let n = trace.n_tokens();
    let limit = if picture == Picture::Flow { FLOW_MAP_LIMIT } else { RIVER_LIMIT };
    let layers = mixings(network, trace, picture, layer, (n, limit), progress)?;
    let mut values = Vec::with_capacity(n);
    // Some rows at a time, so that it can be broken off
    let together = rayon::current_num_threads().max(1) * 4;
    for first in (0..n).step_by(together) {
        if progress(0.5 + first as f32 / n as f32 / 2.0).is_break() {
            return Err(MemoryTraceError::Cancelled);
        }
        let rows = first..(first + together).min(n);
        let some: Option<Vec<Vec<f64>>> = rows
            .into_par_iter()
            .map(|token| consists(picture, layers.upto(layer), n, token, |_| ControlFlow::Continue(())))
            .collect();
        values.extend(some.ok_or(MemoryTraceError::Cancelled)?);
    }
    Ok(MemoryMap { layer, picture, values })
}

/// Refuses runs and places that cannot be asked.
pub(super) fn asked(trace: &Trace, token: usize, layer: usize) -> Result<(), MemoryTraceError> {
    let (tokens, layers) = (trace.n_tokens(), trace.layers_done());
    if trace.spec.encoder.is_some() {
        return Err(MemoryTraceError::Encoder);
    }
    if token >= tokens || layer >= layers {
        return Err(MemoryTraceError::Missing { token, layer, tokens, layers });
    }
    Ok(())
}

/// How blocks mix tokens.
struct Mixings {
    /// [layer][query, key]
    matrices: Vec<Vec<f64>>,
    /// Tokens whose state after a block was put there, [layer]
    put: Vec<Vec<usize>>,
}

impl Mixings {
    /// Those of the blocks up to one.
    fn upto(&self, layer: usize) -> (&[Vec<f64>], &[Vec<usize>]) {
        (&self.matrices[..=layer], &self.put[..=layer])
    }
}

/// How each block up to `last` mixes the first `n` tokens; half of the progress.
fn mixings(
    network: &Network,
    trace: &Trace,
    picture: Picture,
    last: usize,
    (n, limit): (usize, usize),
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<Mixings, MemoryTraceError> {
    if n > limit {
        return Err(MemoryTraceError::TooLong { found: n, limit });
    }
    let mut one = |layer: usize| {
        let mut step = |part: f32| progress((layer as f32 + part) / (last + 1) as f32 / 2.0);
        if matches!(picture, Picture::Attention | Picture::Rollout | Picture::Flow) {
            step(0.0).is_continue().then_some(())?;
            let mean = mean_attention(trace, layer, n);
            return Some(if picture == Picture::Attention { mean } else { with_residual(mean, n) });
        }
        let parts = parts::parts(network, trace, layer, n, &mut step)?;
        Some(match picture {
            Picture::Norms => normalised(&parts.with_residual, n),
            Picture::Contributions => normalised(&parts.contributions, n),
            _ => parts.lengths.into_iter().map(f64::from).collect(),
        })
    };
    let matrices = (0..=last).map(|layer| one(layer).ok_or(MemoryTraceError::Cancelled));
    let matrices = matrices.collect::<Result<_, _>>()?;
    let values = matches!(picture, Picture::Norms | Picture::Contributions);
    let put = |layer| if values { put::put_after(trace, layer, n) } else { Vec::new() };
    Ok(Mixings { matrices, put: (0..=last).map(put).collect() })
}

/// Attention beside the residual: (A + I)/row sum.
pub(super) fn with_residual(mut mean: Vec<f64>, n: usize) -> Vec<f64> {
    for query in 0..n {
        mean[query * n + query] += 1.0;
    }
    normalise(&mut mean, n);
    mean
}

/// What `token` consists of above `layers`, [source token]; the sums run from the top down, as a memory trace's do.
fn consists(
    picture: Picture,
    (layers, put): (&[Vec<f64>], &[Vec<usize>]),
    n: usize,
    token: usize,
    mut progress: impl FnMut(f32) -> ControlFlow<()>,
) -> Option<Vec<f64>> {
    if picture == Picture::Flow {
        return flow::flow(layers, n, token, &mut progress);
    }
    let mut row = vec![0.0; n];
    if picture.keeps_itself() {
        row[token] = 1.0;
        let mut down = Put::new(row);
        layers.iter().zip(put).rev().for_each(|(matrix, put)| down.step(put, matrix, n));
        return Some(down.row());
    }
    for matrix in layers.iter().rev() {
        row.iter_mut().zip(&matrix[token * n..]).for_each(|(sum, value)| *sum += value);
    }
    if picture == Picture::Attention {
        for sum in &mut row {
            *sum /= layers.len() as f64;
        }
    }
    Some(row)
}
