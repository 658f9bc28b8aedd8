//! From the window to the export floor: which piece of the run, in which looks.

use super::{banner::Banner, state::State, theme};
use crate::{
    engine::Job,
    export::{self, FORMATS, Format, Holds, Look, Options, Ranges, Selection, Source, What},
    model::Model,
    trace::{Trace, saved},
};
use std::{ops::ControlFlow, path::Path};

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The selected head's weights.
    Head,
    /// Every head's weights.
    Heads,
    /// The residual stream before every block and after the last.
    States,
    /// The whole run, to be opened again.
    Trace,
}

impl Piece {
    /// The formats that can hold it.
    pub fn formats(self) -> impl Iterator<Item = &'static Format> {
        FORMATS.iter().filter(move |format| match self {
            Self::Trace => format.holds == Holds::Trace,
            Self::States => !matches!(format.holds, Holds::Page | Holds::Trace),
            Self::Head | Self::Heads => format.holds != Holds::Trace,
        })
    }

    /// The ending that its file starts with.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Head => ".png",
            Self::Heads => ".html",
            Self::States => ".npz",
            Self::Trace => saved::ENDING,
        }
    }
}

/// The same looks as on screen.
pub fn options(piece: Piece, state: &State, dark: bool) -> Options {
    let one = |index| Some(Ranges::one(index));
    let selection = match piece {
        Piece::Head => Selection { layers: one(state.head.layer), heads: one(state.head.head) },
        Piece::Heads | Piece::States | Piece::Trace => Selection::default(),
    };
    let what = if piece == Piece::States { What::Resid } else { What::Pattern };
    let map = (piece != Piece::States).then(|| state.look.map(dark));
    let look = Look { theme: Some(theme::shared(dark)), map, scale: state.look.scale, ..Look::default() };
    Options { what: vec![what], selection, look, ..Options::default() }
}

/// Writes the file; reports to `job` and ends when it is cancelled.
pub fn write(
    model: Option<&Model>,
    trace: &Trace,
    options: &Options,
    path: &Path,
    stage: &'static str,
    job: &Job,
) -> Result<(), Banner> {
    let watch = |done: f32| {
        job.report(stage, done);
        if job.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let source = Source { model, trace, watch: &watch };
    match export::export(&source, options, path) {
        Ok(_) => Ok(()),
        Err(error) => Err(Banner::error(&error, error.hint())),
    }
}
