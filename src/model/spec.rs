//! What a model is, as plain data: everything the forward pass and `Pattern` need to know, and no family's name in it
//! that they would branch on.

use super::attention_spec::AttentionSpec;
use super::classes::{ClassHead, Outcome};
use super::convolution::Convolution;
use super::expert_spec::ExpertSpec;
use super::sentence::SentenceHead;
use crate::kernels::{Activation, Real};
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
    /// What reads the source, in encoder–decoder models
    #[serde(default)]
    pub encoder: Option<EncoderSpec>,
    /// Blocks in the order in which a pass goes through them. In encoder–decoder models: the encoder's, then for each
    /// layer of the decoder one with its self-attention and one with its cross-attention and MLP
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
    /// Segments, each with a learned vector for its tokens; 0 where there are none
    #[serde(default)]
    pub token_types: usize,
    /// Norm over the sum
    #[serde(default)]
    pub norm: Option<NormSpec>,
    /// That norm comes before positions are added (Blenderbot-small's decoder)
    #[serde(default)]
    pub norm_first: bool,
}

impl Default for EmbeddingSpec {
    fn default() -> Self {
        Self {
            projection: None,
            scale: 1.0,
            positions: Positions::None,
            token_types: 0,
            norm: None,
            norm_first: false,
        }
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
    /// A learned vector for each token that is not padding, the first of them at row `padding` + 1; padding has row
    /// `padding` (RoBERTa)
    LearnedPast {
        /// Id of the padding token
        padding: usize,
    },
    /// Sines in the first half of the width, cosines in the second, of position/10000^(2i/width) (Marian, Pegasus)
    Sinusoidal,
    /// The same with i/(width/2 − 1) for the exponent, in single precision (fairseq: XGLM, M2M100)
    FairseqSinusoidal {
        /// Position of the first token
        offset: usize,
    },
}

/// What an encoder has besides its blocks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncoderSpec {
    /// How source tokens become vectors
    pub embedding: EmbeddingSpec,
    /// Tokens in the source's vocabulary
    pub vocab: usize,
    /// Most source tokens the model was made for
    pub context: Option<usize>,
    /// Norm of the encoder's output
    pub final_norm: Option<NormSpec>,
    /// What every target begins with: the start token, and a forced first one where the model has it
    pub start: Vec<u32>,
}

/// Which part of a model a block is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Part {
    /// The one stack there is
    #[default]
    Only,
    /// Of the encoder: source tokens look at source tokens
    Encoder,
    /// Self-attention of the decoder: target tokens look at target tokens
    Decoder,
    /// Cross-attention of the decoder, and its MLP: target tokens look at source tokens
    Cross,
}

/// One block: attention and MLP around the residual stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockSpec {
    /// Attention of this block (windows may alternate between blocks)
    pub attention: AttentionSpec,
    /// Feed-forward part; none where a decoder's self-attention stands alone
    #[serde(default)]
    pub mlp: Option<MlpSpec>,
    /// Many of it, of which every token goes through a few; `mlp` is then what each of them is
    #[serde(default)]
    pub experts: Option<ExpertSpec>,
    /// Which part of the model it is
    #[serde(default)]
    pub part: Part,
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
    /// What follows the block, of its input and its output (DeBERTa-v2); only in [`Placement::Post`]
    #[serde(default)]
    pub convolution: Option<Convolution>,
}

