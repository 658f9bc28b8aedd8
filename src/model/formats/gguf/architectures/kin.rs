//! Decoders that are another's blocks under a name of their own, or with one thing more: experts, biases, fused tensors.

use super::decoders::AFTER_NORMS;
use super::latent::EXPERT_KEYS;
use super::{
    ATTENTION, ENDS, EXPERT_MLP, GATED_MLP, KEYS, NORMS, PAIRED_ATTENTION, changed, partial, rhythm, same,
    window,
};
use crate::model::formats::gguf::translate::{Architecture, Change, Name};
use serde_json::Value;

pub(super) const TABLE: &[Architecture] = &[
    // Llama's blocks whose halves of rotary stay halves
    Architecture {
        name: "exaone",
        model_type: "llama",
        class: "LlamaForCausalLM",
        only_with: None,
        keys: &[KEYS],
        tensors: &[ENDS, NORMS, ATTENTION, GATED_MLP],
        more: |_, _| {},
    },
    Architecture {
        name: "arcee",
        model_type: "arcee",
        class: "ArceeForCausalLM",
        only_with: None,
        keys: &[KEYS],
        tensors: &[ENDS, NORMS, PAIRED_ATTENTION, GATED_MLP],
        more: |_, _| {},
    },
    Architecture {
        name: "exaone4",
        model_type: "exaone4",
        class: "Exaone4ForCausalLM",
        only_with: None,
        keys: &[KEYS],
        tensors: &[ENDS, ATTENTION, GATED_MLP, AFTER_NORMS],
        more: |known, config| {
            config.insert("sliding_window_pattern".into(), 4.into());
            window(known, config);
            rhythm(known, config, "sliding_window_pattern");
        },
    },
    Architecture {
        name: "hunyuan-dense",
        model_type: "hunyuan_v1_dense",
        class: "HunYuanDenseV1ForCausalLM",
        only_with: None,
        keys: &[KEYS],
        tensors: &[
            &[
                same("blk.{l}.attn_q_norm", "model.layers.{l}.self_attn.query_layernorm"),
                same("blk.{l}.attn_k_norm", "model.layers.{l}.self_attn.key_layernorm"),
            ],
            ENDS,
            NORMS,
            ATTENTION,
            GATED_MLP,
        ],
        more: |_, _| {},
    },
    Architecture {
        name: "dots1",
        model_type: "dots1",
        class: "Dots1ForCausalLM",
        only_with: None,
        keys: &[KEYS, EXPERT_KEYS, SIGMOIDS],
        tensors: &[ENDS, NORMS, ATTENTION, GATED_MLP, SHARED, EXPERT_MLP],
        more: |_, config| {
            config.insert("sliding_window".into(), Value::Null);
        },
    },
    Architecture {
        name: "glm4moe",
        model_type: "glm4_moe",
        class: "Glm4MoeForCausalLM",
        only_with: None,
        keys: &[KEYS, EXPERT_KEYS, SIGMOIDS],
        tensors: &[
            ENDS,
            ATTENTION,
            GATED_MLP,
            SHARED,
            EXPERT_MLP,
            &[
                same("blk.{l}.attn_norm", "model.layers.{l}.input_layernorm"),
                same("blk.{l}.post_attention_norm", "model.layers.{l}.post_attention_layernorm"),
            ],
        ],
        more: |known, config| {
            partial(known, config, "partial_rotary_factor");
            config.insert("use_qk_norm".into(), known.has("blk.0.attn_q_norm.weight").into());
            // Blocks behind the last guess at tokens farther on
            let more = known.count("nextn_predict_layers").unwrap_or(0);
            if let Some(blocks) = known.count("block_count").and_then(|blocks| blocks.checked_sub(more)) {
                config.insert("num_hidden_layers".into(), blocks.into());
            }
        },
    },
    Architecture {
        name: "minicpm",
        model_type: "granite",
        class: "GraniteForCausalLM",
        only_with: None,
        keys: &[KEYS, GRANITE_KEYS],
        tensors: &[ENDS, NORMS, PAIRED_ATTENTION, GATED_MLP],
        more: |known, config| {
            if let Some((_, _, dim)) = known.heads().filter(|heads| heads.2 > 0) {
                config.insert("attention_multiplier".into(), (dim as f64).powf(-0.5).into());
            }
        },
    },
    Architecture {
        name: "granitemoe",
        model_type: "granitemoe",
        class: "GraniteMoeForCausalLM",
        only_with: None,
        keys: &[KEYS, GRANITE_KEYS, LOCAL_EXPERTS],
        tensors: &[
            ENDS,
            NORMS,
            PAIRED_ATTENTION,
            &[
                same("blk.{l}.ffn_gate_inp", "model.layers.{l}.block_sparse_moe.router.layer"),
                same("blk.{l}.ffn_gate_exps", "model.layers.{l}.block_sparse_moe.experts.{e}.gate_proj"),
                same("blk.{l}.ffn_up_exps", "model.layers.{l}.block_sparse_moe.experts.{e}.up_proj"),
                same("blk.{l}.ffn_down_exps", "model.layers.{l}.block_sparse_moe.experts.{e}.down_proj"),
            ],
        ],
        more: |_, _| {},
    },
    Architecture {
        name: "phimoe",
        model_type: "phimoe",
        class: "PhimoeForCausalLM",
        only_with: None,
        keys: &[KEYS, LOCAL_EXPERTS],
        tensors: &[
            ENDS,
            NORMS,
            ATTENTION,
            &[
                same("blk.{l}.ffn_gate_inp", "model.layers.{l}.block_sparse_moe.gate"),
                same("blk.{l}.ffn_gate_exps", "model.layers.{l}.block_sparse_moe.experts.{e}.w1"),
                same("blk.{l}.ffn_down_exps", "model.layers.{l}.block_sparse_moe.experts.{e}.w2"),
                same("blk.{l}.ffn_up_exps", "model.layers.{l}.block_sparse_moe.experts.{e}.w3"),
            ],
        ],
        more: |known, config| {
            config.insert("lm_head_bias".into(), known.has("output.bias").into());
            window(known, config);
        },
    },
    Architecture {
        name: "seed_oss",
        model_type: "seed_oss",
        class: "SeedOssForCausalLM",
        only_with: None,
        keys: &[KEYS],
        tensors: &[
            ENDS,
            ATTENTION,
            GATED_MLP,
            &[
                same("blk.{l}.attn_norm", "model.layers.{l}.input_layernorm"),
                same("blk.{l}.post_attention_norm", "model.layers.{l}.post_attention_layernorm"),
            ],
        ],
        more: |known, config| {
            config.insert("attention_out_bias".into(), known.has("blk.0.attn_output.bias").into());
        },
    },
    Architecture {
        name: "chatglm",
        model_type: "glm",
        class: "GlmForCausalLM",
        only_with: None,
        keys: &[KEYS],
        tensors: &[
            ENDS,
            NORMS,
            ATTENTION,
            &[
                changed("blk.{l}.attn_qkv", "model.layers.{l}.self_attn.{qkv}_proj", Change::Apart),
                same("blk.{l}.ffn_up", "model.layers.{l}.mlp.gate_up_proj"),
                same("blk.{l}.ffn_down", "model.layers.{l}.mlp.down_proj"),
            ],
        ],
        more: |known, config| {
            partial(known, config, "partial_rotary_factor");
        },
    },
    Architecture {
        name: "gptj",
        model_type: "gptj",
        class: "GPTJForCausalLM",
        only_with: None,
        keys: &[super::GPT2_KEYS, &[("rotary_dim", "rope.dimension_count")]],
        tensors: &[&[
            same("token_embd", "transformer.wte"),
            same("output_norm", "transformer.ln_f"),
            same("output", "lm_head"),
            same("blk.{l}.attn_norm", "transformer.h.{l}.ln_1"),
            same("blk.{l}.attn_q", "transformer.h.{l}.attn.q_proj"),
            same("blk.{l}.attn_k", "transformer.h.{l}.attn.k_proj"),
            same("blk.{l}.attn_v", "transformer.h.{l}.attn.v_proj"),
            same("blk.{l}.attn_output", "transformer.h.{l}.attn.out_proj"),
            same("blk.{l}.ffn_up", "transformer.h.{l}.mlp.fc_in"),
            same("blk.{l}.ffn_down", "transformer.h.{l}.mlp.fc_out"),
        ]],
        more: |_, _| {},
    },
];

