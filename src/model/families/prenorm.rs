//! BERTs whose norms stand before each half, with one more behind the last block: MegatronBERT, XLM-R XL, RoBERTa with
//! pre-layer norm.
//! Reference: `MegatronBertModel`, `XLMRobertaXLModel`, `RobertaPreLayerNormModel` and the classes with heads in
//! Transformers, `modeling_megatron_bert.py` and theirs.

use super::encoder::{ANSWER, CLASSIFIER, PostNorm, Sizes, TAGS, dense, head, post_norm};
use super::roberta::{self, skip_padding};
use super::{Family, Map, bert, from};
use crate::model::classes::ClassActivation;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{ModelSpec, Placement};

pub(super) const MEGATRON: Family = Family {
    model_type: "megatron-bert",
    architectures: &[
        "MegatronBertModel",
        "MegatronBertForMaskedLM",
        "MegatronBertForPreTraining",
        "MegatronBertForCausalLM",
    ],
    prefixes: &["bert.", ""],
    spec: megatron,
    weights: &[EMBEDDINGS, bert::PROJECTIONS, OUTPUTS, MEGATRON_NORMS, bert::MASKED, bert::PAIR],
};
pub(super) const MEGATRON_CLASSES: Family = Family {
    architectures: &["MegatronBertForSequenceClassification", "MegatronBertForMultipleChoice"],
    weights: &[EMBEDDINGS, bert::PROJECTIONS, OUTPUTS, MEGATRON_NORMS, bert::POOLED],
    ..MEGATRON
};
pub(super) const MEGATRON_TAGGER: Family = Family {
    architectures: &["MegatronBertForTokenClassification"],
    weights: &[EMBEDDINGS, bert::PROJECTIONS, OUTPUTS, MEGATRON_NORMS, TAGS],
    ..MEGATRON
};
pub(super) const MEGATRON_ANSWERS: Family = Family {
    architectures: &["MegatronBertForQuestionAnswering"],
    weights: &[EMBEDDINGS, bert::PROJECTIONS, OUTPUTS, MEGATRON_NORMS, ANSWER],
    ..MEGATRON
};

pub(super) const XL: Family = Family {
    model_type: "xlm-roberta-xl",
    architectures: &["XLMRobertaXLModel", "XLMRobertaXLForMaskedLM", "XLMRobertaXLForCausalLM"],
    prefixes: &["roberta.", ""],
    spec: xl,
    weights: &[EMBEDDINGS, bert::PROJECTIONS, OUTPUTS, XL_NORMS, roberta::MASKED],
};
pub(super) const XL_CLASSES: Family = Family {
    architectures: &["XLMRobertaXLForSequenceClassification"],
    weights: &[EMBEDDINGS, bert::PROJECTIONS, OUTPUTS, XL_NORMS, CLASSIFIER],
    ..XL
};
pub(super) const XL_TAGGER: Family = Family {
    architectures: &["XLMRobertaXLForTokenClassification"],
    weights: &[EMBEDDINGS, bert::PROJECTIONS, OUTPUTS, XL_NORMS, TAGS],
    ..XL
};
pub(super) const XL_ANSWERS: Family = Family {
    architectures: &["XLMRobertaXLForQuestionAnswering"],
    weights: &[EMBEDDINGS, bert::PROJECTIONS, OUTPUTS, XL_NORMS, ANSWER],
    ..XL
};

pub(super) const BEFORE: Family = Family {
    model_type: "roberta-prelayernorm",
    architectures: &[
        "RobertaPreLayerNormModel",
        "RobertaPreLayerNormForMaskedLM",
        "RobertaPreLayerNormForCausalLM",
    ],
    prefixes: &["roberta_prelayernorm.", ""],
    spec: before,
    weights: &[bert::WEIGHTS, bert::PROJECTIONS, OUTPUTS, BEFORE_NORMS, roberta::MASKED],
};
pub(super) const BEFORE_CLASSES: Family = Family {
    architectures: &["RobertaPreLayerNormForSequenceClassification"],
    weights: &[bert::WEIGHTS, bert::PROJECTIONS, OUTPUTS, BEFORE_NORMS, CLASSIFIER],
    ..BEFORE
};
pub(super) const BEFORE_TAGGER: Family = Family {
    architectures: &["RobertaPreLayerNormForTokenClassification"],
    weights: &[bert::WEIGHTS, bert::PROJECTIONS, OUTPUTS, BEFORE_NORMS, TAGS],
    ..BEFORE
};
pub(super) const BEFORE_ANSWERS: Family = Family {
    architectures: &["RobertaPreLayerNormForQuestionAnswering"],
    weights: &[bert::WEIGHTS, bert::PROJECTIONS, OUTPUTS, BEFORE_NORMS, ANSWER],
    ..BEFORE
};

