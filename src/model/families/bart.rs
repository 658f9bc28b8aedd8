//! BART: a bidirectional encoder and a decoder that looks at it, both post-norm, with learned positions.
//! Reference: `BartForConditionalGeneration`, `BartModel` in Transformers, `modeling_bart.py`.

use super::{Family, Map, from, head_dim, head_of};
use crate::kernels::Activation;
use crate::model::attention_spec::AttentionSpec;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{
    BlockSpec, EmbeddingSpec, EncoderSpec, LogitSpec, MlpSpec, ModelSpec, NormSpec, Part, Placement,
    Positions,
};

pub(super) const FAMILY: Family = Family {
    model_type: "bart",
    architectures: &["BartForConditionalGeneration", "BartModel"],
    prefixes: &["model.", ""],
    spec,
    weights: &[WEIGHTS],
};
/// The decoder alone.
pub(super) const DECODER: Family = Family {
    architectures: &["BartForCausalLM"],
    spec: |config| Ok(alone(spec(config)?)),
    weights: &[DECODER_WEIGHTS],
    ..FAMILY
};

/// mBART, Marian, Pegasus, M2M-100 and Blenderbot store theirs under the same names; each has some of these norms.
pub(super) const WEIGHTS: &[Map] = &[
    from("encoder.embed.W_E", "encoder.embed_tokens.weight").or("shared.weight"),
    from("encoder.pos_embed.W_pos", "encoder.embed_positions.weight"),
    from("encoder.embed.ln.w", "encoder.layernorm_embedding.weight"),
    from("encoder.embed.ln.b", "encoder.layernorm_embedding.bias"),
    from("encoder.{l}.attn.W_Q", "encoder.layers.{l}.self_attn.q_proj.weight").turned(),
    from("encoder.{l}.attn.b_Q", "encoder.layers.{l}.self_attn.q_proj.bias"),
    from("encoder.{l}.attn.W_K", "encoder.layers.{l}.self_attn.k_proj.weight").turned(),
    from("encoder.{l}.attn.b_K", "encoder.layers.{l}.self_attn.k_proj.bias"),
    from("encoder.{l}.attn.W_V", "encoder.layers.{l}.self_attn.v_proj.weight").turned(),
    from("encoder.{l}.attn.b_V", "encoder.layers.{l}.self_attn.v_proj.bias"),
    from("encoder.{l}.attn.W_O", "encoder.layers.{l}.self_attn.out_proj.weight").turned(),
    from("encoder.{l}.attn.b_O", "encoder.layers.{l}.self_attn.out_proj.bias"),
    from("encoder.{l}.ln1.w", "encoder.layers.{l}.self_attn_layer_norm.weight"),
    from("encoder.{l}.ln1.b", "encoder.layers.{l}.self_attn_layer_norm.bias"),
    from("encoder.{l}.mlp.W_in", "encoder.layers.{l}.fc1.weight").turned(),
    from("encoder.{l}.mlp.b_in", "encoder.layers.{l}.fc1.bias"),
    from("encoder.{l}.mlp.W_out", "encoder.layers.{l}.fc2.weight").turned(),
    from("encoder.{l}.mlp.b_out", "encoder.layers.{l}.fc2.bias"),
    from("encoder.{l}.ln2.w", "encoder.layers.{l}.final_layer_norm.weight"),
    from("encoder.{l}.ln2.b", "encoder.layers.{l}.final_layer_norm.bias"),
    from("encoder.ln_final.w", "encoder.layer_norm.weight"),
    from("encoder.ln_final.b", "encoder.layer_norm.bias"),
    from("embed.W_E", "decoder.embed_tokens.weight").or("shared.weight"),
    from("pos_embed.W_pos", "decoder.embed_positions.weight"),
    from("embed.ln.w", "decoder.layernorm_embedding.weight"),
    from("embed.ln.b", "decoder.layernorm_embedding.bias"),
    from("decoder.{l}.attn.W_Q", "decoder.layers.{l}.self_attn.q_proj.weight").turned(),
    from("decoder.{l}.attn.b_Q", "decoder.layers.{l}.self_attn.q_proj.bias"),
    from("decoder.{l}.attn.W_K", "decoder.layers.{l}.self_attn.k_proj.weight").turned(),
    from("decoder.{l}.attn.b_K", "decoder.layers.{l}.self_attn.k_proj.bias"),
    from("decoder.{l}.attn.W_V", "decoder.layers.{l}.self_attn.v_proj.weight").turned(),
    from("decoder.{l}.attn.b_V", "decoder.layers.{l}.self_attn.v_proj.bias"),
    from("decoder.{l}.attn.W_O", "decoder.layers.{l}.self_attn.out_proj.weight").turned(),
    from("decoder.{l}.attn.b_O", "decoder.layers.{l}.self_attn.out_proj.bias"),
    from("decoder.{l}.ln1.w", "decoder.layers.{l}.self_attn_layer_norm.weight"),
    from("decoder.{l}.ln1.b", "decoder.layers.{l}.self_attn_layer_norm.bias"),
    from("cross.{l}.attn.W_Q", "decoder.layers.{l}.encoder_attn.q_proj.weight").turned(),
    from("cross.{l}.attn.b_Q", "decoder.layers.{l}.encoder_attn.q_proj.bias"),
    from("cross.{l}.attn.W_K", "decoder.layers.{l}.encoder_attn.k_proj.weight").turned(),
    from("cross.{l}.attn.b_K", "decoder.layers.{l}.encoder_attn.k_proj.bias"),
    from("cross.{l}.attn.W_V", "decoder.layers.{l}.encoder_attn.v_proj.weight").turned(),
    from("cross.{l}.attn.b_V", "decoder.layers.{l}.encoder_attn.v_proj.bias"),
    from("cross.{l}.attn.W_O", "decoder.layers.{l}.encoder_attn.out_proj.weight").turned(),
    from("cross.{l}.attn.b_O", "decoder.layers.{l}.encoder_attn.out_proj.bias"),
    from("cross.{l}.ln1.w", "decoder.layers.{l}.encoder_attn_layer_norm.weight"),
    from("cross.{l}.ln1.b", "decoder.layers.{l}.encoder_attn_layer_norm.bias"),
    from("cross.{l}.mlp.W_in", "decoder.layers.{l}.fc1.weight").turned(),
    from("cross.{l}.mlp.b_in", "decoder.layers.{l}.fc1.bias"),
    from("cross.{l}.mlp.W_out", "decoder.layers.{l}.fc2.weight").turned(),
    from("cross.{l}.mlp.b_out", "decoder.layers.{l}.fc2.bias"),
    from("cross.{l}.ln2.w", "decoder.layers.{l}.final_layer_norm.weight"),
    from("cross.{l}.ln2.b", "decoder.layers.{l}.final_layer_norm.bias"),
    from("ln_final.w", "decoder.layer_norm.weight"),
    from("ln_final.b", "decoder.layer_norm.bias"),
    from("unembed.W_U", "lm_head.weight").turned().or("decoder.embed_tokens.weight").or("shared.weight"),
    from("unembed.b_U", "final_logits_bias").optional(),
];

