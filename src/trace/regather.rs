//! Measures and thumbnails of a trace that no pass has gathered: one that was opened from a file.

use super::{HeadId, Trace};
use crate::kernels::RowMoments;
use crate::model::{Gathered, Part, Repeats};
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
        for layer in 0..self.layers_done() {
            let repeats = match self.spec.blocks[layer].part {
                Part::Cross => Repeats::default(),
                Part::Only | Part::Encoder | Part::Decoder => {
                    let ids: Vec<u32> = self.query_tokens(layer).iter().map(|token| token.id).collect();
                    Repeats::of(&ids)
                }
            };
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
        let (n, n_keys) = (pattern.n_queries(), pattern.n_keys());
        let mut whole = Gathered::default();
        for first in (0..n).step_by(ROWS) {
            let rows = first..(first + ROWS).min(n);
            let mut part = Gathered::new(true, n, n_keys, rows.clone());
            let tile = pattern.tile(rows.clone(), 0..n_keys);
            for (query, row) in rows.zip(tile.chunks_exact(n_keys)) {
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
