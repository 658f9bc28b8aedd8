//! Rotary position embedding (Su et al. 2021): its frequencies, and how they were stretched for longer contexts.

use crate::kernels::Real;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;
use std::ops::Range;

/// Rotary position embedding: pairs of dimensions turn by position · frequency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rotary {
    /// Dimensions that turn, from `start`; where odd, one more turns (with the frequencies of so many)
    pub dims: usize,
    /// First dimension that turns
    #[serde(default)]
    pub start: usize,
    /// Base of the frequencies
    pub theta: f64,
    /// Pairs are (2i, 2i + 1), as GPT-J has them, instead of (i, i + dims/2)
    #[serde(default)]
    pub interleaved: bool,
    /// Pairs that are interleaved before they turn are written as (i, i + dims/2) (DeepSeek-V3)
    #[serde(default)]
    pub parted: bool,
    /// Turns the other way (NanoChat)
    #[serde(default)]
    pub backwards: bool,
    /// Factor on cosines and sines, where a scaling has one (YaRN, LongRoPE)
    #[serde(default = "one")]
    pub factor: f64,
    /// How the frequencies were stretched for longer contexts
    #[serde(default)]
    pub scaling: RotaryScaling,
}

fn one() -> f64 {
    1.0
}

/// How rotary frequencies were stretched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum RotaryScaling {
    /// As first trained
    #[default]
    None,
    /// All divided by a factor
    Linear {
        /// Divides every frequency
        factor: f64,
    },
    /// The base grows with the prompt once that is longer than the context trained for (NTK-aware)
    Dynamic {
        /// How much longer contexts may get
        factor: f64,
        /// Context trained for
        original_context: f64,
    },
    /// Llama 3.1: low frequencies divided, high ones kept, a ramp between
    Llama3 {
        /// Divides the lowest frequencies
        factor: f64,
        /// Wavelengths above original_context/low are divided
        low: f64,
        /// Wavelengths below original_context/high are kept
        high: f64,
        /// Context before stretching
        original_context: f64,
    },
    /// YaRN (Peng et al. 2023): a ramp over the pairs between kept and divided frequencies
    Yarn {
        /// Divides the lowest frequencies
        factor: f64,
        /// Pairs that turn more often than this over the original context are kept
        fast: f64,
        /// Pairs that turn less often than this are divided
        slow: f64,
        /// Context before stretching
        original_context: f64,
        /// The ramp's ends lie on whole pairs
        truncate: bool,
    },
    /// LongRoPE (Ding et al. 2024): a factor per pair, one list for short prompts and one for long
    Long {
        /// Up to the original context, [dims/2]
        short: Vec<f64>,
        /// Beyond it, [dims/2]
        long: Vec<f64>,
        /// Context before stretching
        original_context: f64,
        /// Factor on cosines and sines beyond it, where that is another one (Phi-MoE)
        #[serde(default)]
        long_factor: Option<f64>,
    },
}

impl Rotary {
    /// Over the first `dims` dimensions, not stretched.
    pub fn new(dims: usize, theta: f64) -> Self {
        Self {
            dims,
            start: 0,
            theta,
            interleaved: false,
            parted: false,
            backwards: false,
            factor: 1.0,
            scaling: RotaryScaling::None,
        }
    }
    /// Positions of a model whose configuration says `context`: the only scaling that begins where that ends goes on.
    pub fn context(&self, context: usize) -> usize {
        match self.scaling {
            RotaryScaling::Dynamic { factor, .. } => (context as f64 * factor) as usize,
            _ => context,
        }
    }
    /// Whether the frequencies for `n_tokens` are others than those for one fewer.
    pub fn changes_at(&self, n_tokens: usize) -> bool {
        match self.scaling {
            RotaryScaling::Dynamic { original_context, .. } => n_tokens as f64 > original_context,
            RotaryScaling::Long { original_context, .. } => {
                let longer = |n: usize| n as f64 > original_context;
                longer(n_tokens) != longer(n_tokens.saturating_sub(1))
            }
            _ => false,
        }
    }
    /// Pairs that turn.
    pub fn pairs(&self) -> usize {
        self.dims.div_ceil(2)
    }
    /// The two dimensions of a pair, as they enter the product.
    pub fn pair(&self, pair: usize) -> [usize; 2] {
        let apart = !self.interleaved || self.parted;
        let (first, second) = if apart { (pair, pair + self.pairs()) } else { (2 * pair, 2 * pair + 1) };
        [self.start + first, self.start + second]
    }
    /// Factor on cosines and sines of a prompt of `n_tokens`.
    fn factor_at(&self, n_tokens: usize) -> f64 {
        match self.scaling {
            RotaryScaling::Long { original_context, long_factor: Some(factor), .. }
                if n_tokens as f64 > original_context =>
            {
                factor
            }
            _ => self.factor,
        }
    }
    /// The angle each pair turns per position, [pair], in single precision as the models were trained; for a
    /// prompt of `n_tokens`, as some scalings depend on its length.
    pub fn frequencies(&self, n_tokens: usize) -> Vec<f32> {
        let dims = self.dims as f64;
        // Every step is rounded, as the models were trained: far positions multiply what is lost
        let wave = |theta: f64, i: usize| {
            let power = (2 * i) as f32 / self.dims as f32;
            theta.powf(f64::from(power)) as f32
        };
        let of = |theta: f64| (0..self.pairs()).map(move |i| 1.0 / wave(theta, i));
        match &self.scaling {
            RotaryScaling::None => of(self.theta).collect(),
            RotaryScaling::Linear { factor } => of(self.theta).map(|x| x / *factor as f32).collect(),
            RotaryScaling::Dynamic { factor, original_context } => {
                let length = (n_tokens as f64).max(*original_context);
                let growth = factor * length / original_context - (factor - 1.0);
                of(self.theta * growth.powf(dims / (dims - 2.0))).collect()
            }
            RotaryScaling::Llama3 { factor, low, high, original_context } => {
                let (factor, low, high) = (*factor as f32, *low as f32, *high as f32);
                of(self.theta).map(|x| llama3(x, factor, low, high, *original_context as f32)).collect()
            }
            RotaryScaling::Yarn { factor, fast, slow, original_context, truncate } => {
                let pair =
                    |turns: f64| dims * (original_context / (turns * TAU)).ln() / (2.0 * self.theta.ln());
                let (low, high) = match truncate {
                    true => (pair(*fast).floor(), pair(*slow).ceil()),
                    false => (pair(*fast), pair(*slow)),
                };
                let (low, high) = (low.max(0.0), high.min(dims - 1.0));
                let span = if high > low { high - low } else { 0.001 };
                let ramp = |i: usize| ((i as f64 - low) / span).clamp(0.0, 1.0) as f32;
                let blend = |(i, x): (usize, f32)| {
                    let keep = 1.0 - ramp(i);
                    x / *factor as f32 * (1.0 - keep) + x * keep
                };
                of(self.theta).enumerate().map(blend).collect()
            }
            RotaryScaling::Long { short, long, original_context, .. } => {
                let factors = if n_tokens as f64 > *original_context { long } else { short };
                let stretched = |(i, factor): (usize, &f64)| 1.0 / (*factor as f32 * wave(self.theta, i));
                factors.iter().enumerate().map(stretched).collect()
            }
        }
    }
}

