//! Claims: a 1024² map is coloured in 2 ms or less, a scale or range is changed in microseconds, a tile is painted
//! well within a frame.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use mnemoscope::render::{ColorMap, Scale, Shader, ValueRange};

fn main() {
    divan::main();
}

const UNIT: ValueRange = ValueRange { low: 0.0, high: 1.0 };

fn values(side: usize) -> Vec<f32> {
    (0..side * side).map(|i| (i * 2_654_435_761 % 1_000_003) as f32 / 1_000_003.0).collect()
}

#[divan::bench(args = [256, 1024, 2048])]
fn linear(bencher: Bencher, side: usize) {
    paint(bencher, side, Scale::Linear);
}

#[divan::bench(args = [256, 1024])]
fn log(bencher: Bencher, side: usize) {
    paint(bencher, side, Scale::Log);
}

#[divan::bench(args = [256, 1024])]
fn row(bencher: Bencher, side: usize) {
    paint(bencher, side, Scale::Row);
}

fn paint(bencher: Bencher, side: usize, scale: Scale) {
    let (values, shader) = (values(side), Shader::new(ColorMap::Magma, scale, UNIT));
    bencher.counter(ItemsCount::new(side * side)).bench(|| shader.paint(black_box(&values), side));
}

#[divan::bench]
fn new_shader() -> Shader {
    Shader::new(black_box(ColorMap::Magma), Scale::Linear, UNIT)
}
