//! Contract: a pattern answers the same however it is asked, and as the textbook formula has it.

#![expect(clippy::float_cmp, reason = "parts of a pattern must equal the whole exactly")]

use mnemoscope::model::{
    AttentionSpec, Buckets, Disentangled, Distances, LayerState, PositionBias, Relative, Window,
};
use mnemoscope::trace::{Pattern, Pool};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// A head with random queries and keys, and log-sum-exps computed here, in double precision.
struct Head {
    spec: AttentionSpec,
    state: LayerState<f32>,
    keys: Vec<Vec<f32>>,
}

impl Head {
    fn random(spec: AttentionSpec, n: usize, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut row = || (0..spec.head_dim).map(|_| random.random_range(-2.0..2.0)).collect::<Vec<f32>>();
        let queries: Vec<Vec<f32>> = (0..n).map(|_| row()).collect();
        let keys: Vec<Vec<f32>> = (0..n).map(|_| row()).collect();
        let mut state = LayerState::new(&spec, n, n);
        for key in &keys {
            state.keys[0].push(key);
        }
        state.heads[0].queries = queries.concat();
        if let Some(PositionBias::Buckets(buckets)) = spec.bias {
            let table: Vec<f32> = (0..buckets.count).map(|bucket| (bucket * 7 % 5) as f32 / 2.0).collect();
            state.relative = Some(Relative::new(buckets, 1, &table));
        }
        if let Some(PositionBias::Disentangled(own)) = &spec.bias {
            let table =
                |step| (0..own.rows()).flat_map(move |row| distance(row, step, spec.head_dim)).collect();
            let mut distances = Distances::new(table(3), table(4));
            distances.cover(own, n);
            state.distances = Some(distances);
        }
        let mut head = Self { spec, state, keys };
        let lse = |q| head.textbook_scores(q).iter().map(|s| s.exp()).sum::<f64>().ln() as f32;
        head.state.heads[0].lse = (0..n).map(lse).collect();
        head
    }
    fn n(&self) -> usize {
        self.keys.len()
    }
    fn pattern(&self) -> Pattern<'_> {
        Pattern::new(&self.spec, &self.state, 0)
    }
    fn sees(&self, q: usize, k: usize) -> bool {
        let near = match self.spec.window {
            None => true,
            Some(Window::Sliding(n)) => k + n > q,
            Some(Window::TwoSided(n)) => k.abs_diff(q) <= n,
            Some(Window::Chunk(n)) => k / n == q / n,
        };
        near && (!self.spec.causal || k <= q)
    }
    /// What is added for the distance: ALiBi's −slope·distance, the number of T5's bucket, or DeBERTa's products.
    fn textbook_bias(&self, q: usize, k: usize) -> f64 {
        match &self.spec.bias {
            None => 0.0,
            Some(PositionBias::Disentangled(own)) => {
                let (dim, span) = (self.spec.head_dim, own.span as isize);
                let row = (q as isize - k as isize + span).clamp(0, 2 * span - 1) as usize;
                let dot = |content: &[f32], step| -> f64 {
                    let sought = distance(row, step, dim);
                    content.iter().zip(sought).map(|(&a, b)| f64::from(a) * f64::from(b)).sum()
                };
                let query = &self.state.heads[0].queries[q * dim..(q + 1) * dim];
                f64::from(self.spec.scale) * (dot(query, 3) + dot(&self.keys[k], 4))
            }
            Some(PositionBias::Alibi { slopes, .. }) => f64::from(slopes[0]) * (k as f64 - q as f64),
            Some(PositionBias::Buckets(buckets)) => {
                let (far, half) = (k.abs_diff(q), buckets.count / 2);
                let exact = half / 2;
                let log =
                    (far as f64 / exact as f64).ln() / (buckets.max_distance as f64 / exact as f64).ln();
                let beyond = exact + (log * (half - exact) as f64) as usize;
                let bucket = if far < exact { far } else { beyond.min(half - 1) };
                let bucket = if k > q { bucket + half } else { bucket };
                (bucket * 7 % 5) as f64 / 2.0
            }
        }
    }
    /// cap·tanh(scale·⟨q, k⟩/cap) + bias in double precision; −∞ where masked. Shares no code with `src/`.
    fn textbook_scores(&self, q: usize) -> Vec<f64> {
        let dim = self.spec.head_dim;
        let query = &self.state.heads[0].queries[q * dim..(q + 1) * dim];
        let score = |k: usize| {
            let dot: f64 = query.iter().zip(&self.keys[k]).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            let score = dot * f64::from(self.spec.scale);
            let score =
                self.spec.softcap.map_or(score, |cap| f64::from(cap) * (score / f64::from(cap)).tanh());
            if self.sees(q, k) { score + self.textbook_bias(q, k) } else { f64::NEG_INFINITY }
        };
        (0..self.n()).map(score).collect()
    }
    fn textbook_rows(&self) -> Vec<Vec<f64>> {
        (0..self.n())
            .map(|q| {
                let scores = self.textbook_scores(q);
                let sum: f64 = scores.iter().map(|s| s.exp()).sum();
                scores.iter().map(|s| s.exp() / sum).collect()
            })
            .collect()
    }
}

/// A made-up key (or query) of a distance.
fn distance(row: usize, step: usize, dim: usize) -> impl Iterator<Item = f32> {
    (0..dim).map(move |d| ((row * step + d) % 7) as f32 / 5.0 - 0.5)
}

