//! Sums over runs, head by head, from which scores and roles follow.

use super::heavy::Heavy;
use super::kept::{self, Chosen, Kept, Strong};
use super::levels::Levels;
use super::sum::Sum;
use super::{HeadEntry, Histogram, Passage, Scores, TokenShare};
use crate::analysis::MEASURES;
use crate::trace::{HeadId, Token, Trace};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Query and key tokens that a head keeps.
const TOKENS: usize = 10;
/// Where bins of distances begin: 0, 1, 2, 4, …; the last goes on.
const DISTANCES: usize = 16;
/// More weight than this on the first token, and what is left says nothing about distance.
const RESTING: f64 = 0.7;

/// Where the random tokens of a run lie: `prefix` tokens, then `period` of them, then the same again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Tokens before them, such as the one that begins every text
    pub prefix: usize,
    /// How many there are
    pub period: usize,
}

impl Probe {
    /// The token whose row is read: the one that is asked for, where it is of the second saying, else the middle of that.
    pub fn read_at(&self, asked: Option<usize>, n_tokens: usize) -> usize {
        let second = self.prefix + self.period;
        asked.filter(|token| (second..n_tokens).contains(token)).unwrap_or(second + self.period / 2)
    }
}

/// Sums over the runs of one model. What a file keeps of it goes on to the same end, bit for bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    heads: Vec<HeadTally>,
    kept: Kept,
    per_decile: usize,
    probes: usize,
    passages: usize,
    tokens: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct HeadTally {
    head: HeadId,
    stripes: [Sum; 3],
    /// By distance: Σ P and cells, first token apart
    offsets: Vec<(Sum, Sum)>,
    /// Σ P², Σ (row's mass)²/keys, Σ mass, rows
    spread: [Sum; 4],
    measures: Vec<Sum>,
    sink: Sum,
    delimiter: Sum,
    /// Σ P·distance, Σ of what even attention would have, both first token apart; Σ P there; rows
    reach: [Sum; 4],
    /// Σ P by distance, in octaves, first token apart
    distances: [Sum; DISTANCES],
    queries: Heavy,
    keys: Heavy,
    levels: Levels,
    top: Vec<Strong>,
}

/// What is not summed up over runs: scores of every head, in the tally's order; nothing where they could not be taken.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Apart {
    /// By weights alone
    pub copying: Vec<Option<f64>>,
    /// On sentences with two names
    pub name_mover: Vec<Option<f64>>,
    /// On words with an order
    pub successor: Vec<Option<f64>>,
}

impl Apart {
    /// To as many decimals as a file has, so that an interrupted job goes on with the same numbers.
    #[must_use]
    pub fn rounded(mut self) -> Self {
        for scores in [&mut self.copying, &mut self.name_mover, &mut self.successor] {
            scores.iter_mut().flatten().for_each(|score| *score = super::entry::short(*score));
        }
        self
    }
}

impl Tally {
    /// Nothing yet. `per_decile`: passages by chance of every tenth that a head is to show; `seed` of that chance.
    pub fn new(heads: impl Iterator<Item = HeadId>, per_decile: usize, seed: u64) -> Self {
        let empty = |head| HeadTally {
            head,
            stripes: Default::default(),
            offsets: Vec::new(),
            spread: Default::default(),
            measures: vec![Sum::default(); MEASURES.len()],
            sink: Sum::default(),
            delimiter: Sum::default(),
            reach: Default::default(),
            distances: Default::default(),
            queries: Heavy::default(),
            keys: Heavy::default(),
            levels: Levels::default(),
            top: Vec::new(),
        };
        let kept = Kept::new(seed, per_decile);
        Self { heads: heads.map(empty).collect(), kept, per_decile, probes: 0, passages: 0, tokens: 0 }
    }

    /// Its heads, in order.
    pub fn heads(&self) -> Vec<HeadId> {
        self.heads.iter().map(|head| head.head).collect()
    }

    /// Adds a run on random tokens said twice.
    pub fn add_probe(&mut self, trace: &Trace, probe: Probe) {
        self.probes += 1;
        self.heads.par_iter_mut().for_each(|head| head.add_probe(trace, probe));
    }

