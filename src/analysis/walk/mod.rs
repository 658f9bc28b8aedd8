//! The walk: one query token through one head, step by step, with the numbers of the run itself.
//!
//! Every step is computed again in double precision, from what the trace holds before it and by the model's own
//! pieces, and compared with what the trace holds after it. Tokens that take no part are not computed again.

mod after;
mod before;
mod formula;
mod given;
mod head;
mod kind;
mod last;
mod norm;

pub use formula::{Formula, formula};
pub use kind::{Group, StepKind};

use super::cell::{Cell, WhyError};
use crate::model::{HeadId, Model};
use crate::trace::Trace;
use given::Given;
use serde::Serialize;
use std::ops::Range;

/// What a strip's or a result's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Token ids as fed
    Ids,
    /// A token's vector, scaled
    TokenVector,
    /// What is added for its position
    PositionVector,
    /// What is added for its segment
    SegmentVector,
    /// The residual stream before the block
    Stream,
    /// (x − mean)/√(variance + ε), or x/√(mean x² + ε)
    Standardised,
    /// What the norm divides by
    NormScale,
    /// Attention's input
    Normed,
    /// The query as it is projected
    ProjectedQuery,
    /// The query as it enters the product
    Query,
    /// The key as it is projected
    ProjectedKey,
    /// The key as it enters the product
    Key,
    /// The value
    Value,
    /// Query times key, number by number
    Product,
    /// Its sums from the first on
    RunningSum,
    /// ⟨query, key⟩
    Score,
    /// Times the scale
    Scaled,
    /// After the soft cap
    Capped,
    /// What is added for the distance of query and key
    Bias,
    /// As it enters softmax; −∞ where masked
    FinalScore,
    /// exp(score − the largest)
    Exponential,
    /// After softmax
    Weight,
    /// Share of the row that goes to the sink
    SinkShare,
    /// One key's weight times its value
    WeightedValue,
    /// The head's output before `W_O`
    HeadOutput,
    /// The head's output after `W_O`
    HeadResult,
    /// What all heads add together
    AttentionOut,
    /// The residual stream after attention
    Middle,
    /// The same after its norm, in post-norm models
    NormedMiddle,
    /// The feed-forward part before its activation function
    HiddenBefore,
    /// And after it
    HiddenAfter,
    /// What it adds
    MlpOut,
    /// The residual stream after the block
    After,
    /// Input of the unembedding
    FinalNormed,
    /// Scores of words or classes
    Logit,
    /// Their probabilities
    Probability,
    /// The vector of the whole text
    TextVector,
}

/// Whose numbers they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The query token's
    Query,
    /// The key token's
    Key,
    /// Both
    Pair,
    /// Each key's
    EveryKey,
    /// No token's alone
    Answer,
}

/// What a strip's numbers lie along.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Along {
    /// Dimensions of the residual stream
    Width,
    /// Dimensions of a head
    HeadDimension,
    /// Dimensions of the feed-forward part
    Hidden,
    /// Tokens that ask
    Queries,
    /// Tokens that are looked at
    Keys,
    /// Words or classes
    Words(Vec<String>),
}

/// Numbers in a row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Strip {
    /// What they are
    pub what: Quantity,
    /// Whose
    pub owner: Owner,
    /// What they lie along
    pub along: Along,
    /// The numbers; −∞ where masked
    pub values: Vec<f32>,
    /// The activation they are a row of, with its index, where it has a name: `blocks.3.attn.hook_rot_q[22,5]`
    pub hook: Option<String>,
}

impl Strip {
    fn new((what, owner): (Quantity, Owner), along: Along, values: &[f64], hook: Option<String>) -> Self {
        Self { what, owner, along, values: single(values), hook }
    }
}

/// The number that a step ends in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// What it is, or what it is the length of
    pub what: Quantity,
    /// Whether it is the Euclidean length
    pub length: bool,
    /// The number
    pub value: f64,
}

/// How a step compares with what the run kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What was compared with
    pub against: Against,
    /// Largest difference
    pub difference: f64,
    /// The largest number that was compared, in magnitude
    pub size: f64,
}

/// What a step is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// What the trace holds
    Trace,
    /// What the engine's own kernels make of the numbers before
    Engine,
    /// The answer that the engine gave
    Answer,
}

impl Check {
    /// Rounding alone may put a number off by this, in units of the largest (or of 1, where all are smaller).
    pub const TOLERANCE: f64 = 1e-4;

