//! Editing by token: the run is on exactly these ids, whatever text they make; and the ways that were tried.

use super::{banner::Banner, panes::dialogs::Dialog, running::Request, state::State, window::Window};
use crate::model::{Sampler, Sampling, Tokenizer};

/// How many ways are kept.
const MOST: usize = 64;

/// Where a typed token goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splice {
    /// In the place of the token with this index.
    Replace(usize),
    /// Before it.
    Insert(usize),
}

impl Window {
    /// Runs on these tokens; the prompt box shows what they say.
    pub(super) fn edit_tokens(&mut self, ids: Vec<u32>) {
        if ids.is_empty() {
            return;
        }
        let model = self.session.model.as_ref();
        let text = match model.and_then(|model| model.tokenizer.as_ref()) {
            Some(tokenizer) => said(tokenizer, &ids),
            None => ids.iter().map(u32::to_string).collect::<Vec<_>>().join(" "),
        };
        self.typed = None;
        self.state.prompt = text;
        self.state.example = None;
        self.state.ids = Some(ids);
        self.session.run_prompt(Request::of(&self.state));
    }

    /// The same, as one more way that was taken from the run in sight: a word that follows, or in the place of a mask.
    pub(super) fn write_next(&mut self, id: u32) {
        let Some(trace) = self.session.trace.as_ref().filter(|trace| trace.is_complete()) else { return };
        let here = trace.ids();
        let mut next = here.clone();
        match trace.answer_at.filter(|_| !trace.spec.generates()) {
            Some(hidden) => next[hidden] = id,
            None => next.push(id),
        }
        remember(&mut self.state, here);
        remember(&mut self.state, next.clone());
        self.state.query = None;
        self.edit_tokens(next);
    }

    /// Draws one of the candidates by the rules; the same place draws the same.
    pub(super) fn draw_next(&mut self) {
        let Some(trace) = self.session.trace.as_ref().filter(|trace| trace.is_complete()) else { return };
        let logits = trace.answer_logits();
        if logits.is_empty() {
            return;
        }
        let seed = self.state.sampling.seed.wrapping_add(trace.n_tokens() as u64);
        let id = Sampler::new(Sampling { seed, ..self.state.sampling.clone() }).draw(logits);
        self.write_next(id);
    }

    /// Puts typed text among the tokens.
    pub(super) fn splice(&mut self, at: Splice, text: &str) {
        self.dialog = Dialog::None;
        let model = self.session.model.as_ref();
        let (Some(tokenizer), Some(trace)) =
            (model.and_then(|model| model.tokenizer.as_ref()), self.session.trace.as_ref())
        else {
            return;
        };
        let mut ids: Vec<u32> = trace.tokens_of(trace.prompt_side()).iter().map(|token| token.id).collect();
        match tokenizer.encode_bare(text) {
            Ok(tokens) => {
                let new = tokens.into_iter().map(|token| token.id);
                match at {
                    Splice::Replace(index) if index < ids.len() => drop(ids.splice(index..=index, new)),
                    Splice::Insert(index) if index <= ids.len() => drop(ids.splice(index..index, new)),
                    _ => return, // another run meanwhile
                }
                self.edit_tokens(ids);
            }
            Err(error) => self.session.banner = Some(Banner::of(&error, self.session.post().words())),
        }
    }
}

/// Ids as one would type them: what frames a text is left out, a mask is not.
fn said(tokenizer: &Tokenizer, ids: &[u32]) -> String {
    let text = |ids: &[u32]| {
        let plain: Vec<u32> = ids.iter().copied().filter(|&id| !tokenizer.is_added(id)).collect();
        tokenizer.decode(&plain)
    };
    let Some(mask) = tokenizer.mask().filter(|mask| ids.contains(mask)) else {
        return text(ids).trim_start().to_owned();
    };
    let parts: Vec<String> = ids.split(|&id| id == mask).map(|part| text(part).trim().to_owned()).collect();
    parts.join(&format!(" {} ", tokenizer.text(mask))).trim().to_owned()
}

/// Keeps a way, unless it is there; the oldest goes where there are too many.
fn remember(state: &mut State, ids: Vec<u32>) {
    if !state.branches.contains(&ids) {
        state.branches.push(ids);
        if state.branches.len() > MOST {
            state.branches.remove(0);
        }
    }
}

/// One way in the tree: how deep it hangs, and the tokens it adds to the one it hangs from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch<'a> {
    /// All its ids.
    pub ids: &'a [u32],
    /// How many ways it hangs below.
    pub depth: usize,
    /// Where its own tokens begin.
    pub from: usize,
}

/// The ways as a tree: each hangs from the longest other that begins it.
pub fn tree(branches: &[Vec<u32>]) -> Vec<Branch<'_>> {
    let mut sorted: Vec<&Vec<u32>> = branches.iter().collect();
    sorted.sort();
    let mut above: Vec<&Vec<u32>> = Vec::new();
    let mut tree = Vec::with_capacity(sorted.len());
    for ids in sorted {
        while above.last().is_some_and(|other| !ids.starts_with(other)) {
            above.pop();
        }
        let from = above.last().map_or(0, |other| other.len());
        tree.push(Branch { ids, depth: above.len(), from });
        above.push(ids);
    }
    tree
}
