//! From a pickle's values to named tensors: which of its dictionaries is the model, and where each tensor lies.

use super::Storages;
use super::names::{Global, Kind};
use super::pickle::{Id, Pickle, Value};
use crate::kernels::Packing;
use crate::model::stored::{Dtype, Storage, StoredTensor};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Keys under which training programs keep the model, beside optimizers, counters and averages: these before others.
const NESTS: &[&str] = &["state_dict", "model_state_dict", "model", "module", "net"];
/// How deep they do.
const DEEPEST: usize = 4;
/// What wrappers put before every name.
const WRAPPERS: &[&str] = &["module.", "_orig_mod."];

/// What a file holds.
pub(super) struct Model<'a> {
    pub(super) pickle: &'a Pickle,
    pub(super) storages: &'a Storages,
    pub(super) bytes: &'a Arc<Storage>,
    pub(super) file: &'a Path,
    /// Bytes that may still be copied: tensors may share a storage, but not to fill the memory
    pub(super) copies: Cell<usize>,
}

/// The kind of each storage that a pickle names, by key.
pub(super) fn kinds(pickle: &Pickle) -> BTreeMap<&str, Kind> {
    let named = pickle.values().filter_map(|value| match value {
        Value::Persistent(id) => storage(pickle, *id),
        _ => None,
    });
    named.map(|storage| (storage.key, storage.kind)).collect()
}

/// Bytes a number, or an item of an untyped storage.
pub(super) fn size(kind: Kind) -> usize {
    match kind {
        Kind::F64 | Kind::I64 => 8,
        Kind::F32 | Kind::I32 => 4,
        Kind::F16 | Kind::Bf16 | Kind::I16 => 2,
        Kind::E4m3 | Kind::E5m2 | Kind::I8 | Kind::U8 | Kind::Bool | Kind::Untyped => 1,
    }
}

/// A storage, as a tensor names it.
struct Named<'a> {
    key: &'a str,
    kind: Kind,
    /// First item that counts, where it is a view on another
    first: usize,
}

/// ("storage", kind, key, device, count), and in the legacy layout (key, first, count) of a view, or none.
fn storage(pickle: &Pickle, id: Id) -> Option<Named<'_>> {
    let &[_, kind, key, _, _, ref rest @ ..] = pickle.tuple(id)? else { return None };
    let Value::Global(Global::Kind(kind)) = *pickle.get(kind) else { return None };
    let view = rest.first().and_then(|&view| pickle.tuple(view));
    let first = match view {
        Some(&[_, first, ..]) => usize::try_from(pickle.int(first)?).ok()?,
        _ => 0,
    };
    Some(Named { key: pickle.text(key)?, kind, first })
}

impl Model<'_> {
    /// Every tensor of the model's dictionary.
    pub(super) fn tensors(&self, into: &mut BTreeMap<String, StoredTensor>) -> Result<(), String> {
        let pairs = self.dictionary(self.pickle.root, 0, &mut BTreeSet::new());
        let pairs = pairs.ok_or("there is no dictionary of tensors in it")?;
        let named = pairs.iter().filter_map(|&(key, value)| Some((self.pickle.text(key)?, value)));
        let tensors: Vec<_> = named.filter(|&(_, value)| self.is_tensor(value)).collect();
        let mut strip = 0;
        while let Some(wrapper) = WRAPPERS
            .iter()
            .find(|wrapper| tensors.iter().all(|(name, _)| name[strip..].starts_with(**wrapper)))
        {
            strip += wrapper.len();
        }
        for (name, value) in tensors {
            let tensor = self.tensor(value).map_err(|reason| format!("tensor `{name}` {reason}"))?;
            into.insert(name[strip..].to_owned(), tensor);
        }
        Ok(())
    }

    fn is_tensor(&self, id: Id) -> bool {
        matches!(self.pickle.get(id), Value::Tensor { .. })
    }

    /// The dictionary with most tensors: the value itself, or one in it; of equal ones that under a usual key.
    fn dictionary(&self, id: Id, depth: usize, seen: &mut BTreeSet<Id>) -> Option<&[(Id, Id)]> {
        let Value::Dict(pairs) = self.pickle.get(id) else { return None };
        // Dictionaries may hold each other, and the same one many times
        if depth > DEEPEST || !seen.insert(id) {
            return None;
        }
        let tensors = |pairs: &[(Id, Id)]| pairs.iter().filter(|&&(_, value)| self.is_tensor(value)).count();
        let usual = |key: Id| {
            let place = NESTS.iter().position(|nest| self.pickle.text(key) == Some(nest));
            place.unwrap_or(NESTS.len())
        };
        let mut nests: Vec<&(Id, Id)> =
            pairs.iter().filter(|(_, value)| matches!(self.pickle.get(*value), Value::Dict(_))).collect();
        nests.sort_by_key(|(key, _)| usual(*key));
        let mut best = &pairs[..];
        for &&(_, value) in &nests {
            if let Some(nested) = self.dictionary(value, depth + 1, seen)
                && tensors(nested) > tensors(best)
            {
                best = nested;
            }
        }
        (tensors(best) > 0).then_some(best)
    }

    fn tensor(&self, id: Id) -> Result<StoredTensor, String> {
        let Value::Tensor { storage: place, offset, size: shape, stride, kind } = self.pickle.get(id) else {
            return Err("is none".into());
        };
        let Value::Persistent(place) = *self.pickle.get(*place) else { return Err("has no storage".into()) };
        let Named { key, kind: stored, first } =
            storage(self.pickle, place).ok_or("has a storage of no known kind")?;
        let kind = match kind.map(|kind| self.pickle.get(kind)) {
            None => stored,
            Some(Value::Global(Global::Kind(kind))) => *kind,
            Some(_) => return Err("is of no known type".into()),
        };
        let shape = self.sizes(*shape).ok_or("has no shape")?;
        let strides =
            self.sizes(*stride).filter(|strides| strides.len() == shape.len()).ok_or("has no strides")?;
        let dtype = match dtype(kind) {
            Ok(dtype) => Some(dtype),
            Err(_) if kind == Kind::F64 => None,
            // Masks, counters: there to be named among what is not used
            Err(name) => return Ok(StoredTensor::new(Err(name), shape, self.bytes, 0..0, self.file)),
        };
        let range =
            self.storages.get(key).ok_or_else(|| format!("lies in storage `{key}`, which is not there"))?;
        let item = size(kind);
        let offset = self.pickle.int(*offset).and_then(|offset| usize::try_from(offset).ok());
        let start =
            offset.and_then(|offset| offset.checked_add(first)?.checked_mul(item)).ok_or("has no offset")?;
        let rest = range.len().checked_sub(start).ok_or("begins behind its storage")?;
        let start = range.start + start;
        let last = furthest(&shape, &strides).ok_or("is larger than can be said")?;
        if last.is_some_and(|last| last >= rest / item) {
            return Err("reaches over the end of its storage".into());
        }
        let layout = Layout { item, start, shape, strides };
        layout.read(dtype, self)
    }

    fn sizes(&self, id: Id) -> Option<Vec<usize>> {
        let sizes = self.pickle.tuple(id)?;
        sizes.iter().map(|&size| usize::try_from(self.pickle.int(size)?).ok()).collect()
    }
}

