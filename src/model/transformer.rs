//! The one forward pass: tokens → embeddings → blocks of attention and MLP → logits, for every family.
//!
//! It branches on the spec, never on a family, and runs in `f32` or, to check itself, in `f64`. Every value passes
//! `see`, under the name it has in papers, on its way to the next step.

use super::attention::{LayerState, Relative, attend};
use super::attention_spec::{AttentionSpec, PositionBias, QkNorm, QkNormAcross};
use super::gather::Repeats;
use super::hook::Hook;
use super::rotary::Turns;
use super::spec::{HeadSpec, ModelSpec, NormKind, NormSpec, Part, Placement};
use super::weights::Weights;
use crate::kernels::{self, Matrix, Real, linear};
use rayon::prelude::*;
use std::borrow::Cow;
use std::sync::Arc;

/// A model's architecture and its weights: what a forward pass needs.
#[derive(Debug)]
pub struct Network {
    /// The architecture
    pub spec: Arc<ModelSpec>,
    /// The weights
    pub weights: Weights,
}

/// What a pass shows on its way, and lets be changed; `data` is row-major in the hook's shape.
pub type See<'a, F> = &'a mut dyn FnMut(Hook, &mut [F]);

/// What all blocks of one pass share.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Position of the first new token
    pub first: usize,
    /// Which tokens have been there before (all tokens, new ones included)
    pub repeats: &'a Repeats,
    /// Whether to gather thumbnails
    pub thumbnails: bool,
    /// Whether what norms divide by passes `see`, which takes a second look at every row
    pub scales: bool,
}

impl Network {
    /// One block over new tokens, [token, width] → [token, width]; `state` is what earlier tokens left, and grows.
    ///
    /// `memory` is what cross-attention looks at, [source token, width]; no other block reads it, nor does a later
    /// pass over the same state.
    pub fn block<F: Real>(
        &self,
        layer: usize,
        x: Vec<F>,
        memory: &[F],
        state: &mut LayerState<F>,
        context: Context<'_>,
        see: See<'_, F>,
    ) -> Vec<F> {
        let attend = |input: &[F], see: See<'_, F>| self.attention(layer, input, memory, state, context, see);
        self.around(layer, x, context.scales, attend, see)
    }

    /// A block around its attention, which `attend` makes of its input: norms, sums and the MLP, token by token.
    ///
    /// `scales`: as in [`Context`].
    pub(super) fn around<F: Real>(
        &self,
        layer: usize,
        mut x: Vec<F>,
        scales: bool,
        attend: impl FnOnce(&[F], See<'_, F>) -> Vec<F>,
        see: See<'_, F>,
    ) -> Vec<F> {
        let block = &self.spec.blocks[layer];
        let prefix = self.spec.prefix(layer);
        let name = |rest: &str| format!("{prefix}.{rest}");
        let finish = |out: Vec<F>, norm: Option<NormSpec>, weights: &str| {
            let mut out = match norm {
                Some(norm) => self.norm(norm, &name(weights), &out),
                None => out,
            };
            kernels::scale(&mut out, block.residual_scale);
            out
        };
        let normed = |norm: NormSpec, hook: Hook, x: &[F], see: See<'_, F>| {
            let name = name(if hook == Hook::Ln1Scale { "ln1" } else { "ln2" });
            if scales { self.norm_seen(norm, (&name, hook), x, see) } else { self.norm(norm, &name, x) }
        };
        see(Hook::ResidPre, &mut x);
        let before = block.convolution.map(|own| (own, x.clone()));
        let post = block.placement == Placement::Post;
        let input = match self.norm_before(layer) {
            Some(norm) => Cow::Owned(normed(norm, Hook::Ln1Scale, &x, see)),
            None => Cow::Borrowed(&x[..]),
        };
        let attended = attend(&input, see);
        let mut attn_out = finish(attended, block.ln1_post, "ln1_post");
        see(Hook::AttnOut, &mut attn_out);
        let Some(mlp) = &block.mlp else {
            let mut x = sum(x, &attn_out);
            see(Hook::ResidMid, &mut x);
            return match block.ln1.filter(|_| post) {
                Some(norm) => normed(norm, Hook::Ln1Scale, &x, see),
                None => x,
            };
        };
        if block.placement == Placement::Parallel {
            let input = match block.ln2 {
                Some(norm) => Cow::Owned(normed(norm, Hook::Ln2Scale, &x, see)),
                None => input,
            };
            let mut mlp_out = finish(self.mlp(layer, mlp, &input, see), block.ln2_post, "ln2_post");
            see(Hook::MlpOut, &mut mlp_out);
            let mut x = sum(x, &attn_out);
            add(&mut x, &mlp_out);
            see(Hook::ResidPost, &mut x);
            return x;
        }
        let on_normed = block.placement == Placement::Normed;
        let base = if on_normed { input.into_owned() } else { x };
        let mut x = sum(base, &attn_out);
        drop(attn_out);
        see(Hook::ResidMid, &mut x);
        if let Some(norm) = block.ln1.filter(|_| post) {
            x = normed(norm, Hook::Ln1Scale, &x, see);
        }
        let input = match block.ln2.filter(|_| !post) {
            Some(norm) => Cow::Owned(normed(norm, Hook::Ln2Scale, &x, see)),
            None => Cow::Borrowed(&x[..]),
        };
        let mut mlp_out = finish(self.mlp(layer, mlp, &input, see), block.ln2_post, "ln2_post");
        see(Hook::MlpOut, &mut mlp_out);
        let base = if on_normed { input.into_owned() } else { x };
        let mut x = sum(base, &mlp_out);
        see(Hook::ResidPost, &mut x);
        if let Some(norm) = block.ln2.filter(|_| post) {
            x = normed(norm, Hook::Ln2Scale, &x, see);
        }
        if let Some((own, before)) = &before {
            x = self.convolved(layer, own, before, x);
        }
        if post {
            see(Hook::NormalizedResidPost, &mut x);
        }
        x
    }

