//! DeepSeek-V2 and V3, whose keys and values are made from one short vector: one architecture for both, told apart by
//! how experts get their shares.

use super::{ENDS, GATED_MLP, NORMS, changed, same};
use crate::model::formats::gguf::translate::{Architecture, Change, Known, Name};
use serde_json::{Map, Value, json};

pub(super) const TABLE: &[Architecture] = &[Architecture {
    name: "deepseek2",
    model_type: "deepseek_v2",
    class: "DeepseekV2ForCausalLM",
    only_with: None,
    keys: &[
        &[
            ("hidden_size", "embedding_length"),
            ("num_hidden_layers", "block_count"),
            ("max_position_embeddings", "context_length"),
            ("intermediate_size", "feed_forward_length"),
            ("num_attention_heads", "attention.head_count"),
            ("rms_norm_eps", "attention.layer_norm_rms_epsilon"),
            ("rope_theta", "rope.freq_base"),
            ("qk_rope_head_dim", "rope.dimension_count"),
            ("kv_lora_rank", "attention.kv_lora_rank"),
        ],
        EXPERT_KEYS,
    ],
    tensors: &[ENDS, NORMS, GATED_MLP, TENSORS],
    more,
}];

/// What DeepSeek says of its experts; GLM-4 MoE and dots1 say it, too.
pub(super) const EXPERT_KEYS: &[(&str, &str)] = &[
    ("first_k_dense_replace", "leading_dense_block_count"),
    ("n_routed_experts", "expert_count"),
    ("num_experts_per_tok", "expert_used_count"),
    ("n_shared_experts", "expert_shared_count"),
    ("moe_intermediate_size", "expert_feed_forward_length"),
    ("routed_scaling_factor", "expert_weights_scale"),
    ("norm_topk_prob", "expert_weights_norm"),
];

const TENSORS: &[Name] = &[
    same("blk.{l}.attn_q", "model.layers.{l}.self_attn.q_proj"),
    same("blk.{l}.attn_q_a", "model.layers.{l}.self_attn.q_a_proj"),
    same("blk.{l}.attn_q_a_norm", "model.layers.{l}.self_attn.q_a_layernorm"),
    same("blk.{l}.attn_q_b", "model.layers.{l}.self_attn.q_b_proj"),
    same("blk.{l}.attn_kv_a_mqa", "model.layers.{l}.self_attn.kv_a_proj_with_mqa"),
    same("blk.{l}.attn_kv_a_norm", "model.layers.{l}.self_attn.kv_a_layernorm"),
    same("blk.{l}.attn_kv_b", "model.layers.{l}.self_attn.kv_b_proj"),
    // Later files have its two halves, as llama.cpp multiplies by them one at a time
    changed("blk.{l}.attn_k_b", "model.layers.{l}.self_attn.kv_b_proj", Change::Half("keys")),
    changed("blk.{l}.attn_v_b", "model.layers.{l}.self_attn.kv_b_proj", Change::Half("values")),
    same("blk.{l}.attn_output", "model.layers.{l}.self_attn.o_proj"),
    same("blk.{l}.ffn_gate_inp", "model.layers.{l}.mlp.gate"),
    same("blk.{l}.ffn_gate_exps", "model.layers.{l}.mlp.experts.{e}.gate_proj"),
    same("blk.{l}.ffn_up_exps", "model.layers.{l}.mlp.experts.{e}.up_proj"),
    same("blk.{l}.ffn_down_exps", "model.layers.{l}.mlp.experts.{e}.down_proj"),
    same("blk.{l}.ffn_gate_shexp", "model.layers.{l}.mlp.shared_experts.gate_proj"),
    same("blk.{l}.ffn_up_shexp", "model.layers.{l}.mlp.shared_experts.up_proj"),
    same("blk.{l}.ffn_down_shexp", "model.layers.{l}.mlp.shared_experts.down_proj"),
    same("blk.{l}.exp_probs_b", "model.layers.{l}.mlp.gate.e_score_correction!"),
];

/// `expert_gating_func` of experts whose shares are sigmoids.
const SIGMOID: u64 = 2;
/// DeepSeek-V3's experts and their groups, which its first files do not tell.
const V3: (u64, u64, u64) = (256, 8, 4);

fn more(known: &Known<'_>, config: &mut Map<String, Value>) {
    let turning = known.count("rope.dimension_count").unwrap_or(64);
    // Beside the halves, these two are of the short vector that all heads then share
    let key = known.count("attention.key_length_mla").or(known.count("attention.key_length"));
    let value = known.count("attention.value_length_mla").or(known.count("attention.value_length"));
    if let Some(own) = key.and_then(|key| key.checked_sub(turning)) {
        config.insert("qk_nope_head_dim".into(), own.into());
    }
    if let Some(value) = value {
        config.insert("v_head_dim".into(), value.into());
    }
    config.insert("q_lora_rank".into(), json!(known.count("attention.q_lora_rank")));
    let told = known.count("expert_group_count").zip(known.count("expert_group_used_count"));
    let third = known.count("expert_gating_func") == Some(SIGMOID);
    if third {
        config.insert("model_type".into(), "deepseek_v3".into());
        config.insert("architectures".into(), json!(["DeepseekV3ForCausalLM"]));
        let untold = if known.count("expert_count") == Some(V3.0) { (V3.1, V3.2) } else { (1, 1) };
        let (count, chosen) = told.unwrap_or(untold);
        config.insert("n_group".into(), count.into());
        config.insert("topk_group".into(), chosen.into());
    } else if let Some((count, chosen)) = told.filter(|told| told.0 > 1) {
        config.insert("topk_method".into(), "group_limited_greedy".into());
        config.insert("n_group".into(), count.into());
        config.insert("topk_group".into(), chosen.into());
    }
    // A tenth of `mscale_all_dim`, to which the published models have `mscale` equal
    if let Some(weight) = known.number("rope.scaling.yarn_log_multiplier")
        && let Some(scaling) = config.get_mut("rope_scaling").and_then(Value::as_object_mut)
    {
        for key in ["mscale", "mscale_all_dim"] {
            scaling.insert(key.into(), json!(10.0 * weight));
        }
    }
}
