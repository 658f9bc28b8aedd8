//! Contract: lines between tokens are the pattern's own cells, those that pass the threshold and have an end in sight.

use crate::parity::{fixtures, open, run_ids};
use mnemoscope::analysis::{Edge, Flow, FlowOptions, flow};
use mnemoscope::engine::{self, Job, Prompt, RunOptions};
use mnemoscope::model::{HeadId, Part};
use mnemoscope::trace::Trace;
use std::ops::ControlFlow;

fn of(trace: &Trace, options: &FlowOptions) -> Flow {
    flow(trace, options, &|| ControlFlow::Continue(())).expect("not cancelled")
}

/// The same from whole patterns.
fn by_hand(trace: &Trace, options: &FlowOptions) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (index, &head) in options.heads.iter().enumerate() {
        let pattern = trace.pattern(head);
        for query in 0..pattern.n_queries() {
            for (key, &weight) in pattern.row(query).iter().enumerate() {
                let seen = options.queries.contains(&query) || options.keys.contains(&key);
                if seen && weight >= options.threshold {
                    edges.push(Edge { head: index, query, key, weight });
                }
            }
        }
    }
    edges
}

#[track_caller]
fn check(trace: &Trace, options: &FlowOptions) {
    let (found, expected) = (of(trace, options), by_hand(trace, options));
    assert_eq!(found.found, expected.len());
    assert!(found.edges.is_sorted_by(|a, b| a.weight <= b.weight), "the strongest is drawn last");
    let order = |edge: &Edge| (edge.head, edge.query, edge.key);
    let mut edges = found.edges.clone();
    edges.sort_by_key(order);
    if expected.len() <= options.limit {
        assert_eq!(edges, expected);
    } else {
        assert_eq!(edges.len(), options.limit);
        let mut weights: Vec<f32> = expected.iter().map(|edge| edge.weight).collect();
        weights.sort_by(|a, b| b.total_cmp(a));
        assert!(
            edges.iter().all(|edge| edge.weight >= weights[options.limit - 1] && expected.contains(edge))
        );
    }
}

fn options(heads: &[(usize, usize)], threshold: f32) -> FlowOptions {
    let heads = heads.iter().map(|&(layer, head)| HeadId { layer, head }).collect();
    FlowOptions { heads, threshold, queries: 0..1000, keys: 0..1000, limit: 5000 }
}

#[test]
fn edges_are_the_cells_of_the_pattern() {
    let model = open(&fixtures().join("llama-gqa"));
    let ids: Vec<u32> = (0..64).map(|i| i * 7 % 50).collect();
    let trace = run_ids(&model, &ids);
    check(&trace, &options(&[(0, 0)], 0.01));
    check(&trace, &options(&[(0, 0), (1, 1), (0, 1)], 0.02));
    check(&trace, &FlowOptions { queries: 20..40, keys: 50..55, ..options(&[(0, 0), (1, 0)], 0.005) });
    check(&trace, &FlowOptions { queries: 60..999, keys: 0..0, ..options(&[(1, 1)], 0.0) });
    check(&trace, &FlowOptions { limit: 40, ..options(&[(0, 0), (1, 1)], 0.0) });
    assert!(of(&trace, &options(&[(0, 0)], 1.1)).edges.is_empty());
}

#[test]
fn source_and_target_are_two_texts() {
    let model = open(&fixtures().join("seq2seq/t5-gated"));
    let target = Some(Prompt::Ids(vec![4, 9, 2]));
    let run = RunOptions { target, ..RunOptions::default() };
    let source = Prompt::Ids((1..9).collect());
    let trace = engine::run(&model, &source, &run, &Job::new(), &mut |_| {}).expect("runs");
    let cross = trace.spec.layer_of(Part::Cross, 0).expect("a decoder");
    check(&trace, &options(&[(cross, 0), (cross, 1)], 0.05));
    check(&trace, &FlowOptions { queries: 1..2, keys: 5..8, ..options(&[(cross, 1)], 0.0) });
}

#[test]
fn it_can_be_cancelled() {
    let trace = run_ids(&open(&fixtures().join("gpt2-odd")), &[1, 5, 2, 5]);
    assert!(flow(&trace, &options(&[(0, 0)], 0.1), &|| ControlFlow::Break(())).is_none());
}

#[test]
fn lines_that_run_close_together_share_their_middle() {
    use mnemoscope::render::{Strand, bundled, way};
    let strand = |group, from, to, weight| Strand { group, from, to, weight };
    let strands = [
        strand(0, 0, 8, 0.1),
        strand(0, 2, 9, 0.3),
        strand(1, 1, 8, 0.5),  // another head's
        strand(0, 1, 20, 0.5), // ends elsewhere
    ];
    let middles = bundled(&strands, 4);
    let wanted = [(0.0 * 0.1 + 2.0 * 0.3) / 0.4, (8.0 * 0.1 + 9.0 * 0.3) / 0.4];
    for middle in &middles[..2] {
        let found = middle.expect("two of one head");
        assert!(found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-5), "{found:?}");
    }
    assert_eq!(middles[2..], [None, None], "these are alone");
    assert_eq!(way(2, 7, None), [[0.0, 2.0], [1.0, 7.0]]);
    let bent = way(2, 9, middles[1]);
    let end =
        |point: [f32; 2], across: f32, row: f32| (point[0] - across).abs() + (point[1] - row).abs() < 1e-6;
    assert!(bent.len() > 4 && end(bent[0], 0.0, 2.0) && end(bent[bent.len() - 1], 1.0, 9.0), "{bent:?}");
    assert!(bent.windows(2).all(|pair| pair[0][0] < pair[1][0]), "it never turns back");
    let middle = bent[bent.len() / 2];
    assert!((middle[1] - (0.125 * 11.0 + 0.375 * (wanted[0] + wanted[1]))).abs() < 1e-4, "{middle:?}");
    // A wall of lines stays straight
    let many: Vec<Strand> = (0..5000).map(|i| strand(0, i % 4, i % 3, 0.1)).collect();
    assert!(bundled(&many, 4).iter().all(Option::is_none));
}
