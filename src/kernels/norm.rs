//! Layer normalisation and its root-mean-square kind, row by row.

use super::Real;
use rayon::prelude::*;

/// `(x − mean) / √(variance + eps) · weight + bias`, for every row of `x`.
///
/// - `x`: [rows, width], `weight`, `bias`: [width] (no weight: 1, no bias: 0)
/// - the variance is the mean square deviation (divided by `width`, not `width − 1`)
pub fn layer_norm<F: Real>(
    x: &[F],
    width: usize,
    weight: Option<&[F]>,
    bias: Option<&[F]>,
    eps: f64,
) -> Vec<F> {
    F::layer_norm(x, width, weight, bias, eps)
}

pub(super) fn layer_norm_plain<F: Real>(
    x: &[F],
    width: usize,
    weight: Option<&[F]>,
    bias: Option<&[F]>,
    eps: f64,
) -> Vec<F> {
    rows(x, width, |x, out| {
        let mean = sum(x, |x| x) / F::of64(width as f64);
        let variance = sum(x, |x| (x - mean) * (x - mean)) / F::of64(width as f64);
        let scale = F::one() / (variance + F::of64(eps)).sqrt();
        for (i, out) in out.iter_mut().enumerate() {
            let normal = (x[i] - mean) * scale;
            let normal = weight.map_or(normal, |weight| normal * weight[i]);
            *out = bias.map_or(normal, |bias| normal + bias[i]);
        }
    })
}

/// `x / √(mean(x²) + eps) · weight`, for every row of `x`: [rows, width]; `weight`: [width] (none: 1).
pub fn rms_norm<F: Real>(x: &[F], width: usize, weight: Option<&[F]>, eps: f64) -> Vec<F> {
    F::rms_norm(x, width, weight, eps)
}

pub(super) fn rms_norm_plain<F: Real>(x: &[F], width: usize, weight: Option<&[F]>, eps: f64) -> Vec<F> {
    rows(x, width, |x, out| {
        let square = sum(x, |x| x * x) / F::of64(width as f64);
        let scale = F::one() / (square + F::of64(eps)).sqrt();
        for (i, out) in out.iter_mut().enumerate() {
            let normal = x[i] * scale;
            *out = weight.map_or(normal, |weight| normal * weight[i]);
        }
    })
}

fn rows<F: Real>(x: &[F], width: usize, row: impl Fn(&[F], &mut [F]) + Sync) -> Vec<F> {
    let mut out = vec![F::zero(); x.len()];
    let per_task = (16_384 / width.max(1)).max(1) * width;
    out.par_chunks_mut(per_task).zip(x.par_chunks(per_task)).for_each(|(out, x)| {
        for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
            row(x, out);
        }
    });
    out
}

/// Σ f(x) in sixteen partial sums, which the compiler turns into vectors and which also lose fewer digits.
fn sum<F: Real>(x: &[F], f: impl Fn(F) -> F) -> F {
    let mut sums = [F::zero(); 16];
    let (body, tail) = x.as_chunks::<16>();
    for x in body {
        for (sum, &x) in sums.iter_mut().zip(x) {
            *sum += f(x);
        }
    }
    for (sum, &x) in sums.iter_mut().zip(tail) {
        *sum += f(x);
    }
    sums.iter().fold(F::zero(), |total, &sum| total + sum)
}
