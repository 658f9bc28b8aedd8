//! Tensors as they lie in files, and the canonical weights that views on them make up.

use super::error::LoadError;
use super::families::{Family, Map, Needed, Rows};
use super::spec::ModelSpec;
use super::{Config, formats::Tensors};
use crate::kernels::{Elements, Matrix, Packed, Packing, Real, Scales, Tiles};
use half::{bf16, f16};
use memmap2::Mmap;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a tensor's bytes are.
#[derive(Debug)]
pub(super) enum Storage {
    /// A file mapped into memory: pages are read when first touched, and never copied
    Mapped(Mmap),
    /// Part of this program
    Static(&'static [u8]),
    /// In memory of our own (aligned for four-byte numbers)
    Owned(Vec<u32>),
}

impl Storage {
    /// All bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Static(bytes) => bytes,
            Self::Owned(words) => bytemuck::cast_slice(words),
        }
    }
    /// A copy of bytes, aligned; a few more may follow.
    pub(super) fn owned(bytes: &[u8]) -> Self {
        let mut words = vec![0_u32; bytes.len().div_ceil(4)];
        bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Self::Owned(words)
    }
}

/// Number types that weights are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// Single precision
    F32,
    /// IEEE half precision
    F16,
    /// Upper half of single precision
    Bf16,
    /// Blocks of fewer bits
    Packed(Packing),
}

impl std::fmt::Display for Dtype {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::Packed(packing) => packing.into(),
        })
    }
}

impl Serialize for Dtype {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Dtype {
    /// Numbers in a block, and the bytes it takes.
    fn block(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::Bf16 => (1, 2),
            Self::Packed(packing) => packing.block(),
        }
    }
    /// Bytes of a tensor, if its rows are whole blocks and the count can be said at all.
    pub(super) fn bytes(self, shape: &[usize]) -> Option<usize> {
        let (numbers, size) = self.block();
        let row = shape.last().copied().unwrap_or(1);
        let count = shape.iter().try_fold(1_usize, |n, &dimension| n.checked_mul(dimension))?;
        if row.is_multiple_of(numbers) { (count / numbers).checked_mul(size) } else { None }
    }
    /// What the address of its bytes must be a multiple of.
    fn alignment(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Packed(packing) => packing.alignment(),
        }
    }
}

/// A tensor in a file.
#[derive(Clone, Debug)]
pub(super) struct StoredTensor {
    /// Its type, or the file's word for one that we do not compute with
    pub dtype: Result<Dtype, String>,
    /// As Hugging Face stores it
    pub shape: Vec<usize>,
    /// The bytes it is part of
    pub storage: Arc<Storage>,
    /// Which of them
    pub range: Range<usize>,
    /// Which file they came from
    pub file: PathBuf,
    /// Whether this file has the last two dimensions the other way round
    pub swapped: bool,
    /// Where this file has each row, if not in order; rows here are rows of memory
    pub rows: Option<Arc<[u32]>>,
    /// Factors that lie apart from the numbers
    pub scales: Option<Arc<StoredScales>>,
}

/// Factors of a tensor of few bits.
#[derive(Debug)]
pub(super) enum StoredScales {
    /// A power of two for every block
    Exponents {
        /// The bytes they are part of
        storage: Arc<Storage>,
        /// Which of them
        range: Range<usize>,
    },
    /// A factor for every tile of a matrix
    Tiles {
        /// [tile rows, tile columns]
        factors: Vec<f32>,
        /// Numbers in a row of the matrix
        row: usize,
        /// Rows and columns of a tile
        tile: (usize, usize),
    },
}

