//! Decoders with separate queries, keys and values under the names that Llama gave them.

use super::{
    ATTENTION, ENDS, EXPERT_MLP, EXPERTS, GATED_MLP, KEYS, NORMS, PAIRED_ATTENTION, changed, partial, rhythm,
    same, window,
};
use crate::model::formats::gguf::translate::{Architecture, Change, Known, Name};
use serde_json::{Map, Value, json};

pub(super) const TABLE: &[Architecture] = &[
    Architecture {
        name: "llama",
        model_type: "mixtral",
        class: "MixtralForCausalLM",
        only_with: Some("blk.0.ffn_gate_exps.weight"),
        keys: &[KEYS, &[("num_local_experts", "expert_count"), ("num_experts_per_tok", "expert_used_count")]],
        tensors: &[ENDS, NORMS, PAIRED_ATTENTION, MIXTRAL_MLP],
        more: window,
    },
    Architecture {
        name: "llama",
        model_type: "llama",
        class: "LlamaForCausalLM",
        only_with: None,
        keys: &[KEYS],
        tensors: &[ENDS, NORMS, PAIRED_ATTENTION, GATED_MLP],
        more: |known, config| {
            // Mistral's first
            if known.count("attention.sliding_window").is_some_and(|window| window > 0) {
                config.insert("model_type".into(), "mistral".into());
                config.insert("architectures".into(), json!(["MistralForCausalLM"]));
                window(known, config);
            }
        },
    },
    Architecture {
        name: "smollm3",
        model_type: "smollm3",
        class: "SmolLM3ForCausalLM",
        only_with: None,
        keys: &[KEYS],
        tensors: &[ENDS, NORMS, PAIRED_ATTENTION, GATED_MLP],
        more: |_, config| {
            config.insert("no_rope_layer_interval".into(), 4.into());
        },
    },
    Architecture {
        name: "granite",
        model_type: "granite",
        class: "GraniteForCausalLM",
        only_with: None,
        keys: &[KEYS, super::kin::GRANITE_KEYS],
        tensors: &[ENDS, NORMS, PAIRED_ATTENTION, GATED_MLP],
        more: |_, _| {},
    },
    Architecture {
        name: "olmo",
        model_type: "olmo",
        class: "OlmoForCausalLM",
        only_with: None,
        keys: &[
            KEYS,
            &[("clip_qkv", "attention.clamp_kqv"), ("layer_norm_eps", "attention.layer_norm_epsilon")],
        ],
        tensors: &[ENDS, NORMS, PAIRED_ATTENTION, GATED_MLP],
        more: |_, _| {},
    },
    Architecture {
        name: "qwen2",
        model_type: "qwen2",
        class: "Qwen2ForCausalLM",
        only_with: None,
        keys: &[KEYS],
        tensors: &[ENDS, NORMS, ATTENTION, GATED_MLP],
        more: |_, _| {},
    },
    Architecture {
        name: "qwen2moe",
        model_type: "qwen2_moe",
        class: "Qwen2MoeForCausalLM",
        only_with: None,
        keys: &[KEYS, EXPERTS],
        tensors: &[ENDS, NORMS, ATTENTION, EXPERT_MLP],
        more: |_, _| {},
    },
    Architecture {
        name: "qwen3",
        model_type: "qwen3",
        class: "Qwen3ForCausalLM",
        only_with: None,
        keys: &[KEYS],
        tensors: &[ENDS, NORMS, ATTENTION, GATED_MLP],
        more: |_, _| {},
    },
    Architecture {
        name: "qwen3moe",
        model_type: "qwen3_moe",
        class: "Qwen3MoeForCausalLM",
        only_with: None,
        keys: &[KEYS, EXPERTS],
        tensors: &[ENDS, NORMS, ATTENTION, EXPERT_MLP],
        more: |_, config| {
            config.entry("norm_topk_prob").or_insert(true.into());
        },
    },
    Architecture {
        name: "olmo2",
        model_type: "olmo2",
        class: "Olmo2ForCausalLM",
        only_with: None,
        keys: &[KEYS],
        tensors: &[ENDS, ATTENTION, GATED_MLP, AFTER_NORMS],
        more: |known, config| {
            // The third has windows
            if known.count("attention.sliding_window").is_some_and(|window| window > 0) {
                config.insert("model_type".into(), "olmo3".into());
                config.insert("architectures".into(), json!(["Olmo3ForCausalLM"]));
                window(known, config);
                rhythm(known, config, "sliding_window_pattern");
            }
        },
    },
    Architecture {
        name: "olmoe",
        model_type: "olmoe",
        class: "OlmoeForCausalLM",
        only_with: None,
        keys: &[KEYS, EXPERTS, &[("clip_qkv", "attention.clamp_kqv")]],
        tensors: &[ENDS, NORMS, ATTENTION, EXPERT_MLP],
        more: |_, _| {},
    },
    Architecture {
        name: "gpt-oss",
        model_type: "gpt_oss",
        class: "GptOssForCausalLM",
        only_with: None,
        keys: &[
            KEYS,
            &[("num_local_experts", "expert_count"), ("num_experts_per_tok", "expert_used_count")],
            &[("intermediate_size", "expert_feed_forward_length")],
        ],
        tensors: &[ENDS, NORMS, ATTENTION, GPT_OSS],
        more: |known, config| {
            window(known, config);
            // A file without any has none, whatever the class has by default
            config.entry("rope_scaling").or_insert_with(|| json!({ "rope_type": "default" }));
            // All of its sizes were trained with the ramp's ends where they fall, not rounded to whole pairs
            if let Some(scaling) = config.get_mut("rope_scaling").and_then(Value::as_object_mut) {
                scaling.insert("truncate".into(), false.into());
            }
        },
    },
    Architecture {
        name: "gemma",
        model_type: "gemma",
        class: "GemmaForCausalLM",
        only_with: None,
        keys: &[KEYS],
        tensors: &[GEMMA_ENDS, GEMMA_NORMS, ATTENTION, GATED_MLP],
        more: gemma,
    },
    Architecture {
        name: "gemma2",
        model_type: "gemma2",
        class: "Gemma2ForCausalLM",
        only_with: None,
        keys: &[
            KEYS,
            &[
                ("attn_logit_softcapping", "attn_logit_softcapping"),
                ("final_logit_softcapping", "final_logit_softcapping"),
            ],
        ],
        tensors: &[GEMMA_ENDS, SANDWICH_NORMS, ATTENTION, GATED_MLP],
        more: |known, config| {
            gemma(known, config);
            gemma_scale(known, config, 46);
        },
    },
    Architecture {
        name: "gemma3",
        model_type: "gemma3_text",
        class: "Gemma3ForCausalLM",
        only_with: None,
        keys: &[
            KEYS,
            &[
                ("final_logit_softcapping", "final_logit_softcapping"),
                ("rope_local_base_freq", "rope.freq_base_swa"),
            ],
        ],
        tensors: &[GEMMA_ENDS, SANDWICH_NORMS, QK_NORMS, ATTENTION, GATED_MLP],
        more: gemma3,
    },
    Architecture {
        name: "gemma-embedding",
        model_type: "gemma3_text",
        class: "Gemma3TextModel",
        only_with: None,
        keys: &[KEYS, &[("rope_local_base_freq", "rope.freq_base_swa")]],
        tensors: &[GEMMA_ENDS, SANDWICH_NORMS, QK_NORMS, ATTENTION, GATED_MLP],
        more: |known, config| {
            gemma3(known, config);
            config.insert("use_bidirectional_attention".into(), true.into());
        },
    },
    Architecture {
        name: "starcoder2",
        model_type: "starcoder2",
        class: "Starcoder2ForCausalLM",
        only_with: None,
        keys: &[KEYS, &[("norm_epsilon", "attention.layer_norm_epsilon")]],
        tensors: &[
            ENDS,
            NORMS,
            ATTENTION,
            &[
                same("blk.{l}.ffn_up", "model.layers.{l}.mlp.c_fc"),
                same("blk.{l}.ffn_down", "model.layers.{l}.mlp.c_proj"),
            ],
        ],
        more: |known, config| {
            config.insert("use_bias".into(), known.has_qkv_bias().into());
            window(known, config);
        },
    },
    Architecture {
        name: "stablelm",
        model_type: "stablelm",
        class: "StableLmForCausalLM",
        only_with: None,
        keys: &[
            KEYS,
            &[
                ("layer_norm_eps", "attention.layer_norm_epsilon"),
                ("use_parallel_residual", "use_parallel_residual"),
            ],
        ],
        tensors: &[
            &[
                same("blk.{l}.attn_q_norm", "model.layers.{l}.self_attn.q_layernorm.norms.{e}"),
                same("blk.{l}.attn_k_norm", "model.layers.{l}.self_attn.k_layernorm.norms.{e}"),
            ],
            ENDS,
            NORMS,
            ATTENTION,
            GATED_MLP,
        ],
        more: |known, config| {
            partial(known, config, "partial_rotary_factor");
            config.insert("use_qkv_bias".into(), known.has_qkv_bias().into());
            config.insert("qk_layernorm".into(), known.has("blk.0.attn_q_norm.weight").into());
        },
    },
    Architecture {
        name: "nemotron",
        model_type: "nemotron",
        class: "NemotronForCausalLM",
        only_with: None,
        keys: &[KEYS, &[("norm_eps", "attention.layer_norm_epsilon")]],
        tensors: &[
            &[
                changed("output_norm", "model.norm", Change::PlusOne),
                changed("blk.{l}.attn_norm", "model.layers.{l}.input_layernorm", Change::PlusOne),
                changed("blk.{l}.ffn_norm", "model.layers.{l}.post_attention_layernorm", Change::PlusOne),
            ],
            ENDS,
            ATTENTION,
            GATED_MLP,
        ],
        more: |known, config| partial(known, config, "partial_rotary_factor"),
    },
    Architecture {
        name: "command-r",
        model_type: "cohere",
        class: "CohereForCausalLM",
        only_with: None,
        keys: &[KEYS, COHERE_KEYS],
        tensors: &[ENDS, NORMS, ATTENTION, GATED_MLP],
        more: |known, config| {
            config.insert("use_qk_norm".into(), known.has("blk.0.attn_q_norm.weight").into());
        },
    },
    Architecture {
        name: "cohere2",
        model_type: "cohere2",
        class: "Cohere2ForCausalLM",
        only_with: None,
        keys: &[KEYS, COHERE_KEYS],
        tensors: &[ENDS, NORMS, ATTENTION, GATED_MLP],
        more: |known, config| {
            config.insert("sliding_window_pattern".into(), 4.into());
            window(known, config);
        },
    },
];

