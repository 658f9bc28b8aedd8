//! HunYuan (dense): Llama's blocks with a norm on each head's q and k once they have turned, and a rotary base that may be
//! stretched once and for all.
//! Reference: `HunYuanDenseV1ForCausalLM`, `HunYuanDenseV1Model` in Transformers, `modeling_hunyuan_v1_dense.py`.

use super::llama::{self, Defaults};
use super::{Family, Map, from};
use crate::model::attention_spec::{QkNorm, QkNormAcross};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::rotary::Rotary;
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "hunyuan_v1_dense",
    architectures: &["HunYuanDenseV1ForCausalLM", "HunYuanDenseV1Model"],
    prefixes: &["model.", ""],
    spec,
    weights: &[llama::WEIGHTS, llama::ATTENTION_BIASES, NORMS],
};

const NORMS: &[Map] = &[
    from("blocks.{l}.attn.q_norm.w", "layers.{l}.self_attn.query_layernorm.weight"),
    from("blocks.{l}.attn.k_norm.w", "layers.{l}.self_attn.key_layernorm.weight"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults { vocab: 290_943, eps: 1e-5, ..Defaults::LLAMA };
    let mut spec = llama::decoder(config, "hunyuan_v1_dense", &default)?;
    let theta = config.rope_number("rope_theta").unwrap_or(config.float_or("rope_theta", default.theta)?);
    let stretched = config.rope_number("alpha").filter(|&alpha| alpha > 0.0);
    for block in &mut spec.blocks {
        let attention = &mut block.attention;
        attention.qk_norm =
            block.ln1.map(|norm| QkNorm { turned_first: true, ..QkNorm::new(norm, QkNormAcross::Head) });
        // Called dynamic, but the same for texts of any length
        if let (Some(alpha), Some("dynamic")) = (stretched, config.rope_word("rope_type")) {
            let dims = attention.head_dim as f64;
            let base = theta * alpha.powf(dims / (dims - 2.0));
            attention.rotary = Some(Rotary::new(attention.head_dim, base));
        }
    }
    Ok(spec)
}
