//! Before the head: tokens, embedding, norm.

use super::given::Given;
use super::norm::normed;
use super::{Against, Along, Note, Outcome, Owner, Quantity, Step, StepKind, Strip, compare, length};
use crate::model::{Hook, Network, Side};
use crate::trace::Stream;

pub(super) fn steps(given: &Given<'_>) -> Vec<Step> {
    vec![tokens(given), embedding(given), norm(given)]
}

fn side(given: &Given<'_>) -> Side {
    given.block.part.rows()
}

fn tokens(given: &Given<'_>) -> Step {
    let ids: Vec<f32> = given.trace.tokens_of(side(given)).iter().map(|token| token.id as f32).collect();
    let id = f64::from(ids[given.query]);
    let mut step = Step::new(StepKind::Tokens, vec![ids.len()]);
    let hook = (side(given) == Side::Target).then(|| Hook::Tokens.stem().to_owned());
    let (what, owner, along) = (Quantity::Ids, Owner::Query, Along::Queries);
    step.strips.push(Strip { what, owner, along, values: ids, hook });
    step.outcome = Some(Outcome { what, length: false, value: id });
    step
}

fn embedding(given: &Given<'_>) -> Step {
    let shape = vec![given.n_queries(), given.width()];
    let Some(network) = given.network else {
        return Step::without(StepKind::Embedding, shape, Note::NeedsWeights);
    };
    let mut step = Step::new(StepKind::Embedding, shape);
    let ids: Vec<u32> = given.trace.tokens_of(side(given)).iter().map(|token| token.id).collect();
    let second = given.trace.second;
    let target = side(given) == Side::Target;
    let mut push = |what, values: &[f64], hook: Option<Hook>| {
        let name = hook.filter(|_| target).map(|hook| format!("{}[{}]", hook.stem(), given.query));
        step.strips.push(Strip::new((what, Owner::Query), Along::Width, values, name));
    };
    let mut x = network.embed_row(side(given), &ids, given.query, second, &mut |hook, data: &mut [f64]| {
        // Only the target's vectors can be changed on their way
        if target {
            given.change(hook, 0, given.query, data);
        }
        let what = if hook == Hook::PosEmbed { Quantity::PositionVector } else { Quantity::TokenVector };
        push(what, data, Some(hook));
    });
    if let Some(segment) = network.segment_row::<f64>(given.query, second).filter(|_| target) {
        push(Quantity::SegmentVector, &segment, None);
    }
    let first = given.trace.spec.decoder_start();
    let first = if given.layer() < first { 0 } else { first };
    given.change(Hook::ResidPre, first, given.query, &mut x);
    let held = given.row(given.trace.stream(Stream::Before(first)), given.query);
    step.check = Some(compare(Against::Trace, &x, &super::single(&held)));
    step.outcome = Some(Outcome { what: Quantity::Stream, length: true, value: length(&held) });
    let hook = format!("{}[{}]", given.trace.spec.hook_name(Hook::ResidPre, first), given.query);
    step.strips.push(Strip::new((Quantity::Stream, Owner::Query), Along::Width, &held, Some(hook)));
    step
}

fn norm(given: &Given<'_>) -> Step {
    let shape = vec![given.n_queries(), given.width()];
    let x = given.stream(given.query);
    let hook = Some(given.hook(Hook::ResidPre, &[given.query]));
    let mut step = Step::new(StepKind::Norm, shape);
    let own = |what| (what, Owner::Query);
    step.strips.push(Strip::new(own(Quantity::Stream), Along::Width, &x, hook));
    let Some(norm) = given.block.ln1.filter(|_| !given.is_post()) else {
        step.notes.push(Note::NoNorm);
        step.outcome = Some(Outcome { what: Quantity::Stream, length: true, value: length(&x) });
        return step;
    };
    let Some(network) = given.network else {
        step.notes.push(Note::NeedsWeights);
        return step;
    };
    let name = format!("{}.ln1", given.trace.spec.prefix(given.layer()));
    let change = |scale: &mut [f64]| given.change(Hook::Ln1Scale, given.layer(), given.query, scale);
    let normed = normed(network, norm, (&name, &change), &x);
    step.strips.push(Strip::new(own(Quantity::Standardised), Along::Width, &normed.standardised, None));
    step.strips.push(Strip::new(own(Quantity::Normed), Along::Width, &normed.out, None));
    step.outcome = Some(Outcome { what: Quantity::NormScale, length: false, value: normed.scale });
    step.check = Some(compare(Against::Engine, &normed.out, &engine(network, given)));
    step
}

/// The same row through the pass's own norm, in its own precision.
fn engine(network: &Network, given: &Given<'_>) -> Vec<f32> {
    let width = given.width();
    let row = &given.trace.resid(given.layer())[given.query * width..(given.query + 1) * width];
    given.read(network, given.query, row)
}
