//! DeBERTa, first version, second and third: BERT's blocks, scores of content and distance apart.
//! Reference: `DebertaV2Model`, `DebertaModel` and the classes with heads in Transformers, `modeling_deberta_v2.py`,
//! `modeling_deberta.py`.

use super::bert;
use super::encoder::{ANSWER, Heads, PostNorm, Sizes, TAGS, dense, head, post_norm};
use super::fused::qkv_by_head;
use super::{Family, Map, from};
use crate::kernels::Activation;
use crate::model::attention_spec::PositionBias;
use crate::model::classes::ClassActivation;
use crate::model::config::Config;
use crate::model::convolution::Convolution;
use crate::model::disentangled::Disentangled;
use crate::model::error::SpecError;
use crate::model::spec::{ModelSpec, NormSpec, Positions};

pub(super) const FAMILY: Family = Family {
    model_type: "deberta-v2",
    architectures: &["DebertaV2Model", "DebertaV2ForMaskedLM"],
    prefixes: &["deberta.", ""],
    spec: second,
    weights: &[WEIGHTS, SEPARATE, bert::OUTPUTS, MASKED],
};
pub(super) const CLASSES: Family = Family {
    architectures: &["DebertaV2ForSequenceClassification", "DebertaV2ForMultipleChoice"],
    weights: &[WEIGHTS, SEPARATE, bert::OUTPUTS, bert::POOLED],
    ..FAMILY
};
pub(super) const TAGGER: Family = Family {
    architectures: &["DebertaV2ForTokenClassification"],
    weights: &[WEIGHTS, SEPARATE, bert::OUTPUTS, TAGS],
    ..FAMILY
};
pub(super) const ANSWERS: Family = Family {
    architectures: &["DebertaV2ForQuestionAnswering"],
    weights: &[WEIGHTS, SEPARATE, bert::OUTPUTS, ANSWER],
    ..FAMILY
};
/// The first version.
pub(super) const FIRST: Family = Family {
    model_type: "deberta",
    architectures: &["DebertaModel", "DebertaForMaskedLM"],
    spec: first,
    weights: &[WEIGHTS, FUSED, bert::OUTPUTS, MASKED],
    ..FAMILY
};
pub(super) const FIRST_CLASSES: Family = Family {
    architectures: &["DebertaForSequenceClassification"],
    weights: &[WEIGHTS, FUSED, bert::OUTPUTS, bert::POOLED],
    ..FIRST
};
pub(super) const FIRST_TAGGER: Family = Family {
    architectures: &["DebertaForTokenClassification"],
    weights: &[WEIGHTS, FUSED, bert::OUTPUTS, TAGS],
    ..FIRST
};
pub(super) const FIRST_ANSWERS: Family = Family {
    architectures: &["DebertaForQuestionAnswering"],
    weights: &[WEIGHTS, FUSED, bert::OUTPUTS, ANSWER],
    ..FIRST
};

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embeddings.word_embeddings.weight"),
    from("pos_embed.W_pos", "embeddings.position_embeddings.weight"),
    from("embed.W_type", "embeddings.token_type_embeddings.weight"),
    from("embed.ln.w", "embeddings.LayerNorm.weight"),
    from("embed.ln.b", "embeddings.LayerNorm.bias"),
    from("rel_embed.W_E", "encoder.rel_embeddings.weight"),
    from("rel_embed.ln.w", "encoder.LayerNorm.weight"),
    from("rel_embed.ln.b", "encoder.LayerNorm.bias"),
    from("blocks.{l}.conv.W", "encoder.conv.conv.weight").turned().flat(),
    from("blocks.{l}.conv.b", "encoder.conv.conv.bias"),
    from("blocks.{l}.conv.ln.w", "encoder.conv.LayerNorm.weight"),
    from("blocks.{l}.conv.ln.b", "encoder.conv.LayerNorm.bias"),
];

