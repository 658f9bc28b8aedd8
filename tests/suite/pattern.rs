//! Contract: a pattern answers the same however it is asked, and as the textbook formula has it.

#![expect(clippy::float_cmp, reason = "parts of a pattern must equal the whole exactly")]

use mnemoscope::kernels::KeyPanels;
use mnemoscope::model::AttentionSpec;
use mnemoscope::trace::{Pattern, Pool};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// A head with random queries and keys, and log-sum-exps computed here, in double precision.
struct Head {
    spec: AttentionSpec,
    queries: Vec<f32>,
    keys: Vec<Vec<f32>>,
    panels: KeyPanels<f32>,
    lse: Vec<f32>,
}

impl Head {
    fn random(spec: AttentionSpec, n: usize, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut row = || (0..spec.head_dim).map(|_| random.random_range(-2.0..2.0)).collect::<Vec<f32>>();
        let queries: Vec<Vec<f32>> = (0..n).map(|_| row()).collect();
        let keys: Vec<Vec<f32>> = (0..n).map(|_| row()).collect();
        let mut panels = KeyPanels::new(spec.head_dim);
        for key in &keys {
            panels.push(key);
        }
        let mut head = Self { spec, queries: queries.concat(), keys, panels, lse: Vec::new() };
        head.lse = (0..n)
            .map(|q| head.textbook_scores(q).iter().map(|s| s.exp()).sum::<f64>().ln() as f32)
            .collect();
        head
    }
    fn n(&self) -> usize {
        self.keys.len()
    }
    fn pattern(&self) -> Pattern<'_> {
        Pattern::new(&self.spec, &self.queries, &self.panels, &self.lse)
    }
    fn sees(&self, q: usize, k: usize) -> bool {
        (!self.spec.causal || k <= q) && self.spec.window.is_none_or(|window| k + window > q)
    }
    /// scale·⟨q, k⟩ in double precision; −∞ where masked. Shares no code with `src/`.
    fn textbook_scores(&self, q: usize) -> Vec<f64> {
        let query = &self.queries[q * self.spec.head_dim..(q + 1) * self.spec.head_dim];
        let score = |k: usize| {
            let dot: f64 = query.iter().zip(&self.keys[k]).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            if self.sees(q, k) { dot * f64::from(self.spec.scale) } else { f64::NEG_INFINITY }
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

fn spec(head_dim: usize, causal: bool, window: Option<usize>) -> AttentionSpec {
    let scale = 1.0 / (head_dim as f32).sqrt();
    AttentionSpec { heads: 1, kv_heads: 1, head_dim, scale, causal, window, rotary: None }
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
