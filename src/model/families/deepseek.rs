//! DeepSeek-V2 and V3: keys and values of all heads made from one short vector, queries mostly too; rotary on a few
//! dimensions that all heads' keys share; experts in groups, with shared ones, in all but the first blocks.
//! Reference: `DeepseekV2ForCausalLM`, `DeepseekV3ForCausalLM` in Transformers.

use super::llama::{self, Defaults};
use super::{Family, Map, Rows, from, qwen2_moe};
use crate::model::attention_spec::{AttentionSpec, Latent};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::expert_spec::{ExpertGroups, ExpertSpec, SharedExpert, Shares};
use crate::model::rotary::Rotary;
use crate::model::spec::{ModelSpec, NormSpec};

pub(super) const V2: Family = Family {
    model_type: "deepseek_v2",
    architectures: &["DeepseekV2ForCausalLM", "DeepseekV2Model"],
    prefixes: &["model.", ""],
    spec: v2,
    weights: &[WEIGHTS, llama::MLP_BIASES, qwen2_moe::EXPERTS, SHARED, SHARED_BIASES],
};

pub(super) const V3: Family = Family {
    model_type: "deepseek_v3",
    architectures: &["DeepseekV3ForCausalLM", "DeepseekV3Model"],
    prefixes: &["model.", ""],
    spec: v3,
    weights: &[WEIGHTS, qwen2_moe::EXPERTS, SHARED, CHOICE],
};

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embed_tokens.weight"),
    from("blocks.{l}.ln1.w", "layers.{l}.input_layernorm.weight"),
    from("blocks.{l}.attn.W_Q_down", "layers.{l}.self_attn.q_a_proj.weight").turned(),
    from("blocks.{l}.attn.b_Q_down", "layers.{l}.self_attn.q_a_proj.bias").when("attention_bias"),
    from("blocks.{l}.attn.Q_down_norm.w", "layers.{l}.self_attn.q_a_layernorm.weight"),
    from("blocks.{l}.attn.W_Q", "layers.{l}.self_attn.q_b_proj.weight")
        .turned()
        .or("layers.{l}.self_attn.q_proj.weight"),
    from("blocks.{l}.attn.W_KV_down", "layers.{l}.self_attn.kv_a_proj_with_mqa.weight")
        .turned()
        .rows(down::<0>),
    from("blocks.{l}.attn.b_KV_down", "layers.{l}.self_attn.kv_a_proj_with_mqa.bias")
        .rows(down::<0>)
        .when("attention_bias"),
    from("blocks.{l}.attn.W_K_shared", "layers.{l}.self_attn.kv_a_proj_with_mqa.weight")
        .turned()
        .rows(down::<1>),
    from("blocks.{l}.attn.b_K_shared", "layers.{l}.self_attn.kv_a_proj_with_mqa.bias")
        .rows(down::<1>)
        .when("attention_bias"),
    from("blocks.{l}.attn.KV_down_norm.w", "layers.{l}.self_attn.kv_a_layernorm.weight"),
    from("blocks.{l}.attn.W_K", "layers.{l}.self_attn.kv_b_proj.weight").turned().rows(up::<0>),
    from("blocks.{l}.attn.W_V", "layers.{l}.self_attn.kv_b_proj.weight").turned().rows(up::<1>),
    from("blocks.{l}.attn.W_O", "layers.{l}.self_attn.o_proj.weight").turned(),
    from("blocks.{l}.attn.b_O", "layers.{l}.self_attn.o_proj.bias").when("attention_bias"),
    from("blocks.{l}.ln2.w", "layers.{l}.post_attention_layernorm.weight"),
    from("blocks.{l}.mlp.W_gate", "layers.{l}.mlp.gate_proj.weight").turned(),
    from("blocks.{l}.mlp.W_in", "layers.{l}.mlp.up_proj.weight").turned(),
    from("blocks.{l}.mlp.W_out", "layers.{l}.mlp.down_proj.weight").turned(),
    from("ln_final.w", "norm.weight"),
    from("unembed.W_U", "lm_head.weight").turned().or("embed_tokens.weight"),
];

