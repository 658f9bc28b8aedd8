//! What decides which weight a query gives a key: read by the forward kernel and by `Pattern`, and by nothing else.

use super::disentangled::Disentangled;
use super::rotary::Rotary;
use super::spec::NormSpec;
use crate::kernels::Real;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// One block's attention.
///
/// score\[q, k\] = softcap(scale·⟨rot_q, rot_k⟩) + position bias; −∞ where masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttentionSpec {
    /// Query heads
    pub heads: usize,
    /// Key/value heads; query head h reads k/v head h·kv_heads/heads
    pub kv_heads: usize,
    /// Width of a query and of a key
    pub head_dim: usize,
    /// Width of a value, where it is not `head_dim`
    #[serde(default)]
    pub value_dim: Option<usize>,
    /// Factor on q·k
    pub scale: f32,
    /// Queries see only themselves and what came before
    #[serde(default = "yes")]
    pub causal: bool,
    /// Queries see only keys near them
    #[serde(default)]
    pub window: Option<Window>,
    /// Rotation of queries and keys by their position
    #[serde(default)]
    pub rotary: Option<Rotary>,
    /// Queries grow with their position once they have turned
    #[serde(default)]
    pub growth: Option<Growth>,
    /// Queries, keys and values are projected from something narrower than the residual stream
    #[serde(default)]
    pub latent: Option<Latent>,
    /// Norm of queries and keys
    #[serde(default)]
    pub qk_norm: Option<QkNorm>,
    /// Queries, keys and values are cut to ±this, after the norm where there is one (OLMo, MPT)
    #[serde(default)]
    pub clip: Option<f32>,
    /// Scores become cap·tanh(score/cap) (Gemma 2)
    #[serde(default)]
    pub softcap: Option<f32>,
    /// Added to scores by the distance of query and key
    #[serde(default)]
    pub bias: Option<PositionBias>,
    /// A learned score per head takes part in each row's softmax and has no value, so rows sum to less than 1 (gpt-oss)
    #[serde(default)]
    pub sinks: bool,
}

/// What holds unless a file says otherwise.
fn yes() -> bool {
    true
}

/// Which keys near a query it sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Window {
    /// The last so many keys, the query's own included (Mistral)
    Sliding(usize),
    /// So many keys on either side, and its own (ModernBERT)
    TwoSided(usize),
    /// Those in the query's own chunk of so many (Llama 4)
    Chunk(usize),
}

/// Queries times 1 + beta·ln(1 + ⌊position/context⌋): far into a text, softmax stays as sharp as near its beginning
/// (Llama 4, Ministral 3).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// How fast
    pub beta: f64,
    /// Positions before they begin to grow
    pub context: f64,
}

impl Growth {
    /// The factor on the query at `position`.
    pub fn at(&self, position: usize) -> f64 {
        1.0 + self.beta * (1.0 + (position as f64 / self.context).floor()).ln()
    }
}

/// Multi-head latent attention (DeepSeek-V2): what is kept of a token is one short vector, from which the keys and
/// values of all heads are made, and one key that turns and that all heads share. The heads here are those made of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latent {
    /// Width of the vector that keys and values are made of
    pub width: usize,
    /// Width of the one that queries are made of, where they too have one
    pub query_width: Option<usize>,
    /// Last dimensions of every key, which all heads share
    pub shared_key: usize,
    /// Norm of both vectors
    pub norm: NormSpec,
}

/// Norm of queries and keys.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct QkNorm {
    /// Its formula
    pub norm: NormSpec,
    /// What one norm goes over, and whose weights it has
    pub across: QkNormAcross,
    /// Queries and keys turn before it (HunYuan, NanoChat), else behind it
    #[serde(default)]
    pub turned_first: bool,
}

impl QkNorm {
    /// Before queries and keys turn.
    pub fn new(norm: NormSpec, across: QkNormAcross) -> Self {
        Self { norm, across, turned_first: false }
    }
}

/// What one norm of queries or keys goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QkNormAcross {
    /// Each head's dimensions, with the same weights in all heads (Qwen 3)
    Head,
    /// Each head's dimensions, with weights of its own (Cohere, StableLM)
    OwnHead,
    /// All heads' dimensions together (OLMo 2)
    All,
}