/// Of a decoder that stands alone: it has nothing to look across at.
pub(super) const DECODER_WEIGHTS: &[Map] = &[
    from("embed.W_E", "decoder.embed_tokens.weight").or("shared.weight"),
    from("pos_embed.W_pos", "decoder.embed_positions.weight"),
    from("embed.ln.w", "decoder.layernorm_embedding.weight"),
    from("embed.ln.b", "decoder.layernorm_embedding.bias"),
    from("blocks.{l}.attn.W_Q", "decoder.layers.{l}.self_attn.q_proj.weight").turned(),
    from("blocks.{l}.attn.b_Q", "decoder.layers.{l}.self_attn.q_proj.bias"),
    from("blocks.{l}.attn.W_K", "decoder.layers.{l}.self_attn.k_proj.weight").turned(),
    from("blocks.{l}.attn.b_K", "decoder.layers.{l}.self_attn.k_proj.bias"),
    from("blocks.{l}.attn.W_V", "decoder.layers.{l}.self_attn.v_proj.weight").turned(),
    from("blocks.{l}.attn.b_V", "decoder.layers.{l}.self_attn.v_proj.bias"),
    from("blocks.{l}.attn.W_O", "decoder.layers.{l}.self_attn.out_proj.weight").turned(),
    from("blocks.{l}.attn.b_O", "decoder.layers.{l}.self_attn.out_proj.bias"),
    from("blocks.{l}.ln1.w", "decoder.layers.{l}.self_attn_layer_norm.weight"),
    from("blocks.{l}.ln1.b", "decoder.layers.{l}.self_attn_layer_norm.bias"),
    from("blocks.{l}.mlp.W_in", "decoder.layers.{l}.fc1.weight").turned(),
    from("blocks.{l}.mlp.b_in", "decoder.layers.{l}.fc1.bias"),
    from("blocks.{l}.mlp.W_out", "decoder.layers.{l}.fc2.weight").turned(),
    from("blocks.{l}.mlp.b_out", "decoder.layers.{l}.fc2.bias"),
    from("blocks.{l}.ln2.w", "decoder.layers.{l}.final_layer_norm.weight"),
    from("blocks.{l}.ln2.b", "decoder.layers.{l}.final_layer_norm.bias"),
    from("ln_final.w", "decoder.layer_norm.weight"),
    from("ln_final.b", "decoder.layer_norm.bias"),
    from("unembed.W_U", "lm_head.weight").turned().or("decoder.embed_tokens.weight").or("shared.weight"),
];

