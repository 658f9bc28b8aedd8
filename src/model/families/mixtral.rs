//! Mixtral: Mistral's blocks with a choice of experts in place of the MLP.
//! Reference: `MixtralForCausalLM`, `MixtralModel` in Transformers, `modeling_mixtral.py`.

use super::llama::{self, Defaults};
use super::{Family, Map, from, slide};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::expert_spec::ExpertSpec;
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "mixtral",
    architectures: &["MixtralForCausalLM", "MixtralModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[llama::WEIGHTS, EXPERTS],
};

/// Phi-MoE stores its experts under the same names.
pub(super) const EXPERTS: &[Map] = &[
    from("blocks.{l}.mlp.W_router", "layers.{l}.block_sparse_moe.gate.weight").turned(),
    from("blocks.{l}.mlp.experts.{e}.W_gate", "layers.{l}.block_sparse_moe.experts.{e}.w1.weight").turned(),
    from("blocks.{l}.mlp.experts.{e}.W_out", "layers.{l}.block_sparse_moe.experts.{e}.w2.weight").turned(),
    from("blocks.{l}.mlp.experts.{e}.W_in", "layers.{l}.block_sparse_moe.experts.{e}.w3.weight").turned(),
];

const DEFAULTS: Defaults = Defaults {
    kv_heads: Some(8),
    mlp: 14_336,
    context: 131_072,
    theta: 1_000_000.0,
    eps: 1e-5,
    ..Defaults::LLAMA
};

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let mut spec = llama::decoder(config, "mixtral", &DEFAULTS)?;
    let window = config.count_opt("sliding_window")?;
    let all = vec![true; spec.layers()];
    slide(&mut spec.blocks, window, &all);
    let chosen = config.count_or("num_experts_per_tok", 2)?;
    let experts =
        ExpertSpec { normalised: true, ..ExpertSpec::new(config.count_or("num_local_experts", 8)?, chosen) };
    for block in &mut spec.blocks {
        block.experts = Some(experts);
    }
    Ok(spec)
}
