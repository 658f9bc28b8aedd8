//! Heads that are alike, by everything that was measured of them.
//!
//! Ward's agglomeration (Ward 1963, in Müllner's 2011 form through `kodama`) over standardised scores and measures; the
//! number of clusters is the one with the greatest mean silhouette (Rousseeuw 1987). Nothing in it is random.

use super::Atlas;
use crate::trace::HeadId;
use kodama::{Method, linkage};
use rayon::prelude::*;
use std::ops::ControlFlow;

/// Clusters that are tried at most.
const MOST: usize = 10;
/// Heads whose distances are taken between two questions whether to go on.
const BLOCK: usize = 256;
/// What tells a cluster apart: so many measures, and no less than this many standard deviations from the mean.
const TRAITS: usize = 3;
const CLEAR: f64 = 0.5;

/// A partition of all heads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clusters {
    /// Which cluster each of [`Atlas::heads`] belongs to
    pub of: Vec<usize>,
    /// The clusters, the largest first
    pub clusters: Vec<Cluster>,
    /// Mean silhouette, in [−1, 1]: how much nearer heads are to their own cluster than to the next
    pub silhouette: f64,
}

/// Heads that are alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cluster {
    /// Which
    pub heads: Vec<HeadId>,
    /// What sets them apart: names of scores and measures with their mean in standard deviations of all heads
    pub traits: Vec<(String, f64)>,
}

/// Groups the heads of an atlas.
///
/// - vectors: every score and measure that varies, standardised; a score that a head lacks counts as the mean
/// - distance: Euclidean; merging: Ward; clusters: 2 to 10, the number of greatest mean silhouette
/// - one cluster where there are fewer than three heads or nothing varies
/// - takes 2·n² bytes for n heads: 210 MB for 80 layers × 128 heads
pub fn clusters(atlas: &Atlas) -> Clusters {
    clusters_while(atlas, &mut |_| ControlFlow::Continue(())).unwrap_or_default()
}

/// The same, as long as `progress` (told the share done) goes on; `None` where it breaks off.
pub fn clusters_while(atlas: &Atlas, progress: &mut dyn FnMut(f32) -> ControlFlow<()>) -> Option<Clusters> {
    let n = atlas.heads.len();
    let (names, vectors) = standardised(atlas);
    if n < 3 || names.is_empty() {
        return Some(described(atlas, &names, &vectors, vec![0; n], 0.0));
    }
    let rows: Vec<&[f64]> = vectors.chunks_exact(names.len()).collect();
    let mut apart = distances(&rows, &mut |done| progress(done * 0.25))?;
    let dendrogram = linkage(&mut apart, n, Method::Ward);
    drop(apart);
    let merges: Vec<[usize; 2]> =
        dendrogram.steps().iter().map(|step| [step.cluster1, step.cluster2]).collect();
    let cuts: Vec<Cut> = (2..=MOST.min(n - 1)).map(|k| Cut { of: cut(n, &merges, k), k }).collect();
    let silhouettes = silhouettes(&rows, &cuts, &mut |done| progress(0.5 + done * 0.5))?;
    // Of equally good cuts the coarser one
    let cuts = cuts.into_iter().zip(silhouettes);
    let best = cuts.reduce(|best, other| if other.1 > best.1 { other } else { best });
    let (of, silhouette) = best.map_or((vec![0; n], 0.0), |(cut, silhouette)| (cut.of, silhouette));
    Some(described(atlas, &names, &vectors, of, silhouette))
}

/// A partition in so many clusters.
struct Cut {
    of: Vec<usize>,
    k: usize,
}

/// Names of what varies, and heads as standardised vectors [head, name].
fn standardised(atlas: &Atlas) -> (Vec<String>, Vec<f64>) {
    let mut names = Vec::new();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for axis in atlas.axes() {
        let values: Vec<Option<f64>> = atlas.heads.iter().map(|entry| entry.value(&axis.id)).collect();
        let known: Vec<f64> = values.iter().flatten().copied().collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let spread =
            (known.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / known.len().max(1) as f64).sqrt();
        if spread > 1e-9 {
            names.push(axis.id);
            columns.push(values.into_iter().map(|x| x.map_or(0.0, |x| (x - mean) / spread)).collect());
        }
    }
    let rows = (0..atlas.heads.len()).flat_map(|head| columns.iter().map(move |column| column[head]));
    (names, rows.collect())
}

/// Euclidean distance of two vectors.
fn distance(a: &[f64], b: &[f64]) -> f32 {
    a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt() as f32
}

