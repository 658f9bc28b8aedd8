//! The feed-forward part of a block: one MLP, or a few of many.

use super::expert_spec::{ClampedGate, ExpertSpec};
use super::hook::Hook;
use super::spec::MlpSpec;
use super::transformer::{Network, See, add};
use crate::kernels::{self, Real};

impl Network {
    /// What the MLP gives, [token, width] → [token, width].
    pub(super) fn mlp<F: Real>(&self, layer: usize, mlp: &MlpSpec, x: &[F], see: See<'_, F>) -> Vec<F> {
        let name = format!("{}.mlp", self.spec.prefix(layer));
        match &self.spec.blocks[layer].experts {
            Some(experts) => self.experts(&name, experts, mlp, x),
            None => self.one_mlp(&name, mlp, None, x, see),
        }
    }

    /// The MLP whose weights' names begin with `name`.
    fn one_mlp<F: Real>(
        &self,
        name: &str,
        mlp: &MlpSpec,
        clamp: Option<ClampedGate>,
        x: &[F],
        see: See<'_, F>,
    ) -> Vec<F> {
        let part =
            |x: &[F], part: &str| self.plain(x, &format!("{name}.W_{part}"), &format!("{name}.b_{part}"));
        let mut hidden = part(x, if mlp.gated { "gate" } else { "in" });
        see(Hook::MlpPre, &mut hidden);
        if let Some(clamp) = clamp {
            clamped_gate(clamp, &mut hidden, &part(x, "in"));
        } else {
            kernels::activate(mlp.activation, &mut hidden);
            if mlp.gated {
                kernels::multiply(&mut hidden, &part(x, "in"));
            }
        }
        see(Hook::MlpPost, &mut hidden);
        part(&hidden, "out")
    }

    /// The chosen experts of every token, and the shared one. Tokens that go through the same expert go together.
    fn experts<F: Real>(&self, name: &str, spec: &ExpertSpec, mlp: &MlpSpec, x: &[F]) -> Vec<F> {
        let width = self.spec.width;
        let numbers: Vec<F> = self.plain(x, &format!("{name}.W_router"), &format!("{name}.b_router"));
        let bias = self.weights.vector::<f64>(&format!("{name}.choice_bias")).unwrap_or_default();
        let mut tokens_of = vec![Vec::new(); spec.count];
        for (token, numbers) in numbers.chunks_exact(spec.count).enumerate() {
            let numbers: Vec<f64> = numbers.iter().map(|x| x.double()).collect();
            for (expert, share) in spec.choose(&numbers, &bias) {
                tokens_of[expert].push((token, F::of64(share)));
            }
        }
        let mut out = vec![F::zero(); x.len()];
        for (expert, tokens) in tokens_of.iter().enumerate().filter(|(_, tokens)| !tokens.is_empty()) {
            let rows = tokens.iter().flat_map(|&(token, _)| &x[token * width..(token + 1) * width]);
            let rows: Vec<F> = rows.copied().collect();
            let own = format!("{name}.experts.{expert}");
            let said = self.one_mlp(&own, mlp, spec.clamp, &rows, &mut |_, _| {});
            for (&(token, share), said) in tokens.iter().zip(said.chunks_exact(width)) {
                F::add_scaled(share, said, &mut out[token * width..(token + 1) * width]);
            }
        }
        if let Some(shared) = spec.shared {
            let own = MlpSpec { width: shared.width, ..mlp.clone() };
            let mut said = self.one_mlp(&format!("{name}.shared"), &own, None, x, &mut |_, _| {});
            if shared.gated {
                let gates: Vec<F> = self.plain(x, &format!("{name}.W_shared_gate"), "");
                for (said, gate) in said.chunks_exact_mut(width).zip(gates) {
                    kernels::scale(said, (1.0 / (1.0 + (-gate.double()).exp())) as f32);
                }
            }
            add(&mut out, &said);
        }
        out
    }
}

/// See [`ClampedGate`]; `gate` becomes the product.
fn clamped_gate<F: Real>(clamp: ClampedGate, gate: &mut [F], input: &[F]) {
    let (limit, alpha) = (F::of(clamp.limit), F::of(clamp.alpha));
    for (gate, &input) in gate.iter_mut().zip(input) {
        let open = gate.min(limit);
        let sigmoid = F::of64(1.0 / (1.0 + (-(alpha * open).double()).exp()));
        *gate = open * sigmoid * (input.max(-limit).min(limit) + F::one());
    }
}
