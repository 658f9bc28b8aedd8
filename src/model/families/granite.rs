//! Granite: Llama's blocks with factors on embedding, scores, residuals and logits; its MoE kind has experts.
//! Reference: `GraniteForCausalLM`, `GraniteMoeForCausalLM` in Transformers.

use super::fused::mlp_half;
use super::llama::{self, Defaults};
use super::{Family, Map, from};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::expert_spec::{ExpertSpec, Shares};
use crate::model::spec::ModelSpec;

pub(super) const GRANITE: Family = Family {
    model_type: "granite",
    architectures: &["GraniteForCausalLM", "GraniteModel"],
    prefixes: &["model.", ""],
    spec: |config| spec(config, "granite"),
    weights: &[llama::WEIGHTS, llama::ATTENTION_BIASES, llama::MLP_BIASES],
};

pub(super) const GRANITE_MOE: Family = Family {
    model_type: "granitemoe",
    architectures: &["GraniteMoeForCausalLM", "GraniteMoeModel"],
    prefixes: &["model.", ""],
    spec: experts,
    weights: &[llama::WEIGHTS, llama::ATTENTION_BIASES, EXPERTS],
};

const EXPERTS: &[Map] = &[
    from("blocks.{l}.mlp.W_router", "layers.{l}.block_sparse_moe.router.layer.weight").turned(),
    from("blocks.{l}.mlp.experts.{e}.W_gate", "layers.{l}.block_sparse_moe.input_linear.weight")
        .sliced()
        .turned()
        .rows(mlp_half::<0>)
        .apart("layers.{l}.block_sparse_moe.experts.{e}.gate_proj.weight"),
    from("blocks.{l}.mlp.experts.{e}.W_in", "layers.{l}.block_sparse_moe.input_linear.weight")
        .sliced()
        .turned()
        .rows(mlp_half::<1>)
        .apart("layers.{l}.block_sparse_moe.experts.{e}.up_proj.weight"),
    from("blocks.{l}.mlp.experts.{e}.W_out", "layers.{l}.block_sparse_moe.output_linear.weight")
        .sliced()
        .turned()
        .apart("layers.{l}.block_sparse_moe.experts.{e}.down_proj.weight"),
];

fn spec(config: &Config, family: &str) -> Result<ModelSpec, SpecError> {
    let mut spec = llama::decoder(config, family, &Defaults::LLAMA)?;
    let factor = |key| config.float_or(key, 1.0);
    spec.embedding.scale = factor("embedding_multiplier")? as f32;
    spec.logits.scale = (1.0 / factor("logits_scaling")?) as f32;
    let (scale, residual) = (factor("attention_multiplier")?, factor("residual_multiplier")?);
    for block in &mut spec.blocks {
        block.attention.scale = scale as f32;
        block.residual_scale = residual as f32;
    }
    Ok(spec)
}

fn experts(config: &Config) -> Result<ModelSpec, SpecError> {
    let mut spec = spec(config, "granitemoe")?;
    let chosen = config.count_or("num_experts_per_tok", 2)?;
    let experts = ExpertSpec {
        shares: Shares::SoftmaxOfChosen,
        ..ExpertSpec::new(config.count_or("num_local_experts", 8)?, chosen)
    };
    for block in &mut spec.blocks {
        block.experts = Some(experts);
    }
    Ok(spec)
}
