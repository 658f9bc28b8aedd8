//! OPT: learned positions from row 2 on, separate projections; the 350M model has norms after each sum, none at the
//! end, and narrower embeddings.
//! Reference: `OPTForCausalLM`, `OPTModel` in Transformers, `modeling_opt.py`.

use super::{Family, Map, from, head_dim, head_of};
use crate::kernels::Activation;
use crate::model::attention_spec::AttentionSpec;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{
    BlockSpec, EmbeddingProjection, EmbeddingSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Placement,
    Positions,
};

pub(super) const FAMILY: Family = Family {
    model_type: "opt",
    architectures: &["OPTForCausalLM", "OPTModel"],
    prefixes: &["model.decoder.", "decoder.", ""],
    spec,
    weights: &[WEIGHTS],
};

const NORMS: &str = "layer_norm_elementwise_affine";
const BIASES: &str = "enable_bias";

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embed_tokens.weight"),
    from("embed.W_in", "project_in.weight").turned(),
    from("pos_embed.W_pos", "embed_positions.weight"),
    from("blocks.{l}.ln1.w", "layers.{l}.self_attn_layer_norm.weight").unless_off(NORMS),
    from("blocks.{l}.ln1.b", "layers.{l}.self_attn_layer_norm.bias").unless_off(NORMS),
    from("blocks.{l}.attn.W_Q", "layers.{l}.self_attn.q_proj.weight").turned(),
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias").unless_off(BIASES),
    from("blocks.{l}.attn.W_K", "layers.{l}.self_attn.k_proj.weight").turned(),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias").unless_off(BIASES),
    from("blocks.{l}.attn.W_V", "layers.{l}.self_attn.v_proj.weight").turned(),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias").unless_off(BIASES),
    from("blocks.{l}.attn.W_O", "layers.{l}.self_attn.out_proj.weight").turned(),
    from("blocks.{l}.attn.b_O", "layers.{l}.self_attn.out_proj.bias").unless_off(BIASES),
    from("blocks.{l}.ln2.w", "layers.{l}.final_layer_norm.weight").unless_off(NORMS),
    from("blocks.{l}.ln2.b", "layers.{l}.final_layer_norm.bias").unless_off(NORMS),
    from("blocks.{l}.mlp.W_in", "layers.{l}.fc1.weight").turned(),
    from("blocks.{l}.mlp.b_in", "layers.{l}.fc1.bias").unless_off(BIASES),
    from("blocks.{l}.mlp.W_out", "layers.{l}.fc2.weight").turned(),
    from("blocks.{l}.mlp.b_out", "layers.{l}.fc2.bias").unless_off(BIASES),
    from("ln_final.w", "final_layer_norm.weight").unless_off(NORMS),
    from("ln_final.b", "final_layer_norm.bias").unless_off(NORMS),
    from("unembed.W_in", "project_out.weight").turned(),
    from("unembed.W_U", "lm_head.weight").turned().or("embed_tokens.weight"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let width = config.count_or("hidden_size", 768)?;
    let heads = config.count_or("num_attention_heads", 12)?;
    let head_dim = head_dim(width, heads, "num_attention_heads")?;
    let norm = NormSpec::layer(1e-5);
    let before = config.flag_or("do_layer_norm_before", true)?;
    let mlp = MlpSpec {
        width: config.count_or("ffn_dim", 3072)?,
        activation: config.activation_or("activation_function", Activation::Relu)?,
        gated: false,
    };
    let placement = if before { Placement::Pre } else { Placement::Post };
    let block = BlockSpec::new(AttentionSpec::causal(heads, heads, head_dim), mlp, norm, placement);
    let narrow = config.count_or("word_embed_proj_dim", width)?;
    let projection = (narrow != width).then_some(EmbeddingProjection { width: narrow, whole_sum: false });
    let removed = config.flag_or("_remove_final_layer_norm", false)?;
    Ok(ModelSpec {
        family: "opt".into(),
        architecture: config.architecture().unwrap_or("OPTForCausalLM").into(),
        width,
        vocab: config.count_or("vocab_size", 50_272)?,
        context: Some(config.count_or("max_position_embeddings", 2048)?),
        encoder: None,
        embedding: EmbeddingSpec {
            projection,
            positions: Positions::Learned { offset: 2 },
            ..EmbeddingSpec::default()
        },
        blocks: vec![block; config.layers_or("num_hidden_layers", 12)?],
        final_norm: (before && !removed).then_some(norm),
        head: head_of(config),
        logits: LogitSpec::default(),
    })
}
