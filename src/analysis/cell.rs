//! Why a cell of a pattern is what it is: its score taken apart by head dimension and by component on both sides.

use super::components::{Component, Parts, parts, push};
use super::table::Table;
use crate::model::{
    At, AttentionSpec, HeadId, HeadName, Hook, Network, Part, Placement, PositionBias, Stream, Terms,
};
use crate::trace::Trace;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::ControlFlow;
use std::str::FromStr;

/// One cell of one head's pattern, spelled `3.5:q22->k5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// The head
    pub head: HeadId,
    /// The token that asks
    pub query: usize,
    /// The token that is looked at
    pub key: usize,
}

/// What was typed is no cell.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no cell: write layer.head:qQUERY->kKEY, such as 3.5:q22->k5 or cross.1.0:q2->k5")]
pub struct NotACell(String);

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:q{}->k{}", self.head, self.query, self.key)
    }
}

/// A cell as it is typed: the head of an encoder–decoder model also by its part, `cross.1.0:q3->k2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellName {
    /// The head's name
    pub head: HeadName,
    /// The token that asks
    pub query: usize,
    /// The token that is looked at
    pub key: usize,
}

impl FromStr for CellName {
    type Err = NotACell;
    fn from_str(text: &str) -> Result<Self, NotACell> {
        let wrong = || NotACell(text.to_owned());
        let (head, edge) = text.split_once(':').ok_or_else(wrong)?;
        let (query, key) = edge.split_once("->").ok_or_else(wrong)?;
        let position = |text: &str, letter| {
            let text = text.trim();
            text.strip_prefix(letter).unwrap_or(text).parse().map_err(|_| wrong())
        };
        let head = head.parse().map_err(|_| wrong())?;
        Ok(Self { head, query: position(query, 'q')?, key: position(key, 'k')? })
    }
}

/// Why there is nothing to take apart.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WhyError {
    /// The trace has no such head
    #[error("the model has no head {0}")]
    NoHead(HeadId),
    /// The prompt has no such token
    #[error("there is no token {token}: the {side} has {n}")]
    NoToken {
        /// The token
        token: usize,
        /// Whose: `queries` or `keys`
        side: &'static str,
        /// Tokens there are
        n: usize,
    },
    /// The query does not see the key
    #[error("token {query} does not see token {key} in head {head}: the cell is masked")]
    Masked {
        /// The head
        head: HeadId,
        /// The token that asks
        query: usize,
        /// The token it does not see
        key: usize,
    },
    /// Somebody asked to stop
    #[error("cancelled")]
    Cancelled,
}

/// A cell's weight, and how its score came about.
///
/// weight = exp(score − lse); score = cap(product + distance) + bias, the cap and the bias where the model has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// The cell
    pub cell: Cell,
    /// Its weight, in [0, 1]
    pub weight: f64,
    /// Its score as it entered softmax
    pub score: f64,
    /// Log-sum-exp of the query's scores, the sink's included where the head has one
    pub lse: f64,
    /// scale·⟨q, k⟩ as the pass computed it
    pub product: f64,
    /// What products with distances add to it (DeBERTa)
    pub distance: f64,
    /// The cap on the score, where there is one: it becomes cap·tanh(score/cap)
    pub cap: Option<f64>,
    /// What the position bias adds (ALiBi, T5)
    pub bias: f64,
    /// What interventions made of the score, where they did: it is no longer the head's own
    pub changed: bool,
    /// The share of the query's attention that goes to the head's sink
    pub sink: f64,
    /// scale·q\[d\]·k\[d\], [head_dim]; sums to the product
    pub dimensions: Vec<f64>,
    /// The same by pairs of dimensions that turn together, and the frequencies they turn with; empty without rotary
    pub pairs: Vec<Pair>,
    /// By component; none where the model is not there to say what its parts wrote
    pub table: Option<Table>,
}

/// Two dimensions that rotary position embedding turns together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// The dimensions
    pub dims: [usize; 2],
    /// By how much they turn a position, in radians
    pub frequency: f64,
    /// What they add to the score
    pub value: f64,
}

impl Why {
    /// Σ of the table or, without one, of the dimensions, less what the pass computed.
    pub fn residual(&self) -> f64 {
        let by_dimension = self.dimensions.iter().sum::<f64>() - self.product;
        self.table.as_ref().map_or(by_dimension, |table| table.sum() - (self.product + self.distance))
    }
}

