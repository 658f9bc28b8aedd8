//! The forward and backward pass over some rows: plain arithmetic on slices that are kept from step to step.

use super::attention::Attention;
use super::batch::Rows;
use super::shape::Shape;
use crate::kernels::backward::{add, cross_entropy, gate, gate_back, rms_norm_back, rms_norm_kept, turn};
use crate::kernels::product::{Layout, Onto, product};

/// Added to the mean square in every norm; `rms_norm_eps` in `config.json`.
pub(super) const EPS: f32 = 1e-5;
/// Base of the rotary angles; `rope_theta` in `config.json`.
pub(super) const THETA: f64 = 10_000.0;

/// Sums over tokens; divided by their counts they are means.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Σ −ln p of the tokens that are asked for, in nats
    pub loss: f64,
    /// Those among them that had the highest logit
    pub right: usize,
    /// How many are asked for
    pub asked: usize,
    /// Σ −ln p of those that are not, where they were looked at
    pub other_loss: f64,
    /// How many those are
    pub others: usize,
}

impl Outcome {
    /// The sums of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            loss: self.loss + other.loss,
            right: self.right + other.right,
            asked: self.asked + other.asked,
            other_loss: self.other_loss + other.other_loss,
            others: self.others + other.others,
        }
    }
}

/// Cosines and sines of every position: [position, head_dim / 2] each.
#[derive(Clone, Debug, Default)]
pub(super) struct Angles {
    cosines: Vec<f32>,
    sines: Vec<f32>,
    half: usize,
}

impl Angles {
    pub(super) fn new(head_dim: usize, length: usize) -> Self {
        let half = head_dim / 2;
        let angle = |index: usize| {
            let (position, pair) = (index / half, index % half);
            position as f64 * THETA.powf(-((2 * pair) as f64) / head_dim as f64)
        };
        let of = |f: fn(f64) -> f64| (0..half * length).map(|index| f(angle(index)) as f32).collect();
        Self { cosines: of(f64::cos), sines: of(f64::sin), half }
    }
    pub(super) fn length(&self) -> usize {
        self.cosines.len() / self.half.max(1)
    }
    /// Turns q and k of every token of [token, 3·width].
    fn turn(&self, qkv: &mut [f32], width: usize, length: usize, sense: f32) {
        for (token, row) in qkv.chunks_exact_mut(3 * width).enumerate() {
            let at = token % length * self.half;
            let pairs = at..at + self.half;
            turn(&mut row[..2 * width], &self.cosines[pairs.clone()], &self.sines[pairs], sense);
        }
    }
}

/// What a block's way back needs, over `n` tokens.
#[derive(Clone, Debug, Default)]
struct Kept {
    /// Residual stream before the block, [n, width]
    before: Vec<f32>,
    /// The same normed, and the norm's factors
    normed1: Vec<f32>,
    scales1: Vec<f32>,
    /// q, k (turned) and v side by side, [n, 3·width]
    qkv: Vec<f32>,
    /// [row, head, query, key]
    pattern: Vec<f32>,
    /// Heads' outputs, [n, width]
    z: Vec<f32>,
    /// Residual stream before the MLP, [n, width]
    middle: Vec<f32>,
    normed2: Vec<f32>,
    scales2: Vec<f32>,
    /// [n, 2·mlp]
    gate_up: Vec<f32>,
    /// [n, mlp]
    gated: Vec<f32>,
}

/// Room for one pass, and the gradient it leaves.
#[derive(Clone, Debug, Default)]
pub(super) struct Pass {
    blocks: Vec<Kept>,
    /// Residual stream, [n, width], and its gradient
    stream: Vec<f32>,
    dstream: Vec<f32>,
    /// Rows of the stream whose next token is asked for
    picked: Vec<usize>,
    targets: Vec<usize>,
    /// [picked, width]
    last: Vec<f32>,
    normed: Vec<f32>,
    scales: Vec<f32>,
    /// [picked, vocab]
    logits: Vec<f32>,
    /// Gradients on the way: [n, width], [n, 3·width], [query, key], [n, 2·mlp]
    dnormed: Vec<f32>,
    dqkv: Vec<f32>,
    cell: Vec<f32>,
    dgated: Vec<f32>,
    /// As all weights
    pub(super) gradient: Vec<f32>,
}

/// What a pass is over: the model and the positions' angles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Over<'a> {
    pub(super) shape: &'a Shape,
    pub(super) weights: &'a [f32],
    pub(super) angles: &'a Angles,
}

