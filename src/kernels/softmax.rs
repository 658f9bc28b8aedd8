//! The softmax of one row of scores, with the sums that the measures need, gathered while the row is in cache.

use super::exp::exp;
use super::{PANEL, Real};
use pulp::{Arch, Simd, WithSimd};

/// What one pass over a row of scores tells. With `e_k = exp(s_k − max)` and `d_k = query − k`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowMoments {
    /// Largest score.
    pub max: f64,
    /// Σ e
    pub sum: f64,
    /// Σ e·(s − max)
    pub score: f64,
    /// Σ e·d
    pub distance: f64,
    /// Σ e·d²
    pub square: f64,
    /// exp(sink − max), where the head has a sink: a share of the row that goes to no key
    pub sink: f64,
}

/// See [`Real::softmax`].
pub(super) fn softmax_f32(row: &mut [f32], query: usize, first_key: usize) -> RowMoments {
    Arch::new().dispatch(Row { row, distance: query as f32 - first_key as f32 })
}

struct Row<'a> {
    row: &'a mut [f32],
    /// Distance from the query to the first key.
    distance: f32,
}

impl WithSimd for Row<'_> {
    type Output = RowMoments;
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> RowMoments {
        let lanes = S::F32_LANES;
        let (body, tail) = S::as_mut_simd_f32s(self.row);
        let mut max = simd.splat_f32s(f32::NEG_INFINITY);
        for &s in body.iter() {
            max = simd.max_f32s(max, s);
        }
        let max = tail.iter().fold(simd.reduce_max_f32s(max), |max, &s| if s > max { s } else { max });
        let peak = simd.splat_f32s(max);
        // A score of −∞ weighs 0, and so does one that is this far below the peak; 0·−∞ would be no number
        let floor = simd.splat_f32s(-100.0);

        let ramp: [f32; PANEL] = std::array::from_fn(|lane| self.distance - lane as f32);
        let mut distance = S::as_simd_f32s(&ramp).0[0];
        let step = simd.splat_f32s(lanes as f32);
        let zero = simd.splat_f32s(0.0);
        let (mut sum, mut score, mut far, mut square) = (zero, zero, zero, zero);
        for s in body.iter_mut() {
            let shifted = simd.max_f32s(floor, simd.sub_f32s(*s, peak));
            let e = exp(simd, shifted);
            *s = e;
            sum = simd.add_f32s(sum, e);
            score = simd.mul_add_e_f32s(e, shifted, score);
            let moment = simd.mul_f32s(e, distance);
            far = simd.add_f32s(far, moment);
            square = simd.mul_add_e_f32s(moment, distance, square);
            distance = simd.sub_f32s(distance, step);
        }
        let mut moments = RowMoments {
            max: f64::from(max),
            sum: f64::from(simd.reduce_sum_f32s(sum)),
            score: f64::from(simd.reduce_sum_f32s(score)),
            distance: f64::from(simd.reduce_sum_f32s(far)),
            square: f64::from(simd.reduce_sum_f32s(square)),
            sink: 0.0,
        };
        let done = body.len() * lanes;
        if !tail.is_empty() {
            // One more vector, of which only the tail's lanes count, so that every cell goes through the same `exp`
            let shifted = simd.max_f32s(floor, simd.sub_f32s(simd.partial_load_f32s(tail), peak));
            let mut padded = [0.0; PANEL];
            let mut raw = [0.0; PANEL];
            S::as_mut_simd_f32s(&mut padded).0[0] = exp(simd, shifted);
            S::as_mut_simd_f32s(&mut raw).0[0] = shifted;
            for (lane, s) in tail.iter_mut().enumerate() {
                let (e, distance) = (padded[lane], self.distance - (done + lane) as f32);
                *s = e;
                moments.add(f64::from(e), f64::from(raw[lane]), f64::from(distance));
            }
        }
        moments
    }
}

/// `exp(s − lse)` in place: scores of one row become its weights.
pub fn weights(scores: &mut [f32], lse: f32) {
    struct Weights<'a>(&'a mut [f32], f32);
    impl WithSimd for Weights<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let lse = simd.splat_f32s(self.1);
            let (body, tail) = S::as_mut_simd_f32s(self.0);
            for s in body {
                *s = exp(simd, simd.sub_f32s(*s, lse));
            }
            let last = exp(simd, simd.sub_f32s(simd.partial_load_f32s(tail), lse));
            simd.partial_store_f32s(tail, last);
        }
    }
    Arch::new().dispatch(Weights(scores, lse));
}

