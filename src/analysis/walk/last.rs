//! The end of the walk: final norm, unembedding, probabilities, or what else the model says.

use super::given::Given;
use super::{
    Against, Along, Check, Note, Outcome, Owner, Quantity, Step, StepKind, Strip, compare, double, single,
};
use crate::model::{
    HeadSpec, Hook, Model, Network, Outcome as Reading, Pooling, Side, largest, probabilities,
};

/// Words that are shown, best first.
const WORDS: usize = 12;

pub(super) fn step(given: &Given<'_>, model: Option<&Model>) -> Step {
    let spec = &given.trace.spec;
    let shape = given.trace.shape(Hook::Logits, 0);
    let Some((network, model)) = given.network.zip(model) else {
        return saved(given, shape);
    };
    if given.trace.changes.touches_end() {
        return Step::without(StepKind::Logits, shape, Note::Changed);
    }
    let mut step = Step::new(StepKind::Logits, shape);
    let row = row(given, &mut step);
    let stream = given.row(given.trace.resid(given.trace.n_layers()), row);
    let normed = network.final_normalized(&stream);
    let hook = spec.final_norm.map(|_| format!("{}[{row}]", Hook::FinalNormalized.stem()));
    let owner = if row == given.query { Owner::Query } else { Owner::Answer };
    step.strips.push(Strip::new((Quantity::FinalNormed, owner), Along::Width, &normed, hook));
    match &spec.head {
        HeadSpec::NextToken | HeadSpec::MaskedToken { .. } => {
            let logits = network.logits(&stream);
            let expected = expected(given, network, row);
            step.check = Some(compare(Against::Answer, &logits, &expected));
            let p = probabilities(&single(&logits), 1.0);
            let best = largest(&p, WORDS);
            let words = best.iter().map(|&id| model.token(id as u32).text).collect();
            push(&mut step, owner, words, &best, (&logits, &p));
            if given.trace.answer_at == Some(row) {
                let next = &given.trace.next;
                let found: Vec<f64> = next.iter().map(|word| p[word.id as usize]).collect();
                let kept: Vec<f32> = next.iter().map(|word| word.p).collect();
                step.check =
                    step.check.map(|check| super::both(check, compare(Against::Answer, &found, &kept)));
            }
        }
        HeadSpec::Classes(_) => classes(given, network, row, &mut step),
        HeadSpec::Sentence(_) => {
            let vector: Vec<f64> = network.sentence(&double(given.trace.resid(given.trace.n_layers())));
            step.check = Some(compare(Against::Answer, &vector, &given.trace.vector));
            step.strips.push(Strip::new((Quantity::TextVector, Owner::Answer), Along::Width, &vector, None));
            step.outcome =
                Some(Outcome { what: Quantity::TextVector, length: true, value: super::length(&vector) });
        }
        HeadSpec::None => {
            step.notes.push(Note::NoWords);
            let engine = network.final_normalized(&single(&stream));
            step.check = Some(compare(Against::Engine, &normed, &engine));
            step.outcome =
                Some(Outcome { what: Quantity::FinalNormed, length: true, value: super::length(&normed) });
        }
    }
    step
}

/// The token whose answer is shown: the query, where its text is the one that the model answers on.
fn row(given: &Given<'_>, step: &mut Step) -> usize {
    if given.block.part.rows() == Side::Target {
        return given.query;
    }
    let row = given.trace.answer_at.unwrap_or(given.trace.n_tokens() - 1);
    step.notes.push(Note::AnswerAt(row));
    row
}

/// Logits of a row as the engine gave them, or gives them where nobody had asked for them.
fn expected(given: &Given<'_>, network: &Network, row: usize) -> Vec<f32> {
    let (trace, vocab) = (given.trace, given.trace.spec.vocab);
    if trace.answer_at == Some(row) {
        return trace.answer_logits().to_vec();
    }
    if let Some(logits) =
        trace.logits.get(row * vocab..(row + 1) * vocab).filter(|_| trace.logits.len() > vocab)
    {
        return logits.to_vec();
    }
    trace.logits_of(network, row..row + 1)
}