pub(super) const SHARED: &[Map] = &[
    from("blocks.{l}.mlp.shared.W_gate", "layers.{l}.mlp.shared_experts.gate_proj.weight").turned(),
    from("blocks.{l}.mlp.shared.W_in", "layers.{l}.mlp.shared_experts.up_proj.weight").turned(),
    from("blocks.{l}.mlp.shared.W_out", "layers.{l}.mlp.shared_experts.down_proj.weight").turned(),
];

const SHARED_BIASES: &[Map] = &[
    from("blocks.{l}.mlp.shared.b_gate", "layers.{l}.mlp.shared_experts.gate_proj.bias").when("mlp_bias"),
    from("blocks.{l}.mlp.shared.b_in", "layers.{l}.mlp.shared_experts.up_proj.bias").when("mlp_bias"),
    from("blocks.{l}.mlp.shared.b_out", "layers.{l}.mlp.shared_experts.down_proj.bias").when("mlp_bias"),
];

pub(super) const CHOICE: &[Map] =
    &[from("blocks.{l}.mlp.choice_bias", "layers.{l}.mlp.gate.e_score_correction_bias")];

/// [what keys and values are made of | the key that all heads share]
fn down<const PART: usize>(spec: &ModelSpec, layer: usize) -> Rows {
    let (width, shared) =
        spec.blocks[layer].attention.latent.map_or((0, 0), |latent| (latent.width, latent.shared_key));
    Rows::part(PART, &[width, shared])
}

/// Keys and values of each head together: [head, (its own part of the key, value)].
fn up<const PART: usize>(spec: &ModelSpec, layer: usize) -> Rows {
    let own = &spec.blocks[layer].attention;
    let key = own.head_dim - own.latent.map_or(0, |latent| latent.shared_key);
    let (step, start, size) = (key + own.value_dim(), [0, key][PART], [key, own.value_dim()][PART]);
    let at = |head: usize| head * step + start;
    Rows { ranges: (0..own.heads).map(|head| at(head)..at(head) + size).collect(), of: own.heads * step }
}

fn v2(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults { vocab: 102_400, ..Defaults::LLAMA };
    let mut spec = latent(config, "deepseek_v2", &default)?;
    let grouped = config.word_or("topk_method", "greedy")? == "group_limited_greedy";
    let groups = ExpertGroups {
        count: config.count_or("n_group", 1)?,
        chosen: config.count_or("topk_group", 1)?,
        best: 1,
    };
    let experts = ExpertSpec {
        scale: config.float_or("routed_scaling_factor", 1.0)? as f32,
        groups: grouped.then_some(groups),
        ..ExpertSpec::new(
            config.count_or("n_routed_experts", 64)?,
            config
                .count_opt("num_experts_per_tok")?
                .ok_or(SpecError::Missing("num_experts_per_tok".into()))?,
        )
    };
    place(config, &mut spec, experts, (0, 1407, 2))?;
    Ok(spec)
}

fn v3(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults {
        width: 7168,
        heads: 128,
        layers: 61,
        mlp: 18_432,
        vocab: 129_280,
        context: 4096,
        ..Defaults::LLAMA
    };
    let mut spec = latent(config, "deepseek_v3", &default)?;
    let interleaved = config.flag_or("rope_interleave", true)?;
    for rotary in spec.blocks.iter_mut().filter_map(|block| block.attention.rotary.as_mut()) {
        (rotary.interleaved, rotary.parted) = (interleaved, interleaved);
    }
    let experts = sigmoids(config, (8, 4), (256, Some(8)), true)?;
    let scale = config.float_or("routed_scaling_factor", 2.5)? as f32;
    place(config, &mut spec, ExpertSpec { scale, ..experts }, (3, 2048, 1))?;
    Ok(spec)
}