    /// Whether the step says what the run says.
    pub fn holds(&self) -> bool {
        // NaN does not
        self.difference <= Self::TOLERANCE * self.size.max(1.0)
    }
}

/// Why a step shows less than elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// It takes the model's weights, which a saved trace does not have
    NeedsWeights,
    /// Attention reads the residual stream as it is
    NoNorm,
    /// The feed-forward part reads the block's input, so both are added at once
    Parallel,
    /// The block has no feed-forward part
    NoMlp,
    /// So many experts, of which this token goes through a few
    Experts(usize),
    /// The query may not look at the key
    Masked,
    /// The model has no words to say
    NoWords,
    /// The final norm's output or the logits were put there by an intervention
    Changed,
    /// The answer stands at another token than the query: this one
    AnswerAt(usize),
}

/// One step of the walk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Which
    pub kind: StepKind,
    /// Shape of what it makes, for all tokens of the run
    pub shape: Vec<usize>,
    /// Its numbers, in the order in which one comes from another
    pub strips: Vec<Strip>,
    /// The number it ends in
    pub outcome: Option<Outcome>,
    /// How it compares with the run; none where nothing is computed
    pub check: Option<Check>,
    /// Why there is less than elsewhere
    pub notes: Vec<Note>,
}

impl Step {
    /// Nothing yet.
    fn new(kind: StepKind, shape: Vec<usize>) -> Self {
        Self { kind, shape, strips: Vec::new(), outcome: None, check: None, notes: Vec::new() }
    }
    /// The same, but it cannot be taken.
    fn without(kind: StepKind, shape: Vec<usize>, note: Note) -> Self {
        Self { notes: vec![note], ..Self::new(kind, shape) }
    }
    /// One of its strips.
    pub fn strip(&self, what: Quantity) -> Option<&Strip> {
        self.strips.iter().find(|strip| strip.what == what)
    }
}

/// One query token's way through a model and one of its heads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Walk {
    /// The head
    pub head: HeadId,
    /// The token that asks
    pub query: usize,
    /// The token that is looked at
    pub key: usize,
    /// All twelve, in order
    pub steps: Vec<Step>,
    /// Blocks between the embedding and the head's own
    pub blocks_before: Range<usize>,
    /// Blocks between the head's own and the answer
    pub blocks_after: Range<usize>,
}

/// Walks a cell's query and key through its head, in a run that is complete.
///
/// Without a model, as with a saved trace, the steps that need weights say so.
///
/// Costs one row of attention for every head of the block, and one row of the vocabulary.
pub fn walk(model: Option<&Model>, trace: &Trace, cell: Cell) -> Result<Walk, WhyError> {
    cell.is_in(trace)?;
    let Cell { head, query, key } = cell;
    if !trace.is_complete() {
        return Err(WhyError::NoHead(head));
    }
    let given = Given::new(model.map(|model| &model.network), trace, head, query, key);
    let mut steps = before::steps(&given);
    steps.extend(head::steps(&given));
    steps.extend(after::steps(&given));
    steps.push(last::step(&given, model));
    let begins = trace.spec.decoder_start();
    let first = if head.layer < begins { 0 } else { begins };
    Ok(Walk {
        head,
        query,
        key,
        steps,
        blocks_before: first..head.layer,
        blocks_after: head.layer + 1..trace.n_layers(),
    })
}

/// Double precision, as strips show it.
fn single(x: &[f64]) -> Vec<f32> {
    x.iter().map(|&x| x as f32).collect()
}

fn double(x: &[f32]) -> Vec<f64> {
    x.iter().copied().map(f64::from).collect()
}

fn length(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// Compares numbers one by one; two that are masked are equal.
fn compare(against: Against, found: &[f64], expected: &[f32]) -> Check {
    let (mut difference, mut size) = (0.0_f64, 0.0_f64);
    let same = found.len() == expected.len();
    for (&a, &b) in found.iter().zip(expected) {
        let b = f64::from(b);
        let apart = if a.is_infinite() && a.total_cmp(&b).is_eq() { 0.0 } else { (a - b).abs() };
        // NaN stays, so that it fails the check
        difference = if difference >= apart || difference.is_nan() { difference } else { apart };
        size = if b.is_finite() { size.max(b.abs()) } else { size };
    }
    Check { against, difference: if same { difference } else { f64::NAN }, size }
}

/// Both comparisons in one: the worse difference, the larger size.
fn both(a: Check, b: Check) -> Check {
    let difference =
        if a.difference.is_nan() || a.difference >= b.difference { a.difference } else { b.difference };
    Check { difference, size: a.size.max(b.size), ..a }
}