fn spec(head_dim: usize, causal: bool, window: Option<usize>) -> AttentionSpec {
    AttentionSpec { causal, window: window.map(Window::Sliding), ..AttentionSpec::new(1, 1, head_dim) }
}

fn check(head: &Head) {
    let n = head.n();
    let pattern = head.pattern();
    let textbook = head.textbook_rows();
    let whole = pattern.tile(0..n, 0..n);
    for q in 0..n {
        let row = &whole[q * n..(q + 1) * n];
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "row {q} sums to {}", row.iter().sum::<f32>());
        assert_eq!(pattern.row(q), row);
        for k in 0..n {
            assert!((f64::from(row[k]) - textbook[q][k]).abs() < 1e-5, "cell {q},{k}");
            assert_eq!(pattern.cell(q, k), row[k]);
            assert_eq!(pattern.score(q, k).is_finite(), head.sees(q, k));
            if !head.sees(q, k) {
                assert_eq!(row[k], 0.0);
            }
        }
    }
    for k in [0, n / 2, n - 1] {
        let column: Vec<f32> = (0..n).map(|q| whole[q * n + k]).collect();
        assert_eq!(pattern.column(k), column);
    }
}

#[test]
fn causal() {
    check(&Head::random(spec(10, true, None), 67, 1));
}
#[test]
fn both_directions() {
    check(&Head::random(spec(16, false, None), 33, 2));
}
#[test]
fn window_narrower_than_a_panel() {
    check(&Head::random(spec(8, true, Some(7)), 70, 3));
}
#[test]
fn windows_of_every_kind() {
    for window in [Window::TwoSided(5), Window::TwoSided(20), Window::Chunk(9), Window::Sliding(1)] {
        for causal in [false, true] {
            check(&Head::random(AttentionSpec { window: Some(window), ..spec(8, causal, None) }, 50, 5));
        }
    }
}
#[test]
fn capped_scores() {
    // Scores reach several times the cap, and pass 0
    check(&Head::random(AttentionSpec { softcap: Some(0.5), ..spec(24, true, None) }, 45, 6));
}
#[test]
fn content_and_distance_apart() {
    // More tokens than distances that are told apart
    let own = Disentangled {
        span: 9,
        max_distance: None,
        content_to_position: true,
        position_to_content: true,
        norm: None,
    };
    check(&Head::random(
        AttentionSpec { bias: Some(PositionBias::Disentangled(own)), ..spec(12, false, None) },
        40,
        8,
    ));
}
#[test]
fn biases_by_distance() {
    let slopes = vec![0.3];
    let alibi = PositionBias::Alibi { slopes, rounded: false, factor: 1.0 };
    check(&Head::random(AttentionSpec { bias: Some(alibi), ..spec(8, true, None) }, 40, 7));
    let buckets = Buckets { count: 16, max_distance: 24, two_sided: true };
    let bias = Some(PositionBias::Buckets(buckets));
    check(&Head::random(AttentionSpec { bias, ..spec(8, false, None) }, 60, 8));
}
#[test]
fn one_token() {
    check(&Head::random(spec(5, true, None), 1, 4));
}
#[test]
fn wider_than_a_register_file() {
    check(&Head::random(spec(130, true, None), 40, 5));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn tiles_equal_the_whole_and_pools_equal_pooling_it(
        n in 1_usize..90,
        head_dim in 1_usize..40,
        causal in any::<bool>(),
        window in proptest::option::of(1_usize..40),
        seed in any::<u64>(),
        cut in any::<[f64; 4]>(),
        bins in any::<[f64; 2]>(),
    ) {
        let part = |x: f64| (x.abs() % 1.0, n);
        let (a, b) = (part(cut[0]), part(cut[1]));
        let (c, d) = (part(cut[2]), part(cut[3]));
        let at = |(x, n): (f64, usize)| ((x * n as f64) as usize).min(n - 1);
        let rows = at(a).min(at(b))..at(a).max(at(b)) + 1;
        let columns = at(c).min(at(d))..at(c).max(at(d)) + 1;
        let head = Head::random(spec(head_dim, causal, window.filter(|_| causal)), n, seed);
        let pattern = head.pattern();
        let whole = pattern.tile(0..n, 0..n);
        let cells: Vec<f32> = rows.clone().flat_map(|q| columns.clone().map(move |k| q * n + k)).map(|i| whole[i]).collect();
        prop_assert_eq!(&pattern.tile(rows.clone(), columns.clone()), &cells);

        let count = |x: f64, side: usize| 1 + ((x.abs() % 1.0) * side as f64) as usize % side;
        let (height, width) = (count(bins[0], rows.len()), count(bins[1], columns.len()));
        let edge = |i: usize, side: usize, bins: usize| (i * side).div_ceil(bins);
        for pool in [Pool::Max, Pool::Mean] {
            let pooled = pattern.pooled(rows.clone(), columns.clone(), height, width, pool);
            for r in 0..height {
                for c in 0..width {
                    let band = edge(r, rows.len(), height)..edge(r + 1, rows.len(), height);
                    let bin = edge(c, columns.len(), width)..edge(c + 1, columns.len(), width);
                    let cells: Vec<f32> = band
                        .flat_map(|q| bin.clone().map(move |k| (q, k)))
                        .map(|(q, k)| cells[q * columns.len() + k])
                        .collect();
                    let expected = match pool {
                        Pool::Max => cells.iter().copied().fold(0.0, f32::max),
                        Pool::Mean => cells.iter().sum::<f32>() / cells.len() as f32,
                    };
                    prop_assert!((pooled[r * width + c] - expected).abs() < 1e-6);
                }
            }
        }
    }
}
