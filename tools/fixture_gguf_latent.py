"""DeepSeek's models as the converter writes them: one architecture, and one matrix whole or in two halves."""

import gguf
import numpy as np
import transformers


def write_keys(writer: gguf.GGUFWriter, config: transformers.PretrainedConfig, halves: bool) -> None:
    """What only this architecture has; `halves` as later converters have it."""
    key, value = config.qk_nope_head_dim + config.qk_rope_head_dim, config.v_head_dim
    if halves:
        writer.add_key_length(config.kv_lora_rank + config.qk_rope_head_dim)
        writer.add_value_length(config.kv_lora_rank)
        writer.add_key_length_mla(key)
        writer.add_value_length_mla(value)
    else:
        writer.add_key_length(key)
        writer.add_value_length(value)
    if config.q_lora_rank:
        writer.add_q_lora_rank(config.q_lora_rank)
    writer.add_kv_lora_rank(config.kv_lora_rank)
    writer.add_leading_dense_block_count(config.first_k_dense_replace)
    writer.add_expert_shared_count(config.n_shared_experts)
    writer.add_expert_weights_scale(config.routed_scaling_factor)
    writer.add_expert_weights_norm(config.norm_topk_prob)
    writer.add_expert_group_count(config.n_group)
    writer.add_expert_group_used_count(config.topk_group)
    third = config.model_type == "deepseek_v3"
    writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID if third else gguf.ExpertGatingFuncType.SOFTMAX)
    rope = config.rope_parameters
    writer.add_rope_dimension_count(config.qk_rope_head_dim)
    writer.add_rope_scaling_yarn_log_mul(0.1 * rope["mscale_all_dim"])
    writer.add_rope_scaling_yarn_beta_fast(rope.get("beta_fast") or 32.0)
    writer.add_rope_scaling_yarn_beta_slow(rope.get("beta_slow") or 1.0)


def tensors(
    state: dict[str, np.ndarray], config: transformers.PretrainedConfig, halves: bool
) -> dict[str, np.ndarray]:
    """Where there are `halves`, the matrix that makes keys and values apart; keys turned, as queries meet them."""
    state = {name.replace("correction_bias", "correction.bias"): weight for name, weight in state.items()}
    found = {}
    for name, weight in state.items():
        if not halves or not name.endswith("kv_b_proj.weight"):
            found[name] = weight
            continue
        heads = weight.reshape(config.num_attention_heads, -1, weight.shape[1])
        keys, values = np.split(heads, [config.qk_nope_head_dim], axis=1)
        found[name.replace("kv_b_proj", "k_b_proj")] = keys.swapaxes(1, 2)
        found[name.replace("kv_b_proj", "v_b_proj")] = values
    return found
