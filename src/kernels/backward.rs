//! What training needs beside products: norms, softmaxes and gates that keep what their gradients need, and those.
//!
//! Single precision, row by row, on the calling thread; every gradient is held against candle's by a test.

use super::exp::exp;
use super::linear::{add_scaled_f32, dot_f32};
use pulp::{Arch, Simd, WithSimd};

/// `out = x·scale·weight` with `scale = 1/√(mean(x²) + eps)`, which is kept for the way back.
///
/// - `x`, `out`: [rows, width]; `weight`: [width]; `scales`: [rows]
pub fn rms_norm_kept(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32], scales: &mut [f32]) {
    let width = weight.len();
    for ((x, out), scale) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)).zip(scales) {
        *scale = 1.0 / (dot_f32(x, x) / width as f32 + eps).sqrt();
        Arch::new().dispatch(Triple { a: x, b: weight, factor: *scale, out });
    }
}

/// The way back through [`rms_norm_kept`]: adds to `dx` [rows, width] and `dweight` [width].
pub fn rms_norm_back(
    x: &[f32],
    weight: &[f32],
    scales: &[f32],
    dout: &[f32],
    dx: &mut [f32],
    dweight: &mut [f32],
) {
    let width = weight.len();
    let rows = x.chunks_exact(width).zip(dout.chunks_exact(width)).zip(dx.chunks_exact_mut(width));
    for (((x, dout), dx), &scale) in rows.zip(scales) {
        Arch::new().dispatch(NormBack { x, weight, scale, dout, dx, dweight });
    }
}

/// `out = a·b·factor`
struct Triple<'a> {
    a: &'a [f32],
    b: &'a [f32],
    factor: f32,
    out: &'a mut [f32],
}

impl WithSimd for Triple<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ((a, a_tail), (b, b_tail)) = (S::as_simd_f32s(self.a), S::as_simd_f32s(self.b));
        let (out, out_tail) = S::as_mut_simd_f32s(self.out);
        let factor = simd.splat_f32s(self.factor);
        for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
            *out = simd.mul_f32s(simd.mul_f32s(a, factor), b);
        }
        for ((out, a), b) in out_tail.iter_mut().zip(a_tail).zip(b_tail) {
            *out = a * self.factor * b;
        }
    }
}

struct NormBack<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    scale: f32,
    dout: &'a [f32],
    dx: &'a mut [f32],
    dweight: &'a mut [f32],
}

impl WithSimd for NormBack<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ((x, x_tail), (w, w_tail)) = (S::as_simd_f32s(self.x), S::as_simd_f32s(self.weight));
        let (d, d_tail) = S::as_simd_f32s(self.dout);
        let (dx, dx_tail) = S::as_mut_simd_f32s(self.dx);
        let (dw, dw_tail) = S::as_mut_simd_f32s(self.dweight);
        let mut along = simd.splat_f32s(0.0);
        for ((&x, &w), &d) in x.iter().zip(w).zip(d) {
            along = simd.mul_add_e_f32s(simd.mul_f32s(d, w), x, along);
        }
        let mut along = simd.reduce_sum_f32s(along);
        for ((x, w), d) in x_tail.iter().zip(w_tail).zip(d_tail) {
            along += d * w * x;
        }
        // What lies along x only changes its length, which the norm takes away again
        let back = -along * self.scale.powi(3) / self.weight.len() as f32;
        let (scale, toward) = (simd.splat_f32s(self.scale), simd.splat_f32s(back));
        for ((((dx, dw), &x), &w), &d) in dx.iter_mut().zip(dw).zip(x).zip(w).zip(d) {
            let scaled = simd.mul_f32s(d, scale);
            *dw = simd.mul_add_e_f32s(scaled, x, *dw);
            *dx = simd.mul_add_e_f32s(toward, x, simd.mul_add_e_f32s(scaled, w, *dx));
        }
        for ((((dx, dw), x), w), d) in dx_tail.iter_mut().zip(dw_tail).zip(x_tail).zip(w_tail).zip(d_tail) {
            *dw += d * self.scale * x;
            *dx += d * self.scale * w + back * x;
        }
    }
}

