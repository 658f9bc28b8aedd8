//! Inside the head: projections, scores, scale and mask, softmax, weighted sum.

use super::given::Given;
use super::{
    Against, Along, Note, Outcome, Owner, Quantity, Step, StepKind, Strip, both, compare, double, length,
    single,
};
use crate::kernels::{PANEL, Real as _};
use crate::model::{Hook, Network, Part};

pub(super) fn steps(given: &Given<'_>) -> Vec<Step> {
    let query =
        double(&given.trace.q(given.head)[given.query * given.spec.head_dim..][..given.spec.head_dim]);
    let keys = &given.state.keys[given.kv_head()];
    let key: Vec<f64> = keys.row(given.key).map(f64::from).collect();
    let dots: Vec<f64> = (0..keys.len())
        .map(|index| query.iter().zip(keys.row(index)).map(|(q, k)| q * f64::from(k)).sum())
        .collect();
    let mut steps = vec![projections(given, &query, &key), scores(given, &query, &key, &dots)];
    steps.push(scale(given, &dots));
    steps.push(softmax(given));
    steps.push(sum(given));
    steps
}

/// Index of a query's or key's row in its activation.
fn at(token: usize, head: usize) -> [usize; 2] {
    [token, head]
}

fn projections(given: &Given<'_>, query: &[f64], key: &[f64]) -> Step {
    let spec = given.spec;
    let mut step = Step::new(StepKind::Projections, vec![given.n_queries(), spec.head_dim]);
    let value = double(given.state.values[given.kv_head()].row(given.key));
    let (head, kv_head) = (given.head.head, given.kv_head());
    let along = || Along::HeadDimension;
    let turned = spec.rotary.is_some() || spec.qk_norm.is_some() || spec.clip.is_some();
    if let Some(network) = given.network {
        let again = again(given, network);
        if turned {
            let hook = Some(given.hook(Hook::Q, &at(given.query, head)));
            let what = (Quantity::ProjectedQuery, Owner::Query);
            step.strips.push(Strip::new(what, along(), &again.projected.0, hook));
        }
        let check = compare(Against::Trace, &again.query, &single(query));
        let check = both(check, compare(Against::Trace, &again.key, &single(key)));
        step.check = Some(both(check, compare(Against::Trace, &again.value, &single(&value))));
        let hook = Some(given.hook(Hook::RotQ, &at(given.query, head)));
        step.strips.push(Strip::new((Quantity::Query, Owner::Query), along(), query, hook));
        if turned {
            let hook = Some(given.hook(Hook::K, &at(given.key, kv_head)));
            let what = (Quantity::ProjectedKey, Owner::Key);
            step.strips.push(Strip::new(what, along(), &again.projected.1, hook));
        }
    } else {
        step.notes.push(Note::NeedsWeights);
        let hook = Some(given.hook(Hook::RotQ, &at(given.query, head)));
        step.strips.push(Strip::new((Quantity::Query, Owner::Query), along(), query, hook));
    }
    let hook = Some(given.hook(Hook::RotK, &at(given.key, kv_head)));
    step.strips.push(Strip::new((Quantity::Key, Owner::Key), along(), key, hook));
    let hook = Some(given.hook(Hook::V, &at(given.key, kv_head)));
    step.strips.push(Strip::new((Quantity::Value, Owner::Key), along(), &value, hook));
    step.outcome = Some(Outcome { what: Quantity::Query, length: true, value: length(query) });
    step
}

/// Query, key and value, projected anew from the residual stream.
struct Again {
    projected: (Vec<f64>, Vec<f64>),
    query: Vec<f64>,
    key: Vec<f64>,
    value: Vec<f64>,
}

