//! The logit lens in the window: how it reads, the word whose rank is followed, and what workers make of both.

use super::{banner::Banner, derived::Derived, session::Session, state::State};
use crate::{
    analysis::{Lens, LensOptions, LensTint, lens},
    engine::Job,
};
use serde::{Deserialize, Serialize};

/// What the lens shows: part of the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LensChoice {
    /// What the table is tinted by, and says beside each word.
    pub tint: LensTint,
    /// Without the final norm.
    pub raw: bool,
    /// The word whose rank through the layers is plotted.
    pub word: Option<u32>,
}

/// Texts of at most so many tokens have further words beside the likeliest, for cells that have room for them.
const FEW: usize = 256;
const RUNNERS_UP: usize = 3;

/// The table: of a run, raw or not.
pub type LensOf = Derived<(u64, bool), Lens>;
/// Of which run, raw or not, which word, after which token.
pub type WordKey = (u64, bool, u32, usize);
/// A word's rank and probability at each layer.
pub type Ranks = Vec<(usize, f64)>;
/// Both, as a worker finds them.
pub type WordOf = Derived<WordKey, Ranks>;

impl Session {
    /// Works out the lens of the run in sight, and the pinned word's ranks after the token in sight.
    pub(super) fn follow_lens(&mut self, state: &State, drawn: bool) {
        let (run, trace) = self.visible(state);
        let speaks = |trace: &&crate::trace::Trace| trace.is_complete() && trace.spec.scores_words();
        let ready = trace.filter(speaks).filter(|_| drawn && self.busy.is_none() && self.model.is_some());
        let (raw, token) = (state.lens.raw, self.pinned_target(state));
        let key = ready.map(|_| (run, raw));
        let word = ready.and(state.lens.word.zip(token)).map(|(word, token)| (run, raw, word, token));
        let post = self.post().clone();
        let panicked = Banner::error(&post.words().waiting, None);
        if !self.lens.is_of(key.as_ref(), &post) {
            let (model, trace) = (self.model.clone(), self.visible(state).1.cloned());
            let none = panicked.clone();
            self.lens.follow("logit lens", key, &post, |_| {
                move |job: &Job| {
                    let (model, trace) = model.zip(trace).ok_or_else(|| none.clone())?;
                    let n = trace.n_tokens();
                    let top = if n <= FEW { RUNNERS_UP + 1 } else { 1 };
                    let options = LensOptions { raw, ..LensOptions::new(0..n, top) };
                    lens(&model, &trace, &options, &mut job.tell("Reading every layer")).ok_or(none)
                }
            });
        }
        if !self.lens_word.is_of(word.as_ref(), &post) {
            let (model, trace) = (self.model.clone(), self.visible(state).1.cloned());
            self.lens_word.follow("word in the lens", word, &post, |&(_, raw, word, token)| {
                move |job: &Job| {
                    let (model, trace) = model.zip(trace).ok_or_else(|| panicked.clone())?;
                    let options = LensOptions { tokens: token..token + 1, top: 1, raw, word: Some(word) };
                    let lens = lens(&model, &trace, &options, &mut job.tell("Reading every layer"));
                    let layers = lens.map(|lens| lens.layers).unwrap_or_default();
                    Ok(layers.iter().filter_map(|layer| layer.said.first()?.word).collect())
                }
            });
        }
    }

    /// The pinned token of the text that is written, else the last.
    fn pinned_target(&self, state: &State) -> Option<usize> {
        let trace = self.trace.as_ref()?;
        let of_target = trace.spec.blocks.get(state.head.layer)?.part.rows() == crate::trace::Side::Target;
        let pinned = self.pinned_query(state).filter(|_| of_target);
        let last = trace.n_tokens().checked_sub(1)?;
        Some(pinned.or(trace.answer_at).map_or(last, |token| token.min(last)))
    }
}
