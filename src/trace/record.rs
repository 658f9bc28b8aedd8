//! What one run leaves behind: residual streams, and of every head q, k, v and log-sum-exps. No T×T array, ever.

use super::{HeadMeasures, Pattern, Pool};
use crate::model::{
    HeadId, LayerState, Model, ModelSpec, Thumbnail, Token, largest, probabilities, thumbnail_size,
};
use rayon::prelude::*;
use std::sync::Arc;

/// Candidates that a trace keeps.
pub const CANDIDATES: usize = 64;

/// One run of a model on a prompt. Cheap to clone; while the run goes on it holds the layers that are done.
#[derive(Clone, Debug)]
pub struct Trace {
    /// What users call the model
    pub model_name: String,
    /// Its architecture
    pub spec: Arc<ModelSpec>,
    /// The text, where there was one
    pub prompt: String,
    /// What went in, and what was generated since
    pub tokens: Arc<Vec<Token>>,
    /// The most likely answers, best first; empty where the model has no such head
    pub next: Arc<Vec<Candidate>>,
    /// The token they follow (or, for masked-word models, stand for)
    pub answer_at: Option<usize>,
    /// Logits that were asked for: all tokens', or those of `answer_at` only, [row, vocab]
    pub logits: Arc<Vec<f32>>,
    /// What was changed in the run, as `--intervene` spells it; empty for a clean run
    pub interventions: Arc<Vec<String>>,
    /// How long the pass took
    pub forward_seconds: f64,
    /// When the first layer's maps were there
    pub first_map_seconds: f64,
    /// Threads it ran on
    pub threads: usize,
    /// Some hidden state is no number
    pub has_nan: bool,
    layers: Vec<Arc<LayerTrace>>,
    output: Arc<Vec<f32>>,
}

/// What one block leaves behind.
#[derive(Clone, Debug)]
pub struct LayerTrace {
    /// Residual stream before the block, [token, width]
    pub resid_pre: Vec<f32>,
    /// Its heads
    pub state: LayerState<f32>,
}

/// A token the model might put next.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Candidate {
    /// Its id
    pub id: u32,
    /// What it stands for
    pub text: String,
    /// Its probability
    pub p: f32,
    /// Its logit
    pub logit: f32,
}

impl Candidate {
    /// The `k` most likely of one row of logits, best first.
    pub fn best(model: &Model, logits: &[f32], k: usize) -> Vec<Self> {
        Self::of(logits, k, |id| model.token(id).text)
    }

    /// The same where no model is there to say what an id stands for.
    pub fn of(logits: &[f32], k: usize, text: impl Fn(u32) -> String) -> Vec<Self> {
        let p = probabilities(logits, 1.0);
        let candidate = |index: usize| {
            let id = index as u32;
            Self { id, text: text(id), p: p[index] as f32, logit: logits[index] }
        };
        largest(&p, k).into_iter().map(candidate).collect()
    }
}

/// Euclidean norms of the rows of `x`, [row, width] → [row].
pub fn norms(x: &[f32], width: usize) -> Vec<f32> {
    let norm = |row: &[f32]| row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt() as f32;
    x.chunks_exact(width).map(norm).collect()
}

impl Trace {
    /// Of a run that has not begun.
    pub fn new(model_name: String, spec: Arc<ModelSpec>, prompt: String, tokens: Vec<Token>) -> Self {
        Self {
            model_name,
            spec,
            prompt,
            tokens: Arc::new(tokens),
            next: Arc::default(),
            answer_at: None,
            logits: Arc::default(),
            interventions: Arc::default(),
            forward_seconds: 0.0,
            first_map_seconds: 0.0,
            threads: rayon::current_num_threads(),
            has_nan: false,
            layers: Vec::new(),
            output: Arc::default(),
        }
    }