/// What is added to scores by where query and key stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PositionBias {
    /// ALiBi (Press et al. 2022): −slope · distance
    Alibi {
        /// One slope per head
        slopes: Vec<f32>,
        /// Products of slope and position are rounded to bfloat16, as Falcon was trained with
        rounded: bool,
        /// Factor on the bias
        factor: f32,
    },
    /// T5's buckets (Raffel et al. 2020): a learned number per head and bucket of distances
    Buckets(Buckets),
    /// DeBERTa's products of content and distance
    Disentangled(Disentangled),
}

/// How T5 sorts distances into buckets: exact for near ones, logarithmic beyond, one for all that are farther.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buckets {
    /// How many
    pub count: usize,
    /// From here on all share one
    pub max_distance: usize,
    /// Keys after the query have buckets of their own
    pub two_sided: bool,
}

impl Buckets {
    /// Whether the farthest distance is among the exact ones, so that farther keys do not share one bucket.
    pub fn runs_back(&self) -> bool {
        self.max_distance <= self.count / if self.two_sided { 4 } else { 2 }
    }
    /// The bucket of a key at `key − query`. In single precision, as the models were trained.
    pub fn of(&self, relative: isize) -> usize {
        let (count, base) = match (self.two_sided, relative > 0) {
            (true, true) => (self.count / 2, self.count / 2),
            (true, false) => (self.count / 2, 0),
            (false, _) => (self.count, 0),
        };
        let distance = if self.two_sided { relative.unsigned_abs() } else { relative.min(0).unsigned_abs() };
        let exact = count / 2;
        if distance < exact {
            return base + distance;
        }
        let ratio = (distance as f32 / exact as f32).ln()
            / (self.max_distance as f64 / exact as f64).ln() as f32
            * (count - exact) as f32;
        // Where the farthest distance is an exact one, buckets run back towards the near ones
        let far = (exact as isize).saturating_add(ratio as isize).min(count as isize - 1);
        (base as isize).saturating_add(far).max(0) as usize
    }
}

impl AttentionSpec {
    /// As in the first Transformer: every query sees every key, scores are divided by √head_dim.
    pub fn new(heads: usize, kv_heads: usize, head_dim: usize) -> Self {
        Self {
            heads,
            kv_heads,
            head_dim,
            value_dim: None,
            scale: 1.0 / (head_dim as f32).sqrt(),
            causal: false,
            window: None,
            rotary: None,
            growth: None,
            latent: None,
            qk_norm: None,
            clip: None,
            softcap: None,
            bias: None,
            sinks: false,
        }
    }
    /// The same, but queries see only themselves and what came before.
    pub fn causal(heads: usize, kv_heads: usize, head_dim: usize) -> Self {
        Self { causal: true, ..Self::new(heads, kv_heads, head_dim) }
    }
    /// Width of a value.
    pub fn value_dim(&self) -> usize {
        self.value_dim.unwrap_or(self.head_dim)
    }
    /// Keys that `query` may look at, of `n_keys`.
    pub fn keys(&self, query: usize, n_keys: usize) -> Range<usize> {
        let end = if self.causal { (query + 1).min(n_keys) } else { n_keys };
        let (start, end) = match self.window {
            None => (0, end),
            Some(Window::Sliding(n)) => ((query + 1).saturating_sub(n), end),
            Some(Window::TwoSided(n)) => (query.saturating_sub(n), end.min(query.saturating_add(n + 1))),
            Some(Window::Chunk(n)) => (query / n * n, end.min((query / n + 1) * n)),
        };
        start.min(end)..end
    }
    /// Cuts queries, keys or values where this block does.
    pub(super) fn cut<F: Real>(&self, x: &mut [F]) {
        if let Some(limit) = self.clip.map(F::of) {
            for x in x {
                *x = x.max(-limit).min(limit);
            }
        }
    }
    /// The k/v head that query head `head` reads.
    pub fn kv_head(&self, head: usize) -> usize {
        head * self.kv_heads / self.heads
    }
    /// Whether query heads share k/v heads: grouped-query or multi-query attention.
    pub fn shares_keys(&self) -> bool {
        self.kv_heads < self.heads
    }
    /// The query heads that read the k/v head `kv_head`.
    pub fn readers(&self, kv_head: usize) -> std::ops::Range<usize> {
        let first = |kv_head: usize| (kv_head * self.heads).div_ceil(self.kv_heads.max(1));
        first(kv_head)..first(kv_head + 1)
    }
}
