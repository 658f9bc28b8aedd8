//! Which heads carry recall: how often each looks at the token that is copied, and what cutting it costs, on the same
//! questions; then those with the best scores masked together, and as many others.

use super::retrieval::retrieval;
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
/// Heads that are masked together, one after another; up to half of all.
const MASKED: [usize; 8] = [1, 2, 3, 5, 8, 12, 20, 32];
/// Draws of random heads that are averaged.
const DRAWS: u64 = 3;

/// What each head does for recall.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Carriers {
    /// Questions that were asked each time
    pub questions: usize,
    /// Of these, answered rightly with all heads: retrieval scores are means over them
    pub answered: usize,
    /// Mean probability of the right answer with all heads
    pub p: f64,
    /// Every head alone, dearest first
    pub heads: Vec<Carrier>,
    /// The dearest three together
    pub top: HeadsCut,
    /// Three others, drawn by the seed: what cutting any heads would do
    pub control: HeadsCut,
    /// The heads with the best retrieval scores masked together, and as many others
    pub masked: Vec<Masked>,
}

/// One head: what cutting it does, and its retrieval score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Carrier {
    /// Recall without it
    #[serde(flatten)]
    pub cut: HeadsCut,
    /// Retrieval score, mean over questions that are answered rightly, in [0, 1] (Wu et al. 2024)
    pub retrieval: f64,
    /// The same at each length and depth, by length and then by depth; none where no question was answered rightly
    pub retrieval_cells: Vec<Option<f64>>,
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

/// Some heads masked together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Masked {
    /// The heads with the best retrieval scores, best first
    pub top: HeadsCut,
    /// As many of the other heads, a draw a seed
    pub control: Vec<HeadsCut>,
    /// Mean over the draws of the mean probability of the right answer
    pub control_p: f64,
}

fn as_typed<S: serde::Serializer>(heads: &[HeadId], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(heads.iter().map(ToString::to_string))
}

impl Carriers {
    /// Heads by their retrieval score, best first; of equal ones the dearest first.
    pub fn by_retrieval(&self) -> Vec<&Carrier> {
        let mut heads: Vec<&Carrier> = self.heads.iter().collect();
        heads.sort_by(|a, b| b.retrieval.total_cmp(&a.retrieval));
        heads
    }
}

impl Carrier {
    /// Which head.
    pub fn head(&self) -> HeadId {
        self.cut.heads.first().copied().unwrap_or(HeadId { layer: 0, head: 0 })
    }
}

/// Asks every question of `options` with each head cut (its output set to 0), and with all heads; then with the heads
/// of the best retrieval scores masked together, and with as many of the others, for three draws of the seed.
///
/// - one clean run a question; each cut runs the layers from the head's on
/// - source: Wu et al. 2024, *Retrieval Head Mechanistically Explains Long-Context Factuality*: scores and masking
pub fn carriers(model: &Model, options: &RecallOptions, job: &Job) -> Result<Carriers, RecallError> {
    checked(model, options)?;
    let spec = model.spec();
    let ids: Vec<HeadId> = (0..spec.layers())
        .flat_map(|layer| (0..spec.heads(layer)).map(move |head| HeadId { layer, head }))
        .collect();
    let alone: Vec<Vec<HeadId>> = ids.iter().map(|&head| vec![head]).collect();
    let Asked { p, cuts, cells } = without(model, options, &alone, &ids, (job, 0.0, 0.5))?;
    let answered = cells.iter().map(|cell| cell.answered).sum();
    let carrier = |(index, cut): (usize, HeadsCut)| {
        let earned: f64 = cells.iter().map(|cell| cell.earned[index]).sum();
        let of = |cell: &Cell| (cell.answered > 0).then(|| cell.earned[index] / cell.answered as f64);
        let retrieval = if answered > 0 { earned / answered as f64 } else { 0.0 };
        Carrier { cut, retrieval, retrieval_cells: cells.iter().map(of).collect() }
    };
    let mut heads: Vec<Carrier> = cuts.into_iter().enumerate().map(carrier).collect();
    heads.sort_by(|a, b| a.cut.p.total_cmp(&b.cut.p));
    let questions = options.lengths.len() * options.depths.len() * options.trials;
    let none = HeadsCut::of(&[]);
    let mut found =
        Carriers { questions, answered, p, heads, top: none.clone(), control: none, masked: Vec::new() };

    let dearest: Vec<HeadId> = found.heads.iter().take(TOGETHER).map(Carrier::head).collect();
    let best: Vec<HeadId> = found.by_retrieval().into_iter().map(Carrier::head).collect();
    let mut sets = vec![dearest.clone(), drawn(&ids, &dearest, TOGETHER, options.seed)];
    let counts: Vec<usize> = MASKED.into_iter().filter(|&count| count * 2 <= ids.len()).collect();
    for &count in &counts {
        sets.push(best[..count].to_vec());
        sets.extend((0..DRAWS).map(|draw| drawn(&ids, &best[..count], count, options.seed + draw)));
    }
    let mut cuts = without(model, options, &sets, &[], (job, 0.5, 0.5))?.cuts.into_iter();
    found.top = cuts.next().unwrap_or(found.top);
    found.control = cuts.next().unwrap_or(found.control);
    for _ in &counts {
        let Some(top) = cuts.next() else { break };
        let control: Vec<HeadsCut> = cuts.by_ref().take(DRAWS as usize).collect();
        let control_p = control.iter().map(|cut| cut.p).sum::<f64>() / control.len().max(1) as f64;
        found.masked.push(Masked { top, control, control_p });
    }
    job.report("Cutting heads", 1.0);
    Ok(found)
}

