//! Which heads the grid shows: an expression over their measures, in either language.

use super::{
    command::{Command, Refusal},
    layout::Pane,
    scene::Scene,
    window::Window,
    words::Language,
};
use crate::{
    analysis::{Filter, FilterError, MEASURES, Measure},
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

impl Scene<'_> {
    /// The filter, or where it does not read; none where nothing is written.
    pub fn filter(&self) -> Option<Result<Filter, FilterError>> {
        let text = self.state.filter.as_ref().map(|filter| filter.text.trim())?;
        if text.is_empty() {
            return None;
        }
        let of = |language: Language| {
            let name = language.words().measure;
            MEASURES.iter().map(move |measure| (name(measure).0, measure))
        };
        let names: Vec<(&str, &'static Measure)> = Language::iter().flat_map(of).collect();
        Some(Filter::parse(text, &names))
    }

    /// Every head that passes, chosen.
    pub fn choose_passing(&self) -> Result<Command, Refusal> {
        let trace = self.trace.ok_or(self.words.needs_trace)?;
        let none = self.words.choosing.none_passes;
        let filter = self.filter().and_then(Result::ok).ok_or(none)?;
        let heads: Vec<HeadId> = filter.heads(trace).collect();
        if heads.is_empty() { Err(none) } else { Ok(Command::ChooseHeads(heads)) }
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
