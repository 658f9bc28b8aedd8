//! Which heads the grid shows: an expression over their measures and roles, in either language. Read once, and asked of
//! every head once, until the expression, the run or the roles are others.

use super::{
    command::{Command, Refusal},
    layout::Pane,
    scene::Scene,
    session::Session,
    state::State,
    window::Window,
    words::Language,
};
use crate::{
    analysis::{Filter, FilterError, MEASURES, Named, atlas::ROLES},
    model::HeadId,
};
use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator as _;

/// The filter as it is written: part of the state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeadFilter {
    /// The expression.
    pub text: String,
    /// Whether heads that do not pass are gone, not dimmed.
    pub hide: bool,
}

/// Where it is written.
pub fn filter_id() -> egui::Id {
    egui::Id::unique("filter of heads")
}

/// What the written filter comes to.
#[derive(Debug, Default)]
pub struct Passing {
    text: String,
    /// Run, its layers that are done, and the number of what was told of roles.
    of: (u64, usize, u64),
    read: Option<Result<Filter, FilterError>>,
    /// Heads that pass, by layer.
    heads: Vec<HeadId>,
}

impl Passing {
    /// Whether there is an expression that reads.
    pub fn is_on(&self) -> bool {
        matches!(self.read, Some(Ok(_)))
    }

    /// Where the expression does not read.
    pub fn error(&self) -> Option<&FilterError> {
        self.read.as_ref().and_then(|read| read.as_ref().err())
    }

    /// The heads that pass, by layer; none where no expression reads.
    pub fn heads(&self) -> &[HeadId] {
        &self.heads
    }

    /// Whether a head is to be shown: every one is where no expression reads.
    pub fn shows(&self, head: HeadId) -> bool {
        !self.is_on() || self.heads.binary_search(&head).is_ok()
    }
}

/// Reads an expression with the names of both languages.
fn read(text: &str) -> Result<Filter, FilterError> {
    let mut names: Vec<(&str, Named)> = Vec::new();
    for language in Language::iter() {
        let words = language.words();
        names.extend(MEASURES.iter().map(|measure| ((words.measure)(measure).0, Named::Measure(measure))));
        names.extend(ROLES.iter().map(|role| ((words.atlas.role)(role), Named::Role(role))));
        names
            .extend([(words.choosing.word_role, Named::WordRole), (words.choosing.word_none, Named::NoRole)]);
    }
    Filter::parse(text, &names)
}

impl Session {
    /// Asks the filter of every head anew where something has changed.
    pub(super) fn follow_filter(&mut self, state: &State) {
        let text = state.filter.as_ref().map_or("", |filter| filter.text.trim());
        let (run, trace) = self.visible(state);
        let of = (run, trace.map_or(0, crate::trace::Trace::layers_done), self.told.number());
        let same = self.passing.text == text;
        if same && self.passing.of == of {
            return;
        }
        let read = match (same, text.is_empty()) {
            (true, _) => self.passing.read.clone(),
            (false, true) => None,
            (false, false) => Some(read(text)),
        };
        let heads = match (&read, trace) {
            (Some(Ok(filter)), Some(trace)) => filter.heads(trace, self.told.roles()).collect(),
            _ => Vec::new(),
        };
        self.passing = Passing { text: text.to_owned(), of, read, heads };
    }
}

impl Scene<'_> {
    /// Every head that passes, chosen.
    pub fn choose_passing(&self) -> Result<Command, Refusal> {
        if self.trace.is_none() {
            return Err(self.words.needs_trace);
        }
        let heads = self.passing.heads();
        let none = self.words.choosing.none_passes;
        if heads.is_empty() { Err(none) } else { Ok(Command::ChooseHeads(heads.to_vec())) }
    }
}

impl Window {
    /// Opens the filter, and puts the cursor in it.
    pub(super) fn ask_for_filter(&mut self, ctx: &egui::Context) {
        self.state.filter.get_or_insert_default();
        self.show_pane(Pane::Heads);
        ctx.memory_mut(|memory| memory.request_focus(filter_id()));
    }
}
