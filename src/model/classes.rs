//! Classifiers on top of a Transformer: how rows become one, the layers that follow, and what comes out.

use super::spec::NormSpec;
use candle_nn::Activation;
use serde::{Deserialize, Serialize};

/// A classifier behind the last block (and its norm).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassHead {
    /// How the tokens' vectors become one
    pub pooling: Pooling,
    /// Layers, first to last; the outputs of the last are the logits
    pub layers: Vec<ClassLayer>,
    /// How logits are read
    pub outcome: Outcome,
    /// Names of the classes, in the order of the logits; may be fewer than there are
    pub labels: Vec<String>,
}

/// How the tokens' vectors become the classifier's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pooling {
    /// They do not: every token has its own classes
    Each,
    /// The first token's (BERT's `[CLS]`)
    First,
    /// The last token's
    Last,
    /// Their mean, padding included
    Mean,
    /// The largest value in each dimension
    Max,
    /// All of them, one behind another: the input must have exactly this many tokens
    Flatten {
        /// Tokens
        positions: usize,
    },
}

/// One layer of a classifier. Its weights are `head.{i}.W`, `head.{i}.b`, or `head.{i}.ln.w`, `head.{i}.ln.b`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum ClassLayer {
    /// act(x·W + b), the bias where there is one
    Dense {
        /// Width of the result
        outputs: usize,
        /// Behind the sum
        activation: ClassActivation,
    },
    /// A norm over the width
    Norm(NormSpec),
}

/// Functions between a classifier's layers: an MLP's, and those only poolers have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum ClassActivation {
    /// None
    Linear,
    /// Hyperbolic tangent
    Tanh,
    /// One that MLPs have too
    Mlp(Activation),
}

/// How a classifier's logits are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Exactly one class holds: softmax
    OneOf,
    /// Each class holds or not: sigmoid. A single logit is the second of two classes, as Keras trains it
    AnyOf,
    /// Numbers, as they are
    Values,
}

impl ClassHead {
    /// Width of the input of layer `index`, where the residual stream is `width` wide.
    pub fn inputs(&self, index: usize, width: usize) -> usize {
        let pooled = match self.pooling {
            Pooling::Flatten { positions } => positions.saturating_mul(width),
            _ => width,
        };
        let widths = self.layers[..index.min(self.layers.len())].iter().rev().find_map(|layer| match layer {
            ClassLayer::Dense { outputs, .. } => Some(*outputs),
            ClassLayer::Norm(_) => None,
        });
        widths.unwrap_or(pooled)
    }

    /// Logits a row.
    pub fn outputs(&self, width: usize) -> usize {
        self.inputs(self.layers.len(), width)
    }

    /// The shape of `{index}.{rest}`, the part of a weight's name behind `head.`; `None` where there is no such.
    pub(super) fn weight_shape(&self, name: &str, width: usize) -> Option<Vec<usize>> {
        let (index, rest) = name.split_once('.')?;
        let index: usize = index.parse().ok()?;
        let inputs = self.inputs(index, width);
        match (self.layers.get(index)?, rest) {
            (ClassLayer::Dense { outputs, .. }, "W") => Some(vec![inputs, *outputs]),
            (ClassLayer::Dense { outputs, .. }, "b") => Some(vec![*outputs]),
            (ClassLayer::Norm(_), "ln.w" | "ln.b") => Some(vec![inputs]),
            _ => None,
        }
    }

    /// What class `index` is called.
    pub fn label(&self, index: usize) -> String {
        self.labels.get(index).cloned().unwrap_or_else(|| format!("class {index}"))
    }

    /// One row of logits as (class, logit, probability), most likely first; for [`Outcome::Values`] the number itself
    /// stands for the probability, and classes keep their order.
    pub fn read(&self, logits: &[f32]) -> Vec<(usize, f32, f32)> {
        let sigmoid = |x: f32| (1.0 / (1.0 + (-f64::from(x)).exp())) as f32;
        let each = |p: &dyn Fn(usize) -> f32| {
            logits.iter().enumerate().map(|(i, &logit)| (i, logit, p(i))).collect::<Vec<_>>()
        };
        let mut classes = match self.outcome {
            Outcome::Values => return each(&|i| logits[i]),
            Outcome::AnyOf if logits.len() == 1 => {
                vec![(0, -logits[0], sigmoid(-logits[0])), (1, logits[0], sigmoid(logits[0]))]
            }
            Outcome::AnyOf => each(&|i| sigmoid(logits[i])),
            Outcome::OneOf => {
                let p = super::probabilities(logits, 1.0);
                each(&|i| p[i] as f32)
            }
        };
        classes.sort_by(|a, b| b.2.total_cmp(&a.2));
        classes
    }
}