const COHERE_KEYS: &[(&str, &str)] =
    &[("layer_norm_eps", "attention.layer_norm_epsilon"), ("logit_scale", "logit_scale")];

const MIXTRAL_MLP: &[Name] = &[
    same("blk.{l}.ffn_gate_inp", "model.layers.{l}.block_sparse_moe.gate"),
    same("blk.{l}.ffn_gate_exps", "model.layers.{l}.block_sparse_moe.experts.{e}.w1"),
    same("blk.{l}.ffn_down_exps", "model.layers.{l}.block_sparse_moe.experts.{e}.w2"),
    same("blk.{l}.ffn_up_exps", "model.layers.{l}.block_sparse_moe.experts.{e}.w3"),
];

pub(super) const AFTER_NORMS: &[Name] = &[
    same("blk.{l}.post_attention_norm", "model.layers.{l}.post_attention_layernorm"),
    same("blk.{l}.post_ffw_norm", "model.layers.{l}.post_feedforward_layernorm"),
];

/// Gates and inputs of the experts lie apart here, where Hugging Face's own files weave them.
const GPT_OSS: &[Name] = &[
    same("blk.{l}.post_attention_norm", "model.layers.{l}.post_attention_layernorm"),
    same("blk.{l}.attn_sinks", "model.layers.{l}.self_attn.sinks!"),
    same("blk.{l}.ffn_gate_inp", "model.layers.{l}.mlp.router"),
    changed("blk.{l}.ffn_gate_exps", "model.layers.{l}.mlp.experts.gate_up_proj!", Change::Unwoven(0)),
    changed("blk.{l}.ffn_up_exps", "model.layers.{l}.mlp.experts.gate_up_proj!", Change::Unwoven(1)),
    changed("blk.{l}.ffn_down_exps", "model.layers.{l}.mlp.experts.down_proj!", Change::Turned),
];

