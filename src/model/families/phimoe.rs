//! Phi-3.5-MoE: Llama's attention with LayerNorm, and two experts a token, each chosen by itself.
//! Reference: `PhimoeForCausalLM`, `PhimoeModel` in Transformers, `modeling_phimoe.py`.

use super::llama::{self, Defaults};
use super::mixtral::EXPERTS;
use super::{Family, Map, from, slide};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::expert_spec::{ExpertSpec, Shares};
use crate::model::rotary::RotaryScaling;
use crate::model::spec::{ModelSpec, NormSpec};

pub(super) const FAMILY: Family = Family {
    model_type: "phimoe",
    architectures: &["PhimoeForCausalLM", "PhimoeModel", "PhiMoEForCausalLM"],
    prefixes: &["model.", ""],
    spec,
    weights: &[llama::WEIGHTS, llama::ATTENTION_BIASES, llama::NORM_BIASES, HEAD, EXPERTS],
};

const HEAD: &[Map] = &[from("unembed.b_U", "lm_head.bias").when("lm_head_bias")];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults {
        kv_heads: Some(8),
        mlp: 6400,
        vocab: 32_064,
        context: 131_072,
        theta: 1_000_000.0,
        norm: NormSpec::layer,
        eps: 1e-5,
        ..Defaults::LLAMA
    };
    let mut spec = llama::decoder(config, "phimoe", &default)?;
    let all = vec![true; spec.layers()];
    slide(&mut spec.blocks, config.count_opt("sliding_window")?, &all);
    let jitter = config.number_opt("router_jitter_noise")?.unwrap_or(0.01);
    let experts = ExpertSpec {
        shares: Shares::Near { jitter },
        // The class weighs two experts, whatever `num_experts_per_tok` says
        ..ExpertSpec::new(config.count_or("num_local_experts", 16)?, 2)
    };
    let (short, long) = (config.rope_number("short_mscale"), config.rope_number("long_mscale"));
    for block in &mut spec.blocks {
        block.experts = Some(experts);
        let Some(rotary) = &mut block.attention.rotary else { continue };
        rotary.factor = short.unwrap_or(rotary.factor);
        if let RotaryScaling::Long { long_factor, .. } = &mut rotary.scaling {
            *long_factor = long;
        }
    }
    Ok(spec)
}
