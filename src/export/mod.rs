//! Floor 4: files: arrays, tables, pictures and pages of what a trace holds.
//!
//! One table, [`FORMATS`], says what can be written; every file appears whole or not at all.

pub mod arrays;
pub mod atomic;
mod csv;
mod error;
pub mod figure;
mod formats;
mod html;
mod json;
mod map;
mod npz;
mod options;
pub mod picture;
pub mod png;
mod safetensors;
mod what;

pub use arrays::Source;
pub use error::ExportError;
pub use formats::{FORMATS, Format, Holds, endings, export, format_of, is_folder};
pub use json::listed;
pub use map::write_map;
pub use options::{Dtype, Labels, Look, Options};
pub use what::{Along, NotARange, Ranges, Selection, What};
