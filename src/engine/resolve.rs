//! From interventions as they are said to changes that can be applied: names checked, files read, other prompts run.

use super::intervene::InterveneError;
use super::numpy::{self, Numbers};
use super::{Job, Prompt, RunOptions, run};
use crate::model::{AttentionEdits, Cut, Given, HeadEdits, HeadId, Hook, Model, Placement, Positions};
use crate::trace::{Change, Changes, Heads, Intervention, Part, Place, Span, Trace, ValueChange, Weights};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Everything that interventions on the prompt of `clean` need.
pub(super) fn resolve(
    model: &Model,
    clean: &Trace,
    interventions: &[Intervention],
    job: &Job,
) -> Result<Changes, InterveneError> {
    if !clean.changes.is_empty() {
        return Err(InterveneError::NotClean);
    }
    let changes = Changes::recorded(interventions.to_vec());
    let mut resolver =
        Resolver { model, clean, job, changes, attention: BTreeMap::new(), others: BTreeMap::new() };
    for intervention in interventions {
        resolver.add(intervention)?;
    }
    let Resolver { mut changes, attention, .. } = resolver;
    changes.attention = attention.into_iter().map(|(layer, edits)| (layer, Arc::new(edits))).collect();
    Ok(changes)
}

struct Resolver<'a> {
    model: &'a Model,
    clean: &'a Trace,
    job: &'a Job,
    changes: Changes,
    attention: BTreeMap<usize, AttentionEdits>,
    /// Runs of other prompts
    others: BTreeMap<PathBuf, Trace>,
}

