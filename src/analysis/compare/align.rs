//! Which tokens of two runs stand for the same.

use crate::trace::{Side, Token, Trace};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::ops::Range;

/// Tokens of A and of B that stand for the same; several where two tokenizers cut the same characters otherwise.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Pair {
    /// A's
    pub a: Range<usize>,
    /// B's
    pub b: Range<usize>,
    /// Whether they read the same; else one stands in the other's place
    pub same: bool,
}

impl Pair {
    /// The tokens that have read all of it: those whose rows and hidden states are compared.
    pub fn ends(&self) -> [usize; 2] {
        [self.a.end - 1, self.b.end - 1]
    }
    /// The same, seen from the other run.
    fn swapped(self) -> Self {
        Self { a: self.b, b: self.a, same: self.same }
    }
}

/// What tokens were aligned by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// What they read: the fewest tokens inserted and deleted
    #[default]
    Text,
    /// The characters that they cover: one text, cut by two tokenizers
    Characters,
}

/// What becomes of a stretch of tokens from A to B.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Aligned; its place among the pairs
    Pair(usize),
    /// Tokens of A alone
    Deleted(Range<usize>),
    /// Tokens of B alone
    Inserted(Range<usize>),
}

/// Pairs of one text, in order; neither run's tokens cross.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alignment {
    /// What is aligned
    pub pairs: Vec<Pair>,
    /// Tokens of A and of B
    pub lengths: [usize; 2],
    /// How
    pub by: By,
}

impl Alignment {
    /// Everything in order: pairs, and between them what only one run has.
    pub fn edits(&self) -> Vec<Edit> {
        let mut edits = Vec::with_capacity(self.pairs.len());
        let mut at = [0, 0];
        let end =
            Pair { a: self.lengths[0]..self.lengths[0], b: self.lengths[1]..self.lengths[1], same: true };
        for (index, pair) in self.pairs.iter().chain([&end]).enumerate() {
            edits.extend((at[0] < pair.a.start).then(|| Edit::Deleted(at[0]..pair.a.start)));
            edits.extend((at[1] < pair.b.start).then(|| Edit::Inserted(at[1]..pair.b.start)));
            edits.extend((index < self.pairs.len()).then_some(Edit::Pair(index)));
            at = [pair.a.end, pair.b.end];
        }
        edits
    }
    /// The pair that holds a token of A.
    pub fn pair_of_a(&self, token: usize) -> Option<usize> {
        self.pairs.iter().position(|pair| pair.a.contains(&token))
    }
    /// The pair that holds a token of B.
    pub fn pair_of_b(&self, token: usize) -> Option<usize> {
        self.pairs.iter().position(|pair| pair.b.contains(&token))
    }
    /// The token of B that a token of A is aligned with: the last one of its pair.
    pub fn b_of_a(&self, token: usize) -> Option<usize> {
        self.pair_of_a(token).map(|pair| self.pairs[pair].ends()[1])
    }
    /// The token of A that a token of B is aligned with.
    pub fn a_of_b(&self, token: usize) -> Option<usize> {
        self.pair_of_b(token).map(|pair| self.pairs[pair].ends()[0])
    }
    /// Whether every token is aligned with itself.
    pub fn is_identity(&self) -> bool {
        let own = |(index, pair): (usize, &Pair)| {
            pair.same && pair.a == (index..index + 1) && pair.b == (index..index + 1)
        };
        self.lengths == [self.pairs.len(); 2] && self.pairs.iter().enumerate().all(own)
    }
}

/// Aligns one text of two runs: by the characters that tokens cover where both read the same prompt and cut it
/// otherwise, else by what they read (Myers 1986, *An O(ND) Difference Algorithm and Its Variations*).
///
/// A stretch that was replaced by as many tokens is aligned token by token, as prompts that differ in a word need it.
/// Swapping the runs swaps the pairs and changes nothing else.
pub fn align(a: &Trace, b: &Trace, side: Side) -> Alignment {
    let (own, theirs) = (a.tokens_of(side), b.tokens_of(side));
    let one_text = !a.prompt.is_empty() && a.prompt == b.prompt;
    let is_prompt = side == a.prompt_side() && side == b.prompt_side();
    let alike = own.len() == theirs.len() && own.iter().zip(theirs).all(|(a, b)| a.text == b.text);
    let covers = |tokens: &[Token]| tokens.iter().any(|token| !token.span.is_empty());
    let by_characters = one_text && is_prompt && !alike && covers(own) && covers(theirs);
    let by = if by_characters { By::Characters } else { By::Text };
    let pairs = if by_characters { by_span(own, theirs) } else { by_text(own, theirs) };
    Alignment { pairs, lengths: [own.len(), theirs.len()], by }
}

fn by_text(a: &[Token], b: &[Token]) -> Vec<Pair> {
    let texts = |tokens: &[Token]| -> Vec<String> { tokens.iter().map(|token| token.text.clone()).collect() };
    let (a, b) = (texts(a), texts(b));
    // Of several shortest ways the algorithm takes one, not the same from both sides
    if a > b { edited(&b, &a).into_iter().map(Pair::swapped).collect() } else { edited(&a, &b) }
}

fn edited(a: &[String], b: &[String]) -> Vec<Pair> {
    let pair = |old: usize, new: usize, same| Pair { a: old..old + 1, b: new..new + 1, same };
    let mut pairs = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, a, b) {
        match op {
            DiffOp::Equal { old_index, new_index, len } => {
                pairs.extend((0..len).map(|i| pair(old_index + i, new_index + i, true)));
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } if old_len == new_len => {
                pairs.extend((0..old_len).map(|i| pair(old_index + i, new_index + i, false)));
            }
            _ => {}
        }
    }
    pairs
}

/// Shortest stretches that end at the same byte. Tokens that cover nothing, such as the one that begins a text, are
/// paired where both have one.
fn by_span(a: &[Token], b: &[Token]) -> Vec<Pair> {
    let covers = |token: Option<&Token>| token.is_some_and(|token| !token.span.is_empty());
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while let (Some(own), Some(theirs)) = (a.get(i), b.get(j)) {
        match (own.span.is_empty(), theirs.span.is_empty()) {
            (true, true) => {
                pairs.push(Pair { a: i..i + 1, b: j..j + 1, same: own.text == theirs.text });
                (i, j) = (i + 1, j + 1);
            }
            (true, false) => i += 1,
            (false, true) => j += 1,
            (false, false) => {
                let (from, to) = (i, j);
                let mut ends = [own.span.end, theirs.span.end];
                (i, j) = (i + 1, j + 1);
                while ends[0] < ends[1] && covers(a.get(i)) || ends[1] < ends[0] && covers(b.get(j)) {
                    if ends[0] < ends[1] {
                        (ends[0], i) = (a[i].span.end, i + 1);
                    } else {
                        (ends[1], j) = (b[j].span.end, j + 1);
                    }
                }
                if ends[0] != ends[1] {
                    continue;
                }
                // The bytes of one character may be several tokens
                let goes_on =
                    |token: Option<&Token>| covers(token) && token.is_some_and(|t| t.span.end == ends[0]);
                while goes_on(a.get(i)) {
                    i += 1;
                }
                while goes_on(b.get(j)) {
                    j += 1;
                }
                pairs.push(Pair { a: from..i, b: to..j, same: true });
            }
        }
    }
    pairs
}
