//! What stands behind a Keras model's last block: a norm, pooling, a classifier, or scores for the next token.

use super::Reader;
use super::layers::Layer;
use super::settings::{Setting, activation, is_model};
use super::structure::Structure;
use crate::kernels::Activation;
use crate::model::classes::{ClassActivation, ClassHead, ClassLayer, Outcome, Pooling};
use crate::model::spec::HeadSpec;
use crate::model::warning::Assumption;
use serde_json::Value;

/// The end of a model.
pub(super) struct Head<'b> {
    pub spec: HeadSpec,
    /// The norm over the last block's output
    pub final_norm: Option<&'b Layer>,
}

/// One step behind the last block.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step<'b> {
    Dense(&'b Layer, Act),
    Norm(&'b Layer),
    Pool(Pooling),
}

/// What stands behind a matrix.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Hidden(ClassActivation),
    Softmax,
    Sigmoid,
}

impl PartialEq for Layer {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl<'a> Reader<'a> {
    /// What a configuration says that comes behind the last block; `None` where there is none in order.
    pub(super) fn end(&self, found: &Structure<'_>) -> Option<&'a [Setting<'a>]> {
        let block = found.blocks.last().filter(|_| self.settings.is_graph())?;
        let parts = [block.attention.layer, block.norms[0], block.norms[1], block.dense[0], block.dense[1]];
        let parts = parts.into_iter().chain(block.owner);
        let last = parts.filter_map(|layer| self.settings.index(layer.name())).max()?;
        Some(self.settings.from(last + 1))
    }

    pub(super) fn head<'b>(
        &mut self,
        found: &Structure<'b>,
        end: Option<&[Setting<'_>]>,
        width: usize,
        vocab: usize,
        context: Option<usize>,
    ) -> Result<Head<'b>, String> {
        let mut steps = match end {
            Some(end) => told(found, end, context)?,
            None => self.guessed(found, width, vocab, context)?,
        };
        let pool = steps.iter().position(|step| matches!(step, Step::Pool(_)));
        let first = steps.iter().position(|step| matches!(step, Step::Dense(..)));
        let until = pool.or(first).unwrap_or(steps.len());
        let norms = steps[..until].iter().filter(|step| matches!(step, Step::Norm(_))).count();
        let final_norm = match steps[..until] {
            [] => None,
            [Step::Norm(layer)] => Some(layer),
            _ if norms == 0 => {
                return Err("a dense layer stands between the last block and the pooling".into());
            }
            _ => return Err(format!("{norms} norms stand behind the last block")),
        };
        steps.drain(..until);
        let pooling = match pool {
            Some(_) => match steps.remove(0) {
                Step::Pool(pooling) => pooling,
                _ => Pooling::Each,
            },
            None => Pooling::Each,
        };
        if steps.iter().any(|step| matches!(step, Step::Pool(_))) {
            return Err("the vectors behind the last block are pooled twice".into());
        }
        match (pooling, &steps[..]) {
            (Pooling::Each, []) => Ok(Head { spec: HeadSpec::None, final_norm }),
            (Pooling::Each, &[Step::Dense(layer, Act::Softmax | Act::Hidden(ClassActivation::Linear))])
                if *layer.shape() == [width, vocab] =>
            {
                self.take("unembed.W_U", layer, 0, None)?;
                self.take_bias("unembed.b_U", layer, None)?;
                Ok(Head { spec: HeadSpec::NextToken, final_norm })
            }
            _ => Ok(Head { spec: HeadSpec::Classes(self.classes(pooling, &steps)?), final_norm }),
        }
    }

