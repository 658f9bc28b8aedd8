//! GGUF 2 and 3: a table of keys, a table of tensors, then the tensors themselves, read in place.
//!
//! Own reader, as candle's stops at the first tensor of a kind it does not know (IQ4, MXFP4) and copies each tensor.

mod metadata;

use crate::model::error::LoadError;
use crate::model::weights::Storage;
use metadata::Cursor;
pub use metadata::Metadata;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

const MAGIC: &[u8; 4] = b"GGUF";
/// Tensors have no more dimensions than this.
const MOST_DIMENSIONS: u32 = 4;

/// Everything before the numbers.
struct Header {
    metadata: Metadata,
    tensors: Vec<Entry>,
}

/// One line of the table of tensors.
struct Entry {
    name: String,
    /// Slowest dimension first, as everywhere else
    shape: Vec<usize>,
    kind: u32,
    /// In the file
    range: Range<usize>,
}

fn broken(file: &Path, reason: impl Into<String>) -> LoadError {
    LoadError::Broken { format: "GGUF", file: file.to_owned(), reason: reason.into() }
}

/// Whether a file is one, by its first bytes.
pub(in crate::model) fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Reads both tables.
fn header(storage: &Arc<Storage>, file: &Path) -> Result<Header, LoadError> {
    tables(storage).map_err(|reason| broken(file, reason))
}

fn tables(storage: &Arc<Storage>) -> Result<Header, String> {
    let bytes = storage.bytes();
    if !is_one(bytes) {
        return Err("it does not begin with `GGUF`".into());
    }
    let mut cursor = Cursor { bytes, at: MAGIC.len() };
    match cursor.u32()? {
        2 | 3 => {}
        1 => return Err("version 1 is no longer read: convert the model again".into()),
        version if (2..=3).contains(&version.swap_bytes()) => return Err("it is big-endian".into()),
        version => return Err(format!("version {version} is unknown")),
    }
    let (n_tensors, n_keys) = (cursor.u64()?, cursor.u64()?);
    let metadata = Metadata::read(&mut cursor, storage, n_keys)?;
    let mut tensors = Vec::new();
    for _ in 0..n_tensors {
        let name = cursor.text()?;
        let n_dimensions = cursor.u32()?;
        if n_dimensions > MOST_DIMENSIONS {
            return Err(format!("tensor `{name}` has {n_dimensions} dimensions"));
        }
        let mut shape = Vec::new();
        for _ in 0..n_dimensions {
            let dimension = usize::try_from(cursor.u64()?).map_err(|error| error.to_string())?;
            shape.insert(0, dimension);
        }
        let kind = cursor.u32()?;
        let offset = usize::try_from(cursor.u64()?).map_err(|error| error.to_string())?;
        tensors.push(Entry { name, shape, kind, range: offset..offset });
    }
    Ok(Header { metadata, tensors })
}