impl Pass {
    /// Forwards over all rows.
    fn forward(&mut self, over: Over<'_>, rows: Rows<'_>) {
        let Over { shape, weights, angles } = over;
        let (d, m, n) = (shape.width, shape.mlp, rows.count() * rows.length);
        let heads = Attention::new(shape, rows.count(), rows.length);
        self.blocks.resize(shape.layers, Kept::default());
        self.stream.clear();
        for id in rows.read() {
            self.stream.extend_from_slice(&weights[id * d..(id + 1) * d]);
        }
        let stream = &mut self.stream;
        for (layer, kept) in self.blocks.iter_mut().enumerate() {
            let at = shape.block(layer);
            kept.size(n, d, m, heads.cells());
            kept.before.copy_from_slice(stream);
            rms_norm_kept(stream, &weights[at.norm1..][..d], EPS, &mut kept.normed1, &mut kept.scales1);
            linear(&kept.normed1, weights, at.qkv, (n, d, 3 * d), &mut kept.qkv, Onto::Nothing);
            angles.turn(&mut kept.qkv, d, rows.length, 1.0);
            heads.forward(&kept.qkv, &mut kept.pattern, &mut kept.z);
            linear(&kept.z, weights, at.out, (n, d, d), stream, Onto::Sum);
            if m > 0 {
                kept.middle.copy_from_slice(stream);
                let weight = &weights[at.norm2..][..d];
                rms_norm_kept(stream, weight, EPS, &mut kept.normed2, &mut kept.scales2);
                linear(&kept.normed2, weights, at.gate_up, (n, d, 2 * m), &mut kept.gate_up, Onto::Nothing);
                gate(&kept.gate_up, m, &mut kept.gated);
                linear(&kept.gated, weights, at.down, (n, m, d), stream, Onto::Sum);
            }
        }
    }

    /// Logits of the picked tokens.
    fn unembed(&mut self, Over { shape, weights, .. }: Over<'_>) {
        let (d, vocab, picked) = (shape.width, shape.vocab, self.picked.len());
        let norm = shape.final_norm();
        self.last.clear();
        for &token in &self.picked {
            self.last.extend_from_slice(&self.stream[token * d..(token + 1) * d]);
        }
        self.normed.resize(picked * d, 0.0);
        self.scales.resize(picked, 0.0);
        self.logits.resize(picked * vocab, 0.0);
        rms_norm_kept(&self.last, &weights[norm..][..d], EPS, &mut self.normed, &mut self.scales);
        linear(&self.normed, weights, norm + d, (picked, d, vocab), &mut self.logits, Onto::Nothing);
    }

    fn pick(&mut self, rows: Rows<'_>, all: bool) {
        let answers = || rows.answers().enumerate().filter(|(_, (_, asked))| all || *asked);
        self.picked.clear();
        self.targets.clear();
        self.picked.extend(answers().map(|(token, _)| token));
        self.targets.extend(answers().map(|(_, (target, _))| target));
    }

    /// How the model does on some rows, all of whose tokens are looked at.
    pub(super) fn evaluate(&mut self, over: Over<'_>, rows: Rows<'_>) -> Outcome {
        self.forward(over, rows);
        self.pick(rows, true);
        self.unembed(over);
        let mut outcome = Outcome::default();
        let guesses = self.logits.chunks_exact_mut(over.shape.vocab).zip(rows.answers());
        for (logits, (target, asked)) in guesses {
            let guess = cross_entropy(logits, target, 0.0);
            if asked {
                outcome.loss += f64::from(guess.loss);
                outcome.right += usize::from(guess.right);
                outcome.asked += 1;
            } else {
                outcome.other_loss += f64::from(guess.loss);
                outcome.others += 1;
            }
        }
        outcome
    }

    /// Logits of every token of some rows: [row, token, vocab].
    pub(super) fn logits(&mut self, over: Over<'_>, rows: Rows<'_>) -> &[f32] {
        self.forward(over, rows);
        self.pick(rows, true);
        self.unembed(over);
        &self.logits
    }

    /// Forwards and backwards: `gradient` becomes that of `share · Σ −ln p` over the tokens that are asked for.
    pub(super) fn train(&mut self, over: Over<'_>, rows: Rows<'_>, share: f32) -> Outcome {
        self.forward(over, rows);
        self.pick(rows, false);
        self.unembed(over);
        let mut outcome = Outcome { asked: self.picked.len(), ..Outcome::default() };
        for (logits, &target) in self.logits.chunks_exact_mut(over.shape.vocab).zip(&self.targets) {
            let guess = cross_entropy(logits, target, share);
            outcome.loss += f64::from(guess.loss);
            outcome.right += usize::from(guess.right);
        }
        self.backward(over, rows);
        outcome
    }

