//! Containers of weights: one file each, all giving the same list of tensors.

pub mod gguf;
pub(super) mod hdf5;
pub(super) mod keras;
mod safetensors;
mod scales;
mod torch;

use super::error::LoadError;
use super::stored::{Storage, StoredTensor, map_file};
pub(in crate::model) use scales::Tile;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Endings of files that hold weights and want a `config.json` beside them.
pub(in crate::model) const ENDINGS: &[&str] = &["safetensors", "bin", "pt", "pth", "ckpt"];

/// Whether a file has one of these endings.
pub(in crate::model) fn has_ending(file: &Path, endings: &[&str]) -> bool {
    let found = file.extension().and_then(|ending| ending.to_str());
    found.is_some_and(|found| endings.iter().any(|ending| found.eq_ignore_ascii_case(ending)))
}

/// Whether a file is the index of shards: `model.safetensors.index.json`, perhaps with a variant in its name.
pub(in crate::model) fn is_index(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    has_ending(file, &["json"]) && name.contains(".index.")
}

/// Which of how many shards a file is, by its name: `model-00001-of-00002.safetensors`.
pub(in crate::model) fn shard(file: &Path) -> Option<(usize, usize)> {
    let (rest, of) = file.file_stem()?.to_str()?.rsplit_once("-of-")?;
    let (_, number) = rest.rsplit_once('-')?;
    Some((number.parse().ok()?, of.parse().ok()?))
}

/// Every tensor of a model, by the name its file gives it.
#[derive(Debug, Default)]
pub(in crate::model) struct Tensors {
    pub(in crate::model) map: BTreeMap<String, StoredTensor>,
    /// The file, or the folder of shards, that they came from
    pub(in crate::model) place: PathBuf,
}

impl Tensors {
    /// From a folder in Hugging Face layout; `tile` as its configuration says.
    pub(in crate::model) fn from_folder(folder: &Path, tile: Tile) -> Result<Self, LoadError> {
        for name in ["model.safetensors", "pytorch_model.bin"] {
            let (single, index) = (folder.join(name), folder.join(format!("{name}.index.json")));
            if single.is_file() {
                return Self::from_file(&single, tile);
            } else if index.is_file() {
                return Self::from_shards(folder, &index, tile);
            }
        }
        // Saved under a name of its own: plain, as long as it is the only one
        let entries = std::fs::read_dir(folder)
            .map_err(|source| LoadError::Read { file: folder.to_owned(), source })?
            .filter_map(|entry| Some(entry.ok()?.path()));
        let (indices, others): (Vec<_>, Vec<_>) = entries.partition(|file| is_index(file));
        let mut weights: Vec<_> = others.into_iter().filter(|file| has_ending(file, ENDINGS)).collect();
        match (&indices[..], &weights[..]) {
            ([index], _) => Self::from_shards(folder, index, tile),
            (_, [only]) => Self::from_file(only, tile),
            _ => {
                // Shards without their index: all of them, where their names say how many there are
                weights.sort();
                let all = |file: &PathBuf| shard(file).is_some_and(|(_, of)| of == weights.len());
                if weights.is_empty() || !weights.iter().all(all) {
                    return Err(LoadError::NoWeights(folder.to_owned()));
                }
                let mut tensors = Self { place: folder.to_owned(), ..Self::default() };
                for file in &weights {
                    tensors.add(file)?;
                }
                scales::join(&mut tensors, tile)?;
                Ok(tensors)
            }
        }
    }

    /// From every file that an index names.
    fn from_shards(folder: &Path, index: &Path, tile: Tile) -> Result<Self, LoadError> {
        #[derive(serde::Deserialize)]
        struct Index {
            weight_map: BTreeMap<String, String>,
        }
        let wrong = |reason: String| LoadError::Index { file: index.to_owned(), reason };
        let bytes =
            std::fs::read(index).map_err(|source| LoadError::Read { file: index.to_owned(), source })?;
        let parsed: Index = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        let mut tensors = Self { place: folder.to_owned(), ..Self::default() };
        for shard in parsed.weight_map.values().collect::<BTreeSet<_>>() {
            let name = Path::new(shard);
            if !name.components().all(|part| matches!(part, Component::Normal(_))) {
                return Err(wrong(format!("`{shard}` leads out of the folder")));
            }
            if !folder.join(name).is_file() {
                return Err(wrong(format!("`{shard}` is not there")));
            }
            tensors.add(&folder.join(name))?;
        }
        scales::join(&mut tensors, tile)?;
        Ok(tensors)
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

    /// The same without the first word of names, where more than half of them have it in common: Lightning's modules
    /// and users' own have the model under a name that they chose. Others are left out.
    pub(in crate::model) fn unwrapped(&self) -> Option<Self> {
        let first = |name: &str| name.split_once('.').map(|(first, _)| first.to_owned());
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for word in self.map.keys().filter_map(|name| first(name)) {
            *counts.entry(word).or_default() += 1;
        }
        let (word, _) = counts.into_iter().find(|(_, count)| 2 * count > self.map.len())?;
        let inner = self.map.iter().filter_map(|(name, tensor)| {
            let rest = name.strip_prefix(word.as_str())?.strip_prefix('.')?;
            Some((rest.to_owned(), tensor.clone()))
        });
        Some(Self { map: inner.collect(), place: self.place.clone() })
    }

    /// From one file.
    pub(in crate::model) fn from_file(file: &Path, tile: Tile) -> Result<Self, LoadError> {
        let mut tensors = Self { place: file.to_owned(), ..Self::default() };
        tensors.add(file)?;
        scales::join(&mut tensors, tile)?;
        Ok(tensors)
    }

    fn add(&mut self, file: &Path) -> Result<(), LoadError> {
        let storage = Arc::new(map_file(file)?);
        if torch::is_one(storage.bytes()) {
            torch::parse(&storage, file, &mut self.map)
        } else {
            let named = has_ending(file, &["safetensors"]);
            safetensors::parse(&storage, file, &mut self.map).map_err(|error| match error {
                LoadError::Broken { file, reason, .. } if !named => {
                    LoadError::Broken { format: "PyTorch or safetensors", file, reason }
                }
                other => other,
            })
        }
    }

    /// From a copy of bytes of a safetensors file; `place` stands for it in messages.
    pub(in crate::model) fn from_bytes(bytes: &[u8], place: &Path) -> Result<Self, LoadError> {
        let mut tensors = Self { place: place.to_owned(), ..Self::default() };
        safetensors::parse(&Arc::new(Storage::owned(bytes)), place, &mut tensors.map)?;
        Ok(tensors)
    }

    /// From bytes that are part of the program.
    pub(in crate::model) fn from_static(bytes: &'static [u8], name: &str) -> Result<Self, LoadError> {
        let mut tensors = Self { place: PathBuf::from(name), ..Self::default() };
        safetensors::parse(&Arc::new(Storage::Static(bytes)), Path::new(name), &mut tensors.map)?;
        Ok(tensors)
    }
}
