//! Classifiers on top of a Transformer: how rows become one, the layers that follow, and what comes out.

use super::spec::{HeadSpec, ModelSpec, NormSpec};
use super::transformer::Network;
use crate::kernels::Activation;
use crate::kernels::{self, Real};
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
    /// The token that fills up texts: where the last one's vector is read, the last that is another
    #[serde(default)]
    pub padding: Option<u32>,
    /// The token that ends texts: of encoder–decoders, the vector is read where the source has its last one
    #[serde(default)]
    pub end: Option<u32>,
    /// Of encoder–decoders: the target begins with the source's last token that is no padding (mBART), not with the
    /// model's start token
    #[serde(default)]
    pub wraps: bool,
    /// The classes say whether the prompt's two segments belong together
    #[serde(default)]
    pub pair: bool,
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

impl ClassActivation {
    /// In place.
    pub(super) fn apply<F: Real>(self, x: &mut [F]) {
        match self {
            Self::Linear => (),
            Self::Tanh => x.iter_mut().for_each(|x| *x = x.tanh()),
            Self::Mlp(kind) => kernels::activate(kind, x),
        }
    }
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
    /// Two numbers a token: how likely an answer starts, and ends, there; each is a softmax over all tokens
    Span,
}

impl ClassHead {
    /// Of the last token, without a layer yet.
    pub(super) const LAST: Self = Self {
        pooling: Pooling::Last,
        layers: Vec::new(),
        outcome: Outcome::OneOf,
        labels: Vec::new(),
        padding: None,
        end: None,
        wraps: false,
        pair: false,
    };

    /// One for which padding and ends are tokens like others.
    pub fn new(pooling: Pooling, layers: Vec<ClassLayer>, outcome: Outcome, labels: Vec<String>) -> Self {
        Self { pooling, layers, outcome, labels, ..Self::LAST }
    }

    /// What a classifier's decoder reads of a source: the source moved on by one, behind what it begins with.
    pub fn moved_on(&self, start: u32, source: &[u32]) -> Vec<u32> {
        // Padding is taken to stand behind the text, wherever it stands
        let length = source.iter().filter(|&&id| Some(id) != self.padding).count();
        let last = source.get(length.saturating_sub(1)).copied();
        let first = if self.wraps { last.unwrap_or(start) } else { start };
        std::iter::once(first)
            .chain(source.split_last().into_iter().flat_map(|(_, most)| most.iter().copied()))
            .collect()
    }

    /// Rows of the residual stream up to the last that counts, where the last one's vector is read.
    pub fn counted(&self, ids: &[u32], source: &[u32]) -> usize {
        let behind = |at: Option<usize>| at.map_or(ids.len(), |at| (at + 1).min(ids.len()));
        match (self.pooling, self.end, self.padding) {
            (Pooling::Last, Some(end), _) => behind(source.iter().rposition(|&id| id == end)),
            // A text of nothing but padding is read at its first token
            (Pooling::Last, None, Some(padding)) if !ids.is_empty() => {
                behind(Some(ids.iter().rposition(|&id| id != padding).unwrap_or(0)))
            }
            _ => ids.len(),
        }
    }

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

    /// The shape of `{index}.{rest}`, the part of a weight's name behind `head.` (or `pair.`); `None` where there is no such.
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
            Outcome::Values | Outcome::Span => return each(&|i| logits[i]),
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

impl ModelSpec {
    /// How many tokens a classifier over all positions reads; `None` where any number will do.
    pub fn needs_tokens(&self) -> Option<usize> {
        match &self.head {
            HeadSpec::Classes(ClassHead { pooling: Pooling::Flatten { positions }, .. }) => Some(*positions),
            _ => None,
        }
    }
}

impl Pooling {
    /// One row (or, for [`Self::Each`] and [`Self::Flatten`], all) of `x`, [token, width].
    pub(super) fn of<F: Real>(self, x: Vec<F>, width: usize) -> Vec<F> {
        match self {
            Self::Each | Self::Flatten { .. } => x,
            Self::First => x[..width].to_vec(),
            Self::Last => x[x.len() - width..].to_vec(),
            Self::Mean => kernels::mean_row(&x, width),
            Self::Max => kernels::max_row(&x, width),
        }
    }
}

impl Network {
    /// Logits of the classifier, by itself or beside the words: of the whole last residual stream, [token, width], one
    /// row of classes, or a row a token; empty where there is no classifier, or where it needs another number of tokens.
    pub fn class_logits<F: Real>(&self, resid: &[F]) -> Vec<F> {
        let Some((head, name)) = self.spec.classifier() else { return Vec::new() };
        let width = self.spec.width;
        let x = self.final_normalized(resid);
        if matches!(head.pooling, Pooling::Flatten { positions } if x.len() != positions * width) {
            return Vec::new();
        }
        let mut x = head.pooling.of(x, width);
        for (index, layer) in head.layers.iter().enumerate() {
            x = match *layer {
                ClassLayer::Norm(norm) => self.norm(norm, &format!("{name}.{index}.ln"), &x),
                ClassLayer::Dense { activation, .. } => {
                    let mut x = self.plain(&x, &format!("{name}.{index}.W"), &format!("{name}.{index}.b"));
                    activation.apply(&mut x);
                    x
                }
            };
        }
        x
    }
}
