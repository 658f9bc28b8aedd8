//! Mistral: Llama's blocks with a sliding window; in Ministral only some blocks have one; in Ministral 3 queries grow
//! with their position.
//! Reference: `MistralForCausalLM`, `MinistralForCausalLM`, `Ministral3ForCausalLM` in Transformers, `modeling_mistral.py`
//! and theirs.

use super::llama::{self, Defaults};
use super::{Family, slide, sliding};
use crate::model::attention_spec::Growth;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::rotary::{Rotary, RotaryScaling};
use crate::model::spec::ModelSpec;

pub(super) const MISTRAL: Family = Family {
    model_type: "mistral",
    architectures: &["MistralForCausalLM", "MistralModel"],
    prefixes: &["model.", ""],
    spec: |config| spec(config, "mistral"),
    weights: &[llama::WEIGHTS],
};

pub(super) const MINISTRAL: Family = Family {
    model_type: "ministral",
    architectures: &["MinistralForCausalLM", "MinistralModel"],
    prefixes: &["model.", ""],
    spec: |config| spec(config, "ministral"),
    weights: &[llama::WEIGHTS],
};

pub(super) const MINISTRAL3: Family = Family {
    model_type: "ministral3",
    architectures: &["Ministral3ForCausalLM", "Ministral3Model"],
    prefixes: &["model.", ""],
    spec: third,
    weights: &[llama::WEIGHTS],
};

const DEFAULTS: Defaults = Defaults { kv_heads: Some(8), mlp: 14_336, context: 131_072, ..Defaults::LLAMA };

fn spec(config: &Config, family: &str) -> Result<ModelSpec, SpecError> {
    let mut spec = llama::decoder(config, family, &DEFAULTS)?;
    let slides = sliding(config, spec.layers(), |_| true);
    slide(&mut spec.blocks, config.count_unless_null("sliding_window", Some(4096))?, &slides);
    Ok(spec)
}

fn third(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults {
        kv_heads: Some(8),
        head_dim: Some(128),
        layers: 34,
        mlp: 14_336,
        vocab: 131_072,
        context: 262_144,
        eps: 1e-5,
        ..Defaults::LLAMA
    };
    let mut spec = llama::decoder(config, "ministral3", &default)?;
    let every = vec![true; spec.layers()];
    slide(&mut spec.blocks, config.count_opt("sliding_window")?, &every);
    let told = config
        .rope_number("llama_4_scaling_beta")
        .zip(config.rope_number("original_max_position_embeddings"));
    let said = config.has("rope_parameters") || config.has("rope_scaling");
    let published = (!said).then_some((0.1, 16_384.0));
    let growth = told.or(published).map(|(beta, context)| Growth { beta, context });
    for block in &mut spec.blocks {
        block.attention.growth = growth;
        if published.is_some() {
            block.attention.rotary = Some(Rotary {
                scaling: RotaryScaling::Yarn {
                    factor: 16.0,
                    fast: 32.0,
                    slow: 1.0,
                    original_context: 16_384.0,
                    truncate: true,
                },
                ..Rotary::new(block.attention.head_dim, 1_000_000.0)
            });
        }
    }
    Ok(spec)
}
