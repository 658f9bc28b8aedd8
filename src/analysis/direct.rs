//! Direct logit attribution: what every part of the model says for one word, or for one word against another.

use super::components::{Component, parts, push};
use crate::model::{HeadId, HeadSpec, Hook, Network, Stream};
use crate::trace::Trace;
use std::ops::ControlFlow;

/// Which logit to take apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// The token at which the model answers
    pub token: usize,
    /// The word, by its id
    pub word: u32,
    /// The word whose logit is taken off
    pub against: Option<u32>,
}

/// Why there is nothing to attribute.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AttributionError {
    /// The model has no head that scores words
    #[error("this model scores no words: there is no logit to take apart")]
    NoWords,
    /// The pass has not been through all blocks
    #[error("the run is not complete")]
    Incomplete,
    /// The prompt has no such token
    #[error("there is no token {token}: there are {n}, from 0")]
    NoToken {
        /// The token
        token: usize,
        /// Tokens there are
        n: usize,
    },
    /// The vocabulary has no such word
    #[error("there is no word {word}: the model knows {vocab}, from 0")]
    NoWord {
        /// The word
        word: u32,
        /// Words there are
        vocab: usize,
    },
    /// Somebody asked to stop
    #[error("cancelled")]
    Cancelled,
}

/// A logit, or the difference of two, by component.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// What was asked
    pub question: Question,
    /// What each component adds, in the order in which they wrote; the last is the bias, that of the words included
    pub parts: Vec<(Component, f64)>,
    /// Logits as the pass gives them, of the word and of the one against it
    pub logits: (f64, Option<f64>),
    /// The cap on logits, where there is one: they become cap·tanh(logit/cap), the parts add up to what is before
    pub cap: Option<f64>,
    /// Sums of the parts for the word and for the one against it
    sums: (f64, Option<f64>),
    /// Whether an activation lies between stream and unembedding, of which the gate was frozen (masked-word heads)
    pub gated: bool,
    /// Directions of every block's z in which the answer reads, [head · value_dim]
    directions: Vec<(usize, Vec<f64>)>,
}

impl Attribution {
    /// Σ of the parts: the logit, or the difference, before the cap.
    pub fn sum(&self) -> f64 {
        self.sums.0 - self.sums.1.unwrap_or(0.0)
    }
    /// The logit of the pass, or the difference.
    pub fn logit(&self) -> f64 {
        self.logits.0 - self.logits.1.unwrap_or(0.0)
    }
    /// What the parts' sum, capped where the model does that, differs by from the logits of the pass.
    pub fn residual(&self) -> f64 {
        let capped = |x: f64| self.cap.map_or(x, |cap| cap * (x / cap).tanh());
        capped(self.sums.0) - self.sums.1.map_or(0.0, capped) - self.logit()
    }

    /// What a head adds by what it reads at each token, [key]: p·⟨v, W_O·direction⟩, which sums to the head's part.
    /// Empty where the head does not write into the answer's stream.
    ///
    /// Weights and values are those of the run; changes to what they give (z) come after.
    pub fn sources(&self, trace: &Trace, head: HeadId) -> Vec<f64> {
        let Some((_, direction)) = self.directions.iter().find(|(layer, _)| *layer == head.layer) else {
            return Vec::new();
        };
        let spec = &trace.spec.blocks[head.layer].attention;
        let direction = &direction[head.head * spec.value_dim()..][..spec.value_dim()];
        let values = &trace.layer(head.layer).state.values[spec.kv_head(head.head)];
        let read =
            |key: usize| values.row(key).iter().zip(direction).map(|(&v, x)| f64::from(v) * x).sum::<f64>();
        let row = trace.pattern(head).row(self.question.token);
        let share = |(key, &weight): (usize, &f32)| match weight {
            0.0 => 0.0,
            _ => f64::from(weight) * read(key),
        };
        row.iter().enumerate().map(share).collect()
    }
}

/// A capped logit lies closer to nought than its cap.
const OPEN: f64 = 1.0 - 1e-9;

/// What the model would answer at a token, [vocab]; empty where it scores no words.
pub fn logits_at(network: &Network, trace: &Trace, token: usize) -> Vec<f32> {
    let width = trace.spec.width;
    let rows = trace.resid(trace.n_layers());
    let there = rows.get(token * width..(token + 1) * width).is_some();
    if there { trace.logits_of(network, token..token + 1) } else { Vec::new() }
}

