//! Phi-2, and what is no plain decoder: BERT, T5.

use super::{KEYS, changed, partial, same};
use crate::model::formats::gguf::translate::{Architecture, Change, Known, Name};
use serde_json::{Map, Value};

pub(super) const TABLE: &[Architecture] = &[
    Architecture {
        name: "phi2",
        model_type: "phi",
        class: "PhiForCausalLM",
        only_with: None,
        keys: &[KEYS, &[("layer_norm_eps", "attention.layer_norm_epsilon")]],
        tensors: &[&[
            same("token_embd", "model.embed_tokens"),
            same("output_norm", "model.final_layernorm"),
            same("output", "lm_head"),
            same("blk.{l}.attn_norm", "model.layers.{l}.input_layernorm"),
            changed("blk.{l}.attn_qkv", "model.layers.{l}.self_attn.{qkv}_proj", Change::Apart),
            same("blk.{l}.attn_q", "model.layers.{l}.self_attn.q_proj"),
            same("blk.{l}.attn_k", "model.layers.{l}.self_attn.k_proj"),
            same("blk.{l}.attn_v", "model.layers.{l}.self_attn.v_proj"),
            same("blk.{l}.attn_output", "model.layers.{l}.self_attn.dense"),
            same("blk.{l}.ffn_up", "model.layers.{l}.mlp.fc1"),
            same("blk.{l}.ffn_down", "model.layers.{l}.mlp.fc2"),
        ]],
        more: |known, config| partial(known, config, "partial_rotary_factor"),
    },
    Architecture {
        name: "bert",
        model_type: "bert",
        class: "BertModel",
        only_with: None,
        keys: &[KEYS, &[("layer_norm_eps", "attention.layer_norm_epsilon")]],
        tensors: &[&[
            same("token_embd", "embeddings.word_embeddings"),
            same("position_embd", "embeddings.position_embeddings"),
            same("token_types", "embeddings.token_type_embeddings"),
            same("token_embd_norm", "embeddings.LayerNorm"),
            same("blk.{l}.attn_q", "encoder.layer.{l}.attention.self.query"),
            same("blk.{l}.attn_k", "encoder.layer.{l}.attention.self.key"),
            same("blk.{l}.attn_v", "encoder.layer.{l}.attention.self.value"),
            same("blk.{l}.attn_output", "encoder.layer.{l}.attention.output.dense"),
            same("blk.{l}.attn_output_norm", "encoder.layer.{l}.attention.output.LayerNorm"),
            same("blk.{l}.ffn_up", "encoder.layer.{l}.intermediate.dense"),
            same("blk.{l}.ffn_down", "encoder.layer.{l}.output.dense"),
            same("blk.{l}.layer_output_norm", "encoder.layer.{l}.output.LayerNorm"),
        ]],
        more: |known, config| {
            if let Some(&[positions, _]) = known.shape("position_embd.weight") {
                config.insert("max_position_embeddings".into(), positions.into());
            }
            if let Some(&[types, _]) = known.shape("token_types.weight") {
                config.insert("type_vocab_size".into(), types.into());
            }
        },
    },
    Architecture {
        name: "t5",
        model_type: "t5",
        class: "T5ForConditionalGeneration",
        only_with: Some("enc.blk.0.ffn_gate.weight"),
        keys: &[T5_KEYS],
        tensors: &[
            T5_ENCODER,
            T5_DECODER,
            GATED_ENCODER,
            &[
                same("dec.blk.{l}.ffn_gate", "decoder.block.{l}.layer.2.DenseReluDense.wi_0"),
                same("dec.blk.{l}.ffn_up", "decoder.block.{l}.layer.2.DenseReluDense.wi_1"),
            ],
        ],
        more: |known, config| t5(known, config, "gated-gelu"),
    },
    Architecture {
        name: "t5",
        model_type: "t5",
        class: "T5ForConditionalGeneration",
        only_with: None,
        keys: &[T5_KEYS],
        tensors: &[
            T5_ENCODER,
            T5_DECODER,
            PLAIN_ENCODER,
            &[same("dec.blk.{l}.ffn_up", "decoder.block.{l}.layer.2.DenseReluDense.wi")],
        ],
        more: |known, config| t5(known, config, "relu"),
    },
];

