//! What the strip of tokens is tinted by, and what stands under each: read from the run by workers.

use super::{derived::Derived, session::Session, state::State};
pub use crate::analysis::{Beneath, Tint};
use crate::{analysis, engine::Job, model::HeadId, trace::Side};
use serde::{Deserialize, Serialize};

/// How the strip shows tokens: part of the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenChoice {
    /// What chips are tinted by.
    pub tint: Tint,
    /// What stands under each.
    pub beneath: Beneath,
}

/// One number a token, where it has one, and the greatest of them; none where the model has no such numbers.
pub type Numbers = Option<(Vec<Option<f64>>, f64)>;

/// The run, what is asked for, and the head that it is asked of.
type Key = (u64, Tint, Option<HeadId>);

/// What workers found out about tokens, by text.
#[derive(Default)]
pub struct Tinted {
    source: Derived<Key, Numbers>,
    target: Derived<Key, Numbers>,
}

impl Tinted {
    /// The numbers of one text; while they are worked out, those before.
    pub fn of(&self, side: Side) -> Option<(&[Option<f64>], f64)> {
        let (_, numbers) = self.on(side).latest()?;
        numbers.as_ref().map(|(values, greatest)| (&values[..], *greatest))
    }

    /// Whether it is known that one text has no such numbers.
    pub fn is_none(&self, side: Side) -> bool {
        matches!(self.on(side).get(), Some(None))
    }

    /// How much of the work is done, while it lasts.
    pub fn progress(&self, side: Side) -> Option<f32> {
        self.on(side).progress()
    }

    fn on(&self, side: Side) -> &Derived<Key, Numbers> {
        if side == Side::Source { &self.source } else { &self.target }
    }
}

impl Session {
    /// Has worked out what the strip is tinted by.
    pub(super) fn follow_tint(&mut self, state: &State, drawn: bool) {
        let (run, trace) = self.visible(state);
        let tint = state.tokens.tint;
        let complete = trace.is_some_and(|trace| drawn && trace.is_complete() && tint != Tint::Row);
        let head = (tint == Tint::Received).then_some(state.head);
        let key = complete.then_some((run, tint, head));
        let mut tinted = std::mem::take(&mut self.tinted);
        for (side, derived) in [(Side::Source, &mut tinted.source), (Side::Target, &mut tinted.target)] {
            if derived.is_of(key.as_ref(), &self.post) {
                continue;
            }
            let (model, trace) = (self.model.clone(), self.visible(state).1.cloned());
            derived.follow("tint of tokens", key, &self.post, |_| {
                move |job: &Job| {
                    let Some(trace) = trace else { return Ok(None) };
                    let network = model.as_ref().map(|model| &model.network);
                    let asked = (tint, head.unwrap_or_default());
                    let values =
                        analysis::tinted(network, &trace, side, asked, &mut job.tell("Reading tokens"));
                    Ok(values.map(|values| {
                        let greatest = values.iter().flatten().copied().filter(|value| value.is_finite());
                        let greatest = greatest.fold(0.0, f64::max);
                        (values, greatest)
                    }))
                }
            });
        }
        self.tinted = tinted;
    }
}
