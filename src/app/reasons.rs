//! Why a cell is what it is, and what speaks for a word: taken apart on a worker, kept while the selection stays.

use super::{banner::Banner, derived::Derived, layout::Pane, session::Session, state::State};
use crate::{
    analysis::{Attribution, Cell, Component, Question, Why, WhyError, attribute, logits_at, why},
    engine::Job,
    model::HeadId,
    trace::{Candidate, Side},
};
use serde::{Deserialize, Serialize};

/// Words that a logit may be chosen from.
const WORDS: usize = 24;

/// How a cell's score is shown: part of the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WhyState {
    /// The entry of the table that is read out: components of query and key; none: the largest.
    pub entry: Option<(Component, Component)>,
    /// Entries as shares of the score.
    pub percent: bool,
    /// Every component has a row and a column of its own.
    pub unfolded: bool,
    /// How a head's dimensions are shown.
    pub bars: Bars,
}

/// How a head's dimensions are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::EnumIter)]
pub enum Bars {
    /// As the model has them.
    #[default]
    InOrder,
    /// The largest first.
    BySize,
    /// By pairs that rotary turns together.
    Pairs,
}

/// Which logit is taken apart: part of the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SaidState {
    /// The word; none: the most likely one.
    pub word: Option<u32>,
    /// The word whose logit is taken off.
    pub against: Option<u32>,
    /// Parts stand in the order in which they wrote, not by size.
    pub in_order: bool,
}

/// A logit by its parts, and which words might have been asked for.
pub struct Said {
    /// The parts.
    pub attribution: Attribution,
    /// The most likely words at that token.
    pub words: Vec<Candidate>,
}

/// Which attribution: a run, a token, the words.
type Asked = (u64, usize, Option<u32>, Option<u32>);
/// Whose sources: a run, the question and the head.
type Read = (u64, Question, HeadId);

/// What is taken apart, as far as it is known.
#[derive(Default)]
pub struct Reasons {
    /// Each with its run
    cells: Derived<(u64, Cell), Why>,
    said: Derived<Asked, Said>,
    sources: Option<(Read, Vec<f64>)>,
}

impl Reasons {
    /// The cell that was asked for; while it is taken apart, the one before.
    pub fn why(&self) -> Option<&Why> {
        self.cells.latest().map(|(_, why)| why)
    }
    /// Why there is none.
    pub fn why_not(&self) -> Option<&Banner> {
        self.cells.error()
    }
    /// The logit that was asked for; while it is taken apart, the one before.
    pub fn said(&self) -> Option<&Said> {
        self.said.latest().map(|(_, said)| said)
    }
    /// Why there is none.
    pub fn said_not(&self) -> Option<&Banner> {
        self.said.error()
    }
    /// What the selected head adds to the logit by what it reads at each token; empty where it adds nothing there.
    pub fn sources(&self) -> &[f64] {
        self.sources.as_ref().map_or(&[], |(_, sources)| sources)
    }
}

impl Session {
    /// Has taken apart what the panes in sight show.
    pub fn follow_reasons(&mut self, state: &State, drawn: impl Fn(Pane) -> bool) {
        if drawn(Pane::Why) {
            self.follow_why(state);
        }
        if drawn(Pane::Attribution) {
            self.follow_said(state);
        }
    }

    /// Has the pinned cell of the selected head taken apart; of the pinned query's strongest key where none is pinned.
    fn follow_why(&mut self, state: &State) {
        let (head, query, pinned) = (state.head, self.pinned_query(state), state.key);
        let (run, trace) = self.visible(state);
        let trace = trace.filter(|trace| trace.has(head));
        let key = match (&trace, query, &self.row) {
            (None, ..) | (_, None, _) => None,
            (Some(_), ..) if pinned.is_some() => pinned,
            (_, Some(query), Some(row)) if row.is(run, head, query) => row.top.first().map(|cell| cell.0),
            (Some(trace), Some(query), _) => trace.pattern(head).strongest(query),
        };
        let cell = query.zip(key).map(|(query, key)| Cell { head, query, key });
        let asked = cell.map(|cell| (run, cell));
        if self.reasons.cells.is_of(asked.as_ref(), &self.post) {
            return;
        }
        let trace = self.visible(state).1.cloned();
        let (model, post, words) = (self.model.clone(), self.post.clone(), self.post.words());
        self.reasons.cells.follow("why this cell", asked, &post, move |&(_, cell)| {
            move |job: &Job| {
                let trace = trace.ok_or_else(|| Banner::error(&words.needs_trace, None))?;
                let network = model.as_ref().map(|model| &model.network);
                why(network, &trace, cell, &mut job.tell("Taking the cell apart")).map_err(
                    |error| match error {
                        WhyError::Masked { .. } => Banner::error(&words.why.masked, None),
                        error => Banner::of(&error, words),
                    },
                )
            }
        });
    }

    /// Has the logit that is asked for taken apart, at the pinned token where that is one the model answers at.
    fn follow_said(&mut self, state: &State) {
        let query = self.pinned_query(state);
        let (run, trace) = self.visible(state);
        let token = trace.filter(|trace| trace.is_complete()).map(|trace| {
            let own = trace.spec.blocks[state.head.layer].part.rows() == Side::Target;
            trace.asked_token(query.filter(|_| own))
        });
        let asked = token.map(|token| (run, token, state.said.word, state.said.against));
        if !self.reasons.said.is_of(asked.as_ref(), &self.post) {
            self.ask_said(state, asked);
        }
        self.read_sources(state);
    }

    /// Has a logit taken apart.
    fn ask_said(&mut self, state: &State, asked: Option<Asked>) {
        let trace = self.visible(state).1.cloned();
        let (model, post, words) = (self.model.clone(), self.post.clone(), self.post.words());
        self.reasons.said.follow("attribution", asked, &post, |&(_, token, word, against)| {
            move |job: &Job| {
                let model = model.ok_or_else(|| Banner::error(&words.needs_weights, None))?;
                let trace = trace.ok_or_else(|| Banner::error(&words.needs_trace, None))?;
                let logits = logits_at(&model.network, &trace, token);
                let candidates = Candidate::best(&model, &logits, WORDS);
                let best = candidates.first().map_or(0, |candidate| candidate.id);
                let question = Question { token, word: word.unwrap_or(best), against };
                let mut progress = job.tell("Taking the logit apart");
                let attribution = attribute(&model.network, &trace, question, &mut progress)
                    .map_err(|error| Banner::of(&error, words))?;
                Ok(Said { attribution, words: candidates })
            }
        });
    }

    /// Keeps what the selected head reads for the logit, until either changes.
    fn read_sources(&mut self, state: &State) {
        let head = state.head;
        let (run, trace) = self.visible(state);
        let complete = trace.filter(|trace| trace.is_complete() && trace.has(head));
        let Some((said, trace)) = self.reasons.said.get().zip(complete) else {
            self.reasons.sources = None;
            return;
        };
        let read = (run, said.attribution.question, head);
        if self.reasons.sources.as_ref().is_none_or(|(own, _)| *own != read) {
            let sources = said.attribution.sources(trace, head);
            self.reasons.sources = Some((read, sources));
        }
    }
}
