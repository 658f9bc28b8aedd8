//! One small file a family: `config.json` and tensor names become our `ModelSpec` and canonical weights.
//!
//! To add one: copy the nearest, add a line to `FAMILIES` and an entry to `tools/make_fixtures.py`.

mod albert;
mod alibi;
mod arcee;
mod bart;
mod bert;
mod blenderbot;
mod bloom;
mod classifier;
mod codegen;
mod cohere;
mod cohere2;
mod cwm;
mod deberta;
mod deepseek;
mod distilbert;
mod electra;
mod encoder;
mod ernie4_5;
mod eurobert;
mod exaone4;
mod falcon;
mod fused;
mod gemma;
mod glm;
mod glm4_moe;
mod gpt1;
mod gpt2;
mod gpt_bigcode;
mod gpt_neo;
mod gpt_neox;
mod gpt_oss;
mod gptj;
mod granite;
mod hunyuan;
pub(super) mod infer;
pub(super) mod keras;
mod llama;
mod m2m_100;
mod map;
mod marian;
mod mbart;
mod mistral;
mod mixtral;
mod modernbert;
mod mpnet;
mod mpt;
mod nanochat;
mod nemotron;
mod nomic_bert;
mod olmo;
mod opt;
mod pegasus;
mod phi;
mod phi3;
mod phimoe;
mod prenorm;
mod qwen2;
mod qwen2_moe;
mod qwen3;
mod roberta;
mod seed_oss;
mod smollm3;
mod stablelm;
mod starcoder2;
mod t5;
mod umt5;
mod xglm;

use super::attention_spec::{AttentionSpec, Window};
use super::config::Config;
use super::error::SpecError;
use super::spec::{BlockSpec, HeadSpec, ModelSpec};
pub(super) use fused::Rows;
use map::from;
pub(super) use map::{Map, Needed};