fn again(given: &Given<'_>, network: &Network) -> Again {
    let (layer, dim, value_dim) = (given.layer(), given.spec.head_dim, given.spec.value_dim());
    let n = given.n_queries();
    let own = |row: &[f64], index: usize, dim: usize| row[index * dim..(index + 1) * dim].to_vec();
    let (head, kv_head) = (given.head.head, given.kv_head());
    let crosses = given.block.part == Part::Cross;
    let input = given.read(network, given.query, &given.stream(given.query));
    let (mut projected_query, mut projected_key) = (Vec::new(), Vec::new());
    let source = if crosses { &[][..] } else { &input };
    let [query, ..] = network.head_rows(layer, &input, source, (given.query, n), &mut |hook, data| {
        given.change(hook, layer, given.query, data);
        if hook == Hook::Q {
            projected_query = own(data, head, dim);
        }
    });
    let input = given.key_input(network);
    let asking = if crosses { &[][..] } else { &input };
    let [_, key, value] = network.head_rows(layer, asking, &input, (given.key, n), &mut |hook, data| {
        given.change(hook, layer, given.key, data);
        if hook == Hook::K {
            projected_key = own(data, kv_head, dim);
        }
    });
    Again {
        projected: (projected_query, projected_key),
        query: own(&query, head, dim),
        key: own(&key, kv_head, dim),
        value: own(&value, kv_head, value_dim),
    }
}

fn scores(given: &Given<'_>, query: &[f64], key: &[f64], dots: &[f64]) -> Step {
    let mut step = Step::new(StepKind::Scores, vec![given.n_queries(), given.n_keys()]);
    let products: Vec<f64> = query.iter().zip(key).map(|(q, k)| q * k).collect();
    let running: Vec<f64> = products
        .iter()
        .scan(0.0, |sum, product| {
            *sum += product;
            Some(*sum)
        })
        .collect();
    let along = || Along::HeadDimension;
    let hook = Some(given.hook(Hook::RotQ, &at(given.query, given.head.head)));
    step.strips.push(Strip::new((Quantity::Query, Owner::Query), along(), query, hook));
    let hook = Some(given.hook(Hook::RotK, &at(given.key, given.kv_head())));
    step.strips.push(Strip::new((Quantity::Key, Owner::Key), along(), key, hook));
    step.strips.push(Strip::new((Quantity::Product, Owner::Pair), along(), &products, None));
    step.strips.push(Strip::new((Quantity::RunningSum, Owner::Pair), along(), &running, None));
    step.strips.push(Strip::new((Quantity::Score, Owner::EveryKey), Along::Keys, dots, None));
    let score = running.last().copied().unwrap_or(0.0);
    step.outcome = Some(Outcome { what: Quantity::Score, length: false, value: score });
    // The pass's kernel scales as it goes
    let panels = given.n_keys().div_ceil(PANEL);
    let mut scaled = vec![0.0; panels * PANEL];
    let rows = given.query..given.query + 1;
    given.state.products(given.spec, given.head.head, rows, 0..panels, &mut scaled, panels * PANEL);
    let kept: Vec<f32> = scaled[..given.n_keys()].iter().map(|score| score / given.spec.scale).collect();
    step.check = Some(compare(Against::Engine, dots, &kept));
    step
}

fn scale(given: &Given<'_>, dots: &[f64]) -> Step {
    let spec = given.spec;
    let mut step = Step::new(StepKind::Scale, vec![given.n_queries(), given.n_keys()]);
    let seen = given.seen();
    let mut push = |what, values: &[f64], hook| {
        step.strips.push(Strip::new((what, Owner::EveryKey), Along::Keys, values, hook));
    };
    push(Quantity::Score, dots, None);
    let mut scores: Vec<f64> = dots.iter().map(|dot| dot * f64::from(spec.scale)).collect();
    push(Quantity::Scaled, &scores, None);
    if let Some(cap) = spec.softcap.map(f64::from) {
        for score in &mut scores {
            *score = cap * (*score / cap).tanh();
        }
        push(Quantity::Capped, &scores, None);
    }
    if spec.bias.is_some() {
        let mut bias = vec![0.0_f32; seen.len()];
        given.state.add_bias(spec, given.head.head, given.query, seen.start, &mut bias);
        let mut row = vec![0.0; scores.len()];
        row[seen.clone()].copy_from_slice(&double(&bias));
        scores.iter_mut().zip(&row).for_each(|(score, bias)| *score += bias);
        push(Quantity::Bias, &row, None);
    }
    if given.state.edits_of(given.head.head).is_some() {
        // An intervention's say comes last, and through the one door it has
        let mut changed: Vec<f32> =
            dots[seen.clone()].iter().map(|dot| (dot * f64::from(spec.scale)) as f32).collect();
        given.state.finish(spec, given.head.head, given.query, seen.start, &mut changed);
        scores[seen.clone()].copy_from_slice(&double(&changed));
    }
    for (key, score) in scores.iter_mut().enumerate() {
        if !seen.contains(&key) {
            *score = f64::NEG_INFINITY;
        }
    }
    let kept = given.pattern.scores_tile(given.query..given.query + 1, 0..given.n_keys());
    step.check = Some(compare(Against::Trace, &scores, &kept));
    let hook = Some(given.hook(Hook::AttnScores, &[given.head.head, given.query]));
    step.strips.push(Strip::new((Quantity::FinalScore, Owner::EveryKey), Along::Keys, &scores, hook));
    step.outcome = Some(Outcome { what: Quantity::FinalScore, length: false, value: scores[given.key] });
    if !seen.contains(&given.key) {
        step.notes.push(Note::Masked);
    }
    step
}

