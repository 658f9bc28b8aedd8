//! The feed-forward part of a block.

use super::hook::Hook;
use super::spec::MlpSpec;
use super::transformer::{Network, See};
use crate::kernels::{self, Real};

impl Network {
    /// What the MLP gives, [token, width] → [token, width].
    pub(super) fn mlp<F: Real>(&self, layer: usize, mlp: &MlpSpec, x: &[F], see: See<'_, F>) -> Vec<F> {
        let mut hidden = if mlp.gated {
            self.linear(layer, x, "mlp.W_gate", "mlp.b_gate")
        } else {
            self.linear(layer, x, "mlp.W_in", "mlp.b_in")
        };
        see(Hook::MlpPre, &mut hidden);
        kernels::activate(mlp.activation, &mut hidden);
        if mlp.gated {
            kernels::multiply(&mut hidden, &self.linear(layer, x, "mlp.W_in", "mlp.b_in"));
        }
        see(Hook::MlpPost, &mut hidden);
        self.linear(layer, &hidden, "mlp.W_out", "mlp.b_out")
    }
}