impl BlockSpec {
    /// Attention, then MLP, with norms of one kind where `placement` has them.
    pub fn new(attention: AttentionSpec, mlp: MlpSpec, norm: NormSpec, placement: Placement) -> Self {
        Self {
            attention,
            mlp: Some(mlp),
            experts: None,
            part: Part::Only,
            placement,
            ln1: Some(norm),
            ln1_post: None,
            ln2: Some(norm),
            ln2_post: None,
            residual_scale: 1.0,
            convolution: None,
        }
    }
    /// A layer of a decoder that looks at a source: its self-attention, and its cross-attention with the MLP.
    pub fn decoder_layer(
        own: AttentionSpec,
        cross: AttentionSpec,
        mlp: MlpSpec,
        norm: NormSpec,
        placement: Placement,
    ) -> [Self; 2] {
        let cross = Self { part: Part::Cross, ..Self::new(cross, mlp.clone(), norm, placement) };
        let own = Self::new(own, mlp, norm, placement);
        [Self { part: Part::Decoder, mlp: None, ln2: None, ..own }, cross]
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
    /// As [`Placement::Pre`], but each part is added to what its norm gives (an option of BLOOM)
    Normed,
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
    /// What the norm divides a row by.
    pub fn divisor<F: Real>(&self, row: &[F]) -> f64 {
        let width = row.len() as f64;
        let mean = match self.kind {
            NormKind::Layer => row.iter().map(|x| x.double()).sum::<f64>() / width,
            NormKind::Rms => 0.0,
        };
        let square = row.iter().map(|x| (x.double() - mean).powi(2)).sum::<f64>() / width;
        (square + self.eps).sqrt()
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

impl MlpSpec {
    /// Of two matrices, or of three where it is gated.
    pub fn new(width: usize, activation: Activation, gated: bool) -> Self {
        Self { width, activation, gated }
    }
}

/// What stands behind the last block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
        /// Whether the prompt's two segments belong together, which some pre-training asks beside the words
        #[serde(default)]
        pair: Option<ClassHead>,
    },
    /// Scores for classes, of the whole input or of each token
    Classes(ClassHead),
    /// One vector for the whole text
    Sentence(SentenceHead),
}

impl HeadSpec {
    /// Whether it scores the words of a vocabulary.
    pub fn scores_words(&self) -> bool {
        matches!(self, Self::NextToken | Self::MaskedToken { .. })
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
    /// Whether every block of the generating stack is causal, so that a trace can be extended token by token.
    pub fn is_causal(&self) -> bool {
        self.blocks.iter().all(|block| match block.part {
            Part::Only | Part::Decoder => block.attention.causal,
            Part::Encoder | Part::Cross => true,
        })
    }
    /// Whether the angles of all tokens are others with `n_tokens` than with one fewer, as some rotary scalings have it.
    pub fn turns_change_at(&self, n_tokens: usize) -> bool {
        let rotaries = self.blocks.iter().filter_map(|block| block.attention.rotary.as_ref());
        rotaries.into_iter().any(|rotary| rotary.changes_at(n_tokens))
    }
    /// Whether the model continues text.
    pub fn generates(&self) -> bool {
        self.scores_words() && self.is_causal()
    }
    /// Whether it scores words at each token: those that follow, or those that a mask hides.
    pub fn scores_words(&self) -> bool {
        self.head.scores_words()
    }
    /// The classifier, by itself or beside the words: with what its weights' names begin.
    pub fn classifier(&self) -> Option<(&ClassHead, &'static str)> {
        match &self.head {
            HeadSpec::Classes(head) => Some((head, "head")),
            HeadSpec::MaskedToken { pair, .. } => Some((pair.as_ref()?, "pair")),
            _ => None,
        }
    }
    /// Whether a prompt may have two parts: a question and its text, or two texts that may belong together.
    pub fn reads_pairs(&self) -> bool {
        self.classifier().is_some_and(|(head, _)| head.pair || head.outcome == Outcome::Span)
    }
    /// Width of the embeddings.
    pub fn embedding_width(&self) -> usize {
        self.embedding.projection.map_or(self.width, |projection| projection.width)
    }
}

impl EmbeddingSpec {
    /// Width in which tokens, positions and segments are added up, for a residual stream of `width`.
    pub fn sum_width(&self, width: usize) -> usize {
        self.projection.filter(|own| own.whole_sum).map_or(width, |own| own.width)
    }
}
