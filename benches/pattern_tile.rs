//! Claim: a tile costs its own cells, however long the prompt is.

use divan::counter::ItemsCount;
use mnemoscope::kernels::KeyPanels;
use mnemoscope::model::AttentionSpec;
use mnemoscope::trace::{Pattern, Pool};

fn main() {
    divan::main();
}

const DIM: usize = 64;

/// A causal head over `n` tokens whose numbers are all different.
struct Head {
    spec: AttentionSpec,
    queries: Vec<f32>,
    keys: KeyPanels<f32>,
    lse: Vec<f32>,
}

impl Head {
    fn of(n: usize) -> Self {
        let spec = AttentionSpec {
            heads: 1,
            kv_heads: 1,
            head_dim: DIM,
            scale: 0.125,
            causal: true,
            window: None,
            rotary: None,
        };
        let numbers = |salt: usize| (0..n * DIM).map(move |i| ((i * 31 + salt) % 197) as f32 / 98.5 - 1.0);
        let mut keys = KeyPanels::new(DIM);
        for key in numbers(7).collect::<Vec<_>>().chunks_exact(DIM) {
            keys.push(key);
        }
        let lse = (0..n).map(|q| ((q + 1) as f32).ln()).collect();
        Self { spec, queries: numbers(3).collect(), keys, lse }
    }
    fn pattern(&self) -> Pattern<'_> {
        Pattern::new(&self.spec, &self.queries, &self.keys, &self.lse)
    }
}

#[divan::bench(args = [1_024, 8_192, 32_768])]
fn tile_of_256(bencher: divan::Bencher<'_, '_>, n: usize) {
    let head = Head::of(n);
    let last = n - 256..n;
    bencher
        .counter(ItemsCount::new(256_usize * 256))
        .bench(|| divan::black_box(head.pattern()).tile(last.clone(), last.clone()));
}

#[divan::bench(args = [1_024, 4_096])]
fn whole_map_pooled_to_256(bencher: divan::Bencher<'_, '_>, n: usize) {
    let head = Head::of(n);
    bencher
        .counter(ItemsCount::new(n * n))
        .bench(|| divan::black_box(head.pattern()).pooled(0..n, 0..n, 256, 256, Pool::Max));
}
