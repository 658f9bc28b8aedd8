//! SmolLM3: Llama's blocks, some without any positions, some with a window where asked for.
//! Reference: `SmolLM3ForCausalLM`, `SmolLM3Model` in Transformers, `modeling_smollm3.py`.

use super::llama::{self, Defaults};
use super::{Family, slide, sliding};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "smollm3",
    architectures: &["SmolLM3ForCausalLM", "SmolLM3Model"],
    prefixes: &["model.", ""],
    spec,
    weights: &[llama::WEIGHTS, llama::ATTENTION_BIASES, llama::MLP_BIASES],
};

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults {
        width: 2048,
        heads: 16,
        kv_heads: Some(4),
        layers: 36,
        vocab: 128_256,
        context: 32_768,
        theta: 2_000_000.0,
        ..Defaults::LLAMA
    };
    let mut spec = llama::decoder(config, "smollm3", &default)?;
    let interval = config.count_or("no_rope_layer_interval", 4)?;
    let listed = config.indices("no_rope_layers"); // 1 where a block does have positions
    let turns = |layer: usize| match listed.get(layer) {
        Some(&turns) => turns == 1,
        None => !(layer + 1).is_multiple_of(interval),
    };
    let windowed = config.flag_or("use_sliding_window", false)?;
    let slides = sliding(config, spec.layers(), |layer| windowed && !turns(layer));
    slide(&mut spec.blocks, config.count_opt("sliding_window")?, &slides);
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        block.attention.rotary = block.attention.rotary.take().filter(|_| turns(layer));
    }
    Ok(spec)
}
