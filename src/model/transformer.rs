//! The one forward pass: tokens → embeddings → blocks of attention and MLP → logits, for every family.
//!
//! It branches on the spec, never on a family, and runs in `f32` or, to check itself, in `f64`. Every value passes
//! `see`, under the name it has in papers, on its way to the next step.

use super::attention::{LayerState, attend};
use super::gather::Repeats;
use super::hook::Hook;
use super::spec::{BlockSpec, HeadSpec, ModelSpec, NormKind, NormPlacement, NormSpec, Rotary};
use super::weights::Weights;
use crate::kernels::{self, Matrix, Real, linear};
use rayon::prelude::*;
use std::sync::Arc;

/// A model's architecture and its weights: what a forward pass needs.
#[derive(Debug)]
pub struct Network {
    /// The architecture
    pub spec: Arc<ModelSpec>,
    /// The weights
    pub weights: Weights,
}

/// What a pass shows on its way; `data` is row-major in the hook's shape.
pub type See<'a, F> = &'a mut dyn FnMut(Hook, &[F]);

/// What all blocks of one pass share.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Position of the first new token
    pub first: usize,
    /// Which tokens have been there before (all tokens, new ones included)
    pub repeats: &'a Repeats,
    /// Side of the thumbnails to gather, 0 for none
    pub thumbnail: usize,
}

impl Network {
    /// Vectors of new tokens, the first at position `first`: [token, width].
    pub fn embed<F: Real>(&self, tokens: &[u32], first: usize, see: See<'_, F>) -> Vec<F> {
        let width = self.spec.width;
        let rows = |name: &str, index: &dyn Fn(usize) -> usize| {
            let mut x = vec![F::zero(); tokens.len() * width];
            for (i, row) in x.chunks_exact_mut(width).enumerate() {
                self.weights.add_row(name, index(i), row);
            }
            x
        };
        let mut x = rows("embed.W_E", &|i| tokens[i] as usize);
        see(Hook::Embed, &x);
        if self.spec.embedding.learned_positions {
            let positions = rows("pos_embed.W_pos", &|i| first + i);
            see(Hook::PosEmbed, &positions);
            add(&mut x, &positions);
        }
        if self.spec.embedding.token_types > 0 {
            add(&mut x, &rows("embed.W_type", &|_| 0));
        }
        match self.spec.embedding.norm {
            Some(norm) => self.norm(norm, "embed.ln", &x),
            None => x,
        }
    }

    /// One block over new tokens, [token, width] → [token, width]; `state` is what earlier tokens left, and grows.
    pub fn block<F: Real>(
        &self,
        layer: usize,
        x: Vec<F>,
        state: &mut LayerState<F>,
        context: Context<'_>,
        see: See<'_, F>,
    ) -> Vec<F> {
        let block = &self.spec.blocks[layer];
        let name = |rest: &str| format!("blocks.{layer}.{rest}");
        see(Hook::ResidPre, &x);
        match block.placement {
            NormPlacement::Pre => {
                let attn_out =
                    self.attention(layer, &self.norm(block.norm, &name("ln1"), &x), state, context, see);
                let mid = sum(x, &attn_out);
                see(Hook::ResidMid, &mid);
                let mlp_out = self.mlp(layer, &self.norm(block.norm, &name("ln2"), &mid), see);
                let post = sum(mid, &mlp_out);
                see(Hook::ResidPost, &post);
                post
            }
            NormPlacement::Post => {
                let attn_out = self.attention(layer, &x, state, context, see);
                let mid = sum(x, &attn_out);
                see(Hook::ResidMid, &mid);
                let mid = self.norm(block.norm, &name("ln1"), &mid);
                let mlp_out = self.mlp(layer, &mid, see);
                let post = sum(mid, &mlp_out);
                see(Hook::ResidPost, &post);
                let post = self.norm(block.norm, &name("ln2"), &post);
                see(Hook::NormalizedResidPost, &post);
                post
            }
        }
    }

    /// What attention adds: q, k, v, the weights' sum over values, W_O.
    fn attention<F: Real>(
        &self,
        layer: usize,
        x: &[F],
        state: &mut LayerState<F>,
        context: Context<'_>,
        see: See<'_, F>,
    ) -> Vec<F> {
        let spec = &self.spec.blocks[layer].attention;
        let mut project = |weight: &str, bias: &str, hook| {
            let y = self.linear(layer, x, weight, bias);
            see(hook, &y);
            y
        };
        let q = project("attn.W_Q", "attn.b_Q", Hook::Q);
        let k = project("attn.W_K", "attn.b_K", Hook::K);
        let v = project("attn.W_V", "attn.b_V", Hook::V);

        let n_tokens = x.len() / self.spec.width;
        let dim = spec.head_dim;
        let turns = spec.rotary.as_ref().map(|rotary| Turns::new(rotary, context.first, n_tokens));
        let turn = |mut x: Vec<F>| {
            if let Some(turns) = &turns {
                turns.apply(&mut x, dim);
            }
            x
        };
        let (q, k) = (turn(q), turn(k));
        see(Hook::RotQ, &q);
        see(Hook::RotK, &k);
        let head_rows = |x: &'_ [F], heads: usize, head: usize, push: &mut dyn FnMut(&[F])| {
            x.chunks_exact(heads * dim).for_each(|row| push(&row[head * dim..(head + 1) * dim]));
        };
        state.heads.par_iter_mut().enumerate().for_each(|(head, state)| {
            head_rows(&q, spec.heads, head, &mut |row| state.queries.extend_from_slice(row));
        });
        state.keys.par_iter_mut().enumerate().for_each(|(head, keys)| {
            head_rows(&k, spec.kv_heads, head, &mut |row| keys.push(row));
        });
        state.values.par_iter_mut().enumerate().for_each(|(head, values)| {
            head_rows(&v, spec.kv_heads, head, &mut |row| values.push(row));
        });
        drop((q, k, v));

