//! What a user should know of a model although it opened. `Display` is the English; a front end that speaks another
//! language matches the values.

use super::spec::{NormKind, Placement};
use std::fmt;
use std::path::PathBuf;

/// Something to know about a model that opened.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// Weights came alone
    NoTokenizer,
    /// There is a tokenizer, and it cannot be read
    UnreadTokenizer {
        /// Which file
        file: PathBuf,
        /// What is wrong with it
        reason: String,
    },
    /// The tokenizer has ids that the model has not
    LargerVocabulary {
        /// Tokens the tokenizer knows
        known: usize,
        /// Those of the model
        vocab: usize,
    },
    /// A GGUF file cuts text into words by a rule that is not known, or that it does not name
    UnknownCutting(Option<String>),
    /// A GGUF file has keys of its architecture that nobody knows
    StrangeKeys(Vec<String>),
    /// Texts are filled up with padding, which takes part
    Padded {
        /// With it
        tokens: usize,
        /// Before the text, else behind it
        before: bool,
    },
    /// A class that is not known, on a family that is
    WithoutHead {
        /// Its class
        class: String,
        /// What it was opened as
        base: String,
        /// Tensors that are not read
        unread: usize,
    },
    /// A class that is not known, made out from names and shapes
    Inferred(Described),
    /// What such a model was taken to be where nothing says it
    Assumed(Assumption),
    /// The same of a Keras file: all of it
    Granted(Vec<Assumption>),
}

/// What a model of no known class was taken for.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields say themselves")]
pub struct Described {
    /// Its class, or else its type, where it names one
    pub class: Option<String>,
    pub blocks: usize,
    pub heads: usize,
    pub kv_heads: usize,
    /// Whether its MLP is gated
    pub gated: bool,
    pub placement: Placement,
    pub norm: NormKind,
    pub positions: PositionKind,
}

/// How positions are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PositionKind {
    /// Queries and keys are turned
    Rotary,
    /// Scores fall with distance
    Alibi,
    /// A table that was learned
    Learned,
    /// Not at all
    None,
}

/// Something that was taken for granted because no file says it.
#[derive(Clone, Debug, PartialEq)]
pub enum Assumption {
    /// Norms only scale to one length
    BareNorms,
    /// Post-norm blocks
    NormsAfterSums,
    /// Parallel blocks
    SharedNorm,
    /// In fused tensors all queries come first
    FusedInTurn,
    /// GPT-1's word for its own gelu
    TanhGelu,
    /// The MLP's activation
    Activation(&'static str),
    /// The norms' ε
    Epsilon(f64),
    /// Norms' weights are stored less 1, as in this family
    UnitOffset(&'static str),
    /// ALiBi as Falcon has it
    FalconAlibi,
    /// Rotary turns neighbouring dimensions, else one half with the other
    Rotary {
        /// Neighbours
        interleaved: bool,
    },
    /// The same window everywhere
    Window(usize),
    /// Blocks without a window have no positions
    NoPositionsWithoutWindow,
    /// Blocks without a window have positions like those with one
    PositionsEverywhere,
    /// Embeddings times the root of their width
    ScaledEmbedding,
    /// No positions beside those in the weights
    NoOtherPositions,
    /// Scores for the next token by the embedding
    TiedHead,
    /// Keras: norms behind each sum
    NormsBehind,
    /// Keras: norms before each part, as one more stands at the end
    NormsBefore,
    /// Whether there is a causal mask
    Causal(bool),
    /// Keras: the activation between dense layers
    BetweenDense(&'static str),
    /// Keras: ReLU between a classifier's layers
    BetweenClassifiers,
    /// Keras: what a classifier ends with
    LastActivation {
        /// One number
        one: bool,
    },
    /// Keras: blocks follow each other as their places' names do
    BlockOrder(Vec<String>),
    /// Keras: which of two embeddings is that of positions
    Positions {
        /// This one
        of: String,
        /// That of tokens
        not: String,
    },
    /// Keras: norms with one vector are scaled by it, not shifted
    ScaleOnly,
    /// A classifier reads the first token's vector
    FirstToken,
    /// A classifier reads the mean
    MeanOfTokens,
}

impl Warning {
    /// How to say what is not so, where a Keras file is silent.
    pub const HOW: &str = "{\"activation\": \"gelu\", \"epsilon\": 0.001, \"norm_first\": true, \"causal\": true, \
        \"pooling\": \"max\", \"classifier_activation\": \"tanh\", \"output\": \"softmax\"}";
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTokenizer => f.write_str("no tokenizer beside the weights: feed ids, and ids are shown"),
            Self::UnreadTokenizer { file, reason } => write!(
                f,
                "the tokenizer cannot be read ({reason}): {}; feed ids, and ids are shown",
                file.display()
            ),
            Self::LargerVocabulary { known, vocab } => write!(
                f,
                "the tokenizer knows {known} tokens, the model {vocab}: some ids may be out of range"
            ),
            Self::UnknownCutting(None) => {
                f.write_str("the file names no rule for cutting text into words: ids may differ a little")
            }
            Self::UnknownCutting(Some(rule)) => {
                write!(f, "the rule `{rule}` for cutting text into words is unknown: ids may differ a little")
            }
            Self::StrangeKeys(keys) => write!(
                f,
                "the file says {}, which is not known and not read: should it change what is computed, the numbers \
                 are others",
                keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
            ),
            Self::Padded { tokens, before } => write!(
                f,
                "texts are filled up to {tokens} tokens with padding {} them, which takes part as it did in \
                 training; --ids are run as they are",
                if *before { "before" } else { "behind" }
            ),
            Self::WithoutHead { class, base, unread } => write!(
                f,
                "`{class}` is not known: opened as `{base}`, without the head that stands on it ({unread} tensors are \
                 not read)"
            ),
            Self::Inferred(described) => described.fmt(f),
            Self::Assumed(what) => write!(f, "assumed: {what}"),
            Self::Granted(all) => {
                let all: Vec<String> = all.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "the file does not say everything; what was taken for granted: {}; where that is not so, say what \
                     is in a mnemoscope.json beside the file, such as {}",
                    all.join(", "),
                    Self::HOW
                )
            }
        }
    }
}

