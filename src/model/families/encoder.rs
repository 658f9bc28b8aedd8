//! What encoder families have in common: post-norm blocks of one kind, and the heads their classes end in.

use super::{Map, from, head_dim};
use crate::kernels::Activation;
use crate::model::attention_spec::AttentionSpec;
use crate::model::classes::{ClassActivation, ClassHead, ClassLayer, Outcome, Pooling};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::sentence::SentenceHead;
use crate::model::spec::{
    BlockSpec, EmbeddingProjection, EmbeddingSpec, HeadSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec,
    Placement, Positions,
};

/// A class for every token.
pub(super) const TAGS: &[Map] =
    &[from("head.0.W", "classifier.weight").turned(), from("head.0.b", "classifier.bias")];
/// Start and end of an answer.
pub(super) const ANSWER: &[Map] =
    &[from("head.0.W", "qa_outputs.weight").turned(), from("head.0.b", "qa_outputs.bias")];
/// Classes of the whole input: a dense layer and a second one, both called `classifier`.
pub(super) const CLASSIFIER: &[Map] = &[
    from("head.0.W", "classifier.dense.weight").turned(),
    from("head.0.b", "classifier.dense.bias"),
    from("head.1.W", "classifier.out_proj.weight").turned(),
    from("head.1.b", "classifier.out_proj.bias"),
];

