//! Claim: a tile costs its own cells, however long the prompt is.

use divan::counter::ItemsCount;
use mnemoscope::model::{AttentionSpec, LayerState};
use mnemoscope::trace::{Pattern, Pool};

fn main() {
    divan::main();
}

const DIM: usize = 64;

/// A causal head over `n` tokens whose numbers are all different.
struct Head {
    spec: AttentionSpec,
    state: LayerState<f32>,
}

impl Head {
    fn of(n: usize) -> Self {
        let spec = AttentionSpec::causal(1, 1, DIM);
        let numbers = |salt: usize| (0..n * DIM).map(move |i| ((i * 31 + salt) % 197) as f32 / 98.5 - 1.0);
        let mut state = LayerState::new(&spec, n, n);
        for key in numbers(7).collect::<Vec<_>>().chunks_exact(DIM) {
            state.keys[0].push(key);
        }
        state.heads[0].queries = numbers(3).collect();
        state.heads[0].lse = (0..n).map(|q| ((q + 1) as f32).ln()).collect();
        Self { spec, state }
    }
    fn pattern(&self) -> Pattern<'_> {
        Pattern::new(&self.spec, &self.state, 0)
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
