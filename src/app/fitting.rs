//! A prompt for a model that cannot read the one at hand: offered, and taken where nobody wrote that one.

use super::{
    banner::{Banner, Offer},
    running::Request,
    window::Window,
};

impl Window {
    /// Takes what is offered where the prompt is only an example's, which came with another model.
    pub(super) fn take_fitting(&mut self) {
        let Some(Banner { offer: Some(Offer::Fitting(text)), .. }) = &self.session.banner else { return };
        let prompt = &self.state.prompt;
        if self.state.ids.is_some() || !self.examples.iter().any(|example| example.prompt == *prompt) {
            return;
        }
        let text = text.clone();
        let notice = (self.session.post().words().fitted)(&text);
        self.state.prompt = text;
        (self.state.example, self.state.query, self.state.key, self.state.view) = (None, None, None, None);
        self.session.run_prompt(Request::of(&self.state));
        self.session.banner = Some(Banner::done(notice));
    }
}
