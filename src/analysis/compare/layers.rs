//! How far hidden states differ between two runs, layer by layer.

use super::align::Alignment;
use crate::trace::{Side, Stream, Trace};

/// Aligned tokens that similarity of representations is computed over at most, evenly spaced: it grows with the square.
pub const MOST_TOKENS: usize = 512;

/// One residual stream in both runs.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerDifference {
    /// It in A
    pub a: Stream,
    /// Its counterpart in B: in the same place, or in a model of another depth at the same share of the way
    pub b: Stream,
    /// Mean over aligned tokens of `⟨a, b⟩ / (‖a‖ ‖b‖)`, in [−1, 1]; `None` where the widths differ, for then the two
    /// have no direction in common. Two models that were trained apart have none either, whatever their widths
    pub cosine: Option<f64>,
    /// Similarity of representations, in [0, 1], which turns and scalings do not change: see [`cka`]
    pub cka: Option<f64>,
}

/// Every stream of A with its counterpart in B.
pub(super) fn differences<'a>(
    a: &Trace,
    b: &Trace,
    aligned: &dyn Fn(Side) -> &'a Alignment,
) -> Vec<LayerDifference> {
    let mut layers = Vec::new();
    for side in [Side::Source, Side::Target] {
        let [own, theirs] = [a, b].map(|trace| trace.spec.streams_of(side));
        let pairs = aligned(side).pairs.iter().map(super::Pair::ends).collect::<Vec<_>>();
        for (index, &stream) in own.iter().enumerate() {
            let last = (own.len() - 1).max(1);
            let Some(&other) = theirs.get((index * theirs.len().saturating_sub(1) + last / 2) / last) else {
                continue;
            };
            let (x, y) = (a.stream(stream), b.stream(other));
            let widths = [a.spec.width, b.spec.width];
            let rows = |pairs: &[[usize; 2]]| {
                let row = |(x, width, at): (&'_ [f32], usize, usize)| x[at * width..][..width].to_vec();
                let both = pairs.iter().map(|&[i, j]| (row((x, widths[0], i)), row((y, widths[1], j))));
                both.unzip::<_, _, Vec<_>, Vec<_>>()
            };
            let cosine = (widths[0] == widths[1] && !pairs.is_empty()).then(|| {
                let cosine = |&[i, j]: &[usize; 2]| {
                    cosine(&x[i * widths[0]..][..widths[0]], &y[j * widths[1]..][..widths[1]])
                };
                pairs.iter().map(cosine).sum::<f64>() / pairs.len() as f64
            });
            let step = pairs.len().div_ceil(MOST_TOKENS).max(1);
            let some: Vec<[usize; 2]> = pairs.iter().step_by(step).copied().collect();
            let (own_rows, their_rows) = rows(&some);
            layers.push(LayerDifference { a: stream, b: other, cosine, cka: cka(&own_rows, &their_rows) });
        }
    }
    layers
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

/// 1 of a vector with itself, 0 beside a vector of zeros.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    if a == b {
        return if a.iter().any(|&x| x != 0.0) { 1.0 } else { 0.0 };
    }
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms > 0.0 { (dot(a, b) / norms).clamp(-1.0, 1.0) } else { 0.0 }
}

/// Linear centred kernel alignment of two sets of hidden states: `⟨K, L⟩ / (‖K‖ ‖L‖)`, in [0, 1].
///
/// - `a`, `b`: the same tokens in the same order, [token, width]; the widths may differ
/// - `K`, `L`: dot products of every two tokens, [token, token], rows and columns centred
/// - `None` for fewer than three tokens, or where all tokens of one run have the same state
/// - of few tokens and wide states it is high whatever they are; compare it between layers, not with 1
/// - source: Kornblith et al. 2019, *Similarity of Neural Network Representations Revisited*
pub fn cka(a: &[Vec<f32>], b: &[Vec<f32>]) -> Option<f64> {
    let n = a.len();
    if n < 3 || b.len() != n {
        return None;
    }
    let (own, theirs) = (centred(a), centred(b));
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let norms = (product(&own, &own) * product(&theirs, &theirs)).sqrt();
    (norms > 0.0).then(|| (product(&own, &theirs) / norms).clamp(0.0, 1.0))
}

/// Dot products of every two rows, less the means of row and column, and the mean of all.
fn centred(rows: &[Vec<f32>]) -> Vec<f64> {
    let n = rows.len();
    let mut kernel: Vec<f64> = rows.iter().flat_map(|x| rows.iter().map(|y| dot(x, y))).collect();
    let means: Vec<f64> = kernel.chunks_exact(n).map(|row| row.iter().sum::<f64>() / n as f64).collect();
    let mean = means.iter().sum::<f64>() / n as f64;
    for (i, row) in kernel.chunks_exact_mut(n).enumerate() {
        for (x, own) in row.iter_mut().zip(&means) {
            *x += mean - means[i] - own;
        }
    }
    kernel
}
