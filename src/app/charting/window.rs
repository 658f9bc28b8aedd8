//! What is done with the atlas.

use super::{AtlasAct, AtlasPath, Source};
use crate::{
    analysis::atlas::Passage,
    app::{panes::dialogs::Dialog, running::Request, window::Window},
};

impl Window {
    /// Does what was asked of the atlas.
    pub(in crate::app) fn act_on_atlas(&mut self, act: AtlasAct) {
        match act {
            AtlasAct::Choose(choice) => {
                if choice.source != self.state.atlas.source {
                    self.dialog = Dialog::None;
                }
                self.state.atlas = choice;
            }
            AtlasAct::Run { resume } => self.session.make_atlas(&self.state, resume),
            AtlasAct::Stop => self.session.stop_atlas(),
            AtlasAct::Ask(what) => self.dialog = Dialog::Atlas { what, path: self.atlas_path(what) },
            AtlasAct::Open(path) => {
                self.dialog = Dialog::None;
                self.session.open_atlas(path);
            }
            AtlasAct::Save(path) => {
                self.dialog = Dialog::None;
                let language = self.settings.language();
                self.session.save_atlas(path, language.lang(), language.words());
            }
            AtlasAct::Head(head) => {
                self.state.atlas.head = head;
                (self.state.atlas.looked, self.state.atlas.decile) = (None, None);
                let own = self.session.trace.as_ref().map(|trace| &trace.model_name);
                let of = self.session.charting.view().map(|view| &view.atlas.model);
                if own.is_some() && own == of {
                    self.select(head);
                }
            }
            AtlasAct::Passage(place, cell) => self.run_passage(place, cell),
        }
    }

    fn atlas_path(&self, what: AtlasPath) -> String {
        match (what, &self.state.atlas.source) {
            (AtlasPath::Save, _) => {
                self.settings.folder_for_exports().join("atlas.json").display().to_string()
            }
            (AtlasPath::Text, Source::Corpus(path)) => path.display().to_string(),
            _ => String::new(),
        }
    }

    fn run_passage(&mut self, place: usize, cell: Option<(usize, usize)>) {
        let passage = self.session.charting.view().and_then(|view| view.atlas.passages.get(place));
        let Some(text) = passage.map(Passage::text) else { return };
        self.state.begin(text);
        (self.state.query, self.state.key) = cell.unzip();
        self.session.run_prompt(Request::of(&self.state));
    }
}