/// Some heads beside those that are meant, by chance.
fn drawn(all: &[HeadId], but: &[HeadId], count: usize, seed: u64) -> Vec<HeadId> {
    let mut others: Vec<HeadId> = all.iter().copied().filter(|head| !but.contains(head)).collect();
    others.shuffle(&mut StdRng::seed_from_u64(seed));
    others.truncate(count);
    others
}

impl HeadsCut {
    fn of(heads: &[HeadId]) -> Self {
        Self { heads: heads.to_vec(), p: 0.0, right: 0.0 }
    }
}

/// What heads earn at one length and depth.
struct Cell {
    /// Questions answered rightly
    answered: usize,
    /// Sum of each head's retrieval over these
    earned: Vec<f64>,
}

/// What came of asking.
struct Asked {
    /// Mean probability with all heads
    p: f64,
    /// Without each of some sets
    cuts: Vec<HeadsCut>,
    /// By length, then by depth
    cells: Vec<Cell>,
}

/// Asks with all heads, and without each of some sets of them; retrieval is measured for `heads`.
fn without(
    model: &Model,
    options: &RecallOptions,
    sets: &[Vec<HeadId>],
    heads: &[HeadId],
    (job, from, share): (&Job, f32, f32),
) -> Result<Asked, RecallError> {
    let template = options.template.unwrap_or_else(|| Template::suited(model));
    let writer = Writer::new(model, template, options.distractors)?;
    let mut cuts: Vec<HeadsCut> = sets.iter().map(|heads| HeadsCut::of(heads)).collect();
    let zero = |&head: &HeadId| Intervention::Zero(Output::Heads(head.into()));
    let changes: Vec<Vec<Intervention>> = sets.iter().map(|heads| heads.iter().map(zero).collect()).collect();
    let questions = options.lengths.len() * options.depths.len() * options.trials;
    let (over, quiet) = (questions.max(1) as f64, job.quiet());
    let (mut p, mut asked, mut cells) = (0.0, 0.0, Vec::new());
    for &length in &options.lengths {
        for &depth in &options.depths {
            let mut random = StdRng::seed_from_u64(options.seed);
            let mut cell = Cell { answered: 0, earned: vec![0.0; heads.len()] };
            for _ in 0..options.trials {
                let question = writer.question(length, depth, &mut random)?;
                let clean = ask(model, &question, options.memory_budget, &quiet)?;
                let (own, rank) = answer(model, &clean, &question);
                p += own / over;
                if rank == 1 {
                    cell.answered += 1;
                    let earned = retrieval(&clean, &question, heads);
                    cell.earned.iter_mut().zip(earned).for_each(|(sum, earned)| *sum += earned);
                }
                for (own, changes) in cuts.iter_mut().zip(&changes) {
                    job.report("Cutting heads", from + share * asked / (questions * sets.len()) as f32);
                    let (p, rank) = answer(model, &cut(model, &clean, changes, &quiet)?, &question);
                    own.p += p / over;
                    own.right += f64::from(u8::from(rank == 1)) / over;
                    asked += 1.0;
                }
            }
            cells.push(cell);
        }
    }
    Ok(Asked { p, cuts, cells })
}
