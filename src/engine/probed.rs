//! Heads as they are seen over a training: the same probes of random tokens at every moment.

use super::probes::repeatable;
use super::{LogitRows, Prompt, RunError, RunOptions};
use crate::analysis::atlas::{Apart, Probe, Scores, Tally};
use crate::analysis::timeline::HeadReport;
use crate::model::{HeadId, Model, ModelSpec, Part};
use crate::trace::Trace;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::index::sample;

/// Longest period of a probe.
const PERIOD: usize = 24;
/// Probes of each period.
pub(super) const EACH: usize = 2;
/// Ids that a probe of a live model is drawn from: those behind the one that begins a text, and no marks of the task.
const WORDS: usize = 64;
/// Seed of the probes' tokens.
const SEED: u64 = 0x009E_0BE5;

/// Random tokens said twice, at two periods: a head that only looks a fixed way back does well on one of them at most.
#[derive(Clone, Debug)]
pub(super) struct Probes {
    /// The longer period's first, as many of each
    all: Vec<(Probe, Vec<u32>)>,
    each: usize,
    logits: LogitRows,
}

/// What probes leave behind.
pub(super) struct Probed {
    pub(super) heads: Vec<HeadReport>,
    /// Of the first probe
    pub(super) trace: Trace,
}

impl Probes {
    /// For rows of `length` tokens of a live model with `vocab` words; its first run keeps every token's logits.
    pub(super) fn of_training(length: usize, vocab: usize) -> Self {
        let words = WORDS.min(vocab - 1);
        let longest = (length / 2).clamp(4, PERIOD).min(words);
        let mut random = StdRng::seed_from_u64(SEED);
        let mut draw = |n| sample(&mut random, words, n).iter().map(|id| id as u32 + 1).collect();
        Self::new(&[0], longest, EACH, LogitRows::All, &mut draw)
    }

    /// For a model of any kind; of encoder–decoders, for the encoder. None where it has no room to say two tokens twice.
    pub(super) fn of_model(model: &Model, each: usize, seed: u64) -> Option<Self> {
        let (prefix, drawn) = repeatable(model);
        let longest = PERIOD.min(drawn.room() / 2).min(drawn.words());
        let mut random = StdRng::seed_from_u64(seed);
        let mut draw = |n| drawn.draw(n, &mut random);
        (longest > 1).then(|| Self::new(&prefix, longest, each.max(1), LogitRows::Answer, &mut draw))
    }

    fn new(
        prefix: &[u32],
        longest: usize,
        each: usize,
        logits: LogitRows,
        draw: &mut dyn FnMut(usize) -> Vec<u32>,
    ) -> Self {
        let mut all = Vec::new();
        for period in [longest, (2 * longest / 3).max(1)] {
            for _ in 0..each {
                let once = draw(period);
                all.push((Probe { prefix: prefix.len(), period }, [prefix, &once[..], &once[..]].concat()));
            }
        }
        Self { all, each, logits }
    }

    /// The first probe.
    pub(super) fn first(&self) -> Probe {
        self.all[0].0
    }

    /// Both periods.
    pub(super) fn periods(&self) -> Vec<usize> {
        self.all.iter().step_by(self.each).map(|(probe, _)| probe.period).collect()
    }

    /// Runs them all, each as `read` does; every head counts with the lower of its scores at two periods.
    pub(super) fn run<E: From<RunError>>(
        &self,
        model: &Model,
        budget: Option<u64>,
        read: impl Fn(&Prompt, &RunOptions) -> Result<Trace, E>,
    ) -> Result<Probed, E> {
        let heads = read_heads(model.spec());
        let tally = Tally::new(heads.iter().copied(), 0, 0);
        let options = RunOptions { logits: self.logits, ..RunOptions::reading(model, budget) };
        let mut shown = None;
        let mut all: Vec<HeadReport> = Vec::new();
        for same in self.all.chunks(self.each) {
            let mut tally = tally.clone();
            let mut sinks = vec![0.0; heads.len()];
            for (probe, ids) in same {
                let trace = read(&Prompt::Ids(ids.clone()), &options)?;
                tally.add_probe(&trace, *probe);
                for (sink, &head) in sinks.iter_mut().zip(&heads) {
                    *sink += trace.measures(head).sink / same.len() as f64;
                }
                shown.get_or_insert(trace);
            }
            let entries = finished(tally).into_iter().zip(sinks);
            let entries = entries.map(|(entry, sink)| HeadReport {
                scores: Scores { sink: Some(sink), reach: None, delimiter: None, ..entry.scores },
                ..entry
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

/// The heads that read: of encoder–decoders the encoder's, since what a decoder writes is its own.
pub(super) fn read_heads(spec: &ModelSpec) -> Vec<HeadId> {
    let read = |&layer: &usize| matches!(spec.blocks[layer].part, Part::Only | Part::Encoder);
    let heads_of = |layer| (0..spec.heads(layer)).map(move |head| HeadId { layer, head });
    (0..spec.layers()).filter(read).flat_map(heads_of).collect()
}

/// The scores that a run of a text adds: how far back heads look in it, and how much at its delimiters.
pub(super) fn add_text(heads: &mut [HeadReport], trace: &Trace) {
    let mut tally = Tally::new(heads.iter().map(|entry| entry.head), 0, 0);
    tally.add_text(trace);
    for (entry, read) in heads.iter_mut().zip(finished(tally)) {
        entry.scores.reach = read.scores.reach;
        entry.scores.delimiter = read.scores.delimiter;
    }
}

fn finished(tally: Tally) -> Vec<HeadReport> {
    let chosen = tally.choose();
    let (_, entries) = tally.finish(chosen, &Apart::default(), &|_| String::new());
    entries.into_iter().map(|entry| HeadReport { head: entry.head, scores: entry.scores }).collect()
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
