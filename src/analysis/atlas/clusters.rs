//! Heads that are alike, by everything that was measured of them.
//!
//! Ward's agglomeration (Ward 1963, in Müllner's 2011 form through `kodama`) over standardised scores and measures; the
//! number of clusters is the one with the greatest mean silhouette (Rousseeuw 1987). Nothing in it is random.

use super::Atlas;
use crate::trace::HeadId;
use kodama::{Method, linkage};

/// Clusters that are tried at most.
const MOST: usize = 10;
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
pub fn clusters(atlas: &Atlas) -> Clusters {
    let n = atlas.heads.len();
    let (names, vectors) = standardised(atlas);
    if n < 3 || names.is_empty() {
        return described(atlas, &names, &vectors, vec![0; n], 0.0);
    }
    let apart = distances(&vectors, names.len());
    let dendrogram = linkage(&mut apart.clone(), n, Method::Ward);
    let merges: Vec<[usize; 2]> =
        dendrogram.steps().iter().map(|step| [step.cluster1, step.cluster2]).collect();
    let cuts = (2..=MOST.min(n - 1)).map(|k| {
        let of = cut(n, &merges, k);
        let silhouette = silhouette(&apart, &of, k);
        (of, silhouette)
    });
    // Of equally good cuts the coarser one
    let best = cuts.reduce(|best, other| if other.1 > best.1 { other } else { best });
    let (of, silhouette) = best.unwrap_or((vec![0; n], 0.0));
    described(atlas, &names, &vectors, of, silhouette)
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

/// Euclidean distances of all pairs, the upper triangle by rows, as `kodama` reads them.
fn distances(vectors: &[f64], width: usize) -> Vec<f32> {
    let rows: Vec<&[f64]> = vectors.chunks_exact(width).collect();
    let mut apart = Vec::with_capacity(rows.len() * rows.len().saturating_sub(1) / 2);
    for (i, a) in rows.iter().enumerate() {
        for b in &rows[i + 1..] {
            apart.push(a.iter().zip(*b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt() as f32);
        }
    }
    apart
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

/// Mean of (b − a) / max(a, b): a, the mean distance within a head's cluster; b, to the nearest other. 0 for one alone.
fn silhouette(apart: &[f32], of: &[usize], k: usize) -> f64 {
    let n = of.len();
    let mut sums = vec![0.0_f64; n * k];
    let mut pair = 0;
    for i in 0..n {
        for j in i + 1..n {
            let distance = f64::from(apart[pair]);
            pair += 1;
            sums[i * k + of[j]] += distance;
            sums[j * k + of[i]] += distance;
        }
    }
    let mut sizes = vec![0_usize; k];
    for &cluster in of {
        sizes[cluster] += 1;
    }
    let one = |i: usize| {
        let own = of[i];
        if sizes[own] < 2 {
            return 0.0;
        }
        let a = sums[i * k + own] / (sizes[own] - 1) as f64;
        let others = (0..k).filter(|&other| other != own);
        let b = others.map(|other| sums[i * k + other] / sizes[other] as f64).fold(f64::INFINITY, f64::min);
        if a.max(b) > 0.0 { (b - a) / a.max(b) } else { 0.0 }
    };
    (0..n).map(one).sum::<f64>() / n as f64
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