        let rows = context.first..context.first + n_tokens;
        let z = attend(spec, state, rows, context.repeats, context.thumbnail);
        see(Hook::Z, &z);
        let attn_out = self.linear(layer, &z, "attn.W_O", "attn.b_O");
        see(Hook::AttnOut, &attn_out);
        attn_out
    }

    /// What the MLP adds.
    fn mlp<F: Real>(&self, layer: usize, x: &[F], see: See<'_, F>) -> Vec<F> {
        let BlockSpec { mlp, .. } = &self.spec.blocks[layer];
        let mut hidden = if mlp.gated {
            self.linear(layer, x, "mlp.W_gate", "mlp.b_gate")
        } else {
            self.linear(layer, x, "mlp.W_in", "mlp.b_in")
        };
        see(Hook::MlpPre, &hidden);
        kernels::activate(mlp.activation, &mut hidden);
        if mlp.gated {
            kernels::multiply(&mut hidden, &self.linear(layer, x, "mlp.W_in", "mlp.b_in"));
        }
        see(Hook::MlpPost, &hidden);
        let out = self.linear(layer, &hidden, "mlp.W_out", "mlp.b_out");
        see(Hook::MlpOut, &out);
        out
    }

    /// Input of the unembedding: the last residuals after the final norm, [row, width].
    pub fn final_normalized<F: Real>(&self, resid: &[F]) -> Vec<F> {
        match self.spec.final_norm {
            Some(norm) => self.norm(norm, "ln_final", resid),
            None => resid.to_vec(),
        }
    }

    /// Logits of some rows of the last residual stream, [row, width] → [row, vocab]; empty where there is no head.
    pub fn logits<F: Real>(&self, resid: &[F]) -> Vec<F> {
        let x = match self.spec.head {
            HeadSpec::None => return Vec::new(),
            HeadSpec::NextToken => self.final_normalized(resid),
            HeadSpec::MaskedToken { activation, norm } => {
                let bias = self.weights.vector("head.b");
                let mut x =
                    linear(&self.final_normalized(resid), &self.weights.matrix("head.W"), bias.as_deref());
                kernels::activate(activation, &mut x);
                self.norm(norm, "head.ln", &x)
            }
        };
        let bias = self.weights.vector("unembed.b_U");
        linear(&x, &self.weights.matrix("unembed.W_U"), bias.as_deref())
    }

    fn linear<F: Real>(&self, layer: usize, x: &[F], weight: &str, bias: &str) -> Vec<F> {
        let bias = self.weights.vector(&format!("blocks.{layer}.{bias}"));
        linear(x, &self.weights.matrix(&format!("blocks.{layer}.{weight}")), bias.as_deref())
    }

    fn norm<F: Real>(&self, norm: NormSpec, name: &str, x: &[F]) -> Vec<F> {
        let weight = self.weights.vector::<F>(&format!("{name}.w")).unwrap_or_default();
        let bias = self.weights.vector::<F>(&format!("{name}.b"));
        match norm.kind {
            NormKind::Layer => kernels::layer_norm(x, &weight, bias.as_deref(), norm.eps),
            NormKind::Rms => kernels::rms_norm(x, &weight, norm.eps),
        }
    }

    /// One head's part of W_O, [head_dim, width].
    pub fn head_output(&self, layer: usize, head: usize) -> Matrix<'_> {
        let dim = self.spec.blocks[layer].attention.head_dim;
        let whole = self.weights.matrix(&format!("blocks.{layer}.attn.W_O"));
        let elements = whole.elements.from(head * dim * whole.input_stride);
        Matrix { elements, inputs: dim, ..whole }
    }
}

fn add<F: Real>(x: &mut [F], y: &[F]) {
    x.iter_mut().zip(y).for_each(|(x, &y)| *x += y);
}

fn sum<F: Real>(mut x: Vec<F>, y: &[F]) -> Vec<F> {
    add(&mut x, y);
    x
}

/// Cosines and sines of a run of positions, [position, pair].
struct Turns<F> {
    pairs: usize,
    cos_sin: Vec<(F, F)>,
}

impl<F: Real> Turns<F> {
    fn new(rotary: &Rotary, first: usize, n: usize) -> Self {
        let frequencies = rotary.frequencies();
        let turn = |position: usize, frequency: f32| {
            // The angle is rounded to single precision, as the models were trained with it
            let angle = f64::from(position as f32 * frequency);
            (F::of64(angle.cos()), F::of64(angle.sin()))
        };
        let cos_sin = (first..first + n)
            .flat_map(|position| frequencies.iter().map(move |&frequency| turn(position, frequency)));
        Self { pairs: frequencies.len(), cos_sin: cos_sin.collect() }
    }

    /// Turns every head of `x`, [token, head · dim].
    fn apply(&self, x: &mut [F], dim: usize) {
        let n_tokens = self.cos_sin.len() / self.pairs.max(1);
        let width = x.len() / n_tokens.max(1);
        x.par_chunks_mut(width).zip(self.cos_sin.par_chunks(self.pairs)).for_each(|(row, turns)| {
            for head in row.chunks_exact_mut(dim) {
                let (a, b) = head[..2 * self.pairs].split_at_mut(self.pairs);
                for ((a, b), &(cos, sin)) in a.iter_mut().zip(b).zip(turns) {
                    (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
                }
            }
        });
    }
}
