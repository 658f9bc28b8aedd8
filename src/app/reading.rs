//! Prompts that come as files: dropped on the window, read into the first prompt's box or the second's.

use super::{banner::Banner, window::Window};
use crate::engine::Prompt;
use std::{io::Read as _, path::Path};

/// Bytes beyond which a file is no prompt: some hundred times the longest context.
const MOST: u64 = 16 << 20;

impl Window {
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