/// The decoder of an encoder–decoder by itself.
pub(super) fn alone(spec: ModelSpec) -> ModelSpec {
    let cross = spec.blocks.iter().filter(|block| block.part == Part::Cross);
    let own = spec.blocks.iter().filter(|block| block.part == Part::Decoder);
    let joined = own.zip(cross).map(|(own, cross)| {
        let (mlp, ln2) = (cross.mlp.clone(), cross.ln2);
        BlockSpec { part: Part::Only, mlp, ln2, ..own.clone() }
    });
    ModelSpec { blocks: joined.collect(), encoder: None, ..spec }
}

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let shape = Shape {
        family: "bart",
        placement: Placement::Post,
        positions: Positions::Learned { offset: 2 },
        embedding_norm: true,
        scaled: false,
        activation: Activation::Gelu,
        sizes: Sizes { layers: (12, 12), heads: 16, width: 1024, mlp: 4096, vocab: 50_265, context: 1024 },
        start: 2,
    };
    translator(config, &shape)
}

/// What the models of this shape differ in.
pub(super) struct Shape {
    pub(super) family: &'static str,
    /// Pre-norm stacks end in a norm of their own
    pub(super) placement: Placement,
    pub(super) positions: Positions,
    pub(super) embedding_norm: bool,
    /// Default of `scale_embedding`
    pub(super) scaled: bool,
    pub(super) activation: Activation,
    pub(super) sizes: Sizes,
    /// Default of `decoder_start_token_id`
    pub(super) start: usize,
}

/// What the class fills in where `config.json` leaves a size out.
pub(super) struct Sizes {
    /// Encoder's and decoder's
    pub(super) layers: (usize, usize),
    pub(super) heads: usize,
    pub(super) width: usize,
    pub(super) mlp: usize,
    pub(super) vocab: usize,
    pub(super) context: usize,
}

/// The encoder–decoder that BART set the pattern for.
pub(super) fn translator(config: &Config, shape: &Shape) -> Result<ModelSpec, SpecError> {
    let sizes = &shape.sizes;
    let width = config.count_or("d_model", sizes.width)?;
    let activation = config.activation_or("activation_function", shape.activation)?;
    let norm = NormSpec::layer(1e-5);
    let attention = |key: &str| {
        let heads = config.count_or(key, sizes.heads)?;
        Ok::<_, SpecError>(AttentionSpec::new(heads, heads, head_dim(width, heads, key)?))
    };
    let mlp =
        |key: &str| Ok::<_, SpecError>(MlpSpec::new(config.count_or(key, sizes.mlp)?, activation, false));
    let own = attention("encoder_attention_heads")?;
    let encoder_block = BlockSpec {
        part: Part::Encoder,
        ..BlockSpec::new(own, mlp("encoder_ffn_dim")?, norm, shape.placement)
    };
    let cross = attention("decoder_attention_heads")?;
    let own = AttentionSpec { causal: true, ..cross.clone() };
    let decoder_layer = BlockSpec::decoder_layer(own, cross, mlp("decoder_ffn_dim")?, norm, shape.placement);
    let mut blocks = vec![encoder_block; config.layers_or("encoder_layers", sizes.layers.0)?];
    for _ in 0..config.layers_or("decoder_layers", sizes.layers.1)? {
        blocks.extend(decoder_layer.clone());
    }
    let scaled = config.flag_or("scale_embedding", shape.scaled)?;
    let embedding = EmbeddingSpec {
        scale: if scaled { (width as f64).sqrt() as f32 } else { 1.0 },
        positions: shape.positions,
        norm: shape.embedding_norm.then_some(norm),
        ..EmbeddingSpec::default()
    };
    let shared = config.flag_or("share_encoder_decoder_embeddings", true)?;
    let final_norm = (shape.placement == Placement::Pre).then_some(norm);
    let vocab = config.count_or("vocab_size", sizes.vocab)?;
    let context = Some(config.count_or("max_position_embeddings", sizes.context)?);
    Ok(ModelSpec {
        family: shape.family.into(),
        architecture: config.architecture().unwrap_or(shape.family).into(),
        width,
        vocab: if shared { vocab } else { config.count_or("decoder_vocab_size", vocab)? },
        context,
        embedding: embedding.clone(),
        encoder: Some(EncoderSpec {
            embedding,
            vocab,
            context,
            final_norm,
            start: config.target_start(shape.start)?,
        }),
        blocks,
        final_norm,
        head: head_of(config),
        logits: LogitSpec::default(),
    })
}
