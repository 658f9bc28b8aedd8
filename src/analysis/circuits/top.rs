//! The largest of very many values, in the memory of a few.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// One entry of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Its row: the word that asks, or that is read
    pub row: u32,
    /// Its column: the word that is looked for, or written
    pub column: u32,
    /// Its value
    pub value: f64,
}

impl Eq for Entry {}

impl Ord for Entry {
    /// By value; of equal ones the first in the table is the greater.
    fn cmp(&self, other: &Self) -> Ordering {
        let place = |entry: &Self| Reverse((entry.row, entry.column));
        self.value.total_cmp(&other.value).then_with(|| place(self).cmp(&place(other)))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The `limit` greatest entries so far.
#[derive(Clone, Debug)]
pub(super) struct Top {
    heap: BinaryHeap<Reverse<Entry>>,
    limit: usize,
}

impl Top {
    pub(super) fn new(limit: usize) -> Self {
        Self { heap: BinaryHeap::with_capacity(limit + 1), limit }
    }

    /// What a value must reach to be of interest.
    pub(super) fn floor(&self) -> f64 {
        match self.heap.peek() {
            Some(Reverse(least)) if self.heap.len() >= self.limit => least.value,
            _ => f64::NEG_INFINITY,
        }
    }

    /// Takes an entry in where it is among the greatest; one that is no number never is.
    pub(super) fn offer(&mut self, entry: Entry) {
        if self.limit == 0 || entry.value.is_nan() {
            return;
        }
        if self.heap.len() < self.limit {
            self.heap.push(Reverse(entry));
        } else if self.heap.peek().is_some_and(|Reverse(least)| entry > *least) {
            self.heap.pop();
            self.heap.push(Reverse(entry));
        }
    }

    /// Takes all of another's in.
    pub(super) fn join(mut self, other: Self) -> Self {
        other.heap.into_iter().for_each(|Reverse(entry)| self.offer(entry));
        self
    }

    /// The entries, greatest first.
    pub(super) fn sorted(self) -> Vec<Entry> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse(entry)| entry).collect()
    }
}
