//! GGUF 2 and 3: a table of keys, a table of tensors, then the tensors themselves, read in place.
//!
//! Own reader, as candle's stops at the first tensor of a kind it does not know (IQ4, MXFP4) and copies each tensor.

mod architectures;
mod made;
mod metadata;
mod translate;
mod unread;

use super::Tensors;
use crate::kernels::Packing;
use crate::model::config::Config;
use crate::model::error::LoadError;
use crate::model::stored::{Dtype, Storage, StoredTensor, map_file};
use metadata::Cursor;
pub use metadata::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MAGIC: &[u8; 4] = b"GGUF";
/// Tensors have no more dimensions than this.
const MOST_DIMENSIONS: u32 = 4;
/// A model in more files than this is a broken one.
const MOST_SHARDS: u64 = 1000;

/// A whole model: configuration and tensors as Hugging Face names them, and what else the file says.
pub(in crate::model) struct Whole {
    pub(in crate::model) config: Config,
    pub(in crate::model) tensors: Tensors,
    /// Holds the tokenizer
    pub(in crate::model) metadata: Metadata,
    /// Keys that nobody knows
    pub(in crate::model) strange: Vec<String>,
}

/// Everything before the numbers.
struct Header {
    metadata: Metadata,
    tensors: Vec<(String, StoredTensor)>,
}

fn broken(file: &Path, reason: impl Into<String>) -> LoadError {
    LoadError::Broken { format: "GGUF", file: file.to_owned(), reason: reason.into() }
}

/// Whether a file is one, by its first bytes: Ollama's files have no ending.
pub(in crate::model) fn is_one(file: &Path) -> bool {
    use std::io::Read as _;
    let mut start = [0; MAGIC.len()];
    std::fs::File::open(file).and_then(|mut file| file.read_exact(&mut start)).is_ok() && &start == MAGIC
}

/// Every `general.architecture` that opens, in alphabetical order.
pub fn architectures() -> Vec<&'static str> {
    let own = architectures::ARCHITECTURES.iter().copied().flatten().map(|known| known.name);
    let names: std::collections::BTreeSet<_> =
        own.chain(architectures::NAMES.iter().map(|kin| kin.0)).collect();
    names.into_iter().collect()
}

/// Opens a model in one file, or in several of which this is one.
pub(in crate::model) fn open(file: &Path) -> Result<Whole, LoadError> {
    let Header { metadata, mut tensors } = header(&Arc::new(map_file(file)?), file)?;
    let shards = metadata.count("split.count").unwrap_or(1);
    let Header { metadata, tensors } = if shards > 1 {
        let names = shard_names(file, shards)?;
        let mut first = None;
        tensors.clear();
        for (number, name) in names.iter().enumerate() {
            let shard = header(&Arc::new(map_file(name)?), name)?;
            if shard.metadata.count("split.no") != Some(number as u64) {
                return Err(broken(
                    name,
                    format!("it does not say that it is part {} of {shards}", number + 1),
                ));
            }
            tensors.extend(shard.tensors);
            first.get_or_insert(shard.metadata);
        }
        Header { metadata: first.unwrap_or(metadata), tensors }
    } else {
        Header { metadata, tensors }
    };
    translate::whole(metadata, &tensors, file)
}

/// `model-00002-of-00003.gguf` and its kin.
fn shard_names(file: &Path, shards: u64) -> Result<Vec<PathBuf>, LoadError> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let ending = format!("-of-{shards:05}.gguf");
    let stem = name.strip_suffix(&ending).and_then(|rest| rest.rsplit_once('-'));
    let Some((stem, _)) = stem.filter(|_| shards <= MOST_SHARDS) else {
        return Err(broken(
            file,
            format!("it is one of {shards} parts, but its name does not end in `{ending}`"),
        ));
    };
    Ok((1..=shards).map(|number| file.with_file_name(format!("{stem}-{number:05}{ending}"))).collect())
}

/// Reads both tables.
fn header(storage: &Arc<Storage>, file: &Path) -> Result<Header, LoadError> {
    tables(storage, file).map_err(|reason| broken(file, reason))
}