/// Without a norm.
const EMBEDDINGS: &[Map] = &[
    from("embed.W_E", "embeddings.word_embeddings.weight"),
    from("pos_embed.W_pos", "embeddings.position_embeddings.weight"),
    from("embed.W_type", "embeddings.token_type_embeddings.weight"),
];

/// What follows the heads, less the norms.
const OUTPUTS: &[Map] = &[
    from("blocks.{l}.attn.W_O", "encoder.layer.{l}.attention.output.dense.weight").turned(),
    from("blocks.{l}.attn.b_O", "encoder.layer.{l}.attention.output.dense.bias"),
    from("blocks.{l}.mlp.W_in", "encoder.layer.{l}.intermediate.dense.weight").turned(),
    from("blocks.{l}.mlp.b_in", "encoder.layer.{l}.intermediate.dense.bias"),
    from("blocks.{l}.mlp.W_out", "encoder.layer.{l}.output.dense.weight").turned(),
    from("blocks.{l}.mlp.b_out", "encoder.layer.{l}.output.dense.bias"),
];

const MEGATRON_NORMS: &[Map] = &[
    from("blocks.{l}.ln1.w", "encoder.layer.{l}.attention.ln.weight"),
    from("blocks.{l}.ln1.b", "encoder.layer.{l}.attention.ln.bias"),
    from("blocks.{l}.ln2.w", "encoder.layer.{l}.ln.weight"),
    from("blocks.{l}.ln2.b", "encoder.layer.{l}.ln.bias"),
    from("ln_final.w", "encoder.ln.weight"),
    from("ln_final.b", "encoder.ln.bias"),
];
const XL_NORMS: &[Map] = &[
    from("blocks.{l}.ln1.w", "encoder.layer.{l}.attention.self_attn_layer_norm.weight"),
    from("blocks.{l}.ln1.b", "encoder.layer.{l}.attention.self_attn_layer_norm.bias"),
    from("blocks.{l}.ln2.w", "encoder.layer.{l}.LayerNorm.weight"),
    from("blocks.{l}.ln2.b", "encoder.layer.{l}.LayerNorm.bias"),
    from("ln_final.w", "encoder.LayerNorm.weight"),
    from("ln_final.b", "encoder.LayerNorm.bias"),
];
const BEFORE_NORMS: &[Map] = &[
    from("blocks.{l}.ln1.w", "encoder.layer.{l}.attention.LayerNorm.weight"),
    from("blocks.{l}.ln1.b", "encoder.layer.{l}.attention.LayerNorm.bias"),
    from("blocks.{l}.ln2.w", "encoder.layer.{l}.intermediate.LayerNorm.weight"),
    from("blocks.{l}.ln2.b", "encoder.layer.{l}.intermediate.LayerNorm.bias"),
    from("ln_final.w", "LayerNorm.weight"),
    from("ln_final.b", "LayerNorm.bias"),
];

/// BERT with its norms moved.
fn pre_norm(config: &Config, family: &str, sizes: &Sizes) -> Result<PostNorm, SpecError> {
    let mut found = post_norm(config, family, sizes)?;
    found.spec.final_norm = Some(found.norm);
    for block in &mut found.spec.blocks {
        block.placement = Placement::Pre;
    }
    Ok(found)
}

fn megatron(config: &Config) -> Result<ModelSpec, SpecError> {
    let sizes = Sizes {
        width: ("hidden_size", 1024),
        heads: ("num_attention_heads", 16),
        layers: ("num_hidden_layers", 24),
        mlp: ("intermediate_size", 4096),
        vocab: 29_056,
        ..Sizes::BERT
    };
    let mut bare = pre_norm(config, "megatron-bert", &sizes)?;
    bare.spec.embedding.norm = None;
    bert::with_heads(config, bare)
}

fn xl(config: &Config) -> Result<ModelSpec, SpecError> {
    let sizes = Sizes {
        width: ("hidden_size", 2560),
        heads: ("num_attention_heads", 32),
        layers: ("num_hidden_layers", 36),
        mlp: ("intermediate_size", 10_240),
        vocab: 250_880,
        context: 514,
        token_types: 1,
        eps: 1e-5,
        ..Sizes::BERT
    };
    let mut spec = of_roberta(config, "xlm-roberta-xl", &sizes)?;
    spec.embedding.norm = None;
    Ok(spec)
}

fn before(config: &Config) -> Result<ModelSpec, SpecError> {
    of_roberta(config, "roberta-prelayernorm", &Sizes { vocab: 50_265, ..Sizes::BERT })
}

fn of_roberta(config: &Config, family: &str, sizes: &Sizes) -> Result<ModelSpec, SpecError> {
    let PostNorm { mut spec, norm, .. } = pre_norm(config, family, sizes)?;
    skip_padding(&mut spec, config.index_or("pad_token_id", 1)?)?;
    spec.head = head(config, &roberta::heads(norm, &[dense(spec.width, ClassActivation::Tanh)]))?;
    Ok(spec)
}
