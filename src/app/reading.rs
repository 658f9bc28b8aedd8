//! Prompts that were not typed: files dropped on the window, read into the first prompt's box or the second's, and
//! those that were run before.

use super::{
    banner::Banner,
    command::{Command, Refusal},
    scene::Scene,
    settings::Settings,
    window::Window,
};
use crate::{engine::Prompt, model::Message};
use std::{io::Read as _, path::Path};

/// Bytes beyond which a file is no prompt: some hundred times the longest context.
const MOST: u64 = 16 << 20;

impl Settings {
    /// The prompt that was run before this one, or after it; the latest before one that was never run.
    fn beside(&self, prompt: &str, back: bool) -> Option<&String> {
        let here = self.history.iter().position(|other| other == prompt);
        let there = match (here, back) {
            (None, true) => 0,
            (None, false) => return None,
            (Some(here), true) => here + 1,
            (Some(here), false) => here.checked_sub(1)?,
        };
        self.history.get(there)
    }
}

impl Scene<'_> {
    /// To the prompt before this one or after it, or why there is none.
    pub fn earlier(&self, back: bool) -> Result<Command, Refusal> {
        let there = self.settings.beside(&self.state.prompt, back);
        there.map(|_| Command::WalkHistory { back }).ok_or(self.words.session.no_history)
    }
}

impl Window {
    /// Puts the prompt before this one, or after it, into the box. It is not run: that would make it the latest.
    pub(super) fn walk_history(&mut self, back: bool) {
        if let Some(prompt) = self.settings.beside(&self.state.prompt, back).cloned() {
            self.edit(prompt);
            self.typed = None;
        }
    }

    /// Puts other turns before the prompt.
    pub(super) fn set_turns(&mut self, turns: Vec<Message>) {
        (self.state.turns, self.state.ids) = (turns, None);
        self.typed = self.settings.live.then(std::time::Instant::now);
    }

    /// Takes a file's text as the prompt and runs it; as the one that is compared with where `second`.
    pub(super) fn read_prompt(&mut self, path: &Path, second: bool) {
        match text_of(path) {
            Ok(text) if second => {
                self.edit_second(text);
                self.run_second();
            }
            Ok(text) => self.run_earlier(text),
            Err(error) => {
                let words = self.session.post().words();
                let what = (words.session.no_prompt)(&path.display().to_string(), &error.to_string());
                self.session.banner = Some(Banner::error(&what, None));
            }
        }
    }
}

/// The text in it, as the command line reads it.
fn text_of(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(MOST).read_to_string(&mut text)?;
    Ok(Prompt::in_file(text))
}
