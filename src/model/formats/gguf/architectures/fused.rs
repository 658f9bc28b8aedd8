//! Decoders whose queries, keys and values are one matrix.

use super::{ENDS, GPT2_KEYS, KEYS, NORMS, changed, partial, same, window};
use crate::model::formats::gguf::translate::{Architecture, Change, Known, Name};
use serde_json::{Map, Value, json};

pub(super) const TABLE: &[Architecture] = &[
    Architecture {
        name: "gpt2",
        model_type: "gpt2",
        class: "GPT2LMHeadModel",
        only_with: None,
        keys: &[GPT2_KEYS],
        tensors: &[
            GPT2_ENDS,
            &[
                changed("blk.{l}.attn_qkv", "transformer.h.{l}.attn.c_attn", Change::Turned),
                changed("blk.{l}.attn_output", "transformer.h.{l}.attn.c_proj", Change::Turned),
                changed("blk.{l}.ffn_up", "transformer.h.{l}.mlp.c_fc", Change::Turned),
                changed("blk.{l}.ffn_down", "transformer.h.{l}.mlp.c_proj", Change::Turned),
            ],
        ],
        more: |_, _| {},
    },
    Architecture {
        name: "starcoder",
        model_type: "gpt_bigcode",
        class: "GPTBigCodeForCausalLM",
        only_with: None,
        keys: &[GPT2_KEYS],
        tensors: &[
            GPT2_ENDS,
            &[
                same("blk.{l}.attn_qkv", "transformer.h.{l}.attn.c_attn"),
                same("blk.{l}.attn_output", "transformer.h.{l}.attn.c_proj"),
                same("blk.{l}.ffn_up", "transformer.h.{l}.mlp.c_fc"),
                same("blk.{l}.ffn_down", "transformer.h.{l}.mlp.c_proj"),
            ],
        ],
        more: |known, config| {
            config.insert("multi_query".into(), (known.count("attention.head_count_kv") == Some(1)).into());
        },
    },
    Architecture {
        name: "gptneox",
        model_type: "gpt_neox",
        class: "GPTNeoXForCausalLM",
        only_with: None,
        keys: &[
            KEYS,
            &[
                ("layer_norm_eps", "attention.layer_norm_epsilon"),
                ("use_parallel_residual", "use_parallel_residual"),
                ("rotary_emb_base", "rope.freq_base"),
            ],
        ],
        tensors: &[&[
            same("token_embd", "gpt_neox.embed_in"),
            same("output_norm", "gpt_neox.final_layer_norm"),
            same("output", "embed_out"),
            same("blk.{l}.attn_norm", "gpt_neox.layers.{l}.input_layernorm"),
            same("blk.{l}.ffn_norm", "gpt_neox.layers.{l}.post_attention_layernorm"),
            changed("blk.{l}.attn_qkv", "gpt_neox.layers.{l}.attention.query_key_value", Change::Grouped),
            same("blk.{l}.attn_output", "gpt_neox.layers.{l}.attention.dense"),
            same("blk.{l}.ffn_up", "gpt_neox.layers.{l}.mlp.dense_h_to_4h"),
            same("blk.{l}.ffn_down", "gpt_neox.layers.{l}.mlp.dense_4h_to_h"),
        ]],
        more: |known, config| {
            partial(known, config, "rotary_pct");
            partial(known, config, "partial_rotary_factor");
        },
    },
    Architecture {
        name: "falcon",
        model_type: "falcon",
        class: "FalconForCausalLM",
        only_with: Some("blk.0.attn_norm_2.weight"),
        keys: &[KEYS, FALCON_KEYS],
        tensors: &[
            FALCON_TENSORS,
            &[
                same("blk.{l}.attn_norm", "transformer.h.{l}.ln_mlp"),
                same("blk.{l}.attn_norm_2", "transformer.h.{l}.ln_attn"),
            ],
        ],
        more: |known, config| falcon(known, config, 2),
    },
    Architecture {
        name: "falcon",
        model_type: "falcon",
        class: "FalconForCausalLM",
        only_with: None,
        keys: &[KEYS, FALCON_KEYS],
        tensors: &[FALCON_TENSORS, &[same("blk.{l}.attn_norm", "transformer.h.{l}.input_layernorm")]],
        more: |known, config| falcon(known, config, 1),
    },
    Architecture {
        name: "bloom",
        model_type: "bloom",
        class: "BloomForCausalLM",
        only_with: None,
        keys: &[
            &[("hidden_size", "embedding_length"), ("n_layer", "block_count")],
            &[("n_head", "attention.head_count"), ("layer_norm_epsilon", "attention.layer_norm_epsilon")],
        ],
        tensors: &[&[
            same("token_embd", "transformer.word_embeddings"),
            same("token_embd_norm", "transformer.word_embeddings_layernorm"),
            same("output_norm", "transformer.ln_f"),
            same("output", "lm_head"),
            same("blk.{l}.attn_norm", "transformer.h.{l}.input_layernorm"),
            changed("blk.{l}.attn_qkv", "transformer.h.{l}.self_attention.query_key_value", Change::Grouped),
            same("blk.{l}.attn_output", "transformer.h.{l}.self_attention.dense"),
            same("blk.{l}.ffn_norm", "transformer.h.{l}.post_attention_layernorm"),
            same("blk.{l}.ffn_up", "transformer.h.{l}.mlp.dense_h_to_4h"),
            same("blk.{l}.ffn_down", "transformer.h.{l}.mlp.dense_4h_to_h"),
        ]],
        more: |_, _| {},
    },
    Architecture {
        name: "mpt",
        model_type: "mpt",
        class: "MptForCausalLM",
        only_with: None,
        keys: &[
            &[
                ("d_model", "embedding_length"),
                ("n_layers", "block_count"),
                ("max_seq_len", "context_length"),
            ],
            &[("n_heads", "attention.head_count"), ("layer_norm_epsilon", "attention.layer_norm_epsilon")],
        ],
        tensors: &[&[
            same("token_embd", "transformer.wte"),
            same("position_embd", "transformer.wpe"),
            same("output_norm", "transformer.norm_f"),
            same("output", "lm_head"),
            same("blk.{l}.attn_norm", "transformer.blocks.{l}.norm_1"),
            same("blk.{l}.attn_qkv", "transformer.blocks.{l}.attn.Wqkv"),
            same("blk.{l}.attn_output", "transformer.blocks.{l}.attn.out_proj"),
            same("blk.{l}.ffn_norm", "transformer.blocks.{l}.norm_2"),
            same("blk.{l}.ffn_up", "transformer.blocks.{l}.ffn.up_proj"),
            same("blk.{l}.ffn_down", "transformer.blocks.{l}.ffn.down_proj"),
        ]],
        more: |known, config| {
            let (inner, width) = (known.count("feed_forward_length"), known.count("embedding_length"));
            if let (Some(inner), Some(width)) = (inner, width.filter(|&width| width > 0)) {
                config.insert("expansion_ratio".into(), (inner / width).into());
            }
            let bias = known.number("attention.max_alibi_bias").filter(|&bias| bias > 0.0);
            let mut attention =
                json!({ "alibi": bias.is_some(), "clip_qkv": known.number("attention.clamp_kqv") });
            if let Some(bias) = bias {
                attention["alibi_bias_max"] = json!(bias);
            }
            config.insert("attn_config".into(), attention);
        },
    },
    Architecture {
        name: "phi3",
        model_type: "phi3",
        class: "Phi3ForCausalLM",
        only_with: None,
        keys: &[KEYS],
        tensors: &[
            ENDS,
            NORMS,
            &[
                same("blk.{l}.attn_qkv", "model.layers.{l}.self_attn.qkv_proj"),
                same("blk.{l}.attn_output", "model.layers.{l}.self_attn.o_proj"),
                same("blk.{l}.ffn_up", "model.layers.{l}.mlp.gate_up_proj"),
                same("blk.{l}.ffn_down", "model.layers.{l}.mlp.down_proj"),
            ],
        ],
        more: |known, config| {
            partial(known, config, "partial_rotary_factor");
            window(known, config);
        },
    },
    Architecture {
        name: "glm4",
        model_type: "glm4",
        class: "Glm4ForCausalLM",
        only_with: None,
        keys: &[KEYS],
        tensors: &[
            &[
                same("blk.{l}.post_attention_norm", "model.layers.{l}.post_self_attn_layernorm"),
                same("blk.{l}.post_ffw_norm", "model.layers.{l}.post_mlp_layernorm"),
                same("blk.{l}.ffn_up", "model.layers.{l}.mlp.gate_up_proj"),
                same("blk.{l}.ffn_down", "model.layers.{l}.mlp.down_proj"),
            ],
            ENDS,
            NORMS,
            super::ATTENTION,
        ],
        more: |known, config| {
            partial(known, config, "partial_rotary_factor");
        },
    },
];

