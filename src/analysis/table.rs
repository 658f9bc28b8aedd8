//! A score by component of the query and component of the key, and the same with small components folded into one.

use super::components::Component;

/// A score by component: [query component, key component]; sums to product + distance.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Components of the query
    pub queries: Vec<Component>,
    /// Components of the key
    pub keys: Vec<Component>,
    /// Row-major
    pub values: Vec<f64>,
}

impl Table {
    /// One entry.
    pub fn at(&self, query: usize, key: usize) -> f64 {
        self.values[query * self.keys.len() + key]
    }
    /// The score.
    pub fn sum(&self) -> f64 {
        self.values.iter().sum()
    }
    /// Every entry, the largest in size first: (query, key, value).
    pub fn largest(&self) -> Vec<(usize, usize, f64)> {
        let width = self.keys.len().max(1);
        let mut all: Vec<_> =
            self.values.iter().enumerate().map(|(i, &value)| (i / width, i % width, value)).collect();
        all.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
        all
    }
}

impl Table {
    /// One more row and column, before the biases: what components of the query seek at a distance, `queries`, and
    /// at what distance those of the key are sought, `keys`; either may be empty.
    pub(super) fn add_distance(&mut self, queries: &[f64], keys: &[f64]) {
        let width = self.keys.len();
        let mut rows: Vec<Vec<f64>> = self.values.chunks_exact(width).map(<[f64]>::to_vec).collect();
        for (index, row) in rows.iter_mut().enumerate() {
            row.insert(width - 1, queries.get(index).copied().unwrap_or(0.0));
        }
        let mut last = keys.to_vec();
        last.resize(width, 0.0);
        last.insert(width - 1, 0.0);
        rows.insert(rows.len() - 1, last);
        self.values = rows.concat();
        for components in [&mut self.queries, &mut self.keys] {
            components.insert(components.len() - 1, Component::Distance);
        }
    }
}

/// One row or column of a folded table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fold {
    /// A component, by its place in the table
    One(usize),
    /// All that are too small to be shown alone
    Rest(Vec<usize>),
}

/// A table of which small components are folded into one, on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Folded {
    /// What each row is
    pub queries: Vec<Fold>,
    /// What each column is
    pub keys: Vec<Fold>,
    /// Row-major
    pub values: Vec<f64>,
}

impl Fold {
    /// The components' places in the table.
    pub fn members(&self) -> &[usize] {
        match self {
            Self::One(index) => std::slice::from_ref(index),
            Self::Rest(members) => members,
        }
    }
}

impl Table {
    /// Keeps the `most` components whose row or column is largest (Σ of sizes), and folds the others into one that
    /// stands before the biases.
    pub fn folded(&self, most: usize) -> Folded {
        let rows =
            (0..self.queries.len()).map(|query| self.size((0..self.keys.len()).map(|key| (query, key))));
        let columns =
            (0..self.keys.len()).map(|key| self.size((0..self.queries.len()).map(|query| (query, key))));
        let mut sizes: Vec<(Component, f64)> = Vec::new();
        for (&component, size) in self.queries.iter().zip(rows).chain(self.keys.iter().zip(columns)) {
            match sizes.iter_mut().find(|(own, _)| *own == component) {
                Some((_, own)) => *own = own.max(size),
                None => sizes.push((component, size)),
            }
        }
        sizes.sort_by(|a, b| b.1.total_cmp(&a.1));
        let shown: Vec<Component> = sizes.into_iter().take(most).map(|(component, _)| component).collect();
        let (queries, keys) = (fold(&self.queries, &shown), fold(&self.keys, &shown));
        let value = |query: &Fold, key: &Fold| -> f64 {
            let cells =
                query.members().iter().flat_map(|&query| key.members().iter().map(move |&key| (query, key)));
            cells.map(|(query, key)| self.at(query, key)).sum()
        };
        let values =
            queries.iter().flat_map(|query| keys.iter().map(|key| value(query, key)).collect::<Vec<_>>());
        let values = values.collect();
        Folded { queries, keys, values }
    }

    fn size(&self, cells: impl Iterator<Item = (usize, usize)>) -> f64 {
        cells.map(|(query, key)| self.at(query, key).abs()).sum()
    }
}

fn fold(components: &[Component], shown: &[Component]) -> Vec<Fold> {
    let (one, mut rest): (Vec<usize>, Vec<usize>) =
        (0..components.len()).partition(|&index| shown.contains(&components[index]));
    let mut all: Vec<Fold> = one.into_iter().map(Fold::One).collect();
    // One alone is no shorter folded
    if let [only] = rest[..] {
        rest.clear();
        let at = all.iter().position(|fold| fold.members()[0] > only).unwrap_or(all.len());
        all.insert(at, Fold::One(only));
    }
    if !rest.is_empty() {
        let ends = all.last().is_some_and(|fold| components[fold.members()[0]] == Component::Bias);
        all.insert(all.len() - usize::from(ends), Fold::Rest(rest));
    }
    all
}
