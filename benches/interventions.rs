//! Claims: a head is cut within 50 ms; a patch sweep takes at most half of as many full runs.

use divan::black_box;
use mnemoscope::engine::{self, Job, LogitDifference, ModelSource, Prompt, RunOptions};
use mnemoscope::model::Model;
use mnemoscope::trace::Trace;

fn main() {
    divan::main();
}

const TOKENS: u32 = 64;

fn model() -> Model {
    engine::load(&ModelSource::Embedded, &Job::new()).expect("it is inside")
}

/// A run on ids that all differ, from `salt` on.
fn run(model: &Model, salt: u32) -> Trace {
    let ids = Prompt::Ids((0..TOKENS).map(|i| 300 + (i * 37 + salt) % 2000).collect());
    engine::run(model, &ids, &RunOptions::default(), &Job::new(), &mut |_| {}).expect("the run succeeds")
}

#[divan::bench(args = ["zero=0.0", "zero=3.1", "knockout=4.*:q9->k2", "zero=5.0"])]
fn one_change(bencher: divan::Bencher<'_, '_>, change: &str) {
    let model = model();
    let clean = run(&model, 0);
    let changes = [change.parse().expect("an intervention")];
    bencher.bench(|| engine::intervene(&model, &clean, &changes, &Job::new(), &mut |_| {}));
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn sweep(bencher: divan::Bencher<'_, '_>) {
    let model = model();
    let (clean, corrupted) = (run(&model, 0), run(&model, 5));
    let metric = LogitDifference { of: 888, less: 931 };
    bencher.bench(|| engine::sweep(&model, &clean, &corrupted, metric, &Job::new()));
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn as_many_full_runs(bencher: divan::Bencher<'_, '_>) {
    let model = model();
    let patches = model.spec().layers() * TOKENS as usize
        + (0..model.spec().layers()).map(|l| model.spec().heads(l)).sum::<usize>();
    bencher.bench(|| {
        for _ in 0..patches {
            black_box(run(&model, 5));
        }
    });
}
