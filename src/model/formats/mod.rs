//! Containers of weights: one file each, all giving the same list of tensors.

pub mod gguf;
pub(super) mod hdf5;
pub(super) mod keras;
mod safetensors;

use super::error::LoadError;
use super::weights::{Storage, StoredTensor};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every tensor of a model, by the name its file gives it.
#[derive(Debug, Default)]
pub(in crate::model) struct Tensors {
    pub(in crate::model) map: BTreeMap<String, StoredTensor>,
    /// The file, or the folder of shards, that they came from
    pub(in crate::model) place: PathBuf,
}

impl Tensors {
    /// From a folder in Hugging Face layout.
    pub(in crate::model) fn from_folder(folder: &Path) -> Result<Self, LoadError> {
        let single = folder.join("model.safetensors");
        let index = folder.join("model.safetensors.index.json");
        if single.is_file() {
            Self::from_file(&single)
        } else if index.is_file() {
            safetensors::sharded(folder, &index)
        } else {
            Err(LoadError::NoWeights(folder.to_owned()))
        }
    }

    /// A tensor by name, or by the name that TensorFlow gave norms' parameters before Transformers 2.
    pub(in crate::model) fn find(&self, name: String) -> Option<(&StoredTensor, String)> {
        if let Some(tensor) = self.map.get(&name) {
            return Some((tensor, name));
        }
        let old = match name.rsplit_once('.')? {
            (stem, "weight") => format!("{stem}.gamma"),
            (stem, "bias") => format!("{stem}.beta"),
            _ => return None,
        };
        Some((self.map.get(&old)?, old))
    }

    /// From one file.
    pub(in crate::model) fn from_file(file: &Path) -> Result<Self, LoadError> {
        let mut tensors = Self { place: file.to_owned(), ..Self::default() };
        safetensors::read(file, &mut tensors.map)?;
        Ok(tensors)
    }

    /// From bytes that are part of the program.
    pub(in crate::model) fn from_static(bytes: &'static [u8], name: &str) -> Result<Self, LoadError> {
        let mut tensors = Self { place: PathBuf::from(name), ..Self::default() };
        safetensors::parse(&Arc::new(Storage::Static(bytes)), Path::new(name), &mut tensors.map)?;
        Ok(tensors)
    }
}
