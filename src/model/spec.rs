//! What a model is, as plain data: everything the forward pass and `Pattern` need to know, and no family's name in it
//! that they would branch on.

use super::attention_spec::{AttentionSpec, PositionBias, QkNormAcross};
use candle_nn::Activation;
use serde::{Deserialize, Serialize};

/// A Transformer's architecture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// Which family file it came from, for showing: `llama`
    #[serde(default)]
    pub family: String,
    /// As `config.json` calls it: `LlamaForCausalLM`
    #[serde(default)]
    pub architecture: String,
    /// Width of the residual stream
    pub width: usize,
    /// Tokens in the vocabulary
    pub vocab: usize,
    /// Most positions the model was made for
    #[serde(default)]
    pub context: Option<usize>,
    /// How tokens become vectors
    #[serde(default)]
    pub embedding: EmbeddingSpec,
    /// Blocks, first to last
    pub blocks: Vec<BlockSpec>,
    /// Norm between the last block and the unembedding
    #[serde(default)]
    pub final_norm: Option<NormSpec>,
    /// What stands at the end
    #[serde(default)]
    pub head: HeadSpec,
    /// What is done to logits before they are read
    #[serde(default)]
    pub logits: LogitSpec,
}

/// What is done to logits before they are read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogitSpec {
    /// Factor on the unembedding's input (Granite, Cohere, T5)
    pub scale: f32,
    /// Logits become cap·tanh(logit/cap) (Gemma 2)
    pub softcap: Option<f32>,
}

impl Default for LogitSpec {
    fn default() -> Self {
        Self { scale: 1.0, softcap: None }
    }
}

/// How tokens become vectors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingSpec {
    /// Vectors narrower or wider than the residual stream, and where they are projected onto it
    #[serde(default)]
    pub projection: Option<EmbeddingProjection>,
    /// Factor on the tokens' vectors (Gemma: √width)
    #[serde(default = "one")]
    pub scale: f32,
    /// How positions are added
    #[serde(default)]
    pub positions: Positions,
    /// Segments, of which the first one's learned vector is added to every token; 0 where there are none
    #[serde(default)]
    pub token_types: usize,
    /// Norm over the sum
    #[serde(default)]
    pub norm: Option<NormSpec>,
}

impl Default for EmbeddingSpec {
    fn default() -> Self {
        Self { projection: None, scale: 1.0, positions: Positions::None, token_types: 0, norm: None }
    }
}

fn one() -> f32 {
    1.0
}

/// Embeddings of another width than the residual stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddingProjection {
    /// Their width
    pub width: usize,
    /// The sum of tokens, positions and segments is projected, after its norm (ALBERT, ELECTRA); else the tokens'
    /// vectors alone (OPT-350M)
    pub whole_sum: bool,
}

/// How positions are added to embeddings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Positions {
    /// Not here
    #[default]
    None,
    /// A learned vector for each; the first token has row `offset` of the table
    Learned {
        /// Rows before the first token's
        offset: usize,
    },
    /// Sines in the first half of the width, cosines in the second, of position/10000^(2i/width) (Marian, Pegasus)
    Sinusoidal,
    /// The same with i/(width/2 − 1) for the exponent, in single precision (fairseq: XGLM, M2M100)
    FairseqSinusoidal {
        /// Position of the first token
        offset: usize,
    },
}

/// One block: attention and MLP around the residual stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockSpec {
    /// Attention of this block (windows may alternate between blocks)
    pub attention: AttentionSpec,
    /// Feed-forward part
    #[serde(default)]
    pub mlp: MlpSpec,
    /// How the two parts lie on the residual stream
    #[serde(default)]
    pub placement: Placement,
    /// Norm of attention's input; in [`Placement::Post`] of the sum with its output
    #[serde(default)]
    pub ln1: Option<NormSpec>,
    /// Norm of what attention adds (Gemma 2, OLMo 2)
    #[serde(default)]
    pub ln1_post: Option<NormSpec>,
    /// Norm of the MLP's input; in [`Placement::Post`] of the sum with its output
    #[serde(default)]
    pub ln2: Option<NormSpec>,
    /// Norm of what the MLP adds (Gemma 2, OLMo 2)
    #[serde(default)]
    pub ln2_post: Option<NormSpec>,
    /// Factor on what each part adds (Granite)
    #[serde(default = "one")]
    pub residual_scale: f32,
}

