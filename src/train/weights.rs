//! How weights begin.

use super::shape::Shape;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// Standard deviation of every matrix at the beginning.
const SPREAD: f64 = 0.02;

/// Weights before the first step: matrices from N(0, 0.02²), norms 1.
pub(super) fn initial(shape: &Shape, seed: u64) -> Vec<f32> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut weights = vec![1.0; shape.parameters()];
    for tensor in shape.tensors().iter().filter(|tensor| tensor.shape.len() > 1) {
        for pair in weights[tensor.range.clone()].chunks_mut(2) {
            // Box and Muller: two normal numbers from two even ones
            let (u, turn): (f64, f64) = (1.0 - random.random::<f64>(), random.random());
            let radius = SPREAD * (-2.0 * u.ln()).sqrt();
            let (sine, cosine) = (std::f64::consts::TAU * turn).sin_cos();
            for (weight, part) in pair.iter_mut().zip([cosine, sine]) {
                *weight = (radius * part) as f32;
            }
        }
    }
    weights
}
