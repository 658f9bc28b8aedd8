//! Contract: what a head shows of its passages is what a sort of all of them would show, and words are asked as papers do.

use crate::parity::{fixtures, open, run_ids};
use mnemoscope::analysis::atlas::{Apart, HeadEntry, Ordinals, Passage, Tally, clusters, name_moved};
use mnemoscope::analysis::{Question, attribute};
use mnemoscope::engine::{AtlasOptions, Texts};
use mnemoscope::kernels::linear;
use mnemoscope::model::{HeadId, Hook, Model};
use mnemoscope::trace::Trace;
use std::ops::ControlFlow;

/// Pseudo-random ids, by passage.
fn ids(model: &Model, passage: usize, n: usize) -> Vec<u32> {
    let vocab = model.spec().vocab as u64;
    let id = |place: usize| {
        let x = (passage as u64 * 7919 + place as u64 * 104_729 + 17).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((x >> 33) % vocab) as u32
    };
    (0..n).map(id).collect()
}

fn tallied(traces: &[Trace], per_decile: usize) -> (Vec<Passage>, Vec<HeadEntry>) {
    let mut tally = Tally::new(traces[0].head_ids(), per_decile, 3);
    for trace in traces {
        tally.add_text(trace);
    }
    let mut chosen = tally.choose();
    for (number, ids) in chosen.passages() {
        let trace = &traces[number as usize];
        assert_eq!(trace.ids(), ids, "a passage is run again as it was");
        tally.show(&mut chosen, number, trace);
    }
    tally.finish(chosen, &Apart::default(), &|id| id.to_string())
}

/// The largest weight, first query and key apart, from the whole pattern.
fn largest(trace: &Trace, head: HeadId) -> f32 {
    let n = trace.n_tokens();
    let tile = trace.pattern(head).tile(0..n, 0..n);
    let cells = (1..n).flat_map(|query| (1..n).map(move |key| query * n + key));
    cells.map(|cell| tile[cell]).fold(0.0, f32::max)
}

#[test]
fn sequences_are_the_strongest_and_an_even_sample_of_every_tenth() {
    let model = open(&fixtures().join("gpt2-odd"));
    let traces: Vec<Trace> =
        (0..120).map(|passage| run_ids(&model, &ids(&model, passage, 8 + passage % 5))).collect();
    let (passages, entries) = tallied(&traces, 2);
    for entry in &entries {
        let all: Vec<f32> = traces.iter().map(|trace| largest(trace, entry.head)).collect();
        let mut sorted = all.clone();
        sorted.sort_by(f32::total_cmp);
        let top: Vec<f32> = entry.sequences.iter().filter(|own| own.top).map(|own| own.max as f32).collect();
        let expected: Vec<f32> = sorted.iter().rev().take(5).copied().collect();
        assert_eq!(top, expected, "{}", entry.head);
        let mut of_decile = [0; 10];
        for sequence in &entry.sequences {
            let passage = &passages[sequence.passage];
            let trace = &traces[passage.number as usize];
            assert_eq!((sequence.max as f32).to_bits(), largest(trace, entry.head).to_bits());
            let rank = sorted.partition_point(|&other| other < sequence.max as f32);
            let exact = rank * 10 / sorted.len() + 1;
            assert!(exact.abs_diff(sequence.decile.into()) <= 1, "{exact}, not {}", sequence.decile);
            let n = trace.n_tokens();
            for (query, key, weight) in sequence.cells.iter(n) {
                assert!((weight - trace.pattern(entry.head).cell(query, key)).abs() <= 5.1e-5);
            }
            let strongest = sequence.cells.strongest(n).expect("a cell").2;
            assert!((f64::from(strongest) - sequence.max).abs() < 1e-4);
            if !sequence.top {
                of_decile[usize::from(sequence.decile) - 1] += 1;
            }
        }
        assert!(of_decile.iter().all(|&n| n <= 2), "{of_decile:?}");
        assert!(of_decile.iter().filter(|&&n| n > 0).count() >= 9, "{}: {of_decile:?}", entry.head);
        assert!((entry.activations.values.iter().sum::<f64>() - 120.0).abs() < 1e-9);
    }
}

/// A sample of 50 out of 120 takes every passage about equally often, whatever the seed.
#[test]
fn the_sample_is_even() {
    let model = open(&fixtures().join("gpt2-one-head-one-layer"));
    let traces: Vec<Trace> = (0..120).map(|passage| run_ids(&model, &ids(&model, passage, 4))).collect();
    let mut halves = [0_usize; 2];
    for seed in 0..40 {
        let mut tally = Tally::new(traces[0].head_ids(), 10, seed);
        for trace in &traces {
            tally.add_text(trace);
        }
        for (number, _) in tally.choose().passages() {
            halves[usize::from(number >= 60)] += 1;
        }
    }
    let [early, late] = halves.map(|n| n as f64);
    assert!((early / late - 1.0).abs() < 0.1, "{early} early, {late} late");
}

