//! ModernBERT: pre-norm, rotary with two bases, every few layers see all and the others their surroundings only, gated
//! MLP, hardly a bias; the first block has no norm before its attention.
//! Reference: `ModernBertModel` and the classes with heads in Transformers, `modeling_modernbert.py`.

use super::encoder::{Heads, dense, head};
use super::fused::{mlp_half, qkv};
use super::{Family, Map, from, head_dim};
use crate::kernels::Activation;
use crate::model::attention_spec::{AttentionSpec, Window};
use crate::model::classes::{ClassActivation, ClassLayer, Pooling};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::rotary::Rotary;
use crate::model::spec::{
    BlockSpec, EmbeddingSpec, HeadSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Placement,
};

pub(super) const FAMILY: Family = Family {
    model_type: "modernbert",
    architectures: &["ModernBertModel", "ModernBertForMaskedLM"],
    prefixes: &["model.", ""],
    spec,
    weights: &[WEIGHTS, MASKED],
};
pub(super) const CLASSES: Family = Family {
    architectures: &[
        "ModernBertForSequenceClassification",
        "ModernBertForTokenClassification",
        "ModernBertForQuestionAnswering",
        "ModernBertForMultipleChoice",
    ],
    weights: &[WEIGHTS, CLASSIFIER],
    ..FAMILY
};

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embeddings.tok_embeddings.weight"),
    from("embed.ln.w", "embeddings.norm.weight"),
    from("embed.ln.b", "embeddings.norm.bias").optional(),
    from("blocks.{l}.ln1.w", "layers.{l}.attn_norm.weight"),
    from("blocks.{l}.ln1.b", "layers.{l}.attn_norm.bias").optional(),
    from("blocks.{l}.attn.W_Q", "layers.{l}.attn.Wqkv.weight").turned().rows(qkv::<0>),
    from("blocks.{l}.attn.b_Q", "layers.{l}.attn.Wqkv.bias").rows(qkv::<0>).optional(),
    from("blocks.{l}.attn.W_K", "layers.{l}.attn.Wqkv.weight").turned().rows(qkv::<1>),
    from("blocks.{l}.attn.b_K", "layers.{l}.attn.Wqkv.bias").rows(qkv::<1>).optional(),
    from("blocks.{l}.attn.W_V", "layers.{l}.attn.Wqkv.weight").turned().rows(qkv::<2>),
    from("blocks.{l}.attn.b_V", "layers.{l}.attn.Wqkv.bias").rows(qkv::<2>).optional(),
    from("blocks.{l}.attn.W_O", "layers.{l}.attn.Wo.weight").turned(),
    from("blocks.{l}.attn.b_O", "layers.{l}.attn.Wo.bias").optional(),
    from("blocks.{l}.ln2.w", "layers.{l}.mlp_norm.weight"),
    from("blocks.{l}.ln2.b", "layers.{l}.mlp_norm.bias").optional(),
    from("blocks.{l}.mlp.W_gate", "layers.{l}.mlp.Wi.weight").turned().rows(mlp_half::<0>),
    from("blocks.{l}.mlp.b_gate", "layers.{l}.mlp.Wi.bias").rows(mlp_half::<0>).optional(),
    from("blocks.{l}.mlp.W_in", "layers.{l}.mlp.Wi.weight").turned().rows(mlp_half::<1>),
    from("blocks.{l}.mlp.b_in", "layers.{l}.mlp.Wi.bias").rows(mlp_half::<1>).optional(),
    from("blocks.{l}.mlp.W_out", "layers.{l}.mlp.Wo.weight").turned(),
    from("blocks.{l}.mlp.b_out", "layers.{l}.mlp.Wo.bias").optional(),
    from("ln_final.w", "final_norm.weight"),
    from("ln_final.b", "final_norm.bias").optional(),
];

const MASKED: &[Map] = &[
    from("head.W", "head.dense.weight").turned(),
    from("head.b", "head.dense.bias").optional(),
    from("head.ln.w", "head.norm.weight"),
    from("head.ln.b", "head.norm.bias").optional(),
    from("unembed.W_U", "decoder.weight").turned().or("embeddings.tok_embeddings.weight"),
    from("unembed.b_U", "decoder.bias").optional(),
];

const CLASSIFIER: &[Map] = &[
    from("head.0.W", "head.dense.weight").turned(),
    from("head.0.b", "head.dense.bias").optional(),
    from("head.1.ln.w", "head.norm.weight"),
    from("head.1.ln.b", "head.norm.bias").optional(),
    from("head.2.W", "classifier.weight").turned(),
    from("head.2.b", "classifier.bias"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let width = config.count_or("hidden_size", 768)?;
    let heads = config.count_or("num_attention_heads", 12)?;
    let dim = head_dim(width, heads, "num_attention_heads")?;
    let norm = NormSpec::layer(config.float_or("norm_eps", 1e-5)?);
    let mlp = MlpSpec {
        width: config.count_or("intermediate_size", 1152)?,
        activation: config.activation_or("hidden_activation", Activation::Gelu)?,
        gated: true,
    };
    let rotary = |kind: &str, old: &str, theta: f64| -> Result<Rotary, SpecError> {
        let theta = config.float_or(old, theta)?;
        Ok(config.rotary_of(kind, dim, theta, 8192)?.unwrap_or_else(|| Rotary::new(dim, theta)))
    };
    let all = rotary("full_attention", "global_rope_theta", 160_000.0)?;
    let near = rotary("sliding_attention", "local_rope_theta", 10_000.0)?;
    let side = config.count_or("local_attention", 128)? / 2;
    let rhythm = config.count_or("global_attn_every_n_layers", 3)?;
    let kinds = config.words("layer_types");
    let block = |layer: usize| {
        let local = match &kinds {
            Some(kinds) => kinds.get(layer) == Some(&"sliding_attention"),
            None => !layer.is_multiple_of(rhythm),
        };
        let attention = AttentionSpec {
            rotary: Some(if local { near.clone() } else { all.clone() }),
            window: local.then_some(Window::TwoSided(side)),
            ..AttentionSpec::new(heads, heads, dim)
        };
        let block = BlockSpec::new(attention, mlp.clone(), norm, Placement::Pre);
        BlockSpec { ln1: (layer > 0).then_some(norm), ..block }
    };
    let layers = config.layers_or("num_hidden_layers", 22)?;
    Ok(ModelSpec {
        family: "modernbert".into(),
        architecture: config.architecture().unwrap_or("ModernBertModel").into(),
        width,
        vocab: config.count_or("vocab_size", 50_368)?,
        context: Some(config.count_or("max_position_embeddings", 8192)?),
        encoder: None,
        embedding: EmbeddingSpec { norm: Some(norm), ..EmbeddingSpec::default() },
        blocks: (0..layers).map(block).collect(),
        final_norm: Some(norm),
        head: pooled(config, width, norm)?,
        logits: LogitSpec::default(),
    })
}

/// Every head begins with the same dense layer and norm.
fn pooled(config: &Config, width: usize, norm: NormSpec) -> Result<HeadSpec, SpecError> {
    let activation = config.activation_or("classifier_activation", Activation::Gelu)?;
    let before = [dense(width, ClassActivation::Mlp(activation)), ClassLayer::Norm(norm)];
    let heads = Heads { masked: (activation, norm), classes: &before, tags: &before, pair: None };
    let mut head = head(config, &heads)?;
    if let HeadSpec::Classes(classes) = &mut head
        && classes.pooling == Pooling::First
        && config.word("classifier_pooling")? == Some("mean")
    {
        classes.pooling = Pooling::Mean;
    }
    Ok(head)
}