    /// The classifier's layers, and their weights.
    fn classes(&mut self, pooling: Pooling, steps: &[Step<'_>]) -> Result<ClassHead, String> {
        let mut layers = Vec::with_capacity(steps.len());
        let mut outcome = Outcome::Values;
        for (index, step) in steps.iter().enumerate() {
            let last = index + 1 == steps.len();
            layers.push(match *step {
                Step::Norm(layer) => ClassLayer::Norm(self.norm(&format!("head.{index}.ln"), layer, None)?),
                Step::Pool(_) => return Err("the vectors behind the last block are pooled twice".into()),
                Step::Dense(layer, act) => {
                    self.take(&format!("head.{index}.W"), layer, 0, None)?;
                    self.take_bias(&format!("head.{index}.b"), layer, None)?;
                    let activation = match (act, last) {
                        (Act::Softmax, true) => {
                            outcome = Outcome::OneOf;
                            ClassActivation::Linear
                        }
                        (Act::Sigmoid, true) => {
                            outcome = Outcome::AnyOf;
                            ClassActivation::Linear
                        }
                        (Act::Hidden(activation), _) => activation,
                        (Act::Sigmoid, false) => ClassActivation::Mlp(Activation::Sigmoid),
                        (Act::Softmax, false) => {
                            return Err(format!("`{}` has a softmax before the last layer", layer.path));
                        }
                    };
                    ClassLayer::Dense { outputs: layer.shape()[1], activation }
                }
            });
        }
        // Several outputs without an activation are logits, as with `from_logits=True`
        if let Some(Step::Dense(layer, Act::Hidden(ClassActivation::Linear))) = steps.last()
            && layer.shape()[1] > 1
        {
            outcome = Outcome::OneOf;
        }
        Ok(ClassHead::new(pooling, layers, outcome, Vec::new()))
    }

    /// Without a configuration: what the shapes allow, and else what the examples do.
    fn guessed<'b>(
        &mut self,
        found: &Structure<'b>,
        width: usize,
        vocab: usize,
        context: Option<usize>,
    ) -> Result<Vec<Step<'b>>, String> {
        let mut steps: Vec<Step<'b>> = found.norms_after.iter().map(|layer| Step::Norm(layer)).collect();
        let Some((&last, hidden)) = found.dense.split_last() else { return Ok(steps) };
        let first = hidden.first().map_or(last, |layer| *layer);
        let inputs = first.shape()[0];
        let linear = Act::Hidden(ClassActivation::Linear);
        if hidden.is_empty() && *last.shape() == [width, vocab] {
            steps.push(Step::Dense(last, linear));
            return Ok(steps);
        }
        // Keras 3 writes a place for every layer, with variables or not, named after its class
        let has = |key: &str| self.tree.root.any(&|layer| layer.key.starts_with(key));
        let fits = inputs == width;
        let told = self.told.pooling()?.filter(|_| fits);
        match context {
            _ if told.is_some() => steps.extend(told.map(Step::Pool)),
            _ if fits && has("global_average_pooling1d") => steps.push(Step::Pool(Pooling::Mean)),
            _ if fits && has("global_max_pooling1d") => steps.push(Step::Pool(Pooling::Max)),
            _ if fits && has("get_item") => {
                self.assume(Assumption::FirstToken);
                steps.push(Step::Pool(Pooling::First));
            }
            // A file that writes those places, and none that pools
            _ if fits && has("input_layer") => (),
            _ if fits => {
                self.assume(Assumption::MeanOfTokens);
                steps.push(Step::Pool(Pooling::Mean));
            }
            Some(positions) if Some(inputs) == positions.checked_mul(width) => {
                steps.push(Step::Pool(Pooling::Flatten { positions }));
            }
            _ => {
                return Err(format!("`{}` reads {inputs} numbers, the last block gives {width}", first.path));
            }
        }
        let (between, output) = self.told.classifier();
        let between = between.map(|name| by_name(name, "the classifier")).transpose()?;
        let output = output.map(|name| by_name(name, "the last layer")).transpose()?;
        if !hidden.is_empty() && between.is_none() {
            self.assume(Assumption::BetweenClassifiers);
        }
        let between = between.unwrap_or(Act::Hidden(ClassActivation::Mlp(Activation::Relu)));
        steps.extend(hidden.iter().map(|layer| Step::Dense(layer, between)));
        let one = last.shape()[1] == 1;
        if output.is_none() {
            self.assume(Assumption::LastActivation { one });
        }
        let usual = if one { Act::Sigmoid } else { Act::Softmax };
        steps.push(Step::Dense(last, output.unwrap_or(usual)));
        Ok(steps)
    }
}

