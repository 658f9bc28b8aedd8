//! GGUF's architectures: which keys and tensors are which of Hugging Face's, and what a converter did on the way.
//! Reference: `tensor_mapping.py` and `constants.py` of the `gguf` package, `convert_hf_to_gguf.py` of llama.cpp.

mod decoders;
mod encoders;
mod fused;
mod kin;
mod latent;
mod others;

use super::translate::{Architecture, Change, Known, Name};
use serde_json::{Map, Value, json};

pub(super) use kin::NAMES;

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

/// Stretched rotary frequencies, as Transformers spells them.
fn scaling(known: &Known<'_>, config: &mut Map<String, Value>) {
    let number = |key: &str| known.number(key).filter(|x| x.is_finite());
    let original = known.count("rope.scaling.original_context_length");
    let context = known.count("context_length");
    if let Some(long) = known.numbers("rope_factors_long.weight") {
        let short = known.numbers("rope_factors_short.weight").unwrap_or_else(|| long.clone());
        config.insert(
            "rope_scaling".into(),
            json!({ "rope_type": "longrope", "long_factor": long, "short_factor": short,
                "attention_factor": number("rope.scaling.attn_factor") }),
        );
        config.insert("original_max_position_embeddings".into(), json!(original));
    } else if let Some(factors) = known.numbers("rope_freqs.weight") {
        if let Some(scaling) = llama3(known, &factors) {
            config.insert("rope_scaling".into(), scaling);
        }
    } else if let Some(factor) = number("rope.scaling.factor").filter(|&factor| factor > 1.0) {
        let kind = known.text("rope.scaling.type").unwrap_or("linear");
        let mut scaling = json!({ "rope_type": kind, "factor": factor });
        if kind == "yarn" {
            scaling["original_max_position_embeddings"] = json!(original.or(context));
            for (theirs, ours) in [
                ("beta_fast", "rope.scaling.yarn_beta_fast"),
                ("beta_slow", "rope.scaling.yarn_beta_slow"),
                ("attention_factor", "rope.scaling.yarn_attn_factor"),
            ] {
                if let Some(x) = number(ours) {
                    scaling[theirs] = json!(x);
                }
            }
        }
        config.insert("rope_scaling".into(), scaling);
    }
}

/// Llama 3's three settings from what they did to each frequency: ones, a ramp in 1/wavelength, the whole factor.
///
/// Only two of the three can be told from the ramp; the third is a common factor of all, set to the published 8192.
fn llama3(known: &Known<'_>, factors: &[f32]) -> Option<Value> {
    const CONTEXT: f64 = 8192.0;
    let theta = known.number("rope.freq_base").unwrap_or(10_000.0);
    let factor = factors.iter().copied().fold(1.0, f32::max);
    if !factor.is_finite() || factor <= 1.0 {
        return None;
    }
    let factor = f64::from(factor);
    // How far along the ramp each pair is: 1 keeps its frequency, 0 has it divided
    let along = |&x: &f32| (1.0 / f64::from(x) - 1.0 / factor) / (1.0 - 1.0 / factor);
    let turns = |i: usize| CONTEXT / std::f64::consts::TAU * theta.powf(-(i as f64) / factors.len() as f64);
    let points: Vec<_> = factors.iter().enumerate().map(|(i, x)| (turns(i), along(x))).collect();
    let kept = points.iter().rev().find(|(_, along)| *along > 1.0 - 1e-6)?;
    let divided = points.iter().find(|(_, along)| *along < 1e-6);
    let ramp: Vec<_> = points.iter().filter(|(_, along)| (1e-6..=1.0 - 1e-6).contains(along)).collect();
    let (low, high) = match *ramp {
        [] => (divided?.0, kept.0),
        [(turns, along)] => {
            // One point: a line through it that leaves its neighbours outside
            let upper = ((kept.0 - turns) / (1.0 - along))
                .min(divided.map_or(f64::MAX, |low| (turns - low.0) / along));
            (turns - along * upper, turns + (1.0 - along) * upper)
        }
        [first, .., last] => {
            let slope = (first.1 - last.1) / (first.0 - last.0);
            (first.0 - first.1 / slope, first.0 + (1.0 - first.1) / slope)
        }
    };
    Some(json!({ "rope_type": "llama3", "factor": factor, "low_freq_factor": low, "high_freq_factor": high,
        "original_max_position_embeddings": CONTEXT }))
}

/// How much of a head turns, where not all of it does.
fn partial(known: &Known<'_>, config: &mut Map<String, Value>, key: &str) {
    if let (Some(turns), Some((_, _, dim))) = (known.count("rope.dimension_count"), known.heads()) {
        config.insert(key.into(), json!(turns as f64 / dim.max(1) as f64));
    }
}

/// Whether q, k and v have biases.
fn has_qkv_bias(known: &Known<'_>) -> bool {
    known.has("blk.0.attn_q.bias") || known.has("blk.0.attn_qkv.bias")
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