    /// What attention gives: q, k, v, the weights' sum over values, W_O.
    fn attention<F: Real>(
        &self,
        layer: usize,
        x: &[F],
        memory: &[F],
        state: &mut LayerState<F>,
        context: Context<'_>,
        see: See<'_, F>,
    ) -> Vec<F> {
        let spec = &self.spec.blocks[layer].attention;
        let crosses = self.spec.blocks[layer].part == Part::Cross;
        let n_seen = context.first + x.len() / self.spec.width;
        // A cross-attention's keys and values are all there after its first pass
        let source = match (crosses, state.n_keys()) {
            (false, _) => x,
            (true, 0) => memory,
            (true, _) => &[],
        };
        let [q, k, v] = self.queries_keys_values(layer, x, source, (context.first, n_seen), see);
        let (dim, value_dim) = (spec.head_dim, spec.value_dim());
        let head_rows = |x: &'_ [F], heads: usize, dim: usize, head: usize, push: &mut dyn FnMut(&[F])| {
            x.chunks_exact(heads * dim).for_each(|row| push(&row[head * dim..(head + 1) * dim]));
        };
        state.heads.par_iter_mut().enumerate().for_each(|(head, state)| {
            head_rows(&q, spec.heads, dim, head, &mut |row| state.queries.extend_from_slice(row));
        });
        state.keys.par_iter_mut().enumerate().for_each(|(head, keys)| {
            head_rows(&k, spec.kv_heads, dim, head, &mut |row| keys.push(row));
        });
        state.values.par_iter_mut().enumerate().for_each(|(head, values)| {
            head_rows(&v, spec.kv_heads, value_dim, head, &mut |row| values.push(row));
        });
        drop((q, k, v));