    /// Adds a run on a passage of text.
    pub fn add_text(&mut self, trace: &Trace) {
        let number = self.passages as u64;
        self.passages += 1;
        let Some(first) = self.heads.first() else { return };
        let tokens = trace.query_tokens(first.head.layer);
        self.tokens += tokens.len();
        let delimiters: Vec<bool> = tokens.iter().map(|token| is_delimiter(&token.text)).collect();
        let add = |head: &mut HeadTally| head.add_text(trace, tokens, &delimiters, number).to_bits();
        let strengths: Vec<u32> = self.heads.par_iter_mut().map(add).collect();
        let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
        self.kept.add(number, &ids, strengths, self.heads.iter().map(|head| &head.top[..]));
    }

    /// Passages and tokens so far.
    pub fn read(&self) -> (usize, usize) {
        (self.passages, self.tokens)
    }

    /// Which passages heads show: to be run once more, each given to [`Self::show`], before [`Self::finish`].
    pub fn choose(&self) -> Chosen {
        let tops: Vec<&[Strong]> = self.heads.iter().map(|head| &head.top[..]).collect();
        self.kept.choose(&tops, self.per_decile, |head, weight| self.heads[head].levels.decile(weight))
    }

    /// Takes what heads show of a passage from its run.
    pub fn show(&self, chosen: &mut Chosen, number: u64, trace: &Trace) {
        chosen.show(number, trace, &self.heads());
    }

    /// What the sums say; `text` gives what an id reads. What goes by texts is 0 where none was read.
    pub fn finish(
        self,
        chosen: Chosen,
        apart: &Apart,
        text: &dyn Fn(u32) -> String,
    ) -> (Vec<Passage>, Vec<HeadEntry>) {
        let (probes, passages) = (self.probes.max(1) as f64, self.passages.max(1) as f64);
        let (shown, sequences) = chosen.finish();
        let mut sequences = sequences.into_iter();
        let entry = |(place, head): (usize, HeadTally)| {
            let at = |scores: &[Option<f64>]| scores.get(place).copied().flatten();
            let mut entry = head.finish(probes, passages, text);
            entry.scores.copying = at(&apart.copying);
            entry.scores.name_mover = at(&apart.name_mover);
            entry.scores.successor = at(&apart.successor);
            entry.sequences = sequences.next().unwrap_or_default();
            entry
        };
        (shown, self.heads.into_iter().enumerate().map(entry).collect())
    }
}

impl HeadTally {
    /// The stripes: the −1, −S and 1−S diagonals of a pattern over x x with |x| = S.
    fn add_probe(&mut self, trace: &Trace, Probe { prefix, period }: Probe) {
        let n = (prefix + 2 * period).min(trace.query_tokens(self.head.layer).len());
        let tile = trace.pattern(self.head).tile(0..n, 0..n);
        let at = |query: usize, key: usize| f64::from(tile[query * n + key]);
        let mean = |queries: std::ops::Range<usize>, key: &dyn Fn(usize) -> usize| {
            let count = queries.len().max(1) as f64;
            queries.map(|query| at(query, key(query))).sum::<f64>() / count
        };
        let second = prefix + period..n;
        self.stripes[0] += mean(prefix + 1..n, &|query| query - 1);
        self.stripes[1] += mean(second.clone(), &|query| query - period);
        self.stripes[2] += mean(second, &|query| query + 1 - period);

        // Only the first saying: in the second, what a token is tells where it was
        let first_key = prefix.max(1);
        self.offsets.resize(self.offsets.len().max(period), Default::default());
        for query in first_key..prefix + period {
            let mut mass = 0.0;
            for key in first_key..=query {
                let p = at(query, key);
                mass += p;
                self.spread[0] += p * p;
                let (sum, cells) = &mut self.offsets[query - key];
                *sum += p;
                *cells += 1.0;
            }
            self.spread[1] += mass * mass / (query + 1 - first_key) as f64;
            self.spread[2] += mass;
            self.spread[3] += 1.0;
        }
    }

