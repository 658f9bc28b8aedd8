//! Qwen2-MoE (Qwen1.5-MoE): Qwen2's blocks with experts in most of them, one of which every token goes through.
//! Reference: `Qwen2MoeForCausalLM`, `Qwen2MoeModel` in Transformers, `modeling_qwen2_moe.py`.

use super::llama::{self, Defaults};
use super::{Family, Map, from, qwen2};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::expert_spec::{ExpertSpec, SharedExpert};
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "qwen2_moe",
    architectures: &["Qwen2MoeForCausalLM", "Qwen2MoeModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[llama::WEIGHTS, BIASES, EXPERTS, SHARED],
};

const BIASES: &[Map] = &[
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias").unless_off("qkv_bias"),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias").unless_off("qkv_bias"),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias").unless_off("qkv_bias"),
];

/// Qwen3, OLMoE and DeepSeek store their experts under the same names.
pub(super) const EXPERTS: &[Map] = &[
    from("blocks.{l}.mlp.W_router", "layers.{l}.mlp.gate.weight").turned(),
    from("blocks.{l}.mlp.experts.{e}.W_gate", "layers.{l}.mlp.experts.{e}.gate_proj.weight").turned(),
    from("blocks.{l}.mlp.experts.{e}.W_in", "layers.{l}.mlp.experts.{e}.up_proj.weight").turned(),
    from("blocks.{l}.mlp.experts.{e}.W_out", "layers.{l}.mlp.experts.{e}.down_proj.weight").turned(),
];

const SHARED: &[Map] = &[
    from("blocks.{l}.mlp.shared.W_gate", "layers.{l}.mlp.shared_expert.gate_proj.weight").turned(),
    from("blocks.{l}.mlp.shared.W_in", "layers.{l}.mlp.shared_expert.up_proj.weight").turned(),
    from("blocks.{l}.mlp.shared.W_out", "layers.{l}.mlp.shared_expert.down_proj.weight").turned(),
    from("blocks.{l}.mlp.W_shared_gate", "layers.{l}.mlp.shared_expert_gate.weight").turned(),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let default =
        Defaults { width: 2048, heads: 16, kv_heads: Some(16), layers: 24, mlp: 5632, ..qwen2::DEFAULTS };
    let mut spec = llama::decoder(config, "qwen2_moe", &default)?;
    // Every second block has a window, up to the one where Qwen2's windows begin
    qwen2::windows_where(config, &mut spec.blocks, |layer, bound| layer < bound && layer.is_multiple_of(2))?;
    let shared =
        SharedExpert { width: config.count_or("shared_expert_intermediate_size", 5632)?, gated: true };
    let experts = ExpertSpec {
        normalised: config.flag_or("norm_topk_prob", false)?,
        shared: Some(shared),
        ..ExpertSpec::new(config.count_or("num_experts", 60)?, config.count_or("num_experts_per_tok", 4)?)
    };
    place(config, &mut spec, experts, config.count_or("moe_intermediate_size", 1408)?)?;
    Ok(spec)
}

/// Puts experts of hidden width `width` into every `decoder_sparse_step`th block that is not in `mlp_only_layers`.
pub(super) fn place(
    config: &Config,
    spec: &mut ModelSpec,
    experts: ExpertSpec,
    width: usize,
) -> Result<(), SpecError> {
    let step = config.count_or("decoder_sparse_step", 1)?;
    let plain = config.indices("mlp_only_layers");
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        if !plain.contains(&layer) && (layer + 1).is_multiple_of(step) {
            block.experts = Some(experts);
            if let Some(mlp) = &mut block.mlp {
                mlp.width = width;
            }
        }
    }
    Ok(())
}
