//! A norm, taken apart: what it subtracts, what it divides by, what its weights make of that.

use crate::model::{Network, NormKind, NormSpec};

/// What is done to a divisor on its way.
pub(super) type Change<'a> = &'a dyn Fn(&mut [f64]);

/// One row through a norm.
pub(super) struct Normed {
    /// What the row is divided by
    pub(super) scale: f64,
    /// The row, so divided
    pub(super) standardised: Vec<f64>,
    /// Times the weights, plus the bias
    pub(super) out: Vec<f64>,
}

/// `(x − mean)/√(variance + ε)·w + b`, or `x/√(mean x² + ε)·w`; `name` is what the weights' names begin with. `change` does
/// to the divisor what interventions did.
pub(super) fn normed(
    network: &Network,
    norm: NormSpec,
    (name, change): (&str, Change<'_>),
    x: &[f64],
) -> Normed {
    let n = x.len().max(1) as f64;
    let mean = match norm.kind {
        NormKind::Layer => x.iter().sum::<f64>() / n,
        NormKind::Rms => 0.0,
    };
    let mut scale = [(x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n + norm.eps).sqrt()];
    change(&mut scale);
    let [scale] = scale;
    let standardised: Vec<f64> = x.iter().map(|x| (x - mean) / scale).collect();
    let parameter = |part: &str| network.weights.vector::<f64>(&format!("{name}.{part}"));
    let (weight, bias) = (parameter("w"), parameter("b"));
    let offset = if norm.unit_offset { 1.0 } else { 0.0 };
    let out = standardised.iter().enumerate().map(|(i, &x)| {
        let weighted = weight.as_ref().map_or(x, |weight| x * (weight[i] + offset));
        bias.as_ref().map_or(weighted, |bias| weighted + bias[i])
    });
    Normed { scale, out: out.collect(), standardised }
}