const FAMILIES: &[&Family] = &[
    &gpt1::FAMILY,
    &gpt2::FAMILY,
    &gpt_neo::FAMILY,
    &gptj::FAMILY,
    &codegen::FAMILY,
    &gpt_neox::FAMILY,
    &opt::FAMILY,
    &bloom::FAMILY,
    &falcon::FAMILY,
    &mpt::FAMILY,
    &gpt_bigcode::FAMILY,
    &starcoder2::FAMILY,
    &llama::FAMILY,
    &mistral::MISTRAL,
    &mistral::MINISTRAL,
    &mistral::MINISTRAL3,
    &mixtral::FAMILY,
    &qwen2::FAMILY,
    &qwen2_moe::FAMILY,
    &qwen3::QWEN3,
    &qwen3::QWEN3_MOE,
    &phi::FAMILY,
    &phi3::FAMILY,
    &phimoe::FAMILY,
    &gemma::GEMMA,
    &gemma::GEMMA2,
    &gemma::GEMMA3,
    &gemma::VAULT_GEMMA,
    &stablelm::FAMILY,
    &olmo::OLMO,
    &olmo::OLMO2,
    &olmo::OLMO3,
    &olmo::OLMOE,
    &smollm3::FAMILY,
    &arcee::ARCEE,
    &arcee::JAIS2,
    &cwm::FAMILY,
    &exaone4::FAMILY,
    &nanochat::FAMILY,
    &hunyuan::FAMILY,
    &seed_oss::FAMILY,
    &ernie4_5::ERNIE,
    &ernie4_5::HELIUM,
    &granite::GRANITE,
    &granite::GRANITE_MOE,
    &granite::GRANITE_MOE_SHARED,
    &cohere::FAMILY,
    &cohere2::FAMILY,
    &glm::GLM,
    &glm::GLM4,
    &glm4_moe::GLM,
    &glm4_moe::DOTS,
    &nemotron::FAMILY,
    &deepseek::V2,
    &deepseek::V3,
    &gpt_oss::FAMILY,
    &xglm::FAMILY,
    &bert::FAMILY,
    &bert::CLASSES,
    &bert::NEXT,
    &bert::TAGGER,
    &bert::ANSWERS,
    &roberta::FAMILY,
    &roberta::XLM,
    &roberta::CLASSES,
    &roberta::CHOICES,
    &roberta::TAGGER,
    &roberta::ANSWERS,
    &roberta::DATA2VEC,
    &roberta::DATA2VEC_CLASSES,
    &roberta::DATA2VEC_CHOICES,
    &roberta::DATA2VEC_TAGGER,
    &roberta::DATA2VEC_ANSWERS,
    &bert::ERNIE,
    &bert::ERNIE_CLASSES,
    &bert::ERNIE_NEXT,
    &bert::ERNIE_TAGGER,
    &bert::ERNIE_ANSWERS,
    &prenorm::MEGATRON,
    &prenorm::MEGATRON_CLASSES,
    &prenorm::MEGATRON_TAGGER,
    &prenorm::MEGATRON_ANSWERS,
    &prenorm::XL,
    &prenorm::XL_CLASSES,
    &prenorm::XL_TAGGER,
    &prenorm::XL_ANSWERS,
    &prenorm::BEFORE,
    &prenorm::BEFORE_CLASSES,
    &prenorm::BEFORE_TAGGER,
    &prenorm::BEFORE_ANSWERS,
    &distilbert::FAMILY,
    &distilbert::CLASSES,
    &distilbert::TAGGER,
    &distilbert::ANSWERS,
    &albert::FAMILY,
    &albert::CLASSES,
    &albert::TAGGER,
    &albert::ANSWERS,
    &electra::FAMILY,
    &electra::DISCRIMINATOR,
    &electra::CLASSES,
    &electra::CHOICES,
    &electra::TAGGER,
    &electra::ANSWERS,
    &deberta::FAMILY,
    &deberta::CLASSES,
    &deberta::TAGGER,
    &deberta::ANSWERS,
    &deberta::FIRST,
    &deberta::FIRST_CLASSES,
    &deberta::FIRST_TAGGER,
    &deberta::FIRST_ANSWERS,
    &mpnet::FAMILY,
    &mpnet::CLASSES,
    &mpnet::CHOICES,
    &mpnet::TAGGER,
    &mpnet::ANSWERS,
    &modernbert::FAMILY,
    &modernbert::CLASSES,
    &nomic_bert::FAMILY,
    &nomic_bert::CLASSES,
    &nomic_bert::TAGGER,
    &eurobert::FAMILY,
    &t5::FAMILY,
    &t5::ENCODER,
    &t5::MULTILINGUAL,
    &t5::MULTILINGUAL_ENCODER,
    &umt5::FAMILY,
    &umt5::ENCODER,
    &bart::FAMILY,
    &bart::DECODER,
    &mbart::FAMILY,
    &mbart::DECODER,
    &marian::FAMILY,
    &marian::DECODER,
    &pegasus::FAMILY,
    &pegasus::DECODER,
    &m2m_100::FAMILY,
    &blenderbot::FAMILY,
    &blenderbot::DECODER,
    &blenderbot::SMALL,
    &blenderbot::SMALL_DECODER,
];

/// What we must be told about a family.
pub(super) struct Family {
    /// `model_type` in `config.json`
    model_type: &'static str,
    /// Classes in `architectures` that we open
    architectures: &'static [&'static str],
    /// What may stand before every tensor name
    pub(super) prefixes: &'static [&'static str],
    spec: fn(&Config) -> Result<ModelSpec, SpecError>,
    /// Where each weight comes from; `{l}` stands for the block
    pub(super) weights: &'static [&'static [Map]],
}

/// What opens, for messages and documentation: every `model_type` with the classes of its that are known.
pub fn supported() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for family in FAMILIES {
        match all.iter_mut().find(|(model_type, _)| *model_type == family.model_type) {
            Some((_, classes)) => classes.extend(family.architectures),
            None => all.push((family.model_type, family.architectures.to_vec())),
        }
    }
    all
}

/// The family a configuration names, and its spec.
pub(super) fn recognise(config: &Config) -> Result<(&'static Family, ModelSpec), SpecError> {
    let named = |name: &str| FAMILIES.iter().find(|family| family.architectures.contains(&name));
    let typed = |name: &str| FAMILIES.iter().find(|family| family.model_type == name);
    let mut worn = None;
    let family = match (config.architecture(), config.model_type()) {
        (Some(class), _) => {
            let kin = || {
                worn = Some(class);
                classifier::kin(class).iter().find_map(|kin| named(kin))
            };
            named(class).or_else(kin).ok_or_else(|| SpecError::Unknown(class.into()))?
        }
        (None, Some(model_type)) => typed(model_type).ok_or_else(|| SpecError::Unknown(model_type.into()))?,
        (None, None) => return Err(SpecError::Unnamed),
    };
    let mut spec = (family.spec)(config)?;
    if let Some(class) = worn {
        let head = classifier::head(config, class, &spec)?;
        spec.head = head.ok_or_else(|| SpecError::Unknown(class.into()))?;
    }
    for block in &spec.blocks {
        fits(&block.attention)?;
    }
    Ok((family, spec))
}

