//! What a head writes when it looks at a token: the eigenvalues of W_E·W_V·W_O·W_U, never vocabulary × vocabulary.

use crate::kernels::{Elements, Matrix, linear};
use crate::model::{HeadId, HeadSpec, Network};
use nalgebra::{DMatrix, Schur};
use std::ops::ControlFlow;

/// Rows of W_U that are unpacked at once.
const ROWS: usize = 64;
/// Steps of the eigenvalue iteration before it is given up.
const STEPS: usize = 100_000;

/// W_U·W_E, [width, width]: what each direction of the residual stream that is read as a word would be as the next one.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    product: Vec<f32>,
    width: usize,
}

impl Vocabulary {
    /// Of a model that gives a next token and reads its words at full width; `None` of others, and where `progress`
    /// (told the share done) breaks off. Costs vocabulary × width² multiplications, once.
    pub fn new(network: &Network, progress: &mut dyn FnMut(f32) -> ControlFlow<()>) -> Option<Self> {
        let spec = &network.spec;
        if spec.head != HeadSpec::NextToken || spec.encoder.is_some() || spec.embedding.projection.is_some() {
            return None;
        }
        let width = spec.width;
        let (unembed, embed) = (network.weights.matrix("unembed.W_U"), network.weights.matrix("embed.W_E"));
        let mut product = Vec::with_capacity(width * width);
        for first in (0..width).step_by(ROWS) {
            if progress(first as f32 / width as f32).is_break() {
                return None;
            }
            let rows = unit_rows(first, ROWS.min(width - first), width);
            product.extend(linear(&linear::<f32>(&rows, &unembed, None), &embed, None));
        }
        Some(Self { product, width })
    }

    /// How much a head raises the very words it looks at: Σλ / Σ|λ| over the eigenvalues of W_E·W_V·W_O·W_U.
    ///
    /// - computed as the eigenvalues of W_O·(W_U·W_E)·W_V, [value_dim, value_dim], which are the same but for zeros
    /// - in [−1, 1]; 1: every direction is copied, −1: every one suppressed; weights as they are, norms left out
    /// - `None` where the iteration does not settle, as with NaN
    /// - source: Elhage et al. 2021, *A Mathematical Framework for Transformer Circuits*, "copying"
    pub fn copying(&self, network: &Network, head: HeadId) -> Option<f64> {
        let output = network.head_output(head.layer, head.head);
        let value = network.head_value(head.layer, head.head);
        let dim = output.inputs;
        let middle = Matrix {
            elements: Elements::F32(&self.product),
            inputs: self.width,
            outputs: self.width,
            input_stride: self.width,
            output_stride: 1,
            rows: None,
        };
        let written: Vec<f32> = linear(&unit_rows(0, dim, dim), &output, None);
        let circuit = linear(&linear(&written, &middle, None), &value, None);
        let circuit = DMatrix::from_row_iterator(dim, dim, circuit.into_iter().map(f64::from));
        if circuit.iter().any(|x| !x.is_finite()) {
            return None;
        }
        let values = Schur::try_new(circuit, f64::EPSILON, STEPS)?.complex_eigenvalues();
        let (sum, size) = values
            .iter()
            .fold((0.0, 0.0), |(sum, size), value| (sum + value.re, size + value.re.hypot(value.im)));
        (size > 0.0).then(|| sum / size)
    }
}

/// Rows `first..first + n` of the identity, [n, width].
fn unit_rows(first: usize, n: usize, width: usize) -> Vec<f32> {
    let mut rows = vec![0.0; n * width];
    for row in 0..n {
        rows[row * width + first + row] = 1.0;
    }
    rows
}
