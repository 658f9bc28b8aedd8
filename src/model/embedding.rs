//! Tokens become vectors: what enters the first block.

use super::hook::Hook;
use super::spec::Positions;
use super::transformer::{Network, See, add};
use crate::kernels::{self, Real};

impl Network {
    /// Vectors of new tokens, the first at position `first`: [token, width].
    pub fn embed<F: Real>(&self, tokens: &[u32], first: usize, see: See<'_, F>) -> Vec<F> {
        let spec = &self.spec.embedding;
        let projected = spec.projection.map(|projection| projection.whole_sum);
        let mut x = self.rows(tokens.len(), self.spec.embedding_width(), "embed.W_E", |i| tokens[i] as usize);
        kernels::scale(&mut x, spec.scale);
        if projected == Some(false) {
            x = self.plain(&x, "embed.W_in", "embed.b_in");
        }
        see(Hook::Embed, &mut x);
        let width = x.len() / tokens.len().max(1);
        let positions = match spec.positions {
            Positions::None => None,
            Positions::Learned { offset } => {
                Some(self.rows(tokens.len(), width, "pos_embed.W_pos", |i| first + i + offset))
            }
            Positions::Sinusoidal => Some(sinusoids(first..first + tokens.len(), width, |position, i| {
                position as f64 / 10_000_f64.powf(2.0 * i as f64 / width as f64)
            })),
            Positions::FairseqSinusoidal { offset } => {
                let step = (10_000_f64.ln() / (width as f64 / 2.0 - 1.0)) as f32;
                let range = first + offset..first + offset + tokens.len();
                Some(sinusoids(range, width, |position, i| {
                    f64::from(position as f32 * (i as f32 * -step).exp())
                }))
            }
        };
        if let Some(mut positions) = positions {
            see(Hook::PosEmbed, &mut positions);
            add(&mut x, &positions);
        }
        if spec.token_types > 0 {
            add(&mut x, &self.rows(tokens.len(), width, "embed.W_type", |_| 0));
        }
        if let Some(norm) = spec.norm {
            x = self.norm(norm, "embed.ln", &x);
        }
        match projected {
            Some(true) => self.plain(&x, "embed.W_in", "embed.b_in"),
            _ => x,
        }
    }

    /// Rows of a table of vectors, [n, width].
    fn rows<F: Real>(&self, n: usize, width: usize, name: &str, index: impl Fn(usize) -> usize) -> Vec<F> {
        let mut x = vec![F::zero(); n * width];
        for (i, row) in x.chunks_exact_mut(width).enumerate() {
            self.weights.add_row(name, index(i), row);
        }
        x
    }
}

/// Sines of `angle(position, i)` in the first half of the width, cosines in the second, [position, width].
fn sinusoids<F: Real>(
    positions: std::ops::Range<usize>,
    width: usize,
    angle: impl Fn(usize, usize) -> f64,
) -> Vec<F> {
    let half = width.div_ceil(2);
    let mut x = Vec::with_capacity(positions.len() * width);
    for position in positions {
        x.extend((0..half).map(|i| F::of64(angle(position, i).sin())));
        x.extend((0..width / 2).map(|i| F::of64(angle(position, i).cos())));
    }
    x
}
