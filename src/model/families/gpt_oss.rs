//! gpt-oss: Llama's attention with biases and a sink in every head, windows in every second block, experts whose gates
//! are clamped.
//! Reference: `GptOssForCausalLM`, `GptOssModel` in Transformers, `modeling_gpt_oss.py`.

use super::llama::{self, Defaults};
use super::{Family, Map, Rows, from, slide, sliding};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::expert_spec::{ClampedGate, ExpertSpec, Shares};
use crate::model::rotary::{Rotary, RotaryScaling};
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "gpt_oss",
    architectures: &["GptOssForCausalLM", "GptOssModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[llama::WEIGHTS, OWN],
};

const OWN: &[Map] = &[
    from("blocks.{l}.attn.b_Q", "layers.{l}.self_attn.q_proj.bias").unless_off("attention_bias"),
    from("blocks.{l}.attn.b_K", "layers.{l}.self_attn.k_proj.bias").unless_off("attention_bias"),
    from("blocks.{l}.attn.b_V", "layers.{l}.self_attn.v_proj.bias").unless_off("attention_bias"),
    from("blocks.{l}.attn.b_O", "layers.{l}.self_attn.o_proj.bias").unless_off("attention_bias"),
    from("blocks.{l}.attn.sinks", "layers.{l}.self_attn.sinks"),
    from("blocks.{l}.mlp.W_router", "layers.{l}.mlp.router.weight").turned(),
    from("blocks.{l}.mlp.b_router", "layers.{l}.mlp.router.bias"),
    from("blocks.{l}.mlp.experts.{e}.W_gate", "layers.{l}.mlp.experts.gate_up_proj")
        .sliced()
        .rows(every_second::<0>),
    from("blocks.{l}.mlp.experts.{e}.b_gate", "layers.{l}.mlp.experts.gate_up_proj_bias")
        .sliced()
        .rows(every_second::<0>),
    from("blocks.{l}.mlp.experts.{e}.W_in", "layers.{l}.mlp.experts.gate_up_proj")
        .sliced()
        .rows(every_second::<1>),
    from("blocks.{l}.mlp.experts.{e}.b_in", "layers.{l}.mlp.experts.gate_up_proj_bias")
        .sliced()
        .rows(every_second::<1>),
    from("blocks.{l}.mlp.experts.{e}.W_out", "layers.{l}.mlp.experts.down_proj").sliced(),
    from("blocks.{l}.mlp.experts.{e}.b_out", "layers.{l}.mlp.experts.down_proj_bias").sliced(),
];

/// Gates and inputs take turns.
fn every_second<const FIRST: usize>(spec: &ModelSpec, layer: usize) -> Rows {
    let of = 2 * spec.blocks[layer].mlp.as_ref().map_or(0, |mlp| mlp.width);
    Rows { ranges: (FIRST..of).step_by(2).map(|row| row..row + 1).collect(), of }
}

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults {
        width: 2880,
        heads: 64,
        kv_heads: Some(8),
        head_dim: Some(64),
        layers: 36,
        mlp: 2880,
        vocab: 201_088,
        context: 131_072,
        theta: 150_000.0,
        eps: 1e-5,
        ..Defaults::LLAMA
    };
    let mut spec = llama::decoder(config, "gpt_oss", &default)?;
    let slides = sliding(config, spec.layers(), |layer| layer.is_multiple_of(2));
    slide(&mut spec.blocks, config.count_unless_null("sliding_window", Some(128))?, &slides);
    let limit = config.float_or("swiglu_limit", 7.0)? as f32;
    let alpha = config.float_or("swiglu_alpha", 1.702)? as f32;
    let experts = ExpertSpec {
        shares: Shares::SoftmaxOfChosen,
        clamp: Some(ClampedGate { limit, alpha }),
        ..ExpertSpec::new(
            config.count_or("num_local_experts", 128)?,
            config.count_or("num_experts_per_tok", 4)?,
        )
    };
    let stretched = !config.has("rope_parameters") && !config.has("rope_scaling");
    for block in &mut spec.blocks {
        block.experts = Some(experts);
        block.attention.sinks = true;
        let dims = block.attention.head_dim;
        if stretched {
            block.attention.rotary = Some(as_published(dims, config.float_or("rope_theta", default.theta)?));
        }
    }
    Ok(spec)
}

/// The class's own scaling, where the file has none.
fn as_published(dims: usize, theta: f64) -> Rotary {
    let scaling = RotaryScaling::Yarn {
        factor: 32.0,
        fast: 32.0,
        slow: 1.0,
        original_context: 4096.0,
        truncate: false,
    };
    Rotary { factor: 0.1 * 32_f64.ln() + 1.0, scaling, ..Rotary::new(dims, theta) }
}
