//! Contract: a run refuses what it cannot do before it begins, cancels cleanly, and decoding extends it.

use crate::files::{only, write};
use crate::parity::{fixtures, open, run_ids};
use mnemoscope::engine::{self, Job, Prompt, RunError, RunOptions};
use mnemoscope::model::{HeadId, Sampling};
use mnemoscope::trace::estimate_bytes;

fn run(folder: &str, prompt: &Prompt, options: &RunOptions) -> Result<mnemoscope::trace::Trace, RunError> {
    engine::run(&open(&fixtures().join(folder)), prompt, options, &Job::new(), &mut |_| {})
}

#[test]
fn wrong_prompts_are_refused_with_their_figures() {
    let options = RunOptions::default();
    let refused = |ids: Vec<u32>| run("gpt2-odd", &Prompt::Ids(ids), &options).expect_err("a wrong prompt");
    assert_eq!(refused(Vec::new()), RunError::Empty);
    let model = open(&fixtures().join("gpt2-odd"));
    let vocab = model.spec().vocab;
    assert_eq!(refused(vec![1, vocab as u32]), RunError::OutOfRange { id: vocab as u32, vocab });
    let limit = model.spec().context.expect("GPT-2 has a limit");
    let long = vec![1; limit + 3];
    assert_eq!(refused(long.clone()), RunError::TooLong { found: limit + 3, limit });
    let learned = open(&fixtures().join("gpt2-odd"));
    assert_eq!(learned.spec().limit(mnemoscope::model::Side::Target), Some(limit));
    let cut = RunOptions { cut: true, ..RunOptions::default() };
    assert_eq!(run("gpt2-odd", &Prompt::Ids(long), &cut).expect("a cut prompt runs").n_tokens(), limit);
    assert_eq!(run("gpt2-odd", &Prompt::Text("a".into()), &options).err(), Some(RunError::NoTokenizer));
}

#[test]
fn a_run_over_budget_is_refused_with_what_would_fit() {
    let options = RunOptions { memory_budget: Some(1_000), ..RunOptions::default() };
    match run("gpt2-odd", &Prompt::Ids(vec![1; 12]), &options) {
        Err(RunError::Memory { needed, budget: 1_000, fits }) => {
            assert!(needed > 1_000 && fits < 12);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_estimate_covers_what_the_trace_takes() {
    let model = open(&fixtures().join("llama-gqa"));
    for n in [1, 7, 40] {
        let trace = run_ids(&model, &vec![3; n]);
        let estimate = estimate_bytes(model.spec(), n, 0, n);
        assert!(trace.bytes() as u64 <= estimate, "{n} tokens take {} > {estimate}", trace.bytes());
        assert!(estimate < 12 * trace.bytes() as u64, "{n} tokens take {} << {estimate}", trace.bytes());
    }
}

#[test]
fn cancelling_stops_within_one_layer() {
    let model = open(&fixtures().join("llama-gqa"));
    let job = Job::new();
    let mut layers = 0;
    let outcome =
        engine::run(&model, &Prompt::Ids(vec![1, 2, 3]), &RunOptions::default(), &job, &mut |trace| {
            layers = trace.layers_done();
            job.cancel();
        });
    assert_eq!(outcome.err(), Some(RunError::Cancelled));
    assert_eq!(layers, 1);
}

#[test]
fn cancelling_a_generation_keeps_whole_tokens() {
    let model = open(&fixtures().join("llama-gqa"));
    let mut trace = run_ids(&model, &[1, 2, 3]);
    let job = Job::new();
    let outcome = engine::generate(&model, &mut trace, &Sampling::default(), 10, &job, &mut |trace, _| {
        if trace.n_tokens() == 6 {
            job.cancel();
        }
        true
    });
    assert_eq!(outcome.err(), Some(RunError::Cancelled));
    assert_eq!(trace.n_tokens(), 6);
    for layer in 0..=trace.n_layers() {
        assert_eq!(trace.resid(layer).len(), 6 * trace.spec.width);
    }
}

#[test]
fn decoding_equals_one_pass_over_the_same_tokens() {
    for folder in ["llama-gqa", "gpt2-odd", "qwen2-window", "llama-mqa-headdim"] {
        let model = open(&fixtures().join(folder));
        let mut grown = run_ids(&model, &[5, 9, 5]);
        engine::generate(&model, &mut grown, &Sampling::default(), 6, &Job::new(), &mut |_, _| true)
            .expect("generation succeeds");
        let ids: Vec<u32> = grown.tokens.iter().map(|token| token.id).collect();
        let whole = run_ids(&model, &ids);
        let n = ids.len();
        for head in whole.head_ids() {
            let (a, b) = (grown.pattern(head).tile(0..n, 0..n), whole.pattern(head).tile(0..n, 0..n));
            let apart = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-5, "{folder} {head}: {apart:e}");
            let (a, b) = (grown.measures(head), whole.measures(head));
            assert!((a.induction - b.induction).abs() < 1e-4 && (a.entropy - b.entropy).abs() < 1e-4);
            assert_eq!(grown.thumbnail(head).rows, whole.thumbnail(head).rows);
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let model = open(&fixtures().join("gpt2-odd"));
    let ids: Vec<u32> = (0..13).map(|i| i * 7 % 97).collect();
    let runs = [1, 2, 3].map(|threads| engine::in_pool(threads, || run_ids(&model, &ids)));
    for other in &runs[1..] {
        for layer in 0..=other.n_layers() {
            let apart = other.resid(layer).iter().zip(runs[0].resid(layer)).map(|(a, b)| (a - b).abs());
            assert!(apart.fold(0.0, f32::max) < 1e-4);
        }
    }
}

#[test]
fn sampling_follows_its_seed_and_its_cuts() {
    let model = open(&fixtures().join("llama-gqa"));
    let text = |sampling: &Sampling| {
        let mut trace = run_ids(&model, &[1, 2, 3]);
        engine::generate(&model, &mut trace, sampling, 8, &Job::new(), &mut |_, _| true).expect("generation");
        trace.tokens.iter().map(|token| token.id).collect::<Vec<_>>()
    };
    let hot = |seed| Sampling { temperature: 3.0, seed, ..Sampling::default() };
    assert_eq!(text(&hot(1)), text(&hot(1)));
    assert_ne!(text(&hot(1)), text(&hot(2)));
    let greedy = text(&Sampling::default());
    assert_eq!(text(&Sampling { top_k: Some(1), ..hot(5) }), greedy);
    assert_eq!(text(&Sampling { top_p: Some(1e-6), ..hot(5) }), greedy);
}

#[test]
fn a_model_of_nan_runs_and_says_so() {
    let folder = only(&fixtures().join("gpt2-one-head-one-layer"), &["config.json", "model.safetensors"]);
    let file = folder.path().join("model.safetensors");
    let mut bytes = std::fs::read(&file).expect("a readable file");
    let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    for number in bytes[8 + header..].chunks_exact_mut(4) {
        number.copy_from_slice(&f32::NAN.to_le_bytes());
    }
    write(&file, &bytes);
    let trace = run_ids(&open(folder.path()), &[1, 2, 3]);
    assert!(trace.has_nan);
    assert!(trace.pattern(HeadId::default()).cell(2, 1).is_nan());
}
