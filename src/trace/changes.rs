//! A run's interventions with everything they need at hand: what the pass applies, and what recomputing applies again.

use super::intervention::Intervention;
use super::{Pattern, Trace};
use crate::model::{AttentionEdits, Given, GivenScores, HeadId, Hook, LayerState, NormSpec};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// What a run changes on its way.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// As they were asked for
    pub interventions: Vec<Intervention>,
    /// Attention, by layer
    pub attention: BTreeMap<usize, Arc<AttentionEdits>>,
    /// Values on their way, in order
    pub values: Vec<ValueChange>,
}

/// A change to some columns of an activation.
#[derive(Clone, Debug)]
pub struct ValueChange {
    /// The activation
    pub hook: Hook,
    /// Its layer
    pub layer: usize,
    /// Width of its rows
    pub width: usize,
    /// The columns that are meant
    pub columns: Range<usize>,
    /// What becomes of them
    pub change: Change,
}

/// What becomes of values.
#[derive(Clone, Debug)]
pub enum Change {
    /// They are multiplied
    Scale(f32),
    /// Every row becomes the mean over the prompt's rows
    Mean,
    /// Every row becomes this one
    Row(Arc<[f32]>),
    /// Rows from `first` on become these, [token, column]
    Rows {
        /// The first token
        first: usize,
        /// The rows
        rows: Arc<[f32]>,
    },
    /// A vector is added to the rows of some tokens
    Add {
        /// The tokens
        tokens: Range<usize>,
        /// The vector
        vector: Arc<[f32]>,
    },
}

/// Means over a prompt, by the index of their [`ValueChange`]: tokens that are generated later get the same.
pub type Means = BTreeMap<usize, Vec<f32>>;

impl Changes {
    /// Of a run that was made elsewhere: said, but not to be applied again.
    pub fn recorded(interventions: Vec<Intervention>) -> Self {
        Self { interventions, ..Self::default() }
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.interventions.is_empty() && self.attention.is_empty() && self.values.is_empty()
    }

    /// The first layer that comes out otherwise; all before are as without the changes. None: the embedding already.
    pub fn first_layer(&self) -> Option<usize> {
        let values = self.values.iter().map(|value| match value.hook {
            Hook::FinalNormalized | Hook::Logits => Some(usize::MAX),
            hook => hook.per_layer().then_some(value.layer),
        });
        let attention = self.attention.keys().map(|&layer| Some(layer));
        values.chain(attention).min().unwrap_or(Some(usize::MAX))
    }

    /// Whether what a norm of one layer divides by is changed.
    pub fn touches_scale(&self, layer: usize) -> bool {
        self.touches(Hook::Ln1Scale, layer) || self.touches(Hook::Ln2Scale, layer)
    }

    /// Whether what follows the last block is changed: the final norm's output, or the logits.
    pub fn touches_end(&self) -> bool {
        self.touches(Hook::FinalNormalized, 0) || self.touches(Hook::Logits, 0)
    }

    /// Whether an activation of one layer is changed.
    pub fn touches(&self, hook: Hook, layer: usize) -> bool {
        self.values.iter().any(|value| value.is_at(hook, layer))
    }

    /// The factor with which the value of some columns at `token` goes on as it came: 1 where it is left alone or added
    /// to, 0 where another takes its place.
    pub fn goes_on(&self, hook: Hook, layer: usize, columns: &Range<usize>, token: usize) -> f32 {
        let meant = |own: &&ValueChange| {
            own.is_at(hook, layer) && own.columns.start < columns.end && columns.start < own.columns.end
        };
        let factor = |own: &ValueChange| match &own.change {
            Change::Scale(by) => *by,
            Change::Mean | Change::Row(_) => 0.0,
            Change::Rows { first, rows } => {
                let given = *first..first + rows.len() / own.columns.len().max(1);
                f32::from(u8::from(!given.contains(&token)))
            }
            Change::Add { .. } => 1.0,
        };
        self.values.iter().filter(meant).map(factor).product()
    }

    /// Whether the pass takes a mean over the prompt's tokens, which all of them are needed for.
    pub fn takes_means(&self) -> bool {
        self.values.iter().any(|value| matches!(value.change, Change::Mean))
    }

    /// Changes an activation on its way; `data` holds the rows of tokens from `first` on.
    pub fn apply(&self, hook: Hook, layer: usize, first: usize, data: &mut [f32], means: &mut Means) {
        for (index, value) in self.values.iter().enumerate().filter(|(_, value)| value.is_at(hook, layer)) {
            if let Change::Mean = value.change {
                means.entry(index).or_insert_with(|| mean(data, value.width, &value.columns));
            }
            for (token, row) in (first..).zip(data.chunks_exact_mut(value.width)) {
                value.change.apply(token, &mut row[value.columns.clone()], means.get(&index));
            }
        }
    }
}

