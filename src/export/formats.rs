//! The table of formats, and the one way to write a file.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::trace::{HeadId, saved};

use super::arrays::Source;
use super::error::ExportError;
use super::options::Options;
use super::what::{Ranges, Selection};
use super::{atomic, csv, html, json, npz, picture, safetensors};

/// A kind of file.
pub struct Format {
    /// Its name's ending, dot included.
    pub ending: &'static str,
    /// Its name in menus.
    pub label: &'static str,
    /// What it is good for, in one sentence.
    pub sentence: &'static str,
    /// What it holds.
    pub holds: Holds,
    write: Writer,
}

type Writer = fn(&Source<'_>, &Options, &mut dyn Write) -> Result<(), ExportError>;

/// What a format holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Any number of arrays.
    Arrays,
    /// One kind of value as lines.
    Table,
    /// A picture of one head, or of many in small.
    Picture,
    /// An interactive page of many heads.
    Page,
    /// The whole run.
    Trace,
}

/// Every format that can be written.
pub const FORMATS: &[Format] = &[
    Format {
        ending: ".npz",
        label: "NumPy archive",
        sentence: "Arrays for Python: numpy.load opens them by their TransformerLens names",
        holds: Holds::Arrays,
        write: npz::write,
    },
    Format {
        ending: saved::ENDING,
        label: "Saved trace",
        sentence: "The whole run: opens again here, without the model",
        holds: Holds::Trace,
        write: write_trace,
    },
    Format {
        ending: ".safetensors",
        label: "Safetensors",
        sentence: "Arrays for any framework, with model and prompt in the metadata",
        holds: Holds::Arrays,
        write: safetensors::write,
    },
    Format {
        ending: ".json",
        label: "JSON",
        sentence: "Tokens and nested arrays, for scripts and web pages",
        holds: Holds::Arrays,
        write: json::write,
    },
    Format {
        ending: ".csv",
        label: "CSV table",
        sentence: "One line a value, for spreadsheets and R",
        holds: Holds::Table,
        write: csv::write,
    },
    Format {
        ending: ".png",
        label: "PNG picture",
        sentence: "One head, or a contact sheet of many, for slides",
        holds: Holds::Picture,
        write: picture::write_png,
    },
    Format {
        ending: ".svg",
        label: "SVG picture",
        sentence: "The same with real text and sharp edges, for papers",
        holds: Holds::Picture,
        write: picture::write_svg,
    },
    Format {
        ending: ".pdf",
        label: "PDF picture",
        sentence: "The same as vectors with its fonts inside, for LaTeX and print",
        holds: Holds::Picture,
        write: picture::write_pdf,
    },
    Format {
        ending: ".tex",
        label: "TikZ picture",
        sentence: "The same as LaTeX source, to be set in your document's own fonts",
        holds: Holds::Picture,
        write: picture::write_tikz,
    },
    Format {
        ending: ".html",
        label: "Interactive page",
        sentence: "One file that opens in any browser: pick a head, hover its map",
        holds: Holds::Page,
        write: html::write,
    },
];

/// The endings, for messages: `.npz, .safetensors, …`.
pub fn endings() -> String {
    FORMATS.iter().map(|format| format.ending).collect::<Vec<_>>().join(", ")
}

/// The format that a file's name asks for.
pub fn format_of(path: &Path) -> Result<&'static Format, ExportError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let named = FORMATS.iter().find(|format| name.ends_with(format.ending) && name != format.ending);
    named.ok_or_else(|| ExportError::Ending(path.to_owned()))
}

/// Everything that the run left behind: half a trace would not open again.
fn write_trace(source: &Source<'_>, options: &Options, out: &mut dyn Write) -> Result<(), ExportError> {
    if options.selection != Selection::default() {
        let what = "some layers or heads only".to_owned();
        return Err(ExportError::Content { format: saved::ENDING, what });
    }
    saved::write(source.trace, source.watch, out).map_err(|error| match error.kind() {
        std::io::ErrorKind::Interrupted => ExportError::Cancelled,
        _ => ExportError::Io(error),
    })
}

/// Whether a path asks for a folder of pictures: it ends in a slash, or is a folder already.
pub fn is_folder(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(['/', std::path::MAIN_SEPARATOR]) || path.is_dir()
}

/// Writes what `path` says: a file of the format that it ends in, or into a folder one picture per head.
///
/// Returns the files written. After an error the folder may hold some of its pictures, each of them whole.
pub fn export(source: &Source<'_>, options: &Options, path: &Path) -> Result<Vec<PathBuf>, ExportError> {
    if is_folder(path) {
        if options.combine.is_some() {
            let why = "a combined map is one picture: name a file, or leave --combine out";
            return Err(ExportError::Selection(why.into()));
        }
        return export_folder(source, options, path);
    }
    let format = format_of(path)?;
    let arrays = matches!(format.holds, Holds::Arrays | Holds::Table | Holds::Trace);
    let cut = options.look.is_cut() || options.combine.is_some();
    if (arrays && !options.picked.is_empty()) || (format.holds != Holds::Picture && cut) {
        return Err(ExportError::Cut(format.ending));
    }
    atomic::write(path, |out| (format.write)(source, options, out))?;
    Ok(vec![path.to_owned()])
}

fn export_folder(source: &Source<'_>, options: &Options, folder: &Path) -> Result<Vec<PathBuf>, ExportError> {
    let heads = picture::heads(source.trace, options)?;
    std::fs::create_dir_all(folder).map_err(|error| ExportError::write(folder, error))?;
    let mut written = Vec::with_capacity(heads.len());
    for (index, &HeadId { layer, head }) in heads.iter().enumerate() {
        if (source.watch)(index as f32 / heads.len() as f32).is_break() {
            return Err(ExportError::Cancelled);
        }
        let selection = Selection { layers: Some(Ranges::one(layer)), heads: Some(Ranges::one(head)) };
        let one = Options { selection, picked: Vec::new(), combine: None, ..options.clone() };
        let quiet = Source { watch: &|_| ControlFlow::Continue(()), ..*source };
        let name = source.trace.spec.head_label(HeadId { layer, head });
        let path = folder.join(format!("{name}.png"));
        atomic::write(&path, |out| picture::write_png(&quiet, &one, out))?;
        written.push(path);
    }
    Ok(written)
}
