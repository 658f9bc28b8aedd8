//! T5, T5 1.1, Flan-T5, mT5 and UL2: RMS norms before the parts, positions as learned numbers on scores by distance.
//! Reference: `T5ForConditionalGeneration`, `T5Model` in Transformers, `modeling_t5.py`.

use super::{Family, Map, from, head_of};
use crate::kernels::Activation;
use crate::model::attention_spec::{AttentionSpec, Buckets, PositionBias};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{
    BlockSpec, EmbeddingSpec, EncoderSpec, HeadSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Part, Placement,
};

pub(super) const FAMILY: Family = Family {
    model_type: "t5",
    architectures: &["T5ForConditionalGeneration", "T5Model"],
    prefixes: &[""],
    spec,
    weights: &[WEIGHTS, SHARED_DISTANCES],
};

/// mT5: the same, gated where nothing else is said, and never scaled.
pub(super) const MULTILINGUAL: Family = Family {
    model_type: "mt5",
    architectures: &["MT5ForConditionalGeneration", "MT5Model"],
    spec: |config| with_distances(config, "mt5", "gated-gelu", false),
    ..FAMILY
};

/// The encoder alone.
pub(super) const ENCODER: Family = Family {
    architectures: &["T5EncoderModel"],
    spec: |config| Ok(encoder(with_distances(config, "t5", "relu", false)?)),
    weights: &[ENCODER_WEIGHTS, ENCODER_DISTANCES],
    ..FAMILY
};
pub(super) const MULTILINGUAL_ENCODER: Family = Family {
    model_type: MULTILINGUAL.model_type,
    architectures: &["MT5EncoderModel"],
    spec: |config| Ok(encoder(with_distances(config, "mt5", "gated-gelu", false)?)),
    ..ENCODER
};

const ENCODER_DISTANCES: &[Map] =
    &[from("blocks.{l}.attn.W_rel", "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight")];

pub(super) const ENCODER_WEIGHTS: &[Map] = &[
    from("embed.W_E", "shared.weight").or("encoder.embed_tokens.weight"),
    from("blocks.{l}.ln1.w", "encoder.block.{l}.layer.0.layer_norm.weight"),
    from("blocks.{l}.attn.W_Q", "encoder.block.{l}.layer.0.SelfAttention.q.weight").turned(),
    from("blocks.{l}.attn.W_K", "encoder.block.{l}.layer.0.SelfAttention.k.weight").turned(),
    from("blocks.{l}.attn.W_V", "encoder.block.{l}.layer.0.SelfAttention.v.weight").turned(),
    from("blocks.{l}.attn.W_O", "encoder.block.{l}.layer.0.SelfAttention.o.weight").turned(),
    from("blocks.{l}.ln2.w", "encoder.block.{l}.layer.1.layer_norm.weight"),
    from("blocks.{l}.mlp.W_gate", "encoder.block.{l}.layer.1.DenseReluDense.wi_0.weight").turned(),
    from("blocks.{l}.mlp.W_in", "encoder.block.{l}.layer.1.DenseReluDense.wi_1.weight")
        .turned()
        .or("encoder.block.{l}.layer.1.DenseReluDense.wi.weight"),
    from("blocks.{l}.mlp.W_out", "encoder.block.{l}.layer.1.DenseReluDense.wo.weight").turned(),
    from("ln_final.w", "encoder.final_layer_norm.weight"),
];

/// The encoder of an encoder–decoder by itself.
pub(super) fn encoder(mut spec: ModelSpec) -> ModelSpec {
    spec.encoder = None;
    spec.blocks.retain(|block| block.part == Part::Encoder);
    for block in &mut spec.blocks {
        block.part = Part::Only;
    }
    spec.head = HeadSpec::None;
    spec
}

/// The first block's numbers serve all blocks of its stack.
const SHARED_DISTANCES: &[Map] = &[
    from("encoder.{l}.attn.W_rel", "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"),
    from("decoder.{l}.attn.W_rel", "decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"),
];

