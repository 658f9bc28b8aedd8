//! What a configuration's keys usually mean, and what is assumed where it has none.

use super::super::{alibi, qwen2, slide, sliding};
use crate::kernels::Activation;
use crate::model::attention_spec::AttentionSpec;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::{BlockSpec, LogitSpec, NormSpec};
use crate::model::warning::Assumption;

const HEADS: &[&str] = &["num_attention_heads", "n_head", "n_heads", "num_heads", "attention_heads"];
const CONTEXT: &[&str] = &["max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length"];
const ACTIVATION: &[&str] = &["hidden_act", "hidden_activation", "activation_function", "activation", "afn"];
const EPSILON: &[&str] = &[
    "rms_norm_eps",
    "layer_norm_eps",
    "layer_norm_epsilon",
    "norm_epsilon",
    "norm_eps",
    "layernorm_epsilon",
];
/// Keys that say that positions turn queries and keys.
const TURNS: &[&str] =
    &["rope_parameters", "rope_theta", "rope_scaling", "rotary_emb_base", "rotary_dim", "rotary_pct"];
/// Keys of what is not read from an unknown model: each changes the arithmetic in a way of its own.
const UNREAD: &[&str] = &[
    "attn_config",
    "num_experts",
    "num_local_experts",
    "n_routed_experts",
    "kv_lora_rank",
    "attention_types",
    "scale_embedding",
    "apply_residual_connection_post_layernorm",
    "rope_interleave",
    "rope_interleaved",
    "per_layer_config",
    "rope_local_base_freq",
    "llama_4_scaling_beta",
    "attention_chunk_size",
    "num_kv_shared_layers",
];
/// Within names of settings that change the arithmetic…
const FACTORS: &[&str] = &["multiplier", "softcap", "scale", "scaling", "mup", "alibi"];
/// …those that are read, or change nothing.
const FACTORS_READ: &[&str] = &[
    "attention_multiplier",
    "residual_multiplier",
    "embedding_multiplier",
    "logits_scaling",
    "logit_scale",
    "attn_logit_softcapping",
    "final_logit_softcapping",
    "rope_scaling",
    "scale_attn_weights",
    "scale_attn_by_inverse_layer_idx",
    "alibi",
    // Of other precision, with the same numbers
    "attention_softmax_in_fp32",
    "scale_attention_softmax_in_fp32",
];

/// A setting that could not be read, as a reason.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn reason(error: SpecError) -> String {
    error.to_string()
}

/// A configuration, and what had to be assumed beside it.
pub(super) struct Said<'a> {
    config: &'a Config,
    assumed: Vec<Assumption>,
    /// Some things are as in Gemma
    gemma: bool,
}

