//! Mistral: Llama's blocks with a sliding window; in Ministral only some blocks have one.
//! Reference: `MistralForCausalLM`, `MinistralForCausalLM` in Transformers, `modeling_mistral.py`, `modeling_ministral.py`.

use super::llama::{self, Defaults};
use super::{Family, slide, sliding};
use crate::model::config::Config;
use crate::model::error::SpecError;
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

const DEFAULTS: Defaults = Defaults { kv_heads: Some(8), mlp: 14_336, context: 131_072, ..Defaults::LLAMA };

fn spec(config: &Config, family: &str) -> Result<ModelSpec, SpecError> {
    let mut spec = llama::decoder(config, family, &DEFAULTS)?;
    let slides = sliding(config, spec.layers(), |_| true);
    slide(&mut spec.blocks, config.count_unless_null("sliding_window", Some(4096))?, &slides);
    Ok(spec)
}
