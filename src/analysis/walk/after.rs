//! After the head, within its block: W_O, the residual stream, the feed-forward part.

use super::given::Given;
use super::norm::normed;
use super::{Against, Along, Check, Note, Outcome, Owner, Quantity, Step, StepKind, Strip, compare, length};
use crate::kernels::Real;
use crate::model::{Hook, Network, Placement};
use crate::trace::Stream;
use std::collections::HashMap;

pub(super) fn steps(given: &Given<'_>) -> Vec<Step> {
    let shape = vec![given.n_queries(), given.width()];
    let Some(network) = given.network else {
        let kinds = [StepKind::Output, StepKind::Residual, StepKind::Mlp];
        return kinds.map(|kind| Step::without(kind, shape.clone(), Note::NeedsWeights)).into();
    };
    let double = Passed::<f64>::of(given, network);
    let single = Passed::<f32>::of(given, network);
    vec![
        output(given, network, &double, shape.clone()),
        residual(given, network, (&double, &single), shape.clone()),
        mlp(given, &double, shape),
    ]
}

/// The query's row through the block, from what its heads gave.
struct Passed<F> {
    hooks: HashMap<Hook, Vec<F>>,
    after: Vec<F>,
}

impl<F: Real> Passed<F> {
    fn of(given: &Given<'_>, network: &Network) -> Self {
        let (rows, own) = given.neighbours();
        let narrow = |row: Vec<f64>| row.into_iter().map(F::of64);
        let heads = |query| (0..given.spec.heads).flat_map(move |head| narrow(given.output_of(head, query)));
        let z: Vec<F> = rows.clone().flat_map(heads).collect();
        let x: Vec<F> = rows.clone().flat_map(|token| narrow(given.stream(token))).collect();
        let mut hooks = HashMap::new();
        let n = rows.len();
        let row = |data: &[F]| data[own * (data.len() / n)..(own + 1) * (data.len() / n)].to_vec();
        let after = network.rows_after_heads(given.layer(), x, &z, &mut |hook, data| {
            // The stream before the block is kept as changed already
            if hook != Hook::ResidPre {
                given.change(hook, given.layer(), rows.start, data);
            }
            hooks.insert(hook, row(data));
        });
        Self { hooks, after: row(&after) }
    }
    fn at(&self, hook: Hook) -> &[F] {
        self.hooks.get(&hook).map_or(&[], Vec::as_slice)
    }
}

fn output(given: &Given<'_>, network: &Network, passed: &Passed<f64>, shape: Vec<usize>) -> Step {
    let (layer, head, dim) = (given.layer(), given.head.head, given.spec.value_dim());
    let mut step = Step::new(StepKind::Output, shape);
    let z = passed.at(Hook::Z);
    let own = |head: usize| network.head_result(layer, head, &z[head * dim..(head + 1) * dim]);
    let result = own(head);
    let bias = format!("{}.attn.b_O", given.trace.spec.prefix(layer));
    let mut all: Vec<f64> = network.weights.vector(&bias).unwrap_or_else(|| vec![0.0; given.width()]);
    for head in 0..given.spec.heads {
        all.iter_mut().zip(own(head)).for_each(|(all, own)| *all += own);
    }
    let query = |what| (what, Owner::Query);
    let hook = Some(given.hook(Hook::Z, &[given.query, head]));
    let own_z = &z[head * dim..(head + 1) * dim];
    step.strips.push(Strip::new(query(Quantity::HeadOutput), Along::HeadDimension, own_z, hook));
    let hook = Some(given.hook(Hook::Result, &[given.query, head]));
    step.strips.push(Strip::new(query(Quantity::HeadResult), Along::Width, &result, hook));
    let hook = Some(given.hook(Hook::AttnOut, &[given.query]));
    step.strips.push(Strip::new(query(Quantity::AttentionOut), Along::Width, passed.at(Hook::AttnOut), hook));
    step.outcome = Some(Outcome { what: Quantity::HeadResult, length: true, value: length(&result) });
    let whole: Vec<f32> = network.heads_out(layer, &super::single(z));
    step.check = Some(compare(Against::Engine, &all, &whole));
    step
}

