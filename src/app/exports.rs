//! What the window writes: the dialog's choices become a file, a preview, a picture on the clipboard.

use super::{
    banner::Banner,
    exporting::{self, Finish, Piece},
    figures::Key,
    panes::dialogs::Dialog,
    window::Window,
    words::Words,
};
use crate::{
    engine::{Job, ViewAsk, plate},
    export::{self, Options, Source},
    model::Model,
    trace::Trace,
};
use std::path::{Path, PathBuf};

impl Window {
    /// Opens the dialog.
    pub(super) fn ask_for_export(&mut self, piece: Piece) {
        let finish = match &self.dialog {
            Dialog::Export { finish, .. } => *finish,
            _ => self.usual_finish(),
        };
        self.dialog = Dialog::Export { path: self.export_name(piece), piece, finish };
    }

    fn export_name(&self, piece: Piece) -> String {
        let folder =
            self.settings.export_folder.clone().or_else(|| std::env::current_dir().ok()).unwrap_or_default();
        let model = self.session.trace.as_ref().map_or("model", |trace| trace.model_name.as_str());
        let part = match piece {
            Piece::Head => match &self.session.trace {
                Some(trace) => trace.spec.head_label(self.state.head),
                None => self.state.head.label(),
            },
            Piece::Heads => "heads".to_owned(),
            Piece::Chosen => "chosen".to_owned(),
            Piece::States => "states".to_owned(),
            Piece::Trace => "run".to_owned(),
            Piece::View(view) => view.id().to_owned(),
        };
        let name = format!("{model}-{part}{}", piece.ending());
        folder.join(name).display().to_string()
    }

    /// The view that a piece is, as the state has it.
    fn view_ask(&self, piece: Piece) -> Option<ViewAsk> {
        let Piece::View(view) = piece else { return None };
        let trace = self.session.visible(&self.state).1?;
        Some(exporting::ask(view, &self.state, trace, self.session.pinned_query(&self.state)))
    }

    /// The picture that a choice comes to.
    pub(super) fn figure_key(&self, piece: Piece, finish: Finish, path: &str) -> Key {
        let spec = self.session.visible(&self.state).1.map(|trace| &*trace.spec);
        let options = exporting::options(piece, finish, &self.state, spec, self.dark);
        let view = self.view_ask(piece);
        let source = self.session.source.as_ref();
        let command = exporting::command(source, (&options, view.as_ref()), &self.state, path);
        Key { run: self.session.visible(&self.state).0, options, view, command }
    }

    pub(super) fn export(&mut self, path: PathBuf, piece: Piece, finish: Finish) {
        let Some(trace) = self.session.visible(&self.state).1.cloned() else { return };
        let model = self.session.model.clone();
        self.dialog = Dialog::None;
        self.settings.export_folder = path.parent().map(Path::to_owned);
        let options =
            exporting::options_for(&path, (piece, finish), &self.state, Some(&trace.spec), self.dark);
        let view = self.view_ask(piece);
        let words = self.session.post().words();
        self.session.export(path.clone(), move |job| {
            write((model.as_deref(), &trace), (&options, view.as_ref()), &path, words, job)
        });
    }
}

/// Writes the file; reports to `job` and ends when it is cancelled.
fn write(
    (model, trace): (Option<&Model>, &Trace),
    (options, view): (&Options, Option<&ViewAsk>),
    path: &Path,
    words: &Words,
    job: &Job,
) -> Result<(), Banner> {
    let watch = |done: f32| {
        job.report(words.exporting, done);
        job.go_on()
    };
    if let Some(ask) = view {
        let plate = plate(model, trace, ask, &mut { watch });
        let plate = plate.map_err(|error| Banner::of(&error, words))?;
        return plate.write(options.look, path).map_err(|error| Banner::of(&error, words));
    }
    let source = Source { model, trace, watch: &watch };
    match export::export(&source, options, path) {
        Ok(_) => Ok(()),
        Err(error) => Err(Banner::of(&error, words)),
    }
}
