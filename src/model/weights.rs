//! Tensors as they lie in files, and the canonical weights that views on them make up.

use super::error::LoadError;
use super::families::{Family, Map, Needed, Rows};
use super::spec::{ModelSpec, Part, block_name};
use super::{Config, formats::Tensors};
use crate::kernels::{Elements, Matrix, Real};
use half::{bf16, f16};
use memmap2::Mmap;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a tensor's bytes are.
#[derive(Debug)]
pub(crate) enum Storage {
    /// A file mapped into memory: pages are read when first touched, and never copied
    Mapped(Mmap),
    /// Part of this program
    Static(&'static [u8]),
    /// In memory of our own (aligned for four-byte numbers)
    Owned(Vec<u32>),
}

impl Storage {
    /// All bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Static(bytes) => bytes,
            Self::Owned(words) => bytemuck::cast_slice(words),
        }
    }
}

/// Number types that weights are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Dtype {
    /// Single precision
    F32,
    /// IEEE half precision
    F16,
    /// Upper half of single precision
    Bf16,
}

impl std::fmt::Display for Dtype {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
        })
    }
}

impl Dtype {
    /// Bytes a number.
    pub fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

/// A tensor in a file.
#[derive(Clone, Debug)]
pub(super) struct StoredTensor {
    /// Its type, or the file's word for one that we do not compute with
    pub dtype: Result<Dtype, String>,
    /// As stored
    pub shape: Vec<usize>,
    /// The bytes it is part of
    pub storage: Arc<Storage>,
    /// Which of them
    pub range: Range<usize>,
    /// Which file they came from
    pub file: PathBuf,
}

/// A canonical weight: a tensor, or a part of one, read as [inputs, outputs].
#[derive(Clone, Debug)]
struct Weight {
    storage: Arc<Storage>,
    range: Range<usize>,
    dtype: Dtype,
    /// First element of this weight within the tensor
    start: usize,
    inputs: usize,
    outputs: usize,
    input_stride: usize,
    output_stride: usize,
}

/// Where a canonical weight came from, for `info`.
#[derive(Clone, Debug, Serialize)]
pub struct TensorInfo {
    /// Our name: `blocks.0.attn.W_Q`
    pub name: String,
    /// Its name in the file
    pub source_name: String,
    /// Our shape
    pub shape: Vec<usize>,
    /// Number type
    pub dtype: Dtype,
    /// Which file
    pub file: PathBuf,
}

/// A canonical weight and the tensor that is it.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// Our name
    pub ours: String,
    /// The tensor's
    pub theirs: String,
    /// Stored [out, in], read as [in, out]
    pub turned: bool,
}

/// All weights of a model, by canonical name.
#[derive(Debug, Default)]
pub struct Weights {
    matrices: BTreeMap<String, Weight>,
    vectors: BTreeMap<String, Vec<f32>>,
    infos: Vec<TensorInfo>,
    unused: Vec<String>,
    bytes: u64,
}

impl Weights {
    /// Finds every weight the family's table names, and checks it against the spec.
    pub(super) fn gather(
        family: &Family,
        spec: &ModelSpec,
        config: &Config,
        tensors: &Tensors,
    ) -> Result<Self, LoadError> {
        let mut weights = Self::default();
        let mut used = BTreeMap::new();
        for map in family.weights.iter().copied().flatten() {
            let part = block_name(map.ours).map(|(part, ..)| part);
            for layer in 0..part.map_or(1, |part| spec.layers_of(part)) {
                if asked_for(map, config) {
                    weights.take((family, map), layer, (spec, config), tensors, &mut used)?;
                }
            }
        }
        weights.bytes = used.values().map(|range: &Range<usize>| range.len() as u64).sum();
        weights.unused = tensors.map.keys().filter(|name| !used.contains_key(*name)).cloned().collect();
        Ok(weights)
    }

