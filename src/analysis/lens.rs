//! The logit lens: what each layer would say next, if the residual stream went straight to the unembedding.

use super::loss::{ROWS, log_sum};
use super::tokens::entropy_bits;
use crate::model::Model;
use crate::trace::{Candidate, Trace};
use std::ops::{ControlFlow, Range};

/// What to ask the lens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LensOptions {
    /// Which tokens
    pub tokens: Range<usize>,
    /// How many candidates each
    pub top: usize,
    /// Whether the final norm is left out
    pub raw: bool,
    /// A word whose rank is asked for, too
    pub word: Option<u32>,
}

impl LensOptions {
    /// Through the final norm, of no word in particular.
    pub fn new(tokens: Range<usize>, top: usize) -> Self {
        Self { tokens, top, raw: false, word: None }
    }
}

/// What every layer would say, first to last.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Lens {
    /// One more than the model has blocks; with the final norm the last equals the model's own answer
    pub layers: Vec<LensLayer>,
}

/// What one layer would say.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct LensLayer {
    /// The hook that was read: `blocks.3.hook_resid_pre`
    pub name: String,
    /// For each token the candidates, best first
    pub tokens: Vec<Vec<Candidate>>,
    /// For each token what its distribution is like
    pub said: Vec<Said>,
}

/// What one layer's distribution over the next token is like.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Said {
    /// −Σ p log₂ p, in bits, from 0 to log₂ of the vocabulary
    pub entropy: f64,
    /// KL(model ‖ layer) = Σ p log₂(p / p_layer), in bits from 0 on: what is lost by taking the layer's distribution for
    /// the model's own `p`
    pub kl: f64,
    /// Rank of the model's own answer in this layer, from 1
    pub rank: usize,
    /// Rank and probability of the word that was asked for
    pub word: Option<(usize, f64)>,
}

/// What the table of the lens is tinted by, and says beside each word.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum LensTint {
    /// Probability of the layer's likeliest word
    #[default]
    Probability,
    /// Rank of the model's own answer
    Rank,
    /// Entropy of the layer's distribution
    Entropy,
    /// Its divergence from the model's own
    Kl,
}

impl LensTint {
    /// How much of the tint a cell gets, in [0, 1], of a vocabulary of `vocab` words; `greatest`: the largest divergence of
    /// the table. More is later: surer, nearer the answer; of entropy and divergence more is what their names say.
    pub fn share(self, best: f32, said: &Said, vocab: usize, greatest: f64) -> f32 {
        let most = (vocab.max(2) as f64).ln();
        let share = match self {
            Self::Probability => f64::from(best),
            Self::Rank => 1.0 - (said.rank.max(1) as f64).ln() / most,
            Self::Entropy => said.entropy * std::f64::consts::LN_2 / most,
            Self::Kl if greatest > 0.0 => said.kl / greatest,
            Self::Kl => 0.0,
        };
        (share as f32).clamp(0.0, 1.0)
    }

    /// The number that stands in a cell.
    pub fn number(self, best: f32, said: &Said) -> String {
        match self {
            Self::Probability => format!("{best:.2}"),
            Self::Rank => format!("#{}", said.rank),
            Self::Entropy => format!("{:.2}", said.entropy),
            Self::Kl => format!("{:.2}", said.kl),
        }
    }
}

impl Lens {
    /// The greatest divergence from the model's own answer.
    pub fn greatest_kl(&self) -> f64 {
        let all = self.layers.iter().flat_map(|layer| &layer.said).map(|said| said.kl);
        all.filter(|kl| kl.is_finite()).fold(0.0, f64::max)
    }
}

