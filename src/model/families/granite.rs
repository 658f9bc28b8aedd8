//! Granite: Llama's blocks with factors on embedding, scores, residuals and logits; its MoE kinds have experts, one of
//! which every token may go through.
//! Reference: `GraniteForCausalLM`, `GraniteMoeForCausalLM`, `GraniteMoeSharedForCausalLM` in Transformers.

use super::fused::mlp_half;
use super::llama::{self, Defaults};
use super::{Family, Map, Rows, from};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::expert_spec::{ExpertSpec, SharedExpert, Shares};
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
    spec: |config| experts(config, "granitemoe"),
    weights: &[llama::WEIGHTS, llama::ATTENTION_BIASES, EXPERTS],
};

pub(super) const GRANITE_MOE_SHARED: Family = Family {
    model_type: "granitemoeshared",
    architectures: &["GraniteMoeSharedForCausalLM", "GraniteMoeSharedModel"],
    prefixes: &["model.", ""],
    spec: shared,
    weights: &[llama::WEIGHTS, llama::ATTENTION_BIASES, EXPERTS, SHARED],
};

const SHARED: &[Map] = &[
    from("blocks.{l}.mlp.shared.W_gate", "layers.{l}.shared_mlp.input_linear.weight")
        .turned()
        .rows(shared_half::<0>),
    from("blocks.{l}.mlp.shared.W_in", "layers.{l}.shared_mlp.input_linear.weight")
        .turned()
        .rows(shared_half::<1>),
    from("blocks.{l}.mlp.shared.W_out", "layers.{l}.shared_mlp.output_linear.weight").turned(),
];

/// The shared expert's gate and input one after the other.
fn shared_half<const HALF: usize>(spec: &ModelSpec, layer: usize) -> Rows {
    let shared = spec.blocks[layer].experts.and_then(|experts| experts.shared);
    let width = shared.map_or(0, |shared| shared.width);
    Rows::part(HALF, &[width, width])
}

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

fn shared(config: &Config) -> Result<ModelSpec, SpecError> {
    let mut spec = experts(config, "granitemoeshared")?;
    let width = config.index_or("shared_intermediate_size", 0)?;
    let shared = (width > 0).then_some(SharedExpert { width, gated: false });
    for experts in spec.blocks.iter_mut().filter_map(|block| block.experts.as_mut()) {
        experts.shared = shared;
    }
    Ok(spec)
}

fn experts(config: &Config, family: &str) -> Result<ModelSpec, SpecError> {
    let mut spec = spec(config, family)?;
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
