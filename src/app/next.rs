//! What may follow, under the sampling rules on screen: computed on a worker once a run and a choice of rules.

use super::{derived::Derived, session::Session, state::State};
use crate::model::{Choices, Sampling, choices};

/// How many candidates are listed.
pub const LISTED: usize = 40;

/// The run it is of, and the rules.
type Key = (u64, Sampling);

/// The candidates at hand.
pub type Next = Derived<Key, Choices>;

impl Session {
    /// Works out the candidates of the run in sight.
    pub fn follow_next(&mut self, state: &State, wanted: bool) {
        let (run, trace) = self.visible(state);
        let speaks = trace.is_some_and(|trace| {
            wanted && trace.is_complete() && trace.answer_at.is_some() && !trace.answer_logits().is_empty()
        });
        let key = speaks.then(|| (run, state.sampling.clone()));
        let post = self.post().clone();
        if self.next.is_of(key.as_ref(), &post) {
            return;
        }
        let logits = self.visible(state).1.map_or_else(Vec::new, |trace| trace.answer_logits().to_vec());
        self.next.follow("next words", key, &post, |(_, rules)| {
            let rules = rules.clone();
            move |_: &crate::engine::Job| Ok(choices(&logits, &rules, LISTED))
        });
    }
}