impl Resolver<'_> {
    fn add(&mut self, intervention: &Intervention) -> Result<(), InterveneError> {
        let missing = |what: String| InterveneError::Missing { intervention: intervention.to_string(), what };
        match intervention {
            Intervention::Zero(part) => self.part(*part, |_| Ok(Change::Scale(0.0)), &missing),
            Intervention::Scale { part, by } => self.part(*part, |_| Ok(Change::Scale(*by)), &missing),
            Intervention::Mean { part, from: None } => self.part(*part, |_| Ok(Change::Mean), &missing),
            Intervention::Mean { part, from: Some(file) } => {
                self.part(*part, |value| mean_of(file, value), &missing)
            }
            Intervention::Knockout { heads, queries, keys } => {
                let cut = Cut {
                    queries: self.positions(*queries, &missing)?,
                    keys: self.positions(*keys, &missing)?,
                };
                self.attention(*heads, &missing, |_, edits| edits.cuts.push(cut.clone()))
            }
            Intervention::Temperature { heads, by } => {
                self.attention(*heads, &missing, |_, edits| edits.temperature = Some(*by))
            }
            Intervention::Pattern { heads, weights } => self.pattern(*heads, weights, &missing),
            Intervention::Paint { head, query, weights } => {
                let n = self.clean.n_tokens();
                let mut row = vec![0.0; n];
                self.positions(Span::one(*query), &missing)?;
                for &(key, weight) in weights {
                    self.positions(Span::one(key), &missing)?;
                    row[key] = weight;
                }
                self.attention((*head).into(), &missing, |_, edits| {
                    edits.rows.insert(*query, row.as_slice().into());
                })
            }
            Intervention::Forget { layer, kv_head, keys, from } => {
                self.forget(*layer, *kv_head, *keys, *from, &missing)
            }
            Intervention::Patch { place, tokens, prompt } => self.patch(*place, *tokens, prompt, &missing),
            Intervention::Add { place, tokens, vector, by } => {
                let width = self.width(*place, &missing)?;
                let tokens = self.positions(*tokens, &missing)?;
                let file = numpy::read(vector).map_err(unusable(vector))?;
                if file.data.len() != width {
                    let shape = file.shape;
                    return Err(unusable(vector)(format!("its shape is {shape:?}, not [{width}]")));
                }
                let change = Change::Add { tokens, vector: file.data.iter().map(|x| x * by).collect() };
                self.value(*place, 0..width, change);
                Ok(())
            }
        }
    }

    fn value(&mut self, Place { hook, layer }: Place, columns: Range<usize>, change: Change) {
        self.changes.values.push(ValueChange { hook, layer, columns, change });
    }

    /// Changes the output of a part, be it heads, attention, an MLP or both.
    fn part(
        &mut self,
        part: Part,
        change: impl Fn(&ValueChange) -> Result<Change, InterveneError>,
        missing: &dyn Fn(String) -> InterveneError,
    ) -> Result<(), InterveneError> {
        let spec = &self.clean.spec;
        let mut places = Vec::new();
        match part {
            Part::Heads(heads) => {
                for HeadId { layer, head } in self.heads(heads, missing)? {
                    let dim = spec.blocks[layer].attention.value_dim();
                    places.push((Hook::Z, layer, head * dim..(head + 1) * dim));
                }
            }
            Part::Attention(layer) => places.push((Hook::AttnOut, layer, 0..spec.width)),
            Part::Mlp(layer) => places.push((Hook::MlpOut, layer, 0..spec.width)),
            Part::Layer(layer) => {
                places.push((Hook::AttnOut, layer, 0..spec.width));
                places.push((Hook::MlpOut, layer, 0..spec.width));
            }
        }
        for (hook, layer, columns) in places {
            self.layer(layer, missing)?;
            let mut value = ValueChange { hook, layer, columns, change: Change::Mean };
            value.change = change(&value)?;
            self.changes.values.push(value);
        }
        Ok(())
    }

    /// Changes the attention of some heads.
    fn attention(
        &mut self,
        heads: Heads,
        missing: &dyn Fn(String) -> InterveneError,
        change: impl Fn(HeadId, &mut HeadEdits),
    ) -> Result<(), InterveneError> {
        for id in self.heads(heads, missing)? {
            let n_heads = self.clean.heads(id.layer);
            let edits = self.attention.entry(id.layer).or_insert_with(|| AttentionEdits::new(n_heads));
            change(id, &mut edits.heads[id.head]);
        }
        Ok(())
    }

    fn pattern(
        &mut self,
        heads: Heads,
        weights: &Weights,
        missing: &dyn Fn(String) -> InterveneError,
    ) -> Result<(), InterveneError> {
        let clean = self.clean;
        let file = match weights {
            Weights::File(file) => Some(self.weights(file)?),
            _ => None,
        };
        if let (Some(file), Weights::File(path)) = (&file, weights)
            && let Some(id) = self.heads(heads, missing)?.iter().find(|id| id.head >= file.len())
        {
            return Err(unusable(path)(format!("it has no pattern for head {id}")));
        }
        self.attention(heads, missing, |id, edits| {
            edits.given = Some(match weights {
                Weights::Uniform => Given::Uniform,
                Weights::Previous => Given::Previous,
                Weights::Identity => Given::Identity,
                Weights::Clean => clean.given(id),
                Weights::File(_) => {
                    let rows = file.iter().flatten().nth(id.head).cloned().unwrap_or_default();
                    Given::Rows { n_keys: clean.n_tokens(), weights: rows }
                }
            });
        })
    }

    /// Patterns in a file, by head: one for all, [query, key], or one each, [head, query, key].
    fn weights(&self, file: &Path) -> Result<Vec<Arc<[f32]>>, InterveneError> {
        let n = self.clean.n_tokens();
        let Numbers { shape, data } = numpy::read(file).map_err(unusable(file))?;
        let most = self.clean.spec.blocks.iter().map(|block| block.attention.heads).max().unwrap_or(0);
        if data.iter().any(|&weight| weight < 0.0) {
            return Err(unusable(file)("some of its weights are below 0".to_owned()));
        }
        match shape[..] {
            [rows, keys] if rows == n && keys == n => Ok(vec![data.into(); most]),
            [_, rows, keys] if rows == n && keys == n => {
                Ok(data.chunks_exact(n * n).map(Into::into).collect())
            }
            _ => Err(unusable(file)(format!("its shape is {shape:?}, not [{n}, {n}] or [heads, {n}, {n}]"))),
        }
    }

    fn forget(
        &mut self,
        layer: usize,
        kv_head: Option<usize>,
        keys: Span,
        from: Option<usize>,
        missing: &dyn Fn(String) -> InterveneError,
    ) -> Result<(), InterveneError> {
        self.layer(layer, missing)?;
        let spec = &self.clean.spec.blocks[layer].attention;
        if let Some(kv_head) = kv_head.filter(|&kv_head| kv_head >= spec.kv_heads) {
            return Err(missing(format!("layer {layer} has no k/v head {kv_head}")));
        }
        let keys = self.positions(keys, missing)?;
        let keys = keys.start..keys.end.min(self.clean.n_tokens());
        let from = from.unwrap_or(0);
        let cuts: Vec<Cut> = if keys.end <= from {
            vec![Cut { queries: from..usize::MAX, keys }]
        } else {
            keys.map(|key| Cut { queries: from.max(key + 1)..usize::MAX, keys: key..key + 1 }).collect()
        };
        let all = Heads { layer: Some(layer), head: None };
        self.attention(all, missing, |id, edits| {
            if kv_head.is_none_or(|kv_head| spec.kv_head(id.head) == kv_head) {
                edits.cuts.extend(cuts.iter().cloned());
            }
        })
    }

    fn patch(
        &mut self,
        place: Place,
        tokens: Span,
        prompt: &Path,
        missing: &dyn Fn(String) -> InterveneError,
    ) -> Result<(), InterveneError> {
        let width = self.width(place, missing)?;
        let other = self.other(prompt)?;
        let (n, theirs) = (self.clean.n_tokens(), other.n_tokens());
        let tokens = match tokens {
            Span::All if n != theirs => {
                return Err(missing(format!("the prompts have {n} and {theirs} tokens, so * fits neither")));
            }
            Span::All => 0..n,
            Span::Between(..) => tokens.range(),
        };
        if tokens.end > n.min(theirs) {
            return Err(missing(format!("the prompts have {n} and {theirs} tokens")));
        }
        let failed = |error: crate::trace::ActivationError| missing(error.to_string());
        let values = other.activation(&self.model.network, place.hook, place.layer).map_err(failed)?.data;
        let rows = values[tokens.start * width..tokens.end * width].into();
        self.value(place, 0..width, Change::Rows { first: tokens.start, rows });
        Ok(())
    }

    /// The run of the prompt in a file: text, or ids where the model has no tokenizer.
    fn other(&mut self, file: &Path) -> Result<Trace, InterveneError> {
        if let Some(trace) = self.others.get(file) {
            return Ok(trace.clone());
        }
        let trace = run_file(self.model, file, self.job)?;
        self.others.insert(file.to_owned(), trace.clone());
        Ok(trace)
    }

    /// The layers and heads that are meant; naming one that is not there is an error.
    fn heads(
        &self,
        heads: Heads,
        missing: &dyn Fn(String) -> InterveneError,
    ) -> Result<Vec<HeadId>, InterveneError> {
        if let Some(layer) = heads.layer {
            self.layer(layer, missing)?;
        }
        let found: Vec<HeadId> = self.clean.head_ids().filter(|&id| heads.contains(id)).collect();
        if found.is_empty() { Err(missing(format!("the model has no head {heads}"))) } else { Ok(found) }
    }

    fn layer(&self, layer: usize, missing: &dyn Fn(String) -> InterveneError) -> Result<(), InterveneError> {
        let layers = self.clean.n_layers();
        if layer < layers { Ok(()) } else { Err(missing(format!("the model has {layers} layers, from 0"))) }
    }

    /// Positions, of which the first must be in the prompt.
    fn positions(
        &self,
        span: Span,
        missing: &dyn Fn(String) -> InterveneError,
    ) -> Result<Range<usize>, InterveneError> {
        let (range, n) = (span.range(), self.clean.n_tokens());
        if range.start < n { Ok(range) } else { Err(missing(format!("the prompt has {n} tokens, from 0"))) }
    }

    /// Width of an activation's rows; an error where it does not lie on the way of the pass.
    fn width(
        &self,
        Place { hook, layer }: Place,
        missing: &dyn Fn(String) -> InterveneError,
    ) -> Result<usize, InterveneError> {
        let spec = &self.clean.spec;
        let name = hook.name(layer);
        if hook.per_layer() {
            self.layer(layer, missing)?;
        }
        let placement = spec.blocks.get(layer).map(|block| block.placement);
        let there = match hook {
            Hook::PosEmbed => spec.embedding.positions != Positions::None,
            Hook::ResidMid => placement != Some(Placement::Parallel),
            Hook::NormalizedResidPost => placement == Some(Placement::Post),
            Hook::Embed
            | Hook::ResidPre
            | Hook::Q
            | Hook::K
            | Hook::V
            | Hook::RotQ
            | Hook::RotK
            | Hook::Z
            | Hook::AttnOut
            | Hook::MlpPre
            | Hook::MlpPost
            | Hook::MlpOut
            | Hook::ResidPost => true,
            Hook::Tokens
            | Hook::AttnScores
            | Hook::Pattern
            | Hook::Result
            | Hook::Ln1Scale
            | Hook::Ln2Scale
            | Hook::FinalNormalized
            | Hook::Logits => {
                return Err(missing(format!("{name} can be looked at, but not changed")));
            }
        };
        if !there {
            return Err(missing(format!("this model has no {name}")));
        }
        let embedding = matches!(hook, Hook::Embed | Hook::PosEmbed)
            && spec.embedding.projection.is_some_and(|projection| projection.whole_sum);
        Ok(if embedding {
            spec.embedding_width()
        } else {
            self.clean.shape(hook, layer)[1..].iter().product()
        })
    }
}

