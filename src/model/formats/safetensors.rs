//! safetensors, single and sharded. The `safetensors` crate checks the header against the file before we trust it.

use super::Tensors;
use crate::model::error::LoadError;
use crate::model::weights::{Dtype, Storage, StoredTensor, map_file};
use safetensors::SafeTensors;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Reads one file's table of tensors; their numbers stay where they are.
pub(super) fn read(file: &Path, into: &mut BTreeMap<String, StoredTensor>) -> Result<(), LoadError> {
    let storage = Arc::new(map_file(file)?);
    parse(&storage, file, into)
}

/// The same for bytes that are in memory already.
pub(super) fn parse(
    storage: &Arc<Storage>,
    file: &Path,
    into: &mut BTreeMap<String, StoredTensor>,
) -> Result<(), LoadError> {
    let broken = |reason: String| LoadError::Broken { format: "safetensors", file: file.to_owned(), reason };
    let (header, metadata) =
        SafeTensors::read_metadata(storage.bytes()).map_err(|error| broken(error.to_string()))?;
    let data = 8 + header;
    for (name, info) in metadata.tensors() {
        let (start, end) = info.data_offsets;
        let range = data + start..data + end;
        if range.end > storage.bytes().len() {
            return Err(broken(format!("tensor `{name}` ends behind the end of the file")));
        }
        let dtype = match info.dtype {
            safetensors::Dtype::F32 => Ok(Dtype::F32),
            safetensors::Dtype::F16 => Ok(Dtype::F16),
            safetensors::Dtype::BF16 => Ok(Dtype::Bf16),
            other => Err(format!("{other:?}")),
        };
        let tensor = StoredTensor {
            dtype,
            shape: info.shape.clone(),
            storage: storage.clone(),
            range,
            file: file.to_owned(),
        };
        into.insert(name.clone(), tensor);
    }
    Ok(())
}

/// Reads every shard that an index names.
pub(super) fn sharded(folder: &Path, index: &Path) -> Result<Tensors, LoadError> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let wrong = |reason: String| LoadError::Index { file: index.to_owned(), reason };
    let bytes = std::fs::read(index).map_err(|source| LoadError::Read { file: index.to_owned(), source })?;
    let parsed: Index = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    let mut tensors = Tensors { place: folder.to_owned(), ..Tensors::default() };
    for shard in parsed.weight_map.values().collect::<BTreeSet<_>>() {
        let name = Path::new(shard);
        if name.file_name() != Some(name.as_os_str()) {
            return Err(wrong(format!("`{shard}` is no plain file name")));
        }
        if !folder.join(name).is_file() {
            return Err(wrong(format!("`{shard}` is not there")));
        }
        read(&folder.join(name), &mut tensors.map)?;
    }
    Ok(tensors)
}