impl RowMoments {
    fn add(&mut self, e: f64, shifted: f64, distance: f64) {
        self.sum += e;
        self.score += if e == 0.0 { 0.0 } else { e * shifted };
        self.distance += e * distance;
        self.square += e * distance * distance;
    }
    /// Of a row whose weights are known already: a score is then the weight's logarithm, and what the keys do not
    /// get is the sink's.
    pub fn of_weights(weights: &[f32], query: usize, first_key: usize) -> Self {
        let mut moments = Self::default();
        for (k, &p) in weights.iter().enumerate() {
            let p = f64::from(p);
            let score = if p > 0.0 { p.ln() } else { 0.0 };
            moments.add(p, score, query as f64 - (first_key + k) as f64);
        }
        moments.sink = 1.0 - moments.sum;
        moments
    }
    /// Lets a sink's score take part in the softmax.
    pub fn join(&mut self, sink: f64) {
        self.sink = (sink - self.max).exp();
    }
    /// What the row's `e` are divided by.
    pub fn total(&self) -> f64 {
        self.sum + self.sink
    }
    /// Log-sum-exp of the row's scores, the sink's included.
    pub fn lse(&self) -> f64 {
        self.max + self.total().ln()
    }
    /// −Σ p ln p over the row's keys, in nats.
    pub fn entropy(&self) -> f64 {
        (self.sum * self.total().ln() - self.score) / self.total()
    }
}

/// `cap·tanh(s/cap)` in place.
pub(super) fn softcap_f32(scores: &mut [f32], cap: f32) {
    struct Cap<'a>(&'a mut [f32], f32);
    impl WithSimd for Cap<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (body, tail) = S::as_mut_simd_f32s(self.0);
            for s in body {
                *s = capped(simd, *s, self.1);
            }
            let last = capped(simd, simd.partial_load_f32s(tail), self.1);
            simd.partial_store_f32s(tail, last);
        }
    }
    Arch::new().dispatch(Cap(scores, cap));
}

/// tanh |y| = (1 − t)/(1 + t) with t = exp(−2|y|); near 0, where that loses digits, its series.
#[inline(always)]
fn capped<S: Simd>(simd: S, s: S::f32s, cap: f32) -> S::f32s {
    let splat = |x: f32| simd.splat_f32s(x);
    let y = simd.mul_f32s(s, splat(1.0 / cap));
    let size = simd.abs_f32s(y);
    let t = exp(simd, simd.mul_f32s(size, splat(-2.0)));
    let far = simd.div_f32s(simd.sub_f32s(splat(1.0), t), simd.add_f32s(splat(1.0), t));
    let square = simd.mul_f32s(y, y);
    let mut series = splat(-0.008_863_235);
    for coefficient in [0.021_869_488, -0.053_968_254, 0.133_333_33, -0.333_333_33, 1.0] {
        series = simd.mul_add_e_f32s(series, square, splat(coefficient));
    }
    let near = simd.mul_f32s(size, series);
    let tanh = simd.select_f32s(simd.less_than_f32s(size, splat(0.3)), near, far);
    let negative = simd.less_than_f32s(y, splat(0.0));
    simd.mul_f32s(simd.select_f32s(negative, simd.neg_f32s(tanh), tanh), splat(cap))
}

/// `cap·tanh(s/cap)` in place, in the textbook's words.
pub(super) fn softcap_plain<F: Real>(scores: &mut [F], cap: F) {
    for s in scores {
        *s = cap * (*s / cap).tanh();
    }
}

/// See [`Real::softmax`].
pub(super) fn softmax_plain<F: Real>(row: &mut [F], query: usize, first_key: usize) -> RowMoments {
    let max = row.iter().fold(F::neg_infinity(), |max, &s| if s > max { s } else { max });
    let mut moments = RowMoments { max: max.double(), ..RowMoments::default() };
    for (k, s) in row.iter_mut().enumerate() {
        let shifted = *s - max;
        *s = shifted.exp();
        moments.add(s.double(), shifted.double(), query as f64 - (first_key + k) as f64);
    }
    moments
}