impl StoredTensor {
    /// A tensor whose bytes lie as they should.
    pub(super) fn new(
        dtype: Result<Dtype, String>,
        shape: Vec<usize>,
        storage: &Arc<Storage>,
        range: Range<usize>,
        file: &Path,
    ) -> Self {
        let (storage, file) = (storage.clone(), file.to_owned());
        Self { dtype, shape, storage, range, file, swapped: false, rows: None, scales: None }
    }
    /// Its numbers in the order of memory.
    pub(super) fn elements(&self) -> Option<Elements<'_>> {
        let dtype = *self.dtype.as_ref().ok()?;
        Some(elements(dtype, &self.storage.bytes()[self.range.clone()], self.scales.as_deref()))
    }
    /// One of the `count` things that the first dimension tells apart.
    pub(super) fn part(&self, index: usize, count: usize) -> Self {
        let cut = |range: &Range<usize>| {
            let size = range.len() / count;
            let start = range.start + index * size;
            start..start + size
        };
        let scales = match self.scales.as_deref() {
            Some(StoredScales::Exponents { storage, range }) => {
                Some(Arc::new(StoredScales::Exponents { storage: storage.clone(), range: cut(range) }))
            }
            Some(StoredScales::Tiles { factors, row, tile }) => {
                let factors = factors[cut(&(0..factors.len()))].to_vec();
                Some(Arc::new(StoredScales::Tiles { factors, row: *row, tile: *tile }))
            }
            None => None,
        };
        Self { shape: self.shape[1..].to_vec(), range: cut(&self.range), scales, ..self.clone() }
    }
    /// The same with its bytes where their type can be read in place: some writers do not align them.
    pub(super) fn aligned(mut self) -> Self {
        let Ok(dtype) = self.dtype else { return self };
        let bytes = &self.storage.bytes()[self.range.clone()];
        if !(bytes.as_ptr() as usize).is_multiple_of(dtype.alignment()) {
            self.storage = Arc::new(Storage::owned(bytes));
            self.range = 0..self.range.len();
        }
        self
    }
}

/// Bytes as the numbers they are.
fn elements<'a>(dtype: Dtype, bytes: &'a [u8], scales: Option<&'a StoredScales>) -> Elements<'a> {
    match dtype {
        Dtype::F32 => Elements::F32(bytemuck::cast_slice(bytes)),
        Dtype::F16 => Elements::F16(bytemuck::cast_slice::<u8, f16>(bytes)),
        Dtype::Bf16 => Elements::Bf16(bytemuck::cast_slice::<u8, bf16>(bytes)),
        Dtype::Packed(packing) => {
            let scales = match scales {
                None => Scales::Within,
                Some(StoredScales::Exponents { storage, range }) => {
                    Scales::Exponents(&storage.bytes()[range.clone()])
                }
                Some(StoredScales::Tiles { factors, row, tile }) => {
                    Scales::Tiles(Tiles { factors, row: *row, tile: *tile })
                }
            };
            Elements::Packed(Packed { packing, bytes, scales, first: 0 })
        }
    }
}

/// A canonical weight: a tensor, or a part of one, read as [inputs, outputs].
#[derive(Clone, Debug)]
struct Weight {
    tensor: StoredTensor,
    dtype: Dtype,
    /// First element of this weight within the tensor
    start: usize,
    /// Where each output is, if they do not follow each other: by index, so that nothing has to be copied
    rows: Option<Arc<[u32]>>,
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
            let layers = if map.ours.contains("{l}") { spec.layers() } else { 1 };
            for layer in 0..layers {
                if asked_for(map, config) {
                    weights.take(family, map, layer, spec, tensors, &mut used)?;
                }
            }
        }
        weights.bytes = used.values().map(|range: &Range<usize>| range.len() as u64).sum();
        weights.unused = tensors.map.keys().filter(|name| !used.contains_key(*name)).cloned().collect();
        Ok(weights)
    }

    fn take(
        &mut self,
        family: &Family,
        map: &Map,
        layer: usize,
        spec: &ModelSpec,
        tensors: &Tensors,
        used: &mut BTreeMap<String, Range<usize>>,
    ) -> Result<(), LoadError> {
        let at_layer = |name: &str| name.replace("{l}", &layer.to_string());
        let find = |theirs: &str| {
            let names = family.prefixes.iter().map(|prefix| format!("{prefix}{}", at_layer(theirs)));
            names.into_iter().find_map(|name| tensors.find(name))
        };
        let ours = at_layer(map.ours);
        let Some(shape) = spec.weight_shape(&ours) else { return Ok(()) };
        let found = find(map.theirs).or_else(|| map.fallback.and_then(find));
        let Some((tensor, source_name)) = found else {
            let tensor = format!("{}{}", family.prefixes[0], at_layer(map.theirs));
            return match map.needed {
                Needed::Optional => Ok(()),
                _ => Err(LoadError::Missing { tensor, file: tensors.place.clone() }),
            };
        };
        let dtype = tensor.dtype.clone().map_err(|found| LoadError::Type {
            tensor: source_name.clone(),
            found,
            file: tensor.file.clone(),
        })?;
        let rows = map.rows.map_or_else(|| Rows::all(shape[shape.len() - 1]), |rows| rows(spec, layer));
        let stored = stored_shape(&shape, map, &rows);
        if tensor.shape != stored {
            return Err(LoadError::Shape {
                tensor: source_name,
                found: tensor.shape.clone(),
                expected: stored,
                file: tensor.file.clone(),
            });
        }
        let weight = Weight::of(tensor, dtype, &shape, map.turned, &rows);
        used.insert(source_name.clone(), tensor.range.clone());
        let file = tensor.file.clone();
        if shape.len() == 1 {
            self.vectors.insert(ours.clone(), weight.vector());
        } else {
            self.matrices.insert(ours.clone(), weight);
        }
        self.infos.push(TensorInfo { name: ours, source_name, shape, dtype, file });
        Ok(())
    }

    /// A weight matrix. Panics on a name that `gather` has not found: the spec says which there are.
    pub fn matrix(&self, name: &str) -> Matrix<'_> {
        self.matrices[name].matrix()
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
fn stored_shape(shape: &[usize], map: &Map, rows: &Rows) -> Vec<usize> {
    let mut shape = shape.to_vec();
    if let Some(last) = shape.last_mut() {
        *last = rows.of;
    }
    if map.turned {
        shape.reverse();
    }
    shape
}

