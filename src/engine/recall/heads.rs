//! Which heads carry recall: each is cut on the same questions, then the dearest together, and as many others.

use super::templates::Writer;
use super::{RecallError, RecallOptions, Template, answer, ask, checked, cut};
use crate::engine::Job;
use crate::model::{HeadId, Model};
use crate::trace::{Intervention, Output};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use serde::Serialize;

/// Heads that are cut together.
const TOGETHER: usize = 3;

/// What cutting heads does to recall.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Carriers {
    /// Questions that were asked each time
    pub questions: usize,
    /// Mean probability of the right answer with all heads
    pub p: f64,
    /// Every head alone, dearest first
    pub heads: Vec<HeadsCut>,
    /// The dearest three together
    pub top: HeadsCut,
    /// Three others, drawn by the seed: what cutting any heads would do
    pub control: HeadsCut,
}

/// Recall without some heads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeadsCut {
    /// Which, as `3.5`
    #[serde(serialize_with = "as_typed")]
    pub heads: Vec<HeadId>,
    /// Mean probability of the right answer
    pub p: f64,
    /// Share of questions answered rightly
    pub right: f64,
}

fn as_typed<S: serde::Serializer>(heads: &[HeadId], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(heads.iter().map(ToString::to_string))
}

/// Asks every question of `options` with each head cut (its output set to 0), and with all heads.
///
/// - one clean run a question; each cut runs the layers from the head's on
/// - source: the masking experiment of Wu et al. 2024, *Retrieval Head Mechanistically Explains Long-Context Factuality*
pub fn carriers(model: &Model, options: &RecallOptions, job: &Job) -> Result<Carriers, RecallError> {
    checked(model, options)?;
    let spec = model.spec();
    let ids: Vec<HeadId> = (0..spec.layers())
        .flat_map(|layer| (0..spec.heads(layer)).map(move |head| HeadId { layer, head }))
        .collect();
    let alone: Vec<Vec<HeadId>> = ids.iter().map(|&head| vec![head]).collect();
    let (p, mut heads) = without(model, options, &alone, job)?;
    heads.sort_by(|a, b| a.p.total_cmp(&b.p));
    let dearest: Vec<HeadId> = heads.iter().take(TOGETHER).flat_map(|cut| cut.heads.clone()).collect();
    let mut others: Vec<HeadId> = ids.into_iter().filter(|head| !dearest.contains(head)).collect();
    others.shuffle(&mut StdRng::seed_from_u64(options.seed));
    others.truncate(TOGETHER);
    let (_, both) = without(model, options, &[dearest, others], job)?;
    let [top, control] =
        <[HeadsCut; 2]>::try_from(both).unwrap_or_else(|_| [HeadsCut::of(&[]), HeadsCut::of(&[])]);
    let questions = options.lengths.len() * options.depths.len() * options.trials;
    Ok(Carriers { questions, p, heads, top, control })
}

impl HeadsCut {
    fn of(heads: &[HeadId]) -> Self {
        Self { heads: heads.to_vec(), p: 0.0, right: 0.0 }
    }
}

/// Mean probability with all heads, and without each of some sets of them.
fn without(
    model: &Model,
    options: &RecallOptions,
    sets: &[Vec<HeadId>],
    job: &Job,
) -> Result<(f64, Vec<HeadsCut>), RecallError> {
    let writer = Writer::new(model, options.template.unwrap_or_else(|| Template::suited(model)))?;
    let mut cuts: Vec<HeadsCut> = sets.iter().map(|heads| HeadsCut::of(heads)).collect();
    let zero = |&head: &HeadId| Intervention::Zero(Output::Heads(head.into()));
    let changes: Vec<Vec<Intervention>> = sets.iter().map(|heads| heads.iter().map(zero).collect()).collect();
    let questions = options.lengths.len() * options.depths.len() * options.trials;
    let (over, quiet) = (questions.max(1) as f64, job.quiet());
    let (mut p, mut asked) = (0.0, 0.0);
    for &length in &options.lengths {
        for &depth in &options.depths {
            let mut random = StdRng::seed_from_u64(options.seed);
            for _ in 0..options.trials {
                let question = writer.question(length, depth, &mut random)?;
                let clean = ask(model, &question, options.memory_budget, &quiet)?;
                p += answer(model, &clean, &question).0 / over;
                for (own, changes) in cuts.iter_mut().zip(&changes) {
                    job.report("Cutting heads", asked / (questions * sets.len()) as f32);
                    let (p, rank) = answer(model, &cut(model, &clean, changes, &quiet)?, &question);
                    own.p += p / over;
                    own.right += f64::from(u8::from(rank == 1)) / over;
                    asked += 1.0;
                }
            }
        }
    }
    job.report("Cutting heads", 1.0);
    Ok((p, cuts))
}
