//! Attention by content and by distance at once, as DeBERTa has it: what a query seeks at a distance, and what a key
//! is sought for at a distance.

use super::spec::NormSpec;
use super::transformer::Network;
use crate::kernels::{KeyPanels, Real};
use serde::{Deserialize, Serialize};

/// How distances are told apart, and what scores take from them.
///
/// With d the row of the distance query − key: score += scale·⟨q, K_d⟩ (content to position) and
/// scale·⟨k, Q_d⟩ (position to content).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disentangled {
    /// Distances to either side: the table has twice as many rows
    pub span: usize,
    /// Distances beyond half of `span` share logarithmic buckets, up to this one
    pub max_distance: Option<usize>,
    /// Queries look at distances
    pub content_to_position: bool,
    /// Keys look at distances
    pub position_to_content: bool,
    /// Norm of the table's rows
    pub norm: Option<NormSpec>,
}

impl Disentangled {
    /// Rows of the table.
    pub fn rows(&self) -> usize {
        2 * self.span
    }
    /// The row for a key at `query − key`. In single precision, as the models were trained.
    pub fn row(&self, relative: isize) -> usize {
        let span = self.span as isize;
        let bucket = match self.max_distance {
            Some(max) => log_bucket(relative, span / 2, max),
            None => relative,
        };
        bucket.saturating_add(span).clamp(0, 2 * span - 1) as usize
    }
}

/// Exact up to `mid`, logarithmic beyond.
fn log_bucket(relative: isize, mid: isize, max: usize) -> isize {
    let distance = relative.abs();
    if distance <= mid {
        return relative;
    }
    let whole = ((max as f64 - 1.0) / mid as f64) as f32;
    let ratio = (distance as f32 / mid as f32).ln() / whole.ln() * (mid - 1) as f32;
    // A farthest distance within the exact ones makes this infinite, and no whole number: Transformers' is the smallest
    if ratio.is_infinite() {
        return isize::MIN;
    }
    (ratio.ceil() as isize).saturating_add(mid).saturating_mul(relative.signum())
}

/// Keys and queries of distances, of one block.
#[derive(Clone, Debug, PartialEq)]
pub struct Distances<F> {
    /// [head, row, head_dim]; empty where queries do not look at distances
    keys: Vec<F>,
    /// [head, row, head_dim]; empty where keys do not look at distances
    queries: Vec<F>,
    /// Row of each distance, from −n to n
    rows: Vec<usize>,
}

impl<F: Real> Distances<F> {
    /// From keys and queries as they are kept, [head, row, head_dim] each.
    pub fn new(keys: Vec<F>, queries: Vec<F>) -> Self {
        Self { keys, queries, rows: Vec::new() }
    }
    /// Keys of distances, [head, row, head_dim].
    pub fn keys(&self) -> &[F] {
        &self.keys
    }
    /// Queries of distances, [head, row, head_dim].
    pub fn queries(&self) -> &[F] {
        &self.queries
    }
    /// Knows the rows of all distances among `n_tokens`.
    pub fn cover(&mut self, spec: &Disentangled, n_tokens: usize) {
        if self.rows.len() <= 2 * n_tokens {
            let n = n_tokens as isize;
            self.rows = (-n..=n).map(|relative| spec.row(relative)).collect();
        }
    }
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        (self.keys.len() + self.queries.len()) * size_of::<F>() + self.rows.len() * size_of::<usize>()
    }
    /// Adds both terms to one query's scores of the keys from `first_key` on.
    pub(super) fn add(
        &self,
        (spec, head, scale): (&Disentangled, usize, F),
        (query, content): (usize, &[F]),
        (first_key, keys): (usize, &KeyPanels<F>),
        scores: &mut [F],
    ) {
        let dim = content.len();
        let own = head * spec.rows() * dim;
        let middle = self.rows.len() / 2 + query;
        let start = |key: usize| own + self.rows[middle - key] * dim;
        if spec.content_to_position {
            // Neighbouring keys often share a bucket
            let mut last = (usize::MAX, F::zero());
            for (score, key) in scores.iter_mut().zip(first_key..) {
                let row = start(key);
                if last.0 != row {
                    let products = content.iter().zip(&self.keys[row..row + dim]);
                    last = (row, products.fold(F::zero(), |sum, (&x, &y)| sum + x * y));
                }
                *score += scale * last.1;
            }
        }
        if spec.position_to_content {
            keys.add_products(first_key, &self.queries, start, scale, scores);
        }
    }
}

impl Network {
    /// Keys and queries that block `layer` makes of the table of distances.
    pub(super) fn distances<F: Real>(&self, layer: usize, spec: &Disentangled) -> Distances<F> {
        let attention = &self.spec.blocks[layer].attention;
        let mut table: Vec<F> = self.weights.matrix("rel_embed.W_E").dense();
        if let Some(norm) = spec.norm {
            table = self.norm(norm, "rel_embed.ln", &table);
        }
        let project = |wanted: bool, weight: &str, bias: &str| {
            if !wanted {
                return Vec::new();
            }
            by_head(&self.linear(layer, &table, weight, bias), attention.heads, attention.head_dim)
        };
        let keys = project(spec.content_to_position, "attn.W_rel_K", "attn.b_rel_K");
        Distances::new(keys, project(spec.position_to_content, "attn.W_rel_Q", "attn.b_rel_Q"))
    }
}

/// [row, head · dim] to [head, row, dim].
fn by_head<F: Real>(x: &[F], heads: usize, dim: usize) -> Vec<F> {
    let rows = x.chunks_exact(heads * dim);
    (0..heads)
        .flat_map(|head| rows.clone().flat_map(move |row| &row[head * dim..(head + 1) * dim]))
        .copied()
        .collect()
}
