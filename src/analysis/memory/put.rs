//! States that were put there: a patched residual holds nothing of what came before it.

use super::times;
use crate::model::Hook;
use crate::trace::Trace;

/// A row of shares on its way down through the blocks.
pub(super) struct Put {
    row: Vec<f64>,
    /// What stays with a token whose state was put there, [source token]
    own: Vec<f64>,
}

impl Put {
    /// Shares above all blocks, [token].
    pub(super) fn new(row: Vec<f64>) -> Self {
        Self { own: vec![0.0; row.len()], row }
    }

    /// Goes down through one block, which mixes by `matrix`, [query, key]; `put`: as [`put_after`] says.
    pub(super) fn step(&mut self, put: &[usize], matrix: &[f64], n: usize) {
        for &token in put {
            self.own[token] += std::mem::take(&mut self.row[token]);
        }
        self.row = times(&self.row, matrix, n);
    }

    /// The shares below all blocks, [source token].
    pub(super) fn row(mut self) -> Vec<f64> {
        self.row.iter_mut().zip(&self.own).for_each(|(share, own)| *share += own);
        self.row
    }
}

/// Those of the first `n` tokens whose state after block `layer`'s attention was put there from elsewhere.
pub(super) fn put_after(trace: &Trace, layer: usize, n: usize) -> Vec<usize> {
    if trace.changes.is_empty() {
        return Vec::new();
    }
    let hooks = [
        (Hook::ResidMid, layer),
        (Hook::ResidPost, layer),
        (Hook::NormalizedResidPost, layer),
        (Hook::ResidPre, layer + 1),
    ];
    let all = 0..trace.spec.width;
    let gone = |token: usize| {
        hooks.iter().any(|&(hook, layer)| trace.changes.goes_on(hook, layer, &all, token) == 0.0)
    };
    (0..n).filter(|&token| gone(token)).collect()
}