/// Distances have projections of their own, or share those of the content.
const SEPARATE: &[Map] = &[
    from("blocks.{l}.attn.W_Q", "encoder.layer.{l}.attention.self.query_proj.weight").turned(),
    from("blocks.{l}.attn.b_Q", "encoder.layer.{l}.attention.self.query_proj.bias"),
    from("blocks.{l}.attn.W_K", "encoder.layer.{l}.attention.self.key_proj.weight").turned(),
    from("blocks.{l}.attn.b_K", "encoder.layer.{l}.attention.self.key_proj.bias"),
    from("blocks.{l}.attn.W_V", "encoder.layer.{l}.attention.self.value_proj.weight").turned(),
    from("blocks.{l}.attn.b_V", "encoder.layer.{l}.attention.self.value_proj.bias"),
    from("blocks.{l}.attn.W_rel_K", "encoder.layer.{l}.attention.self.pos_key_proj.weight")
        .turned()
        .or("encoder.layer.{l}.attention.self.key_proj.weight"),
    from("blocks.{l}.attn.b_rel_K", "encoder.layer.{l}.attention.self.pos_key_proj.bias")
        .or("encoder.layer.{l}.attention.self.key_proj.bias"),
    from("blocks.{l}.attn.W_rel_Q", "encoder.layer.{l}.attention.self.pos_query_proj.weight")
        .turned()
        .or("encoder.layer.{l}.attention.self.query_proj.weight"),
    from("blocks.{l}.attn.b_rel_Q", "encoder.layer.{l}.attention.self.pos_query_proj.bias")
        .or("encoder.layer.{l}.attention.self.query_proj.bias"),
];

/// One projection for all three; biases of queries and values stand apart, keys have none.
const FUSED: &[Map] = &[
    from("blocks.{l}.attn.W_Q", "encoder.layer.{l}.attention.self.in_proj.weight")
        .turned()
        .rows(qkv_by_head::<0>),
    from("blocks.{l}.attn.W_K", "encoder.layer.{l}.attention.self.in_proj.weight")
        .turned()
        .rows(qkv_by_head::<1>),
    from("blocks.{l}.attn.W_V", "encoder.layer.{l}.attention.self.in_proj.weight")
        .turned()
        .rows(qkv_by_head::<2>),
    from("blocks.{l}.attn.b_Q", "encoder.layer.{l}.attention.self.q_bias"),
    from("blocks.{l}.attn.b_V", "encoder.layer.{l}.attention.self.v_bias"),
    from("blocks.{l}.attn.W_rel_K", "encoder.layer.{l}.attention.self.pos_proj.weight").turned(),
    from("blocks.{l}.attn.W_rel_Q", "encoder.layer.{l}.attention.self.pos_q_proj.weight").turned(),
    from("blocks.{l}.attn.b_rel_Q", "encoder.layer.{l}.attention.self.pos_q_proj.bias"),
];

const MASKED: &[Map] = &[
    from("head.W", "cls.predictions.transform.dense.weight")
        .turned()
        .or("lm_predictions.lm_head.dense.weight"),
    from("head.b", "cls.predictions.transform.dense.bias").or("lm_predictions.lm_head.dense.bias"),
    from("head.ln.w", "cls.predictions.transform.LayerNorm.weight")
        .or("lm_predictions.lm_head.LayerNorm.weight"),
    from("head.ln.b", "cls.predictions.transform.LayerNorm.bias").or("lm_predictions.lm_head.LayerNorm.bias"),
    from("unembed.W_U", "cls.predictions.decoder.weight").turned().or("embeddings.word_embeddings.weight"),
    from("unembed.b_U", "cls.predictions.decoder.bias")
        .or("cls.predictions.bias")
        .or("lm_predictions.lm_head.bias")
        .optional(),
];

fn first(config: &Config) -> Result<ModelSpec, SpecError> {
    if config.flag_or("talking_head", false)? {
        return Err(SpecError::Value {
            key: "talking_head".into(),
            found: "true".into(),
            expected: "false, as heads that mix their scores are not computed",
        });
    }
    let sizes = Sizes { vocab: 50_265, eps: 1e-7, ..Sizes::BERT };
    spec(config, "deberta", &sizes, false)
}

fn second(config: &Config) -> Result<ModelSpec, SpecError> {
    let sizes = Sizes {
        width: ("hidden_size", 1536),
        heads: ("num_attention_heads", 24),
        layers: ("num_hidden_layers", 24),
        mlp: ("intermediate_size", 6144),
        vocab: 128_100,
        eps: 1e-7,
        ..Sizes::BERT
    };
    let mut spec = spec(config, "deberta-v2", &sizes, true)?;
    spec.blocks[0].convolution = convolution(config, spec.width)?;
    Ok(spec)
}