/// Takes the score of a cell apart; by component only where the model itself is there.
///
/// - by dimension: scale·q\[d\]·k\[d\]; by pair: the two dimensions that rotary turns together
/// - by component: q = Σ_a q_a and k = Σ_b k_b with q_a = rotary(norm(W_Q·x_a)), so the product is Σ_a Σ_b
///   scale·⟨q_a, k_b⟩; x_a is what component a wrote into the stream, every norm's divisor is frozen
/// - identity: both sums equal the product of the pass; `progress` is told the share done and may break off
pub fn why(
    network: Option<&Network>,
    trace: &Trace,
    cell: Cell,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<Why, WhyError> {
    let Cell { head, query, key } = cell;
    check(trace, cell)?;
    let spec = &trace.spec.blocks[head.layer].attention;
    let state = &trace.layer(head.layer).state;
    let pattern = trace.pattern(head);
    let q = &state.heads[head.head].queries[query * spec.head_dim..(query + 1) * spec.head_dim];
    let k: Vec<f32> = state.keys[spec.kv_head(head.head)].row(key).collect();
    let scale = f64::from(spec.scale);
    let dimensions: Vec<f64> = q.iter().zip(&k).map(|(&q, &k)| scale * f64::from(q) * f64::from(k)).collect();

    let product = pattern.product(query, key);
    let own = state.own_score(spec, head.head, (query, key), product);
    let (mut distance, mut bias) = (0.0, 0.0);
    match spec.bias {
        Some(PositionBias::Disentangled(_)) => distance = f64::from(own) - f64::from(product),
        Some(_) => bias = f64::from(state.own_score(spec, head.head, (query, key), 0.0)),
        None => {}
    }
    let score = pattern.score(query, key);
    let sides = network.map(|network| Sides { network, trace, cell });
    let table = match sides {
        Some(sides) => Some(sides.table(progress).ok_or(WhyError::Cancelled)?),
        None => None,
    };
    Ok(Why {
        cell,
        weight: f64::from(pattern.cell(query, key)),
        score: f64::from(score),
        lse: f64::from(trace.lse(head)[query]),
        product: f64::from(product),
        distance,
        cap: spec.softcap.map(f64::from),
        bias,
        changed: score.to_bits() != own.to_bits(),
        sink: pattern.sink_share(query),
        pairs: pairs(spec, &dimensions, trace.key_tokens(head.layer).len()),
        dimensions,
        table,
    })
}

impl Cell {
    /// Whether a run has it; the error says what is missing.
    pub fn is_in(self, trace: &Trace) -> Result<(), WhyError> {
        let Self { head, query, key } = self;
        if !trace.has(head) {
            return Err(WhyError::NoHead(head));
        }
        let pattern = trace.pattern(head);
        for (token, side, n) in [(query, "queries", pattern.n_queries()), (key, "keys", pattern.n_keys())] {
            if token >= n {
                return Err(WhyError::NoToken { token, side, n });
            }
        }
        Ok(())
    }
}

fn check(trace: &Trace, cell: Cell) -> Result<(), WhyError> {
    cell.is_in(trace)?;
    let Cell { head, query, key } = cell;
    if !trace.pattern(head).keys(query).contains(&key) {
        return Err(WhyError::Masked { head, query, key });
    }
    Ok(())
}

fn pairs(spec: &AttentionSpec, dimensions: &[f64], n_tokens: usize) -> Vec<Pair> {
    let Some(rotary) = &spec.rotary else { return Vec::new() };
    let pair = |(pair, frequency): (usize, f32)| {
        let dims = rotary.pair(pair);
        Pair { dims, frequency: frequency.into(), value: dims.iter().map(|&dim| dimensions[dim]).sum() }
    };
    rotary.frequencies(n_tokens).into_iter().enumerate().map(pair).collect()
}

/// Both sides of a cell, with the model that made them.
#[derive(Clone, Copy)]
struct Sides<'a> {
    network: &'a Network,
    trace: &'a Trace,
    cell: Cell,
}