/// Distances of all pairs, the upper triangle by rows, as `kodama` reads them.
fn distances(rows: &[&[f64]], progress: &mut dyn FnMut(f32) -> ControlFlow<()>) -> Option<Vec<f32>> {
    let n = rows.len();
    let mut apart = vec![0.0_f32; n * n.saturating_sub(1) / 2];
    let mut rest = &mut apart[..];
    for first in (0..n).step_by(BLOCK) {
        if progress(first as f32 / n as f32).is_break() {
            return None;
        }
        let mut block = Vec::with_capacity(BLOCK);
        for i in first..(first + BLOCK).min(n) {
            let (own, after) = std::mem::take(&mut rest).split_at_mut(n - 1 - i);
            block.push((i, own));
            rest = after;
        }
        block.into_par_iter().for_each(|(i, own)| {
            own.iter_mut().zip(&rows[i + 1..]).for_each(|(own, other)| *own = distance(rows[i], other));
        });
    }
    Some(apart)
}

/// The last `k` clusters of a dendrogram over `n`, numbered by their first member.
fn cut(n: usize, merges: &[[usize; 2]], k: usize) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..n + merges.len()).collect();
    for (step, pair) in merges.iter().take(n - k).enumerate() {
        for &child in pair {
            parent[child] = n + step;
        }
    }
    let root = |mut node: usize| {
        while parent[node] != node {
            node = parent[node];
        }
        node
    };
    let mut roots: Vec<usize> = Vec::new();
    let number = |head: usize| {
        let root = root(head);
        roots.iter().position(|&own| own == root).unwrap_or_else(|| {
            roots.push(root);
            roots.len() - 1
        })
    };
    (0..n).map(number).collect()
}

/// Of each cut the mean of (b − a) / max(a, b): a, the mean distance within a head's cluster; b, to the nearest other;
/// 0 for one alone. Distances are taken again, once for all cuts: kept, they would be as much memory as Ward's own.
fn silhouettes(
    rows: &[&[f64]],
    cuts: &[Cut],
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Option<Vec<f64>> {
    let n = rows.len();
    let sizes: Vec<Vec<usize>> = cuts
        .iter()
        .map(|cut| {
            let mut sizes = vec![0; cut.k];
            cut.of.iter().for_each(|&cluster| sizes[cluster] += 1);
            sizes
        })
        .collect();
    let of_head = |i: usize| -> Vec<f64> {
        let mut sums: Vec<Vec<f64>> = cuts.iter().map(|cut| vec![0.0; cut.k]).collect();
        for (j, other) in rows.iter().enumerate().filter(|&(j, _)| j != i) {
            let apart = f64::from(distance(rows[i], other));
            sums.iter_mut().zip(cuts).for_each(|(sums, cut)| sums[cut.of[j]] += apart);
        }
        let one = |((sums, cut), sizes): ((&Vec<f64>, &Cut), &Vec<usize>)| {
            let own = cut.of[i];
            if sizes[own] < 2 {
                return 0.0;
            }
            let a = sums[own] / (sizes[own] - 1) as f64;
            let others = (0..cut.k).filter(|&other| other != own);
            let b = others.map(|other| sums[other] / sizes[other] as f64).fold(f64::INFINITY, f64::min);
            if a.max(b) > 0.0 { (b - a) / a.max(b) } else { 0.0 }
        };
        sums.iter().zip(cuts).zip(&sizes).map(one).collect()
    };
    let mut means = vec![0.0; cuts.len()];
    for first in (0..n).step_by(BLOCK) {
        if progress(first as f32 / n as f32).is_break() {
            return None;
        }
        let block: Vec<Vec<f64>> = (first..(first + BLOCK).min(n)).into_par_iter().map(of_head).collect();
        for own in block {
            means.iter_mut().zip(own).for_each(|(mean, own)| *mean += own / n as f64);
        }
    }
    Some(means)
}

/// Numbers clusters by size and says what sets each apart.
fn described(atlas: &Atlas, names: &[String], vectors: &[f64], of: Vec<usize>, silhouette: f64) -> Clusters {
    let k = of.iter().max().map_or(0, |last| last + 1);
    let members = |cluster: usize| (0..of.len()).filter(|&head| of[head] == cluster).collect::<Vec<_>>();
    let mut order: Vec<Vec<usize>> = (0..k).map(members).collect();
    order.sort_by_key(|heads| (std::cmp::Reverse(heads.len()), heads[0]));
    let mut numbered = of;
    let mut clusters = Vec::with_capacity(k);
    for (number, heads) in order.iter().enumerate() {
        for &head in heads {
            numbered[head] = number;
        }
        let mean = |column: usize| {
            heads.iter().map(|&head| vectors[head * names.len() + column]).sum::<f64>() / heads.len() as f64
        };
        let mut traits: Vec<(String, f64)> =
            names.iter().enumerate().map(|(column, name)| (name.clone(), mean(column))).collect();
        traits.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        traits.retain(|own| own.1.abs() >= CLEAR);
        traits.truncate(TRAITS);
        clusters.push(Cluster { heads: heads.iter().map(|&head| atlas.heads[head].head).collect(), traits });
    }
    Clusters { of: numbered, clusters, silhouette }
}
