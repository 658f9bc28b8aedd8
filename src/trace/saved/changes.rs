//! What was changed about a run, as a saved trace holds it: in words, and in numbers that bring the same patterns and
//! activations back without the files and the other runs that the words speak of.

use super::read::Source;
use super::{Trace, TraceError};
use crate::model::{AttentionEdits, AttentionSpec, Cut, Given, GivenScores, HeadEdits, HeadId};
use crate::trace::{Change, Changes, Means, ValueChange};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

/// The entry of the metadata.
pub(super) const KEY: &str = "changes";

/// A range; without an end it reaches as far as there are positions.
type Open = (usize, Option<usize>);

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Saved {
    attention: Vec<SavedHead>,
    values: Vec<SavedValue>,
}

#[derive(Serialize, Deserialize)]
struct SavedHead {
    layer: usize,
    head: usize,
    #[serde(default)]
    cuts: Vec<(Open, Open)>,
    #[serde(default)]
    temperature: Option<f32>,
    #[serde(default)]
    given: Option<SavedGiven>,
    /// Queries whose rows are given one by one
    #[serde(default)]
    painted: Vec<usize>,
    /// Those of them that leave to the sink what they lack to 1
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    open: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SavedGiven {
    Uniform,
    Previous,
    Identity,
    /// In an array, [query, key]
    Weights,
    /// In an array, [query, key]
    Scores,
}

#[derive(Serialize, Deserialize)]
struct SavedValue {
    hook: String,
    columns: (usize, usize),
    change: SavedChange,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SavedChange {
    Scale(f32),
    Mean,
    Row,
    Rows { first: usize },
    Add { tokens: Open },
}

/// Numbers of an array: at hand, or one row after the other from another run.
pub(super) enum Numbers<'a> {
    At(Vec<&'a [f32]>),
    Run { run: &'a dyn GivenScores, spec: &'a AttentionSpec, n_keys: usize },
}

/// An array of the file.
pub(super) type Array<'a> = (String, Vec<usize>, Numbers<'a>);

/// The arrays that the changes of a run need, in the order in which they are written.
pub(super) fn arrays(trace: &Trace) -> Vec<Array<'_>> {
    let mut arrays = Vec::new();
    for (&layer, edits) in &trace.changes.attention {
        let (spec, n_keys) = (&trace.spec.blocks[layer].attention, trace.key_tokens(layer).len());
        for (head, edits) in edits.heads.iter().enumerate() {
            let id = HeadId { layer, head };
            match &edits.given {
                Some(Given::Rows { n_keys, weights }) => {
                    let shape = vec![weights.len() / n_keys, *n_keys];
                    arrays.push((of_head(id, "weights"), shape, Numbers::At(vec![weights])));
                }
                Some(Given::Run(run)) => {
                    let numbers = Numbers::Run { run: &**run, spec, n_keys };
                    arrays.push((of_head(id, "scores"), vec![run.n_queries(), n_keys], numbers));
                }
                _ => {}
            }
            if !edits.rows.is_empty() {
                let rows = edits.rows.values().map(|row| &**row).collect();
                arrays.push((of_head(id, "painted"), vec![edits.rows.len(), n_keys], Numbers::At(rows)));
            }
        }
    }
    for (index, value) in trace.changes.values.iter().enumerate() {
        let columns = value.columns.len();
        match &value.change {
            Change::Row(row) | Change::Add { vector: row, .. } => {
                arrays.push((of_value(index), vec![columns], Numbers::At(vec![row])));
            }
            Change::Rows { rows, .. } => {
                let shape = vec![rows.len() / columns.max(1), columns];
                arrays.push((of_value(index), shape, Numbers::At(vec![rows])));
            }
            Change::Mean => {
                if let Some(mean) = trace.means.get(&index) {
                    arrays.push((of_value(index), vec![columns], Numbers::At(vec![mean])));
                }
            }
            Change::Scale(_) => {}
        }
    }
    arrays
}