/// Another name, and the one whose keys, tensors and arithmetic it has.
pub(in crate::model::formats::gguf) const NAMES: &[(&str, &str)] = &[
    ("internlm2", "llama"),
    ("xverse", "llama"),
    // Pairs are the model's own here: the same scores as halves whose rows are put in Llama's order
    ("ernie4_5", "llama"),
    // Positions in pictures are numbers of their own; those of text alone turn as in the model that it is made of
    ("qwen2vl", "qwen2"),
    ("qwen3vl", "qwen3"),
    ("qwen3vlmoe", "qwen3moe"),
];

/// Experts whose shares are sigmoids, as in DeepSeek-V3.
const SIGMOIDS: &[(&str, &str)] = &[
    ("n_group", "expert_group_count"),
    ("topk_group", "expert_group_used_count"),
    ("scoring_func", "expert_gating_func"),
];

/// Under a name that other families give to one expert: found first.
const SHARED: &[Name] = &[
    same("blk.{l}.ffn_gate_shexp", "model.layers.{l}.mlp.shared_experts.gate_proj"),
    same("blk.{l}.ffn_up_shexp", "model.layers.{l}.mlp.shared_experts.up_proj"),
    same("blk.{l}.ffn_down_shexp", "model.layers.{l}.mlp.shared_experts.down_proj"),
    same("blk.{l}.exp_probs_b", "model.layers.{l}.mlp.gate.e_score_correction!"),
];

const LOCAL_EXPERTS: &[(&str, &str)] =
    &[("num_local_experts", "expert_count"), ("num_experts_per_tok", "expert_used_count")];

pub(super) const GRANITE_KEYS: &[(&str, &str)] = &[
    ("embedding_multiplier", "embedding_scale"),
    ("residual_multiplier", "residual_scale"),
    ("attention_multiplier", "attention.scale"),
    ("logits_scaling", "logit_scale"),
];
