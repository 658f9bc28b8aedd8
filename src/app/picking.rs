//! The system's file dialogs: asked from a dialog's field, heard back into it.

use super::{
    drafting::Answers,
    panes::dialogs::{Ask, Dialog},
    window::Window,
    worker::Purpose,
};
use std::path::PathBuf;

impl Window {
    /// Puts what was picked into the field that it was picked for.
    pub(super) fn picked(&mut self, purpose: Purpose, path: Option<PathBuf>) {
        let Some(path) = path else { return };
        match (&mut self.dialog, purpose) {
            (
                Dialog::Open { path: field }
                | Dialog::Second { path: field }
                | Dialog::SaveTraining { path: field }
                | Dialog::Text { path: field }
                | Dialog::Atlas { path: field, .. }
                | Dialog::Change { answers: Answers { text: field, .. }, .. },
                Purpose::Model,
            )
            | (
                Dialog::Export { path: field, .. }
                | Dialog::Session { path: field }
                | Dialog::Atlas { path: field, .. },
                Purpose::Export,
            ) => {
                *field = path.display().to_string();
            }
            _ => {} // the dialog was closed meanwhile
        }
    }

    /// Opens the system's dialog where the field points.
    pub(super) fn ask(&self, ask: Ask) {
        let start = match &self.dialog {
            Dialog::Export { path, .. } | Dialog::Session { path } | Dialog::Atlas { path, .. } => {
                PathBuf::from(path)
            }
            _ => PathBuf::new(),
        };
        let ask_file = matches!(ask, Ask::File);
        let save = matches!(ask, Ask::Save);
        self.session.pick(ask.purpose(), move || {
            let mut dialog = rfd::FileDialog::new();
            if let Some(folder) = start.parent().filter(|folder| folder.is_dir()) {
                dialog = dialog.set_directory(folder);
            }
            if save {
                let name = start.file_name().unwrap_or_default().to_string_lossy();
                dialog.set_file_name(name).save_file()
            } else if ask_file {
                dialog.pick_file()
            } else {
                dialog.pick_folder()
            }
        });
    }
}