const GEMMA_ENDS: &[Name] = &[
    same("token_embd", "model.embed_tokens"),
    changed("output_norm", "model.norm", Change::PlusOne),
    same("output", "lm_head"),
];
const GEMMA_NORMS: &[Name] = &[
    changed("blk.{l}.attn_norm", "model.layers.{l}.input_layernorm", Change::PlusOne),
    changed("blk.{l}.ffn_norm", "model.layers.{l}.post_attention_layernorm", Change::PlusOne),
];
const SANDWICH_NORMS: &[Name] = &[
    changed("blk.{l}.attn_norm", "model.layers.{l}.input_layernorm", Change::PlusOne),
    changed("blk.{l}.post_attention_norm", "model.layers.{l}.post_attention_layernorm", Change::PlusOne),
    changed("blk.{l}.ffn_norm", "model.layers.{l}.pre_feedforward_layernorm", Change::PlusOne),
    changed("blk.{l}.post_ffw_norm", "model.layers.{l}.post_feedforward_layernorm", Change::PlusOne),
];
const QK_NORMS: &[Name] = &[
    changed("blk.{l}.attn_q_norm", "model.layers.{l}.self_attn.q_norm", Change::PlusOne),
    changed("blk.{l}.attn_k_norm", "model.layers.{l}.self_attn.k_norm", Change::PlusOne),
];

fn gemma(known: &Known<'_>, config: &mut Map<String, Value>) {
    config.insert("hidden_activation".into(), "gelu_pytorch_tanh".into());
    config.insert("hidden_act".into(), "gelu_pytorch_tanh".into());
    window(known, config);
}

fn gemma3(known: &Known<'_>, config: &mut Map<String, Value>) {
    gemma(known, config);
    gemma_scale(known, config, 62);
    config.insert("sliding_window_pattern".into(), 6.into());
    rhythm(known, config, "sliding_window_pattern");
    for (key, base) in [("rope_local_base_freq", 10_000.0), ("rope_theta", 1_000_000.0)] {
        config.entry(key).or_insert_with(|| base.into());
    }
}

/// Queries are scaled by the width of a head, but by width over heads in the one size with `blocks` blocks.
fn gemma_scale(known: &Known<'_>, config: &mut Map<String, Value>, blocks: u64) {
    let (Some((heads, _, dim)), Some(width)) = (known.heads(), known.count("embedding_length")) else {
        return;
    };
    let told = known.number("attention.scale").filter(|&scale| scale > 0.0).map(|scale| scale.powi(-2));
    let scalar = told.unwrap_or(if known.count("block_count") == Some(blocks) {
        width as f64 / heads as f64
    } else {
        dim as f64
    });
    config.insert("query_pre_attn_scalar".into(), json!(scalar));
}
