//! Queries, keys and values as they are projected, before norms and rotary.

use super::attention_spec::{AttentionSpec, Latent};
use super::hook::Hook;
use super::transformer::{Network, See};
use crate::kernels::Real;

impl Network {
    /// Queries, keys and values, [token, head · dim] each, from the input of block `layer`'s attention.
    pub(super) fn projections<F: Real>(
        &self,
        layer: usize,
        x: &[F],
        source: &[F],
        see: See<'_, F>,
    ) -> [Vec<F>; 3] {
        let spec = &self.spec.blocks[layer].attention;
        let [mut q, mut k, v] = match spec.latent {
            Some(latent) => self.latent_projections(layer, spec, latent, x),
            None => [
                self.linear(layer, x, "attn.W_Q", "attn.b_Q"),
                self.linear(layer, source, "attn.W_K", "attn.b_K"),
                self.linear(layer, source, "attn.W_V", "attn.b_V"),
            ],
        };
        see(Hook::Q, &mut q);
        see(Hook::K, &mut k);
        [q, k, v]
    }

    fn latent_projections<F: Real>(
        &self,
        layer: usize,
        spec: &AttentionSpec,
        latent: Latent,
        x: &[F],
    ) -> [Vec<F>; 3] {
        let short = |part: &str| {
            let short = self.linear(layer, x, &format!("attn.W_{part}_down"), &format!("attn.b_{part}_down"));
            self.norm(latent.norm, &format!("{}.attn.{part}_down_norm", self.spec.prefix(layer)), &short)
        };
        let q = match latent.query_width {
            Some(_) => self.linear(layer, &short("Q"), "attn.W_Q", "attn.b_Q"),
            None => self.linear(layer, x, "attn.W_Q", "attn.b_Q"),
        };
        let short = short("KV");
        let own = self.linear(layer, &short, "attn.W_K", "attn.b_K");
        let v = self.linear(layer, &short, "attn.W_V", "attn.b_V");
        let shared = self.linear(layer, x, "attn.W_K_shared", "attn.b_K_shared");
        let own_dim = spec.head_dim - latent.shared_key;
        let mut k = Vec::with_capacity(own.len() / own_dim.max(1) * spec.head_dim);
        for (own, shared) in
            own.chunks_exact(spec.kv_heads * own_dim).zip(shared.chunks_exact(latent.shared_key))
        {
            for own in own.chunks_exact(own_dim) {
                k.extend_from_slice(own);
                k.extend_from_slice(shared);
            }
        }
        [q, k, v]
    }
}