    /// From the gradient of the logits, which stands in their place, to that of every weight.
    fn backward(&mut self, over: Over<'_>, rows: Rows<'_>) {
        let Over { shape, weights, angles } = over;
        let (d, m, n) = (shape.width, shape.mlp, rows.count() * rows.length);
        let heads = Attention::new(shape, rows.count(), rows.length);
        self.gradient.clear();
        self.gradient.resize(shape.parameters(), 0.0);
        self.dnormed.resize(n.max(self.picked.len()) * d, 0.0);
        self.dqkv.resize(n * 3 * d, 0.0);
        self.cell.resize(rows.length * rows.length, 0.0);
        self.dgated.resize(n * m, 0.0);
        let gradient = &mut self.gradient;

        let (norm, picked) = (shape.final_norm(), self.picked.len());
        let sizes = (picked, d, shape.vocab);
        linear_back(&self.normed, &self.logits, weights, norm + d, sizes, &mut self.dnormed, gradient);
        // The last norm's own gradient is that of a few rows, laid out anew
        let mut dlast = vec![0.0; picked * d];
        let (dnormed, dweight) = (&self.dnormed[..picked * d], &mut gradient[norm..][..d]);
        rms_norm_back(&self.last, &weights[norm..][..d], &self.scales, dnormed, &mut dlast, dweight);
        self.dstream.clear();
        self.dstream.resize(n * d, 0.0);
        for (&token, dlast) in self.picked.iter().zip(dlast.chunks_exact(d)) {
            self.dstream[token * d..(token + 1) * d].copy_from_slice(dlast);
        }

        let (dstream, dnormed) = (&mut self.dstream, &mut self.dnormed[..n * d]);
        for (layer, kept) in self.blocks.iter_mut().enumerate().rev() {
            let at = shape.block(layer);
            if m > 0 {
                let dgated = &mut self.dgated;
                linear_back(&kept.gated, dstream, weights, at.down, (n, m, d), dgated, gradient);
                gate_back(&mut kept.gate_up, m, dgated);
                let sizes = (n, d, 2 * m);
                linear_back(&kept.normed2, &kept.gate_up, weights, at.gate_up, sizes, dnormed, gradient);
                let (weight, dweight) = (&weights[at.norm2..][..d], &mut gradient[at.norm2..][..d]);
                rms_norm_back(&kept.middle, weight, &kept.scales2, dnormed, dstream, dweight);
            }
            // dz has the place of dnormed until qkv's gradient is there
            linear_back(&kept.z, dstream, weights, at.out, (n, d, d), dnormed, gradient);
            heads.backward(&kept.qkv, &kept.pattern, dnormed, &mut self.dqkv, &mut self.cell);
            angles.turn(&mut self.dqkv, d, rows.length, -1.0);
            let sizes = (n, d, 3 * d);
            linear_back(&kept.normed1, &self.dqkv, weights, at.qkv, sizes, dnormed, gradient);
            let (weight, dweight) = (&weights[at.norm1..][..d], &mut gradient[at.norm1..][..d]);
            rms_norm_back(&kept.before, weight, &kept.scales1, dnormed, dstream, dweight);
        }
        for (id, dstream) in rows.read().zip(dstream.chunks_exact(d)) {
            add(dstream, &mut gradient[id * d..(id + 1) * d]);
        }
    }
}

impl Kept {
    fn size(&mut self, n: usize, d: usize, m: usize, cells: usize) {
        for (room, size) in [
            (&mut self.before, n * d),
            (&mut self.normed1, n * d),
            (&mut self.scales1, n),
            (&mut self.qkv, 3 * n * d),
            (&mut self.pattern, cells),
            (&mut self.z, n * d),
        ] {
            room.resize(size, 0.0);
        }
        if m > 0 {
            for (room, size) in [
                (&mut self.middle, n * d),
                (&mut self.normed2, n * d),
                (&mut self.scales2, n),
                (&mut self.gate_up, 2 * n * m),
                (&mut self.gated, n * m),
            ] {
                room.resize(size, 0.0);
            }
        }
    }
}

/// `y = x·Wᵀ` or `y += x·Wᵀ`; W [outputs, inputs] begins at `at` among the weights.
fn linear(
    x: &[f32],
    weights: &[f32],
    at: usize,
    (n, inputs, outputs): (usize, usize, usize),
    y: &mut [f32],
    onto: Onto,
) {
    let weight = Layout { start: at, ..Layout::dense(outputs, inputs) };
    product((x, Layout::dense(n, inputs)), (weights, weight.turned()), (y, Layout::dense(n, outputs)), onto);
}

/// The way back: `dx = dy·W` is overwritten, `dW += dyᵀ·x` added to.
fn linear_back(
    x: &[f32],
    dy: &[f32],
    weights: &[f32],
    at: usize,
    (n, inputs, outputs): (usize, usize, usize),
    dx: &mut [f32],
    gradient: &mut [f32],
) {
    let weight = Layout { start: at, ..Layout::dense(outputs, inputs) };
    let (tokens, results) = (Layout::dense(n, inputs), Layout::dense(n, outputs));
    product((dy, results), (weights, weight), (dx, tokens), Onto::Nothing);
    product((dy, results.turned()), (x, tokens), (gradient, weight), Onto::Sum);
}
