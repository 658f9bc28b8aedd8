//! Cohere 2 (Command R7B, A): Cohere's block; windowed layers have rotary, full ones no positions at all.
//! Reference: `Cohere2ForCausalLM`, `Cohere2Model` in Transformers, `modeling_cohere2.py`.

use super::{Family, cohere, llama, slide, sliding};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "cohere2",
    architectures: &["Cohere2ForCausalLM", "Cohere2Model"],
    prefixes: &["model.", ""],
    spec,
    weights: &[llama::WEIGHTS, llama::ATTENTION_BIASES],
};

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let mut spec = cohere::decoder(config, "cohere2", 10_000.0)?;
    let every = config.count_or("sliding_window_pattern", 4)?;
    let slides = sliding(config, spec.layers(), |layer| !(layer + 1).is_multiple_of(every));
    slide(&mut spec.blocks, config.count_unless_null("sliding_window", Some(4096))?, &slides);
    for (block, slides) in spec.blocks.iter_mut().zip(slides) {
        block.attention.rotary = block.attention.rotary.take().filter(|_| slides);
    }
    Ok(spec)
}
