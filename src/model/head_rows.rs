//! What single words bring to a head without a text around them: their vectors, and the queries, keys and values that
//! one head makes of such vectors, all standing at the same place.

use super::part::Side;
use super::rotary::Turns;
use super::spec::{EmbeddingSpec, NormSpec, Part, Positions};
use super::transformer::Network;
use super::{QkNorm, QkNormAcross, attention_spec::AttentionSpec};
use crate::kernels::linear;
use std::borrow::Cow;

impl Network {
    /// Vectors of words as they enter the first block, [word, width], with positions left out; all of the first segment.
    pub fn word_vectors(&self, side: Side, words: &[u32]) -> Vec<f32> {
        let (spec, prefix) = match (side, &self.spec.encoder) {
            (Side::Source, Some(encoder)) => (&encoder.embedding, "encoder."),
            _ => (&self.spec.embedding, ""),
        };
        let bare = EmbeddingSpec { positions: Positions::None, ..spec.clone() };
        self.embed_with(&bare, prefix, words, 0, usize::MAX, &mut |_, _| {})
    }

    /// Words in the vocabulary of one text.
    pub fn words_of(&self, side: Side) -> usize {
        match (side, &self.spec.encoder) {
            (Side::Source, Some(encoder)) => encoder.vocab,
            _ => self.spec.vocab,
        }
    }

    /// The first block that reads a text.
    pub fn first_block(&self, side: Side) -> usize {
        if side == Side::Source { 0 } else { self.spec.decoder_start() }
    }

    /// Such vectors behind the first block as it is without its attention: with what its MLP alone makes of each.
    /// `None` where that block has no MLP of its own, or mixes neighbours in another way.
    pub fn after_first_mlp(&self, side: Side, x: Vec<f32>) -> Option<Vec<f32>> {
        let layer = self.first_block(side);
        let block = self.spec.blocks.get(layer)?;
        if block.mlp.is_none() || block.convolution.is_some() {
            return None;
        }
        let n = x.len();
        Some(self.around(layer, x, false, |_, _| vec![0.0; n], &mut |_, _| {}))
    }