/// Scores of one head become its pattern, in place: [n, n], each query over itself and what is before it.
pub fn causal_softmax(scores: &mut [f32], n: usize, scale: f32) {
    for (query, row) in scores.chunks_exact_mut(n).enumerate() {
        let (seen, later) = row.split_at_mut(query + 1);
        Arch::new().dispatch(Softmax { row: seen, scale });
        later.fill(0.0);
    }
}

/// `row` becomes softmax(scale·row); gives its log-sum-exp.
struct Softmax<'a> {
    row: &'a mut [f32],
    scale: f32,
}

impl WithSimd for Softmax<'_> {
    type Output = f32;
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (body, tail) = S::as_mut_simd_f32s(self.row);
        let mut max = simd.splat_f32s(f32::NEG_INFINITY);
        for &s in body.iter() {
            max = simd.max_f32s(max, s);
        }
        let max = tail.iter().fold(simd.reduce_max_f32s(max), |max, &s| max.max(s));
        let (peak, scale) = (simd.splat_f32s(max), simd.splat_f32s(self.scale));
        let mut sum = simd.splat_f32s(0.0);
        for s in body.iter_mut() {
            *s = exp(simd, simd.mul_f32s(simd.sub_f32s(*s, peak), scale));
            sum = simd.add_f32s(sum, *s);
        }
        let last = exp(simd, simd.mul_f32s(simd.sub_f32s(simd.partial_load_f32s(tail), peak), scale));
        simd.partial_store_f32s(tail, last);
        let sum = simd.reduce_sum_f32s(sum) + tail.iter().sum::<f32>();
        let share = simd.splat_f32s(1.0 / sum);
        for s in body {
            *s = simd.mul_f32s(*s, share);
        }
        for s in tail {
            *s *= 1.0 / sum;
        }
        max * self.scale + sum.ln()
    }
}

/// The way back through [`causal_softmax`], in place: `dpattern` becomes the gradient of the unscaled scores.
///
/// - `pattern`, `dpattern`: [n, n]; `dscore = scale · P · (dP − Σ P·dP)`
pub fn causal_softmax_back(pattern: &[f32], dpattern: &mut [f32], n: usize, scale: f32) {
    for (query, (p, d)) in pattern.chunks_exact(n).zip(dpattern.chunks_exact_mut(n)).enumerate() {
        let (seen, later) = d.split_at_mut(query + 1);
        let p = &p[..=query];
        let mean = dot_f32(p, seen);
        for (d, p) in seen.iter_mut().zip(p) {
            *d = scale * p * (*d - mean);
        }
        later.fill(0.0);
    }
}

/// How a row of logits did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Guess {
    /// −ln p(right), in nats
    pub loss: f32,
    /// Whether no token had a higher logit
    pub right: bool,
}

/// Logits become the gradient of `share · (−ln p(target))`, in place: [vocab].
pub fn cross_entropy(logits: &mut [f32], target: usize, share: f32) -> Guess {
    let own = logits[target];
    let right = logits.iter().all(|&logit| logit <= own);
    let lse = Arch::new().dispatch(Softmax { row: &mut *logits, scale: 1.0 });
    for p in logits.iter_mut() {
        *p *= share;
    }
    logits[target] -= share;
    Guess { loss: lse - own, right }
}

/// `out = silu(gate)·up` for rows of [gate | up], each `width` wide: [rows, 2·width] → [rows, width].
pub fn gate(gate_up: &[f32], width: usize, out: &mut [f32]) {
    for (row, out) in gate_up.chunks_exact(2 * width).zip(out.chunks_exact_mut(width)) {
        let (gate, up) = row.split_at(width);
        Arch::new().dispatch(Gated { gate, up, out });
    }
}

