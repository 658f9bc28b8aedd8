//! Tensors as they lie in files: their type, their shape, and which bytes they are.

use super::error::LoadError;
use crate::kernels::{Elements, Packed, Packing, Scales, Tiles};
use half::{bf16, f16};
use memmap2::Mmap;
use serde::Serialize;
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
    /// Holds every second output, where a file keeps apart what Hugging Face weaves; this holds the others
    pub woven: Option<Arc<StoredTensor>>,
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

impl StoredScales {
    fn view(&self) -> Scales<'_> {
        match self {
            Self::Exponents { storage, range } => Scales::Exponents(&storage.bytes()[range.clone()]),
            Self::Tiles { factors, row, tile } => Scales::Tiles(Tiles { factors, row: *row, tile: *tile }),
        }
    }
}

impl StoredTensor {
    /// A tensor of little-endian double precision, rounded to single: nothing here computes with more.
    pub(super) fn rounded(doubles: &[u8], shape: Vec<usize>, file: &Path) -> Self {
        let doubles = doubles.as_chunks::<8>().0;
        let words = doubles.iter().map(|bytes| (f64::from_le_bytes(*bytes) as f32).to_bits()).collect();
        let storage = Arc::new(Storage::Owned(words));
        Self::new(Ok(Dtype::F32), shape, &storage, 0..4 * doubles.len(), file)
    }
    /// A tensor whose bytes lie as they should.
    pub(super) fn new(
        dtype: Result<Dtype, String>,
        shape: Vec<usize>,
        storage: &Arc<Storage>,
        range: Range<usize>,
        file: &Path,
    ) -> Self {
        let (storage, file) = (storage.clone(), file.to_owned());
        Self { dtype, shape, storage, range, file, swapped: false, rows: None, scales: None, woven: None }
    }
    /// Its numbers in the order of memory.
    pub(super) fn elements(&self) -> Option<Elements<'_>> {
        let dtype = *self.dtype.as_ref().ok()?;
        Some(self.elements_as(dtype))
    }
    /// The same where their type is known to be one that is computed with.
    pub(super) fn elements_as(&self, dtype: Dtype) -> Elements<'_> {
        let bytes = &self.storage.bytes()[self.range.clone()];
        match dtype {
            Dtype::F32 => Elements::F32(bytemuck::cast_slice(bytes)),
            Dtype::F16 => Elements::F16(bytemuck::cast_slice::<u8, f16>(bytes)),
            Dtype::Bf16 => Elements::Bf16(bytemuck::cast_slice::<u8, bf16>(bytes)),
            Dtype::Packed(packing) => {
                let scales = self.scales.as_deref().map_or(Scales::Within, StoredScales::view);
                Elements::Packed(Packed { packing, bytes, scales, first: 0 })
            }
        }
    }
    /// Vectors of one type that can be read in place, one after the other in memory of our own.
    pub(super) fn joined(parts: &[(&Self, String)]) -> Option<Self> {
        let (first, _) = parts.first()?;
        if parts.iter().any(|(part, _)| part.dtype != first.dtype) {
            return None;
        }
        let bytes: Vec<u8> =
            parts.iter().flat_map(|(part, _)| &part.storage.bytes()[part.range.clone()]).copied().collect();
        let numbers = parts.iter().map(|(part, _)| part.shape.iter().product::<usize>()).sum();
        let (range, storage) = (0..bytes.len(), Arc::new(Storage::owned(&bytes)));
        Some(Self { shape: vec![numbers], storage, range, ..(*first).clone() })
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
        let woven = self.woven.as_ref().map(|second| Arc::new(second.part(index, count)));
        Self { shape: self.shape[1..].to_vec(), range: cut(&self.range), scales, woven, ..self.clone() }
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
