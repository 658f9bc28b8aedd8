//! Composition scores: how much a later head's queries, keys or values read of what an earlier head writes.

use super::eigen::rows_times_rows;
use crate::model::{HeadId, HeadMap, ModelSpec, Network, row_major};
use nalgebra::DMatrix;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Lines that are drawn where nobody chose a threshold.
const LINES: usize = 24;

/// What of the later head reads the earlier one.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Its queries: the earlier head decides what it looks for
    Q,
    /// Its keys: the earlier head decides where it is found
    #[default]
    K,
    /// Its values: the two make one longer way
    V,
}

/// Two heads, and how much the later reads of the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Link {
    /// The earlier head
    pub from: HeadId,
    /// The later head
    pub to: HeadId,
    /// ‖AB‖_F / (‖A‖_F·‖B‖_F), in [0, 1]
    pub score: f64,
}

/// Every pair of heads of which the later reads the stream that the earlier writes into.
#[derive(Clone, Debug, PartialEq)]
pub struct Composition {
    /// What of the later head
    pub kind: Kind,
    /// By the earlier head, then by the later
    pub links: Vec<Link>,
    /// What random weights of these shapes would score
    pub random: f64,
}

impl Composition {
    /// The strongest pairs, strongest first.
    pub fn strongest(&self, n: usize) -> Vec<Link> {
        let mut links = self.links.clone();
        links.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.from.cmp(&b.from)).then(a.to.cmp(&b.to)));
        links.truncate(n);
        links
    }

    /// Score from which on a pair is drawn where nobody says: it leaves a handful of lines. `links`: strongest first.
    pub fn usual_threshold(&self) -> f64 {
        self.links.get(LINES - 1).or(self.links.last()).map_or(0.0, |link| link.score)
    }
}

/// What two random maps score: 1/√width, the root of the mean of (‖AB‖_F / (‖A‖_F·‖B‖_F))² where either one's
/// directions are turned at random, whatever their ranks.
pub fn random_composition(width: usize) -> f64 {
    1.0 / (width.max(1) as f64).sqrt()
}

/// The composition scores of all pairs of heads, from their weights alone.
///
/// - A = W_V·W_O of the earlier head; B of the later: W_Q·W_Kᵀ (Q), W_K·W_Qᵀ (K), W_V·W_O (V), rows read
/// - computed from triangular factors: ‖AB‖_F = ‖R_A·W_O·W_B·R_Bᵀ‖_F, [head_dim, head_dim]
/// - `folded`: with the norms' weights and centring; else weights as they are stored
/// - in [0, 1]; [`random_composition`] of the width by chance; 0 where a map is 0
/// - source: Elhage et al. 2021; TransformerLens `all_composition_scores`
pub fn compose(
    network: &Network,
    kind: Kind,
    folded: bool,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Option<Composition> {
    let spec = &network.spec;
    let (layers, width) = (spec.layers(), spec.width);
    let mut links = Vec::new();
    let mut readers: Vec<Vec<Vec<f32>>> = Vec::with_capacity(layers);
    let done = |layer: usize| layer as f32 / (2 * layers).max(1) as f32;
    for layer in 0..layers {
        if progress(done(layer)).is_break() {
            return None;
        }
        let reads = (0..layer).any(|from| reads(spec, kind, from, layer));
        let heads = if reads { spec.heads(layer) } else { 0 };
        let reader = |head| reader(|map| network.head_map(layer, head, map, folded), kind, width);
        readers.push((0..heads).into_par_iter().map(reader).collect());
    }
    for from in 0..layers {
        if progress(done(layers + from)).is_break() {
            return None;
        }
        let later: Vec<usize> = (from + 1..layers).filter(|&to| reads(spec, kind, from, to)).collect();
        if later.is_empty() {
            continue;
        }
        let heads: Vec<Vec<Link>> = (0..spec.heads(from))
            .into_par_iter()
            .map(|head| {
                let own = HeadId { layer: from, head };
                let map = |map| network.head_map(from, head, map, folded);
                let writer = left(&map(HeadMap::Value), &map(HeadMap::Output), width);
                let to = later
                    .iter()
                    .flat_map(|&layer| (0..readers[layer].len()).map(move |head| HeadId { layer, head }));
                to.map(|to| Link { from: own, to, score: score(&writer, &readers[to.layer][to.head], width) })
                    .collect()
            })
            .collect();
        links.extend(heads.into_iter().flatten());
    }
    Some(Composition { kind, links, random: random_composition(width) })
}

/// Whether a block reads, in this way, the stream that an earlier one writes into.
fn reads(spec: &ModelSpec, kind: Kind, from: usize, to: usize) -> bool {
    let part = spec.blocks[to].part;
    let side = if kind == Kind::Q { part.rows() } else { part.columns() };
    spec.blocks[from].part.rows() == side
}

/// A later head's map as [dim, width]: as large, multiplied from the left, as the whole map is.
fn reader(map: impl Fn(HeadMap) -> Vec<f32>, kind: Kind, width: usize) -> Vec<f32> {
    let (outer, rows) = match kind {
        Kind::Q => (HeadMap::Key, HeadMap::Query),
        Kind::K => (HeadMap::Query, HeadMap::Key),
        Kind::V => (HeadMap::Output, HeadMap::Value),
    };
    left(&map(outer), &map(rows), width)
}

/// R·`rows`, [dim, width], where Q·R is `outerᵀ`, [width, dim]: ‖outerᵀ·rows·M‖_F = ‖R·rows·M‖_F for every M.
fn left(outer: &[f32], rows: &[f32], width: usize) -> Vec<f32> {
    let dim = outer.len() / width;
    let tall = DMatrix::from_fn(width, dim, |i, j| f64::from(outer[j * width + i]));
    let triangle = tall.qr().unpack_r();
    let factors: Vec<f32> = (0..triangle.nrows())
        .flat_map(|i| (0..dim).map(move |j| (i, j)))
        .map(|at| triangle[at] as f32)
        .collect();
    crate::kernels::linear(&factors, &row_major(rows, width), None)
}

/// ‖AB‖_F / (‖A‖_F·‖B‖_F) of two maps that are given as [dim, width]; 0 where one of them is.
fn score(writer: &[f32], reader: &[f32], width: usize) -> f64 {
    let whole = norm(writer) * norm(reader);
    if whole > 0.0 { norm(&rows_times_rows(writer, reader, width)) / whole } else { 0.0 }
}

fn norm(x: &[f32]) -> f64 {
    x.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt()
}