    /// What the keys and values of a block are made of, from rows of the stream that they come from, [row, width]:
    /// through the norm before attention or, across, through the encoder's last.
    pub fn key_input<'a>(&self, layer: usize, x: &'a [f32]) -> Cow<'a, [f32]> {
        if self.spec.blocks[layer].part == Part::Cross {
            return Cow::Owned(self.memory(x));
        }
        self.attention_input(layer, x)
    }

    /// What the queries of a block are made of, likewise.
    pub fn query_input<'a>(&self, layer: usize, x: &'a [f32]) -> Cow<'a, [f32]> {
        self.attention_input(layer, x)
    }

    /// What stays of such input where a vector is 0: the bias of its norm, [width].
    pub fn key_input_bias(&self, layer: usize) -> Vec<f32> {
        let block = &self.spec.blocks[layer];
        let (norm, name) = match (block.part, &self.spec.encoder) {
            (Part::Cross, Some(encoder)) => (encoder.final_norm, "encoder.ln_final".to_owned()),
            _ => (self.norm_before(layer), format!("{}.ln1", self.spec.prefix(layer))),
        };
        let bias = norm.and_then(|norm| self.norm_weights::<f32>(norm, &name).1);
        bias.unwrap_or_else(|| vec![0.0; self.spec.width])
    }

    /// Queries of one head as they enter the product at position 0, [row, head_dim], from its input, [row, width].
    pub fn query_rows(&self, layer: usize, head: usize, input: &[f32]) -> Vec<f32> {
        let spec = &self.spec.blocks[layer].attention;
        let rows = match spec.latent.filter(|latent| latent.query_width.is_some()) {
            Some(latent) => self.projected(
                layer,
                "Q",
                (head, spec.heads),
                &self.short_rows(layer, "Q", latent.norm, input),
            ),
            None => self.projected(layer, "Q", (head, spec.heads), input),
        };
        self.at_rest(layer, spec, "q_norm", (head, spec.heads), rows)
    }

    /// Keys of the k/v head that a head reads, likewise.
    pub fn key_rows(&self, layer: usize, head: usize, input: &[f32]) -> Vec<f32> {
        let spec = &self.spec.blocks[layer].attention;
        let own = (spec.kv_head(head), spec.kv_heads);
        let rows = match spec.latent {
            None => self.projected(layer, "K", own, input),
            Some(latent) => {
                let short = self.short_rows(layer, "KV", latent.norm, input);
                let made = self.projected(layer, "K", own, &short);
                let shared = self.linear(layer, input, "attn.W_K_shared", "attn.b_K_shared");
                let dim = spec.head_dim - latent.shared_key;
                let pairs = made.chunks_exact(dim.max(1)).zip(shared.chunks_exact(latent.shared_key));
                pairs.flat_map(|(made, shared)| made.iter().chain(shared)).copied().collect()
            }
        };
        self.at_rest(layer, spec, "k_norm", own, rows)
    }

    /// Values of the k/v head that a head reads, [row, value_dim].
    pub fn value_rows(&self, layer: usize, head: usize, input: &[f32]) -> Vec<f32> {
        let spec = &self.spec.blocks[layer].attention;
        let own = (spec.kv_head(head), spec.kv_heads);
        let mut rows = match spec.latent {
            None => self.projected(layer, "V", own, input),
            Some(latent) => {
                self.projected(layer, "V", own, &self.short_rows(layer, "KV", latent.norm, input))
            }
        };
        spec.cut(&mut rows);
        rows
    }

    /// The norm before a block's attention.
    pub(super) fn norm_before(&self, layer: usize) -> Option<NormSpec> {
        let block = &self.spec.blocks[layer];
        block.ln1.filter(|_| block.placement != super::spec::Placement::Post)
    }

    /// The short vectors that queries, or keys and values, of all heads are made of.
    fn short_rows(&self, layer: usize, part: &str, norm: NormSpec, input: &[f32]) -> Vec<f32> {
        let short = self.linear(layer, input, &format!("attn.W_{part}_down"), &format!("attn.b_{part}_down"));
        self.norm(norm, &format!("{}.attn.{part}_down_norm", self.spec.prefix(layer)), &short)
    }

    /// Rows projected for one head of several; for all of them where a norm needs them together.
    fn projected(&self, layer: usize, part: &str, (head, heads): (usize, usize), input: &[f32]) -> Vec<f32> {
        let name = |kind: &str| format!("{}.attn.{kind}_{part}", self.spec.prefix(layer));
        let whole = self.weights.matrix(&name("W"));
        let bias = self.weights.vector::<f32>(&name("b"));
        let across = self.spec.blocks[layer].attention.qk_norm.map(|own| own.across);
        if part != "V" && across.is_some_and(|across| across != QkNormAcross::Head) {
            return linear(input, &whole, bias.as_deref());
        }
        let dim = whole.outputs / heads;
        let bias = bias.map(|bias| bias[head * dim..(head + 1) * dim].to_vec());
        linear(input, &whole.columns(head * dim, dim), bias.as_deref())
    }

    /// Norm, cut and turn of queries or keys, all at position 0; one head's, if rows hold several.
    fn at_rest(
        &self,
        layer: usize,
        spec: &AttentionSpec,
        norm: &str,
        (head, heads): (usize, usize),
        mut rows: Vec<f32>,
    ) -> Vec<f32> {
        let dim = spec.head_dim;
        let name = format!("{}.attn.{norm}", self.spec.prefix(layer));
        let (first, last): (Option<QkNorm>, _) = match spec.qk_norm {
            Some(own) if own.turned_first => (None, Some(own)),
            own => (own, None),
        };
        if let Some(own) = first {
            rows = self.head_norm(own, &name, &rows, heads, dim);
            if own.across != QkNormAcross::Head {
                let all = rows.chunks_exact(heads * dim);
                rows = all.flat_map(|row| &row[head * dim..(head + 1) * dim]).copied().collect();
            }
        }
        spec.cut(&mut rows);
        if let Some(rotary) = &spec.rotary {
            let turns = Turns::<f32>::new(rotary, 0..1, 1);
            rows.chunks_exact_mut(dim).for_each(|row| turns.apply(row, dim));
        }
        match last {
            Some(own) => self.head_norm(own, &name, &rows, 1, dim),
            None => rows,
        }
    }
}
