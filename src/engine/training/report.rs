//! What is seen of a model in training: its loss, and the scores of every head on probes of random tokens.

use crate::analysis::atlas::{Apart, Probe, ROLES, Role, Scores, Tally};
use crate::engine::{Job, LogitRows, Prompt, RunError, RunOptions, run};
use crate::model::{HeadId, Model};
use crate::trace::Trace;
use crate::train::{Hand, Outcome, Trainer};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::index::sample;
use serde::Serialize;

/// Longest period of a probe.
const PERIOD: usize = 24;
/// Probes of each period.
const EACH: usize = 2;
/// Ids that a probe is drawn from: those behind the one that begins a text, and no marks of the task.
const WORDS: usize = 64;
/// Seed of the probes' tokens.
const SEED: u64 = 0x009E_0BE5;

/// A moment of a training in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Steps taken
    pub steps: u64,
    /// Wall time since the beginning, reports included
    pub seconds: f64,
    /// Tokens read
    pub tokens: u64,
    /// Mean −ln p over what is asked for, in nats, on rows that it is not trained on
    pub loss: f64,
    /// The same over what cannot be known, where there is such
    pub other_loss: Option<f64>,
    /// Share of what is asked for that has the highest logit
    pub accuracy: f64,
    /// Best head's induction stripe; each head counts with the lower of its scores at two periods
    pub induction_score: f64,
    /// Which head that is
    pub induction_head: HeadId,
    /// Best head's previous-token stripe, in the same way
    pub previous_token_score: f64,
    /// Which head that is
    pub previous_token_head: HeadId,
    /// Learning rate at this step
    pub learning_rate: f64,
    /// Rows of a batch at this step
    pub batch: usize,
    /// Every head, by layer
    #[serde(skip)]
    pub heads: Vec<HeadReport>,
}

/// One head at this moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadReport {
    /// Which
    pub head: HeadId,
    /// Its scores: stripes as the lower ones of two periods, `sink` on the probes, nothing of texts or weights
    pub scores: Scores,
}

impl HeadReport {
    /// Its roles, in the atlas's order.
    pub fn roles(&self) -> impl Iterator<Item = &'static Role> + '_ {
        ROLES.iter().filter(|role| role.fits(&self.scores))
    }
}

/// When a head first had a role that it has kept since.
#[derive(Clone, Copy, Debug)]
pub struct RoleTaken {
    /// Which head
    pub head: HeadId,
    /// Its role
    pub role: &'static Role,
    /// Steps at the first report that showed it
    pub step: u64,
}

/// The roles that heads have in the last report, in the order in which they took them.
pub fn roles_taken(reports: &[Report]) -> Vec<RoleTaken> {
    let Some(last) = reports.last() else { return Vec::new() };
    let mut taken = Vec::new();
    for (index, entry) in last.heads.iter().enumerate() {
        for role in entry.roles() {
            let had =
                |report: &&Report| report.heads.get(index).is_some_and(|entry| role.fits(&entry.scores));
            let first = reports.iter().rev().take_while(had).last();
            taken.extend(first.map(|first| RoleTaken { head: entry.head, role, step: first.steps }));
        }
    }
    taken.sort_by_key(|taken| (taken.step, taken.head.layer, taken.head.head));
    taken
}

/// The steps between which the best induction score went from a tenth of its present height to nine tenths of it.
/// `None` while no head has the role.
pub fn phase_change(reports: &[Report]) -> Option<(u64, u64)> {
    let top = reports.last()?.induction_score;
    let role = ROLES.iter().find(|role| role.id == "induction")?;
    if top < role.threshold {
        return None;
    }
    let above = |share: f64| {
        let kept = reports.iter().rev().take_while(|report| report.induction_score >= share * top);
        kept.last().map(|report| report.steps)
    };
    Some((above(0.1)?, above(0.9)?))
}

/// Random tokens said twice, at two periods: a head that only looks a fixed way back does well on one of them at most.
#[derive(Clone, Debug)]
pub(super) struct Probes {
    all: Vec<(Probe, Vec<u32>)>,
}

/// What probes leave behind.
pub(super) struct Probed {
    pub(super) heads: Vec<HeadReport>,
    /// Of the first probe, with every token's logits
    pub(super) trace: Trace,
}

