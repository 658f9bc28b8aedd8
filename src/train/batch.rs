//! Rows of tokens, and which of them are to be foretold.

/// Some rows of equal length. Row r reads `tokens[0..length]` and is asked for `tokens[1..=length]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Tokens that a row reads
    pub length: usize,
    /// [row, length + 1]
    pub tokens: Vec<u32>,
    /// Whether the token behind each that is read can be known: [row, length]
    pub asked: Vec<bool>,
}

impl Batch {
    /// Of rows of `length` tokens to read, and none yet.
    pub fn new(length: usize) -> Self {
        Self { length, ..Self::default() }
    }
    /// Rows there are.
    pub fn rows(&self) -> usize {
        self.tokens.len() / (self.length + 1)
    }
    /// Adds a row: every token with whether it can be known from those before it. What is too long is cut, and what
    /// is short is filled up with token 0, which is not asked for.
    pub fn push(&mut self, row: &[(u32, bool)]) {
        let at = |place: usize| row.get(place).copied().unwrap_or((0, false));
        self.tokens.extend((0..=self.length).map(|place| at(place).0));
        self.asked.extend((1..=self.length).map(|place| at(place).1));
    }
    /// Tokens that are asked for.
    pub fn questions(&self) -> usize {
        self.asked.iter().filter(|&&asked| asked).count()
    }
    /// Some of the rows.
    pub(super) fn part(&self, rows: std::ops::Range<usize>) -> Rows<'_> {
        let n = self.length;
        Rows {
            length: n,
            tokens: &self.tokens[rows.start * (n + 1)..rows.end * (n + 1)],
            asked: &self.asked[rows.start * n..rows.end * n],
        }
    }
}

/// Some rows of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    pub(super) length: usize,
    tokens: &'a [u32],
    asked: &'a [bool],
}

impl Rows<'_> {
    /// How many.
    pub(super) fn count(&self) -> usize {
        self.tokens.len() / (self.length + 1)
    }
    /// What is read, row after row.
    pub(super) fn read(&self) -> impl Iterator<Item = usize> + '_ {
        self.tokens.chunks_exact(self.length + 1).flat_map(|row| &row[..row.len() - 1]).map(|&id| id as usize)
    }
    /// For every token that is read: the one behind it, and whether it can be known.
    pub(super) fn answers(&self) -> impl Iterator<Item = (usize, bool)> + '_ {
        let behind = self.tokens.chunks_exact(self.length + 1).flat_map(|row| &row[1..]);
        behind.zip(self.asked).map(|(&id, &asked)| (id as usize, asked))
    }
}