/// The keys of an encoder's sizes, as most families call them, and what they are where the file leaves them out.
pub(super) struct Sizes {
    pub(super) width: (&'static str, usize),
    pub(super) heads: (&'static str, usize),
    pub(super) layers: (&'static str, usize),
    pub(super) mlp: (&'static str, usize),
    pub(super) vocab: usize,
    pub(super) context: usize,
    /// 0 where the family has none
    pub(super) token_types: usize,
    pub(super) activation: (&'static str, Activation),
    /// What the file says of it, or else this
    pub(super) eps: f64,
}

impl Sizes {
    /// BERT's own.
    pub(super) const BERT: Self = Self {
        width: ("hidden_size", 768),
        heads: ("num_attention_heads", 12),
        layers: ("num_hidden_layers", 12),
        mlp: ("intermediate_size", 3072),
        vocab: 30_522,
        context: 512,
        token_types: 2,
        activation: ("hidden_act", Activation::Gelu),
        eps: 1e-12,
    };
}

/// An encoder without its head, and what its head takes after.
pub(super) struct PostNorm {
    pub(super) spec: ModelSpec,
    pub(super) activation: Activation,
    pub(super) norm: NormSpec,
}

/// A post-norm encoder, learned positions from row 0 on.
pub(super) fn post_norm(config: &Config, family: &str, sizes: &Sizes) -> Result<PostNorm, SpecError> {
    config.must_be("position_embedding_type", "absolute", "absolute (the only kind that is read)")?;
    let width = config.count_or(sizes.width.0, sizes.width.1)?;
    let heads = config.count_or(sizes.heads.0, sizes.heads.1)?;
    let norm = NormSpec::layer(config.float_or("layer_norm_eps", sizes.eps)?);
    let causal = config.flag_or("is_decoder", false)?;
    let attention =
        AttentionSpec { causal, ..AttentionSpec::new(heads, heads, head_dim(width, heads, sizes.heads.0)?) };
    let activation = config.activation_or(sizes.activation.0, sizes.activation.1)?;
    let mlp = MlpSpec { width: config.count_or(sizes.mlp.0, sizes.mlp.1)?, activation, gated: false };
    let block = BlockSpec::new(attention, mlp, norm, Placement::Post);
    let token_types = match sizes.token_types {
        0 => 0,
        default => config.index_or("type_vocab_size", default)?,
    };
    let spec = ModelSpec {
        family: family.into(),
        architecture: config.architecture().unwrap_or_default().into(),
        width,
        vocab: config.count_or("vocab_size", sizes.vocab)?,
        context: Some(config.count_or("max_position_embeddings", sizes.context)?),
        encoder: None,
        embedding: EmbeddingSpec {
            positions: Positions::Learned { offset: 0 },
            token_types,
            norm: Some(norm),
            ..EmbeddingSpec::default()
        },
        blocks: vec![block; config.layers_or(sizes.layers.0, sizes.layers.1)?],
        final_norm: None,
        head: HeadSpec::None,
        logits: LogitSpec::default(),
    };
    Ok(PostNorm { spec, activation, norm })
}

/// Embeddings of another width, projected onto the model's behind their norm.
pub(super) fn narrow_embedding(config: &Config, spec: &mut ModelSpec, always: bool) -> Result<(), SpecError> {
    let width = config.count_or("embedding_size", 128)?;
    if always || width != spec.width {
        spec.embedding.projection = Some(EmbeddingProjection { width, whole_sum: true });
    }
    Ok(())
}

/// How a family's heads differ from its siblings'.
pub(super) struct Heads<'a> {
    /// Of the masked-word head
    pub(super) masked: (Activation, NormSpec),
    /// What stands between the first token's vector and its classes
    pub(super) classes: &'a [ClassLayer],
    /// What stands between each token's vector and its classes
    pub(super) tags: &'a [ClassLayer],
    /// What two segments are that belong together, and two that do not, where pre-training asked it
    pub(super) pair: Option<[&'static str; 2]>,
}

/// Whether two segments belong together: read as classes are, of two.
fn pair(heads: &Heads<'_>, names: [&str; 2]) -> ClassHead {
    let last = ClassLayer::Dense { outputs: 2, activation: ClassActivation::Linear };
    let layers = heads.classes.iter().copied().chain([last]).collect();
    let labels = names.map(str::to_owned).to_vec();
    ClassHead { pair: true, ..ClassHead::new(Pooling::First, layers, Outcome::OneOf, labels) }
}

/// The head that a class has by its name's end; where it is called `…Model`, a vector for the whole text.
pub(super) fn head(config: &Config, heads: &Heads<'_>) -> Result<HeadSpec, SpecError> {
    let class = config.architecture().unwrap_or_default();
    let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| class.ends_with(suffix));
    if ends(&["ForMaskedLM", "ForPreTraining", "ForCausalLM", "LMHeadModel"]) {
        let (activation, norm) = heads.masked;
        let pair = heads.pair.filter(|_| ends(&["ForPreTraining"])).map(|names| pair(heads, names));
        return Ok(HeadSpec::MaskedToken { activation, norm, pair });
    }
    if let Some(names) = heads.pair.filter(|_| ends(&["ForNextSentencePrediction"])) {
        return Ok(HeadSpec::Classes(pair(heads, names)));
    }
    let last = |outputs| ClassLayer::Dense { outputs, activation: ClassActivation::Linear };
    let (pooling, before, outcome) = if ends(&["ForQuestionAnswering"]) {
        let layers = heads.tags.iter().copied().chain([last(2)]).collect();
        let (outcome, labels) = (Outcome::Span, Vec::new());
        return Ok(HeadSpec::Classes(ClassHead::new(Pooling::Each, layers, outcome, labels)));
    } else if ends(&["ForTokenClassification"]) {
        (Pooling::Each, heads.tags, Outcome::OneOf)
    } else if ends(&["ForSequenceClassification"]) {
        (Pooling::First, heads.classes, outcome(config, n_classes(config)?)?)
    } else if ends(&["ForMultipleChoice"]) {
        // A number for each text that may be chosen
        let layers = heads.classes.iter().copied().chain([last(1)]).collect();
        let (outcome, labels) = (Outcome::Values, vec!["choice".to_owned()]);
        return Ok(HeadSpec::Classes(ClassHead::new(Pooling::First, layers, outcome, labels)));
    } else {
        return Ok(if config.flag_or("is_decoder", false)? {
            HeadSpec::None
        } else {
            HeadSpec::Sentence(SentenceHead::MEAN)
        });
    };
    let layers = before.iter().copied().chain([last(n_classes(config)?)]).collect();
    Ok(HeadSpec::Classes(ClassHead::new(pooling, layers, outcome, config.labels())))
}

/// Classes of a classifier: those that are named, or two.
pub(super) fn n_classes(config: &Config) -> Result<usize, SpecError> {
    match config.labels().len() {
        0 => config.count_or("num_labels", 2),
        named => Ok(named),
    }
}

/// How a classifier of the whole input is read: as it was trained, which few files say.
pub(super) fn outcome(config: &Config, classes: usize) -> Result<Outcome, SpecError> {
    match config.word("problem_type")? {
        Some("multi_label_classification") => Ok(Outcome::AnyOf),
        Some("regression") => Ok(Outcome::Values),
        None if classes == 1 => Ok(Outcome::Values),
        _ => Ok(Outcome::OneOf),
    }
}

/// A dense layer as wide as the model.
pub(super) fn dense(width: usize, activation: ClassActivation) -> ClassLayer {
    ClassLayer::Dense { outputs: width, activation }
}
