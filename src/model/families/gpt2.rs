//! GPT-2: LayerNorm before each sub-layer, learned positions, one fused q/k/v matrix, weights stored [in, out].
//! Reference: `GPT2LMHeadModel`, `GPT2Model` in Transformers, `modeling_gpt2.py`.

use super::fused::qkv;
use super::{Family, Map, from, head_dim, head_of};
use crate::kernels::Activation;
use crate::model::attention_spec::AttentionSpec;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{
    BlockSpec, EmbeddingSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Placement, Positions,
};

pub(super) const FAMILY: Family = Family {
    model_type: "gpt2",
    architectures: &["GPT2LMHeadModel", "GPT2DoubleHeadsModel", "GPT2Model"],
    prefixes: &["transformer.", ""],
    spec,
    weights: &[OUTSIDE, NORMS, ATTENTION, MLP],
};

/// Embeddings, last norm and unembedding; GPT-Neo and GPT-BigCode have the same.
pub(super) const OUTSIDE: &[Map] = &[
    from("embed.W_E", "wte.weight"),
    from("pos_embed.W_pos", "wpe.weight"),
    from("ln_final.w", "ln_f.weight"),
    from("ln_final.b", "ln_f.bias"),
    from("unembed.W_U", "lm_head.weight").turned().or("wte.weight"),
];

/// GPT-1, GPT-Neo and GPT-BigCode have the same.
pub(super) const NORMS: &[Map] = &[
    from("blocks.{l}.ln1.w", "h.{l}.ln_1.weight"),
    from("blocks.{l}.ln1.b", "h.{l}.ln_1.bias"),
    from("blocks.{l}.ln2.w", "h.{l}.ln_2.weight"),
    from("blocks.{l}.ln2.b", "h.{l}.ln_2.bias"),
];

/// GPT-1 has the same.
pub(super) const ATTENTION: &[Map] = &[
    from("blocks.{l}.attn.W_Q", "h.{l}.attn.c_attn.weight").rows(qkv::<0>),
    from("blocks.{l}.attn.W_K", "h.{l}.attn.c_attn.weight").rows(qkv::<1>),
    from("blocks.{l}.attn.W_V", "h.{l}.attn.c_attn.weight").rows(qkv::<2>),
    from("blocks.{l}.attn.b_Q", "h.{l}.attn.c_attn.bias").rows(qkv::<0>),
    from("blocks.{l}.attn.b_K", "h.{l}.attn.c_attn.bias").rows(qkv::<1>),
    from("blocks.{l}.attn.b_V", "h.{l}.attn.c_attn.bias").rows(qkv::<2>),
    from("blocks.{l}.attn.W_O", "h.{l}.attn.c_proj.weight"),
    from("blocks.{l}.attn.b_O", "h.{l}.attn.c_proj.bias"),
];

/// GPT-1 has the same.
pub(super) const MLP: &[Map] = &[
    from("blocks.{l}.mlp.W_in", "h.{l}.mlp.c_fc.weight"),
    from("blocks.{l}.mlp.b_in", "h.{l}.mlp.c_fc.bias"),
    from("blocks.{l}.mlp.W_out", "h.{l}.mlp.c_proj.weight"),
    from("blocks.{l}.mlp.b_out", "h.{l}.mlp.c_proj.bias"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let width = config.count_or("n_embd", 768)?;
    let heads = config.count_or("n_head", 12)?;
    let head_dim = head_dim(width, heads, "n_head")?;
    let norm = NormSpec::layer(config.float_or("layer_norm_epsilon", 1e-5)?);
    let scaled = config.flag_or("scale_attn_weights", true)?;
    let by_layer = config.flag_or("scale_attn_by_inverse_layer_idx", false)?;
    let mlp = MlpSpec {
        width: config.count_or("n_inner", 4 * width)?,
        activation: config.activation_or("activation_function", Activation::NewGelu)?,
        gated: false,
    };
    let block = |layer: usize| {
        let root = if scaled { (head_dim as f32).sqrt() } else { 1.0 };
        let depth = if by_layer { (layer + 1) as f32 } else { 1.0 };
        let attention =
            AttentionSpec { scale: 1.0 / root / depth, ..AttentionSpec::causal(heads, heads, head_dim) };
        BlockSpec::new(attention, mlp.clone(), norm, Placement::Pre)
    };
    let architecture = config.architecture().unwrap_or("GPT2LMHeadModel");
    Ok(ModelSpec {
        family: "gpt2".into(),
        architecture: architecture.into(),
        width,
        vocab: config.count_or("vocab_size", 50_257)?,
        context: Some(config.count_or("n_positions", 1024)?),
        encoder: None,
        embedding: EmbeddingSpec { positions: Positions::Learned { offset: 0 }, ..EmbeddingSpec::default() },
        blocks: (0..config.layers_or("n_layer", 12)?).map(block).collect(),
        final_norm: Some(norm),
        head: head_of(config),
        logits: LogitSpec::default(),
    })
}