impl Numbers<'_> {
    /// Writes them with `floats`.
    pub(super) fn write(
        &self,
        floats: fn(&[f32], &mut dyn Write) -> io::Result<()>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Self::At(parts) => parts.iter().try_for_each(|part| floats(part, out)),
            Self::Run { run, spec, n_keys } => {
                let mut row = vec![0.0; *n_keys];
                (0..run.n_queries()).try_for_each(|query| {
                    row.fill(0.0);
                    let seen = spec.keys(query, *n_keys);
                    run.scores(query, seen.start, &mut row[seen]);
                    floats(&row, out)
                })
            }
        }
    }
}

fn of_head(HeadId { layer, head }: HeadId, what: &str) -> String {
    format!("{KEY}.attention.{layer}.{head}.{what}")
}

fn of_value(index: usize) -> String {
    format!("{KEY}.values.{index}")
}

/// The changes without their arrays, as JSON; none where there are none.
pub(super) fn said(trace: &Trace) -> io::Result<Option<String>> {
    let Changes { attention, values, .. } = &*trace.changes;
    if attention.is_empty() && values.is_empty() {
        return Ok(None);
    }
    let mut saved = Saved::default();
    for (&layer, edits) in attention {
        let edited = edits.heads.iter().enumerate().filter(|(_, edits)| !edits.is_empty());
        saved.attention.extend(edited.map(|(head, edits)| SavedHead {
            layer,
            head,
            cuts: edits.cuts.iter().map(|cut| (open(&cut.queries), open(&cut.keys))).collect(),
            temperature: edits.temperature,
            given: edits.given.as_ref().map(|given| match given {
                Given::Uniform => SavedGiven::Uniform,
                Given::Previous => SavedGiven::Previous,
                Given::Identity => SavedGiven::Identity,
                Given::Rows { .. } => SavedGiven::Weights,
                Given::Run(_) => SavedGiven::Scores,
            }),
            painted: edits.rows.keys().copied().collect(),
            open: edits.open.iter().copied().collect(),
        }));
    }
    saved.values.extend(values.iter().map(|value| SavedValue {
        hook: trace.spec.hook_name(value.hook, value.layer),
        columns: (value.columns.start, value.columns.end),
        change: match &value.change {
            Change::Scale(by) => SavedChange::Scale(*by),
            Change::Mean => SavedChange::Mean,
            Change::Row(_) => SavedChange::Row,
            Change::Rows { first, .. } => SavedChange::Rows { first: *first },
            Change::Add { tokens, .. } => SavedChange::Add { tokens: open(tokens) },
        },
    }));
    Ok(Some(serde_json::to_string(&saved)?))
}

fn open(range: &Range<usize>) -> Open {
    (range.start, Some(range.end).filter(|&end| end != usize::MAX))
}

fn closed((start, end): Open) -> Range<usize> {
    start..end.unwrap_or(usize::MAX)
}

/// Reads what was changed into a trace that knows its specification and its tokens, before its layers are read.
pub(super) fn read(source: &Source<'_>, trace: &mut Trace) -> Result<(), TraceError> {
    let mut changes = Changes::recorded(source.json("interventions")?);
    let saved: Saved = source.json(KEY)?;
    let mut attention: BTreeMap<usize, AttentionEdits> = BTreeMap::new();
    for saved in &saved.attention {
        let id = HeadId { layer: saved.layer, head: saved.head };
        let heads = trace.spec.blocks.get(id.layer).map_or(0, |block| block.attention.heads);
        if id.head >= heads {
            return Err(source.wrong(KEY, format!("speaks of head {id}, which is not there")));
        }
        let edits = attention.entry(id.layer).or_insert_with(|| AttentionEdits::new(heads));
        edits.heads[id.head] = head(source, trace, id, saved)?;
    }
    changes.attention = attention.into_iter().map(|(layer, edits)| (layer, Arc::new(edits))).collect();
    let mut means = Means::new();
    for (index, saved) in saved.values.iter().enumerate() {
        changes.values.push(value(source, trace, (index, saved), &mut means)?);
    }
    (trace.changes, trace.means) = (Arc::new(changes), Arc::new(means));
    Ok(())
}

