//! Keys of a GGUF that nothing asked for: one that changes what is computed is refused by its name, one that nobody knows
//! is told. Reference: `constants.py` of the `gguf` package, and what llama.cpp does with each.

use super::translate::Known;
use crate::model::error::SpecError;

/// Sizes that tensors tell as well, and what is no matter of arithmetic.
const HARMLESS: &[&str] = &[
    "vocab_size",
    "context_length",
    "embedding_length_out",
    "features_length",
    "tensor_data_layout",
    "pooling_type",
    "block_count",
    "decoder_block_count",
    "decoder_start_token_id",
    "feed_forward_length",
    "expert_feed_forward_length",
    "expert_shared_feed_forward_length",
    "expert_shared_count",
    "nextn_predict_layers",
    "n_deepstack_layers",
    "leading_dense_block_count",
    "attention.relative_buckets_count",
    // Whether all look both ways is told by the model's own masks, see `load`
    "attention.causal",
    // Of pictures
    "rope.dimension_sections",
    "rope.scaling.finetuned",
    "classifier.output_labels",
    "attention.head_count_kv",
];
/// What these begin with is of pictures and sounds, or stands behind the pooling.
const BESIDE: &[&str] = &["vision.", "mm.", "audio.", "dense_"];

/// What a key has to say for nothing to be changed by it, where that is not 0, nothing or no.
const NEUTRAL: &[(&str, f64)] = &[
    ("logit_scale", 1.0),
    ("embedding_scale", 1.0),
    ("residual_scale", 1.0),
    ("attention.output_scale", 1.0),
    ("expert_weights_scale", 1.0),
    // Where it is not asked for, shares are those of the chosen experts
    ("expert_weights_norm", 1.0),
    ("expert_gating_func", 1.0),
    ("expert_group_count", 1.0),
    ("expert_group_used_count", 1.0),
    ("moe_every_n_layers", 1.0),
    ("interleave_moe_layer_step", 1.0),
    ("rope.scale_linear", 1.0),
    ("rope.scaling.factor", 1.0),
    ("rope.scaling.attn_factor", 1.0),
    ("rope.scaling.yarn_attn_factor", 1.0),
];

/// Those that change what is computed, or their beginnings.
const CHANGES: &[&str] = &[
    "use_parallel_residual",
    "expert_",
    "experts_per_group",
    "moe_",
    "logit_scale",
    "attn_logit_softcapping",
    "router_logit_softcapping",
    "final_logit_softcapping",
    "swin_norm",
    "rescale_every_n_layers",
    "residual_scale",
    "embedding_scale",
    "token_shift_count",
    "interleave_moe_layer_step",
    "full_attention_interval",
    "activation_sparsity_scale",
    "altup.",
    "embedding_length_per_layer_input",
    "swiglu_clamp",
    "attention.",
    "rope.",
    "ssm.",
    "kda.",
    "wkv.",
    "xielu.",
    "shortconv.",
];

/// The keys that nobody knows; an error names the first one that would change what is computed.
pub(super) fn check(known: &Known<'_>) -> Result<Vec<String>, SpecError> {
    let mut strange = Vec::new();
    // Where nothing turns, nothing of rotary is asked for
    let turns = known.asked("rope.freq_base");
    for (key, name) in known.unasked() {
        let neutral = NEUTRAL.iter().find(|(other, _)| *other == name).map_or(0.0, |(_, neutral)| *neutral);
        let value = known.number(&name).or(known.flag(&name).map(f64::from));
        let idle = value.is_some_and(|value| [0.0, neutral].contains(&value))
            || !turns && name.starts_with("rope.")
            || is_told_already(known, &name, value);
        let beside = BESIDE.iter().any(|start| name.starts_with(start));
        if HARMLESS.contains(&name.as_str()) || beside || idle {
            continue;
        }
        if !CHANGES.iter().any(|start| name.starts_with(start)) {
            strange.push(key);
            continue;
        }
        let found =
            value.map(|value| value.to_string()).or(known.text(&name).map(|text| format!("`{text}`")));
        return Err(SpecError::Value {
            key,
            found: found.unwrap_or_else(|| "a list".into()),
            expected: "no such setting: the architecture is computed without it",
        });
    }
    Ok(strange)
}

/// Whether a key says only what others have said.
fn is_told_already(known: &Known<'_>, name: &str, value: Option<f64>) -> bool {
    let Some(value) = value else { return name == "rope.scaling.type" && known.text(name) == Some("none") };
    let width_of_head = || known.heads().map(|(_, _, dim)| dim as f64);
    match name {
        "attention.key_length" => {
            known.count("embedding_length").zip(known.count("attention.head_count")).is_some_and(
                |(width, heads)| known.count(name).and_then(|dim| dim.checked_mul(heads)) == Some(width),
            )
        }
        "attention.value_length" | "rope.dimension_count" => width_of_head() == Some(value),
        "rope.freq_base_swa" => known.number("rope.freq_base") == Some(value),
        // One that is never reached
        "attention.sliding_window" => known.number("context_length").is_some_and(|context| value >= context),
        "rope.scaling.original_context_length" => !known.asked("rope.scaling.original_context_length"),
        _ => false,
    }
}