impl Sides<'_> {
    fn table(self, progress: &mut dyn FnMut(f32) -> ControlFlow<()>) -> Option<Table> {
        let query = self.query(&mut |done| progress(done / 2.0))?;
        let key = self.key(&mut |done| progress(0.5 + done / 2.0))?;
        let HeadId { layer, head } = self.cell.head;
        let spec = &self.trace.spec.blocks[layer].attention;
        let scale = f64::from(spec.scale);
        let mut table = Table { values: products(&query.1, &key.1, scale), queries: query.0, keys: key.0 };
        if let Some(PositionBias::Disentangled(own)) = &spec.bias
            && let Some(distances) = &self.trace.layer(layer).state.distances
        {
            let row = own.row(self.cell.query as isize - self.cell.key as isize);
            let start = (head * own.rows() + row) * spec.head_dim;
            let of = |side: &[f32]| {
                let vector = side.get(start..start + spec.head_dim).unwrap_or_default();
                Terms::of(vector.to_vec(), spec.head_dim)
            };
            table.add_distance(
                &products(&query.1, &of(distances.keys()), scale),
                &products(&of(distances.queries()), &key.1, scale),
            );
        }
        Some(table)
    }

    /// Components of the query, [component, head_dim].
    fn query(self, progress: &mut dyn FnMut(f32) -> ControlFlow<()>) -> Option<(Vec<Component>, Terms)> {
        let HeadId { layer, head } = self.cell.head;
        let own = parts(self.network, self.trace, Stream::Before(layer), self.cell.query, progress)?;
        let own = self.normed(own, layer, self.cell.query);
        let n_tokens = self.trace.query_tokens(layer).len();
        let terms =
            self.network.query_terms(layer, head, At { position: self.cell.query, n_tokens }, &own.terms);
        let kept = &self.trace.q(self.cell.head)[self.cell.query * terms.width()..][..terms.width()];
        Some(self.with_changes(own.components, terms, kept, [Hook::Q, Hook::RotQ]))
    }

    /// Components of the key, likewise.
    fn key(self, progress: &mut dyn FnMut(f32) -> ControlFlow<()>) -> Option<(Vec<Component>, Terms)> {
        let HeadId { layer, head } = self.cell.head;
        let spec = &self.trace.spec;
        let crosses = spec.blocks[layer].part == Part::Cross;
        let stream = if crosses { Stream::After(spec.decoder_start() - 1) } else { Stream::Before(layer) };
        let mut own = parts(self.network, self.trace, stream, self.cell.key, progress)?;
        if !crosses {
            own = self.normed(own, layer, self.cell.key);
        } else if let Some(norm) = spec.encoder.as_ref().and_then(|encoder| encoder.final_norm) {
            let frozen = self.network.frozen_norm(norm, "encoder.ln_final", &own.terms.sum());
            own.map(frozen);
        }
        let n_tokens = self.trace.key_tokens(layer).len();
        let terms = self.network.key_terms(layer, head, At { position: self.cell.key, n_tokens }, &own.terms);
        let keys = &self.trace.layer(layer).state.keys[spec.blocks[layer].attention.kv_head(head)];
        let kept: Vec<f32> = keys.row(self.cell.key).collect();
        Some(self.with_changes(own.components, terms, &kept, [Hook::K, Hook::RotK]))
    }

    /// One token's parts through the norm before a block's attention.
    fn normed<'a>(&self, mut own: Parts<'a>, layer: usize, token: usize) -> Parts<'a> {
        let block = &self.trace.spec.blocks[layer];
        if let Some(norm) = block.ln1.filter(|_| block.placement != Placement::Post) {
            let name = format!("{}.ln1", self.trace.spec.prefix(layer));
            let x = own.terms.sum();
            let divisor = self.trace.divisor(Hook::Ln1Scale, layer, token, norm, &x);
            own.map(self.network.frozen_norm_by(norm, &name, x.len(), divisor));
        }
        own
    }

    /// What interventions made of the vector itself comes as one more term.
    fn with_changes(
        &self,
        mut components: Vec<Component>,
        mut terms: Terms,
        kept: &[f32],
        hooks: [Hook; 2],
    ) -> (Vec<Component>, Terms) {
        if hooks.iter().any(|&hook| self.trace.changes.touches(hook, self.cell.head.layer)) {
            let change: Vec<f32> = kept.iter().zip(terms.sum()).map(|(kept, sum)| kept - sum).collect();
            push(&mut components, &mut terms, Component::Change, &change);
        }
        (components, terms)
    }
}

/// scale·⟨a, b⟩ for every two terms, [a, b].
fn products(a: &Terms, b: &Terms, scale: f64) -> Vec<f64> {
    let product = |a: &[f32], b: &[f32]| {
        scale * a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum::<f64>()
    };
    a.rows().flat_map(|a| b.rows().map(move |b| product(a, b))).collect()
}
