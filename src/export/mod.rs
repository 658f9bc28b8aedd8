//! Floor 4: files: arrays, tables, pictures and pages of what a trace holds.
//!
//! One table, [`FORMATS`], says what can be written; every file appears whole or not at all.

pub mod arrays;
pub mod atomic;
mod caption;
mod csv;
mod error;
pub mod figure;
mod formats;
mod html;
mod json;
pub mod latex;
mod npz;
mod options;
pub mod pdf;
mod pdf_boxes;
mod pdf_text;
pub mod picture;
mod plate;
pub mod png;
mod preset;
mod recipe;
mod safetensors;
mod settings;
pub mod tikz;
mod what;
pub mod words;

pub use crate::trace::FirstToken;
pub use arrays::Source;
pub use caption::{Caption, caption, command_line, formula, is_latex, model as model_in_words};
pub use error::ExportError;
pub use formats::{FORMATS, Format, Holds, endings, export, format_of, is_folder};
pub use json::listed;
pub use npz::write_matrix;
pub use options::{Dtype, Labels, Lang, Look, NotASpan, Options, Span};
pub use plate::{Body, Plate, Table};
pub use preset::Preset;
pub use recipe::{Recipe, RecipeError, STYLE_KEYS};
pub use settings::Settings;
pub use what::{Along, NotARange, Ranges, Selection, What};
pub use words::Says;