impl BlockSpec {
    /// Attention, then MLP, with norms of one kind where `placement` has them.
    pub fn new(attention: AttentionSpec, mlp: MlpSpec, norm: NormSpec, placement: Placement) -> Self {
        let (ln1, ln2) = (Some(norm), Some(norm));
        Self { attention, mlp, placement, ln1, ln1_post: None, ln2, ln2_post: None, residual_scale: 1.0 }
    }
}

/// How a block's two parts lie on the residual stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Placement {
    #[default]
    /// One after the other, a norm before each; the residual stream itself is never normalised
    Pre,
    /// One after the other, a norm after each sum, as in the first Transformer and in BERT
    Post,
    /// Both read the block's input, and both outputs are added to it (GPT-J, NeoX); without an `ln2` they share
    /// the first norm's output
    Parallel,
}

/// A normalisation over the width.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NormSpec {
    /// Which formula
    pub kind: NormKind,
    /// Added under the root
    pub eps: f64,
    /// The weight is stored less 1 (Gemma, Nemotron)
    #[serde(default)]
    pub unit_offset: bool,
}

impl NormSpec {
    /// Mean and variance.
    pub fn layer(eps: f64) -> Self {
        Self { kind: NormKind::Layer, eps, unit_offset: false }
    }
    /// Root mean square.
    pub fn rms(eps: f64) -> Self {
        Self { kind: NormKind::Rms, eps, unit_offset: false }
    }
}

/// Formula of a norm; a weight or bias that the model does not have is 1 or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NormKind {
    /// (x − mean)/√(variance + ε)·w + b
    Layer,
    /// x/√(mean x² + ε)·w
    Rms,
}

/// The feed-forward part of a block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MlpSpec {
    /// Hidden width, `d_mlp`
    pub width: usize,
    /// Between the matrices
    pub activation: Activation,
    /// out(act(gate(x))·in(x)) instead of out(act(in(x)))
    pub gated: bool,
}

/// What stands behind the last block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum HeadSpec {
    /// Hidden states are the output
    None,
    /// Scores for the next token
    #[default]
    NextToken,
    /// Scores for the token that `[MASK]` hides: dense, activation and norm before the unembedding
    MaskedToken {
        /// Between the dense layer and the norm
        activation: Activation,
        /// Norm before the unembedding
        norm: NormSpec,
    },
}

