//! What one run leaves behind: residual streams, and of every head q, k, v and log-sum-exps. No T×T array, ever.

use super::{AnswerSpan, Changes, HeadMeasures, Means, Pattern, Pool};
use crate::model::{
    HeadId, HeadSpec, LayerState, Model, ModelSpec, Network, Outcome, Part, PositionBias, Side, Stream, Sums,
    Thumbnail, Token, largest, probabilities, thumbnail_size,
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
    /// What went in, and what was generated since; in encoder–decoder models the target
    pub tokens: Arc<Vec<Token>>,
    /// What the encoder read; empty where there is none
    pub source: Arc<Vec<Token>>,
    /// The most likely answers, best first; empty where the model has no such head
    pub next: Arc<Vec<Candidate>>,
    /// The classes, most likely first, where the model has a classifier: one row for the whole input, or one a token
    pub classes: Arc<Vec<Vec<Candidate>>>,
    /// The answers it marks in the prompt, best first, where the model does that
    pub answers: Arc<Vec<AnswerSpan>>,
    /// The vector for the whole text, [width], where the model gives one
    pub vector: Arc<Vec<f32>>,
    /// First token of the second text, where the prompt is two
    pub second: Option<usize>,
    /// The token they follow (or, for masked-word models, stand for)
    pub answer_at: Option<usize>,
    /// Logits that were asked for: all tokens', or those of `answer_at` only, [row, vocab]
    pub logits: Arc<Vec<f32>>,
    /// How long the pass took
    pub forward_seconds: f64,
    /// When the first layer's maps were there
    pub first_map_seconds: f64,
    /// Threads it ran on
    pub threads: usize,
    /// Some hidden state is no number
    pub has_nan: bool,
    /// What was changed about the run
    pub changes: Arc<Changes>,
    /// Means that the changes took over the prompt
    pub means: Arc<Means>,
    pub(super) layers: Vec<Arc<LayerTrace>>,
    pub(super) output: Arc<Vec<f32>>,
    pub(super) source_output: Arc<Vec<f32>>,
}

/// What one block leaves behind.
#[derive(Clone, Debug)]
pub struct LayerTrace {
    /// Residual stream before the block, [token, width]
    pub resid_pre: Vec<f32>,
    /// Its heads
    pub state: LayerState<f32>,
}

/// A text that is longer than the model was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the text has {found} tokens, the model was made for {made_for}: beyond them its answers may mean little"
)]
pub struct Beyond {
    /// Tokens of the text
    pub found: usize,
    /// Tokens that the model was made for
    pub made_for: usize,
}

/// A token the model might put next, or a class it might choose.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
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
    /// The classes of each row that a classifier gives on the last residual stream, most likely first; ids are their
    /// indices. Empty where the model has none.
    fn class_rows(network: &Network, resid: &[f32]) -> Vec<Vec<Self>> {
        let head = match network.spec.classifier() {
            Some((head, _)) if head.outcome != Outcome::Span => head,
            _ => return Vec::new(),
        };
        let candidate = |(index, logit, p)| Self { id: index as u32, text: head.label(index), p, logit };
        let logits = network.class_logits(resid);
        let rows = logits.chunks_exact(head.outputs(network.spec.width));
        rows.map(|row| head.read(row).into_iter().map(candidate).collect()).collect()
    }
}

/// Euclidean norms of the rows of `x`, [row, width] → [row].
pub fn norms(x: &[f32], width: usize) -> Vec<f32> {
    let norm = |row: &[f32]| row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt() as f32;
    x.chunks_exact(width).map(norm).collect()
}

impl Trace {
    /// The rows of the last residual stream that a classifier reads, [token, width]: where it reads the last token's, up
    /// to the last that is no padding.
    pub fn classified(&self) -> &[f32] {
        let resid = self.resid(self.n_layers());
        let HeadSpec::Classes(head) = &self.spec.head else { return resid };
        let source: Vec<u32> = self.source.iter().map(|token| token.id).collect();
        &resid[..head.counted(&self.ids(), &source) * self.spec.width]
    }

    /// The text that answers are marked in. A decoder that reads the source again, moved on by one, says at each place
    /// what it makes of the source's token there.
    pub fn answer_side(&self) -> Side {
        let source: Vec<u32> = self.source.iter().map(|token| token.id).collect();
        let start = self.spec.encoder.as_ref().and_then(|encoder| encoder.start.first());
        match (self.spec.classifier(), start) {
            (Some((head, _)), Some(&start)) if head.moved_on(start, &source) == self.ids() => Side::Source,
            _ => Side::Target,
        }
    }