fn head(source: &Source<'_>, trace: &Trace, id: HeadId, saved: &SavedHead) -> Result<HeadEdits, TraceError> {
    let (n, n_keys) = (trace.query_tokens(id.layer).len(), trace.key_tokens(id.layer).len());
    if saved.temperature.is_some_and(|by| !(by.is_finite() && by > 0.0)) {
        return Err(source.wrong(KEY, format!("gives head {id} no sound temperature")));
    }
    if saved.painted.iter().any(|&query| query >= n) {
        return Err(source.wrong(KEY, format!("gives head {id} a row that is not there")));
    }
    let rows = |what: &str, rows: Option<usize>| -> Result<(usize, Vec<f32>), TraceError> {
        let name = of_head(id, what);
        let rows = rows.unwrap_or_else(|| source.rows(&name).min(n));
        Ok((rows, source.floats(&name, &[rows, n_keys])?))
    };
    let sound = |weights: Vec<f32>| {
        let sound = weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0);
        if sound { Ok(weights) } else { Err(source.wrong(KEY, format!("gives head {id} unsound weights"))) }
    };
    let given = match saved.given {
        None => None,
        Some(SavedGiven::Uniform) => Some(Given::Uniform),
        Some(SavedGiven::Previous) => Some(Given::Previous),
        Some(SavedGiven::Identity) => Some(Given::Identity),
        Some(SavedGiven::Weights) => {
            let weights = sound(rows("weights", None)?.1)?.into();
            Some(Given::Rows { n_keys, weights })
        }
        Some(SavedGiven::Scores) => {
            let (n_queries, scores) = rows("scores", None)?;
            Some(Given::Run(Arc::new(SavedScores { n_queries, n_keys, scores })))
        }
    };
    let mut edits = HeadEdits { temperature: saved.temperature, given, ..HeadEdits::default() };
    let cut = |&(queries, keys): &(Open, Open)| Cut { queries: closed(queries), keys: closed(keys) };
    edits.cuts = saved.cuts.iter().map(cut).collect();
    edits.open = saved.open.iter().copied().collect();
    if !saved.painted.is_empty() {
        let painted = sound(rows("painted", Some(saved.painted.len()))?.1)?;
        let each = saved.painted.iter().copied().zip(painted.chunks_exact(n_keys).map(Into::into));
        edits.rows = each.collect();
    }
    Ok(edits)
}

fn value(
    source: &Source<'_>,
    trace: &Trace,
    (index, saved): (usize, &SavedValue),
    means: &mut Means,
) -> Result<ValueChange, TraceError> {
    let none = || source.wrong(KEY, format!("speaks of {}, which is not there so", saved.hook));
    let (hook, layer) = trace.spec.hook(&saved.hook).ok_or_else(none)?;
    let shape = trace.shape(hook, layer);
    let width = shape.iter().skip(1).product();
    let columns = saved.columns.0..saved.columns.1;
    if columns.is_empty() || columns.end > width {
        return Err(none());
    }
    let name = of_value(index);
    let row = || source.floats(&name, &[columns.len()]);
    let change = match saved.change {
        SavedChange::Scale(by) if by.is_finite() => Change::Scale(by),
        SavedChange::Scale(_) => return Err(none()),
        SavedChange::Mean => {
            if source.has(&name) {
                means.insert(index, row()?);
            }
            Change::Mean
        }
        SavedChange::Row => Change::Row(row()?.into()),
        SavedChange::Rows { first } => {
            let rows = source.floats(&name, &[source.rows(&name), columns.len()])?.into();
            Change::Rows { first, rows }
        }
        SavedChange::Add { tokens } => Change::Add { tokens: closed(tokens), vector: row()?.into() },
    };
    Ok(ValueChange { hook, layer, width, columns, change })
}

/// The scores of the run that was frozen.
#[derive(Debug)]
struct SavedScores {
    n_queries: usize,
    n_keys: usize,
    scores: Vec<f32>,
}

impl GivenScores for SavedScores {
    fn n_queries(&self) -> usize {
        self.n_queries
    }
    fn scores(&self, query: usize, first_key: usize, scores: &mut [f32]) {
        let from = query * self.n_keys + first_key;
        scores.copy_from_slice(&self.scores[from..from + scores.len()]);
    }
}