fn softmax(given: &Given<'_>) -> Step {
    let mut step = Step::new(StepKind::Softmax, vec![given.n_queries(), given.n_keys()]);
    let rows = given.query..given.query + 1;
    let scores = double(&given.pattern.scores_tile(rows.clone(), 0..given.n_keys()));
    let sink = given.state.sink(given.head.head, given.query).map(f64::from);
    let largest = scores.iter().copied().chain(sink).fold(f64::NEG_INFINITY, f64::max);
    let exponentials: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
    let sink = sink.map(|sink| (sink - largest).exp());
    let total = exponentials.iter().sum::<f64>() + sink.unwrap_or(0.0);
    let weights: Vec<f64> = exponentials.iter().map(|e| e / total).collect();
    let mut push = |what, values: &[f64], hook| {
        step.strips.push(Strip::new((what, Owner::EveryKey), Along::Keys, values, hook));
    };
    push(Quantity::FinalScore, &scores, Some(given.hook(Hook::AttnScores, &[given.head.head, given.query])));
    push(Quantity::Exponential, &exponentials, None);
    push(Quantity::Weight, &weights, Some(given.hook(Hook::Pattern, &[given.head.head, given.query])));
    if let Some(sink) = sink {
        let share = Along::Words(vec![String::new()]);
        let what = (Quantity::SinkShare, Owner::Query);
        step.strips.push(Strip::new(what, share, &[sink / total], None));
    }
    let kept = given.pattern.row(given.query);
    let lse = given.trace.lse(given.head)[given.query];
    let check = compare(Against::Trace, &weights, &kept);
    step.check = Some(both(check, compare(Against::Trace, &[largest + total.ln()], &[lse])));
    step.outcome = Some(Outcome { what: Quantity::Weight, length: false, value: weights[given.key] });
    if !given.seen().contains(&given.key) {
        step.notes.push(Note::Masked);
    }
    step
}

fn sum(given: &Given<'_>) -> Step {
    let mut step = Step::new(StepKind::Sum, vec![given.n_queries(), given.spec.value_dim()]);
    let values = &given.state.values[given.kv_head()];
    let row = given.pattern.row(given.query);
    let (weights, value) = (double(&row), double(values.row(given.key)));
    let weighted: Vec<f64> = value.iter().map(|value| value * weights[given.key]).collect();
    let z = given.output_of(given.head.head, given.query);
    let hook = Some(given.hook(Hook::Pattern, &[given.head.head, given.query]));
    step.strips.push(Strip::new((Quantity::Weight, Owner::EveryKey), Along::Keys, &weights, hook));
    let along = || Along::HeadDimension;
    let hook = Some(given.hook(Hook::V, &at(given.key, given.kv_head())));
    step.strips.push(Strip::new((Quantity::Value, Owner::Key), along(), &value, hook));
    step.strips.push(Strip::new((Quantity::WeightedValue, Owner::Pair), along(), &weighted, None));
    let hook = Some(given.hook(Hook::Z, &at(given.query, given.head.head)));
    step.strips.push(Strip::new((Quantity::HeadOutput, Owner::Query), along(), &z, hook));
    step.outcome = Some(Outcome { what: Quantity::HeadOutput, length: true, value: length(&z) });
    let mut kept = vec![0.0; values.stride()];
    f32::weighted_sum(&row, row.len(), 0..row.len(), values, &mut kept);
    step.check = Some(compare(Against::Engine, &z, &kept[..z.len()]));
    step
}
