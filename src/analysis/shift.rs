//! What an answer was before a run was changed, and what it became.

use crate::model::probabilities;
use crate::trace::{Candidate, Trace};

/// One word, before and after.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Shift {
    /// Its id
    pub id: u32,
    /// What it stands for
    pub text: String,
    /// Its probability in the clean run
    pub before: f32,
    /// Its probability in the changed run
    pub after: f32,
}

/// The `top` words that lead the answer of either run, by the greater of their two probabilities.
///
/// Empty where the model has no next or masked word to give.
pub fn shifts(clean: &Trace, changed: &Trace, top: usize) -> Vec<Shift> {
    let (before, after) = (clean.answer_logits(), changed.answer_logits());
    if before.is_empty() || before.len() != after.len() {
        return Vec::new();
    }
    let (before, after) = (probabilities(before, 1.0), probabilities(after, 1.0));
    let leaders = clean.next.iter().take(top).chain(changed.next.iter().take(top));
    let shift = |Candidate { id, text, .. }: &Candidate| Shift {
        id: *id,
        text: text.clone(),
        before: before[*id as usize] as f32,
        after: after[*id as usize] as f32,
    };
    let mut shifts: Vec<Shift> = leaders.map(shift).collect();
    shifts.sort_by(|a, b| b.before.max(b.after).total_cmp(&a.before.max(a.after)).then(a.id.cmp(&b.id)));
    shifts.dedup_by_key(|shift| shift.id);
    shifts.truncate(top);
    shifts
}
