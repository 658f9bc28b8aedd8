//! From interventions as they are said to changes that can be applied: names checked, files read, other prompts run.

mod others;

use super::given::{mean_of, patterns_in, unusable};
use super::intervene::InterveneError;
use super::{Job, numpy};
use crate::model::{AttentionEdits, Cut, Given, HeadEdits, HeadId, Hook, Model, Part, Placement, Positions};
use crate::trace::{Change, Changes, Heads, Intervention, Output, Span, Trace, ValueChange, Weights};
use std::collections::BTreeMap;
use std::ops::Range;
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

/// Says what is not there.
type Missing<'a> = &'a dyn Fn(String) -> InterveneError;
/// A hook and its block.
type Place = (Hook, usize);

struct Resolver<'a> {
    model: &'a Model,
    clean: &'a Trace,
    job: &'a Job,
    changes: Changes,
    attention: BTreeMap<usize, AttentionEdits>,
    /// Runs of other prompts, by how those are spelled
    others: BTreeMap<String, Trace>,
}

impl Resolver<'_> {
    fn add(&mut self, intervention: &Intervention) -> Result<(), InterveneError> {
        let missing = |what: String| InterveneError::Missing { intervention: intervention.to_string(), what };
        match intervention {
            Intervention::Zero(output) => self.output(*output, |_| Ok(Change::Scale(0.0)), &missing),
            Intervention::Scale { output, by } => self.output(*output, |_| Ok(Change::Scale(*by)), &missing),
            Intervention::Mean { output, from: None } => self.output(*output, |_| Ok(Change::Mean), &missing),
            Intervention::Mean { output, from: Some(file) } => {
                let spec = &self.clean.spec;
                self.output(
                    *output,
                    |value| mean_of(file, &spec.hook_name(value.hook, value.layer), value),
                    &missing,
                )
            }
            Intervention::Knockout { heads, queries, keys } => {
                let (n_queries, n_keys) = self.sides(*heads, &missing)?;
                let cut = Cut {
                    queries: positions(*queries, n_queries, &missing)?,
                    keys: positions(*keys, n_keys, &missing)?,
                };
                self.attention(*heads, &missing, |_, edits| edits.cuts.push(cut.clone()))
            }
            Intervention::Temperature { heads, by } => {
                self.attention(*heads, &missing, |_, edits| edits.temperature = Some(*by))
            }
            Intervention::Pattern { heads, weights } => self.pattern(*heads, weights, &missing),
            Intervention::Paint { head, query, weights } => {
                let (n_queries, n_keys) = self.sides((*head).into(), &missing)?;
                let mut row = vec![0.0; n_keys];
                positions(Span::one(*query), n_queries, &missing)?;
                for &(key, weight) in weights {
                    positions(Span::one(key), n_keys, &missing)?;
                    row[key] = weight;
                }
                self.attention((*head).into(), &missing, |_, edits| {
                    edits.rows.insert(*query, row.as_slice().into());
                    edits.open.remove(query);
                })
            }
            Intervention::Forget { layer, kv_head, keys, from } => {
                for layer in self.layers(*layer, &missing)? {
                    self.forget(layer, *kv_head, *keys, *from, &missing)?;
                }
                Ok(())
            }
            Intervention::Patch { hook, tokens, prompt } => self.patch(hook, *tokens, prompt, &missing),
            Intervention::Add { hook, tokens, vector, by } => {
                let place = self.place(hook, &missing)?;
                let (n, width) = self.rows(place);
                let tokens = positions(*tokens, n, &missing)?;
                let file = numpy::read(vector).map_err(unusable(vector))?;
                if file.data.len() != width {
                    let shape = file.shape;
                    return Err(unusable(vector)(format!("its shape is {shape:?}, not [{width}]")));
                }
                let change = Change::Add { tokens, vector: file.data.iter().map(|x| x * by).collect() };
                self.value(place, width, 0..width, change);
                Ok(())
            }
            Intervention::AddWord { hook, tokens, word, by } => {
                let place = self.place(hook, &missing)?;
                self.add_word((hook, place), *tokens, (word, *by), &missing)
            }
            Intervention::AddDifference { hook, tokens, texts, by } => {
                self.add_difference(hook, *tokens, (texts, *by), &missing)
            }
        }
    }

    fn value(&mut self, (hook, layer): Place, width: usize, columns: Range<usize>, change: Change) {
        self.changes.values.push(ValueChange { hook, layer, width, columns, change });
    }

    /// Changes an output: of heads, of attention, of an MLP, or of both.
    fn output(
        &mut self,
        output: Output,
        change: impl Fn(&ValueChange) -> Result<Change, InterveneError>,
        missing: Missing<'_>,
    ) -> Result<(), InterveneError> {
        let spec = &self.clean.spec;
        let mut places = Vec::new();
        match output {
            Output::Heads(heads) => {
                for HeadId { layer, head } in self.heads(heads, missing)? {
                    let dim = spec.blocks[layer].attention.value_dim();
                    places.push((Hook::Z, layer, head * dim..(head + 1) * dim));
                }
            }
            Output::Attention(layer) => {
                for layer in self.layers(layer, missing)? {
                    places.push((Hook::AttnOut, layer, 0..spec.width));
                }
            }
            Output::Mlp(layer) => {
                for own in self.layers(layer, missing)? {
                    if spec.blocks[own].mlp.is_some() {
                        places.push((Hook::MlpOut, own, 0..spec.width));
                    } else if layer.is_some() {
                        return Err(missing(format!("layer {own} has no MLP")));
                    }
                }
            }
            Output::Layer(layer) => {
                for layer in self.layers(layer, missing)? {
                    places.push((Hook::AttnOut, layer, 0..spec.width));
                    if spec.blocks[layer].mlp.is_some() {
                        places.push((Hook::MlpOut, layer, 0..spec.width));
                    }
                }
            }
        }
        for (hook, layer, columns) in places {
            let width = self.rows((hook, layer)).1;
            let mut value = ValueChange { hook, layer, width, columns, change: Change::Mean };
            value.change = change(&value)?;
            self.changes.values.push(value);
        }
        Ok(())
    }

    /// Changes the attention of some heads.
    fn attention(
        &mut self,
        heads: Heads,
        missing: Missing<'_>,
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
        missing: Missing<'_>,
    ) -> Result<(), InterveneError> {
        let (clean, mut patterns, mut n_keys) = (self.clean, Vec::new(), 0);
        if let Weights::File(file) = weights {
            if !file.exists() {
                let name = file.display();
                return Err(missing(format!(
                    "`{name}` is no file, nor uniform, previous, identity or clean"
                )));
            }
            let n_queries;
            (n_queries, n_keys) = self.sides(heads, missing)?;
            let most = self.heads(heads, missing)?.iter().map(|id| id.head + 1).max().unwrap_or(0);
            patterns = patterns_in(file, n_queries, n_keys, most)?;
        }
        self.attention(heads, missing, |id, edits| {
            edits.given = Some(match weights {
                Weights::Uniform => Given::Uniform,
                Weights::Previous => Given::Previous,
                Weights::Identity => Given::Identity,
                Weights::Clean => clean.given(id),
                Weights::File(_) => Given::Rows { n_keys, weights: Arc::clone(&patterns[id.head]) },
            });
        })
    }

    fn forget(
        &mut self,
        layer: usize,
        kv_head: Option<usize>,
        keys: Span,
        from: Option<usize>,
        missing: Missing<'_>,
    ) -> Result<(), InterveneError> {
        let block = &self.clean.spec.blocks[layer];
        let spec = &block.attention;
        if let Some(kv_head) = kv_head.filter(|&kv_head| kv_head >= spec.kv_heads) {
            return Err(missing(format!("layer {layer} has no k/v head {kv_head}")));
        }
        let n_keys = self.clean.key_tokens(layer).len();
        let keys = positions(keys, n_keys, missing)?;
        let keys = keys.start..keys.end.min(n_keys);
        let from = from.unwrap_or(0);
        let cuts: Vec<Cut> = if block.part == Part::Cross || keys.end <= from {
            vec![Cut { queries: from..usize::MAX, keys }]
        } else {
            // An entry is found by its own token
            keys.map(|key| Cut { queries: from.max(key + 1)..usize::MAX, keys: key..key + 1 }).collect()
        };
        let all = Heads { layer: Some(layer), head: None };
        self.attention(all, missing, |id, edits| {
            if kv_head.is_none_or(|kv_head| spec.kv_head(id.head) == kv_head) {
                edits.cuts.extend(cuts.iter().cloned());
            }
        })
    }

    /// The layers and heads that are meant; naming one that is not there is an error.
    fn heads(&self, heads: Heads, missing: Missing<'_>) -> Result<Vec<HeadId>, InterveneError> {
        if let Some(layer) = heads.layer {
            self.layer(layer, missing)?;
        }
        let found: Vec<HeadId> = self.clean.head_ids().filter(|&id| heads.contains(id)).collect();
        if found.is_empty() { Err(missing(format!("the model has no head {heads}"))) } else { Ok(found) }
    }

    /// A layer, or all of them where none is named.
    fn layers(&self, layer: Option<usize>, missing: Missing<'_>) -> Result<Range<usize>, InterveneError> {
        let Some(layer) = layer else { return Ok(0..self.clean.n_layers()) };
        self.layer(layer, missing)?;
        Ok(layer..layer + 1)
    }

    fn layer(&self, layer: usize, missing: &dyn Fn(String) -> InterveneError) -> Result<(), InterveneError> {
        let layers = self.clean.n_layers();
        if layer < layers { Ok(()) } else { Err(missing(format!("the model has {layers} layers, from 0"))) }
    }

    /// Queries and keys of some heads; an error where their layers differ in that.
    fn sides(&self, heads: Heads, missing: Missing<'_>) -> Result<(usize, usize), InterveneError> {
        let side = |layer| (self.clean.query_tokens(layer).len(), self.clean.key_tokens(layer).len());
        let mut sides = self.heads(heads, missing)?.into_iter().map(|id| side(id.layer));
        let first = sides.next().unwrap_or((0, 0));
        if sides.all(|other| other == first) {
            Ok(first)
        } else {
            Err(missing("layers of different tokens are meant: name one".to_owned()))
        }
    }

    /// Rows of an activation, and their width.
    fn rows(&self, (hook, layer): Place) -> (usize, usize) {
        let spec = &self.clean.spec;
        let shape = self.clean.shape(hook, layer);
        let embedding = matches!(hook, Hook::Embed | Hook::PosEmbed)
            && spec.embedding.projection.is_some_and(|projection| projection.whole_sum);
        let width = if embedding { spec.embedding_width() } else { shape[1..].iter().product() };
        (shape[0], width)
    }

    /// The activation that a name says; an error where it does not lie on the way of the pass.
    fn place(&self, name: &str, missing: Missing<'_>) -> Result<Place, InterveneError> {
        let spec = &self.clean.spec;
        let none = || missing(format!("this model has no {name}"));
        let (hook, layer) = spec.hook(name).ok_or_else(none)?;
        let block = spec.blocks.get(layer).ok_or_else(none)?;
        let there = match hook {
            Hook::PosEmbed => spec.embedding.positions != Positions::None,
            Hook::ResidMid => block.placement != Placement::Parallel,
            Hook::NormalizedResidPost => block.placement == Placement::Post && block.mlp.is_some(),
            Hook::MlpPre | Hook::MlpPost | Hook::MlpOut | Hook::ResidPost => block.mlp.is_some(),
            Hook::Embed
            | Hook::ResidPre
            | Hook::Q
            | Hook::K
            | Hook::V
            | Hook::RotQ
            | Hook::RotK
            | Hook::Z
            | Hook::AttnOut => true,
            Hook::Ln1Scale => block.ln1.is_some(),
            Hook::Ln2Scale => block.ln2.is_some() && block.mlp.is_some(),
            Hook::FinalNormalized => spec.final_norm.is_some() && spec.head.scores_words(),
            Hook::Logits => spec.head.scores_words(),
            Hook::Tokens | Hook::AttnScores | Hook::Pattern | Hook::Result | Hook::Projected => {
                return Err(missing(format!("{name} can be looked at, but not changed")));
            }
        };
        if there { Ok((hook, layer)) } else { Err(none()) }
    }
}

/// Positions, of which the first must be among `n`.
fn positions(span: Span, n: usize, missing: Missing<'_>) -> Result<Range<usize>, InterveneError> {
    let range = span.range();
    if range.start < n { Ok(range) } else { Err(missing(format!("there are {n} tokens, from 0"))) }
}