fn llama3(frequency: f32, factor: f32, low: f32, high: f32, context: f32) -> f32 {
    let wavelength = std::f32::consts::TAU / frequency;
    if wavelength < context / high {
        frequency
    } else if wavelength > context / low {
        frequency / factor
    } else {
        let smooth = (context / wavelength - low) / (high - low);
        (1.0 - smooth) * frequency / factor + smooth * frequency
    }
}

/// Cosines and sines of a run of positions, [position, pair].
pub(super) struct Turns<F> {
    pairs: usize,
    start: usize,
    interleaved: bool,
    parted: bool,
    cos_sin: Vec<(F, F)>,
}

impl<F: Real> Turns<F> {
    /// Of tokens at `positions` in a text of `n_tokens`: some scalings depend on its length.
    pub(super) fn new(rotary: &Rotary, positions: Range<usize>, n_tokens: usize) -> Self {
        let (frequencies, factor) = (rotary.frequencies(n_tokens), rotary.factor_at(n_tokens));
        let way = if rotary.backwards { -1.0 } else { 1.0 };
        let turn = |position: usize, frequency: f32| {
            // The angle is rounded to single precision, as the models were trained with it
            let angle = f64::from(position as f32 * frequency);
            (F::of64(angle.cos() * factor), F::of64(way * angle.sin() * factor))
        };
        let cos_sin = positions
            .flat_map(|position| frequencies.iter().map(move |&frequency| turn(position, frequency)))
            .collect();
        let Rotary { start, interleaved, parted, .. } = *rotary;
        Self { pairs: frequencies.len(), start, interleaved, parted, cos_sin }
    }

    /// Turns every head of `x`, [token, head · dim].
    pub(super) fn apply(&self, x: &mut [F], dim: usize) {
        if self.pairs == 0 {
            return;
        }
        let n_tokens = self.cos_sin.len() / self.pairs;
        let width = x.len() / n_tokens.max(1);
        x.par_chunks_mut(width).zip(self.cos_sin.par_chunks(self.pairs)).for_each(|(row, turns)| {
            for head in row.chunks_exact_mut(dim) {
                let head = &mut head[self.start..][..2 * self.pairs];
                if self.interleaved {
                    for (pair, &turn) in head.as_chunks_mut().0.iter_mut().zip(turns) {
                        let [a, b] = pair;
                        rotate(a, b, turn);
                    }
                    if self.parted {
                        part(head);
                    }
                } else {
                    let (a, b) = head.split_at_mut(self.pairs);
                    for ((a, b), &turn) in a.iter_mut().zip(b).zip(turns) {
                        rotate(a, b, turn);
                    }
                }
            }
        });
    }
}

/// The first of all pairs, then the second.
fn part<F: Copy>(head: &mut [F]) {
    let (pairs, _) = head.as_chunks::<2>();
    let parted: Vec<F> = pairs.iter().map(|pair| pair[0]).chain(pairs.iter().map(|pair| pair[1])).collect();
    head.copy_from_slice(&parted);
}

#[inline(always)]
fn rotate<F: Real>(a: &mut F, b: &mut F, (cos, sin): (F, F)) {
    (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
}
