//! PyTorch's files: a pickle that names storages, and the storages, read in place.
//!
//! Since PyTorch 1.6 both lie in a zip archive without compression; before, the storages follow the pickle.

mod machine;
mod names;
mod pickle;
mod state;

use crate::model::error::LoadError;
use crate::model::stored::{Storage, StoredTensor};
use machine::{FOREIGN, MAGIC_WORD};
use pickle::{Pickle, Value};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Whether a file's first bytes are those of one: an archive, or a pickle (and no safetensors header of as many bytes).
pub(super) fn is_one(bytes: &[u8]) -> bool {
    let pickle = matches!(bytes, [0x80, 2..=5, ..]) && bytes.get(8) != Some(&b'{');
    bytes.starts_with(b"PK\x03\x04") || pickle
}

/// Reads a file's tensors; their numbers stay where they are.
pub(super) fn parse(
    storage: &Arc<Storage>,
    file: &Path,
    into: &mut BTreeMap<String, StoredTensor>,
) -> Result<(), LoadError> {
    let broken = |reason: String| match reason.strip_prefix(FOREIGN) {
        Some(name) => LoadError::Foreign { name: name.to_owned(), file: file.to_owned() },
        None => LoadError::Broken { format: "PyTorch", file: file.to_owned(), reason },
    };
    let bytes = storage.bytes();
    let found = if bytes.starts_with(b"PK") { archive(bytes) } else { legacy(bytes) };
    let (pickle, storages) = found.map_err(broken)?;
    let copies = Cell::new(bytes.len().saturating_mul(2));
    let model = state::Model { pickle: &pickle, storages: &storages, bytes: storage, file, copies };
    model.tensors(into).map_err(broken)
}

/// Where each storage's bytes are, by key.
type Storages = BTreeMap<String, Range<usize>>;

/// The archive's one folder holds `data.pkl` and `data/KEY` for every storage.
fn archive(bytes: &[u8]) -> Result<(Pickle, Storages), String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let mut storages = Storages::new();
    let mut found = None;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| error.to_string())?;
        let name = entry.name().map_err(|error| error.to_string())?.into_owned();
        let Some((_, inner)) = name.split_once('/') else { continue };
        let key = inner.strip_prefix("data/");
        if key.is_none() && !matches!(inner, "data.pkl" | "byteorder") {
            continue;
        }
        if entry.compression() != zip::CompressionMethod::Stored || entry.encrypted() {
            return Err(format!("`{name}` is compressed, which PyTorch never does"));
        }
        let start = entry.data_start().and_then(|start| usize::try_from(start).ok());
        let end =
            usize::try_from(entry.size()).ok().zip(start).and_then(|(size, start)| size.checked_add(start));
        let range = start.zip(end).map(|(start, end)| start..end).filter(|range| range.end <= bytes.len());
        let range = range.ok_or_else(|| format!("`{name}` ends behind the end of the file"))?;
        match (inner, key) {
            (_, Some(key)) => {
                storages.insert(key.to_owned(), range);
            }
            ("data.pkl", _) => found = Some(range),
            _ if &bytes[range.clone()] != b"little" => return Err("its numbers are not little-endian".into()),
            _ => {}
        }
    }
    let pickle = found.ok_or("there is no data.pkl in it")?;
    Ok((Pickle::read(&bytes[pickle])?, storages))
}

/// A magic number, a version, the writer's sizes, the object, the storages' keys: five pickles; then the storages.
fn legacy(bytes: &[u8]) -> Result<(Pickle, Storages), String> {
    let mut at = 0;
    let mut next = || {
        let pickle = Pickle::read(&bytes[at..])?;
        at += pickle.len;
        Ok::<_, String>((pickle, at))
    };
    let (magic, _) = next()?;
    if magic.text(magic.root) != Some(MAGIC_WORD) {
        return Err("it is a pickle, but none of PyTorch's".into());
    }
    let (_version, _sizes) = (next()?, next()?);
    let (object, _) = next()?;
    let (keys, mut at) = next()?;
    let kinds = state::kinds(&object);
    let Value::List(order) = keys.get(keys.root) else {
        return Err("the list of storages is missing".into());
    };
    let mut storages = Storages::new();
    for &key in order {
        let key = keys.text(key).ok_or("a storage has no name")?;
        let size = kinds.get(key).map(|kind| state::size(*kind)).ok_or("a storage is of no known kind")?;
        let count = bytes[at..].first_chunk().map(|count| u64::from_le_bytes(*count));
        let length = count.and_then(|count| usize::try_from(count).ok()?.checked_mul(size));
        let start = at + size_of::<u64>();
        let end = length.and_then(|length| start.checked_add(length)).filter(|&end| end <= bytes.len());
        let end = end.ok_or("a storage ends behind the end of the file")?;
        storages.insert(key.to_owned(), start..end);
        at = end;
    }
    Ok((object, storages))
}
