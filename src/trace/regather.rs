//! Measures and thumbnails of a trace that no pass has gathered: one that was opened from a file.

use super::{HeadId, Trace};
use crate::kernels::RowMoments;
use crate::model::{Gathered, Repeats, thumbnail_size};
use rayon::prelude::*;

/// Queries whose weights are held at once.
const ROWS: usize = 64;

impl Trace {
    /// Gathers every head's sums and thumbnail from q, k and log-sum-exps, as the pass would have.
    ///
    /// `row_sum` is told what each query of each head gives out in all; its error ends the work.
    pub(super) fn gather_anew<E: Send>(
        &mut self,
        row_sum: &(dyn Fn(HeadId, usize, f64) -> Result<(), E> + Sync),
    ) -> Result<(), E> {
        let repeats = Repeats::of(&self.ids());
        for layer in 0..self.layers_done() {
            let heads = (0..self.heads(layer)).into_par_iter().map(|head| HeadId { layer, head });
            let gathered: Vec<Gathered> =
                heads.map(|head| self.gather_head(head, &repeats, row_sum)).collect::<Result<_, _>>()?;
            for (head, gathered) in self.layer_mut(layer).state.heads.iter_mut().zip(gathered) {
                head.gathered = gathered;
            }
        }
        Ok(())
    }

    fn gather_head<E>(
        &self,
        head: HeadId,
        repeats: &Repeats,
        row_sum: &dyn Fn(HeadId, usize, f64) -> Result<(), E>,
    ) -> Result<Gathered, E> {
        let pattern = self.pattern(head);
        let n = self.n_tokens();
        let mut whole = Gathered::default();
        for first in (0..n).step_by(ROWS) {
            let rows = first..(first + ROWS).min(n);
            let mut part = Gathered::new(thumbnail_size(n), n, rows.clone());
            let tile = pattern.tile(rows.clone(), 0..n);
            for (query, row) in rows.zip(tile.chunks_exact(n)) {
                let seen = pattern.keys(query);
                let weights = &row[seen.clone()];
                let moments = RowMoments::of_weights(weights, query, seen.start);
                row_sum(head, query, moments.sum)?;
                part.add(query, seen.start, weights, &moments, repeats);
            }
            whole.merge(&part);
        }
        Ok(whole)
    }
}
