//! How far a head's pattern differs between two runs.

use super::align::Alignment;
use crate::model::ModelSpec;
use crate::trace::{HeadId, HeadMeasures, Pattern, Trace};
use rayon::prelude::*;
use std::ops::Range;

/// Aligned rows that are held at once, and the most that may lie between the first and the last of them.
const ROWS: usize = 32;
const SPREAD: usize = 4 * ROWS;
/// A row with less than this of its attention on aligned keys says nothing about them.
const LEAST: f64 = 0.01;

/// One head in both runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadDifference {
    /// It in A
    pub a: HeadId,
    /// It in B: the same head of the same layer
    pub b: HeadId,
    /// How far its rows are apart; `None` where no row could be compared
    pub distance: Option<Distance>,
    /// Its measures, each over the whole of its own run
    pub measures: [HeadMeasures; 2],
}

/// How far a head's rows are apart, over the aligned tokens.
///
/// For an aligned query let `p` and `q` be the weights on aligned keys (a key of several tokens has their sum), each
/// divided by its sum, and `m = (p + q) / 2`:
///
/// - `divergence`: mean over rows of the Jensen–Shannon divergence `½ Σ p log₂(p/m) + ½ Σ q log₂(q/m)`, in bits, in
///   [0, 1]: 0 where both look alike, 1 where they look at nothing in common (Lin 1991, *Divergence Measures Based on
///   the Shannon Entropy*)
/// - `variation`: mean over rows of the total variation `½ Σ |p − q|`, in [0, 1]: the share of attention that moved
/// - `left_out`: mean over rows of what A and what B put on tokens that are not aligned, before the division
/// - `rows`: how many rows; one with less than 0.01 on aligned keys in either run is not counted
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Distance {
    /// Jensen–Shannon, in bits
    pub divergence: f64,
    /// Total variation
    pub variation: f64,
    /// Share of A's and of B's attention on tokens that are not aligned
    pub left_out: [f64; 2],
    /// Rows that were compared
    pub rows: usize,
}

/// Heads that have the same place in both models: the same head of the same layer of the same part.
pub(super) fn pairs(a: &ModelSpec, b: &ModelSpec) -> Vec<(HeadId, HeadId)> {
    let other = |layer: usize| b.layer_of(a.blocks[layer].part, a.index_in_part(layer));
    let layers = (0..a.layers()).filter_map(|layer| Some((layer, other(layer)?)));
    let heads = layers.flat_map(|(own, theirs)| {
        let both = a.heads(own).min(b.heads(theirs));
        (0..both).map(move |head| (HeadId { layer: own, head }, HeadId { layer: theirs, head }))
    });
    heads.collect()
}

/// The heads of one layer, at the same time.
pub(super) fn of_layer(
    a: &Trace,
    b: &Trace,
    pairs: &[(HeadId, HeadId)],
    queries: &Alignment,
    keys: &Alignment,
) -> Vec<HeadDifference> {
    let difference = |&(own, theirs): &(HeadId, HeadId)| HeadDifference {
        a: own,
        b: theirs,
        distance: distance([a.pattern(own), b.pattern(theirs)], queries, keys),
        measures: [a.measures(own), b.measures(theirs)],
    };
    pairs.par_iter().map(difference).collect()
}

fn distance(patterns: [Pattern<'_>; 2], queries: &Alignment, keys: &Alignment) -> Option<Distance> {
    let halves = halves(patterns, queries, keys);
    let mut sum = Distance::default();
    let mut from = 0;
    while from < queries.pairs.len() {
        let to = stretch(&halves, from);
        let [own, theirs] = halves.each_ref().map(|half| half.rows(from..to));
        for (own, theirs) in own.iter().zip(&theirs) {
            sum.add(own, theirs);
        }
        from = to;
    }
    let rows = sum.rows as f64;
    (sum.rows > 0).then(|| Distance {
        divergence: sum.divergence / rows,
        variation: sum.variation / rows,
        left_out: sum.left_out.map(|sum| sum / rows),
        rows: sum.rows,
    })
}

/// B's weights less A's over aligned tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Rows: aligned queries, or fewer where they are gathered
    pub rows: usize,
    /// Columns: aligned keys, or fewer
    pub columns: usize,
    /// In [−1, 1], row-major; of gathered cells the one farthest from 0
    pub values: Vec<f32>,
}