fn push(step: &mut Step, owner: Owner, words: Vec<String>, best: &[usize], (logits, p): (&[f64], &[f64])) {
    let pick = |of: &[f64]| best.iter().map(|&id| of[id] as f32).collect();
    let along = Along::Words(words);
    let strip = |what, values| Strip { what, owner, along: along.clone(), values, hook: None };
    step.strips.push(strip(Quantity::Logit, pick(logits)));
    step.strips.push(strip(Quantity::Probability, pick(p)));
    let best = best.first().map_or(0.0, |&id| p[id]);
    step.outcome = Some(Outcome { what: Quantity::Probability, length: false, value: best });
}

fn classes(given: &Given<'_>, network: &Network, row: usize, step: &mut Step) {
    let HeadSpec::Classes(head) = &given.trace.spec.head else { return };
    let resid = given.trace.classified();
    let (logits, engine) = (network.class_logits(&double(resid)), network.class_logits(resid));
    let outputs = head.outputs(given.width());
    let at = if head.pooling == Pooling::Each { row * outputs } else { 0 };
    let (Some(logits), Some(engine)) = (logits.get(at..at + outputs), engine.get(at..at + outputs)) else {
        step.notes.push(Note::NoWords);
        return;
    };
    step.check = Some(compare(Against::Engine, logits, engine));
    let owner = if head.pooling == Pooling::Each { Owner::Query } else { Owner::Answer };
    let read = head.read(&single(logits));
    let along = Along::Words(read.iter().map(|&(class, ..)| head.label(class)).collect());
    let strip = |what, values| Strip { what, owner, along: along.clone(), values, hook: None };
    step.strips.push(strip(Quantity::Logit, read.iter().map(|&(_, logit, _)| logit).collect()));
    let (what, value) = match head.outcome {
        Reading::OneOf | Reading::AnyOf => {
            step.strips.push(strip(Quantity::Probability, read.iter().map(|&(.., p)| p).collect()));
            (Quantity::Probability, read.first().map_or(0.0, |&(.., p)| f64::from(p)))
        }
        Reading::Values | Reading::Span => {
            (Quantity::Logit, read.first().map_or(0.0, |&(_, logit, _)| f64::from(logit)))
        }
    };
    if let Some(kept) = given.trace.classes.get(if head.pooling == Pooling::Each { row } else { 0 }) {
        step.check = step.check.map(|check| with_answer(check, &read, kept));
    }
    step.outcome = Some(Outcome { what, length: false, value });
}

/// The classes as the run gave them, compared too.
fn with_answer(check: Check, read: &[(usize, f32, f32)], kept: &[crate::trace::Candidate]) -> Check {
    let found: Vec<f64> = read.iter().map(|&(.., p)| f64::from(p)).collect();
    let kept: Vec<f32> = kept.iter().map(|class| class.p).collect();
    super::both(Check { against: Against::Answer, ..check }, compare(Against::Answer, &found, &kept))
}

/// What a saved trace has to say: its own answer, where the query is the token it was given at.
fn saved(given: &Given<'_>, shape: Vec<usize>) -> Step {
    let mut step = Step::without(StepKind::Logits, shape, Note::NeedsWeights);
    let next = &given.trace.next[..given.trace.next.len().min(WORDS)];
    let Some(at) = given.trace.answer_at.filter(|_| !next.is_empty()) else { return step };
    if at != given.query || given.block.part.rows() != Side::Target {
        step.notes.push(Note::AnswerAt(at));
    }
    let along = Along::Words(next.iter().map(|word| word.text.clone()).collect());
    let strip = |what, values| Strip { what, owner: Owner::Answer, along: along.clone(), values, hook: None };
    step.strips.push(strip(Quantity::Logit, next.iter().map(|word| word.logit).collect()));
    step.strips.push(strip(Quantity::Probability, next.iter().map(|word| word.p).collect()));
    step.outcome = Some(Outcome { what: Quantity::Probability, length: false, value: f64::from(next[0].p) });
    step
}
