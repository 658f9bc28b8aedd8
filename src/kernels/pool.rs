//! Many rows into one: what stands between a Transformer and a classifier.

use super::{Real, larger};

/// The mean of the rows of `x`, [row, width] → [width].
pub fn mean_row<F: Real>(x: &[F], width: usize) -> Vec<F> {
    let mut sum = vec![F::zero(); width];
    for row in x.chunks_exact(width) {
        F::add_scaled(F::one(), row, &mut sum);
    }
    let rows = F::of64((x.len() / width).max(1) as f64);
    for sum in &mut sum {
        *sum /= rows;
    }
    sum
}

/// The largest value of each column of `x`, [row, width] → [width].
pub fn max_row<F: Real>(x: &[F], width: usize) -> Vec<F> {
    let mut most = vec![F::neg_infinity(); width];
    for row in x.chunks_exact(width) {
        for (most, &x) in most.iter_mut().zip(row) {
            *most = larger(*most, x);
        }
    }
    most
}
