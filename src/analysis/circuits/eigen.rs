//! Eigenvalues of a product of rows: what of a map keeps its direction.

use crate::kernels::{Matrix, linear};
use crate::model::row_major;
use nalgebra::{DMatrix, Schur};

/// Steps of the eigenvalue iteration before it is given up.
const STEPS: usize = 100_000;

/// Σλ / Σ|λ| over the eigenvalues of a square matrix, row-major: 1 where all are positive, −1 where all are negative.
///
/// `None` where there are none, the iteration does not settle, or a number is not finite.
pub fn eigenvalue_share(matrix: &[f32]) -> Option<f64> {
    let dim = matrix.len().isqrt();
    let matrix = DMatrix::from_row_iterator(dim, dim, matrix.iter().copied().map(f64::from));
    if matrix.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let values = Schur::try_new(matrix, f64::EPSILON, STEPS)?.complex_eigenvalues();
    let (sum, size) = values
        .iter()
        .fold((0.0, 0.0), |(sum, size), value| (sum + value.re, size + value.re.hypot(value.im)));
    (size > 0.0).then(|| sum / size)
}

/// ⟨a, b⟩ for every row of both, [a, b].
pub fn rows_times_rows(a: &[f32], b: &[f32], width: usize) -> Vec<f32> {
    let outputs = b.len() / width.max(1);
    let turned =
        Matrix { inputs: width, outputs, input_stride: 1, output_stride: width, ..row_major(b, width) };
    linear(a, &turned, None)
}
