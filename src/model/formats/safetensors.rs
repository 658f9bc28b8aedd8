//! safetensors, single and sharded. The `safetensors` crate checks the header against the file before we trust it.

use crate::kernels::Packing;
use crate::model::error::LoadError;
use crate::model::stored::{Dtype, Storage, StoredTensor};
use safetensors::SafeTensors;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// No weight has more; a header may list a million for a single number.
const MOST_DIMENSIONS: usize = 8;

/// Reads a file's table of tensors; their numbers stay where they are.
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
        if info.shape.len() > MOST_DIMENSIONS {
            return Err(broken(format!("tensor `{name}` has {} dimensions", info.shape.len())));
        }
        let (start, end) = info.data_offsets;
        let range = data + start..data + end;
        if range.end > storage.bytes().len() {
            return Err(broken(format!("tensor `{name}` ends behind the end of the file")));
        }
        if info.dtype == safetensors::Dtype::F64 {
            let tensor = StoredTensor::rounded(&storage.bytes()[range], info.shape.clone(), file);
            into.insert(name.clone(), tensor);
            continue;
        }
        let dtype = match info.dtype {
            safetensors::Dtype::F32 => Ok(Dtype::F32),
            safetensors::Dtype::F16 => Ok(Dtype::F16),
            safetensors::Dtype::BF16 => Ok(Dtype::Bf16),
            safetensors::Dtype::F8_E4M3 => Ok(Dtype::Packed(Packing::E4m3)),
            safetensors::Dtype::F8_E5M2 => Ok(Dtype::Packed(Packing::E5m2)),
            other => Err(format!("{other:?}")),
        };
        let tensor = StoredTensor::new(dtype, info.shape.clone(), storage, range, file);
        into.insert(name.clone(), tensor);
    }
    Ok(())
}
