//! What the window writes: the dialog's choices become a file, a preview, a picture on the clipboard.

use super::{
    banner::Banner,
    exporting::{self, Finish, Piece},
    figures::Key,
    panes::dialogs::Dialog,
    viewing::{self, Desk},
    window::Window,
    words::Words,
};
use crate::{
    engine::{Job, ViewAsk, plate},
    export::{self, Options, Settings, Source, Span, atomic},
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
        let folder = self.settings.folder_for_exports();
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

    fn desk(&self) -> Desk<'_> {
        Desk { session: &self.session, state: &self.state, live: &self.live }
    }

    /// Keeps the part that is shown inside the map.
    fn cut(&self, options: &mut Options) {
        let sight = self.session.mapping.main.sight();
        let cells = sight.map_or_else(|| self.session.cells(self.state.head), |sight| sight.cells());
        let inside = |span: Span, n: usize| {
            let last = span.last.min(n.saturating_sub(1));
            Span { first: span.first.min(last), last }
        };
        options.look.rows = options.look.rows.map(|rows| inside(rows, cells.queries));
        options.look.columns = options.look.columns.map(|columns| inside(columns, cells.keys));
    }

    /// The run that a piece is of, with its number.
    fn run_of(&self, piece: Piece) -> (u64, Option<&Trace>) {
        viewing::run_of(piece.view(), &self.session, &self.state)
    }

    /// The view that a piece is, as the state has it.
    fn view_ask(&self, piece: Piece, trace: &Trace) -> Option<ViewAsk> {
        Some(viewing::ask(piece.view()?, self.desk(), trace))
    }

    /// The picture that a choice comes to; none before there is a run.
    pub(super) fn figure_key(&self, piece: Piece, finish: Finish, path: &str) -> Option<Key> {
        let (run, trace) = self.run_of(piece);
        let trace = trace.filter(|trace| trace.is_complete())?;
        let mut options = exporting::options(piece, finish, &self.state, Some(&trace.spec), self.dark);
        self.cut(&mut options);
        let view = self.view_ask(piece, trace);
        let settings = exporting::settings(self.desk(), (&options, view.as_ref()), path);
        let command = exporting::command(&settings);
        let latex = export::is_latex(Path::new(path.trim()));
        Some(Key { run, trace: trace.clone(), options, view, command, latex })
    }

    /// Writes a recipe of the figure beside where the figure would go: `mnemoscope figure` makes it again.
    pub(super) fn save_recipe(&mut self, path: &Path, piece: Piece, finish: Finish) {
        let Some(trace) = self.run_of(piece).1 else { return };
        let mut options = exporting::options(piece, finish, &self.state, Some(&trace.spec), self.dark);
        let view = self.view_ask(piece, trace);
        self.cut(&mut options);
        let name = path.display().to_string();
        let settings = exporting::settings(self.desk(), (&options, view.as_ref()), &name).from_anywhere();
        self.dialog = Dialog::None;
        self.settings.export_folder = path.parent().map(Path::to_owned);
        let (recipe, words) = (path.with_extension("toml"), self.session.post().words());
        self.session.export(recipe.clone(), move |_| write_recipe(&settings, &recipe, words));
    }

    pub(super) fn export(&mut self, path: PathBuf, piece: Piece, finish: Finish) {
        let Some(trace) = self.run_of(piece).1.cloned() else { return };
        let model = self.session.model.clone();
        self.dialog = Dialog::None;
        self.settings.export_folder = path.parent().map(Path::to_owned);
        let mut options =
            exporting::options_for(&path, (piece, finish), &self.state, Some(&trace.spec), self.dark);
        self.cut(&mut options);
        let view = self.view_ask(piece, &trace);
        let words = self.session.post().words();
        self.session.export(path.clone(), move |job| {
            write((model.as_deref(), &trace), (&options, view.as_ref()), &path, words, job)
        });
    }
}

/// Writes the recipe of the figure that the dialog shows.
fn write_recipe(settings: &Settings, path: &Path, words: &Words) -> Result<(), Banner> {
    let text = settings.to_toml();
    let written = atomic::write(path, |out| Ok(out.write_all(text.as_bytes())?));
    written.map_err(|error| Banner::of(&error, words))
}

/// Writes the file; reports to `job` and ends when it is cancelled.
fn write(
    (model, trace): (Option<&Model>, &Trace),
    (options, view): (&Options, Option<&ViewAsk>),
    path: &Path,
    words: &Words,
    job: &Job,
) -> Result<(), Banner> {
    let mut watch = job.tell(words.exporting);
    if let Some(ask) = view {
        let plate = plate(model, trace, ask, &mut watch);
        let plate = plate.map_err(|error| Banner::of(&error, words))?;
        return plate.write(options.look, path).map_err(|error| Banner::of(&error, words));
    }
    let source = Source { model, trace, watch: &watch };
    match export::export(&source, options, path) {
        Ok(_) => Ok(()),
        Err(error) => Err(Banner::of(&error, words)),
    }
}