        self.learned_biases(layer, spec, state);
        let mut z = attend(spec, state, context.first..n_seen, context);
        see(Hook::Z, &mut z);
        self.linear(layer, &z, "attn.W_O", "attn.b_O")
    }

    /// Queries, keys and values as they enter the product, [token, head · dim] each, of tokens of which the first
    /// stands at `first` in a text of `n_tokens`.
    pub(super) fn queries_keys_values<F: Real>(
        &self,
        layer: usize,
        x: &[F],
        source: &[F],
        (first, n_tokens): (usize, usize),
        see: See<'_, F>,
    ) -> [Vec<F>; 3] {
        let spec = &self.spec.blocks[layer].attention;
        let [q, k, mut v] = self.projections(layer, x, source, see);
        spec.cut(&mut v);
        see(Hook::V, &mut v);
        let end = first + x.len() / self.spec.width;
        let turns = spec.rotary.as_ref().map(|rotary| Turns::new(rotary, first..end, n_tokens));
        let turn = |mut x: Vec<F>, heads: usize, norm: &str| {
            let normed = |x: &mut Vec<F>, turned: bool| {
                if let Some(own) = spec.qk_norm.filter(|own| own.turned_first == turned) {
                    let name = format!("{}.attn.{norm}", self.spec.prefix(layer));
                    *x = self.head_norm(own, &name, x, heads, spec.head_dim);
                }
            };
            normed(&mut x, false);
            spec.cut(&mut x);
            if let Some(turns) = &turns {
                turns.apply(&mut x, spec.head_dim);
            }
            normed(&mut x, true);
            x
        };
        let (mut q, mut k) = (turn(q, spec.heads, "q_norm"), turn(k, spec.kv_heads, "k_norm"));
        if let Some(growth) = spec.growth {
            for (position, query) in (first..end).zip(q.chunks_exact_mut(spec.heads * spec.head_dim)) {
                let factor = F::of64(growth.at(position));
                for x in query {
                    *x *= factor;
                }
            }
        }
        see(Hook::RotQ, &mut q);
        see(Hook::RotK, &mut k);
        [q, k, v]
    }

    /// What attention learned besides its projections: copied into the state once, as `Pattern` needs it too.
    fn learned_biases<F: Real>(&self, layer: usize, spec: &AttentionSpec, state: &mut LayerState<F>) {
        if spec.sinks && state.sinks.is_empty() {
            let name = format!("{}.attn.sinks", self.spec.prefix(layer));
            state.sinks = self.weights.vector(&name).unwrap_or_default();
        }
        match &spec.bias {
            Some(PositionBias::Buckets(buckets)) if state.relative.is_none() => {
                let matrix = self.weights.matrix(&format!("{}.attn.W_rel", self.spec.prefix(layer)));
                state.relative = Some(Relative::new(*buckets, spec.heads, &matrix.dense()));
            }
            Some(PositionBias::Disentangled(own)) => {
                let n_tokens = state.n_keys();
                state.distances.get_or_insert_with(|| self.distances(layer, own)).cover(own, n_tokens);
            }
            _ => (),
        }
    }

    /// Norms queries or keys, [token, head · dim].
    pub(super) fn head_norm<F: Real>(
        &self,
        own: QkNorm,
        name: &str,
        x: &[F],
        heads: usize,
        dim: usize,
    ) -> Vec<F> {
        let whole = heads * dim;
        match own.across {
            QkNormAcross::Head => self.norm_over(own.norm, name, x, dim),
            QkNormAcross::All => self.norm_over(own.norm, name, x, whole),
            QkNormAcross::OwnHead => {
                let (weight, bias) = self.norm_weights::<F>(own.norm, name);
                let mut y = normalise(own.norm, x, dim, None, None);
                for row in y.chunks_exact_mut(whole) {
                    if let Some(weight) = &weight {
                        row.iter_mut().zip(weight).for_each(|(y, &weight)| *y *= weight);
                    }
                    if let Some(bias) = &bias {
                        add(row, bias);
                    }
                }
                y
            }
        }
    }

    /// What cross-attention looks at: the encoder's last residual stream after its norm, [source token, width].
    pub fn memory<F: Real>(&self, resid: &[F]) -> Vec<F> {
        match self.spec.encoder.as_ref().and_then(|encoder| encoder.final_norm) {
            Some(norm) => self.norm(norm, "encoder.ln_final", resid),
            None => resid.to_vec(),
        }
    }

    /// Input of the unembedding: the last residuals after the final norm, [row, width].
    pub fn final_normalized<F: Real>(&self, resid: &[F]) -> Vec<F> {
        match self.spec.final_norm {
            Some(norm) => self.norm(norm, "ln_final", resid),
            None => resid.to_vec(),
        }
    }

    /// Logits of some rows of the last residual stream, [row, width] → [row, vocab]; empty where the
    /// head gives no tokens.
    pub fn logits<F: Real>(&self, resid: &[F]) -> Vec<F> {
        self.unembedded(self.final_normalized(resid))
    }

    /// The same without the final norm.
    pub fn raw_logits<F: Real>(&self, resid: &[F]) -> Vec<F> {
        self.unembedded(resid.to_vec())
    }

    /// What left the final norm, on the embeddings' width: [row, width] → [row, embedding width]; the same where the model does
    /// not project it.
    pub fn narrowed<F: Real>(&self, x: Vec<F>) -> Vec<F> {
        if self.weights.has("unembed.W_in") { self.plain(&x, "unembed.W_in", "unembed.b_in") } else { x }
    }

    /// What follows the final norm, where there is one: [row, width] → [row, vocab].
    pub fn unembedded<F: Real>(&self, x: Vec<F>) -> Vec<F> {
        let mut x = match self.spec.head {
            HeadSpec::None | HeadSpec::Classes(_) | HeadSpec::Sentence(_) => return Vec::new(),
            HeadSpec::NextToken => x,
            HeadSpec::MaskedToken { activation, norm, .. } => {
                let mut x = self.plain(&x, "head.W", "head.b");
                kernels::activate(activation, &mut x);
                self.norm(norm, "head.ln", &x)
            }
        };
        x = self.narrowed(x);
        kernels::scale(&mut x, self.spec.logits.scale);
        let mut logits = self.plain(&x, "unembed.W_U", "unembed.b_U");
        if let Some(cap) = self.spec.logits.softcap {
            logits.par_chunks_mut(1 << 14).for_each(|logits| F::softcap(logits, F::of(cap)));
        }
        logits
    }

    /// `x·W + b` for weights of block `layer`.
    pub(super) fn linear<F: Real>(&self, layer: usize, x: &[F], weight: &str, bias: &str) -> Vec<F> {
        let prefix = self.spec.prefix(layer);
        self.plain(x, &format!("{prefix}.{weight}"), &format!("{prefix}.{bias}"))
    }

    /// `x·W + b` for weights by their full names; a bias may be missing.
    pub(super) fn plain<F: Real>(&self, x: &[F], weight: &str, bias: &str) -> Vec<F> {
        linear(x, &self.weights.matrix(weight), self.weights.vector(bias).as_deref())
    }

    /// What block `layer`'s attention reads of the residual stream, [token, width]: the same where no norm is before it.
    pub(super) fn attention_input<'a, F: Real>(&self, layer: usize, x: &'a [F]) -> Cow<'a, [F]> {
        self.input(self.norm_before(layer), &format!("{}.ln1", self.spec.prefix(layer)), x)
    }

    /// A sub-layer's input: `x` itself where there is no norm.
    fn input<'a, F: Real>(&self, norm: Option<NormSpec>, name: &str, x: &'a [F]) -> Cow<'a, [F]> {
        norm.map_or(Cow::Borrowed(x), |norm| Cow::Owned(self.norm(norm, name, x)))
    }

    /// Norms rows of the residual stream's width.
    pub(super) fn norm<F: Real>(&self, norm: NormSpec, name: &str, x: &[F]) -> Vec<F> {
        let (weight, bias) = self.norm_weights::<F>(norm, name);
        let width = weight.as_ref().map_or(self.spec.width, Vec::len);
        normalise(norm, x, width, weight.as_deref(), bias.as_deref())
    }

    /// The same, and what it divides each row by passes `see`, [row, 1].
    pub(super) fn norm_seen<F: Real>(
        &self,
        norm: NormSpec,
        (name, hook): (&str, Hook),
        x: &[F],
        see: See<'_, F>,
    ) -> Vec<F> {
        let mut y = self.norm(norm, name, x);
        let bias = self.norm_weights::<F>(norm, name).1;
        let width = self.spec.width;
        let own: Vec<F> = x.chunks_exact(width).map(|row| F::of64(norm.divisor(row))).collect();
        let mut scales = own.clone();
        see(hook, &mut scales);
        for (row, (&own, &new)) in y.chunks_exact_mut(width).zip(own.iter().zip(&scales)) {
            if own == new {
                continue;
            }
            for (at, y) in row.iter_mut().enumerate() {
                let bias = bias.as_ref().map_or(F::zero(), |bias| bias[at]);
                *y = bias + (*y - bias) * (own / new);
            }
        }
        y
    }

    fn norm_over<F: Real>(&self, norm: NormSpec, name: &str, x: &[F], width: usize) -> Vec<F> {
        let (weight, bias) = self.norm_weights::<F>(norm, name);
        normalise(norm, x, width, weight.as_deref(), bias.as_deref())
    }

    pub(super) fn norm_weights<F: Real>(
        &self,
        norm: NormSpec,
        name: &str,
    ) -> (Option<Vec<F>>, Option<Vec<F>>) {
        let mut weight = self.weights.vector::<F>(&format!("{name}.w"));
        if norm.unit_offset {
            weight.iter_mut().flatten().for_each(|weight| *weight += F::one());
        }
        (weight, self.weights.vector(&format!("{name}.b")))
    }

    /// One head's part of W_O, [head_dim, width].
    pub fn head_output(&self, layer: usize, head: usize) -> Matrix<'_> {
        let dim = self.spec.blocks[layer].attention.value_dim();
        let whole = self.weights.matrix(&format!("{}.attn.W_O", self.spec.prefix(layer)));
        let elements = whole.elements.from(head * dim * whole.input_stride);
        Matrix { elements, inputs: dim, ..whole }
    }
}

fn normalise<F: Real>(
    norm: NormSpec,
    x: &[F],
    width: usize,
    weight: Option<&[F]>,
    bias: Option<&[F]>,
) -> Vec<F> {
    match norm.kind {
        NormKind::Layer => kernels::layer_norm(x, width, weight, bias, norm.eps),
        NormKind::Rms => kernels::rms_norm(x, width, weight, norm.eps),
    }
}

pub(super) fn add<F: Real>(x: &mut [F], y: &[F]) {
    x.iter_mut().zip(y).for_each(|(x, &y)| *x += y);
}

fn sum<F: Real>(mut x: Vec<F>, y: &[F]) -> Vec<F> {
    add(&mut x, y);
    x
}