fn tables(storage: &Arc<Storage>, file: &Path) -> Result<Header, String> {
    let bytes = storage.bytes();
    if !bytes.starts_with(MAGIC) {
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
    let mut entries = Vec::new();
    for _ in 0..n_tensors {
        entries.push(entry(&mut cursor)?);
    }
    let alignment = metadata.count("general.alignment").unwrap_or(32);
    if !alignment.is_power_of_two() || alignment > 1 << 20 {
        return Err(format!("`general.alignment` is {alignment}, expected a power of two"));
    }
    let data = cursor.at.next_multiple_of(alignment as usize);
    place(entries, data, storage, file).map(|tensors| Header { metadata, tensors })
}

/// One line of the table of tensors.
struct Entry {
    name: String,
    /// Slowest dimension first, as everywhere else
    shape: Vec<usize>,
    kind: u32,
    /// From the end of the tables
    offset: usize,
}

fn entry(cursor: &mut Cursor<'_>) -> Result<Entry, String> {
    let name = cursor.text()?;
    let n_dimensions = cursor.u32()?;
    if n_dimensions > MOST_DIMENSIONS {
        return Err(format!("tensor `{name}` has {n_dimensions} dimensions"));
    }
    let mut number = || usize::try_from(cursor.u64()?).map_err(|error| error.to_string());
    let mut shape = (0..n_dimensions).map(|_| number()).collect::<Result<Vec<_>, _>>()?;
    shape.reverse();
    Ok(Entry {
        name,
        shape,
        kind: cursor.u32()?,
        offset: usize::try_from(cursor.u64()?).unwrap_or(usize::MAX),
    })
}

/// Gives each tensor its bytes; none may share any or lie outside the file.
fn place(
    mut entries: Vec<Entry>,
    data: usize,
    storage: &Arc<Storage>,
    file: &Path,
) -> Result<Vec<(String, StoredTensor)>, String> {
    entries.sort_by_key(|entry| entry.offset);
    let mut free = data;
    let mut tensors = Vec::with_capacity(entries.len());
    for Entry { name, shape, kind, offset } in entries {
        let start = data.saturating_add(offset);
        let dtype = dtype(kind);
        let size = match &dtype {
            Ok(dtype) => dtype.bytes(&shape),
            Err(_) => Some(0), // of a kind that is not read: refused by name when it is needed
        };
        let Some(end) = size.and_then(|size| start.checked_add(size)) else {
            return Err(format!("tensor `{name}` cannot be {shape:?} of its kind"));
        };
        if end > storage.bytes().len() && end > start {
            return Err(format!("tensor `{name}` ends behind the end of the file"));
        }
        if start < free && end > start {
            return Err(format!("tensor `{name}` lies over another"));
        }
        free = free.max(end);
        let range = if end > start { start..end } else { 0..0 };
        tensors.push((name, StoredTensor::new(dtype, shape, storage, range, file).aligned()));
    }
    Ok(tensors)
}

/// ggml's numbers for its kinds of tensor.
fn dtype(kind: u32) -> Result<Dtype, String> {
    Ok(Dtype::Packed(match kind {
        0 => return Ok(Dtype::F32),
        1 => return Ok(Dtype::F16),
        30 => return Ok(Dtype::Bf16),
        2 => Packing::Q4_0,
        3 => Packing::Q4_1,
        6 => Packing::Q5_0,
        7 => Packing::Q5_1,
        8 => Packing::Q8_0,
        10 => Packing::Q2K,
        11 => Packing::Q3K,
        12 => Packing::Q4K,
        13 => Packing::Q5K,
        14 => Packing::Q6K,
        20 => Packing::Iq4Nl,
        23 => Packing::Iq4Xs,
        39 => Packing::Mxfp4,
        _ => {
            const OTHERS: &[(u32, &str)] = &[
                (9, "Q8_1"),
                (15, "Q8_K"),
                (16, "IQ2_XXS"),
                (17, "IQ2_XS"),
                (18, "IQ3_XXS"),
                (19, "IQ1_S"),
                (21, "IQ3_S"),
                (22, "IQ2_S"),
                (24, "I8"),
                (25, "I16"),
                (26, "I32"),
                (27, "I64"),
                (28, "F64"),
                (29, "IQ1_M"),
                (34, "TQ1_0"),
                (35, "TQ2_0"),
                (40, "NVFP4"),
            ];
            let known = OTHERS.iter().find(|(number, _)| *number == kind);
            return Err(known.map_or_else(|| format!("kind {kind}"), |(_, name)| (*name).to_owned()));
        }
    }))
}
