//! Contract: hidden states are compared by the formulae in the doc comments, and weights counted one by one.

use crate::parity::storyteller_run;
use mnemoscope::{
    analysis::{NormsOf, by_variance, layer_similarity, norm_rows, similarity, tensor_stats, trails},
    model::{Hook, Model},
    trace::{Side, Stream, Trace},
};

fn run() -> (Model, Trace) {
    storyteller_run("Mary has a red ball. Tom has a blue kite.")
}

#[test]
fn cosine_of_known_vectors() {
    let vectors = [3.0_f32, 4.0, -4.0, 3.0, 6.0, 8.0, 0.0, 0.0, -3.0, -4.0];
    let wanted = [
        [1.0_f32, 0.0, 1.0, 0.0, -1.0],
        [0.0, 1.0, 0.0, 0.0, 0.0],
        [1.0, 0.0, 1.0, 0.0, -1.0],
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [-1.0, 0.0, -1.0, 0.0, 1.0],
    ];
    let found = similarity(&vectors, 2);
    for (found, wanted) in found.iter().zip(wanted.concat()) {
        assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
    }
}

#[test]
fn dimensions_stand_by_their_variance() {
    // Variances of the columns: 0, 6.25, 1, 6.25 over two rows
    let values = [4.0_f32, 0.0, 1.0, 5.0, 4.0, 5.0, 3.0, 0.0];
    assert_eq!(by_variance(&values, 4), [1, 3, 2, 0], "equal ones as they stand");
    assert_eq!(by_variance(&[], 3), [0, 1, 2]);
}

#[test]
fn one_token_is_compared_between_layers() {
    let (_, trace) = run();
    let width = trace.spec.width;
    let token = 4;
    let streams = trace.spec.streams_of(Side::Target);
    let found = layer_similarity(&trace, Side::Target, token);
    assert_eq!(found.len(), streams.len() * streams.len());
    let state = |place: usize| &trace.stream(streams[place])[token * width..(token + 1) * width];
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    for (a, b) in [(0, 0), (0, 3), (5, 2)] {
        let (a_state, b_state) = (state(a), state(b));
        let cosine = dot(a_state, b_state) / (dot(a_state, a_state) * dot(b_state, b_state)).sqrt();
        assert!((f64::from(found[a * streams.len() + b]) - cosine).abs() < 1e-6, "{a} {b}");
    }
}

#[test]
fn norms_of_what_is_added_are_those_of_the_steps_between_streams() {
    let (model, trace) = run();
    let width = trace.spec.width;
    let length = |vector: &[f32]| vector.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    let rows = |of| norm_rows(&trace, Some(&model.network), Side::Target, of).expect("computed");
    assert_eq!(rows(NormsOf::Stream).len(), trace.n_layers() + 1);
    let [attention, mlp] = [NormsOf::Attention, NormsOf::Mlp].map(rows);
    for layer in 0..trace.n_layers() {
        assert_eq!((attention[layer].0, mlp[layer].0), (Stream::Before(layer), Stream::Before(layer)));
        // What both add is what lies between a block's two streams, so each is a side of a triangle
        let middle = trace.activation(&model.network, Hook::ResidMid, layer).expect("computed").data;
        for token in 0..trace.n_tokens() {
            let part = |all: &[f32]| all[token * width..(token + 1) * width].to_vec();
            let [before, middle, after] =
                [part(trace.resid(layer)), part(&middle), part(trace.resid(layer + 1))];
            let step = |from: &[f32], to: &[f32]| {
                length(&from.iter().zip(to).map(|(from, to)| to - from).collect::<Vec<_>>())
            };
            for (norms, step) in [(&attention, step(&before, &middle)), (&mlp, step(&middle, &after))] {
                let found = f64::from(norms[layer].1[token]);
                assert!((found - step).abs() < 1e-3 * step.max(1.0), "{layer} {token}: {found} {step}");
            }
        }
    }
    assert!(norm_rows(&trace, None, Side::Target, NormsOf::Mlp).is_err(), "it takes the weights");
}

#[test]
fn components_hold_what_an_eigensolver_says() {
    let (_, trace) = run();
    let found = trails(&trace, Side::Target, 1);
    let width = trace.spec.width;
    let n = trace.n_tokens();
    assert_eq!(found.points.len(), found.streams.len());
    assert!(found.points.iter().all(|tokens| tokens.len() == n), "the first token is placed too");
    // Independent: the covariance written out, its eigenvalues from nalgebra
    let rows: Vec<f64> = (0..found.streams.len())
        .flat_map(|stream| trace.stream(found.streams[stream])[width..].iter().map(|&x| f64::from(x)))
        .collect();
    let matrix = nalgebra::DMatrix::from_row_slice(rows.len() / width, width, &rows);
    let centred = &matrix - nalgebra::DMatrix::from_fn(matrix.nrows(), width, |_, c| matrix.column(c).mean());
    let mut values: Vec<f64> =
        (centred.transpose() * &centred).symmetric_eigenvalues().iter().copied().collect();
    values.sort_by(|a, b| b.total_cmp(a));
    let all: f64 = values.iter().sum();
    for (share, value) in found.share.iter().zip(&values) {
        assert!((share - value / all).abs() < 1e-3, "{share} {}", value / all);
    }
    // Coordinates along a component have its variance, and two components are uncorrelated
    let fitted: Vec<[f64; 2]> = found.points.iter().flat_map(|tokens| tokens[1..].to_vec()).collect();
    let sum = |of: fn(&[f64; 2]) -> f64| fitted.iter().map(of).sum::<f64>();
    assert!((sum(|p| p[0] * p[0]) / values[0] - 1.0).abs() < 1e-3);
    assert!((sum(|p| p[0] * p[1]) / values[0]).abs() < 1e-3);
}

#[test]
fn every_weight_is_counted() {
    let (model, _) = run();
    for tensor in model.tensors() {
        let stats = tensor_stats(&model, &tensor.name).expect("a weight of the model");
        let count: usize = tensor.shape.iter().product();
        assert_eq!((stats.count, stats.broken), (count, 0), "{}", tensor.name);
        assert_eq!(stats.histogram.iter().sum::<usize>(), count, "{}", tensor.name);
        assert!(f64::from(stats.min) <= stats.mean && stats.mean <= f64::from(stats.max), "{}", tensor.name);
        assert!(stats.std <= f64::from(stats.max - stats.min), "{}", tensor.name);
    }
    assert_eq!(tensor_stats(&model, "no.such.weight"), None);
}
