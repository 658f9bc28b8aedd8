//! GGUF's architectures: which keys and tensors are which of Hugging Face's, and what a converter did on the way.
//! Reference: `tensor_mapping.py` and `constants.py` of the `gguf` package, `convert_hf_to_gguf.py` of llama.cpp.

mod decoders;
mod encoders;
mod fused;
mod kin;
mod latent;
mod others;
mod stretched;

use super::translate::{Architecture, Change, Known, Name};
use serde_json::{Map, Value, json};

pub(super) use kin::NAMES;
pub(super) use stretched::scaling;

pub(super) const ARCHITECTURES: &[&[Architecture]] =
    &[decoders::TABLE, encoders::TABLE, fused::TABLE, kin::TABLE, latent::TABLE, others::TABLE];

const fn same(ours: &'static str, theirs: &'static str) -> Name {
    changed(ours, theirs, Change::None)
}

const fn changed(ours: &'static str, theirs: &'static str, change: Change) -> Name {
    Name { ours, theirs, change }
}

type Keys = &'static [(&'static str, &'static str)];

/// Keys that most decoders since Llama share.
const KEYS: Keys = &[
    ("hidden_size", "embedding_length"),
    ("num_hidden_layers", "block_count"),
    ("max_position_embeddings", "context_length"),
    ("intermediate_size", "feed_forward_length"),
    ("num_attention_heads", "attention.head_count"),
    ("num_key_value_heads", "attention.head_count_kv"),
    ("head_dim", "attention.key_length"),
    ("rms_norm_eps", "attention.layer_norm_rms_epsilon"),
    ("rope_theta", "rope.freq_base"),
];

/// Keys of those whose experts are many.
const EXPERTS: Keys = &[
    ("num_experts", "expert_count"),
    ("num_experts_per_tok", "expert_used_count"),
    ("moe_intermediate_size", "expert_feed_forward_length"),
    ("shared_expert_intermediate_size", "expert_shared_feed_forward_length"),
    ("norm_topk_prob", "expert_weights_norm"),
];

/// GPT-2's words for its sizes.
const GPT2_KEYS: Keys = &[
    ("n_embd", "embedding_length"),
    ("n_layer", "block_count"),
    ("n_positions", "context_length"),
    ("n_inner", "feed_forward_length"),
    ("n_head", "attention.head_count"),
    ("layer_norm_epsilon", "attention.layer_norm_epsilon"),
];

/// Tensors under the names that Llama gave them.
const ENDS: &[Name] =
    &[same("token_embd", "model.embed_tokens"), same("output_norm", "model.norm"), same("output", "lm_head")];
const NORMS: &[Name] = &[
    same("blk.{l}.attn_norm", "model.layers.{l}.input_layernorm"),
    same("blk.{l}.ffn_norm", "model.layers.{l}.post_attention_layernorm"),
];
const ATTENTION: &[Name] = &[
    same("blk.{l}.attn_q", "model.layers.{l}.self_attn.q_proj"),
    same("blk.{l}.attn_k", "model.layers.{l}.self_attn.k_proj"),
    same("blk.{l}.attn_v", "model.layers.{l}.self_attn.v_proj"),
    same("blk.{l}.attn_output", "model.layers.{l}.self_attn.o_proj"),
    same("blk.{l}.attn_q_norm", "model.layers.{l}.self_attn.q_norm"),
    same("blk.{l}.attn_k_norm", "model.layers.{l}.self_attn.k_norm"),
];
/// Those whose converter turned the halves of Llama's rotary into pairs.
const PAIRED_ATTENTION: &[Name] = &[
    changed("blk.{l}.attn_q", "model.layers.{l}.self_attn.q_proj", Change::Queries),
    changed("blk.{l}.attn_k", "model.layers.{l}.self_attn.k_proj", Change::Keys),
    same("blk.{l}.attn_v", "model.layers.{l}.self_attn.v_proj"),
    same("blk.{l}.attn_output", "model.layers.{l}.self_attn.o_proj"),
];
const GATED_MLP: &[Name] = &[
    same("blk.{l}.ffn_gate", "model.layers.{l}.mlp.gate_proj"),
    same("blk.{l}.ffn_up", "model.layers.{l}.mlp.up_proj"),
    same("blk.{l}.ffn_down", "model.layers.{l}.mlp.down_proj"),
];
const EXPERT_MLP: &[Name] = &[
    same("blk.{l}.ffn_gate_inp", "model.layers.{l}.mlp.gate"),
    same("blk.{l}.ffn_gate_exps", "model.layers.{l}.mlp.experts.{e}.gate_proj"),
    same("blk.{l}.ffn_up_exps", "model.layers.{l}.mlp.experts.{e}.up_proj"),
    same("blk.{l}.ffn_down_exps", "model.layers.{l}.mlp.experts.{e}.down_proj"),
    changed("blk.{l}.ffn_gate_inp_shexp", "model.layers.{l}.mlp.shared_expert_gate", Change::Flattened),
    same("blk.{l}.ffn_gate_shexp", "model.layers.{l}.mlp.shared_expert.gate_proj"),
    same("blk.{l}.ffn_up_shexp", "model.layers.{l}.mlp.shared_expert.up_proj"),
    same("blk.{l}.ffn_down_shexp", "model.layers.{l}.mlp.shared_expert.down_proj"),
];

/// How much of a head turns, where not all of it does.
fn partial(known: &Known<'_>, config: &mut Map<String, Value>, key: &str) {
    if let (Some(turns), Some((_, _, dim))) = (known.count("rope.dimension_count"), known.heads()) {
        config.insert(key.into(), json!(turns as f64 / dim.max(1) as f64));
    }
}

/// Which blocks have the window: a word for each, or a rhythm.
fn rhythm(known: &Known<'_>, config: &mut Map<String, Value>, key: &str) {
    if let Some(slides) = known.list("attention.sliding_window_pattern") {
        let kind = |&slides: &f64| if slides > 0.0 { "sliding_attention" } else { "full_attention" };
        config.insert("layer_types".into(), slides.iter().map(kind).collect());
    } else if let Some(every) = known.count("attention.sliding_window_pattern").filter(|&every| every > 0) {
        config.insert(key.into(), every.into());
    }
}

fn window(known: &Known<'_>, config: &mut Map<String, Value>) {
    config.insert("sliding_window".into(), json!(known.count("attention.sliding_window").filter(|&n| n > 0)));
}
