//! CWM: Llama's blocks, three of four with a window, rotary as in Llama 3.
//! Reference: `CwmForCausalLM`, `CwmModel` in Transformers, `modeling_cwm.py`.

use super::llama::{self, Defaults};
use super::{Family, slide, sliding};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::rotary::{Rotary, RotaryScaling};
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "cwm",
    architectures: &["CwmForCausalLM", "CwmModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[llama::WEIGHTS, llama::MLP_BIASES],
};

const THETA: f64 = 1_000_000.0;

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults {
        width: 6144,
        heads: 48,
        kv_heads: Some(8),
        head_dim: Some(128),
        layers: 64,
        mlp: 21_504,
        vocab: 128_256,
        context: 131_072,
        theta: THETA,
        eps: 1e-5,
        ..Defaults::LLAMA
    };
    let mut spec = llama::decoder(config, "cwm", &default)?;
    let slides = sliding(config, spec.layers(), |layer| !layer.is_multiple_of(4));
    slide(&mut spec.blocks, config.count_unless_null("sliding_window", Some(8192))?, &slides);
    // Where nothing is said of rotary, the class has the published models' scaling
    if !config.has("rope_parameters") && !config.has("rope_scaling") && !config.has("rope_theta") {
        let scaling = RotaryScaling::Llama3 { factor: 16.0, low: 1.0, high: 4.0, original_context: 8192.0 };
        for block in &mut spec.blocks {
            let dims = block.attention.head_dim;
            block.attention.rotary = Some(Rotary { scaling: scaling.clone(), ..Rotary::new(dims, THETA) });
        }
    }
    Ok(spec)
}
