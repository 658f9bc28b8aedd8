//! A convolution over neighbouring tokens beside a block, as DeBERTa-v2's larger sizes have it beside the first.

use super::classes::ClassActivation;
use super::spec::NormSpec;
use super::transformer::{Network, add};
use crate::kernels::Real;
use serde::{Deserialize, Serialize};

/// Reads a block's input; norm(what the block gave + act(convolution)) takes the place of what the block gave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Convolution {
    /// Neighbouring tokens that are read at once, the token's own in the middle
    pub kernel: usize,
    /// Parts of the width that are convolved each by itself
    #[serde(default = "one")]
    pub groups: usize,
    /// Behind it
    pub activation: ClassActivation,
    /// Of the sum
    pub norm: NormSpec,
}

fn one() -> usize {
    1
}

impl Network {
    /// What follows block `layer`, of its input and what it gave, [token, width] each.
    pub(super) fn convolved<F: Real>(
        &self,
        layer: usize,
        own: &Convolution,
        input: &[F],
        mut given: Vec<F>,
    ) -> Vec<F> {
        add(&mut given, &self.convolution(layer, own, input));
        self.norm(own.norm, &format!("{}.conv.ln", self.spec.prefix(layer)), &given)
    }

    /// What the convolution itself gives, of the block's input: [token, width] both.
    pub fn convolution<F: Real>(&self, layer: usize, own: &Convolution, input: &[F]) -> Vec<F> {
        let width = self.spec.width;
        let n_tokens = input.len() / width;
        let before = (own.kernel - 1) / 2;
        let part = width / own.groups;
        let mut out = Vec::new();
        for group in 0..own.groups {
            let dims = group * part..(group + 1) * part;
            // Rows of neighbours, [token, (dimension, neighbour)]; there is nothing beyond the ends
            let mut rows = vec![F::zero(); n_tokens * part * own.kernel];
            for (token, row) in rows.chunks_exact_mut(part * own.kernel).enumerate() {
                for tap in 0..own.kernel {
                    let Some(from) = (token + tap).checked_sub(before).filter(|&from| from < n_tokens) else {
                        continue;
                    };
                    let neighbour = &input[from * width..(from + 1) * width][dims.clone()];
                    for (cell, &x) in row[tap..].iter_mut().step_by(own.kernel).zip(neighbour) {
                        *cell = x;
                    }
                }
            }
            let given = self.linear(layer, &rows, "conv.W", "conv.b");
            if group == 0 {
                out = given;
                continue;
            }
            for (row, given) in out.chunks_exact_mut(width).zip(given.chunks_exact(width)) {
                row[dims.clone()].copy_from_slice(&given[dims.clone()]);
            }
        }
        own.activation.apply(&mut out);
        out
    }
}
