//! What a head writes when it looks at a token: the eigenvalues of W_E·W_V·W_O·W_U, never vocabulary × vocabulary.

use crate::analysis::circuits::{eigenvalue_share, rows_times_rows};
use crate::kernels::linear;
use crate::model::{HeadId, HeadMap, HeadSpec, Network, row_major, unit_rows};
use std::ops::ControlFlow;

/// Rows of W_U that are unpacked at once.
const ROWS: usize = 64;

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
        let own = |map| network.head_map(head.layer, head.head, map, false);
        let written = linear(&own(HeadMap::Output), &row_major(&self.product, self.width), None);
        eigenvalue_share(&rows_times_rows(&written, &own(HeadMap::Value), self.width))
    }
}