const GPT2_ENDS: &[Name] = &[
    same("token_embd", "transformer.wte"),
    same("position_embd", "transformer.wpe"),
    same("output_norm", "transformer.ln_f"),
    same("output", "lm_head"),
    same("blk.{l}.attn_norm", "transformer.h.{l}.ln_1"),
    same("blk.{l}.ffn_norm", "transformer.h.{l}.ln_2"),
];

const FALCON_KEYS: &[(&str, &str)] = &[
    ("layer_norm_epsilon", "attention.layer_norm_epsilon"),
    ("num_kv_heads", "attention.head_count_kv"),
    ("ffn_hidden_size", "feed_forward_length"),
];

const FALCON_TENSORS: &[Name] = &[
    same("token_embd", "transformer.word_embeddings"),
    same("output_norm", "transformer.ln_f"),
    same("output", "lm_head"),
    changed("blk.{l}.attn_qkv", "transformer.h.{l}.self_attention.query_key_value", Change::Grouped),
    same("blk.{l}.attn_output", "transformer.h.{l}.self_attention.dense"),
    same("blk.{l}.ffn_up", "transformer.h.{l}.mlp.dense_h_to_4h"),
    same("blk.{l}.ffn_down", "transformer.h.{l}.mlp.dense_4h_to_h"),
];

fn falcon(known: &Known<'_>, config: &mut Map<String, Value>, norms: u64) {
    let groups = known.count("attention.head_count_kv").is_some_and(|heads| heads > 1);
    config.insert("new_decoder_architecture".into(), (groups || norms == 2).into());
    config.insert("num_ln_in_parallel_attn".into(), norms.into());
    config.insert("multi_query".into(), (!groups).into());
    config.insert("parallel_attn".into(), true.into());
    config.insert("alibi".into(), false.into());
    config.insert("bias".into(), known.has("blk.0.attn_qkv.bias").into());
}