    /// Block `layer`, to be written by the pass; blocks are begun in order.
    pub fn layer_mut(&mut self, layer: usize) -> &mut LayerTrace {
        if self.layers.len() == layer {
            let n_tokens = self.n_tokens();
            let state = LayerState::new(&self.spec.blocks[layer].attention, n_tokens);
            let resid_pre = Vec::with_capacity(n_tokens * self.spec.width);
            self.layers.push(Arc::new(LayerTrace { resid_pre, state }));
        }
        Arc::make_mut(&mut self.layers[layer])
    }
    /// The last block's output, to be written by the pass.
    pub fn output_mut(&mut self) -> &mut Vec<f32> {
        Arc::make_mut(&mut self.output)
    }
    /// Block `layer`.
    pub fn layer(&self, layer: usize) -> &LayerTrace {
        &self.layers[layer]
    }
    /// Tokens in the trace.
    pub fn n_tokens(&self) -> usize {
        self.tokens.len()
    }
    /// Their ids.
    pub fn ids(&self) -> Vec<u32> {
        self.tokens.iter().map(|token| token.id).collect()
    }
    /// Blocks of the model.
    pub fn n_layers(&self) -> usize {
        self.spec.layers()
    }
    /// Blocks that the pass has been through.
    pub fn layers_done(&self) -> usize {
        self.layers.len()
    }
    /// Whether the pass has been through all of them.
    pub fn is_complete(&self) -> bool {
        !self.output.is_empty()
    }
    /// Heads of block `layer`.
    pub fn heads(&self, layer: usize) -> usize {
        self.spec.heads(layer)
    }
    /// Every head that the pass has been through.
    pub fn head_ids(&self) -> impl Iterator<Item = HeadId> + '_ {
        (0..self.layers_done())
            .flat_map(|layer| (0..self.heads(layer)).map(move |head| HeadId { layer, head }))
    }
    /// Whether a head is there to be asked about.
    pub fn has(&self, head: HeadId) -> bool {
        head.layer < self.layers_done() && head.head < self.heads(head.layer)
    }

    /// One head's attention.
    pub fn pattern(&self, head: HeadId) -> Pattern<'_> {
        let spec = &self.spec.blocks[head.layer].attention;
        Pattern::new(spec, &self.layers[head.layer].state, head.head)
    }
    /// One head's pattern, max-pooled to at most 64 × 64.
    pub fn thumbnail(&self, head: HeadId) -> &Thumbnail {
        &self.layers[head.layer].state.heads[head.head].gathered.thumbnail
    }
    /// One head's measures.
    pub fn measures(&self, head: HeadId) -> HeadMeasures {
        HeadMeasures::of(&self.layers[head.layer].state.heads[head.head].gathered.sums)
    }
    /// Log-sum-exp of each query's scores, [token].
    pub fn lse(&self, head: HeadId) -> &[f32] {
        &self.layers[head.layer].state.heads[head.head].lse
    }
    /// Queries as they enter the product, [token, head_dim].
    pub fn q(&self, head: HeadId) -> &[f32] {
        &self.layers[head.layer].state.heads[head.head].queries
    }
    /// Keys as they enter the product, [token, head_dim], of the k/v head that this head reads.
    pub fn k(&self, head: HeadId) -> Vec<f32> {
        let keys = &self.layers[head.layer].state.keys[self.kv_head(head)];
        (0..keys.len()).flat_map(|token| keys.row(token)).collect()
    }
    /// Values, [token, head_dim], of the k/v head that this head reads.
    pub fn v(&self, head: HeadId) -> Vec<f32> {
        let values = &self.layers[head.layer].state.values[self.kv_head(head)];
        (0..values.len()).flat_map(|token| values.row(token)).copied().collect()
    }
    fn kv_head(&self, head: HeadId) -> usize {
        self.spec.blocks[head.layer].attention.kv_head(head.head)
    }

    /// Residual stream before block `layer`, [token, width]; with `layer` = number of blocks, what the last one gave.
    pub fn resid(&self, layer: usize) -> &[f32] {
        self.layers.get(layer).map_or(&self.output, |layer| &layer.resid_pre)
    }
    /// Makes the thumbnails anew, after tokens were added.
    pub fn refresh_thumbnails(&mut self) {
        let n = self.n_tokens();
        let size = thumbnail_size(n);
        for layer in 0..self.layers_done() {
            let heads = 0..self.heads(layer);
            let pool = |head| self.pattern(HeadId { layer, head }).pooled(0..n, 0..n, size, size, Pool::Max);
            let thumbnails: Vec<_> = heads.into_par_iter().map(pool).collect();
            for (head, values) in self.layer_mut(layer).state.heads.iter_mut().zip(thumbnails) {
                head.gathered.thumbnail = Thumbnail { size, values };
            }
        }
    }

    /// Bytes the trace takes in memory.
    pub fn bytes(&self) -> usize {
        let layer =
            |layer: &Arc<LayerTrace>| layer.resid_pre.capacity() * size_of::<f32>() + layer.state.bytes();
        let ends = (self.output.capacity() + self.logits.capacity()) * size_of::<f32>();
        self.layers.iter().map(layer).sum::<usize>() + ends
    }
}

/// Bytes a trace of `n_tokens` will take, and the most its pass needs beside it, counted before anything is
/// allocated.
pub fn estimate_bytes(spec: &ModelSpec, n_tokens: usize, rows_of_logits: usize) -> u64 {
    let n = n_tokens as u64;
    let float = size_of::<f32>() as u64;
    let thumbnail = (thumbnail_size(n_tokens) as u64).pow(2);
    let mut kept = n * spec.width as u64;
    let mut scratch = 0;
    for block in &spec.blocks {
        let attention = &block.attention;
        let (heads, kv_heads, dim) =
            (attention.heads as u64, attention.kv_heads as u64, attention.head_dim as u64);
        let padded = (attention.value_dim() as u64).next_multiple_of(16);
        kept += n * (spec.width as u64 + heads * (dim + 1) + kv_heads * (dim + padded)) + heads * thumbnail;
        let mlp = n * block.mlp.width as u64 * if block.mlp.gated { 2 } else { 1 };
        let projections = n * (2 * heads * padded + 2 * kv_heads * dim);
        scratch = scratch.max(mlp.max(projections) + 4 * n * spec.width as u64);
    }
    (kept + scratch + rows_of_logits as u64 * spec.vocab as u64) * float
}
