//! GPT-Neo: GPT-2's block with separate projections and scores that are not scaled; every second layer sees a window.
//! Reference: `GPTNeoForCausalLM`, `GPTNeoModel` in Transformers, `modeling_gpt_neo.py`.

use super::{Family, Map, from, gpt2, head_dim, head_of};
use crate::kernels::Activation;
use crate::model::attention_spec::{AttentionSpec, Window};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{
    BlockSpec, EmbeddingSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Placement, Positions,
};

pub(super) const FAMILY: Family = Family {
    model_type: "gpt_neo",
    architectures: &["GPTNeoForCausalLM", "GPTNeoModel"],
    prefixes: &["transformer.", ""],
    spec,
    weights: &[gpt2::OUTSIDE, gpt2::NORMS, ATTENTION, MLP],
};

/// No biases before the product.
const ATTENTION: &[Map] = &[
    from("blocks.{l}.attn.W_Q", "h.{l}.attn.attention.q_proj.weight").turned(),
    from("blocks.{l}.attn.W_K", "h.{l}.attn.attention.k_proj.weight").turned(),
    from("blocks.{l}.attn.W_V", "h.{l}.attn.attention.v_proj.weight").turned(),
    from("blocks.{l}.attn.W_O", "h.{l}.attn.attention.out_proj.weight").turned(),
    from("blocks.{l}.attn.b_O", "h.{l}.attn.attention.out_proj.bias"),
];

/// GPT-BigCode has the same.
pub(super) const MLP: &[Map] = &[
    from("blocks.{l}.mlp.W_in", "h.{l}.mlp.c_fc.weight").turned(),
    from("blocks.{l}.mlp.b_in", "h.{l}.mlp.c_fc.bias"),
    from("blocks.{l}.mlp.W_out", "h.{l}.mlp.c_proj.weight").turned(),
    from("blocks.{l}.mlp.b_out", "h.{l}.mlp.c_proj.bias"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let width = config.count_or("hidden_size", 2048)?;
    let heads = config.count_or("num_heads", 16)?;
    let head_dim = head_dim(width, heads, "num_heads")?;
    let layers = config.layers_or("num_layers", 24)?;
    let norm = NormSpec::layer(config.float_or("layer_norm_epsilon", 1e-5)?);
    let mlp = MlpSpec {
        width: config.count_or("intermediate_size", 4 * width)?,
        activation: config.activation_or("activation_function", Activation::NewGelu)?,
        gated: false,
    };
    let window = config.count_or("window_size", 256)?;
    let locals = locals(config, layers);
    let block = |layer: usize| {
        let attention = AttentionSpec {
            scale: 1.0,
            window: locals[layer].then_some(Window::Sliding(window)),
            ..AttentionSpec::causal(heads, heads, head_dim)
        };
        BlockSpec::new(attention, mlp.clone(), norm, Placement::Pre)
    };
    Ok(ModelSpec {
        family: "gpt_neo".into(),
        architecture: config.architecture().unwrap_or("GPTNeoForCausalLM").into(),
        width,
        vocab: config.count_or("vocab_size", 50_257)?,
        context: Some(config.count_or("max_position_embeddings", 2048)?),
        encoder: None,
        embedding: EmbeddingSpec { positions: Positions::Learned { offset: 0 }, ..EmbeddingSpec::default() },
        blocks: (0..layers).map(block).collect(),
        final_norm: Some(norm),
        head: head_of(config),
        logits: LogitSpec::default(),
    })
}

/// Which layers see a window: `attention_types` lists runs, [[kinds…], times]; by default they take turns.
fn locals(config: &Config, layers: usize) -> Vec<bool> {
    let mut locals = Vec::with_capacity(layers);
    for (kinds, times) in config.runs("attention_types") {
        for _ in 0..times.min(layers) {
            locals.extend(kinds.iter().map(|&kind| kind == "local"));
        }
    }
    if locals.is_empty() {
        locals = (0..layers).map(|layer| layer % 2 == 1).collect();
    }
    locals.resize(layers, false);
    locals
}
