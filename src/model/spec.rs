//! What a model is, as plain data: everything the forward pass and `Pattern` need to know, and no family's name in it
//! that they would branch on.

use candle_nn::Activation;
use serde::{Deserialize, Serialize};
use std::ops::Range;

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
}

/// How tokens become vectors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingSpec {
    /// Adds a learned vector for the position
    pub learned_positions: bool,
    /// Segments, of which the first one's learned vector is added to every token; 0 where there are none
    pub token_types: usize,
    /// Norm over the sum
    pub norm: Option<NormSpec>,
}

/// One block: attention and MLP around the residual stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockSpec {
    /// Attention of this block (windows may alternate between blocks)
    pub attention: AttentionSpec,
    /// Feed-forward part
    #[serde(default)]
    pub mlp: MlpSpec,
    /// Both norms of the block
    #[serde(default)]
    pub norm: NormSpec,
    /// Where the norms stand
    #[serde(default)]
    pub placement: NormPlacement,
}

/// Where a block's norms stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NormPlacement {
    #[default]
    /// Before each sub-layer; the residual stream itself is never normalised
    Pre,
    /// After each sub-layer's sum, as in the first Transformer and in BERT
    Post,
}

/// A normalisation over the width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NormSpec {
    /// Which formula
    pub kind: NormKind,
    /// Added under the root
    pub eps: f64,
}

/// Formula of a norm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NormKind {
    #[default]
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

/// One block's attention: everything that decides which weight a query gives a key.
///
/// The kernel and `Pattern` both read this and nothing else, so that they cannot disagree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttentionSpec {
    /// Query heads
    pub heads: usize,
    /// Key/value heads; query head h reads k/v head h·kv_heads/heads
    pub kv_heads: usize,
    /// Width of a query and of a key
    pub head_dim: usize,
    /// Factor on q·k
    pub scale: f32,
    /// Queries see only themselves and what came before
    #[serde(default = "yes")]
    pub causal: bool,
    /// Queries see only the last `window` keys, themselves included
    #[serde(default)]
    pub window: Option<usize>,
    /// Rotation of queries and keys by their position
    #[serde(default)]
    pub rotary: Option<Rotary>,
}

/// What is true unless a file says otherwise.
fn yes() -> bool {
    true
}

impl AttentionSpec {
    /// Keys that `query` may look at, of `n_keys`.
    pub fn keys(&self, query: usize, n_keys: usize) -> Range<usize> {
        let end = if self.causal { (query + 1).min(n_keys) } else { n_keys };
        let start = self.window.map_or(0, |window| (query + 1).saturating_sub(window));
        start.min(end)..end
    }
    /// The k/v head that query head `head` reads.
    pub fn kv_head(&self, head: usize) -> usize {
        head * self.kv_heads / self.heads
    }
}

/// Rotary position embedding: pairs of dimensions (i, i + dims/2) turn by position · frequency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rotary {
    /// Dimensions that turn, from the first
    pub dims: usize,
    /// Base of the frequencies
    pub theta: f64,
    /// How the frequencies were stretched for longer contexts
    pub scaling: RotaryScaling,
}

/// How rotary frequencies were stretched.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum RotaryScaling {
    /// As first trained
    None,
    /// All divided by a factor
    Linear {
        /// Divides every frequency
        factor: f64,
    },
    /// Llama 3.1: low frequencies divided, high ones kept, a ramp between
    Llama3 {
        /// Divides the lowest frequencies
        factor: f64,
        /// Wavelengths above original_context/low are divided
        low: f64,
        /// Wavelengths below original_context/high are kept
        high: f64,
        /// Context before stretching
        original_context: f64,
    },
}

impl Rotary {
    /// The angle each pair turns per position, [dims/2], in single precision as the models were trained.
    pub fn frequencies(&self) -> Vec<f32> {
        let base = |i: usize| (1.0 / self.theta.powf(2.0 * i as f64 / self.dims as f64)) as f32;
        (0..self.dims / 2).map(|i| self.scaling.apply(base(i))).collect()
    }
}

impl RotaryScaling {
    fn apply(self, frequency: f32) -> f32 {
        match self {
            Self::None => frequency,
            Self::Linear { factor } => frequency / factor as f32,
            Self::Llama3 { factor, low, high, original_context } => {
                let wavelength = std::f32::consts::TAU / frequency;
                let (factor, low, high) = (factor as f32, low as f32, high as f32);
                let context = original_context as f32;
                if wavelength < context / high {
                    frequency
                } else if wavelength > context / low {
                    frequency / factor
                } else {
                    let smooth = (context / wavelength - low) / (high - low);
                    (1.0 - smooth) * frequency / factor + smooth * frequency
                }
            }
        }
    }
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
    /// The shape a canonical weight must have, or `None` for a name that no model has.
    ///
    /// Matrices are [inputs, outputs]; the embedding is [vocab, width].
    pub fn weight_shape(&self, name: &str) -> Option<Vec<usize>> {
        let width = self.width;
        if let Some(rest) = name.strip_prefix("blocks.") {
            let (layer, rest) = rest.split_once('.')?;
            let block = self.blocks.get(layer.parse::<usize>().ok()?)?;
            let (attention, d_mlp) = (&block.attention, block.mlp.width);
            let queries = attention.heads * attention.head_dim;
            let keys = attention.kv_heads * attention.head_dim;
            return Some(match rest {
                "attn.W_Q" => vec![width, queries],
                "attn.W_K" | "attn.W_V" => vec![width, keys],
                "attn.W_O" => vec![queries, width],
                "attn.b_Q" => vec![queries],
                "attn.b_K" | "attn.b_V" => vec![keys],
                "mlp.W_in" | "mlp.W_gate" => vec![width, d_mlp],
                "mlp.W_out" => vec![d_mlp, width],
                "mlp.b_in" | "mlp.b_gate" => vec![d_mlp],
                "attn.b_O" | "mlp.b_out" | "ln1.w" | "ln1.b" | "ln2.w" | "ln2.b" => vec![width],
                _ => return None,
            });
        }
        Some(match name {
            "embed.W_E" => vec![self.vocab, width],
            "embed.W_type" => vec![self.embedding.token_types, width],
            "pos_embed.W_pos" => vec![self.context?, width],
            "unembed.W_U" => vec![width, self.vocab],
            "unembed.b_U" => vec![self.vocab],
            "head.W" => vec![width, width],
            "embed.ln.w" | "embed.ln.b" | "ln_final.w" | "ln_final.b" | "head.b" | "head.ln.w"
            | "head.ln.b" => {
                vec![width]
            }
            _ => return None,
        })
    }
}