impl Probes {
    /// For rows of `length` tokens of a model with `vocab` words.
    pub(super) fn new(length: usize, vocab: usize) -> Self {
        let words = WORDS.min(vocab - 1);
        let longest = (length / 2).clamp(4, PERIOD).min(words);
        let mut random = StdRng::seed_from_u64(SEED);
        let mut all = Vec::new();
        for period in [longest, 2 * longest / 3] {
            for _ in 0..EACH {
                let once: Vec<u32> =
                    sample(&mut random, words, period).iter().map(|id| id as u32 + 1).collect();
                all.push((Probe { prefix: 1, period }, [&[0], &once[..], &once[..]].concat()));
            }
        }
        Self { all }
    }

    /// The first probe.
    pub(super) fn first(&self) -> (Probe, &[u32]) {
        let (probe, ids) = &self.all[0];
        (*probe, ids)
    }

    pub(super) fn run(&self, model: &Model, job: &Job) -> Result<Probed, RunError> {
        let spec = model.spec();
        let heads = (0..spec.layers())
            .flat_map(|layer| (0..spec.heads(layer)).map(move |head| HeadId { layer, head }))
            .collect::<Vec<_>>();
        let tally = Tally::new(heads.iter().copied(), 0, 0);
        let logits = LogitRows::All;
        let options = RunOptions { memory_budget: Some(u64::MAX), logits, ..RunOptions::default() };
        let mut shown = None;
        let mut all: Vec<HeadReport> = Vec::new();
        for same in self.all.chunks(EACH) {
            let mut tally = tally.clone();
            let mut sinks = vec![0.0; heads.len()];
            for (probe, ids) in same {
                let trace = run(model, &Prompt::Ids(ids.clone()), &options, &job.quiet(), &mut |_| {})?;
                tally.add_probe(&trace, *probe);
                for (sink, &head) in sinks.iter_mut().zip(&heads) {
                    *sink += trace.measures(head).sink / same.len() as f64;
                }
                shown.get_or_insert(trace);
            }
            let chosen = tally.choose();
            let (_, entries) = tally.finish(chosen, &Apart::default(), &|_| String::new());
            let entries = entries.into_iter().zip(sinks);
            let entries = entries.map(|(entry, sink)| HeadReport {
                head: entry.head,
                scores: Scores { sink: Some(sink), ..entry.scores },
            });
            if all.is_empty() {
                all = entries.collect();
            } else {
                all.iter_mut()
                    .zip(entries)
                    .for_each(|(head, other)| head.scores = lower(head.scores, other.scores));
            }
        }
        let trace = shown.ok_or(RunError::Empty)?;
        Ok(Probed { heads: all, trace })
    }
}

/// The lower of two scores, one by one.
fn lower(a: Scores, b: Scores) -> Scores {
    let lower = |a: Option<f64>, b: Option<f64>| Some(a?.min(b?));
    Scores {
        previous_stripe: lower(a.previous_stripe, b.previous_stripe),
        duplicate_stripe: lower(a.duplicate_stripe, b.duplicate_stripe),
        induction_stripe: lower(a.induction_stripe, b.induction_stripe),
        sink: lower(a.sink, b.sink),
        positional: lower(a.positional, b.positional),
        ..a
    }
}

impl Report {
    pub(super) fn new(trainer: &Trainer, outcome: Outcome, heads: Vec<HeadReport>, seconds: f64) -> Self {
        let Hand { rate, batch, .. } = trainer.hand;
        let best = |score: fn(&Scores) -> Option<f64>| {
            let none = (f64::NEG_INFINITY, HeadId { layer: 0, head: 0 });
            heads
                .iter()
                .filter_map(|entry| Some((score(&entry.scores)?, entry.head)))
                .fold(none, |best, own| if own.0 > best.0 { own } else { best })
        };
        let (induction_score, induction_head) = best(|scores| scores.induction_stripe);
        let (previous_token_score, previous_token_head) = best(|scores| scores.previous_stripe);
        Self {
            steps: trainer.steps(),
            seconds,
            tokens: trainer.tokens(),
            loss: outcome.loss / outcome.asked.max(1) as f64,
            other_loss: (outcome.others > 0).then(|| outcome.other_loss / outcome.others as f64),
            accuracy: outcome.right as f64 / outcome.asked.max(1) as f64,
            induction_score,
            induction_head,
            previous_token_score,
            previous_token_head,
            // The number as it was typed, and not what single precision makes of it
            learning_rate: rate.to_string().parse().unwrap_or_else(|_| f64::from(rate)),
            batch,
            heads,
        }
    }
}