    /// The classes of the text, or of each token: see [`Candidate`].
    pub fn class_rows(&self, network: &Network) -> Vec<Vec<Candidate>> {
        Candidate::class_rows(network, self.classified())
    }

    /// Of a run that has not begun.
    pub fn new(model_name: String, spec: Arc<ModelSpec>, prompt: String, tokens: Vec<Token>) -> Self {
        Self {
            model_name,
            spec,
            prompt,
            tokens: Arc::new(tokens),
            source: Arc::default(),
            next: Arc::default(),
            classes: Arc::default(),
            answers: Arc::default(),
            vector: Arc::default(),
            second: None,
            answer_at: None,
            logits: Arc::default(),
            forward_seconds: 0.0,
            first_map_seconds: 0.0,
            threads: rayon::current_num_threads(),
            has_nan: false,
            changes: Arc::default(),
            means: Arc::default(),
            layers: Vec::new(),
            output: Arc::default(),
            source_output: Arc::default(),
        }
    }

    /// Logits over the vocabulary of the answer alone; empty where the model gives none.
    pub fn answer_logits(&self) -> &[f32] {
        let vocab = self.spec.vocab;
        let row = self.answer_at.filter(|_| self.logits.len() > vocab).unwrap_or(0);
        self.logits.get(row * vocab..(row + 1) * vocab).unwrap_or_default()
    }
    /// Block `layer`, to be written by the pass; blocks are begun in order.
    pub fn layer_mut(&mut self, layer: usize) -> &mut LayerTrace {
        if self.layers.len() == layer {
            let state = self.new_state(layer);
            let resid_pre = Vec::with_capacity(self.query_tokens(layer).len() * self.spec.width);
            self.layers.push(Arc::new(LayerTrace { resid_pre, state }));
        }
        Arc::make_mut(&mut self.layers[layer])
    }
    /// Takes block `layer` back to its first `n` asking tokens; `sums` is what its measures were made of then.
    pub fn shorten(&mut self, layer: usize, n: usize, sums: &[Sums]) {
        let (width, own_keys) = (self.spec.width, self.spec.blocks[layer].part != Part::Cross);
        let kept = self.layer_mut(layer);
        kept.resid_pre.truncate(n * width);
        kept.state.truncate(n, own_keys, sums);
    }
    /// The encoder's last residual stream before its final norm, to be written by the pass.
    pub fn source_output_mut(&mut self) -> &mut Vec<f32> {
        Arc::make_mut(&mut self.source_output)
    }
    /// The encoder's last residual stream before its final norm, [source token, width].
    pub fn source_output(&self) -> &[f32] {
        &self.source_output
    }
    /// The last block's output, to be written by the pass.
    pub fn output_mut(&mut self) -> &mut Vec<f32> {
        Arc::make_mut(&mut self.output)
    }
    /// Block `layer`.
    pub fn layer(&self, layer: usize) -> &LayerTrace {
        &self.layers[layer]
    }
    /// Tokens that ask in block `layer`: the source's in an encoder, else the target's.
    pub fn query_tokens(&self, layer: usize) -> &[Token] {
        self.tokens_of(self.spec.blocks[layer].part.rows())
    }
    /// Tokens that are looked at in block `layer`.
    pub fn key_tokens(&self, layer: usize) -> &[Token] {
        self.tokens_of(self.spec.blocks[layer].part.columns())
    }
    /// Tokens of one of the two texts.
    pub fn tokens_of(&self, side: Side) -> &[Token] {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.tokens,
        }
    }
    /// Whose tokens the prompt is: the source's where there is an encoder beside a decoder.
    pub fn prompt_side(&self) -> Side {
        if self.source.is_empty() { Side::Target } else { Side::Source }
    }

    /// Whether a text is longer than the model was made for.
    pub fn beyond(&self) -> Option<Beyond> {
        let of = |side| {
            let (found, made_for) = (self.tokens_of(side).len(), self.spec.made_for(side)?);
            (found > made_for).then_some(Beyond { found, made_for })
        };
        of(Side::Source).or_else(|| of(Side::Target))
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
        HeadMeasures::of(self.sums(head))
    }
    /// What they are made of: sums over the head's queries.
    pub fn sums(&self, head: HeadId) -> &Sums {
        &self.layers[head.layer].state.heads[head.head].gathered.sums
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
    /// Values, [token, value_dim], of the k/v head that this head reads.
    pub fn v(&self, head: HeadId) -> Vec<f32> {
        let values = &self.layers[head.layer].state.values[self.kv_head(head)];
        (0..values.len()).flat_map(|token| values.row(token)).copied().collect()
    }
    fn kv_head(&self, head: HeadId) -> usize {
        self.spec.blocks[head.layer].attention.kv_head(head.head)
    }

    /// Residual stream after block `layer`, [token, width].
    pub fn resid_after(&self, layer: usize) -> &[f32] {
        if layer + 1 == self.spec.decoder_start() { &self.source_output } else { self.resid(layer + 1) }
    }
    /// Residual stream before block `layer`, [token, width]; with `layer` = number of blocks, what the last one gave.
    pub fn resid(&self, layer: usize) -> &[f32] {
        self.layers.get(layer).map_or(&self.output, |layer| &layer.resid_pre)
    }
    /// A residual stream, [token, width].
    pub fn stream(&self, stream: Stream) -> &[f32] {
        match stream {
            Stream::Before(layer) => self.resid(layer),
            Stream::After(layer) => self.resid_after(layer),
        }
    }
    /// The token that a question is about: the one that is wanted, else the one that the answer follows, else the last.
    pub fn asked_token(&self, wanted: Option<usize>) -> usize {
        wanted.or(self.answer_at).unwrap_or(self.n_tokens().saturating_sub(1))
    }
    /// Makes the thumbnails anew, after tokens were added.
    pub fn refresh_thumbnails(&mut self) {
        for layer in self.spec.decoder_start()..self.layers_done() {
            let heads = 0..self.heads(layer);
            let (queries, keys) = (self.query_tokens(layer).len(), self.key_tokens(layer).len());
            let (rows, columns) = (thumbnail_size(queries), thumbnail_size(keys));
            let pool = |head| {
                let pattern = self.pattern(HeadId { layer, head });
                pattern.pooled(0..queries, 0..keys, rows, columns, Pool::Max)
            };
            let thumbnails: Vec<_> = heads.into_par_iter().map(pool).collect();
            for (head, values) in self.layer_mut(layer).state.heads.iter_mut().zip(thumbnails) {
                head.gathered.thumbnail = Thumbnail { rows, columns, values };
            }
        }
    }

    /// Bytes the trace takes in memory.
    pub fn bytes(&self) -> usize {
        let layer =
            |layer: &Arc<LayerTrace>| layer.resid_pre.capacity() * size_of::<f32>() + layer.state.bytes();
        let ends = self.output.capacity() + self.logits.capacity() + self.source_output.capacity();
        let ends = ends * size_of::<f32>();
        self.layers.iter().map(layer).sum::<usize>() + ends
    }
}

