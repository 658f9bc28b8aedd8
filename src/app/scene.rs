//! What a pane may see: everything by reference, nothing to change. Changes go out as commands.

use super::{
    command::{Command, Refusal},
    examples::Example,
    getting::Shelf,
    row::Row,
    session::{Busy, Checks},
    settings::Settings,
    state::{Hover, Shown, State, View},
    text::{Words, grouped},
};
use crate::{
    analysis::Lens,
    model::{HeadId, Hook, Model, ModelSpec},
    trace::{Candidate, Trace},
};
use std::sync::Arc;

/// One frame's world.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, all read only")]
pub struct Scene<'a> {
    /// The language.
    pub words: &'static Words,
    /// What is selected.
    pub state: &'a State,
    /// What outlives the window.
    pub settings: &'a Settings,
    /// The model that is open.
    pub model: Option<&'a Arc<Model>>,
    /// Whether it is the one that came with the app.
    pub embedded: bool,
    /// The run in sight, perhaps still running: the clean one, or the one with interventions.
    pub trace: Option<&'a Trace>,
    /// Which run that is: pictures kept under another number are stale.
    pub run: u64,
    /// The clean run and its number, and the changed one, where there are both.
    pub both: Option<(u64, &'a Trace, &'a Trace)>,
    /// The run's tokens as they are shown.
    pub labels: &'a [String],
    /// Characters of the longest of them.
    pub longest: usize,
    /// Weights of the row that is shown.
    pub row: Option<&'a Row>,
    /// What each layer would say next.
    pub lens: Option<&'a Lens>,
    /// Whether the numbers hold.
    pub checks: &'a Checks,
    /// Models that are not open.
    pub shelf: &'a Shelf,
    /// Where the pointer was in the frame before.
    pub hover: Hover,
    /// What is being worked on.
    pub busy: Option<&'a Busy>,
    /// The embedded model's prompts; empty for another model.
    pub examples: &'a [Example],
    /// Whether there is something to undo.
    pub can_undo: bool,
    /// Whether there is something to redo.
    pub can_redo: bool,
    /// Which theme is on.
    pub dark: bool,
    /// Whether the lower pane is open.
    pub lower_open: bool,
}

/// What panes send back.
#[derive(Default)]
pub struct Out {
    /// In the order they were given.
    pub commands: Vec<Command>,
    /// What the pointer is on now.
    pub hover: Hover,
}

impl Out {
    /// Sends one command.
    pub fn send(&mut self, command: Command) {
        self.commands.push(command);
    }
}

impl<'a> Scene<'a> {
    /// Whether what is open is a saved trace: a run without the model that made it.
    pub fn only_trace(&self) -> bool {
        self.model.is_none() && self.trace.is_some_and(Trace::is_complete)
    }

    /// Name and architecture of what is open.
    pub fn named(&self) -> Option<(&'a str, &'a ModelSpec)> {
        let model = self.model.map(|model| (model.name.as_str(), &**model.spec()));
        model.or_else(|| self.trace.map(|trace| (trace.model_name.as_str(), &*trace.spec)))
    }

    /// Tokens of the run; 0 where there is none.
    pub fn n_tokens(&self) -> usize {
        self.trace.map_or(0, Trace::n_tokens)
    }

    /// Whether the open model says how a conversation is written down.
    pub fn chats(&self) -> bool {
        self.model.is_some_and(|model| model.chat_template.is_some())
    }

    /// Whether the selected head's layer has been computed.
    pub fn head_ready(&self) -> bool {
        self.trace.is_some_and(|trace| self.state.head.layer < trace.layers_done())
    }

    /// The pinned query, else the token that the answer follows, else the last.
    pub fn pinned_query(&self) -> Option<usize> {
        let answer = self.trace.and_then(|trace| trace.answer_at);
        self.state.query.or(answer).or_else(|| self.n_tokens().checked_sub(1))
    }

    /// The pinned key.
    pub fn pinned_key(&self) -> Option<usize> {
        self.state.key
    }

    /// The query whose row every view shows: under the pointer, else pinned.
    pub fn shown_query(&self) -> Option<usize> {
        self.hover.query.filter(|&query| query < self.n_tokens()).or_else(|| self.pinned_query())
    }

    /// The key that every view marks: under the pointer, else pinned.
    pub fn shown_key(&self) -> Option<usize> {
        self.hover.key.filter(|&key| key < self.n_tokens()).or(self.state.key)
    }

    /// The classifier's answer: for the whole input, or for the query that is shown.
    pub fn classes(&self) -> &[Candidate] {
        let rows = self.trace.map_or(&[][..], |trace| &trace.classes);
        let index = if rows.len() > 1 { self.shown_query().unwrap_or(0) } else { 0 };
        rows.get(index).map_or(&[], Vec::as_slice)
    }

    /// A token as the user knows it: its place and its text.
    pub fn token_name(&self, index: usize) -> String {
        self.labels.get(index).map_or_else(String::new, |label| format!("{} {label}", grouped(index as u64)))
    }

    /// The selected head's hook, with its head as the index.
    pub fn hook_name(&self) -> String {
        let head = self.state.head;
        format!(
            "{}[{}]",
            self.trace.map_or_else(String::new, |trace| trace.spec.hook_name(Hook::Pattern, head.layer)),
            head.head
        )
    }

    /// The run that is subtracted from the one in sight, where their difference is shown.
    pub fn less(&self) -> Option<(u64, &Trace)> {
        let (run, clean, _) = self.both.filter(|_| self.state.shown == Shown::Difference)?;
        Some((run, clean))
    }

    /// The head `layers` down and `heads` across.
    pub fn neighbour(&self, layers: isize, heads: isize) -> Result<HeadId, Refusal> {
        let trace = self.trace.ok_or(self.words.needs_trace)?;
        let now = self.state.head;
        let layer = now.layer.checked_add_signed(layers).filter(|&layer| layer < trace.n_layers());
        let layer = layer.ok_or(self.words.at_border)?;
        let last = trace.heads(layer).saturating_sub(1);
        let head = match heads {
            0 => now.head.min(last),
            _ => {
                now.head.checked_add_signed(heads).filter(|&head| head <= last).ok_or(self.words.at_border)?
            }
        };
        Ok(HeadId { layer, head })
    }

    /// A token next to another.
    pub fn stepped(&self, from: Option<usize>, by: isize) -> Result<usize, Refusal> {
        if self.trace.is_none() {
            return Err(self.words.needs_trace);
        }
        let Some(from) = from else { return Ok(0) };
        from.checked_add_signed(by).filter(|&to| to < self.n_tokens()).ok_or(self.words.at_border)
    }

    /// The view, zoomed about the shown cell.
    pub fn zoomed(&self, factor: f32) -> Result<Option<View>, Refusal> {
        let n = self.n_tokens();
        if n == 0 {
            return Err(self.words.needs_trace);
        }
        let view = self.view();
        let share = |cell: Option<usize>, start: f32| {
            cell.map_or(0.5, |cell| ((cell as f32 + 0.5 - start) / view.span).clamp(0.0, 1.0))
        };
        let at = (share(self.shown_query(), view.query), share(self.shown_key(), view.key));
        Ok(view.zoomed(factor, at.0, at.1, n).unless_whole(n))
    }

    /// The piece of the map in sight.
    pub fn view(&self) -> View {
        self.state.view.unwrap_or_else(|| View::whole(self.n_tokens()))
    }
}
