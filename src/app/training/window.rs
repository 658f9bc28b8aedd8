//! What the window does about a training: shows what it made, says where it was saved.

use super::{Act, Outcome};
use crate::{
    app::{
        banner::Banner,
        layout::{Pane, Preset},
        window::Window,
    },
    train::Task,
};

impl Window {
    /// Does it. What begins or goes on where no pane would tell of it comes in sight.
    pub(in crate::app) fn train(&mut self, act: Act) {
        let goes_on = matches!(act, Act::Run(true) | Act::Step | Act::StartOver);
        self.live.act(act, self.session.post());
        let told = [Pane::TrainCurves, Pane::TrainHeads, Pane::TrainNumbers];
        if goes_on && !told.into_iter().any(|pane| self.sees(pane)) {
            (self.state.layout, self.state.maximised) = (Preset::Train.id().to_owned(), None);
        }
    }

    /// Takes in what the training's worker told.
    pub(in crate::app) fn hear_training(&mut self) {
        for outcome in self.live.hear() {
            match outcome {
                Outcome::Say(banner) => self.session.banner = Some(banner),
                Outcome::Saved(folder) => {
                    let exported = self.session.post().words().exported;
                    self.session.banner = Some(Banner::done(exported(&folder.display().to_string())));
                }
                Outcome::Show(model, trace) => {
                    let texts = trace.tokens.iter().skip(1).map(|token| token.text.as_str());
                    let task = self.live.began.as_ref().map(|began| began.task);
                    let between = if task == Some(Task::Text) { "" } else { " " };
                    self.state.prompt = texts.collect::<Vec<_>>().join(between);
                    (self.state.target, self.state.example) = (String::new(), None);
                    (self.state.query, self.state.key, self.state.view) = (None, None, None);
                    self.state.interventions.clear();
                    self.state.head = self.live.head;
                    // A step that is compared with waits for this one
                    let layout =
                        if self.state.compare.step.is_some() { Preset::Compare } else { Preset::Inspect };
                    layout.id().clone_into(&mut self.state.layout);
                    self.state.timeline.folder = None;
                    self.session.open_made(model, trace.as_ref().clone());
                    if let Some(moment) = self.live.moving().or_else(|| self.live.unkept()) {
                        self.session.is_moment(moment);
                    }
                    self.session.fit(&mut self.state);
                }
            }
        }
    }

    /// Where a live model would be saved.
    pub(in crate::app) fn training_folder(&self) -> String {
        let task: &str = self.live.choice.task.into();
        let step = self.live.shown().map_or(0, |(report, _)| report.steps);
        self.settings.folder_for_exports().join(format!("{task}-{step}")).display().to_string()
    }
}
