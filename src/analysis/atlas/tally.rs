//! Sums over runs, head by head, from which scores and roles follow.

use super::heavy::Heavy;
use super::{HeadEntry, KeyToken, Scores, Snippet};
use crate::analysis::MEASURES;
use crate::trace::{HeadId, Token, Trace};
use rayon::prelude::*;

/// Snippets, key tokens and distances that a head keeps.
const SNIPPETS: usize = 5;
const KEYS: usize = 10;
/// Tokens on either side of a snippet's cell, and the most between its ends that are shown.
const AROUND: usize = 5;
const BETWEEN: usize = 24;
/// More weight than this on the first token, and what is left says nothing about distance.
const RESTING: f64 = 0.7;

/// Where the random tokens of a run lie: `prefix` tokens, then `period` of them, then the same again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Tokens before them, such as the one that begins every text
    pub prefix: usize,
    /// How many there are
    pub period: usize,
}

/// Sums over the runs of one model.
#[derive(Clone, Debug)]
pub struct Tally {
    heads: Vec<HeadTally>,
    probes: usize,
    passages: usize,
    tokens: usize,
}

#[derive(Clone, Debug)]
struct HeadTally {
    head: HeadId,
    stripes: [f64; 3],
    /// By distance: Σ P and cells, first token apart
    offsets: Vec<(f64, f64)>,
    /// Σ P², Σ (row's mass)²/keys, Σ mass, rows
    spread: [f64; 4],
    measures: Vec<f64>,
    sink: f64,
    delimiter: f64,
    /// Σ P·distance, Σ of what even attention would have, both first token apart; Σ P there; rows
    reach: [f64; 4],
    keys: Heavy,
    snippets: Vec<Snippet>,
}

impl Tally {
    /// Nothing yet.
    pub fn new(heads: impl Iterator<Item = HeadId>) -> Self {
        let empty = |head| HeadTally {
            head,
            stripes: [0.0; 3],
            offsets: Vec::new(),
            spread: [0.0; 4],
            measures: vec![0.0; MEASURES.len()],
            sink: 0.0,
            delimiter: 0.0,
            reach: [0.0; 4],
            keys: Heavy::default(),
            snippets: Vec::new(),
        };
        Self { heads: heads.map(empty).collect(), probes: 0, passages: 0, tokens: 0 }
    }

    /// Adds a run on random tokens said twice.
    pub fn add_probe(&mut self, trace: &Trace, probe: Probe) {
        self.probes += 1;
        self.heads.par_iter_mut().for_each(|head| head.add_probe(trace, probe));
    }

    /// Adds a run on a passage of text.
    pub fn add_text(&mut self, trace: &Trace) {
        self.passages += 1;
        let Some(first) = self.heads.first() else { return };
        let tokens = trace.query_tokens(first.head.layer);
        self.tokens += tokens.len();
        let delimiters: Vec<bool> = tokens.iter().map(|token| is_delimiter(&token.text)).collect();
        self.heads.par_iter_mut().for_each(|head| head.add_text(trace, tokens, &delimiters));
    }

    /// Passages and tokens so far.
    pub fn read(&self) -> (usize, usize) {
        (self.passages, self.tokens)
    }

    /// What the sums say. `copying`: of each head, in order; `text` gives what an id reads.
    ///
    /// Where no text was read, what goes by texts is taken from the probes: `sink` and `reach` only.
    pub fn finish(self, copying: &[Option<f64>], text: &dyn Fn(u32) -> String) -> Vec<HeadEntry> {
        let (probes, passages) = (self.probes.max(1) as f64, self.passages.max(1) as f64);
        let heads = self.heads.into_iter().zip(copying.iter().chain(std::iter::repeat(&None)));
        heads.map(|(head, &copying)| head.finish(probes, passages, copying, text)).collect()
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
        self.offsets.resize(self.offsets.len().max(period), (0.0, 0.0));
        for query in first_key..prefix + period {
            let mut mass = 0.0;
            for key in first_key..=query {
                let p = at(query, key);
                mass += p;
                self.spread[0] += p * p;
                let (sum, cells) = &mut self.offsets[query - key];
                (*sum, *cells) = (*sum + p, *cells + 1.0);
            }
            self.spread[1] += mass * mass / (query + 1 - first_key) as f64;
            self.spread[2] += mass;
            self.spread[3] += 1.0;
        }
    }

