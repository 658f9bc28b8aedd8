//! Passages that are worth showing, out of a stream of any length: some by chance, and each head's strongest.
//!
//! The ones by chance are those with the lowest of random numbers drawn by place: an even sample of all passages
//! (bottom-k; Cohen & Kaplan 2007), so also of every head's every tenth. They are the same for all heads: only ids are
//! kept, and weights are computed again once it is known which are shown.

use super::{Cells, Passage, Sequence};
use crate::trace::{HeadId, Trace};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Strongest passages that each head keeps.
const TOP: usize = 5;
/// Passages by chance for every one of a tenth that is to be shown.
const SPARE: usize = 25;

/// A largest weight as an integer that sorts alike, with its passage's number.
pub(super) type Strong = (u32, u64);

/// Passages kept so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    seed: u64,
    room: usize,
    /// By number
    passages: BTreeMap<u64, Vec<u32>>,
    /// Those by chance: the random number, then the passage's
    sample: BTreeSet<(u64, u64)>,
    /// Every head's largest weight in them, by number
    strengths: BTreeMap<u64, Vec<u32>>,
}

/// SplitMix64 (Steele et al. 2014).
fn scattered(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Notes a passage among a head's strongest, the greatest first, the earlier first among equals.
pub(super) fn note(top: &mut Vec<Strong>, strong: Strong) {
    let place = top.partition_point(|own| own.0 >= strong.0);
    if place < TOP && strong.0 > 0 {
        top.insert(place, strong);
        top.truncate(TOP);
    }
}

impl Kept {
    /// Nothing yet. `per_decile`: sequences of each tenth that a head is to show.
    pub(super) fn new(seed: u64, per_decile: usize) -> Self {
        Self {
            seed,
            room: per_decile * SPARE,
            passages: BTreeMap::new(),
            sample: BTreeSet::new(),
            strengths: BTreeMap::new(),
        }
    }

    /// Considers a passage of which every head's largest weight is known; `tops`: every head's strongest with it.
    pub(super) fn add<'a>(
        &mut self,
        number: u64,
        ids: &[u32],
        strengths: Vec<u32>,
        tops: impl Iterator<Item = &'a [Strong]>,
    ) {
        self.sample.insert((scattered(self.seed ^ scattered(number)), number));
        self.strengths.insert(number, strengths);
        self.passages.insert(number, ids.to_vec());
        if self.sample.len() > self.room
            && let Some((_, gone)) = self.sample.pop_last()
        {
            self.strengths.remove(&gone);
        }
        let strong: BTreeSet<u64> = tops.flatten().map(|strong| strong.1).collect();
        let (passages, strengths) = (&mut self.passages, &self.strengths);
        passages.retain(|number, _| strengths.contains_key(number) || strong.contains(number));
    }

    /// What each head shows: its strongest, and `per_decile` by chance of every tenth. `decile`: of a head and weight.
    pub(super) fn choose(
        &self,
        tops: &[&[Strong]],
        per_decile: usize,
        decile: impl Fn(usize, f32) -> u8,
    ) -> Chosen {
        let mut chosen = Chosen::default();
        for (head, top) in tops.iter().enumerate() {
            let pick = |&(strength, number): &Strong, top| {
                let max = f32::from_bits(strength);
                Pick { number, decile: decile(head, max), top, max, cells: Cells::default() }
            };
            let mut picks: Vec<Pick> = top.iter().map(|strong| pick(strong, true)).collect();
            let mut left = [per_decile; 10];
            for (_, number) in &self.sample {
                let strength = self.strengths.get(number).and_then(|all| all.get(head)).copied().unwrap_or(0);
                let own = pick(&(strength, *number), false);
                let room = &mut left[usize::from(own.decile) - 1];
                if *room > 0 && top.iter().all(|strong| strong.1 != *number) {
                    *room -= 1;
                    picks.push(own);
                }
            }
            picks.sort_by(|a, b| b.max.total_cmp(&a.max).then(a.number.cmp(&b.number)));
            chosen.heads.push(picks);
        }
        let shown: BTreeSet<u64> = chosen.heads.iter().flatten().map(|pick| pick.number).collect();
        let ids = shown.into_iter().filter_map(|number| Some((number, self.passages.get(&number)?.clone())));
        chosen.passages = ids.map(|(number, ids)| (number, Shown { ids, tokens: Vec::new() })).collect();
        chosen
    }
}

/// A passage that one head shows.
#[derive(Clone, Debug)]
struct Pick {
    number: u64,
    decile: u8,
    top: bool,
    max: f32,
    cells: Cells,
}

#[derive(Clone, Debug)]
struct Shown {
    ids: Vec<u32>,
    tokens: Vec<String>,
}

/// Passages that are to be run once more, for what heads show of them.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    passages: BTreeMap<u64, Shown>,
    heads: Vec<Vec<Pick>>,
}

impl Chosen {
    /// Their numbers and tokens, in order.
    pub fn passages(&self) -> Vec<(u64, Vec<u32>)> {
        self.passages.iter().map(|(&number, shown)| (number, shown.ids.clone())).collect()
    }

    /// Takes what heads show of passage `number` from its run. `heads`: in the tally's order.
    pub(super) fn show(&mut self, number: u64, trace: &Trace, heads: &[HeadId]) {
        let Some((shown, first)) = self.passages.get_mut(&number).zip(heads.first()) else { return };
        shown.tokens = trace.key_tokens(first.layer).iter().map(|token| token.text.clone()).collect();
        self.heads.par_iter_mut().zip(heads).for_each(|(picks, &head)| {
            for pick in picks.iter_mut().filter(|pick| pick.number == number) {
                pick.cells = Cells::of(&trace.pattern(head));
            }
        });
    }

    /// The passages, and every head's sequences of them.
    pub(super) fn finish(self) -> (Vec<Passage>, Vec<Vec<Sequence>>) {
        let places: BTreeMap<u64, usize> =
            self.passages.keys().enumerate().map(|(place, &number)| (number, place)).collect();
        let sequence = |pick: Pick| Sequence {
            passage: places.get(&pick.number).copied().unwrap_or_default(),
            decile: pick.decile,
            top: pick.top,
            max: f64::from(pick.max),
            cells: pick.cells,
        };
        let heads = self.heads.into_iter().map(|picks| picks.into_iter().map(sequence).collect()).collect();
        let passages =
            self.passages.into_iter().map(|(number, shown)| Passage { number, tokens: shown.tokens });
        (passages.collect(), heads)
    }
}
