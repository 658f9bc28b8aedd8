//! Floor 1: what a model is, how it is read from disk, and the one forward pass.

mod attention;
mod attention_spec;
mod card;
mod chat;
mod classes;
mod config;
mod convolution;
mod disentangled;
mod edits;
mod embedding;
mod error;
mod expert_spec;
mod families;
mod formats;
mod gather;
mod head_rows;
mod head_weights;
mod hook;
mod load;
mod load_gguf;
mod mlp;
mod part;
mod product_terms;
mod projections;
mod python_json;
mod recognised;
mod rotary;
mod row;
mod sampling;
mod sentence;
mod spec;
mod stored;
mod terms;
mod tokenizer;
mod transformer;
mod warning;
mod weight_shapes;
mod weights;

pub use attention::{HeadState, LayerState, Relative};
pub use attention_spec::{
    AttentionSpec, Buckets, Growth, Latent, PositionBias, QkNorm, QkNormAcross, Window,
};
pub use card::ModelCard;
pub use chat::{ChatError, ChatTemplate, Message, NoTurn, ROLES};
pub use classes::{ClassActivation, ClassHead, ClassLayer, Outcome, Pooling};
pub use config::Config;
pub use convolution::Convolution;
pub use disentangled::{Disentangled, Distances};
pub use edits::{AttentionEdits, Cut, Given, GivenScores, HeadEdits};
pub use embedding::EmbeddingTerm;
pub use error::{LoadError, SpecError};
pub use expert_spec::{ClampedGate, ExpertGroups, ExpertSpec, SharedExpert, Shares};
pub use families::supported;
pub use formats::gguf;
pub use gather::{Gathered, Repeats, Sums, Thumbnail, thumbnail_size};
pub use head_weights::{HeadMap, row_major, through, unit_rows};
pub use hook::{HeadId, Hook, NotAHead};
pub use load::{EmbeddedFiles, Model, Origin, Padding};
pub use part::{HeadName, Side, Stream};
pub use product_terms::At;
pub use rotary::{Rotary, RotaryScaling};
pub use sampling::{Choices, Sampler, Sampling, choices, largest, probabilities};
pub use sentence::SentenceHead;
pub use spec::{
    BlockSpec, EmbeddingProjection, EmbeddingSpec, EncoderSpec, HeadSpec, LogitSpec, MlpSpec, ModelSpec,
    NormKind, NormSpec, Part, Placement, Positions,
};
pub use stored::Dtype;
pub(crate) use stored::{Storage, map_file};
pub use terms::{Frozen, Terms};
pub use tokenizer::{EncodeError, Mark, NoLanguage, Pair, Token, Tokenizer, WordSplit, Words, shown};
pub use transformer::{Context, Network, See};
pub use warning::{Assumption, Described, PositionKind, Warning};
pub use weights::{TensorInfo, Weights};