/// With a configuration: its layers behind the last block, one by one.
fn told<'b>(
    found: &Structure<'b>,
    end: &[Setting<'_>],
    context: Option<usize>,
) -> Result<Vec<Step<'b>>, String> {
    let mut steps = Vec::new();
    for setting in end.iter().filter(|setting| setting.step) {
        let by_name =
            |layers: &[&'b Layer]| layers.iter().copied().find(|layer| layer.name() == setting.name);
        let unknown =
            || format!("layer `{}` (`{}`) behind the last block is not read", setting.name, setting.class);
        match setting.class {
            _ if setting.changes_nothing() => (),
            // Their layers follow by themselves
            class if is_model(class) => (),
            // The last sum of the last block
            _ if setting.is_sum() && steps.is_empty() => (),
            "TimeDistributed" => {
                // The same of every token, as a dense layer is by itself
                let inner = setting.config.get("layer");
                let word = |key: &str| inner?.pointer(key)?.as_str();
                let layer =
                    found.dense.iter().copied().find(|layer| word("/config/name") == Some(layer.name()));
                let layer = layer.filter(|_| word("/class_name") == Some("Dense")).ok_or_else(unknown)?;
                let name = word("/config/activation").unwrap_or("linear");
                steps.push(Step::Dense(layer, act(name, setting)?));
            }
            "Dense" => {
                let layer = by_name(&found.dense).ok_or_else(unknown)?;
                steps.push(Step::Dense(layer, act(setting.activation().unwrap_or("linear"), setting)?));
            }
            "LayerNormalization" => steps.push(Step::Norm(by_name(&found.norms_after).ok_or_else(unknown)?)),
            "GlobalAveragePooling1D" => steps.push(Step::Pool(Pooling::Mean)),
            "GlobalMaxPooling1D" => steps.push(Step::Pool(Pooling::Max)),
            "Flatten" => {
                let positions = context.ok_or_else(unknown)?;
                steps.push(Step::Pool(Pooling::Flatten { positions }));
            }
            "GetItem" | "SlicingOpLambda" => {
                let pooling = match setting.calls().and_then(slice) {
                    Some(0) => Pooling::First,
                    Some(-1) => Pooling::Last,
                    _ => return Err(unknown()),
                };
                steps.push(Step::Pool(pooling));
            }
            "Activation" | "Softmax" | "ReLU" => {
                let name = match setting.class {
                    "Softmax" => "softmax",
                    "ReLU" => "relu",
                    _ => setting.activation().unwrap_or("linear"),
                };
                match steps.last_mut() {
                    Some(Step::Dense(_, own)) if *own == Act::Hidden(ClassActivation::Linear) => {
                        *own = act(name, setting)?;
                    }
                    _ => return Err(unknown()),
                }
            }
            _ => return Err(unknown()),
        }
    }
    Ok(steps)
}

fn act(name: &str, setting: &Setting<'_>) -> Result<Act, String> {
    by_name(name, setting.name)
}

/// An activation of `owner`'s by Keras's name.
fn by_name(name: &str, owner: &str) -> Result<Act, String> {
    Ok(match name {
        "softmax" => Act::Softmax,
        "sigmoid" => Act::Sigmoid,
        "linear" => Act::Hidden(ClassActivation::Linear),
        "tanh" => Act::Hidden(ClassActivation::Tanh),
        _ => Act::Hidden(ClassActivation::Mlp(
            activation(name).ok_or_else(|| format!("activation `{name}` of `{owner}` is not read"))?,
        )),
    })
}

/// The token that a slice over [batch, token, width] takes.
fn slice(calls: &Value) -> Option<i64> {
    match calls {
        Value::Array(list) => match &list[..] {
            [Value::Object(_), Value::Number(token), ..] => token.as_i64(),
            _ => list.iter().find_map(slice),
        },
        Value::Object(map) => map.values().find_map(slice),
        _ => None,
    }
}
