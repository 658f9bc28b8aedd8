//! MPNet: BERT's blocks without segments, one table of bucketed distances added to the scores of every block.
//! Reference: `MPNetModel` and the classes with heads in Transformers, `modeling_mpnet.py`.

use super::encoder::{ANSWER, CLASSIFIER, PostNorm, Sizes, TAGS, dense, head, post_norm};
use super::{Family, Map, bert, from, roberta};
use crate::model::attention_spec::{Buckets, PositionBias};
use crate::model::classes::ClassActivation;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "mpnet",
    architectures: &["MPNetModel", "MPNetForMaskedLM"],
    prefixes: &["mpnet.", ""],
    spec,
    weights: &[WEIGHTS, roberta::MASKED],
};
pub(super) const CLASSES: Family =
    Family { architectures: &["MPNetForSequenceClassification"], weights: &[WEIGHTS, CLASSIFIER], ..FAMILY };
pub(super) const CHOICES: Family =
    Family { architectures: &["MPNetForMultipleChoice"], weights: &[WEIGHTS, bert::POOLED], ..FAMILY };
pub(super) const TAGGER: Family =
    Family { architectures: &["MPNetForTokenClassification"], weights: &[WEIGHTS, TAGS], ..FAMILY };
pub(super) const ANSWERS: Family =
    Family { architectures: &["MPNetForQuestionAnswering"], weights: &[WEIGHTS, ANSWER], ..FAMILY };

const WEIGHTS: &[Map] = &[
    from("embed.W_E", "embeddings.word_embeddings.weight"),
    from("pos_embed.W_pos", "embeddings.position_embeddings.weight"),
    from("embed.ln.w", "embeddings.LayerNorm.weight"),
    from("embed.ln.b", "embeddings.LayerNorm.bias"),
    from("blocks.{l}.attn.W_rel", "encoder.relative_attention_bias.weight"),
    from("blocks.{l}.attn.W_Q", "encoder.layer.{l}.attention.attn.q.weight").turned(),
    from("blocks.{l}.attn.b_Q", "encoder.layer.{l}.attention.attn.q.bias"),
    from("blocks.{l}.attn.W_K", "encoder.layer.{l}.attention.attn.k.weight").turned(),
    from("blocks.{l}.attn.b_K", "encoder.layer.{l}.attention.attn.k.bias"),
    from("blocks.{l}.attn.W_V", "encoder.layer.{l}.attention.attn.v.weight").turned(),
    from("blocks.{l}.attn.b_V", "encoder.layer.{l}.attention.attn.v.bias"),
    from("blocks.{l}.attn.W_O", "encoder.layer.{l}.attention.attn.o.weight").turned(),
    from("blocks.{l}.attn.b_O", "encoder.layer.{l}.attention.attn.o.bias"),
    from("blocks.{l}.ln1.w", "encoder.layer.{l}.attention.LayerNorm.weight"),
    from("blocks.{l}.ln1.b", "encoder.layer.{l}.attention.LayerNorm.bias"),
    from("blocks.{l}.mlp.W_in", "encoder.layer.{l}.intermediate.dense.weight").turned(),
    from("blocks.{l}.mlp.b_in", "encoder.layer.{l}.intermediate.dense.bias"),
    from("blocks.{l}.mlp.W_out", "encoder.layer.{l}.output.dense.weight").turned(),
    from("blocks.{l}.mlp.b_out", "encoder.layer.{l}.output.dense.bias"),
    from("blocks.{l}.ln2.w", "encoder.layer.{l}.output.LayerNorm.weight"),
    from("blocks.{l}.ln2.b", "encoder.layer.{l}.output.LayerNorm.bias"),
];

/// The padding token that positions skip, whatever the tokenizer's own is.
const PADDING: usize = 1;
/// Buckets of distances, whatever number of rows the table has.
const BUCKETS: Buckets = Buckets { count: 32, max_distance: 128, two_sided: true };

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let sizes = Sizes { vocab: 30_527, token_types: 0, ..Sizes::BERT };
    let PostNorm { mut spec, norm, .. } = post_norm(config, "mpnet", &sizes)?;
    if config.count_or("relative_attention_num_buckets", BUCKETS.count)? != BUCKETS.count {
        return Err(SpecError::Value {
            key: "relative_attention_num_buckets".into(),
            found: config.count_or("relative_attention_num_buckets", BUCKETS.count)?.to_string(),
            expected: "32, the number that the class uses",
        });
    }
    for block in &mut spec.blocks {
        block.attention.bias = Some(PositionBias::Buckets(BUCKETS));
    }
    roberta::skip_padding(&mut spec, PADDING)?;
    spec.head = head(config, &roberta::heads(norm, &[dense(spec.width, ClassActivation::Tanh)]))?;
    Ok(spec)
}