impl Weight {
    /// The outputs `chosen` of a tensor that holds more of them, or all.
    fn of(tensor: &StoredTensor, dtype: Dtype, shape: &[usize], turned: bool, chosen: &Rows) -> Self {
        let (inputs, outputs) = match *shape {
            [outputs] => (1, outputs),
            _ => (shape[0], shape[1]),
        };
        let turned = turned != tensor.swapped;
        let (input_stride, output_stride) = if turned { (1, inputs) } else { (chosen.of, 1) };
        let tensor = tensor.clone().aligned();
        let mut weight =
            Self { tensor, dtype, start: 0, rows: None, inputs, outputs, input_stride, output_stride };
        let in_rows = turned || shape.len() == 1;
        match (&chosen.ranges[..], &weight.tensor.rows) {
            ([only], None) => weight.start = only.start * output_stride,
            (ranges, order) if in_rows => {
                let all = ranges.iter().cloned().flatten();
                let place = |row: usize| order.as_ref().map_or(row as u32, |order| order[row]);
                weight.rows = Some(all.map(place).collect());
            }
            _ => weight.pick(chosen),
        }
        weight
    }

    /// Copies runs of columns of [in, out] next to each other, unpacked.
    fn pick(&mut self, chosen: &Rows) {
        let elements = self.elements();
        let mut picked = vec![0.0; self.inputs * self.outputs];
        let mut next = 0;
        for input in 0..self.inputs {
            for run in &chosen.ranges {
                elements.read(input * chosen.of + run.start, &mut picked[next..next + run.len()]);
                next += run.len();
            }
        }
        self.tensor.storage = Arc::new(Storage::owned(bytemuck::cast_slice(&picked)));
        self.tensor.range = 0..4 * picked.len();
        self.tensor.scales = None;
        self.dtype = Dtype::F32;
        self.input_stride = self.outputs;
    }

    fn elements(&self) -> Elements<'_> {
        let bytes = &self.tensor.storage.bytes()[self.tensor.range.clone()];
        elements(self.dtype, bytes, self.tensor.scales.as_deref())
    }

    fn matrix(&self) -> Matrix<'_> {
        Matrix {
            elements: self.elements().from(self.start),
            inputs: self.inputs,
            outputs: self.outputs,
            input_stride: self.input_stride,
            output_stride: self.output_stride,
            rows: self.rows.as_deref(),
        }
    }

    fn vector(&self) -> Vec<f32> {
        let elements = self.elements();
        let mut all = vec![0.0; elements.len()];
        elements.read(0, &mut all);
        match &self.rows {
            None => all[self.start..self.start + self.outputs].to_vec(),
            Some(rows) => rows.iter().map(|&row| all[row as usize]).collect(),
        }
    }
}

/// Maps a file into memory, read-only.
pub(super) fn map_file(file: &Path) -> Result<Storage, LoadError> {
    let read = |source| LoadError::Read { file: file.to_owned(), source };
    let handle = std::fs::File::open(file).map_err(read)?;
    #[expect(unsafe_code, reason = "a mapped file is what keeps loading from copying")]
    // SAFETY: the map is read-only and private to this process. Another program that cuts the file while it is open
    // ends ours, as with every mapping reader; it cannot make us read anything but that file.
    let map = unsafe { Mmap::map(&handle) }.map_err(read)?;
    Ok(Storage::Mapped(map))
}