pub(super) const T5_KEYS: &[(&str, &str)] = &[
    ("d_model", "embedding_length"),
    ("d_kv", "attention.key_length"),
    ("d_ff", "feed_forward_length"),
    ("num_heads", "attention.head_count"),
    ("num_layers", "block_count"),
    ("num_decoder_layers", "decoder_block_count"),
    ("relative_attention_num_buckets", "attention.relative_buckets_count"),
    ("layer_norm_epsilon", "attention.layer_norm_epsilon"),
    ("layer_norm_epsilon", "attention.layer_norm_rms_epsilon"),
    ("decoder_start_token_id", "decoder_start_token_id"),
    ("n_positions", "context_length"),
];

pub(super) const T5_ENCODER: &[Name] = &[
    same("token_embd", "shared"),
    same("enc.output_norm", "encoder.final_layer_norm"),
    same("enc.blk.{l}.attn_norm", "encoder.block.{l}.layer.0.layer_norm"),
    same("enc.blk.{l}.attn_q", "encoder.block.{l}.layer.0.SelfAttention.q"),
    same("enc.blk.{l}.attn_k", "encoder.block.{l}.layer.0.SelfAttention.k"),
    same("enc.blk.{l}.attn_v", "encoder.block.{l}.layer.0.SelfAttention.v"),
    same("enc.blk.{l}.attn_o", "encoder.block.{l}.layer.0.SelfAttention.o"),
    same("enc.blk.{l}.attn_rel_b", "encoder.block.{l}.layer.0.SelfAttention.relative_attention_bias"),
    same("enc.blk.{l}.ffn_norm", "encoder.block.{l}.layer.1.layer_norm"),
    same("enc.blk.{l}.ffn_down", "encoder.block.{l}.layer.1.DenseReluDense.wo"),
];

const T5_DECODER: &[Name] = &[
    same("output", "lm_head"),
    same("dec.output_norm", "decoder.final_layer_norm"),
    same("dec.blk.{l}.attn_norm", "decoder.block.{l}.layer.0.layer_norm"),
    same("dec.blk.{l}.attn_q", "decoder.block.{l}.layer.0.SelfAttention.q"),
    same("dec.blk.{l}.attn_k", "decoder.block.{l}.layer.0.SelfAttention.k"),
    same("dec.blk.{l}.attn_v", "decoder.block.{l}.layer.0.SelfAttention.v"),
    same("dec.blk.{l}.attn_o", "decoder.block.{l}.layer.0.SelfAttention.o"),
    same("dec.blk.{l}.attn_rel_b", "decoder.block.{l}.layer.0.SelfAttention.relative_attention_bias"),
    same("dec.blk.{l}.cross_attn_norm", "decoder.block.{l}.layer.1.layer_norm"),
    same("dec.blk.{l}.cross_attn_q", "decoder.block.{l}.layer.1.EncDecAttention.q"),
    same("dec.blk.{l}.cross_attn_k", "decoder.block.{l}.layer.1.EncDecAttention.k"),
    same("dec.blk.{l}.cross_attn_v", "decoder.block.{l}.layer.1.EncDecAttention.v"),
    same("dec.blk.{l}.cross_attn_o", "decoder.block.{l}.layer.1.EncDecAttention.o"),
    same("dec.blk.{l}.ffn_norm", "decoder.block.{l}.layer.2.layer_norm"),
    same("dec.blk.{l}.ffn_down", "decoder.block.{l}.layer.2.DenseReluDense.wo"),
];

pub(super) const GATED_ENCODER: &[Name] = &[
    same("enc.blk.{l}.ffn_gate", "encoder.block.{l}.layer.1.DenseReluDense.wi_0"),
    same("enc.blk.{l}.ffn_up", "encoder.block.{l}.layer.1.DenseReluDense.wi_1"),
];
pub(super) const PLAIN_ENCODER: &[Name] =
    &[same("enc.blk.{l}.ffn_up", "encoder.block.{l}.layer.1.DenseReluDense.wi")];

pub(super) fn t5(known: &Known<'_>, config: &mut Map<String, Value>, mlp: &str) {
    config.insert("feed_forward_proj".into(), mlp.into());
    if let Some(layers) = known.count("decoder_block_count").or(known.count("block_count")) {
        config.insert("num_decoder_layers".into(), layers.into());
    }
}
