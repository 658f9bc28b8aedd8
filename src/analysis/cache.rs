//! The KV cache: what is remembered of each token, how large it is, and what of it is still read.

use crate::model::HeadId;
use crate::trace::{Trace, norms};
use serde::Serialize;

/// From this mean weight on an entry counts as a sink (Gu et al. 2024, *When Attention Sink Emerges*).
pub const SINK: f64 = 0.3;
/// Queries that must come after an entry before it can count as one.
pub const SINK_QUERIES: usize = 8;

/// What every layer keeps of a text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KvCache {
    /// Steps over which attention was added up: the last so many queries
    pub steps: usize,
    /// Layer by layer
    pub layers: Vec<LayerCache>,
}

/// What one layer keeps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerCache {
    /// The layer
    pub layer: usize,
    /// Bytes of all entries: keys and values of every k/v head, in single precision as they are held here
    pub bytes: usize,
    /// ‖k‖₂ as it enters the product, mean over k/v heads, [token]
    pub key_norms: Vec<f32>,
    /// ‖v‖₂, mean over k/v heads, [token]
    pub value_norms: Vec<f32>,
    /// Σ over the last queries of P\[q, k\], mean over heads, [token]; the sum over tokens is the number of queries,
    /// less what goes to learned sinks
    pub received: Vec<f64>,
    /// Σ over all queries of P\[q, k\], mean over heads, [token]: what heavy hitters are ranked by (Zhang et al. 2023)
    pub mass: Vec<f64>,
    /// Entries whose mean weight, over [`SINK_QUERIES`] queries or more after them, is at least [`SINK`]
    pub sinks: Vec<usize>,
}

impl LayerCache {
    /// The `n` entries of greatest mass, heaviest first.
    pub fn heavy(&self, n: usize) -> Vec<usize> {
        crate::model::largest(&self.mass, n)
    }
}

/// Bytes that one token takes in a layer's cache.
pub fn entry_bytes(trace: &Trace, layer: usize) -> usize {
    let spec = &trace.spec.blocks[layer].attention;
    spec.kv_heads * (spec.head_dim + spec.value_dim()) * size_of::<f32>()
}

/// The KV cache after the last token, with the attention that its entries received over the last `steps` queries.
///
/// `None` where nothing is cached: in models that look ahead, or have an encoder of their own.
pub fn kv_cache(trace: &Trace, steps: usize) -> Option<KvCache> {
    if !trace.spec.is_causal() || trace.spec.encoder.is_some() {
        return None;
    }
    let n = trace.n_tokens();
    let steps = steps.clamp(1, n.max(1));
    let layers = (0..trace.layers_done()).map(|layer| of_layer(trace, layer, n, steps)).collect();
    Some(KvCache { steps, layers })
}

fn of_layer(trace: &Trace, layer: usize, n: usize, steps: usize) -> LayerCache {
    let spec = &trace.spec.blocks[layer].attention;
    let (mut key_norms, mut value_norms) = (vec![0.0; n], vec![0.0; n]);
    for kv_head in 0..spec.kv_heads {
        let id = HeadId { layer, head: kv_head * spec.heads / spec.kv_heads };
        let add = |sum: &mut [f32], norms: Vec<f32>| {
            sum.iter_mut().zip(norms).for_each(|(sum, norm)| *sum += norm / spec.kv_heads as f32);
        };
        add(&mut key_norms, norms(&trace.k(id), spec.head_dim));
        add(&mut value_norms, norms(&trace.v(id), spec.value_dim()));
    }
    let (mut received, mut mass, mut later) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    for head in 0..spec.heads {
        let pattern = trace.pattern(HeadId { layer, head });
        for query in 0..n {
            for (key, weight) in pattern.row(query).into_iter().enumerate() {
                let weight = f64::from(weight) / spec.heads as f64;
                mass[key] += weight;
                if key < query {
                    later[key] += weight;
                }
                if query + steps >= n {
                    received[key] += weight;
                }
            }
        }
    }
    let early = 0..n.saturating_sub(SINK_QUERIES);
    let sinks = early.filter(|&key| later[key] / (n - 1 - key) as f64 >= SINK).collect();
    LayerCache { layer, bytes: n * entry_bytes(trace, layer), key_norms, value_norms, received, mass, sinks }
}
