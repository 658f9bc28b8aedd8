//! From logits to candidates, and to the token that is taken.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

/// How the next token is chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Divides the logits; 0 takes the most likely token
    pub temperature: f32,
    /// Only the k most likely
    pub top_k: Option<usize>,
    /// Only the most likely whose probabilities reach this sum
    pub top_p: Option<f32>,
    /// Of the random numbers
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.0, top_k: None, top_p: None, seed: 0 }
    }
}

impl Sampling {
    /// Probabilities under the temperature; at 0 they are those at 1, of which only the first is kept.
    fn probabilities(&self, logits: &[f32]) -> Vec<f64> {
        probabilities(logits, if self.temperature <= 0.0 { 1.0 } else { self.temperature })
    }

    /// Ids that may be drawn, the most likely first; never none of a vocabulary that has any.
    fn kept(&self, p: &[f64]) -> Vec<usize> {
        if self.temperature <= 0.0 {
            return largest(p, 1);
        }
        let mut kept = largest(p, self.top_k.unwrap_or(p.len()).max(1));
        if let Some(top_p) = self.top_p {
            let mut sum = 0.0;
            let enough = kept.iter().position(|&id| {
                sum += p[id];
                sum >= f64::from(top_p)
            });
            kept.truncate(enough.map_or(kept.len(), |last| last + 1));
        }
        kept
    }
}

/// What may be drawn next, as a list for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices {
    /// Id and probability before any cut, under the temperature; the most likely first.
    pub list: Vec<(u32, f64)>,
    /// How many of all tokens may be drawn.
    pub kept: usize,
    /// Their share of the probability, in (0, 1].
    pub kept_share: f64,
    /// Tokens in the vocabulary.
    pub all: usize,
    /// Entropy of what may be drawn, renormalised, in bits.
    pub entropy: f64,
    /// Entropy of the model's own distribution, at temperature 1 and uncut, in bits.
    pub entropy_before: f64,
}

/// The first `n` candidates after these `logits`, and what the rules leave of them.
pub fn choices(logits: &[f32], rules: &Sampling, n: usize) -> Choices {
    // Of a certain one 0, not −0
    let bits = |p: f64| if p > 0.0 && p < 1.0 { -p * p.log2() } else { 0.0 };
    let p = rules.probabilities(logits);
    let kept = rules.kept(&p);
    let kept_share: f64 = kept.iter().map(|&id| p[id]).sum();
    Choices {
        list: largest(&p, n).into_iter().map(|id| (id as u32, p[id])).collect(),
        kept: kept.len(),
        kept_share,
        all: p.len(),
        entropy: kept.iter().map(|&id| bits(p[id] / kept_share)).sum(),
        entropy_before: probabilities(logits, 1.0).into_iter().map(bits).sum(),
    }
}

/// Probabilities of all tokens: softmax of the logits, in double precision.
pub fn probabilities(logits: &[f32], temperature: f32) -> Vec<f64> {
    let max = logits.iter().copied().filter(|x| !x.is_nan()).fold(f32::NEG_INFINITY, f32::max);
    let weight = |x: f32| (f64::from(x - max) / f64::from(temperature)).exp();
    let weights: Vec<f64> = logits.iter().map(|&x| if x.is_nan() { 0.0 } else { weight(x) }).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// The `k` largest of `values`, largest first; the lower index first among equals.
pub fn largest(values: &[f64], k: usize) -> Vec<usize> {
    let order = |&a: &usize, &b: &usize| values[b].total_cmp(&values[a]).then(a.cmp(&b));
    let mut indices: Vec<usize> = (0..values.len()).collect();
    let k = k.min(indices.len());
    if k < indices.len() {
        indices.select_nth_unstable_by(k, order);
        indices.truncate(k);
    }
    indices.sort_unstable_by(order);
    indices
}

/// Draws one token after another under the same rules.
#[derive(Debug)]
pub struct Sampler {
    rules: Sampling,
    random: StdRng,
}

impl Sampler {
    /// Starts the random numbers anew.
    pub fn new(rules: Sampling) -> Self {
        Self { random: StdRng::seed_from_u64(rules.seed), rules }
    }

    /// The id that is taken, given the logits over the vocabulary.
    pub fn draw(&mut self, logits: &[f32]) -> u32 {
        let p = self.rules.probabilities(logits);
        let kept = self.rules.kept(&p);
        if self.rules.temperature <= 0.0 {
            return kept[0] as u32;
        }
        let total: f64 = kept.iter().map(|&id| p[id]).sum();
        let mut left = self.random.random::<f64>() * total;
        for &id in &kept {
            left -= p[id];
            if left <= 0.0 {
                return id as u32;
            }
        }
        kept[kept.len() - 1] as u32
    }
}
