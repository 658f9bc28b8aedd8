//! What a model can be trained on: rows of tokens that a program writes, or a text of the user's.

use super::batch::Batch;
use super::vocabulary::{SYMBOLS, Vocabulary};
use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _, index::sample};
use std::ops::RangeInclusive;

/// Between what is given and what is asked for.
const ARROW: u32 = SYMBOLS as u32 + 1;
/// Small letters, and as many capitals behind them.
const LETTERS: usize = 26;
/// The least that half of a row that is said again takes in [`Task::Recall`]: of shorter ones nothing is learned.
const REPEATED: usize = 24;
/// Pairs that rows of [`Task::Recall`] have at most in training, at least; the same room as [`REPEATED`].
const PAIRS: usize = REPEATED / 2;
/// Behind what is asked for.
const STOP: u32 = SYMBOLS as u32 + 2;

/// A task. Its size is the longest period, list or window, the pairs or the modulus.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Task {
    /// A segment of random symbols over and over; its length is another in every row
    Induction,
    /// A list, then the same list
    Copy,
    /// A list, then the list from its end
    Reverse,
    /// Pairs of key and value, then every key's value; half of the rows that it is trained on are random letters said
    /// over and over instead
    Recall,
    /// a + b modulo a number; a quarter of all pairs is kept for the test
    Addition,
    /// A list of letters, then the same in order
    Sorting,
    /// Windows of a text, byte by byte; its last tenth is kept for the test
    Text,
}

/// For which of the two a row is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Training,
    Test,
}

impl Task {
    /// Sizes that it comes in.
    pub fn sizes(self) -> RangeInclusive<usize> {
        match self {
            Self::Induction => 4..=64,
            Self::Copy | Self::Reverse | Self::Sorting => 2..=32,
            Self::Recall => 2..=LETTERS,
            Self::Addition => 5..=113,
            Self::Text => 16..=256,
        }
    }
    /// The size to begin with.
    pub fn usual_size(self) -> usize {
        match self {
            Self::Induction => 24,
            Self::Copy | Self::Reverse | Self::Recall => 12,
            Self::Sorting => 10,
            Self::Addition => 23,
            Self::Text => 64,
        }
    }
    /// Tokens that a row of this size reads.
    pub fn length(self, size: usize) -> usize {
        match self {
            Self::Induction => 2 * size,
            Self::Copy | Self::Reverse | Self::Sorting => 2 * size + 2,
            Self::Recall => (4 * size + 1).max(2 * REPEATED + 1),
            Self::Addition => 5,
            Self::Text => size,
        }
    }
    /// Its words.
    pub(super) fn vocabulary(self, size: usize) -> Vocabulary {
        match self {
            Self::Induction => Vocabulary::symbols(&[]),
            Self::Copy | Self::Reverse | Self::Recall | Self::Sorting => Vocabulary::symbols(&[">", "."]),
            Self::Addition => Vocabulary::numbers(size),
            Self::Text => Vocabulary::Bytes,
        }
    }
    /// Rows of this size. `text`: what [`Task::Text`] reads, at least two bytes long.
    pub(super) fn batch(
        self,
        rows: usize,
        size: usize,
        text: &[u8],
        purpose: Use,
        random: &mut StdRng,
    ) -> Batch {
        let mut batch = Batch::new(self.length(size));
        let mut row = Vec::new();
        for _ in 0..rows {
            row.clear();
            row.push((0, false));
            match self {
                Self::Induction => repeat(size, SYMBOLS as u32, random, &mut row),
                Self::Copy | Self::Reverse | Self::Sorting => self.list(size, random, &mut row),
                // Pairs alone leave a model guessing among the values for thousands of steps; a segment said again asks
                // for the same two heads, and gives more reasons to form them
                Self::Recall if purpose == Use::Training && random.random_bool(0.5) => {
                    let half = (2 * size).max(REPEATED);
                    repeat(half, 2 * LETTERS as u32, random, &mut row);
                }
                // Of few pairs there is too little to tell them apart by: they are learned among more
                Self::Recall if purpose == Use::Training => recall(size.max(PAIRS), random, &mut row),
                Self::Recall => recall(size, random, &mut row),
                Self::Addition => add(size as u32, purpose, random, &mut row),
                Self::Text => window(size, text, purpose, random, &mut row),
            }
            batch.push(&row);
        }
        batch
    }