/// One head's weights in B less those in A over aligned tokens, [aligned query, aligned key], as they are: what lies on
/// other tokens is left out. At most `most` rows and columns are given.
pub fn difference(
    a: Pattern<'_>,
    b: Pattern<'_>,
    queries: &Alignment,
    keys: &Alignment,
    most: usize,
) -> Difference {
    let halves = halves([a, b], queries, keys);
    let (n, n_keys) = (queries.pairs.len(), keys.pairs.len());
    let (rows, columns) = (n.min(most), n_keys.min(most));
    let mut values = vec![0.0_f32; rows * columns];
    let mut from = 0;
    while from < n {
        let to = stretch(&halves, from);
        let [own, theirs] = halves.each_ref().map(|half| half.rows(from..to));
        for (row, (own, theirs)) in (from..to).zip(own.iter().zip(&theirs)) {
            let out = &mut values[row * rows / n * columns..][..columns];
            for (key, (a, b)) in own.kept.iter().zip(&theirs.kept).enumerate() {
                let (cell, value) = (&mut out[key * columns / n_keys], (b - a) as f32);
                if value.abs() > cell.abs() {
                    *cell = value;
                }
            }
        }
        from = to;
    }
    Difference { rows, columns, values }
}

/// Where a stretch of rows that begins at `from` ends, for both runs.
fn stretch(halves: &[Half<'_>; 2], from: usize) -> usize {
    halves[0].stretch(from).min(halves[1].stretch(from))
}

fn halves<'a>(patterns: [Pattern<'a>; 2], queries: &Alignment, keys: &Alignment) -> [Half<'a>; 2] {
    let [a, b] = patterns;
    [Half::new(a, 0, queries, keys), Half::new(b, 1, queries, keys)]
}

/// One run's side of the aligned rows.
struct Half<'a> {
    pattern: Pattern<'a>,
    queries: Vec<usize>,
    keys: Vec<Range<usize>>,
}

/// One aligned row: weights on aligned keys, and the sum of those on others.
struct Row {
    kept: Vec<f64>,
    left_out: f64,
}

impl<'a> Half<'a> {
    fn new(pattern: Pattern<'a>, run: usize, queries: &Alignment, keys: &Alignment) -> Self {
        let queries = queries.pairs.iter().map(|pair| pair.ends()[run]).collect();
        let keys = keys.pairs.iter().map(|pair| if run == 0 { pair.a.clone() } else { pair.b.clone() });
        Self { pattern, queries, keys: keys.collect() }
    }

    /// Where a stretch of rows that begins at `from` ends: neither many rows nor far apart.
    fn stretch(&self, from: usize) -> usize {
        let near = |&&query: &&usize| query - self.queries[from] < SPREAD;
        from + self.queries[from..].iter().take(ROWS).take_while(near).count()
    }

    fn rows(&self, pairs: Range<usize>) -> Vec<Row> {
        let first = self.queries[pairs.start];
        let n_keys = self.pattern.n_keys();
        let tile = self.pattern.tile(first..self.queries[pairs.end - 1] + 1, 0..n_keys);
        let row = |&query: &usize| {
            let weights = &tile[(query - first) * n_keys..][..n_keys];
            let sum = |keys: Range<usize>| weights[keys].iter().map(|&weight| f64::from(weight)).sum::<f64>();
            let kept = self.keys.iter().map(|keys| sum(keys.clone())).collect();
            let mut after = 0;
            let mut left_out = 0.0;
            for keys in &self.keys {
                left_out += sum(after..keys.start);
                after = keys.end;
            }
            Row { kept, left_out: left_out + sum(after..n_keys) }
        };
        self.queries[pairs].iter().map(row).collect()
    }
}

/// The divergence of two distributions, in bits, from their probabilities of the same things.
pub(super) fn jensen_shannon(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let part = |x: f64, m: f64| if x > 0.0 { x * (x / m).log2() } else { 0.0 };
    let parts = pairs.map(|(p, q)| {
        let m = f64::midpoint(p, q);
        f64::midpoint(part(p, m), part(q, m))
    });
    // Rounding alone would go below or above
    parts.sum::<f64>().clamp(0.0, 1.0)
}

impl Distance {
    fn add(&mut self, a: &Row, b: &Row) {
        let [own, theirs] = [a, b].map(|row| row.kept.iter().sum::<f64>());
        if own < LEAST || theirs < LEAST {
            return;
        }
        let pairs = || a.kept.iter().zip(&b.kept).map(|(&a, &b)| (a / own, b / theirs));
        self.divergence += jensen_shannon(pairs());
        // Rounding alone would go above
        self.variation += pairs().map(|(p, q)| (p - q).abs() / 2.0).sum::<f64>().min(1.0);
        self.left_out[0] += a.left_out;
        self.left_out[1] += b.left_out;
        self.rows += 1;
    }
}