impl ModelSpec {
    /// Number of blocks.
    pub fn layers(&self) -> usize {
        self.blocks.len()
    }
    /// Query heads of block `layer`.
    pub fn heads(&self, layer: usize) -> usize {
        self.blocks[layer].attention.heads
    }
    /// Whether every block is causal, so that a trace can be extended token by token.
    pub fn is_causal(&self) -> bool {
        self.blocks.iter().all(|block| block.attention.causal)
    }
    /// Whether the model continues text.
    pub fn generates(&self) -> bool {
        self.head == HeadSpec::NextToken && self.is_causal()
    }
    /// Width of the embeddings.
    pub fn embedding_width(&self) -> usize {
        self.embedding.projection.map_or(self.width, |projection| projection.width)
    }
    /// The shape a canonical weight has, or `None` for one that this model does not have.
    ///
    /// Matrices are [inputs, outputs]; the embedding is [vocab, width]. What may be left out (biases, norms'
    /// parameters) has a shape here wherever the part it belongs to exists.
    pub fn weight_shape(&self, name: &str) -> Option<Vec<usize>> {
        if let Some(rest) = name.strip_prefix("blocks.") {
            let (layer, rest) = rest.split_once('.')?;
            return self.blocks.get(layer.parse::<usize>().ok()?)?.weight_shape(rest, self.width);
        }
        let (width, embedding) = (self.width, &self.embedding);
        let (narrow, projected) = (self.embedding_width(), embedding.projection);
        let summed = projected.filter(|projection| projection.whole_sum).map_or(width, |own| own.width);
        let masked = matches!(self.head, HeadSpec::MaskedToken { .. });
        let answers = masked || self.head == HeadSpec::NextToken;
        Some(match name {
            "embed.W_E" => vec![self.vocab, narrow],
            "embed.W_in" if projected.is_some() => vec![narrow, width],
            "embed.b_in" if projected.is_some() => vec![width],
            "embed.W_type" if embedding.token_types > 0 => vec![embedding.token_types, summed],
            "embed.ln.w" | "embed.ln.b" if embedding.norm.is_some() => vec![summed],
            "pos_embed.W_pos" => match embedding.positions {
                Positions::Learned { offset } => vec![self.context? + offset, summed],
                _ => return None,
            },
            "ln_final.w" | "ln_final.b" if self.final_norm.is_some() => vec![width],
            "unembed.W_U" if answers => vec![narrow, self.vocab],
            "unembed.b_U" if answers => vec![self.vocab],
            // OPT-350M goes back to its embedding's width before the unembedding
            "unembed.W_in" if answers && !masked && projected.is_some() => vec![width, narrow],
            "head.W" if masked => vec![width, narrow],
            "head.b" | "head.ln.w" | "head.ln.b" if masked => vec![narrow],
            _ => return None,
        })
    }
}

impl BlockSpec {
    fn weight_shape(&self, name: &str, width: usize) -> Option<Vec<usize>> {
        let (attention, d_mlp) = (&self.attention, self.mlp.width);
        let (heads, kv_heads, dim) = (attention.heads, attention.kv_heads, attention.head_dim);
        let value_dim = attention.value_dim();
        let normed = |heads: usize| match attention.qk_norm?.across {
            QkNormAcross::Head => Some(vec![dim]),
            QkNormAcross::OwnHead | QkNormAcross::All => Some(vec![heads * dim]),
        };
        Some(match name {
            "attn.W_Q" => vec![width, heads * dim],
            "attn.W_K" => vec![width, kv_heads * dim],
            "attn.W_V" => vec![width, kv_heads * value_dim],
            "attn.W_O" => vec![heads * value_dim, width],
            "attn.b_Q" => vec![heads * dim],
            "attn.b_K" => vec![kv_heads * dim],
            "attn.b_V" => vec![kv_heads * value_dim],
            "attn.q_norm.w" | "attn.q_norm.b" => normed(heads)?,
            "attn.k_norm.w" | "attn.k_norm.b" => normed(kv_heads)?,
            "attn.sinks" if attention.sinks => vec![heads],
            "attn.W_rel" => match attention.bias {
                Some(PositionBias::Buckets(buckets)) => vec![buckets.count, heads],
                _ => return None,
            },
            "mlp.W_gate" if self.mlp.gated => vec![width, d_mlp],
            "mlp.b_gate" if self.mlp.gated => vec![d_mlp],
            "mlp.W_in" => vec![width, d_mlp],
            "mlp.W_out" => vec![d_mlp, width],
            "mlp.b_in" => vec![d_mlp],
            "attn.b_O" | "mlp.b_out" => vec![width],
            "ln1.w" | "ln1.b" if self.ln1.is_some() => vec![width],
            "ln1_post.w" | "ln1_post.b" if self.ln1_post.is_some() => vec![width],
            "ln2.w" | "ln2.b" if self.ln2.is_some() => vec![width],
            "ln2_post.w" | "ln2_post.b" if self.ln2_post.is_some() => vec![width],
            _ => return None,
        })
    }
}
