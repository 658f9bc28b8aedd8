//! GPT-J: both halves read one norm's output; rotary on the first dimensions of each head, neighbours in pairs.
//! Reference: `GPTJForCausalLM`, `GPTJModel` in Transformers, `modeling_gptj.py`.

use super::{Family, Map, from, head_dim, head_of};
use crate::kernels::Activation;
use crate::model::attention_spec::AttentionSpec;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::rotary::Rotary;
use crate::model::spec::{BlockSpec, EmbeddingSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Placement};

pub(super) const FAMILY: Family = Family {
    model_type: "gptj",
    architectures: &["GPTJForCausalLM", "GPTJModel"],
    prefixes: &["transformer.", ""],
    spec: |config| spec(config, "gptj"),
    weights: &[WEIGHTS, ATTENTION],
};

/// All but the queries, keys and values, which CodeGen stores in one.
pub(super) const WEIGHTS: &[Map] = &[
    from("embed.W_E", "wte.weight"),
    from("blocks.{l}.ln1.w", "h.{l}.ln_1.weight"),
    from("blocks.{l}.ln1.b", "h.{l}.ln_1.bias"),
    from("blocks.{l}.attn.W_O", "h.{l}.attn.out_proj.weight").turned(),
    from("blocks.{l}.mlp.W_in", "h.{l}.mlp.fc_in.weight").turned(),
    from("blocks.{l}.mlp.b_in", "h.{l}.mlp.fc_in.bias"),
    from("blocks.{l}.mlp.W_out", "h.{l}.mlp.fc_out.weight").turned(),
    from("blocks.{l}.mlp.b_out", "h.{l}.mlp.fc_out.bias"),
    from("ln_final.w", "ln_f.weight"),
    from("ln_final.b", "ln_f.bias"),
    from("unembed.W_U", "lm_head.weight").turned().or("wte.weight"),
    from("unembed.b_U", "lm_head.bias"),
];

const ATTENTION: &[Map] = &[
    from("blocks.{l}.attn.W_Q", "h.{l}.attn.q_proj.weight").turned(),
    from("blocks.{l}.attn.W_K", "h.{l}.attn.k_proj.weight").turned(),
    from("blocks.{l}.attn.W_V", "h.{l}.attn.v_proj.weight").turned(),
];

pub(super) fn spec(config: &Config, family: &str) -> Result<ModelSpec, SpecError> {
    let width = config.count_or("n_embd", 4096)?;
    let heads = config.count_or("n_head", 16)?;
    let head_dim = head_dim(width, heads, "n_head")?;
    let norm = NormSpec::layer(config.float_or("layer_norm_epsilon", 1e-5)?);
    let dims = config.count_or("rotary_dim", 64)?;
    let rotary = Rotary { interleaved: true, ..Rotary::new(dims, 10_000.0) };
    let attention = AttentionSpec { rotary: Some(rotary), ..AttentionSpec::causal(heads, heads, head_dim) };
    let mlp = MlpSpec {
        width: config.count_or("n_inner", 4 * width)?,
        activation: config.activation_or("activation_function", Activation::NewGelu)?,
        gated: false,
    };
    let block = BlockSpec { ln2: None, ..BlockSpec::new(attention, mlp, norm, Placement::Parallel) };
    Ok(ModelSpec {
        family: family.into(),
        architecture: config.architecture().unwrap_or(family).into(),
        width,
        vocab: config.count_or("vocab_size", 50_400)?,
        context: Some(config.count_or("n_positions", 2048)?),
        encoder: None,
        embedding: EmbeddingSpec::default(),
        blocks: vec![block; config.layers_or("n_layer", 28)?],
        final_norm: Some(norm),
        head: head_of(config),
        logits: LogitSpec::default(),
    })
}
