//! XGLM: OPT's block with sines for positions and a scaled embedding.
//! Reference: `XGLMForCausalLM`, `XGLMModel` in Transformers, `modeling_xglm.py`.

use super::{Family, Map, from, head_dim, head_of};
use crate::kernels::Activation;
use crate::model::attention_spec::AttentionSpec;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{
    BlockSpec, EmbeddingSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Placement, Positions,
};

pub(super) const FAMILY: Family = Family {
    model_type: "xglm",
    architectures: &["XGLMForCausalLM", "XGLMModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[WEIGHTS],
};

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embed_tokens.weight"),
    from("blocks.{l}.ln1.w", "layers.{l}.self_attn_layer_norm.weight"),
    from("blocks.{l}.ln1.b", "layers.{l}.self_attn_layer_norm.bias"),
    from("blocks.{l}.attn.W_Q", "layers.{l}.self_attn.q_proj.weight").turned(),
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias"),
    from("blocks.{l}.attn.W_K", "layers.{l}.self_attn.k_proj.weight").turned(),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias"),
    from("blocks.{l}.attn.W_V", "layers.{l}.self_attn.v_proj.weight").turned(),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias"),
    from("blocks.{l}.attn.W_O", "layers.{l}.self_attn.out_proj.weight").turned(),
    from("blocks.{l}.attn.b_O", "layers.{l}.self_attn.out_proj.bias"),
    from("blocks.{l}.ln2.w", "layers.{l}.final_layer_norm.weight"),
    from("blocks.{l}.ln2.b", "layers.{l}.final_layer_norm.bias"),
    from("blocks.{l}.mlp.W_in", "layers.{l}.fc1.weight").turned(),
    from("blocks.{l}.mlp.b_in", "layers.{l}.fc1.bias"),
    from("blocks.{l}.mlp.W_out", "layers.{l}.fc2.weight").turned(),
    from("blocks.{l}.mlp.b_out", "layers.{l}.fc2.bias"),
    from("ln_final.w", "layer_norm.weight"),
    from("ln_final.b", "layer_norm.bias"),
    from("unembed.W_U", "lm_head.weight").turned().or("embed_tokens.weight"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let width = config.count_or("d_model", 1024)?;
    let heads = config.count_or("attention_heads", 16)?;
    let head_dim = head_dim(width, heads, "attention_heads")?;
    let norm = NormSpec::layer(1e-5);
    let mlp = MlpSpec {
        width: config.count_or("ffn_dim", 4096)?,
        activation: config.activation_or("activation_function", Activation::Gelu)?,
        gated: false,
    };
    let block = BlockSpec::new(AttentionSpec::causal(heads, heads, head_dim), mlp, norm, Placement::Pre);
    let scaled = config.flag_or("scale_embedding", true)?;
    Ok(ModelSpec {
        family: "xglm".into(),
        architecture: config.architecture().unwrap_or("XGLMForCausalLM").into(),
        width,
        vocab: config.count_or("vocab_size", 256_008)?,
        context: Some(config.count_or("max_position_embeddings", 2048)?),
        encoder: None,
        embedding: EmbeddingSpec {
            scale: if scaled { (width as f64).sqrt() as f32 } else { 1.0 },
            positions: Positions::FairseqSinusoidal { offset: 2 },
            ..EmbeddingSpec::default()
        },
        blocks: vec![block; config.layers_or("num_layers", 24)?],
        final_norm: Some(norm),
        head: head_of(config),
        logits: LogitSpec::default(),
    })
}
