//! Decoders that are another's blocks under a name of their own, or with one thing more: experts, biases, fused tensors.

use super::{
    ATTENTION, ENDS, GATED_MLP, KEYS, NORMS, PAIRED_ATTENTION, changed, has_qkv_bias, partial, same, scaling,
    window,
};
use crate::model::formats::gguf::translate::{Architecture, Change};

pub(super) const TABLE: &[Architecture] = &[
    // Llama's blocks whose halves of rotary stay halves
    Architecture {
        name: "exaone",
        model_type: "llama",
        class: "LlamaForCausalLM",
        only_with: None,
        keys: &[KEYS],
        tensors: &[ENDS, NORMS, ATTENTION, GATED_MLP],
        more: scaling,
    },
    Architecture {
        name: "minicpm",
        model_type: "granite",
        class: "GraniteForCausalLM",
        only_with: None,
        keys: &[KEYS, GRANITE_KEYS],
        tensors: &[ENDS, NORMS, PAIRED_ATTENTION, GATED_MLP],
        more: |known, config| {
            scaling(known, config);
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
        more: |known, config| {
            config.insert("attention_bias".into(), has_qkv_bias(known).into());
            scaling(known, config);
        },
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
            config.insert("attention_bias".into(), has_qkv_bias(known).into());
            config.insert("lm_head_bias".into(), known.has("output.bias").into());
            window(known, config);
            scaling(known, config);
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
            config.insert("attention_bias".into(), has_qkv_bias(known).into());
            config.insert("attention_out_bias".into(), known.has("blk.0.attn_output.bias").into());
            config.insert("mlp_bias".into(), known.has("blk.0.ffn_up.bias").into());
            scaling(known, config);
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
            config.insert("attention_bias".into(), has_qkv_bias(known).into());
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

const LOCAL_EXPERTS: &[(&str, &str)] =
    &[("num_local_experts", "expert_count"), ("num_experts_per_tok", "expert_used_count")];

pub(super) const GRANITE_KEYS: &[(&str, &str)] = &[
    ("embedding_multiplier", "embedding_scale"),
    ("residual_multiplier", "residual_scale"),
    ("attention_multiplier", "attention.scale"),
    ("logits_scaling", "logit_scale"),
];
