//! The sizes of a model, and where each of its tensors lies among all weights.

use std::ops::Range;

/// Sizes of a model: RMSNorm before each sub-layer, rotary, no biases, an unembedding of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Blocks
    pub layers: usize,
    /// Heads of a block
    pub heads: usize,
    /// Numbers of the residual stream at each token
    pub width: usize,
    /// Numbers inside a block's gated MLP; 0: no MLP
    pub mlp: usize,
    /// Tokens it knows
    pub vocab: usize,
}

/// Sizes that make no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// Too few or too many layers
    #[error("{0} layers: a live model has 1 to 4")]
    Layers(usize),
    /// No heads, or too many
    #[error("{0} heads: a live model has 1 to 16 a layer")]
    Heads(usize),
    /// Heads cannot share the width, or have an odd share of it
    #[error("{heads} heads cannot share a width of {width}: each needs an even number of dimensions")]
    Width {
        /// Heads of a block
        heads: usize,
        /// The width
        width: usize,
    },
    /// Wider than can be watched
    #[error("a width of {0}: a live model has at most 512")]
    TooWide(usize),
}

/// Where a tensor lies among all weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorPlace {
    /// Its name in Transformers' `LlamaForCausalLM`
    pub name: String,
    /// Its shape there: matrices are [out, in]
    pub shape: Vec<usize>,
    /// Its numbers
    pub range: Range<usize>,
}

/// Where a block's tensors begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockPlaces {
    /// [width]
    pub(super) norm1: usize,
    /// Q, K and V one after the other: [3·width, width]
    pub(super) qkv: usize,
    /// [width, width]
    pub(super) out: usize,
    /// [width], where there is an MLP; so are the two that follow
    pub(super) norm2: usize,
    /// Gate and up one after the other: [2·mlp, width]
    pub(super) gate_up: usize,
    /// [width, mlp]
    pub(super) down: usize,
}

impl Shape {
    /// Refuses what makes no model.
    pub fn check(&self) -> Result<(), ShapeError> {
        if !(1..=4).contains(&self.layers) {
            return Err(ShapeError::Layers(self.layers));
        }
        if !(1..=16).contains(&self.heads) {
            return Err(ShapeError::Heads(self.heads));
        }
        if self.width > 512 {
            return Err(ShapeError::TooWide(self.width));
        }
        if self.width == 0 || !self.width.is_multiple_of(2 * self.heads) {
            return Err(ShapeError::Width { heads: self.heads, width: self.width });
        }
        Ok(())
    }
    /// Dimensions of a head.
    pub fn head_dim(&self) -> usize {
        self.width / self.heads
    }
    /// Numbers in a block.
    fn block_len(&self) -> usize {
        let attention = self.width + 4 * self.width * self.width;
        attention + if self.mlp == 0 { 0 } else { self.width + 3 * self.width * self.mlp }
    }
    /// Numbers in all weights.
    pub fn parameters(&self) -> usize {
        2 * self.vocab * self.width + self.layers * self.block_len() + self.width
    }
    /// Where block `layer` lies; the embedding [vocab, width] is before the first.
    pub(super) fn block(&self, layer: usize) -> BlockPlaces {
        let (d, m) = (self.width, self.mlp);
        let norm1 = self.vocab * d + layer * self.block_len();
        let (qkv, out) = (norm1 + d, norm1 + d + 3 * d * d);
        let norm2 = out + d * d;
        BlockPlaces { norm1, qkv, out, norm2, gate_up: norm2 + d, down: norm2 + d + 2 * d * m }
    }
    /// Where the last norm's weight begins; the unembedding [vocab, width] follows it.
    pub(super) fn final_norm(&self) -> usize {
        self.vocab * self.width + self.layers * self.block_len()
    }
    /// Every tensor, in order and without gaps.
    pub fn tensors(&self) -> Vec<TensorPlace> {
        let mut all: Vec<TensorPlace> = Vec::new();
        let (d, m, vocab) = (self.width, self.mlp, self.vocab);
        let mut place = |name: String, shape: &[usize]| {
            let start = all.last().map_or(0, |last| last.range.end);
            let range = start..start + shape.iter().product::<usize>();
            all.push(TensorPlace { name, shape: shape.to_vec(), range });
        };
        place("model.embed_tokens.weight".to_owned(), &[vocab, d]);
        for layer in 0..self.layers {
            let named = |name: &str| format!("model.layers.{layer}.{name}.weight");
            place(named("input_layernorm"), &[d]);
            for part in ["q_proj", "k_proj", "v_proj", "o_proj"] {
                place(named(&format!("self_attn.{part}")), &[d, d]);
            }
            if m > 0 {
                place(named("post_attention_layernorm"), &[d]);
                place(named("mlp.gate_proj"), &[m, d]);
                place(named("mlp.up_proj"), &[m, d]);
                place(named("mlp.down_proj"), &[d, m]);
            }
        }
        place("model.norm.weight".to_owned(), &[d]);
        place("lm_head.weight".to_owned(), &[vocab, d]);
        all
    }
}