/// umT5 stores its weights under the same names, but for the distances.
pub(super) const WEIGHTS: &[Map] = &[
    from("encoder.embed.W_E", "shared.weight").or("encoder.embed_tokens.weight"),
    from("encoder.{l}.ln1.w", "encoder.block.{l}.layer.0.layer_norm.weight"),
    from("encoder.{l}.attn.W_Q", "encoder.block.{l}.layer.0.SelfAttention.q.weight").turned(),
    from("encoder.{l}.attn.W_K", "encoder.block.{l}.layer.0.SelfAttention.k.weight").turned(),
    from("encoder.{l}.attn.W_V", "encoder.block.{l}.layer.0.SelfAttention.v.weight").turned(),
    from("encoder.{l}.attn.W_O", "encoder.block.{l}.layer.0.SelfAttention.o.weight").turned(),
    from("encoder.{l}.ln2.w", "encoder.block.{l}.layer.1.layer_norm.weight"),
    from("encoder.{l}.mlp.W_gate", "encoder.block.{l}.layer.1.DenseReluDense.wi_0.weight").turned(),
    from("encoder.{l}.mlp.W_in", "encoder.block.{l}.layer.1.DenseReluDense.wi_1.weight")
        .turned()
        .or("encoder.block.{l}.layer.1.DenseReluDense.wi.weight"),
    from("encoder.{l}.mlp.W_out", "encoder.block.{l}.layer.1.DenseReluDense.wo.weight").turned(),
    from("encoder.ln_final.w", "encoder.final_layer_norm.weight"),
    from("embed.W_E", "shared.weight").or("decoder.embed_tokens.weight"),
    from("decoder.{l}.ln1.w", "decoder.block.{l}.layer.0.layer_norm.weight"),
    from("decoder.{l}.attn.W_Q", "decoder.block.{l}.layer.0.SelfAttention.q.weight").turned(),
    from("decoder.{l}.attn.W_K", "decoder.block.{l}.layer.0.SelfAttention.k.weight").turned(),
    from("decoder.{l}.attn.W_V", "decoder.block.{l}.layer.0.SelfAttention.v.weight").turned(),
    from("decoder.{l}.attn.W_O", "decoder.block.{l}.layer.0.SelfAttention.o.weight").turned(),
    from("cross.{l}.ln1.w", "decoder.block.{l}.layer.1.layer_norm.weight"),
    from("cross.{l}.attn.W_Q", "decoder.block.{l}.layer.1.EncDecAttention.q.weight").turned(),
    from("cross.{l}.attn.W_K", "decoder.block.{l}.layer.1.EncDecAttention.k.weight").turned(),
    from("cross.{l}.attn.W_V", "decoder.block.{l}.layer.1.EncDecAttention.v.weight").turned(),
    from("cross.{l}.attn.W_O", "decoder.block.{l}.layer.1.EncDecAttention.o.weight").turned(),
    from("cross.{l}.ln2.w", "decoder.block.{l}.layer.2.layer_norm.weight"),
    from("cross.{l}.mlp.W_gate", "decoder.block.{l}.layer.2.DenseReluDense.wi_0.weight").turned(),
    from("cross.{l}.mlp.W_in", "decoder.block.{l}.layer.2.DenseReluDense.wi_1.weight")
        .turned()
        .or("decoder.block.{l}.layer.2.DenseReluDense.wi.weight"),
    from("cross.{l}.mlp.W_out", "decoder.block.{l}.layer.2.DenseReluDense.wo.weight").turned(),
    from("ln_final.w", "decoder.final_layer_norm.weight"),
    from("unembed.W_U", "lm_head.weight").turned().or("shared.weight"),
];

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    with_distances(config, "t5", "relu", scales(config)?)
}

/// Whether the unembedding's input is scaled: newer files say so themselves, older ones by their tying.
pub(super) fn scales(config: &Config) -> Result<bool, SpecError> {
    let tied = config.flag_or("tie_word_embeddings", true)?;
    config.flag_or("scale_decoder_outputs", tied)
}

/// `scaled`: the unembedding's input is divided by √width, as where it is the embedding itself.
pub(super) fn with_distances(
    config: &Config,
    family: &str,
    feed_forward: &'static str,
    scaled: bool,
) -> Result<ModelSpec, SpecError> {
    let width = config.count_or("d_model", 512)?;
    let (heads, dim) = (config.count_or("num_heads", 8)?, config.count_or("d_kv", 64)?);
    let layers = config.layers_or("num_layers", 6)?;
    let norm = NormSpec::rms(config.float_or("layer_norm_epsilon", 1e-6)?);
    let (gated, activation) = match config.word_or("feed_forward_proj", feed_forward)? {
        // T5 1.1 wrote `gated-gelu` for the tanh form
        "gated-gelu" => (true, Activation::NewGelu),
        word => match word.strip_prefix("gated-") {
            Some(name) => (true, config.activation_named("feed_forward_proj", name)?),
            None => (false, config.activation_named("feed_forward_proj", word)?),
        },
    };
    let mlp = MlpSpec::new(config.count_or("d_ff", 2048)?, activation, gated);
    let distances = |two_sided| {
        let count = config.count_or("relative_attention_num_buckets", 32)?;
        let max_distance = config.count_or("relative_attention_max_distance", 128)?;
        Ok::<_, SpecError>(Some(PositionBias::Buckets(Buckets { count, max_distance, two_sided })))
    };
    let cross = AttentionSpec { scale: 1.0, ..AttentionSpec::new(heads, heads, dim) };
    let own = AttentionSpec { bias: distances(true)?, ..cross.clone() };
    let encoder_block =
        BlockSpec { part: Part::Encoder, ..BlockSpec::new(own, mlp.clone(), norm, Placement::Pre) };
    let own = AttentionSpec { bias: distances(false)?, causal: true, ..cross.clone() };
    let decoder_layer = BlockSpec::decoder_layer(own, cross, mlp, norm, Placement::Pre);
    let mut blocks = vec![encoder_block; layers];
    for _ in 0..config.layers_or("num_decoder_layers", layers)? {
        blocks.extend(decoder_layer.clone());
    }
    let vocab = config.count_or("vocab_size", 32_128)?;
    Ok(ModelSpec {
        family: family.into(),
        architecture: config.architecture().unwrap_or(family).into(),
        width,
        vocab,
        context: None,
        embedding: EmbeddingSpec::default(),
        encoder: Some(EncoderSpec {
            embedding: EmbeddingSpec::default(),
            vocab,
            context: None,
            final_norm: Some(norm),
            start: config.target_start(0)?,
        }),
        blocks,
        final_norm: Some(norm),
        head: head_of(config),
        logits: LogitSpec {
            scale: if scaled { (width as f64).powf(-0.5) as f32 } else { 1.0 },
            softcap: None,
        },
    })
}
