//! Attention flow: how much can pass from a token at the top of the layers down to each input token at once?

use std::collections::VecDeque;
use std::ops::ControlFlow;

/// Most tokens for which flow is worked out: each costs a maximum flow of its own.
pub const FLOW_LIMIT: usize = 128;

/// What is left of a capacity after rounding.
const NOTHING: f64 = 1e-12;

/// An arc of the graph; its opposite lies beside it (index ^ 1).
#[derive(Clone, Copy)]
struct Arc {
    to: usize,
    left: f64,
}

/// Layers of tokens: node `level·n + token`, level 0 the inputs; every arc leads one level down.
struct Graph {
    arcs: Vec<Arc>,
    /// Arcs of each node
    from: Vec<Vec<usize>>,
}

/// Maximum flow from `token` above the last layer down to each input token, divided by its sum, [token].
///
/// - `layers`: capacities between tokens, [layer][query, key], each row summing to 1
/// - for each source token a flow of its own (Dinic: levels, then blocking flows), so `n` maximum flows over
///   `layers·n²` arcs
/// - `None` where `progress` (told the share done) breaks off
/// - source: Abnar & Zuidema 2020, *Quantifying Attention Flow in Transformers*
pub(super) fn flow(
    layers: &[Vec<f64>],
    n: usize,
    token: usize,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Option<Vec<f64>> {
    let mut graph = Graph { arcs: Vec::new(), from: vec![Vec::new(); (layers.len() + 1) * n] };
    let mut capacities = Vec::new();
    for (level, capacity) in layers.iter().enumerate() {
        for query in 0..n {
            for key in 0..n {
                if capacity[query * n + key] > NOTHING {
                    graph.join((level + 1) * n + query, level * n + key, capacity[query * n + key]);
                    capacities.push(capacity[query * n + key]);
                }
            }
        }
    }
    let mut flows = Vec::with_capacity(n);
    for key in 0..n {
        if progress(key as f32 / n as f32).is_break() {
            return None;
        }
        for (pair, &capacity) in graph.arcs.chunks_exact_mut(2).zip(&capacities) {
            (pair[0].left, pair[1].left) = (capacity, 0.0);
        }
        flows.push(graph.maximum(layers.len() * n + token, key));
    }
    let sum: f64 = flows.iter().sum();
    Some(flows.into_iter().map(|flow| flow / sum).collect())
}

impl Graph {
    fn join(&mut self, from: usize, to: usize, left: f64) {
        self.from[from].push(self.arcs.len());
        self.from[to].push(self.arcs.len() + 1);
        self.arcs.push(Arc { to, left });
        self.arcs.push(Arc { to: from, left: 0.0 });
    }

    fn maximum(&mut self, source: usize, target: usize) -> f64 {
        let mut sum = 0.0;
        while let Some(levels) = self.levels(source, target) {
            let mut next = vec![0; self.from.len()];
            loop {
                let pushed = self.push(source, target, f64::INFINITY, &levels, &mut next);
                if pushed <= NOTHING {
                    break;
                }
                sum += pushed;
            }
        }
        sum
    }

    /// Arcs from the source to each node; none where the target is out of reach.
    fn levels(&self, source: usize, target: usize) -> Option<Vec<usize>> {
        let mut levels = vec![usize::MAX; self.from.len()];
        levels[source] = 0;
        let mut waiting = VecDeque::from([source]);
        while let Some(node) = waiting.pop_front() {
            for &arc in &self.from[node] {
                let Arc { to, left } = self.arcs[arc];
                if left > NOTHING && levels[to] == usize::MAX {
                    levels[to] = levels[node] + 1;
                    waiting.push_back(to);
                }
            }
        }
        (levels[target] != usize::MAX).then_some(levels)
    }

    /// Sends up to `most` along one path; as deep as a path is long, which in layers is a few times their number.
    fn push(&mut self, node: usize, target: usize, most: f64, levels: &[usize], next: &mut [usize]) -> f64 {
        if node == target {
            return most;
        }
        while let Some(&arc) = self.from[node].get(next[node]) {
            let Arc { to, left } = self.arcs[arc];
            if left > NOTHING && levels[to] == levels[node] + 1 {
                let pushed = self.push(to, target, most.min(left), levels, next);
                if pushed > NOTHING {
                    self.arcs[arc].left -= pushed;
                    self.arcs[arc ^ 1].left += pushed;
                    return pushed;
                }
            }
            next[node] += 1;
        }
        0.0
    }
}