/// The last item a tensor reaches; none where it is empty; nothing where that overflows.
#[expect(clippy::option_option, reason = "empty and too large are two things")]
fn furthest(shape: &[usize], strides: &[usize]) -> Option<Option<usize>> {
    if shape.contains(&0) {
        return Some(None);
    }
    let reach = |sum: usize, (&n, &stride): (&usize, &usize)| sum.checked_add((n - 1).checked_mul(stride)?);
    shape.iter().zip(strides).try_fold(0, reach).map(Some)
}

/// How a tensor lies in the file.
struct Layout {
    /// Bytes a number
    item: usize,
    start: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

impl Layout {
    /// In place where its numbers follow each other, as they are or with the last two dimensions turned; else copied.
    /// Without a type: of double precision, which is rounded.
    fn read(self, dtype: Option<Dtype>, model: &Model<'_>) -> Result<StoredTensor, String> {
        let count = self.shape.iter().try_fold(1_usize, |n, &size| n.checked_mul(size));
        let length =
            count.and_then(|count| count.checked_mul(self.item)).ok_or("is larger than can be said")?;
        let Some(dtype) = dtype else {
            let copied = self.copy(length, model)?;
            return Ok(StoredTensor::rounded(&copied, self.shape, model.file));
        };
        let in_place = |shape: Vec<usize>, range: Range<usize>, swapped: bool| StoredTensor {
            swapped,
            ..StoredTensor::new(Ok(dtype), shape, model.bytes, range, model.file).aligned()
        };
        let range = self.start..self.start.saturating_add(length);
        if length == 0 {
            return Ok(in_place(self.shape, 0..0, false));
        }
        if follows(&self.shape, &self.strides) {
            return Ok(in_place(self.shape, range, false));
        }
        if let ([rows, columns], [down, across]) = (&self.shape[..], &self.strides[..])
            && follows(&[*columns, *rows], &[*across, *down])
        {
            return Ok(in_place(self.shape, range, true));
        }
        let copied = self.copy(length, model)?;
        let storage = Arc::new(Storage::owned(&copied));
        Ok(StoredTensor::new(Ok(dtype), self.shape, &storage, 0..length, model.file))
    }

    fn copy(&self, length: usize, model: &Model<'_>) -> Result<Vec<u8>, String> {
        let left = model.copies.get().checked_sub(length);
        model.copies.set(left.ok_or("repeats its storage more often than the file is long")?);
        let bytes = model.bytes.bytes();
        let mut copied = Vec::with_capacity(length);
        let mut index = vec![0; self.shape.len()];
        while copied.len() < length {
            let place: usize = index.iter().zip(&self.strides).map(|(i, stride)| i * stride).sum();
            let at = self.start + place * self.item;
            copied.extend_from_slice(&bytes[at..at + self.item]);
            for (i, &size) in index.iter_mut().zip(&self.shape).rev() {
                *i += 1;
                if *i < size {
                    break;
                }
                *i = 0;
            }
        }
        Ok(copied)
    }
}

/// Whether numbers of a shape follow each other without gaps.
fn follows(shape: &[usize], strides: &[usize]) -> bool {
    let mut expected = 1;
    for (&size, &stride) in shape.iter().zip(strides).rev() {
        if size != 1 && stride != expected {
            return false;
        }
        expected *= size;
    }
    true
}

fn dtype(kind: Kind) -> Result<Dtype, String> {
    Ok(match kind {
        Kind::F32 => Dtype::F32,
        Kind::F16 => Dtype::F16,
        Kind::Bf16 => Dtype::Bf16,
        Kind::E4m3 => Dtype::Packed(Packing::E4m3),
        Kind::E5m2 => Dtype::Packed(Packing::E5m2),
        other => return Err(format!("{other:?}").to_uppercase()),
    })
}
