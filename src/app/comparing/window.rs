//! What commands do about the second run.

use super::CompareChoice;
use crate::{
    analysis::compare::Alignment,
    app::{document::Reference, layout::Preset, panes::dialogs::Dialog, training::Act, window::Window},
};

impl CompareChoice {
    /// Lets go of what was asked of the model before: its second prompt stays as text.
    pub fn forget_model(&mut self) {
        self.asked.clear();
        (self.model, self.step) = (None, None);
    }
}

impl Window {
    pub(in crate::app) fn edit_second(&mut self, text: String) {
        self.state.compare.prompt = text;
        if self.settings.live && self.quick() {
            self.run_second();
        }
    }

    pub(in crate::app) fn run_second(&mut self) {
        self.state.compare.asked.clone_from(&self.state.compare.prompt);
    }

    pub(in crate::app) fn ask_for_second(&mut self) {
        self.dialog = Dialog::Second { path: String::new() };
        self.session.look_for_models();
    }

    /// Compares with another model, or with the first one again; the layout that shows it comes in sight.
    pub(in crate::app) fn open_second(&mut self, model: Option<Reference>) {
        self.dialog = Dialog::None;
        if let Some(Reference::Path(path)) = &model {
            self.settings.remember(path);
        }
        (self.state.compare.model, self.state.compare.step) = (model, None);
        self.show_comparison();
    }

    /// Compares with a step of the training in sight; of a live one that no view shows, its model is opened, too.
    pub(in crate::app) fn compare_with_step(&mut self, step: u64) {
        let before = self.state.compare.step.replace(step);
        self.state.compare.model = None;
        self.show_comparison();
        if before.is_none() && self.state.timeline.folder.is_none() && self.live_place().is_none() {
            self.live.act(Act::Open, self.session.post());
        }
    }

    fn show_comparison(&mut self) {
        if !super::PANES.into_iter().any(|pane| self.dock.tree.tiles.find_pane(&pane).is_some()) {
            Preset::Compare.id().clone_into(&mut self.state.layout);
        }
    }

    pub(in crate::app) fn clear_second(&mut self) {
        self.state.compare.forget_model();
    }

    /// Pins a cell of one of the three maps, as far as the first run has it.
    pub(in crate::app) fn pin_aligned(&mut self, run: usize, query: usize, key: usize) {
        let (Some(found), Some(trace)) = (self.session.comparing.found.get(), &self.session.trace) else {
            return;
        };
        let Some(part) = trace.spec.blocks.get(self.state.head.layer).map(|block| block.part) else { return };
        let (rows, columns) =
            (found.comparison.alignment(part.rows()), found.comparison.alignment(part.columns()));
        self.state.query = in_first(rows, run, query).or(self.state.query);
        self.state.key = in_first(columns, run, key).or(self.state.key);
    }
}

/// The token of the first run that a token of a map stands for: 0 is the first run's own, 1 the second's, 2 that of
/// the difference, whose tokens are pairs.
pub fn in_first(alignment: &Alignment, run: usize, token: usize) -> Option<usize> {
    match run {
        0 => Some(token),
        1 => alignment.a_of_b(token),
        _ => alignment.pairs.get(token).map(|pair| pair.ends()[0]),
    }
}

/// The token of a map that a token of the first run stands for.
pub fn of_first(alignment: &Alignment, run: usize, token: usize) -> Option<usize> {
    match run {
        0 => Some(token),
        1 => alignment.b_of_a(token),
        _ => alignment.pair_of_a(token),
    }
}