    fn take(
        &mut self,
        (family, map): (&Family, &Map),
        layer: usize,
        (spec, config): (&ModelSpec, &Config),
        tensors: &Tensors,
        used: &mut BTreeMap<String, Range<usize>>,
    ) -> Result<(), LoadError> {
        let group = match map.group {
            Some(group) => group(config, layer)
                .map_err(|source| LoadError::Config { file: tensors.place.clone(), source })?,
            None => String::new(),
        };
        let at_layer = |name: &str| name.replace("{l}", &layer.to_string()).replace("{g}", &group);
        let find = |theirs: &str| {
            let names = family.prefixes.iter().map(|prefix| format!("{prefix}{}", at_layer(theirs)));
            names.into_iter().find_map(|name| tensors.find(name))
        };
        let ours = at_layer(map.ours);
        let Some(shape) = spec.weight_shape(&ours) else { return Ok(()) };
        let found = find(map.theirs).or_else(|| map.fallbacks.iter().flatten().find_map(|name| find(name)));
        let Some((tensor, source_name)) = found else {
            let tensor = format!("{}{}", family.prefixes[0], at_layer(map.theirs));
            return match map.needed {
                Needed::Optional => Ok(()),
                _ => Err(LoadError::Missing { tensor, file: tensors.place.clone() }),
            };
        };
        let rows = map.rows.map_or_else(
            || Rows::all(shape[shape.len() - 1]),
            |rows| {
                let part = block_name(map.ours).map_or(Part::Only, |(part, ..)| part);
                rows(spec, spec.layer_of(part, layer).unwrap_or(0))
            },
        );
        used.insert(source_name.clone(), tensor.range.clone());
        self.put((ours, source_name), tensor, shape, map.turned, &rows)
    }

    /// From tensors whose canonical names are known already, such as those that were found by their shapes.
    pub(super) fn named(spec: &ModelSpec, tensors: &Tensors, names: &[Named]) -> Result<Self, LoadError> {
        let mut weights = Self::default();
        let mut used = BTreeMap::new();
        for Named { ours, theirs, turned } in names {
            let missing = || LoadError::Missing { tensor: theirs.clone(), file: tensors.place.clone() };
            let (tensor, shape) = tensors.map.get(theirs).zip(spec.weight_shape(ours)).ok_or_else(missing)?;
            let rows = Rows::all(shape[shape.len() - 1]);
            used.insert(theirs.clone(), tensor.range.len() as u64);
            weights.put((ours.clone(), theirs.clone()), tensor, shape, *turned, &rows)?;
        }
        weights.bytes = used.values().sum();
        weights.unused = tensors.map.keys().filter(|name| !used.contains_key(*name)).cloned().collect();
        Ok(weights)
    }

    /// Takes a tensor in, if its type and shape are what they should be.
    fn put(
        &mut self,
        (name, source_name): (String, String),
        tensor: &StoredTensor,
        shape: Vec<usize>,
        turned: bool,
        rows: &Rows,
    ) -> Result<(), LoadError> {
        let dtype = tensor.dtype.clone().map_err(|found| LoadError::Type {
            tensor: source_name.clone(),
            found,
            file: tensor.file.clone(),
        })?;
        let stored = stored_shape(&shape, turned, rows);
        // BART's bias on logits is [1, vocab]
        let ones = tensor.shape.len().saturating_sub(stored.len());
        if tensor.shape[ones..] != stored || tensor.shape[..ones].iter().any(|&n| n != 1) {
            return Err(LoadError::Shape {
                tensor: source_name,
                found: tensor.shape.clone(),
                expected: stored,
                file: tensor.file.clone(),
            });
        }
        let weight = Weight::of(tensor, dtype, &shape, turned, rows);
        let file = tensor.file.clone();
        if shape.len() == 1 {
            let mut vector = vec![0.0; shape[0]];
            weight.elements().read(0, &mut vector);
            self.vectors.insert(name.clone(), vector);
        } else {
            self.matrices.insert(name.clone(), weight);
        }
        self.infos.push(TensorInfo { name, source_name, shape, dtype, file });
        Ok(())
    }

    /// A weight matrix. Panics on a name that `gather` has not found: the spec says which there are.
    pub fn matrix(&self, name: &str) -> Matrix<'_> {
        let weight = &self.matrices[name];
        Matrix {
            elements: weight.elements(),
            inputs: weight.inputs,
            outputs: weight.outputs,
            input_stride: weight.input_stride,
            output_stride: weight.output_stride,
        }
    }
    /// Whether the model has a weight matrix of this name.
    pub fn has(&self, name: &str) -> bool {
        self.matrices.contains_key(name)
    }
    /// A bias or norm parameter, if the model has it.
    pub fn vector<F: Real>(&self, name: &str) -> Option<Vec<F>> {
        Some(self.vectors.get(name)?.iter().map(|&x| F::of(x)).collect())
    }
    /// Row `index` of an embedding matrix, added to `out`.
    pub fn add_row<F: Real>(&self, name: &str, index: usize, out: &mut [F]) {
        let matrix = self.matrix(name);
        let mut row = vec![F::zero(); out.len()];
        matrix.elements.read(index * matrix.input_stride, &mut row);
        for (out, x) in out.iter_mut().zip(row) {
            *out += x;
        }
    }
    /// Where every weight came from.
    pub fn infos(&self) -> &[TensorInfo] {
        &self.infos
    }
    /// Tensors in the files that the architecture has no use for.
    pub fn unused(&self) -> &[String] {
        &self.unused
    }
    /// Bytes of all tensors that are used, each counted once.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Whether the configuration asks for the weight.