struct Gated<'a> {
    gate: &'a [f32],
    up: &'a [f32],
    out: &'a mut [f32],
}

/// x·σ(x), and σ(x).
#[inline(always)]
fn silu<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    let one = simd.splat_f32s(1.0);
    let sigmoid = simd.div_f32s(one, simd.add_f32s(one, exp(simd, simd.neg_f32s(x))));
    (simd.mul_f32s(x, sigmoid), sigmoid)
}

impl WithSimd for Gated<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ((g, g_tail), (u, u_tail)) = (S::as_simd_f32s(self.gate), S::as_simd_f32s(self.up));
        let (out, out_tail) = S::as_mut_simd_f32s(self.out);
        for ((out, &g), &u) in out.iter_mut().zip(g).zip(u) {
            *out = simd.mul_f32s(silu(simd, g).0, u);
        }
        let (g, u) = (simd.partial_load_f32s(g_tail), simd.partial_load_f32s(u_tail));
        simd.partial_store_f32s(out_tail, simd.mul_f32s(silu(simd, g).0, u));
    }
}

/// The way back through [`gate`]: `gate_up` becomes its own gradient, in place.
pub fn gate_back(gate_up: &mut [f32], width: usize, dout: &[f32]) {
    for (row, dout) in gate_up.chunks_exact_mut(2 * width).zip(dout.chunks_exact(width)) {
        let (gate, up) = row.split_at_mut(width);
        Arch::new().dispatch(GateBack { gate, up, dout });
    }
}

struct GateBack<'a> {
    gate: &'a mut [f32],
    up: &'a mut [f32],
    dout: &'a [f32],
}

/// Gradients of gate and up: d·u·(σ + silu·(1 − σ)) and d·silu.
#[inline(always)]
fn gate_gradients<S: Simd>(simd: S, g: S::f32s, u: S::f32s, d: S::f32s) -> (S::f32s, S::f32s) {
    let (silu, sigmoid) = silu(simd, g);
    let rest = simd.sub_f32s(simd.splat_f32s(1.0), sigmoid);
    let slope = simd.mul_add_e_f32s(silu, rest, sigmoid);
    (simd.mul_f32s(simd.mul_f32s(d, u), slope), simd.mul_f32s(d, silu))
}

impl WithSimd for GateBack<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (g, g_tail) = S::as_mut_simd_f32s(self.gate);
        let (u, u_tail) = S::as_mut_simd_f32s(self.up);
        let (d, d_tail) = S::as_simd_f32s(self.dout);
        for ((g, u), &d) in g.iter_mut().zip(u).zip(d) {
            (*g, *u) = gate_gradients(simd, *g, *u, d);
        }
        let (g, u) = (simd.partial_load_f32s(g_tail), simd.partial_load_f32s(u_tail));
        let (dg, du) = gate_gradients(simd, g, u, simd.partial_load_f32s(d_tail));
        simd.partial_store_f32s(g_tail, dg);
        simd.partial_store_f32s(u_tail, du);
    }
}

/// Turns the pairs (i, i + half) of every head by their angles, in place; `sense` −1 turns them back.
///
/// - `row`: [heads, 2·half]; `cosines`, `sines`: [half] of the row's position
pub fn turn(row: &mut [f32], cosines: &[f32], sines: &[f32], sense: f32) {
    let half = cosines.len();
    for head in row.chunks_exact_mut(2 * half) {
        let (low, high) = head.split_at_mut(half);
        for (((a, b), &cosine), &sine) in low.iter_mut().zip(high).zip(cosines).zip(sines) {
            let (x, y) = (*a, *b);
            *a = x * cosine - y * sense * sine;
            *b = y * cosine + x * sense * sine;
        }
    }
}

/// `sum += x`
pub fn add(x: &[f32], sum: &mut [f32]) {
    add_scaled_f32(1.0, x, sum);
}

