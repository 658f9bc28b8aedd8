//! Keras files: `.keras` (a zip of configuration, weights and assets), `.weights.h5`, and the older whole-model `.h5`.

use super::hdf5::{self, Group};
use crate::model::error::LoadError;
use crate::model::stored::{Storage, map_file};
use serde_json::Value;
use std::borrow::Cow;
use std::io::{Cursor, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zip::{CompressionMethod, ZipArchive};

const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
const WEIGHTS: &str = "model.weights.h5";

/// What a Keras file holds.
#[derive(Debug)]
pub(in crate::model) struct Archive {
    /// The weights, as groups of datasets
    pub weights: Group,
    /// The model's configuration, where the file has one
    pub config: Option<Value>,
    /// The Keras that wrote it, where the file says so: `3.15.1`
    pub version: Option<String>,
    /// Lines of the vocabulary that a `TextVectorization` layer keeps beside its configuration
    pub vocabulary: Option<Vec<String>>,
    /// The file
    pub place: PathBuf,
}

/// The Keras file that a path is, or that a folder without other weights holds.
pub(in crate::model) fn at(path: &Path) -> Option<PathBuf> {
    if path.is_file() {
        return is_one(path).then(|| path.to_owned());
    }
    let others = ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"];
    if others.iter().any(|name| path.join(name).is_file()) {
        return None;
    }
    let names = ["model.keras", WEIGHTS, "model.h5"];
    names.iter().map(|name| path.join(name)).find(|file| file.is_file())
}

fn is_one(file: &Path) -> bool {
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    matches!(ending.as_deref(), Some("keras" | "h5" | "hdf5"))
}

/// Opens any of the three kinds; which it is, its first bytes say.
pub(in crate::model) fn open(file: &Path) -> Result<Archive, LoadError> {
    let storage = Arc::new(map_file(file)?);
    let place = file.to_owned();
    if storage.bytes().starts_with(HDF5) {
        let weights = hdf5::read(&storage, 0..storage.bytes().len(), file)?;
        let json = weights.attributes.get("model_config").and_then(|text| text.first());
        let config = json.map(|text| parse(text.as_bytes(), file)).transpose()?;
        let version = weights.attributes.get("keras_version").and_then(|text| text.first()).cloned();
        return Ok(Archive { weights, config, version, vocabulary: None, place });
    }
    // More than this unpacked is a bomb
    let most = (storage.bytes().len() as u64).saturating_mul(8).saturating_add(1 << 20);
    let mut archive = ZipArchive::new(Cursor::new(storage.bytes())).map_err(|error| broken(file, &error))?;
    let (storage, range) = weights(&mut archive, &storage, most, file)?;
    let weights = hdf5::read(&storage, range, file)?;
    let config = entry(&mut archive, "config.json", most, file)?;
    let config = config.map(|bytes| parse(&bytes, file)).transpose()?;
    let metadata = entry(&mut archive, "metadata.json", most, file)?;
    let metadata = metadata.map(|bytes| parse(&bytes, file)).transpose()?;
    let version = metadata.and_then(|metadata| Some(metadata.get("keras_version")?.as_str()?.to_owned()));
    let words = archive.file_names().filter_map(Result::ok);
    let words = words.into_iter().find(|name| name.ends_with("vocabulary.txt")).map(Cow::into_owned);
    let words = words.map(|name| entry(&mut archive, &name, most, file)).transpose()?.flatten();
    let vocabulary =
        words.map(|bytes| String::from_utf8_lossy(&bytes).split('\n').map(str::to_owned).collect());
    Ok(Archive { weights, config, version, vocabulary, place })
}

type Zip<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// The weights' bytes: where they lie if Keras stored them, unpacked if someone packed the file anew.
fn weights(
    archive: &mut Zip<'_>,
    whole: &Arc<Storage>,
    most: u64,
    file: &Path,
) -> Result<(Arc<Storage>, Range<usize>), LoadError> {
    let stored = {
        let part = archive.by_name(WEIGHTS).ok();
        let start = part.as_ref().and_then(zip::read::ZipFile::data_start);
        let stored = part.as_ref().is_some_and(|part| part.compression() == CompressionMethod::Stored);
        let size = part.map_or(0, |part| part.compressed_size());
        start.filter(|_| stored).and_then(|start| Some(start..start.checked_add(size)?))
    };
    if let Some(range) = stored {
        if range.end > whole.bytes().len() as u64 {
            return Err(broken(file, &format!("`{WEIGHTS}` ends behind the end of the file")));
        }
        return Ok((whole.clone(), range.start as usize..range.end as usize));
    }
    let bytes =
        entry(archive, WEIGHTS, most, file)?.ok_or_else(|| broken(file, &format!("no `{WEIGHTS}` in it")))?;
    Ok((Arc::new(Storage::owned(&bytes)), 0..bytes.len()))
}

/// One file of the archive, stored or deflated; more than `most` bytes are refused.
fn entry(archive: &mut Zip<'_>, name: &str, most: u64, file: &Path) -> Result<Option<Vec<u8>>, LoadError> {
    let Some(index) = archive.index_for_name(name) else { return Ok(None) };
    let part = archive.by_index_raw(index).map_err(|error| broken(file, &error))?;
    let mut bytes = Vec::new();
    let read = match part.compression() {
        CompressionMethod::Stored => part.take(most + 1).read_to_end(&mut bytes),
        CompressionMethod::DEFLATE => {
            flate2::read::DeflateDecoder::new(part).take(most + 1).read_to_end(&mut bytes)
        }
        other => return Err(broken(file, &format!("`{name}` is packed with {other}"))),
    };
    read.map_err(|error| broken(file, &error))?;
    if bytes.len() as u64 > most {
        return Err(broken(file, &format!("`{name}` unpacks to more than it may")));
    }
    Ok(Some(bytes))
}

fn parse(json: &[u8], file: &Path) -> Result<Value, LoadError> {
    serde_json::from_slice(json)
        .map_err(|error| broken(file, &format!("its configuration is no JSON: {error}")))
}

fn broken(file: &Path, reason: &impl ToString) -> LoadError {
    LoadError::Broken { format: "Keras", file: file.to_owned(), reason: reason.to_string() }
}
