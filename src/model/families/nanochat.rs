//! NanoChat: norms without parameters, one of them over the embedding; rotary that turns the other way, and then a norm
//! on each head's q and k; plain MLP, capped logits.
//! Reference: `NanoChatForCausalLM`, `NanoChatModel` in Transformers, `modeling_nanochat.py`.

use super::llama::{self, Defaults};
use super::{Family, Map, from};
use crate::kernels::Activation;
use crate::model::attention_spec::{QkNorm, QkNormAcross};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "nanochat",
    architectures: &["NanoChatForCausalLM", "NanoChatModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[WEIGHTS, llama::ATTENTION_BIASES],
};

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embed_tokens.weight"),
    from("blocks.{l}.attn.W_Q", "layers.{l}.self_attn.q_proj.weight").turned(),
    from("blocks.{l}.attn.W_K", "layers.{l}.self_attn.k_proj.weight").turned(),
    from("blocks.{l}.attn.W_V", "layers.{l}.self_attn.v_proj.weight").turned(),
    from("blocks.{l}.attn.W_O", "layers.{l}.self_attn.o_proj.weight").turned(),
    from("blocks.{l}.mlp.W_in", "layers.{l}.mlp.fc1.weight").turned(),
    from("blocks.{l}.mlp.W_out", "layers.{l}.mlp.fc2.weight").turned(),
    from("unembed.W_U", "lm_head.weight").turned().or("embed_tokens.weight"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults {
        width: 768,
        heads: 6,
        layers: 12,
        mlp: 8192,
        vocab: 50_304,
        activation: Activation::Relu2,
        ..Defaults::LLAMA
    };
    let mut spec = llama::decoder(config, "nanochat", &default)?;
    spec.embedding.norm = spec.final_norm;
    spec.logits.softcap =
        config.float_unless_null("final_logit_softcapping", Some(15.0))?.map(|cap| cap as f32);
    for block in &mut spec.blocks {
        block.attention.qk_norm =
            block.ln1.map(|norm| QkNorm { turned_first: true, ..QkNorm::new(norm, QkNormAcross::Head) });
        if let Some(rotary) = &mut block.attention.rotary {
            rotary.backwards = true;
        }
        if let Some(mlp) = &mut block.mlp {
            mlp.gated = false;
        }
    }
    Ok(spec)
}