/// What a class that nobody told us about stands on, of a family that is known by its `model_type` or by the class's
/// name: the family's bare models, each with the configuration that names it.
pub(super) fn bases(config: &Config) -> impl Iterator<Item = (&'static Family, Config, ModelSpec)> {
    let wanted = config.architecture().unwrap_or_default();
    let of_kin = move |family: &Family, class: &str| {
        let Some(stem) =
            class.strip_suffix("Model").filter(|_| !SCORES.iter().any(|end| class.ends_with(end)))
        else {
            return false;
        };
        let stem = stem.strip_suffix("Encoder").unwrap_or(stem);
        let typed = config.model_type() == Some(family.model_type);
        if typed { wanted.contains(stem) } else { wanted.split("For").next() == Some(stem) }
    };
    let all =
        FAMILIES.iter().flat_map(|family| family.architectures.iter().map(move |class| (family, *class)));
    let classes = all.filter(move |(family, class)| of_kin(family, class));
    classes.filter_map(|(family, class)| {
        let config = config.renamed(class);
        let (_, spec) = recognise(&config).ok()?;
        Some((*family, config, spec))
    })
}

impl Family {
    /// Where each weight of a model comes from: its family's tables, and that of a head which any family may wear.
    pub(super) fn rows(&self, spec: &ModelSpec) -> impl Iterator<Item = &'static Map> {
        let own = self.weights.iter().copied().flatten();
        let worn = own.clone().all(|map| !map.ours.starts_with("head."));
        let worn = worn && matches!(spec.head, HeadSpec::Classes(_));
        own.chain(if worn { classifier::weights(spec) } else { &[] })
    }
}

/// Refuses rotary on more dimensions than a head has.
fn fits(attention: &AttentionSpec) -> Result<(), SpecError> {
    match &attention.rotary {
        Some(rotary) if rotary.start + 2 * rotary.pairs() > attention.head_dim => Err(SpecError::Value {
            key: "head_dim".into(),
            found: attention.head_dim.to_string(),
            expected: "enough for the pairs of dimensions that turn",
        }),
        _ => Ok(()),
    }
}

/// Which blocks `layer_types` calls sliding; where that is missing, what the class makes of a block's number.
fn sliding(config: &Config, layers: usize, of: impl Fn(usize) -> bool) -> Vec<bool> {
    match config.words("layer_types") {
        Some(kinds) => (0..layers).map(|layer| kinds.get(layer) == Some(&"sliding_attention")).collect(),
        None => (0..layers).map(of).collect(),
    }
}

/// Gives the blocks that slide a window of the last `window` keys.
fn slide(blocks: &mut [BlockSpec], window: Option<usize>, slides: &[bool]) {
    for (block, &slides) in blocks.iter_mut().zip(slides) {
        block.attention.window = window.filter(|_| slides).map(Window::Sliding);
    }
}

/// Refuses head counts that cannot share keys evenly.
fn groups(heads: usize, kv_heads: usize) -> Result<(), SpecError> {
    if heads.is_multiple_of(kv_heads) {
        return Ok(());
    }
    Err(SpecError::Value {
        key: "num_key_value_heads".into(),
        found: kv_heads.to_string(),
        expected: "a divisor of num_attention_heads",
    })
}

/// Width of a head where the configuration does not give it.
fn head_dim(width: usize, heads: usize, key: &str) -> Result<usize, SpecError> {
    if width.is_multiple_of(heads) {
        return Ok(width / heads);
    }
    Err(SpecError::Value { key: key.into(), found: heads.to_string(), expected: "a divisor of the width" })
}

/// What a class's name ends in that scores tokens though it is called `…Model`.
const SCORES: &[&str] = &["LMHeadModel", "MTModel", "DoubleHeadsModel"];

/// The head a class of the family has: none where it is called `…Model` (but for [`SCORES`]).
fn head_of(config: &Config) -> HeadSpec {
    match config.architecture() {
        Some(class) if class.ends_with("Model") && !SCORES.iter().any(|end| class.ends_with(end)) => {
            HeadSpec::None
        }
        _ => HeadSpec::NextToken,
    }
}
