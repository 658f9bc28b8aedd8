//! NomicBERT: BERT's blocks with rotary in place of learned positions, a gated MLP, and no biases in the blocks.
//! Reference: `NomicBertModel` and the classes with heads in Transformers, `modeling_nomic_bert.py`; the class that was
//! published with the weights fuses q, k and v and has other names.

use super::encoder::{Heads, PostNorm, Sizes, TAGS, dense, head, post_norm};
use super::fused::qkv;
use super::{Family, Map, bert, from};
use crate::kernels::Activation;
use crate::model::classes::ClassActivation;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{ModelSpec, Positions};

pub(super) const FAMILY: Family = Family {
    model_type: "nomic_bert",
    architectures: &["NomicBertModel", "NomicBertForMaskedLM"],
    prefixes: &["nomic_bert.", "bert.", ""],
    spec,
    weights: &[WEIGHTS, MASKED],
};
pub(super) const CLASSES: Family = Family {
    architectures: &["NomicBertForSequenceClassification"],
    weights: &[WEIGHTS, bert::POOLED],
    ..FAMILY
};
pub(super) const TAGGER: Family =
    Family { architectures: &["NomicBertForTokenClassification"], weights: &[WEIGHTS, TAGS], ..FAMILY };

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embeddings.word_embeddings.weight"),
    from("embed.W_type", "embeddings.token_type_embeddings.weight"),
    from("embed.ln.w", "embeddings.LayerNorm.weight").or("emb_ln.weight"),
    from("embed.ln.b", "embeddings.LayerNorm.bias").or("emb_ln.bias"),
    from("blocks.{l}.attn.W_Q", "encoder.layers.{l}.attn.Wqkv.weight")
        .turned()
        .rows(qkv::<0>)
        .apart("layers.{l}.self_attn.q_proj.weight"),
    from("blocks.{l}.attn.W_K", "encoder.layers.{l}.attn.Wqkv.weight")
        .turned()
        .rows(qkv::<1>)
        .apart("layers.{l}.self_attn.k_proj.weight"),
    from("blocks.{l}.attn.W_V", "encoder.layers.{l}.attn.Wqkv.weight")
        .turned()
        .rows(qkv::<2>)
        .apart("layers.{l}.self_attn.v_proj.weight"),
    from("blocks.{l}.attn.W_O", "layers.{l}.self_attn.o_proj.weight")
        .turned()
        .or("encoder.layers.{l}.attn.out_proj.weight"),
    from("blocks.{l}.ln1.w", "layers.{l}.post_attention_layernorm.weight")
        .or("encoder.layers.{l}.norm1.weight"),
    from("blocks.{l}.ln1.b", "layers.{l}.post_attention_layernorm.bias").or("encoder.layers.{l}.norm1.bias"),
    from("blocks.{l}.mlp.W_gate", "layers.{l}.mlp.gate_proj.weight")
        .turned()
        .or("encoder.layers.{l}.mlp.fc12.weight"),
    from("blocks.{l}.mlp.W_in", "layers.{l}.mlp.up_proj.weight")
        .turned()
        .or("encoder.layers.{l}.mlp.fc11.weight"),
    from("blocks.{l}.mlp.W_out", "layers.{l}.mlp.down_proj.weight")
        .turned()
        .or("encoder.layers.{l}.mlp.fc2.weight"),
    from("blocks.{l}.ln2.w", "layers.{l}.post_mlp_layernorm.weight").or("encoder.layers.{l}.norm2.weight"),
    from("blocks.{l}.ln2.b", "layers.{l}.post_mlp_layernorm.bias").or("encoder.layers.{l}.norm2.bias"),
];

const MASKED: &[Map] = &[
    from("head.W", "cls.predictions.transform.dense.weight").turned(),
    from("head.b", "cls.predictions.transform.dense.bias"),
    from("head.ln.w", "cls.predictions.transform.layer_norm.weight"),
    from("head.ln.b", "cls.predictions.transform.layer_norm.bias"),
    from("unembed.W_U", "cls.predictions.decoder.weight").turned().or("embeddings.word_embeddings.weight"),
    from("unembed.b_U", "cls.predictions.decoder.bias").or("cls.predictions.bias").optional(),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    // The class that came with the weights has GPT-2's words for its sizes
    let old = config.has("n_embd");
    let key = |new: &'static str, old_one: &'static str| if old { old_one } else { new };
    let sizes = Sizes {
        width: (key("hidden_size", "n_embd"), 768),
        heads: (key("num_attention_heads", "n_head"), 12),
        layers: (key("num_hidden_layers", "n_layer"), 12),
        mlp: (key("intermediate_size", "n_inner"), 3072),
        vocab: 30_528,
        context: config.count_or(key("max_position_embeddings", "n_positions"), 2048)?,
        activation: ("hidden_act", Activation::Silu),
        eps: config.float_or(key("layer_norm_eps", "layer_norm_epsilon"), 1e-12)?,
        ..Sizes::BERT
    };
    let PostNorm { mut spec, activation, norm } = post_norm(config, "nomic_bert", &sizes)?;
    spec.embedding.positions = Positions::None;
    let theta = config.float_or("rotary_emb_base", 1000.0)?;
    for block in &mut spec.blocks {
        let attention = &mut block.attention;
        attention.head_dim = config.count_or("head_dim", attention.head_dim)?;
        attention.scale = 1.0 / (attention.head_dim as f32).sqrt();
        attention.rotary = Some(config.rotary(attention.head_dim, theta, sizes.context)?);
        if let Some(mlp) = &mut block.mlp {
            mlp.gated = true;
        }
    }
    let heads = Heads {
        masked: (activation, norm),
        classes: &[dense(spec.width, ClassActivation::Tanh)],
        tags: &[],
        pair: None,
    };
    spec.head = head(config, &heads)?;
    Ok(spec)
}