fn asked_for(map: &Map, config: &Config) -> bool {
    match map.needed {
        Needed::If(key) => config.flag_or(key, false).unwrap_or(false),
        _ => true,
    }
}

/// The shape a weight of `shape` has in the file.
fn stored_shape(shape: &[usize], turned: bool, rows: &Rows) -> Vec<usize> {
    let mut shape = shape.to_vec();
    if let Some(last) = shape.last_mut() {
        *last = rows.of;
    }
    if turned {
        shape.reverse();
    }
    shape
}

impl Weight {
    /// The outputs `rows` of a tensor that holds more of them, or all.
    fn of(tensor: &StoredTensor, dtype: Dtype, shape: &[usize], turned: bool, rows: &Rows) -> Self {
        let (inputs, outputs) = match *shape {
            [outputs] => (1, outputs),
            _ => (shape[0], shape[1]),
        };
        let (input_stride, output_stride) = if turned { (1, inputs) } else { (rows.of, 1) };
        let mut weight = Self {
            storage: tensor.storage.clone(),
            range: tensor.range.clone(),
            dtype,
            start: 0,
            inputs,
            outputs,
            input_stride,
            output_stride,
        };
        if let [only] = &rows.ranges[..] {
            weight.start = only.start * output_stride;
            weight.align();
        } else {
            weight.pick(rows);
        }
        weight
    }

    /// Copies runs of outputs next to each other, in the type they are stored in.
    fn pick(&mut self, rows: &Rows) {
        let bytes = &self.storage.bytes()[self.range.clone()];
        let run = self.dtype.size() * if self.input_stride == 1 { self.inputs } else { 1 };
        // Rows of [out, in] and of vectors lie one after the other; those of [in, out] once in every input
        let lines = if self.input_stride == 1 { 1 } else { self.inputs };
        let mut picked = Vec::with_capacity(lines * self.outputs * run);
        for line in 0..lines {
            let start = line * rows.of;
            for range in &rows.ranges {
                picked.extend_from_slice(&bytes[(start + range.start) * run..(start + range.end) * run]);
            }
        }
        self.own(&picked);
        if self.input_stride != 1 {
            self.input_stride = self.outputs;
        }
    }

    /// Some writers do not pad their header: such a tensor is copied once to where it can be read in place.
    fn align(&mut self) {
        let storage = self.storage.clone();
        let bytes = &storage.bytes()[self.range.clone()];
        if !(bytes.as_ptr() as usize).is_multiple_of(self.dtype.size()) {
            self.own(bytes);
        }
    }

    fn own(&mut self, bytes: &[u8]) {
        let mut words = vec![0_u32; bytes.len().div_ceil(4)];
        bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(bytes);
        self.range = 0..bytes.len();
        self.storage = Arc::new(Storage::Owned(words));
    }

    fn elements(&self) -> Elements<'_> {
        let bytes = &self.storage.bytes()[self.range.clone()][self.start * self.dtype.size()..];
        match self.dtype {
            Dtype::F32 => Elements::F32(bytemuck::cast_slice(bytes)),
            Dtype::F16 => Elements::F16(bytemuck::cast_slice::<u8, f16>(bytes)),
            Dtype::Bf16 => Elements::Bf16(bytemuck::cast_slice::<u8, bf16>(bytes)),
        }
    }
}

/// Maps a file into memory, read-only.
pub(crate) fn map_file(file: &Path) -> Result<Storage, LoadError> {
    let read = |source| LoadError::Read { file: file.to_owned(), source };
    let handle = std::fs::File::open(file).map_err(read)?;
    #[expect(unsafe_code, reason = "a mapped file is what keeps loading from copying")]
    // SAFETY: the map is read-only and private to this process. Another program that cuts the file while it is open
    // ends ours, as with every mapping reader; it cannot make us read anything but that file.
    let map = unsafe { Mmap::map(&handle) }.map_err(read)?;
    Ok(Storage::Mapped(map))
}
