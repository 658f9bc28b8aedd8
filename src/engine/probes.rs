//! Random tokens to ask a model with: whatever it has learned of words, it has not seen these.

use crate::model::{Model, Tokenizer};
use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::index::sample;

/// From this vocabulary on the first eighth is left out: control tokens and single bytes stand there.
const LARGE: usize = 512;

/// Ids of which random sequences are drawn.
pub(super) struct Drawn {
    ids: Vec<u32>,
    room: usize,
}

impl Drawn {
    /// Different tokens there are.
    pub(super) fn words(&self) -> usize {
        self.ids.len()
    }

    /// Tokens that the model has positions for behind the prefix.
    pub(super) fn room(&self) -> usize {
        self.room
    }

    /// A sequence of `n`; no token comes twice where there are enough. There must be one to draw.
    pub(super) fn draw(&self, n: usize, random: &mut StdRng) -> Vec<u32> {
        if self.ids.len() < n {
            return (0..n).map(|_| self.ids[random.random_range(0..self.ids.len())]).collect();
        }
        sample(random, self.ids.len(), n).iter().map(|index| self.ids[index]).collect()
    }
}

/// What stands before every text of a model, and what may be drawn to stand behind it. Of encoder–decoders, the
/// source's.
pub(super) fn repeatable(model: &Model) -> (Vec<u32>, Drawn) {
    let spec = model.spec();
    let prefix = model.tokenizer.as_ref().map_or_else(Vec::new, Tokenizer::prefix);
    let (vocab, context) =
        spec.encoder.as_ref().map_or((spec.vocab, spec.context), |encoder| (encoder.vocab, encoder.context));
    let first = if vocab >= LARGE { vocab / 8 } else { 0 };
    let special = |id: u32| model.tokenizer.as_ref().is_some_and(|tokenizer| tokenizer.is_added(id));
    let ids: Vec<u32> = (first as u32..vocab as u32).filter(|&id| !special(id)).collect();
    let room = context.map_or(usize::MAX, |context| context.saturating_sub(prefix.len()));
    (prefix, Drawn { ids, room })
}