/// Takes a logit apart by what every component wrote into the answer's residual stream.
///
/// - part of a component: ⟨what it wrote, carried to the unembedding, W_U\[word\] − W_U\[against\]⟩
/// - norms' divisors are frozen, and so is the gate of a masked-word head's activation (what it multiplied by)
/// - identity: the parts add up to the logit before its cap, the word's own bias included
/// - source: Elhage et al. 2021; nostalgebraist 2020; TransformerLens `direct_logit_attribution.py`
pub fn attribute(
    network: &Network,
    trace: &Trace,
    question: Question,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<Attribution, AttributionError> {
    let spec = &trace.spec;
    let Question { token, word, against } = question;
    if !matches!(spec.head, HeadSpec::NextToken | HeadSpec::MaskedToken { .. }) {
        return Err(AttributionError::NoWords);
    }
    if !trace.is_complete() {
        return Err(AttributionError::Incomplete);
    }
    if token >= trace.n_tokens() {
        return Err(AttributionError::NoToken { token, n: trace.n_tokens() });
    }
    if let Some(&word) = [Some(word), against].iter().flatten().find(|&&word| word as usize >= spec.vocab) {
        return Err(AttributionError::NoWord { word, vocab: spec.vocab });
    }
    let last = Stream::After(spec.layers() - 1);
    let mut parts = parts(network, trace, last, token, progress).ok_or(AttributionError::Cancelled)?;
    parts.maps.extend(network.freeze_final_norm(&mut parts.terms));
    if trace.changes.touches_end() {
        let kept = trace.final_rows(network, token..token + 1);
        let change: Vec<f32> = kept.iter().zip(parts.terms.sum()).map(|(kept, sum)| kept - sum).collect();
        push(&mut parts.components, &mut parts.terms, Component::Change, &change);
    }
    parts.maps.extend(network.freeze_unembedding(&mut parts.terms));
    let logits = logits_at(network, trace, token);
    let cap = spec.logits.softcap.map(f64::from);
    let uncapped = |x: f64| cap.map_or(x, |cap| cap * (x / cap).clamp(-OPEN, OPEN).atanh());
    let last_change = parts.components.iter().rposition(|own| *own == Component::Change);
    // What was done to the logit itself
    let put = last_change.filter(|_| trace.changes.touches(Hook::Logits, 0));

    let unembed = network.weights.matrix("unembed.W_U");
    let biases = network.weights.vector::<f32>("unembed.b_U");
    let column =
        |word: u32| -> Vec<f64> { unembed.column::<f32>(word as usize).into_iter().map(f64::from).collect() };
    let bias = |word: u32| biases.as_ref().map_or(0.0, |biases| f64::from(biases[word as usize]));
    let says = |word: u32| -> Vec<f64> {
        let direction = column(word);
        let mut said: Vec<f64> = parts.terms.rows().map(|row| dot(row, &direction)).collect();
        said.last_mut().into_iter().for_each(|constant| *constant += bias(word));
        if let Some(put) = put {
            said[put] += uncapped(f64::from(logits[word as usize])) - said.iter().sum::<f64>();
        }
        said
    };
    let mut values = says(word);
    let mut direction = column(word);
    let mut sums = (values.iter().sum(), None);
    if let Some(against) = against {
        let theirs = says(against);
        sums.1 = Some(theirs.iter().sum());
        values.iter_mut().zip(theirs).for_each(|(value, their)| *value -= their);
        direction.iter_mut().zip(column(against)).for_each(|(x, their)| *x -= their);
    }
    let mut directions = Vec::with_capacity(parts.attentions.len());
    let mut through = parts.maps.len();
    for attention in parts.attentions.iter().rev() {
        while through > attention.born {
            through -= 1;
            direction = parts.maps[through].pull(&direction);
        }
        let own = attention.own.iter().rev().fold(direction.clone(), |direction, map| map.pull(&direction));
        directions.push((attention.layer, network.pull_to_heads(attention.layer, &own)));
    }
    let logit = |word: u32| f64::from(logits[word as usize]);
    Ok(Attribution {
        question,
        parts: parts.components.into_iter().zip(values).collect(),
        logits: (logit(word), against.map(logit)),
        cap,
        sums,
        gated: matches!(spec.head, HeadSpec::MaskedToken { .. }),
        directions,
    })
}

fn dot(x: &[f32], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(&x, y)| f64::from(x) * y).sum()
}
