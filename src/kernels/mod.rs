//! Floor 0: SIMD and rayon primitives on plain slices, for what candle lacks or does slowly on a CPU.
//!
//! Everything is generic over [`Real`]: `f32` runs the fast paths, `f64` runs the same arithmetic at twice the
//! precision, so that the one forward pass can check itself.

mod activation;
pub mod backward;
mod exp;
pub mod linear;
mod norm;
mod packed;
pub mod panels;
mod pool;
pub mod product;
mod real;
mod scores;
mod softmax;

pub use activation::{Activation, activate, multiply, scale};
pub use linear::{Elements, Matrix, linear};
pub use norm::{layer_norm, rms_norm};
pub use packed::{Packed, Packing, Scales, Tiles};
pub use panels::{KeyPanels, PANEL, PaddedRows};
pub use pool::{max_row, mean_row};
pub use real::Real;
pub use softmax::{RowMoments, weights};

use std::ops::Range;

/// Cuts `n` things into `bins` consecutive ranges whose lengths differ by one at most.
///
/// Thumbnails and pooled tiles both cut this way, so that they agree cell for cell.
pub fn bin(n: usize, bins: usize, index: usize) -> Range<usize> {
    (index * n).div_ceil(bins)..((index + 1) * n).div_ceil(bins)
}

/// The larger of two weights; NaN wins, so that it shows.
pub fn larger<F: Real>(a: F, b: F) -> F {
    if a >= b || a.is_nan() { a } else { b }
}

/// The largest of some weights, at least 0; NaN wins, so that it shows.
pub fn largest<F: Real>(weights: &[F]) -> F {
    let mut lanes = [F::zero(); 8];
    let (body, tail) = weights.as_chunks::<8>();
    for weights in body {
        for (lane, &weight) in lanes.iter_mut().zip(weights) {
            *lane = larger(*lane, weight);
        }
    }
    lanes.iter().chain(tail).fold(F::zero(), |max, &weight| larger(max, weight))
}
