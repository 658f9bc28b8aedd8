//! Tokens become vectors: what enters the first block.

use super::hook::Hook;
use super::part::Side;
use super::spec::{EmbeddingSpec, ModelSpec, NormSpec, Positions};
use super::terms::Terms;
use super::transformer::{Network, See, add};
use crate::kernels::{self, Real};

/// What an embedding is the sum of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbeddingTerm {
    /// The token's own vector
    Token,
    /// Its position's
    Position,
    /// Its segment's
    Segment,
}

/// What becomes of an embedding's terms, in the order in which they are added.
trait Adds<F: Real> {
    /// One more term, [token, width].
    fn add(&mut self, term: EmbeddingTerm, rows: Vec<F>);
    /// A norm over the sum so far.
    fn norm(&mut self, network: &Network, norm: NormSpec, name: &str);
    /// A linear layer of it.
    fn dense(&mut self, network: &Network, weight: &str, bias: &str);
}

/// Their sum alone, [token, width].
struct Sum<F>(Vec<F>);

impl<F: Real> Adds<F> for Sum<F> {
    fn add(&mut self, _: EmbeddingTerm, rows: Vec<F>) {
        if self.0.is_empty() {
            self.0 = rows;
        } else {
            add(&mut self.0, &rows);
        }
    }
    fn norm(&mut self, network: &Network, norm: NormSpec, name: &str) {
        self.0 = network.norm(norm, name, &self.0);
    }
    fn dense(&mut self, network: &Network, weight: &str, bias: &str) {
        self.0 = network.plain(&self.0, weight, bias);
    }
}

/// One token's terms, apart.
struct OneToken {
    token: usize,
    labels: Vec<EmbeddingTerm>,
    terms: Terms,
}

impl Adds<f32> for OneToken {
    fn add(&mut self, term: EmbeddingTerm, rows: Vec<f32>) {
        let width = self.terms.width();
        self.terms.push(&rows[self.token * width..(self.token + 1) * width]);
        self.labels.push(term);
    }
    fn norm(&mut self, network: &Network, norm: NormSpec, name: &str) {
        network.frozen_norm(norm, name, &self.terms.sum()).apply(&mut self.terms);
    }
    fn dense(&mut self, network: &Network, weight: &str, bias: &str) {
        network.frozen_dense(weight, bias).apply(&mut self.terms);
    }
}

impl ModelSpec {
    /// Most tokens that a text of `side` can have; `None` where there is no such bound. Positions that are learned end
    /// with their table. Those that turn, slope or are computed go on beyond what the model was made for
    /// ([`Self::made_for`]), as they do in Transformers, whose tables grow.
    pub fn limit(&self, side: Side) -> Option<usize> {
        let embedding = match (side, &self.encoder) {
            (Side::Source, Some(encoder)) => &encoder.embedding,
            _ => &self.embedding,
        };
        let table = match embedding.positions {
            Positions::Learned { .. } | Positions::LearnedPast { .. } => self.made_for(side),
            Positions::None | Positions::Sinusoidal | Positions::FairseqSinusoidal { .. } => None,
        };
        table.or(self.needs_tokens())
    }
    /// Most tokens of a text of `side` that the model was made for, where it says so.
    pub fn made_for(&self, side: Side) -> Option<usize> {
        match (side, &self.encoder) {
            (Side::Source, Some(encoder)) => encoder.context,
            _ => self.context,
        }
    }
}

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
        let mut sum = Sum(Vec::new());
        self.embed_into(&mut sum, (spec, prefix), tokens, (first, second), see);
        sum.0
    }

    /// One token's vector and what it is made of, [term, width]; `tokens` are all of its text, `second` the first of
    /// the second segment.
    pub fn embedding_terms(
        &self,
        side: Side,
        tokens: &[u32],
        second: usize,
        token: usize,
        see: See<'_, f32>,
    ) -> (Vec<EmbeddingTerm>, Terms) {
        let (spec, prefix) = match (side, &self.spec.encoder) {
            (Side::Source, Some(encoder)) => (&encoder.embedding, "encoder."),
            _ => (&self.spec.embedding, ""),
        };
        let terms = Terms::none(spec.sum_width(self.spec.width));
        let mut own = OneToken { token, labels: Vec::new(), terms };
        self.embed_into(&mut own, (spec, prefix), tokens, (0, second), see);
        (own.labels, own.terms)
    }

    /// Adds up an embedding, term by term.
    fn embed_into<F: Real>(
        &self,
        sum: &mut impl Adds<F>,
        (spec, prefix): (&EmbeddingSpec, &str),
        tokens: &[u32],
        (first, second): (usize, usize),
        see: See<'_, F>,
    ) {
        let name = |rest: &str| format!("{prefix}{rest}");
        let narrow = spec.projection.map_or(self.spec.width, |projection| projection.width);
        let projected = spec.projection.map(|projection| projection.whole_sum);
        let mut x = self.rows(tokens.len(), narrow, &name("embed.W_E"), |i| tokens[i] as usize);
        kernels::scale(&mut x, spec.scale);
        if projected == Some(false) {
            x = self.plain(&x, &name("embed.W_in"), &name("embed.b_in"));
        }
        see(Hook::Embed, &mut x);
        sum.add(EmbeddingTerm::Token, x);
        if let Some(norm) = spec.norm.filter(|_| spec.norm_first) {
            sum.norm(self, norm, &name("embed.ln"));
        }
        let width = spec.sum_width(self.spec.width);
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
            sum.add(EmbeddingTerm::Position, positions);
        }
        if spec.token_types > 0 {
            let segment = |i| usize::from(i >= second && spec.token_types > 1);
            sum.add(EmbeddingTerm::Segment, self.rows(tokens.len(), width, &name("embed.W_type"), segment));
        }
        if let Some(norm) = spec.norm.filter(|_| !spec.norm_first) {
            sum.norm(self, norm, &name("embed.ln"));
        }
        if projected == Some(true) {
            sum.dense(self, &name("embed.W_in"), &name("embed.b_in"));
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