    fn add_text(&mut self, trace: &Trace, tokens: &[Token], delimiters: &[bool]) {
        let measures = trace.measures(self.head);
        for (sum, measure) in self.measures.iter_mut().zip(MEASURES) {
            *sum += (measure.value)(&measures);
        }
        self.sink += measures.sink;
        let n = tokens.len();
        let pattern = trace.pattern(self.head);
        let tile = pattern.tile(0..n, 0..n);
        let mut received = vec![0.0_f64; n];
        let mut best = (0.0_f32, 0, 0);
        for query in 1..n {
            let seen = pattern.keys(query);
            let row = &tile[query * n..(query + 1) * n];
            let (mut distance, mut mass) = (0.0, 0.0);
            for key in seen.start.max(1)..seen.end {
                let p = row[key];
                received[key] += f64::from(p);
                mass += f64::from(p);
                distance += f64::from(p) * query.abs_diff(key) as f64;
                if p > best.0 {
                    best = (p, query, key);
                }
            }
            let keys = seen.start.max(1)..seen.end;
            let even =
                keys.clone().map(|key| query.abs_diff(key) as f64).sum::<f64>() / keys.len().max(1) as f64;
            for (sum, part) in self.reach.iter_mut().zip([distance, even * mass, mass, 1.0]) {
                *sum += part;
            }
        }
        let on_delimiters: f64 =
            received.iter().zip(delimiters).filter(|(_, own)| **own).map(|(weight, _)| weight).sum();
        self.delimiter += on_delimiters / n.saturating_sub(1).max(1) as f64;
        for (token, &weight) in tokens.iter().zip(&received).skip(1) {
            self.keys.add(token.id, weight);
        }
        self.keep(best, tokens);
    }

    /// Keeps a cell with the text about it, if it is among the greatest.
    fn keep(&mut self, (weight, query, key): (f32, usize, usize), tokens: &[Token]) {
        let place = self.snippets.partition_point(|snippet| snippet.weight >= weight);
        if place == SNIPPETS || weight <= 0.0 {
            return;
        }
        let (first, last) = (query.min(key), query.max(key));
        let words = |range: std::ops::Range<usize>| tokens[range].iter().map(|token| token.text.as_str());
        let (start, end) = (first.saturating_sub(AROUND), (last + AROUND + 1).min(tokens.len()));
        let text = if last - first <= BETWEEN {
            words(start..end).collect()
        } else {
            let before = words(start..first + AROUND + 1);
            before.chain([" … "]).chain(words(last - AROUND..end)).collect()
        };
        let snippet = Snippet {
            weight,
            query: tokens[query].text.clone(),
            key: tokens[key].text.clone(),
            distance: last - first,
            text,
        };
        self.snippets.insert(place, snippet);
        self.snippets.truncate(SNIPPETS);
    }

    fn finish(
        self,
        probes: f64,
        passages: f64,
        copying: Option<f64>,
        text: &dyn Fn(u32) -> String,
    ) -> HeadEntry {
        let [previous_stripe, duplicate_stripe, induction_stripe] = self.stripes.map(|sum| sum / probes);
        let [squares, even, mass, rows] = self.spread;
        // Σ (P − even)² less Σ (P − profile)², over the former; sums of squares, as every mean is that of its cells
        let explained: f64 =
            self.offsets.iter().filter(|(_, cells)| *cells > 0.0).map(|(sum, cells)| sum * sum / cells).sum();
        let variance = squares - even;
        let share = if variance > 1e-9 { ((explained - even) / variance).clamp(0.0, 1.0) } else { 0.0 };
        let offsets = self.offsets.iter().map(|(sum, cells)| sum / cells.max(1.0)).collect();
        let [distance, even_distance, kept, queries] = self.reach;
        let far = even_distance > 0.0 && kept > (1.0 - RESTING) * queries;
        let scores = Scores {
            previous_stripe,
            duplicate_stripe,
            induction_stripe,
            sink: self.sink / passages,
            positional: share * mass / rows.max(1.0),
            reach: far.then(|| distance / even_distance),
            delimiter: self.delimiter / passages,
            copying,
        };
        let keys = self.keys.top(KEYS);
        let keys = keys.into_iter().map(|(id, share)| KeyToken { id, text: text(id), share }).collect();
        let measures = self.measures.iter().map(|sum| sum / passages).collect();
        HeadEntry { head: self.head, scores, offsets, measures, keys, snippets: self.snippets }
    }
}

/// Whether a token is punctuation, a line's end or a mark of the model's own.
fn is_delimiter(text: &str) -> bool {
    let marked = text.starts_with(['<', '[']) && text.ends_with(['>', ']']) && text.len() > 2;
    marked
        || (text.chars().any(|c| !c.is_whitespace() || c == '\n') && !text.chars().any(char::is_alphanumeric))
}