    fn list(self, size: usize, random: &mut StdRng, row: &mut Vec<(u32, bool)>) {
        let n = random.random_range(size.div_ceil(2)..=size);
        let letters = if self == Self::Sorting { LETTERS as u32 } else { SYMBOLS as u32 };
        let mut list: Vec<u32> = (0..n).map(|_| random.random_range(1..=letters)).collect();
        row.extend(list.iter().map(|&id| (id, false)));
        row.push((ARROW, false));
        match self {
            Self::Reverse => list.reverse(),
            Self::Sorting => list.sort_unstable(),
            _ => {}
        }
        row.extend(list.iter().map(|&id| (id, true)));
        row.push((STOP, true));
    }
}

/// A segment of between a quarter of `longest` and all of it, over and over.
fn repeat(longest: usize, symbols: u32, random: &mut StdRng, row: &mut Vec<(u32, bool)>) {
    let period = random.random_range(longest.div_ceil(4)..=longest);
    let once: Vec<u32> = (0..period).map(|_| random.random_range(1..=symbols)).collect();
    row.extend((0..2 * longest).map(|place| (once[place % period], place >= period)));
}

/// Small letters are keys, capitals are values.
fn recall(pairs: usize, random: &mut StdRng, row: &mut Vec<(u32, bool)>) {
    let n = random.random_range(2..=pairs.max(2));
    let capitals = LETTERS as u32 + 1..=2 * LETTERS as u32;
    let mut all: Vec<(u32, u32)> = sample(random, LETTERS, n)
        .iter()
        .map(|key| (key as u32 + 1, random.random_range(capitals.clone())))
        .collect();
    row.extend(all.iter().flat_map(|&(key, value)| [(key, false), (value, false)]));
    row.push((ARROW, false));
    all.shuffle(random);
    row.extend(all.iter().flat_map(|&(key, value)| [(key, false), (value, true)]));
}

/// a + b = c, with ids one above the numbers.
fn add(modulus: u32, purpose: Use, random: &mut StdRng, row: &mut Vec<(u32, bool)>) {
    let (plus, equals) = (modulus + 1, modulus + 2);
    let (a, b) = loop {
        let (a, b) = (random.random_range(0..modulus), random.random_range(0..modulus));
        let kept = mixed(a * modulus + b).is_multiple_of(4);
        if kept == (purpose == Use::Test) {
            break (a, b);
        }
    };
    let numbers = [a + 1, plus, b + 1, equals].map(|id| (id, false));
    row.extend(numbers);
    row.push(((a + b) % modulus + 1, true));
}

/// Spreads neighbouring numbers over all 32 bits.
fn mixed(n: u32) -> u32 {
    let n = (n ^ (n >> 16)).wrapping_mul(0x7FEB_352D);
    let n = (n ^ (n >> 15)).wrapping_mul(0x846C_A68B);
    n ^ (n >> 16)
}

/// Bytes from a place chosen at random.
fn window(length: usize, text: &[u8], purpose: Use, random: &mut StdRng, row: &mut Vec<(u32, bool)>) {
    let kept = text.len() - text.len() / 10;
    let own = if purpose == Use::Test { &text[kept..] } else { &text[..kept] };
    // Of a very short text both uses see all
    let own = if own.len() < 2 { text } else { own };
    let starts: Vec<usize> = (0..=own.len().saturating_sub(length)).collect();
    let start = starts.choose(random).copied().unwrap_or(0);
    row.extend(own[start..].iter().take(length).map(|&byte| (u32::from(byte) + 1, true)));
}
