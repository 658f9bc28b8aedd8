//! Encoders that stand alone: ModernBERT, NomicBERT, T5's.

use super::others::{GATED_ENCODER, PLAIN_ENCODER, T5_ENCODER, T5_KEYS, t5};
use super::{rhythm, same};
use crate::model::formats::gguf::translate::Architecture;

const KEYS: &[(&str, &str)] = &[
    ("hidden_size", "embedding_length"),
    ("num_hidden_layers", "block_count"),
    ("max_position_embeddings", "context_length"),
    ("intermediate_size", "feed_forward_length"),
    ("num_attention_heads", "attention.head_count"),
];

pub(super) const TABLE: &[Architecture] = &[
    Architecture {
        name: "modern-bert",
        model_type: "modernbert",
        class: "ModernBertModel",
        only_with: None,
        keys: &[
            KEYS,
            &[
                ("norm_eps", "attention.layer_norm_epsilon"),
                ("local_attention", "attention.sliding_window"),
                ("global_rope_theta", "rope.freq_base"),
                ("local_rope_theta", "rope.freq_base_swa"),
            ],
        ],
        tensors: &[&[
            same("token_embd", "embeddings.tok_embeddings"),
            same("token_embd_norm", "embeddings.norm"),
            same("output_norm", "final_norm"),
            same("blk.{l}.attn_norm", "layers.{l}.attn_norm"),
            same("blk.{l}.attn_qkv", "layers.{l}.attn.Wqkv"),
            same("blk.{l}.attn_output", "layers.{l}.attn.Wo"),
            same("blk.{l}.ffn_norm", "layers.{l}.mlp_norm"),
            same("blk.{l}.ffn_up", "layers.{l}.mlp.Wi"),
            same("blk.{l}.ffn_down", "layers.{l}.mlp.Wo"),
        ]],
        more: |known, config| rhythm(known, config, "global_attn_every_n_layers"),
    },
    Architecture {
        name: "nomic-bert",
        model_type: "nomic_bert",
        class: "NomicBertModel",
        only_with: None,
        keys: &[
            KEYS,
            &[("layer_norm_eps", "attention.layer_norm_epsilon"), ("rotary_emb_base", "rope.freq_base")],
        ],
        tensors: &[&[
            same("token_embd", "embeddings.word_embeddings"),
            same("token_types", "embeddings.token_type_embeddings"),
            same("token_embd_norm", "embeddings.LayerNorm"),
            same("blk.{l}.attn_qkv", "encoder.layers.{l}.attn.Wqkv"),
            same("blk.{l}.attn_output", "layers.{l}.self_attn.o_proj"),
            same("blk.{l}.attn_output_norm", "layers.{l}.post_attention_layernorm"),
            same("blk.{l}.ffn_gate", "layers.{l}.mlp.gate_proj"),
            same("blk.{l}.ffn_up", "layers.{l}.mlp.up_proj"),
            same("blk.{l}.ffn_down", "layers.{l}.mlp.down_proj"),
            same("blk.{l}.layer_output_norm", "layers.{l}.post_mlp_layernorm"),
        ]],
        more: |known, config| {
            if let Some(&[types, _]) = known.shape("token_types.weight") {
                config.insert("type_vocab_size".into(), types.into());
            }
        },
    },
    Architecture {
        name: "t5encoder",
        model_type: "t5",
        class: "T5EncoderModel",
        only_with: Some("enc.blk.0.ffn_gate.weight"),
        keys: &[T5_KEYS],
        tensors: &[T5_ENCODER, GATED_ENCODER],
        more: |known, config| t5(known, config, "gated-gelu"),
    },
    Architecture {
        name: "t5encoder",
        model_type: "t5",
        class: "T5EncoderModel",
        only_with: None,
        keys: &[T5_KEYS],
        tensors: &[T5_ENCODER, PLAIN_ENCODER],
        more: |known, config| t5(known, config, "relu"),
    },
];