/// Final norm, unembedding and bias applied to the residual stream before each block and after the last; or, `raw`, the
/// unembedding and bias alone.
///
/// - residual streams: [token, width]; gives probabilities in [0, 1] over the vocabulary, of which `top` are kept
/// - identity: the last layer equals the model's own logits, but for a raw lens
/// - source: nostalgebraist 2020, *interpreting GPT: the logit lens*; TransformerLens `logit_lens.py`; divergence from the
///   model's own answer as in Belrose et al. 2023, *Eliciting Latent Predictions with the Tuned Lens*
/// - `None` where the model has no head, or where `progress` (told the share done) breaks off
pub fn lens(
    model: &Model,
    trace: &Trace,
    options: &LensOptions,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Option<Lens> {
    let (width, vocab, n_layers) = (trace.spec.width, trace.spec.vocab, trace.n_layers());
    let streams: Vec<usize> = (trace.spec.decoder_start()..=n_layers).collect();
    let named = |&layer: &usize| LensLayer {
        name: trace.spec.stream_name(trace.spec.stream_at(layer)),
        tokens: Vec::with_capacity(options.tokens.len()),
        said: Vec::with_capacity(options.tokens.len()),
    };
    let mut layers: Vec<LensLayer> = streams.iter().map(named).collect();
    let steps = (options.tokens.len().div_ceil(ROWS) * streams.len()).max(1) as f32;
    let mut step = 0;
    for start in options.tokens.clone().step_by(ROWS) {
        let rows = start..(start + ROWS).min(options.tokens.end);
        let of = |layer: usize| &trace.resid(layer)[rows.start * width..rows.end * width];
        let answer = trace.logits_of(&model.network, rows.clone());
        if answer.is_empty() {
            return None;
        }
        let own: Vec<Own> = answer.chunks_exact(vocab).map(Own::of).collect();
        for (place, &layer) in streams.iter().enumerate() {
            if progress(step as f32 / steps).is_break() {
                return None;
            }
            step += 1;
            let logits: &[f32] = match layer {
                _ if options.raw => &model.network.raw_logits(of(layer)),
                _ if layer == n_layers => &answer,
                _ => &model.network.logits(of(layer)),
            };
            for (logits, own) in logits.chunks_exact(vocab).zip(&own) {
                layers[place].tokens.push(Candidate::best(model, logits, options.top));
                layers[place].said.push(own.said(logits, options.word));
            }
        }
    }
    Some(Lens { layers })
}

/// The model's own distribution after one token.
struct Own {
    /// Its probabilities, [vocab]
    p: Vec<f64>,
    answer: usize,
    /// Σ p ln p
    weighted: f64,
}

impl Own {
    fn of(logits: &[f32]) -> Self {
        let normal = log_sum(logits);
        let p: Vec<f64> = logits.iter().map(|&logit| (f64::from(logit) - normal).exp()).collect();
        let greatest = |best: usize, at: usize| if logits[at] > logits[best] { at } else { best };
        let answer = (0..logits.len()).reduce(greatest).unwrap_or(0);
        // Σ p ln p = Σ p x − normal
        let weighted = weighted(&p, logits) - normal;
        Self { p, answer, weighted }
    }

    fn said(&self, logits: &[f32], word: Option<u32>) -> Said {
        let normal = log_sum(logits);
        // Σ p (ln p − x + normal) = Σ p ln p − Σ p x + normal
        let nats = self.weighted - weighted(&self.p, logits) + normal;
        let word = word.filter(|&id| (id as usize) < logits.len());
        Said {
            entropy: entropy_bits(logits),
            kl: (nats / std::f64::consts::LN_2).max(0.0),
            rank: rank(logits, self.answer),
            word: word.map(|id| {
                let p = (f64::from(logits[id as usize]) - normal).exp();
                (rank(logits, id as usize), p)
            }),
        }
    }
}

/// Σ p · values, over what has a probability at all.
fn weighted(p: &[f64], values: &[f32]) -> f64 {
    let both = p.iter().zip(values).filter(|(p, _)| **p > 0.0);
    both.map(|(&p, &value)| p * f64::from(value)).sum()
}

/// How many logits are greater than one of them, and one: its rank, from 1.
fn rank(logits: &[f32], of: usize) -> usize {
    let own = logits[of];
    1 + logits.iter().filter(|&&logit| logit > own).count()
}
