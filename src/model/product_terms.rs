//! Queries and keys of one head as sums of terms, as they enter the product: projections, norms, cut and rotary, with the
//! norms' divisors and the cut frozen.

use super::attention_spec::{AttentionSpec, QkNormAcross};
use super::rotary::Turns;
use super::terms::{Frozen, Terms, frozen_at};
use super::transformer::Network;
use crate::kernels::linear;

/// Where a query or key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Its position
    pub position: usize,
    /// Tokens of its text: some rotary scalings depend on them
    pub n_tokens: usize,
}

/// Which of the two enters the product.
#[derive(Clone, Copy)]
enum Kind {
    Query,
    Key,
}

impl Network {
    /// The terms of a query of one head, [term, head_dim], from those of attention's input, [term, width].
    pub fn query_terms(&self, layer: usize, head: usize, at: At, input: &Terms) -> Terms {
        let spec = &self.spec.blocks[layer].attention;
        let latent = spec.latent.filter(|latent| latent.query_width.is_some());
        let short = latent.map(|latent| self.short_terms(layer, "Q", latent.norm, input));
        let dims = self.head_terms(layer, Kind::Query, head, short.as_ref().unwrap_or(input));
        self.turned_terms(layer, Kind::Query, head, at, dims)
    }

    /// The terms of a key of the k/v head that a head reads, likewise.
    pub fn key_terms(&self, layer: usize, head: usize, at: At, input: &Terms) -> Terms {
        let spec = &self.spec.blocks[layer].attention;
        let kv_head = spec.kv_head(head);
        let dims = match spec.latent {
            None => self.head_terms(layer, Kind::Key, kv_head, input),
            Some(latent) => {
                let short = self.short_terms(layer, "KV", latent.norm, input);
                let own = self.head_terms(layer, Kind::Key, kv_head, &short);
                let mut shared = input.clone();
                let name = |part: &str| format!("{}.attn.{part}_K_shared", self.spec.prefix(layer));
                self.frozen_dense(&name("W"), &name("b")).apply(&mut shared);
                own.beside(&shared)
            }
        };
        self.turned_terms(layer, Kind::Key, kv_head, at, dims)
    }

    /// The short vector that queries, or keys, of all heads are made of.
    fn short_terms(&self, layer: usize, part: &str, norm: super::spec::NormSpec, input: &Terms) -> Terms {
        let prefix = self.spec.prefix(layer);
        let mut short = input.clone();
        let name = |kind: &str| format!("{prefix}.attn.{kind}_{part}_down");
        self.frozen_dense(&name("W"), &name("b")).apply(&mut short);
        let norm = self.frozen_norm(norm, &format!("{prefix}.attn.{part}_down_norm"), &short.sum());
        norm.apply(&mut short);
        short
    }

    /// Projects terms for one head; for all heads where one norm goes over all of them.
    fn head_terms(&self, layer: usize, kind: Kind, head: usize, input: &Terms) -> Terms {
        let spec = &self.spec.blocks[layer].attention;
        let name = |part: &str| format!("{}.attn.{part}_{}", self.spec.prefix(layer), kind.letter());
        let whole = self.weights.matrix(&name("W"));
        let bias = self.weights.vector::<f32>(&name("b"));
        if spec.qk_norm.is_some_and(|own| own.across == QkNormAcross::All) {
            let mut all = Terms::of(linear(&flat(input), &whole, None), whole.outputs);
            if let Some(bias) = bias {
                all.add_constant(&bias);
            }
            return all;
        }
        let dim = whole.outputs / kind.heads(spec);
        let weight = whole.columns(head * dim, dim);
        let mut own = Terms::of(linear(&flat(input), &weight, None), dim);
        if let Some(bias) = bias {
            own.add_constant(&bias[head * dim..(head + 1) * dim]);
        }
        own
    }

    /// Norm, cut and turn of one head's terms.
    fn turned_terms(&self, layer: usize, kind: Kind, head: usize, at: At, mut terms: Terms) -> Terms {
        let spec = &self.spec.blocks[layer].attention;
        let dims = head * spec.head_dim..(head + 1) * spec.head_dim;
        let norm = |terms: &mut Terms, turned: bool| {
            let Some(own) = spec.qk_norm.filter(|own| own.turned_first == turned) else { return };
            let name = format!("{}.attn.{}_norm", self.spec.prefix(layer), kind.letter().to_lowercase());
            let (mut weight, mut bias) = self.norm_weights::<f32>(own.norm, &name);
            if own.across == QkNormAcross::OwnHead {
                let part = |all: Option<Vec<f32>>| all.map(|all| all[dims.clone()].to_vec());
                (weight, bias) = (part(weight), part(bias));
            }
            frozen_at(own.norm, &terms.sum(), weight, bias).apply(terms);
        };
        norm(&mut terms, false);
        if terms.width() > spec.head_dim {
            terms = terms.dimensions(dims.clone());
        }
        if spec.clip.is_some() {
            let before = terms.sum();
            let mut after = before.clone();
            spec.cut(&mut after);
            Frozen::gate(&before, &after).apply(&mut terms);
        }
        if let Some(rotary) = &spec.rotary {
            let turns = Turns::<f32>::new(rotary, at.position..at.position + 1, at.n_tokens);
            turns.apply(terms.rows_mut(), spec.head_dim);
        }
        norm(&mut terms, true);
        if let Some(growth) = spec.growth.filter(|_| matches!(kind, Kind::Query)) {
            let factor = growth.at(at.position) as f32;
            for x in terms.rows_mut() {
                *x *= factor;
            }
        }
        terms
    }
}

impl Kind {
    fn letter(self) -> &'static str {
        match self {
            Self::Query => "Q",
            Self::Key => "K",
        }
    }
    fn heads(self, spec: &AttentionSpec) -> usize {
        match self {
            Self::Query => spec.heads,
            Self::Key => spec.kv_heads,
        }
    }
}

fn flat(terms: &Terms) -> Vec<f32> {
    terms.rows().flatten().copied().collect()
}