impl fmt::Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { class, blocks, heads, kv_heads, gated, placement, norm, positions } = self;
        let lie = match placement {
            Placement::Parallel => "side by side",
            Placement::Post => "with norms after the sums",
            Placement::Pre | Placement::Normed => "one after the other",
        };
        let positions = match positions {
            PositionKind::Rotary => "rotary positions",
            PositionKind::Alibi => "ALiBi",
            PositionKind::Learned => "learned positions",
            PositionKind::None => "no positions",
        };
        let class = class.as_deref().unwrap_or("no class at all");
        let mlp = if *gated { "gated" } else { "plain" };
        write!(
            f,
            "inferred: `{class}` is no class that is known. From names and shapes: {blocks} blocks, attention ({heads} \
             heads, keys for {kv_heads}) and a {mlp} MLP {lie}, {}, {positions}",
            if *norm == NormKind::Rms { "RMSNorm" } else { "LayerNorm" }
        )
    }
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BareNorms => "norms have no parameters",
            Self::NormsAfterSums => "each norm follows the sum",
            Self::SharedNorm => "both parts of a block read its one norm",
            Self::FusedInTurn => "in fused tensors all queries come first, then all keys, then all values",
            Self::TanhGelu => "gelu means its tanh form, as `afn` is GPT-1's word",
            Self::Activation(name) => return write!(f, "the MLP's activation is {name}"),
            Self::Epsilon(epsilon) => return write!(f, "norms have an ε of {epsilon:e}"),
            Self::UnitOffset(family) => {
                return write!(
                    f,
                    "norms' weights are stored less 1, as in {family}, whose settings or words these are"
                );
            }
            Self::FalconAlibi => "ALiBi is scaled and rounded as in Falcon, whose word `alibi` is",
            Self::Rotary { interleaved: true } => {
                "rotary turns neighbouring dimensions, as in GPT-J, Cohere and GLM"
            }
            Self::Rotary { interleaved: false } => {
                "rotary turns the first half of the dimensions with the second"
            }
            Self::Window(window) => return write!(f, "all blocks have the window of {window}"),
            Self::NoPositionsWithoutWindow => "blocks without a window have no positions, as in Cohere 2",
            Self::PositionsEverywhere => "blocks without a window have positions, too",
            Self::ScaledEmbedding => "embeddings are multiplied by the root of their width, as Gemma's",
            Self::NoOtherPositions => "no positions but those the file has as weights",
            Self::TiedHead => "scores for the next token, by the embedding itself",
            Self::NormsBehind => "norms behind each sum",
            Self::NormsBefore => "norms before each part, as there is one more behind the last block",
            Self::Causal(true) => "a causal mask, as it continues text",
            Self::Causal(false) => "no mask",
            Self::BetweenDense(name) => return write!(f, "{name} between the dense layers"),
            Self::BetweenClassifiers => "ReLU between the classifier's layers",
            Self::LastActivation { one: true } => "a sigmoid at the end",
            Self::LastActivation { one: false } => "softmax at the end",
            Self::BlockOrder(places) => {
                return write!(f, "blocks in the order of their names: {}", places.join(", "));
            }
            Self::Positions { of, not } => {
                return write!(f, "`{of}` is the embedding of positions, `{not}` that of tokens");
            }
            Self::ScaleOnly => "norms with one vector are scaled by it",
            Self::FirstToken => "the first token's vector before the classifier",
            Self::MeanOfTokens => "the mean over tokens before the classifier",
        })
    }
}
