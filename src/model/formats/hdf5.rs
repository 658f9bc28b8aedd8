//! HDF5, as Keras uses it: groups, their attributes as text, and datasets of floating-point numbers as tensors.
//!
//! Decoded by `hdf5-reader`, which checks every length against the file. What it may allocate is bounded here as well,
//! and should it panic on a broken file after all, that ends in an error too.

use crate::model::error::LoadError;
use crate::model::stored::{Dtype, Storage, StoredTensor};
use hdf5_reader::{Dataset, Datatype, Hdf5File, OpenOptions, error::Error, group};
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// Groups in groups that are followed: more are a cycle, not a model.
const DEEPEST: usize = 24;

/// A group, with all that is in it.
#[derive(Debug, Default)]
pub(in crate::model) struct Group {
    /// Groups in it, in the file's order
    pub groups: Vec<(String, Group)>,
    /// Its datasets of floating-point numbers
    pub tensors: Vec<(String, StoredTensor)>,
    /// Its attributes that are text
    pub attributes: BTreeMap<String, Vec<String>>,
}

impl Group {
    /// A group in this one.
    pub(in crate::model) fn group(&self, name: &str) -> Option<&Self> {
        self.groups.iter().find(|(own, _)| own == name).map(|(_, group)| group)
    }
    /// A group somewhere below, by its path.
    pub(in crate::model) fn descendant(&self, path: &str) -> Option<&Self> {
        path.split('/').filter(|part| !part.is_empty()).try_fold(self, |group, part| group.group(part))
    }
    /// A list of names that may be cut into several attributes (`layer_names`, or `layer_names0`, `layer_names1`…).
    pub(in crate::model) fn list(&self, name: &str) -> Option<Vec<String>> {
        if let Some(list) = self.attributes.get(name) {
            return Some(list.clone());
        }
        let parts = (0..).map_while(|part| self.attributes.get(&format!("{name}{part}")));
        let list: Vec<String> = parts.flatten().cloned().collect();
        (!list.is_empty()).then_some(list)
    }
}

/// Bytes that hold a whole HDF5 file.
struct Bytes {
    storage: Arc<Storage>,
    range: Range<usize>,
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.storage.bytes()[self.range.clone()]
    }
}

/// Reads everything but what an optimiser left, from the bytes `range` of `storage`.
pub(super) fn read(storage: &Arc<Storage>, range: Range<usize>, file: &Path) -> Result<Group, LoadError> {
    let broken = |reason: String| LoadError::Broken { format: "HDF5", file: file.to_owned(), reason };
    let bytes = Bytes { storage: storage.clone(), range };
    // Weights hardly compress: more than this is a bomb
    let most = bytes.as_ref().len().saturating_mul(8).saturating_add(1 << 20);
    let options = OpenOptions::default()
        .with_chunk_cache_bytes(0)
        .with_max_chunk_bytes(most)
        .with_max_read_bytes(most)
        .with_max_object_header_bytes(most);
    let walk = || {
        let root = Hdf5File::from_owner(bytes, options)?.root_group()?;
        Walk { file, left: most, seen: HashSet::new() }.group(&root, 0)
    };
    match catch_unwind(AssertUnwindSafe(walk)) {
        Ok(Ok(group)) => Ok(group),
        Ok(Err(error)) => Err(broken(one_line(&error.to_string()))),
        Err(_) => Err(broken("its structure contradicts itself".into())),
    }
}

struct Walk<'a> {
    file: &'a Path,
    /// Bytes that may still be read
    left: usize,
    /// Addresses of groups that have been entered
    seen: HashSet<u64>,
}

impl Walk<'_> {
    fn group(&mut self, group: &group::Group, depth: usize) -> Result<Group, Error> {
        let mut out = Group::default();
        for attribute in group.attributes()? {
            if let Ok(text) = attribute.read_strings() {
                out.attributes.insert(attribute.name.clone(), text);
            }
        }
        let (groups, datasets) = group.members()?;
        for dataset in datasets {
            if let Some(tensor) = self.tensor(&dataset)? {
                out.tensors.push((dataset.name().to_owned(), tensor));
            }
        }
        for group in groups {
            let name = group.name().to_owned();
            if depth == 0 && name.starts_with("optimizer") {
                continue;
            }
            if depth == DEEPEST || !self.seen.insert(group.address()) {
                return Err(Error::InvalidData(format!("group `{name}` lies too deep, or in itself")));
            }
            out.groups.push((name, self.group(&group, depth + 1)?));
        }
        Ok(out)
    }

    /// A dataset's numbers; `None` where it holds something else, such as a random generator's state.
    fn tensor(&mut self, dataset: &Dataset) -> Result<Option<StoredTensor>, Error> {
        // Keras writes bfloat16 as two bytes without a meaning, and says what they are beside them
        let bf16 = || {
            let says = dataset.attribute("dtype").and_then(|attribute| attribute.read_string());
            says.is_ok_and(|says| says == "bfloat16")
        };
        let (dtype, size) = match dataset.dtype() {
            Datatype::FloatingPoint { size: 4, .. } => (Ok(Dtype::F32), 4),
            Datatype::FloatingPoint { size: 2, .. } if !bf16() => (Ok(Dtype::F16), 2),
            Datatype::FloatingPoint { size: 2, .. } => (Ok(Dtype::Bf16), 2),
            Datatype::FloatingPoint { size, .. } => {
                (Err(format!("F{}", u32::from(*size) * 8)), *size as usize)
            }
            Datatype::Opaque { size: 2, .. } if bf16() => (Ok(Dtype::Bf16), 2),
            _ => return Ok(None),
        };
        let shape: Vec<usize> = dataset.shape().iter().map(|&n| n as usize).collect();
        let bytes = shape.iter().try_fold(size, |bytes, &n| bytes.checked_mul(n));
        let wrong = |what| Err(Error::InvalidData(format!("dataset `{}` {what}", dataset.name())));
        let Some((length, left)) = bytes.and_then(|bytes| Some((bytes, self.left.checked_sub(bytes)?)))
        else {
            return wrong("claims more than the file can hold");
        };
        self.left = left;
        let bytes = dataset.read_native_bytes()?;
        if bytes.len() != length {
            return wrong("has another length than its shape says");
        }
        if matches!(dataset.dtype(), Datatype::FloatingPoint { size: 8, .. }) {
            return Ok(Some(StoredTensor::rounded(&bytes, shape, self.file)));
        }
        let storage = Arc::new(Storage::owned(&bytes));
        Ok(Some(StoredTensor::new(dtype, shape, &storage, 0..bytes.len(), self.file)))
    }
}

/// An error's words without line breaks and odd characters that a broken file may have put into them.
fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    clean.trim().to_owned()
}