    /// Adds a passage; gives the largest weight in it, first query and key apart.
    fn add_text(&mut self, trace: &Trace, tokens: &[Token], delimiters: &[bool], number: u64) -> f32 {
        let measures = trace.measures(self.head);
        for (sum, measure) in self.measures.iter_mut().zip(MEASURES) {
            *sum += (measure.value)(&measures);
        }
        self.sink += measures.sink;
        let n = tokens.len();
        let pattern = trace.pattern(self.head);
        let tile = pattern.tile(0..n, 0..n);
        let mut received = vec![0.0_f64; n];
        let mut largest = 0.0_f32;
        for query in 1..n {
            let keys = pattern.keys(query);
            let keys = keys.start.max(1)..keys.end;
            let row = &tile[query * n..(query + 1) * n];
            let (mut distance, mut mass) = (0.0, 0.0);
            for key in keys.clone() {
                let p = row[key];
                let back = query.abs_diff(key);
                received[key] += f64::from(p);
                mass += f64::from(p);
                distance += f64::from(p) * back as f64;
                let octave = (usize::BITS - back.leading_zeros()) as usize;
                self.distances[octave.min(DISTANCES - 1)] += f64::from(p);
                largest = largest.max(p);
            }
            let even =
                keys.clone().map(|key| query.abs_diff(key) as f64).sum::<f64>() / keys.len().max(1) as f64;
            for (sum, part) in self.reach.iter_mut().zip([distance, even * mass, mass, 1.0]) {
                *sum += part;
            }
            self.queries.add(tokens[query].id, mass);
        }
        let on_delimiters: f64 =
            received.iter().zip(delimiters).filter(|(_, own)| **own).map(|(weight, _)| weight).sum();
        self.delimiter += on_delimiters / n.saturating_sub(1).max(1) as f64;
        for (token, &weight) in tokens.iter().zip(&received).skip(1) {
            self.keys.add(token.id, weight);
        }
        self.levels.add(largest);
        kept::note(&mut self.top, (largest.to_bits(), number));
        largest
    }

    fn finish(self, probes: f64, passages: f64, text: &dyn Fn(u32) -> String) -> HeadEntry {
        let [previous_stripe, duplicate_stripe, induction_stripe] =
            self.stripes.map(|Sum(sum)| Some(sum / probes));
        let [squares, even, mass, rows] = self.spread.map(|Sum(sum)| sum);
        // Σ (P − even)² less Σ (P − profile)², over the former; sums of squares, as every mean is that of its cells
        let profile = self.offsets.iter().map(|&(Sum(sum), Sum(cells))| (sum, cells));
        let explained: f64 =
            profile.clone().filter(|&(_, cells)| cells > 0.0).map(|(sum, cells)| sum * sum / cells).sum();
        let variance = squares - even;
        let share = if variance > 1e-9 { ((explained - even) / variance).clamp(0.0, 1.0) } else { 0.0 };
        let [distance, even_distance, kept, queries] = self.reach.map(|Sum(sum)| sum);
        let far = even_distance > 0.0 && kept > (1.0 - RESTING) * queries;
        let scores = Scores {
            previous_stripe,
            duplicate_stripe,
            induction_stripe,
            sink: Some(self.sink.0 / passages),
            positional: Some(share * mass / rows.max(1.0)),
            reach: far.then(|| distance / even_distance),
            delimiter: Some(self.delimiter.0 / passages),
            ..Scores::default()
        };
        let tokens = |heavy: &Heavy| -> Vec<TokenShare> {
            let top = heavy.top(TOKENS).into_iter();
            top.map(|(id, share)| TokenShare { id: Some(id), text: text(id), share }).collect()
        };
        let means = MEASURES.iter().zip(&self.measures);
        HeadEntry {
            head: self.head,
            scores,
            measures: means.map(|(measure, sum)| (measure.id.to_owned(), sum.0 / passages)).collect(),
            offsets: profile.map(|(sum, cells)| sum / cells.max(1.0)).collect(),
            distances: octaves(&self.distances),
            activations: self.levels.histogram(),
            queries: tokens(&self.queries),
            keys: tokens(&self.keys),
            sequences: Vec::new(),
        }
    }
}

/// Shares by distance, up to the last octave that has any.
fn octaves(sums: &[Sum; DISTANCES]) -> Histogram {
    let bins = sums.iter().rposition(|sum| sum.0 > 0.0).map_or(0, |last| last + 1);
    let all: f64 = sums.iter().map(|sum| sum.0).sum();
    let edge = |octave: usize| if octave == 0 { 0.0 } else { f64::from(1_u32 << (octave - 1)) };
    Histogram {
        edges: if bins == 0 { Vec::new() } else { (0..=bins).map(edge).collect() },
        values: sums[..bins].iter().map(|sum| sum.0 / all).collect(),
    }
}

/// Whether a token is a mark of the model's own, such as the one that begins every text.
pub(super) fn is_mark(text: &str) -> bool {
    text.starts_with(['<', '[']) && text.ends_with(['>', ']']) && text.len() > 2
}

/// Whether a token is punctuation, a line's end or a mark of the model's own.
fn is_delimiter(text: &str) -> bool {
    is_mark(text)
        || (text.chars().any(|c| !c.is_whitespace() || c == '\n') && !text.chars().any(char::is_alphanumeric))
}