/// Experts whose shares are sigmoids, chosen with a bias from the best groups; what is not said are `groups` and those
/// chosen of them, the experts and those chosen of them (none: it must be said), and whether shares are `normalised`.
pub(super) fn sigmoids(
    config: &Config,
    groups: (usize, usize),
    (count, chosen): (usize, Option<usize>),
    normalised: bool,
) -> Result<ExpertSpec, SpecError> {
    let groups = ExpertGroups {
        count: config.count_or("n_group", groups.0)?,
        chosen: config.count_or("topk_group", groups.1)?,
        best: 2,
    };
    let chosen = config.count_opt("num_experts_per_tok")?.or(chosen);
    let chosen = chosen.ok_or(SpecError::Missing("num_experts_per_tok".into()))?;
    Ok(ExpertSpec {
        shares: Shares::Sigmoid,
        normalised: config.flag_or("norm_topk_prob", normalised)?,
        scale: config.float_or("routed_scaling_factor", 1.0)? as f32,
        choice_bias: true,
        groups: Some(groups),
        ..ExpertSpec::new(config.count_or("n_routed_experts", count)?, chosen)
    })
}

/// The decoder with its attention; `interleaved` rotary as in V2.
fn latent(config: &Config, family: &str, default: &Defaults) -> Result<ModelSpec, SpecError> {
    let mut spec = llama::decoder(config, family, default)?;
    let shared_key = config.count_or("qk_rope_head_dim", 64)?;
    let own_key = config.count_or("qk_nope_head_dim", 128)?;
    let head_dim = own_key + shared_key;
    let rotary = config.rotary(shared_key, 10_000.0, default.context)?;
    let mut scale = (head_dim as f64).powf(-0.5);
    if let (Some(weight), Some(factor)) = (config.rope_number("mscale_all_dim"), config.rope_number("factor"))
    {
        let gain = if factor <= 1.0 { 1.0 } else { 0.1 * weight * factor.ln() + 1.0 };
        scale *= gain * gain;
    }
    let latent = Latent {
        width: config.count_or("kv_lora_rank", 512)?,
        query_width: config.count_unless_null("q_lora_rank", Some(1536))?,
        shared_key,
        norm: NormSpec::rms(1e-6),
    };
    for block in &mut spec.blocks {
        let heads = block.attention.heads;
        block.attention = AttentionSpec {
            scale: scale as f32,
            value_dim: Some(config.count_or("v_head_dim", 128)?),
            latent: Some(latent),
            rotary: Some(Rotary { start: own_key, interleaved: true, ..rotary.clone() }),
            ..AttentionSpec::causal(heads, heads, head_dim)
        };
    }
    Ok(spec)
}

/// Puts experts into all blocks but the first; `default` is how many those are, the experts' width, and how many
/// experts the shared one is as wide as.
pub(super) fn place(
    config: &Config,
    spec: &mut ModelSpec,
    experts: ExpertSpec,
    default: (usize, usize, usize),
) -> Result<(), SpecError> {
    if let Some(groups) = experts.groups.filter(|groups| !experts.count.is_multiple_of(groups.count)) {
        return Err(SpecError::Value {
            key: "n_group".into(),
            found: groups.count.to_string(),
            expected: "a divisor of n_routed_experts",
        });
    }
    let first = config.index_or("first_k_dense_replace", default.0)?;
    let width = config.count_or("moe_intermediate_size", default.1)?;
    let shared =
        SharedExpert { width: width * config.count_or("n_shared_experts", default.2)?, gated: false };
    for block in spec.blocks.iter_mut().skip(first) {
        block.experts = Some(ExpertSpec { shared: Some(shared), ..experts });
        if let Some(mlp) = &mut block.mlp {
            mlp.width = width;
        }
    }
    Ok(())
}
