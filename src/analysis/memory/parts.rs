//! What attention adds to each token, taken apart by the token it comes from: as vectors, through the model's own
//! frozen norms, of which lengths and shares are kept.
//!
//! In a changed run a head's output that is scaled has parts scaled alike; one that another takes the place of has none:
//! what is put there comes from no token, as a bias does.

use crate::kernels::linear;
use crate::model::{HeadId, Hook, Network, NormKind, NormSpec, Placement};
use crate::trace::{Means, Trace};
use rayon::prelude::*;
use std::ops::{ControlFlow, Range};

/// Keys whose transformed values are held at once.
const KEYS: usize = 64;

/// One block's parts, by query and key, both among the first `n` tokens.
pub(super) struct Parts {
    /// ‖Σ_h P·v·W_O‖₂, [query, key]
    pub(super) lengths: Vec<f32>,
    /// The same with the residual on the token itself, and through the norm where one follows the sum, [query, key]
    pub(super) with_residual: Vec<f32>,
    /// max(0, ‖y‖₁ − ‖y − part‖₁), y the sum of all parts and biases, [query, key]
    pub(super) contributions: Vec<f32>,
}

/// A norm as it was for each row, so that it can be applied to parts of the row: it is linear then.
struct Frozen {
    centres: bool,
    weight: Option<Vec<f32>>,
    /// What each row was divided by
    sigma: Vec<f32>,
}

impl Frozen {
    /// Of rows `x`, [row, width].
    fn new(network: &Network, norm: NormSpec, name: &str, x: &[f32], width: usize) -> Self {
        let mut weight: Option<Vec<f32>> = network.weights.vector(&format!("{name}.w"));
        if norm.unit_offset {
            weight.iter_mut().flatten().for_each(|weight| *weight += 1.0);
        }
        let centres = norm.kind == NormKind::Layer;
        let sigma = |row: &[f32]| {
            let mean = if centres { mean(row) } else { 0.0 };
            let square = row.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / width as f64;
            (square + norm.eps).sqrt() as f32
        };
        Self { centres, weight, sigma: x.chunks_exact(width).map(sigma).collect() }
    }

    fn apply(&self, row: usize, part: &mut [f32]) {
        let mean = if self.centres { mean(part) as f32 } else { 0.0 };
        for x in part.iter_mut() {
            *x = (*x - mean) / self.sigma[row];
        }
        if let Some(weight) = &self.weight {
            part.iter_mut().zip(weight).for_each(|(x, weight)| *x *= weight);
        }
    }
}

fn mean(x: &[f32]) -> f64 {
    x.iter().copied().map(f64::from).sum::<f64>() / x.len() as f64
}

/// What a block's attention does to parts, and what they are parts of.
struct Block<'a> {
    width: usize,
    /// The norm of what attention adds
    after: Option<Frozen>,
    factor: f32,
    /// The residual stream that it is added to, [token, width]
    base: Vec<f32>,
    /// The norm of the sum
    last: Option<Frozen>,
    /// The sum, through that norm, [token, width]
    whole: Vec<f32>,
    trace: &'a Trace,
    layer: usize,
}

