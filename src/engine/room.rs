//! How long a text may be, and what becomes of one that is longer.

use super::RunError;
use crate::model::{ModelSpec, Side};
use crate::trace::Token;

/// How many tokens a text may have.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// Those that the model can take
    limit: Option<usize>,
    /// So many are kept of a text that has more
    kept: Option<usize>,
}

impl Room {
    /// What `n` tokens leave of it.
    pub(super) fn less(self, n: usize) -> Self {
        let less = |room: Option<usize>| room.map(|room| room.saturating_sub(n));
        Self { limit: less(self.limit), kept: less(self.kept) }
    }
}

/// Of a text on one side; `cut`: what is longer than the model was made for is cut, not run or refused.
pub(super) fn room(spec: &ModelSpec, side: Side, cut: bool) -> Room {
    let limit = spec.limit(side);
    Room { limit, kept: if cut { spec.made_for(side).or(limit) } else { None } }
}

/// Tokens that the model knows, as many as there is room for.
pub(super) fn checked(mut tokens: Vec<Token>, vocab: usize, room: Room) -> Result<Vec<Token>, RunError> {
    if tokens.is_empty() {
        return Err(RunError::Empty);
    }
    if let Some(token) = tokens.iter().find(|token| token.id as usize >= vocab) {
        return Err(RunError::OutOfRange { id: token.id, vocab });
    }
    if let Some(kept) = room.kept {
        tokens.truncate(kept);
    }
    match room.limit.filter(|&limit| tokens.len() > limit) {
        Some(limit) => Err(RunError::TooLong { found: tokens.len(), limit }),
        None => Ok(tokens),
    }
}