/// Runs the prompt in a file: text, or ids where the model has no tokenizer.
pub(super) fn run_file(model: &Model, file: &Path, job: &Job) -> Result<Trace, InterveneError> {
    let bytes = std::fs::read(file).map_err(|error| unusable(file)(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| unusable(file)("it is not UTF-8".to_owned()))?;
    let prompt = if model.tokenizer.is_some() {
        Prompt::Text(text)
    } else {
        let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
        let ids = words.map(|word| word.parse().map_err(|_| format!("`{word}` is no token id")));
        Prompt::Ids(ids.collect::<Result<_, String>>().map_err(unusable(file))?)
    };
    Ok(run(model, &prompt, &RunOptions::default(), job, &mut |_| {})?)
}

/// The mean over the rows of an activation in an `.npz`.
fn mean_of(file: &Path, value: &ValueChange) -> Result<Change, InterveneError> {
    let name = value.hook.name(value.layer);
    let Numbers { shape, data } = numpy::read_member(file, &name).map_err(unusable(file))?;
    let width: usize = shape.iter().skip(1).product();
    let n = shape.first().copied().unwrap_or(0);
    if n == 0 || width < value.columns.end {
        return Err(unusable(file)(format!("`{name}` is {shape:?}: too small for this model")));
    }
    let mean = |column: usize| {
        let sum: f64 = data.iter().skip(column).step_by(width).copied().map(f64::from).sum();
        (sum / n as f64) as f32
    };
    Ok(Change::Row(value.columns.clone().map(mean).collect()))
}

fn unusable(file: &Path) -> impl Fn(String) -> InterveneError + '_ {
    move |why| InterveneError::File { file: file.to_owned(), why }
}
