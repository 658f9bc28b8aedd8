//! What decides which experts a token's MLP consists of, and how much each of them says.

use super::spec::MlpSpec;
use serde::{Deserialize, Serialize};

/// Many MLPs in place of one, of which every token goes through a few.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpertSpec {
    /// Experts
    pub count: usize,
    /// How many a token goes through
    pub chosen: usize,
    /// What each expert's share is made of
    pub shares: Shares,
    /// Shares of the chosen experts are divided by their sum
    #[serde(default)]
    pub normalised: bool,
    /// Factor on the shares
    #[serde(default = "one")]
    pub scale: f32,
    /// A learned number per expert is added to its share for choosing only (DeepSeek-V3)
    #[serde(default)]
    pub choice_bias: bool,
    /// Experts in groups, of which the best are chosen first
    #[serde(default)]
    pub groups: Option<ExpertGroups>,
    /// Gates and inputs are cut to ±limit (gpt-oss)
    #[serde(default)]
    pub clamp: Option<ClampedGate>,
    /// One more expert that every token goes through
    #[serde(default)]
    pub shared: Option<SharedExpert>,
}

fn one() -> f32 {
    1.0
}

/// What an expert's share is made of; router(x) has a number for each expert.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Shares {
    /// softmax(router(x)) over all experts
    Softmax,
    /// softmax(router(x)) over the chosen ones
    SoftmaxOfChosen,
    /// sigmoid(router(x))
    Sigmoid,
    /// Each choice by itself: softmax over the experts near the best one that is left (Liu et al. 2024, SparseMixer)
    Near {
        /// Experts are near whose number is less below the best than twice this part of the larger of both
        jitter: f64,
    },
}

/// Experts in groups of equal size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpertGroups {
    /// Groups
    pub count: usize,
    /// How many are chosen
    pub chosen: usize,
    /// A group is as good as the sum of so many of its best experts
    pub best: usize,
}

/// gate·σ(alpha·gate)·(in + 1), where the gate is at most `limit` and `in` within ±limit, instead of act(gate)·in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClampedGate {
    /// Largest gate, and largest input in both directions
    pub limit: f32,
    /// Slope of the sigmoid
    pub alpha: f32,
}

/// An expert that every token goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedExpert {
    /// Its hidden width
    pub width: usize,
    /// What it says is multiplied by σ of a learned projection (Qwen2-MoE)
    pub gated: bool,
}

impl ExpertSpec {
    /// Softmax over all of `count` experts, `chosen` of which are used as they are.
    pub fn new(count: usize, chosen: usize) -> Self {
        Self {
            count,
            chosen,
            shares: Shares::Softmax,
            normalised: false,
            scale: 1.0,
            choice_bias: false,
            groups: None,
            clamp: None,
            shared: None,
        }
    }

    /// The shape of one of the weights of the experts and their router: `W_router`, `experts.3.W_in`…
    pub(super) fn weight_shape(&self, name: &str, expert: &MlpSpec, width: usize) -> Option<Vec<usize>> {
        if let Some(name) = name.strip_prefix("experts.") {
            let (index, name) = name.split_once('.')?;
            return expert
                .weight_shape(name, width)
                .filter(|_| index.parse().is_ok_and(|index: usize| index < self.count));
        }
        if let Some(name) = name.strip_prefix("shared.") {
            return MlpSpec { width: self.shared?.width, ..expert.clone() }.weight_shape(name, width);
        }
        Some(match name {
            "W_router" => vec![width, self.count],
            "b_router" => vec![self.count],
            "choice_bias" if self.choice_bias => vec![self.count],
            "W_shared_gate" if self.shared?.gated => vec![width, 1],
            _ => return None,
        })
    }

    /// The experts of one token and their shares, from the router's numbers (one an expert) and what is added to
    /// shares for choosing (one an expert, or none at all).
    pub fn choose(&self, numbers: &[f64], choice_bias: &[f64]) -> Vec<(usize, f64)> {
        if let Shares::Near { jitter } = self.shares {
            return near(numbers, jitter, self.chosen);
        }
        let shares: Vec<f64> = match self.shares {
            Shares::Sigmoid => numbers.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect(),
            Shares::Softmax => softmax(numbers),
            Shares::SoftmaxOfChosen | Shares::Near { .. } => numbers.to_vec(),
        };
        let biased = |expert: usize| shares[expert] + choice_bias.get(expert).copied().unwrap_or(0.0);
        let worth: Vec<f64> = (0..shares.len()).map(biased).collect();
        let candidates = match self.groups {
            Some(groups) => groups.experts(&worth),
            None => (0..worth.len()).collect(),
        };
        let experts = best(&worth, candidates, self.chosen);
        let mut chosen: Vec<f64> = experts.iter().map(|&expert| shares[expert]).collect();
        if self.shares == Shares::SoftmaxOfChosen {
            chosen = softmax(&chosen);
        }
        let sum = if self.normalised { chosen.iter().sum::<f64>().max(1e-20) } else { 1.0 };
        let scale = f64::from(self.scale);
        experts.into_iter().zip(chosen).map(|(expert, share)| (expert, share / sum * scale)).collect()
    }
}

impl ExpertGroups {
    /// The experts of the best groups.
    fn experts(&self, worth: &[f64]) -> Vec<usize> {
        let size = worth.len() / self.count.max(1);
        let members = |group: usize| group * size..(group + 1) * size;
        let of_group = |group: usize| {
            best(worth, members(group).collect(), self.best).iter().map(|&expert| worth[expert]).sum()
        };
        let groups: Vec<f64> = (0..self.count).map(of_group).collect();
        best(&groups, (0..self.count).collect(), self.chosen).into_iter().flat_map(members).collect()
    }
}

/// The `n` candidates of greatest worth, best first; among equals the first.
fn best(worth: &[f64], mut candidates: Vec<usize>, n: usize) -> Vec<usize> {
    candidates.sort_by(|&a, &b| worth[b].total_cmp(&worth[a]));
    candidates.truncate(n);
    candidates
}

fn softmax(numbers: &[f64]) -> Vec<f64> {
    let largest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = numbers.iter().map(|x| (x - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// One choice after the other, each weighed against the experts near it that are left.
fn near(numbers: &[f64], jitter: f64, chosen: usize) -> Vec<(usize, f64)> {
    let mut left: Vec<usize> = (0..numbers.len()).collect();
    let mut choices = Vec::with_capacity(chosen);
    while choices.len() < chosen {
        let Some(&first) = best(numbers, left.clone(), 1).first() else { break };
        let top = numbers[first];
        let close = |expert: usize| (top - numbers[expert]) / numbers[expert].abs().max(top) <= 2.0 * jitter;
        let sum: f64 =
            left.iter().filter(|&&expert| close(expert)).map(|&expert| (numbers[expert] - top).exp()).sum();
        choices.push((first, 1.0 / sum));
        left.retain(|&expert| expert != first);
    }
    choices
}