/// Takes apart what attention of block `layer` adds to the first `n` tokens.
///
/// - costs n²·heads·width; holds [n, n] numbers three times
/// - `None` where the block cannot be run again, or where `progress` breaks off
pub(super) fn parts(
    network: &Network,
    trace: &Trace,
    layer: usize,
    n: usize,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Option<Parts> {
    let block = Block::new(network, trace, layer, n)?;
    let mut out =
        Parts { lengths: vec![0.0; n * n], with_residual: vec![0.0; n * n], contributions: vec![0.0; n * n] };
    for start in (0..n).step_by(KEYS) {
        if progress(start as f32 / n as f32).is_break() {
            return None;
        }
        let keys = start..(start + KEYS).min(n);
        let written = block.written(network, keys.clone());
        let rows = out.lengths.par_chunks_mut(n).zip(out.with_residual.par_chunks_mut(n));
        let rows = rows.zip(out.contributions.par_chunks_mut(n)).enumerate();
        rows.for_each(|(query, ((lengths, with_residual), contributions))| {
            let weights: Vec<Vec<f32>> = (0..written.len())
                .map(|head| trace.pattern(HeadId { layer, head }).tile(query..query + 1, keys.clone()))
                .collect();
            let seen = trace.spec.blocks[layer].attention.keys(query, n);
            for key in keys.clone().filter(|key| seen.contains(key) || *key == query) {
                let at = key - start;
                let mut part = vec![0.0; block.width];
                for (head, (weights, written)) in weights.iter().zip(&written).enumerate() {
                    let vector = &written[at * block.width..(at + 1) * block.width];
                    let weight = weights[at] * block.goes_on(head, query);
                    part.iter_mut().zip(vector).for_each(|(x, &add)| *x += weight * add);
                }
                let [length, residual, contribution] = block.measure(query, key, part);
                lengths[key] = length;
                with_residual[key] = residual;
                contributions[key] = contribution;
            }
        });
    }
    Some(out)
}

impl<'a> Block<'a> {
    fn new(network: &Network, trace: &'a Trace, layer: usize, n: usize) -> Option<Self> {
        let (width, spec) = (trace.spec.width, &trace.spec.blocks[layer]);
        let prefix = trace.spec.prefix(layer);
        let rows = |hook| -> Option<Vec<f32>> {
            let mut rows = trace.activation(network, hook, layer).ok()?.data;
            rows.truncate(n * width);
            Some(rows)
        };
        let added = rows(Hook::AttnOut)?;
        let base: Vec<f32> = match spec.placement {
            Placement::Normed => {
                rows(Hook::ResidMid)?.iter().zip(&added).map(|(sum, own)| sum - own).collect()
            }
            _ => trace.resid(layer)[..n * width].to_vec(),
        };
        let mut whole: Vec<f32> = base.iter().zip(&added).map(|(base, added)| base + added).collect();
        let after = match spec.ln1_post {
            None => None,
            Some(norm) => {
                let z = trace.activation(network, Hook::Z, layer).ok()?.data;
                let bias = network.weights.vector(&format!("{prefix}.attn.b_O"));
                let matrix = network.weights.matrix(&format!("{prefix}.attn.W_O"));
                let attended = linear(&z, &matrix, bias.as_deref());
                Some(Frozen::new(network, norm, &format!("{prefix}.ln1_post"), &attended, width))
            }
        };
        let mut last = spec
            .ln1
            .filter(|_| spec.placement == Placement::Post)
            .map(|norm| Frozen::new(network, norm, &format!("{prefix}.ln1"), &whole, width));
        if let Some(last) = &mut last {
            trace.changes.apply(Hook::Ln1Scale, layer, 0, &mut last.sigma, &mut Means::new());
            whole.chunks_exact_mut(width).enumerate().for_each(|(row, whole)| last.apply(row, whole));
        }
        Some(Self { width, after, factor: spec.residual_scale, base, last, whole, trace, layer })
    }

    /// v·W_O of some keys, [head][key, width].
    fn written(&self, network: &Network, keys: Range<usize>) -> Vec<Vec<f32>> {
        let dim = self.trace.spec.blocks[self.layer].attention.value_dim();
        let of = |head| {
            let values = self.trace.v(HeadId { layer: self.layer, head });
            linear(&values[keys.start * dim..keys.end * dim], &network.head_output(self.layer, head), None)
        };
        (0..self.trace.heads(self.layer)).map(of).collect()
    }

    /// The factor with which what a head gives to a query reaches the residual stream.
    fn goes_on(&self, head: usize, query: usize) -> f32 {
        let (changes, dim) = (&self.trace.changes, self.trace.spec.blocks[self.layer].attention.value_dim());
        changes.goes_on(Hook::Z, self.layer, &(head * dim..(head + 1) * dim), query)
            * changes.goes_on(Hook::AttnOut, self.layer, &(0..self.width), query)
    }

    /// Length of a part, its length with the residual, and its contribution to the sum.
    fn measure(&self, query: usize, key: usize, mut part: Vec<f32>) -> [f32; 3] {
        if let Some(norm) = &self.after {
            norm.apply(query, &mut part);
        }
        for x in &mut part {
            *x *= self.factor;
        }
        let length = euclidean(&part);
        let row = query * self.width..(query + 1) * self.width;
        if key == query {
            part.iter_mut().zip(&self.base[row.clone()]).for_each(|(x, base)| *x += base);
        }
        if let Some(norm) = &self.last {
            norm.apply(query, &mut part);
        }
        let whole = &self.whole[row];
        let left: f64 = whole.iter().zip(&part).map(|(y, x)| f64::from((y - x).abs())).sum();
        let all: f64 = whole.iter().map(|y| f64::from(y.abs())).sum();
        [length, euclidean(&part), (all - left).max(0.0) as f32]
    }
}

fn euclidean(x: &[f32]) -> f32 {
    x.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt() as f32
}