#[test]
fn distances_are_shares_by_octave() {
    let model = open(&fixtures().join("gpt2-odd"));
    let trace = run_ids(&model, &ids(&model, 1, 13));
    let (_, entries) = tallied(std::slice::from_ref(&trace), 1);
    for entry in &entries {
        let tile = trace.pattern(entry.head).tile(0..13, 0..13);
        let mut sums = [0.0_f64; 5];
        for query in 1..13 {
            for key in 1..=query {
                let bin = [0, 1, 2, 4, 8].iter().rposition(|&edge| query - key >= edge).expect("from 0");
                sums[bin] += f64::from(tile[query * 13 + key]);
            }
        }
        let all: f64 = sums.iter().sum();
        assert_eq!(entry.distances.edges, [0.0, 1.0, 2.0, 4.0, 8.0, 16.0]);
        for (found, sum) in entry.distances.values.iter().zip(sums) {
            assert!((found - sum / all).abs() < 1e-9);
        }
        assert!(
            (entry.keys.iter().map(|key| key.share).sum::<f64>() - 1.0).abs() < 1e-6
                || entry.keys.len() == 10
        );
    }
}

/// Against z of a prompt of one token, which is the value itself, through dense W_O and W_U.
#[test]
fn successors_are_those_of_the_dense_circuit() {
    let model = open(&fixtures().join("gpt2-odd"));
    let network = &model.network;
    let spec = model.spec();
    let runs = vec![vec![3, 1, 4, 15, 9, 2, 6], vec![5, 35, 8, 9]];
    let ordinals = Ordinals::new(network, runs.clone()).expect("it writes words");
    let (mut hits, mut asked) = (0, 0);
    for (run, at) in ordinals.asked() {
        let trace = run_ids(&model, &[runs[run][at]]);
        for head in trace.head_ids() {
            let output = network.head_output(head.layer, head.head);
            let z = trace.activation(network, Hook::Z, head.layer).expect("z");
            let dim = spec.blocks[head.layer].attention.value_dim();
            let own = &z.data[head.head * dim..][..dim];
            let written: Vec<f64> =
                linear(&own.iter().map(|&x| f64::from(x)).collect::<Vec<_>>(), &output, None);
            let logits: Vec<f64> = linear(&written, &network.weights.matrix("unembed.W_U"), None);
            let best = runs[run].iter().max_by(|&&a, &&b| logits[a as usize].total_cmp(&logits[b as usize]));
            let expected = best == Some(&runs[run][at + 1]);
            let found = ordinals.succeeds(network, &trace, head, run, at);
            assert_eq!(found, expected, "{head}, word {at} of run {run}");
            (hits, asked) = (hits + usize::from(found), asked + 1);
        }
    }
    assert!(hits > 0 && hits < asked, "{hits} of {asked}: nothing was told apart");
    assert!(Ordinals::new(network, vec![vec![1]]).is_none());
}

/// In the model made by hand the head that copies moves the name behind the other's first showing, and no other does.
#[test]
fn the_copying_head_by_hand_moves_the_name() {
    let model = open(&fixtures().join("induction-by-hand"));
    // A B x A → B
    let trace = run_ids(&model, &[2, 5, 7, 2]);
    let question = Question { token: 3, word: 5, against: Some(2) };
    let attribution =
        attribute(&model.network, &trace, question, &mut |_| ControlFlow::Continue(())).expect("logits");
    for head in trace.head_ids() {
        let moved = name_moved(&trace, &attribution, head, 1);
        if head == (HeadId { layer: 1, head: 1 }) {
            assert!(moved > 0.9, "{moved}");
        } else {
            assert!(moved < 0.3, "{head}: {moved}");
        }
    }
    // Asked for the other name, the same weight speaks against it
    let question = Question { token: 3, word: 2, against: Some(5) };
    let attribution =
        attribute(&model.network, &trace, question, &mut |_| ControlFlow::Continue(())).expect("logits");
    assert_eq!(name_moved(&trace, &attribution, HeadId { layer: 1, head: 1 }, 1).to_bits(), 0);
}

#[test]
fn heads_that_are_alike_share_a_cluster() {
    let model = open(&fixtures().join("uniform-by-hand"));
    let options = AtlasOptions { probes: 1, texts: Texts::BuiltIn, ..AtlasOptions::default() };
    let mut atlas = crate::atlas::atlas_of(&model, &options);
    atlas.heads =
        (0..4).map(|head| HeadEntry { head: HeadId { layer: 0, head }, ..atlas.heads[0].clone() }).collect();
    assert_eq!(clusters(&atlas).clusters.len(), 1, "nothing varies");
    // Two groups far apart, heads in turn
    let one = atlas.heads[0].clone();
    atlas.heads = (0..9)
        .map(|head| {
            let mut entry = HeadEntry { head: HeadId { layer: 0, head }, ..one.clone() };
            let (group, own) = ((head % 3 == 0) as u8, head as f64 * 1e-3);
            entry.scores.induction_stripe = Some(f64::from(group) * 0.9 + own);
            entry.scores.copying = Some(f64::from(group) - own);
            entry
        })
        .collect();
    let found = clusters(&atlas);
    assert_eq!(found.clusters.len(), 2);
    assert_eq!(found.of, [1, 0, 0, 1, 0, 0, 1, 0, 0], "the larger one first");
    assert!(found.silhouette > 0.9, "{}", found.silhouette);
    assert_eq!(found.clusters[1].traits.len(), 2);
    assert!(found.clusters[1].traits.iter().all(|own| own.1 > 1.0), "{:?}", found.clusters[1].traits);
}