fn residual(
    given: &Given<'_>,
    network: &Network,
    (passed, engine): (&Passed<f64>, &Passed<f32>),
    shape: Vec<usize>,
) -> Step {
    let mut step = Step::new(StepKind::Residual, shape);
    let query = |what| (what, Owner::Query);
    let x = given.stream(given.query);
    let base = match given.block.placement {
        Placement::Normed => given.read(network, given.query, &x),
        _ => x,
    };
    let (what, hook) = match given.block.placement {
        Placement::Normed => (Quantity::Normed, None),
        _ => (Quantity::Stream, Some(given.hook(Hook::ResidPre, &[given.query]))),
    };
    let attention = passed.at(Hook::AttnOut);
    step.strips.push(Strip::new(query(what), Along::Width, &base, hook));
    let hook = Some(given.hook(Hook::AttnOut, &[given.query]));
    step.strips.push(Strip::new(query(Quantity::AttentionOut), Along::Width, attention, hook));
    if given.block.placement == Placement::Parallel {
        step.notes.push(Note::Parallel);
        step.outcome = Some(Outcome { what: Quantity::AttentionOut, length: true, value: length(attention) });
        step.check = Some(compare(Against::Engine, attention, engine.at(Hook::AttnOut)));
        return step;
    }
    let mut middle: Vec<f64> = base.iter().zip(attention).map(|(x, add)| x + add).collect();
    given.change(Hook::ResidMid, given.layer(), given.query, &mut middle);
    let hook = Some(given.hook(Hook::ResidMid, &[given.query]));
    step.strips.push(Strip::new(query(Quantity::Middle), Along::Width, &middle, hook));
    step.outcome = Some(Outcome { what: Quantity::Middle, length: true, value: length(&middle) });
    step.check = Some(compare(Against::Engine, &middle, engine.at(Hook::ResidMid)));
    if let Some(norm) = given.block.ln1.filter(|_| given.is_post()) {
        let name = format!("{}.ln1", given.trace.spec.prefix(given.layer()));
        let change = |scale: &mut [f64]| given.change(Hook::Ln1Scale, given.layer(), given.query, scale);
        let normed = normed(network, norm, (&name, &change), &middle);
        step.strips.push(Strip::new(query(Quantity::NormedMiddle), Along::Width, &normed.out, None));
    }
    step
}

fn mlp(given: &Given<'_>, passed: &Passed<f64>, shape: Vec<usize>) -> Step {
    let mut step = Step::new(StepKind::Mlp, shape);
    let layer = given.layer();
    let hooks = [
        (Quantity::HiddenBefore, Hook::MlpPre, Along::Hidden),
        (Quantity::HiddenAfter, Hook::MlpPost, Along::Hidden),
        (Quantity::MlpOut, Hook::MlpOut, Along::Width),
    ];
    for (what, hook, along) in hooks {
        let values = passed.at(hook);
        if !values.is_empty() {
            let name = Some(given.hook(hook, &[given.query]));
            step.strips.push(Strip::new((what, Owner::Query), along, values, name));
        }
    }
    match (&given.block.mlp, given.block.experts) {
        (None, _) => step.notes.push(Note::NoMlp),
        (Some(_), Some(experts)) => step.notes.push(Note::Experts(experts.count)),
        (Some(_), None) => {}
    }
    let spec = &given.trace.spec;
    let mut after = passed.after.clone();
    let stream = if spec.ends_stack(layer) {
        Stream::After(layer)
    } else {
        given.change(Hook::ResidPre, layer + 1, given.query, &mut after);
        Stream::Before(layer + 1)
    };
    let kept = given.row(given.trace.stream(stream), given.query);
    step.check = Some(check(&after, &kept));
    let name = Some(format!("{}[{}]", spec.stream_name(stream), given.query));
    step.strips.push(Strip::new((Quantity::After, Owner::Query), Along::Width, &kept, name));
    step.outcome = Some(Outcome { what: Quantity::After, length: true, value: length(&kept) });
    step
}

fn check(after: &[f64], kept: &[f64]) -> Check {
    compare(Against::Trace, after, &super::single(kept))
}
