//! Single tokens through single pieces of a model, from what a pass has left behind: no other token is computed again.
//!
//! The pieces are those of the pass itself. In double precision they check what it kept.

use super::embedding::rows_before;
use super::hook::Hook;
use super::part::Side;
use super::transformer::{Network, See};
use crate::kernels::{Real, linear};

impl Network {
    /// What enters the first block for the token at `index` of one text, [width]; `second` is where the second segment
    /// begins. `see` gets [`Hook::Embed`] and [`Hook::PosEmbed`], one row each.
    pub fn embed_row<F: Real>(
        &self,
        side: Side,
        tokens: &[u32],
        index: usize,
        second: Option<usize>,
        see: See<'_, F>,
    ) -> Vec<F> {
        let (spec, prefix) = match (side, &self.spec.encoder) {
            (Side::Source, Some(encoder)) => (&encoder.embedding, "encoder."),
            _ => (&self.spec.embedding, ""),
        };
        let second = second.map_or(usize::MAX, |second| second.saturating_sub(index));
        let first = rows_before(spec.positions, &tokens[..index]);
        self.embed_with(spec, prefix, &tokens[index..=index], first, second, see)
    }

    /// The learned vector of a token's segment, [width]; none where the model has none.
    pub fn segment_row<F: Real>(&self, index: usize, second: Option<usize>) -> Option<Vec<F>> {
        let kinds = self.spec.embedding.token_types;
        let kind = usize::from(kinds > 1 && second.is_some_and(|second| index >= second));
        let width = self.spec.embedding.sum_width(self.spec.width);
        let mut row = vec![F::zero(); width];
        (kinds > 0).then(|| self.weights.add_row("embed.W_type", kind, &mut row)).map(|()| row)
    }

    /// What block `layer`'s attention reads of the residual stream `x`, [token, width]: `x` itself where no norm is
    /// before it. The norm's divisors pass `see`.
    pub fn read_by_attention<F: Real>(&self, layer: usize, x: &[F], see: See<'_, F>) -> Vec<F> {
        let name = format!("{}.ln1", self.spec.prefix(layer));
        match self.norm_before(layer) {
            Some(norm) => self.norm_seen(norm, (&name, Hook::Ln1Scale), x, see),
            None => x.to_vec(),
        }
    }

    /// Queries, keys and values of one token as they enter the product, [head · dim] each: of the query's row `x` and
    /// the key's row `source` (in self-attention the same), as attention reads them. The token is `position` of
    /// `n_tokens`.
    pub fn head_rows<F: Real>(
        &self,
        layer: usize,
        x: &[F],
        source: &[F],
        (position, n_tokens): (usize, usize),
        see: See<'_, F>,
    ) -> [Vec<F>; 3] {
        self.queries_keys_values(layer, x, source, (position, n_tokens), see)
    }

    /// What block `layer` makes of some neighbouring tokens, `x` before it, once their heads gave `z`:
    /// [token, width] and [token, head · dim] → [token, width].
    ///
    /// Where a convolution stands beside the block, only tokens whose neighbours are all in `x` come out right.
    pub fn rows_after_heads<F: Real>(&self, layer: usize, x: Vec<F>, z: &[F], see: See<'_, F>) -> Vec<F> {
        let attend = |_: &[F], see: See<'_, F>| {
            let mut z = z.to_vec();
            see(Hook::Z, &mut z);
            self.heads_out(layer, &z)
        };
        self.around(layer, x, true, attend, see)
    }

    /// What all heads of a block add to the residual stream, [token, head · dim] → [token, width].
    pub fn heads_out<F: Real>(&self, layer: usize, z: &[F]) -> Vec<F> {
        self.linear(layer, z, "attn.W_O", "attn.b_O")
    }

    /// What one head adds to the residual stream, without W_O's bias: [value_dim] → [width].
    pub fn head_result<F: Real>(&self, layer: usize, head: usize, z: &[F]) -> Vec<F> {
        linear(z, &self.head_output(layer, head), None)
    }
}