/// Bytes a trace of `n_tokens` (and of `n_source` in the encoder) will take, and the most its pass needs beside it,
/// counted before anything is allocated.
pub fn estimate_bytes(spec: &ModelSpec, n_tokens: usize, n_source: usize, rows_of_logits: usize) -> u64 {
    let float = size_of::<f32>() as u64;
    let mut kept = (n_tokens + n_source) as u64 * spec.width as u64;
    let mut scratch = 0;
    for block in &spec.blocks {
        let (n_queries, n_keys) = match block.part {
            Part::Only | Part::Decoder => (n_tokens, n_tokens),
            Part::Encoder => (n_source, n_source),
            Part::Cross => (n_tokens, n_source),
        };
        let thumbnail = (thumbnail_size(n_queries) * thumbnail_size(n_keys)) as u64;
        let (n, n_keys) = (n_queries as u64, n_keys as u64);
        let attention = &block.attention;
        let (heads, kv_heads, dim) =
            (attention.heads as u64, attention.kv_heads as u64, attention.head_dim as u64);
        let padded = (attention.value_dim() as u64).next_multiple_of(16);
        kept += n * (spec.width as u64 + heads * (dim + 1));
        kept += n_keys * kv_heads * (dim + padded) + heads * thumbnail;
        if let Some(PositionBias::Disentangled(own)) = &attention.bias {
            kept += 2 * heads * dim * own.rows() as u64;
        }
        let mlp = block.mlp.as_ref().map_or(0, |mlp| n * mlp.width as u64 * if mlp.gated { 2 } else { 1 });
        let projections = n * 2 * heads * padded + n_keys * 2 * kv_heads * dim;
        scratch = scratch.max(mlp.max(projections) + 4 * n * spec.width as u64);
    }
    (kept + scratch + rows_of_logits as u64 * spec.vocab as u64) * float
}
