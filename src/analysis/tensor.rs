//! What the numbers of one weight are like.

use crate::model::Model;

/// Bars of the histogram.
const BARS: usize = 61;

/// Statistics of one weight.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorStats {
    /// How many numbers.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, over all of them (not a sample's).
    pub std: f64,
    /// The least.
    pub min: f32,
    /// The greatest.
    pub max: f32,
    /// How many are exactly 0.
    pub zeros: usize,
    /// How many are NaN or infinite; they count in nothing else.
    pub broken: usize,
    /// How many fall into each of 61 equal parts of [`min`, `max`].
    pub histogram: Vec<usize>,
}

/// Statistics of the weight called `name` (`blocks.0.attn.W_Q`), as the model computes with it: unpacked where it is
/// quantised. None where the model has no such weight.
pub fn tensor_stats(model: &Model, name: &str) -> Option<TensorStats> {
    let weights = &model.network.weights;
    let values: Vec<f32> = match weights.vector(name) {
        Some(vector) => vector,
        None if weights.has(name) => weights.matrix(name).dense(),
        None => return None,
    };
    Some(stats(&values))
}

fn stats(values: &[f32]) -> TensorStats {
    let finite = || values.iter().copied().filter(|x| x.is_finite());
    let count = finite().count();
    let over = |sum: f64| if count > 0 { sum / count as f64 } else { 0.0 };
    let mean = over(finite().map(f64::from).sum());
    let (min, max) = finite().fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
    let (min, max) = if count > 0 { (min, max) } else { (0.0, 0.0) };
    let mut histogram = vec![0; BARS];
    let part = (f64::from(max) - f64::from(min)) / BARS as f64;
    for x in finite() {
        let bar = if part > 0.0 { ((f64::from(x) - f64::from(min)) / part) as usize } else { BARS / 2 };
        histogram[bar.min(BARS - 1)] += 1;
    }
    TensorStats {
        count,
        mean,
        std: over(finite().map(|x| (f64::from(x) - mean).powi(2)).sum()).sqrt(),
        min,
        max,
        zeros: finite().filter(|&x| x == 0.0).count(),
        broken: values.len() - count,
        histogram,
    }
}