/// The numbers of one step of AdamW.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Learning rate
    pub rate: f32,
    /// Decay of the mean gradient and of the mean square
    pub betas: (f32, f32),
    /// Added to the root of the mean square
    pub eps: f32,
    /// Share of a weight, times the rate, that is taken away
    pub decay: f32,
    /// What the gradient is multiplied by before all else
    pub clip: f32,
    /// Steps taken, this one among them
    pub step: u32,
}

impl AdamW {
    /// One step for some weights: Loshchilov & Hutter 2019, algorithm 2, as PyTorch computes it.
    pub fn update(&self, weights: &mut [f32], gradient: &[f32], mean: &mut [f32], square: &mut [f32]) {
        Arch::new().dispatch(Update { settings: *self, weights, gradient, mean, square });
    }
}

struct Update<'a> {
    settings: AdamW,
    weights: &'a mut [f32],
    gradient: &'a [f32],
    mean: &'a mut [f32],
    square: &'a mut [f32],
}

/// The factors of a step, in every lane.
struct Factors<S: Simd> {
    keep: (S::f32s, S::f32s),
    new: (S::f32s, S::f32s),
    rate: S::f32s,
    root: S::f32s,
    eps: S::f32s,
    kept: S::f32s,
}

impl<S: Simd> Factors<S> {
    #[inline(always)]
    fn of(simd: S, settings: &AdamW) -> Self {
        let AdamW { rate, betas: (first, second), eps, decay, clip, step } = *settings;
        let steps = step as i32;
        let first_bias = (1.0 - f64::from(first).powi(steps)) as f32;
        let second_bias = (1.0 - f64::from(second).powi(steps)) as f32;
        Self {
            keep: (simd.splat_f32s(first), simd.splat_f32s(second)),
            new: (simd.splat_f32s((1.0 - first) * clip), simd.splat_f32s((1.0 - second) * clip * clip)),
            rate: simd.splat_f32s(-rate / first_bias),
            root: simd.splat_f32s(1.0 / second_bias.sqrt()),
            eps: simd.splat_f32s(eps),
            kept: simd.splat_f32s(1.0 - rate * decay),
        }
    }
    /// Weight, mean and mean square after the step.
    #[inline(always)]
    fn step(
        &self,
        simd: S,
        (w, m, v): (S::f32s, S::f32s, S::f32s),
        g: S::f32s,
    ) -> (S::f32s, S::f32s, S::f32s) {
        let m = simd.mul_add_e_f32s(self.keep.0, m, simd.mul_f32s(self.new.0, g));
        let v = simd.mul_add_e_f32s(self.keep.1, v, simd.mul_f32s(self.new.1, simd.mul_f32s(g, g)));
        let size = simd.mul_add_e_f32s(simd.sqrt_f32s(v), self.root, self.eps);
        let w = simd.mul_add_e_f32s(self.rate, simd.div_f32s(m, size), simd.mul_f32s(w, self.kept));
        (w, m, v)
    }
}

impl WithSimd for Update<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let factors = Factors::of(simd, &self.settings);
        let (w, w_tail) = S::as_mut_simd_f32s(self.weights);
        let (g, g_tail) = S::as_simd_f32s(self.gradient);
        let (m, m_tail) = S::as_mut_simd_f32s(self.mean);
        let (v, v_tail) = S::as_mut_simd_f32s(self.square);
        for (((w, &g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
            (*w, *m, *v) = factors.step(simd, (*w, *m, *v), g);
        }
        let (w, m) = (simd.partial_load_f32s(w_tail), simd.partial_load_f32s(m_tail));
        let (v, g) = (simd.partial_load_f32s(v_tail), simd.partial_load_f32s(g_tail));
        let (w, m, v) = factors.step(simd, (w, m, v), g);
        simd.partial_store_f32s(w_tail, w);
        simd.partial_store_f32s(m_tail, m);
        simd.partial_store_f32s(v_tail, v);
    }
}