impl<'a> Said<'a> {
    pub(super) fn new(config: &'a Config) -> Self {
        Self { config, assumed: Vec::new(), gemma: false }
    }
    pub(super) fn assume(&mut self, what: Assumption) {
        self.assumed.push(what);
    }
    pub(super) fn assumed(&self) -> &[Assumption] {
        &self.assumed
    }
    pub(super) fn name(&self) -> &str {
        self.config.architecture().or_else(|| self.config.model_type()).unwrap_or("unknown")
    }
    /// Whether the class's name says that there is no head.
    pub(super) fn is_bare(&self) -> bool {
        let name = self.name();
        name.ends_with("Model") && !name.ends_with("LMHeadModel")
    }
    fn key(&self, keys: &[&'static str]) -> Option<&'static str> {
        keys.iter().copied().find(|key| self.config.has(key))
    }

    /// Refuses what is known to look both ways: decoders alone are inferred.
    pub(super) fn decodes(&mut self) -> Result<(), String> {
        let name = self.name();
        if name.contains("MaskedLM") || name.to_lowercase().contains("bert") {
            return Err(format!("`{name}` reads both ways, as its name says; only decoders are inferred"));
        }
        let both = self.config.flag_or("use_bidirectional_attention", false).map_err(reason)?;
        if both || !self.config.flag_or("is_causal", true).map_err(reason)? {
            return Err("its settings say that it reads both ways; only decoders are inferred".into());
        }
        if self.is_bare() {
            self.assume(Assumption::Causal(true));
        }
        Ok(())
    }
    /// A factor on something, by its name, that nothing here reads.
    fn strange_factor(&self) -> Option<&str> {
        let names = |key: &&str| FACTORS.iter().any(|word| key.contains(word)) && !FACTORS_READ.contains(key);
        self.config.keys().filter(names).find(|key| match self.config.number_opt(key) {
            Ok(Some(number)) => number != 0.0 && (number - 1.0).abs() > 1e-12,
            Ok(None) => false,
            Err(_) => self.config.flag_or(key, false) == Ok(true),
        })
    }

    /// Whether fused tensors have queries, keys and values of each head next to each other.
    pub(super) fn fused_by_head(&self) -> bool {
        self.config.has("multi_query")
    }
    /// How fused queries, keys and values lie, where nothing says that it is by heads.
    pub(super) fn fused(&mut self) -> Result<(), String> {
        if self.config.has("rotary_dim") {
            return Err(
                "fused queries, keys and values beside `rotary_dim` lie in no order that is known".into()
            );
        }
        self.assume(Assumption::FusedInTurn);
        Ok(())
    }
    pub(super) fn heads(&self) -> Result<usize, String> {
        if let Some(key) = self.key(UNREAD) {
            // MPT's and BLOOM's own options, experts, compressed keys: these need a family of their own
            return Err(format!("`{key}` is a setting that is read only for classes that are known"));
        }
        if let Some(key) = self.strange_factor() {
            return Err(format!("`{key}` is a setting that is read only for classes that are known"));
        }
        if self.config.rope_number("llama_4_scaling_beta").is_some() {
            return Err(
                "queries that grow with their position are read only for classes that are known".into()
            );
        }
        let key = self.key(HEADS).ok_or("the configuration gives no number of heads")?;
        self.config.count_or(key, 1).map_err(reason)
    }
    /// Refuses embeddings of another width.
    pub(super) fn embedding_is(&self, width: usize) -> Result<(), String> {
        match self.config.count_or("word_embed_proj_dim", width).map_err(reason)? {
            own if own == width => Ok(()),
            own => Err(format!("`word_embed_proj_dim` is {own}, the embedding is {width} wide")),
        }
    }
    pub(super) fn head_dim(&self) -> Result<Option<usize>, String> {
        self.config.count_opt("head_dim").map_err(reason)
    }
    pub(super) fn context(&self) -> Result<Option<usize>, String> {
        match self.key(CONTEXT) {
            Some(key) => self.config.count_opt(key).map_err(reason),
            None => Ok(None),
        }
    }
    pub(super) fn activation(&mut self, gated: bool) -> Result<Activation, String> {
        if let Some(key) = self.key(ACTIVATION) {
            let activation = self.config.activation_or(key, Activation::Silu).map_err(reason)?;
            if key == "afn" && activation == Activation::Gelu {
                self.assume(Assumption::TanhGelu);
                return Ok(Activation::NewGelu);
            }
            return Ok(activation);
        }
        let (name, activation) = if gated { ("silu", Activation::Silu) } else { ("gelu", Activation::Gelu) };
        self.assume(Assumption::Activation(name));
        Ok(activation)
    }
    /// RMSNorm where the epsilon is called so and norms have no biases; `gemma` says that other things look like Gemma.
    pub(super) fn norm(&mut self, biased: bool, gemma: bool) -> Result<NormSpec, String> {
        let key = self.key(EPSILON);
        let rms = !biased && key.is_none_or(|key| key == "rms_norm_eps");
        let default = if rms { 1e-6 } else { 1e-5 };
        if key.is_none() {
            self.assume(Assumption::Epsilon(default));
        }
        let eps = match key {
            Some(key) => self.config.float_or(key, default).map_err(reason)?,
            None => default,
        };
        self.gemma = rms && (gemma || self.config.has("query_pre_attn_scalar"));
        let gemma = self.gemma;
        if gemma {
            self.assume(Assumption::UnitOffset("Gemma"));
        }
        let nemotron = !rms && key == Some("norm_eps");
        if nemotron {
            self.assume(Assumption::UnitOffset("Nemotron"));
        }
        let norm = if rms { NormSpec::rms(eps) } else { NormSpec::layer(eps) };
        Ok(NormSpec { unit_offset: gemma || nemotron, ..norm })
    }
    /// Whether both parts of a block read its input; none where nothing says so.
    pub(super) fn is_parallel(&self) -> Result<Option<bool>, String> {
        match self.key(&["use_parallel_residual", "parallel_attn"]) {
            Some(key) => self.config.flag_or(key, false).map(Some).map_err(reason),
            None => Ok(None),
        }
    }
    /// Whether norms follow the sums.
    pub(super) fn norms_follow(&self) -> Result<bool, String> {
        self.config.flag_or("do_layer_norm_before", true).map(|before| !before).map_err(reason)
    }

    /// How a model without a table of positions tells them; `as_glm` says that its tensors look like GLM's.
    pub(super) fn positions(&mut self, attention: &mut AttentionSpec, as_glm: bool) -> Result<(), String> {
        let config = self.config;
        if config.flag_or("alibi", false).map_err(reason)? {
            self.assume(Assumption::FalconAlibi);
            attention.bias = Some(alibi::as_in_falcon(attention).map_err(reason)?);
            return Ok(());
        }
        if self.key(TURNS).is_none() {
            return Err("nothing says how positions are told: no table, no rotary, no ALiBi".into());
        }
        let head_dim = attention.head_dim;
        let fraction = match self.key(&["partial_rotary_factor", "rotary_pct"]) {
            Some(key) => config.float_or(key, 1.0),
            None => config.rotary_fraction("partial_rotary_factor", 1.0),
        };
        let part = (fraction.map_err(reason)?.min(1.0) * head_dim as f64) as usize;
        let dims = config.count_or("rotary_dim", part).map_err(reason)?;
        let theta = config.float_or("rotary_emb_base", 10_000.0).map_err(reason)?;
        let mut rotary = config.rotary(dims, theta, 2048).map_err(reason)?;
        let glm = as_glm && part < head_dim;
        rotary.interleaved = glm || self.key(&["rotary_dim", "logit_scale"]).is_some();
        self.assume(Assumption::Rotary { interleaved: rotary.interleaved });
        attention.rotary = Some(rotary);
        Ok(())
    }

    /// Factors and caps.
    pub(super) fn scores(&mut self, block: &mut BlockSpec) -> Result<(), String> {
        let number = |key: &str| self.config.float_unless_null(key, None).map_err(reason);
        let attention = &mut block.attention;
        if let Some(width) = number("query_pre_attn_scalar")? {
            attention.scale = (1.0 / width.sqrt()) as f32;
        }
        if let Some(factor) = number("attention_multiplier")? {
            attention.scale = factor as f32;
        }
        if !self.config.flag_or("scale_attn_weights", true).map_err(reason)? {
            attention.scale = 1.0;
        }
        attention.softcap = number("attn_logit_softcapping")?.map(|cap| cap as f32);
        attention.clip = number("clip_qkv")?.map(|limit| limit as f32);
        if let Some(factor) = number("residual_multiplier")? {
            block.residual_scale = factor as f32;
        }
        Ok(())
    }

    /// What differs from block to block: windows, bases, blocks without positions, scales by depth.
    pub(super) fn each_block(&mut self, blocks: &mut [BlockSpec]) -> Result<(), String> {
        let config = self.config;
        let by_depth = config.flag_or("scale_attn_by_inverse_layer_idx", false).map_err(reason)?;
        let listed = config.indices("no_rope_layers");
        for (layer, block) in blocks.iter_mut().enumerate() {
            if by_depth {
                block.attention.scale /= (layer + 1) as f32;
            }
            if listed.get(layer) == Some(&0) {
                block.attention.rotary = None;
            }
        }
        if config.has("use_sliding_window") {
            qwen2::windows(config, blocks).map_err(reason)?;
        } else if let Some(window) = config.count_opt("sliding_window").map_err(reason)? {
            if config.words("layer_types").is_none() {
                self.assume(Assumption::Window(window));
            }
            let slides = sliding(config, blocks.len(), |_| true);
            slide(blocks, Some(window), &slides);
        }
        let kinds = config.words("layer_types").unwrap_or_default();
        let fully = kinds.iter().position(|&kind| kind == "full_attention");
        let mixed = fully.is_some() && kinds.contains(&"sliding_attention");
        if mixed && self.key(&["logit_scale"]).is_none() && config.indices("no_rope_layers").is_empty() {
            self.assume(Assumption::PositionsEverywhere);
        }
        if self.key(&["logit_scale"]).is_some() && mixed {
            self.assume(Assumption::NoPositionsWithoutWindow);
            for (block, _) in blocks.iter_mut().zip(&kinds).filter(|(_, kind)| **kind == "full_attention") {
                block.attention.rotary = None;
            }
        }
        for (block, kind) in
            blocks.iter_mut().zip(&kinds).filter(|(block, _)| block.attention.rotary.is_some())
        {
            let own = config.rotary_of(kind, block.attention.head_dim, 10_000.0, 2048).map_err(reason)?;
            if own.is_some() {
                block.attention.rotary = own;
            }
        }
        Ok(())
    }

    pub(super) fn embedding_scale(&mut self, width: usize) -> Result<f32, String> {
        if self.gemma {
            self.assume(Assumption::ScaledEmbedding);
            return Ok((width as f64).sqrt() as f32);
        }
        Ok(self.config.float_or("embedding_multiplier", 1.0).map_err(reason)? as f32)
    }
    pub(super) fn logits(&self) -> Result<LogitSpec, String> {
        let divisor = self.config.float_or("logits_scaling", 1.0).map_err(reason)?;
        let factor = self.config.float_or("logit_scale", 1.0).map_err(reason)?;
        let softcap = self.config.float_unless_null("final_logit_softcapping", None).map_err(reason)?;
        Ok(LogitSpec { scale: (factor / divisor) as f32, softcap: softcap.map(|cap| cap as f32) })
    }
}
