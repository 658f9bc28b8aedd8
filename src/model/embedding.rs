//! Tokens become vectors: what enters the first block.

use super::hook::Hook;
use super::spec::{EmbeddingSpec, Positions};
use super::transformer::{Network, See, add};
use crate::kernels::{self, Real};

impl Network {
    /// Vectors of new tokens, the first at position `first`: [token, width]. All belong to the first segment.
    pub fn embed<F: Real>(&self, tokens: &[u32], first: usize, see: See<'_, F>) -> Vec<F> {
        self.embed_with(&self.spec.embedding, "", tokens, first, usize::MAX, see)
    }

    /// The same for a whole prompt of two segments, the second from token `second` on.
    pub fn embed_pair<F: Real>(&self, tokens: &[u32], second: usize, see: See<'_, F>) -> Vec<F> {
        self.embed_with(&self.spec.embedding, "", tokens, 0, second, see)
    }

    /// Vectors of source tokens, [token, width]; empty where the model has no encoder.
    pub fn embed_source<F: Real>(&self, tokens: &[u32], see: See<'_, F>) -> Vec<F> {
        let encoder = self.spec.encoder.as_ref();
        encoder.map_or_else(Vec::new, |own| {
            self.embed_with(&own.embedding, "encoder.", tokens, 0, usize::MAX, see)
        })
    }

    pub(super) fn embed_with<F: Real>(
        &self,
        spec: &EmbeddingSpec,
        prefix: &str,
        tokens: &[u32],
        first: usize,
        second: usize,
        see: See<'_, F>,
    ) -> Vec<F> {
        let name = |rest: &str| format!("{prefix}{rest}");
        let narrow = spec.projection.map_or(self.spec.width, |projection| projection.width);
        let projected = spec.projection.map(|projection| projection.whole_sum);
        let mut x = self.rows(tokens.len(), narrow, &name("embed.W_E"), |i| tokens[i] as usize);
        kernels::scale(&mut x, spec.scale);
        if projected == Some(false) {
            x = self.plain(&x, &name("embed.W_in"), &name("embed.b_in"));
        }
        see(Hook::Embed, &mut x);
        let normed = |x: &[F]| spec.norm.map(|norm| self.norm(norm, &name("embed.ln"), x));
        if spec.norm_first {
            x = normed(&x).unwrap_or(x);
        }
        let width = x.len() / tokens.len().max(1);
        let positions = match spec.positions {
            Positions::None => None,
            Positions::Learned { offset } => {
                Some(self.rows(tokens.len(), width, &name("pos_embed.W_pos"), |i| first + i + offset))
            }
            Positions::LearnedPast { padding } => {
                let positions = past(tokens, first, padding);
                Some(self.rows(tokens.len(), width, &name("pos_embed.W_pos"), |i| positions[i]))
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
            add(
                &mut x,
                &self.rows(tokens.len(), width, &name("embed.W_type"), |i| {
                    usize::from(i >= second && spec.token_types > 1)
                }),
            );
        }
        if !spec.norm_first {
            x = normed(&x).unwrap_or(x);
        }
        match projected {
            Some(true) => self.plain(&x, &name("embed.W_in"), &name("embed.b_in")),
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

/// The position of the token that follows `tokens`, where each of them that is padding may take none.
pub(super) fn rows_before(positions: Positions, tokens: &[u32]) -> usize {
    match positions {
        Positions::LearnedPast { padding } => {
            tokens.iter().filter(|&&token| token as usize != padding).count()
        }
        _ => tokens.len(),
    }
}

/// Rows of new tokens, the first at position `first`, where padding takes no position.
fn past(tokens: &[u32], first: usize, padding: usize) -> Vec<usize> {
    let mut next = first + padding + 1;
    let row = |&token: &u32| {
        if token as usize == padding {
            return padding;
        }
        next += 1;
        next - 1
    };
    tokens.iter().map(row).collect()
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
