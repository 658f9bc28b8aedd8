//! Qwen2 and Qwen2.5: Llama's blocks with biases on q, k and v, and a sliding window in some blocks where asked for.
//! Reference: `Qwen2ForCausalLM`, `Qwen2Model` in Transformers, `modeling_qwen2.py`.

use super::llama::{self, Defaults};
use super::{Family, Map, from, slide, sliding};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{BlockSpec, ModelSpec};

pub(super) const FAMILY: Family = Family {
    model_type: "qwen2",
    architectures: &["Qwen2ForCausalLM", "Qwen2Model"],
    prefixes: &["model.", ""],
    spec,
    weights: &[llama::WEIGHTS, BIASES],
};

const BIASES: &[Map] = &[
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias"),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias"),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias"),
];

/// What Qwen's classes have in common.
pub(super) const DEFAULTS: Defaults =
    Defaults { kv_heads: Some(32), mlp: 22_016, vocab: 151_936, context: 32_768, ..Defaults::LLAMA };

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let mut spec = llama::decoder(config, "qwen2", &DEFAULTS)?;
    windows(config, &mut spec.blocks)?;
    Ok(spec)
}

/// Qwen's windows: from a block on, and only where they are switched on.
pub(super) fn windows(config: &Config, blocks: &mut [BlockSpec]) -> Result<(), SpecError> {
    windows_where(config, blocks, |layer, bound| layer >= bound)
}

/// The same in the blocks that `slides` tells by their number and `max_window_layers`.
pub(super) fn windows_where(
    config: &Config,
    blocks: &mut [BlockSpec],
    slides: impl Fn(usize, usize) -> bool,
) -> Result<(), SpecError> {
    if config.flag_or("use_sliding_window", false)? {
        let window = config.count_or("sliding_window", 4096)?;
        let bound = config.index_or("max_window_layers", 28)?;
        let slides = sliding(config, blocks.len(), |layer| slides(layer, bound));
        slide(blocks, Some(window), &slides);
    }
    Ok(())
}