/// The convolution that the larger sizes have beside the first block.
fn convolution(config: &Config, width: usize) -> Result<Option<Convolution>, SpecError> {
    let kernel = config.index_or("conv_kernel_size", 0)?;
    let groups = config.count_or("conv_groups", 1)?;
    if kernel == 0 {
        return Ok(None);
    }
    // An even number of neighbours would make the text one token shorter
    if kernel > MOST_NEIGHBOURS || kernel.is_multiple_of(2) || !width.is_multiple_of(groups) {
        return Err(SpecError::Value {
            key: "conv_kernel_size".into(),
            found: format!("{kernel} in {groups} groups"),
            expected: "an odd number up to 31, in groups that divide the width",
        });
    }
    let activation = match config.word("conv_act")? {
        None | Some("tanh") => ClassActivation::Tanh,
        _ => ClassActivation::Mlp(config.activation_or("conv_act", Activation::Gelu)?),
    };
    let norm = NormSpec::layer(config.float_or("layer_norm_eps", 1e-7)?);
    Ok(Some(Convolution { kernel, groups, activation, norm }))
}

fn spec(config: &Config, family: &str, sizes: &Sizes, buckets: bool) -> Result<ModelSpec, SpecError> {
    let PostNorm { mut spec, activation, norm } = post_norm(config, family, sizes)?;
    spec.embedding.token_types = config.index_or("type_vocab_size", 0)?;
    if !config.flag_or("position_biased_input", true)? {
        spec.embedding.positions = Positions::None;
    }
    let width = config.count_or("embedding_size", spec.width)?;
    if width != spec.width {
        return Err(SpecError::Value {
            key: "embedding_size".into(),
            found: width.to_string(),
            expected: "the model's own width",
        });
    }
    let kinds = config.words_of("pos_att_type")?;
    let looks = |kind: &str| kinds.iter().any(|own| own == kind);
    let (content_to_position, position_to_content) = (looks("c2p"), looks("p2c"));
    let products = 1 + usize::from(content_to_position) + usize::from(position_to_content);
    let bias = config
        .flag_or("relative_attention", false)?
        .then(|| {
            Ok(PositionBias::Disentangled(Disentangled {
                content_to_position,
                position_to_content,
                ..distances(config, sizes, norm, buckets)?
            }))
        })
        .transpose()?;
    for block in &mut spec.blocks {
        block.attention.scale = 1.0 / ((block.attention.head_dim * products) as f32).sqrt();
        block.attention.bias.clone_from(&bias);
    }
    let pooled = config.activation_or("pooler_hidden_act", Activation::Gelu)?;
    let classes = [dense(spec.width, ClassActivation::Mlp(pooled))];
    spec.head =
        head(config, &Heads { masked: (activation, norm), classes: &classes, tags: &[], pair: None })?;
    Ok(spec)
}

/// How distances are told apart.
fn distances(
    config: &Config,
    sizes: &Sizes,
    norm: NormSpec,
    buckets: bool,
) -> Result<Disentangled, SpecError> {
    let positions = config.count_or("max_position_embeddings", sizes.context)?;
    let number = |key: &str| Ok::<_, SpecError>(config.number_opt(key)?.filter(|&n| n >= 1.0));
    let max = number("max_relative_positions")?.map_or(positions, |n| n as usize);
    let bucket = number("position_buckets")?.filter(|_| buckets).map(|n| n as usize);
    let span = bucket.unwrap_or(max);
    if !(2..=ABSURD).contains(&span) {
        return Err(SpecError::Value {
            key: "position_buckets".into(),
            found: span.to_string(),
            expected: "a whole number from 2 to 65536",
        });
    }
    let normed = buckets && config.word("norm_rel_ebd")?.is_some_and(|kinds| kinds.contains("layer_norm"));
    Ok(Disentangled {
        span,
        max_distance: bucket.map(|_| max),
        content_to_position: false,
        position_to_content: false,
        norm: normed.then_some(norm),
    })
}

const MOST_NEIGHBOURS: usize = 31;

/// Distances beyond this are a broken file.
const ABSURD: usize = 1 << 16;