impl ValueChange {
    fn is_at(&self, hook: Hook, layer: usize) -> bool {
        self.hook == hook && (self.layer == layer || !hook.per_layer())
    }
}

impl Change {
    /// Changes the row of one token.
    fn apply(&self, token: usize, row: &mut [f32], mean: Option<&Vec<f32>>) {
        let width = row.len();
        match self {
            Self::Scale(by) => row.iter_mut().for_each(|x| *x *= by),
            Self::Mean => row.iter_mut().zip(mean.into_iter().flatten()).for_each(|(x, &mean)| *x = mean),
            Self::Row(values) => row.copy_from_slice(values),
            Self::Rows { first, rows } => {
                let given = token.checked_sub(*first).and_then(|index| rows.chunks_exact(width).nth(index));
                if let Some(given) = given {
                    row.copy_from_slice(given);
                }
            }
            Self::Add { tokens, vector } if tokens.contains(&token) => {
                row.iter_mut().zip(vector.iter()).for_each(|(x, &add)| *x += add);
            }
            Self::Add { .. } => {}
        }
    }
}

/// Mean of some columns over all rows.
fn mean(data: &[f32], width: usize, columns: &Range<usize>) -> Vec<f32> {
    let mut sums = vec![0.0_f64; columns.len()];
    let n = data.len() / width.max(1);
    for row in data.chunks_exact(width) {
        sums.iter_mut().zip(&row[columns.clone()]).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    sums.into_iter().map(|sum| (sum / n as f64) as f32).collect()
}

impl Trace {
    /// What was changed about this run.
    pub fn interventions(&self) -> &[Intervention] {
        &self.changes.interventions
    }

    /// What a norm of block `layer` divided the row `x` of one token by, [`Hook::Ln1Scale`] or [`Hook::Ln2Scale`].
    pub fn divisor(&self, hook: Hook, layer: usize, token: usize, norm: NormSpec, x: &[f32]) -> f64 {
        if !self.changes.touches(hook, layer) {
            return norm.divisor(x);
        }
        let mut scale = [norm.divisor(x) as f32];
        self.changes.apply(hook, layer, token, &mut scale, &mut (*self.means).clone());
        f64::from(scale[0])
    }

    /// A run of the same tokens with `changes`, begun: it shares with this one what they leave alone.
    ///
    /// Returns it with the first layer that is still to be run.
    pub fn branch(&self, changes: Changes) -> (Self, usize) {
        let first = changes.first_layer().unwrap_or(0).min(self.layers_done());
        let mut trace = self.clone();
        trace.layers.truncate(first);
        (trace.output, trace.logits, trace.next) = (Arc::default(), Arc::default(), Arc::default());
        trace.has_nan = false;
        trace.changes = Arc::new(changes);
        (trace, first)
    }

    /// This run as it stood when the token `first` was about to enter block `layer`; what was before is shared.
    #[must_use]
    pub fn resumed(&self, layer: usize, first: usize, changes: Changes) -> Self {
        let mut trace = self.clone();
        trace.changes = Arc::new(changes);
        if first == 0 {
            trace.layers.truncate(layer);
        }
        for layer in layer..trace.layers_done() {
            let sums = trace.layer(layer).state.sums();
            let edits = trace.changes.attention.get(&layer).cloned();
            trace.shorten(layer, first, &sums);
            trace.layer_mut(layer).state.edits = edits;
        }
        trace.output_mut().truncate(first * self.spec.width);
        trace
    }

    /// The state of layer `layer` before any token, with what is changed about its attention.
    pub(super) fn new_state(&self, layer: usize) -> LayerState<f32> {
        let (n_queries, n_keys) = (self.query_tokens(layer).len(), self.key_tokens(layer).len());
        let mut state = LayerState::new(&self.spec.blocks[layer].attention, n_queries, n_keys);
        state.edits = self.changes.attention.get(&layer).cloned();
        state
    }

    /// The scores of one head, to be given to the same head in another run.
    pub fn given(&self, head: HeadId) -> Given {
        Given::Run(Arc::new(OtherRun { trace: self.clone(), head }))
    }
}

/// A head of another run.
#[derive(Debug)]
struct OtherRun {
    trace: Trace,
    head: HeadId,
}

impl OtherRun {
    fn pattern(&self) -> Pattern<'_> {
        self.trace.pattern(self.head)
    }
}

impl GivenScores for OtherRun {
    fn n_queries(&self) -> usize {
        self.pattern().n_queries()
    }
    fn scores(&self, query: usize, first_key: usize, scores: &mut [f32]) {
        let keys = first_key..first_key + scores.len();
        scores.copy_from_slice(&self.pattern().scores_tile(query..query + 1, keys));
    }
}
