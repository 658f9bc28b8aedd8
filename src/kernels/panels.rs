//! How a head's keys and values lie in memory while they are read, kept and shown.

use super::Real;

/// Keys a panel: one AVX-512 register, two of AVX2, four of NEON.
pub const PANEL: usize = 16;

/// One head's keys, [token, dim], kept as panels of 16 tokens: `[panel][dim][16]`.
///
/// A vector of scores then needs no transposition, whether the whole prompt, one tile or one cell is asked for, and
/// every way of asking adds up the same products in the same order. Lanes past the last key hold zeros.
#[derive(Clone, Debug, Default)]
pub struct KeyPanels<F> {
    dim: usize,
    len: usize,
    data: Vec<F>,
}

impl<F: Real> KeyPanels<F> {
    /// No keys yet, each `dim` wide.
    pub fn new(dim: usize) -> Self {
        Self { dim, len: 0, data: Vec::new() }
    }
    /// Makes room for `n` more keys, so that pushing them copies nothing.
    pub fn reserve(&mut self, n: usize) {
        self.data.reserve_exact((self.len + n).div_ceil(PANEL) * PANEL * self.dim - self.data.len());
    }
    /// Appends one key.
    pub fn push(&mut self, key: &[F]) {
        debug_assert_eq!(key.len(), self.dim);
        let (panel, lane) = (self.len / PANEL, self.len % PANEL);
        if lane == 0 {
            self.data.resize((panel + 1) * PANEL * self.dim, F::zero());
        }
        let panel = &mut self.data[panel * PANEL * self.dim..];
        for (d, &x) in key.iter().enumerate() {
            panel[d * PANEL + lane] = x;
        }
        self.len += 1;
    }
    /// Forgets all keys from `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        self.data.truncate(self.len.div_ceil(PANEL) * PANEL * self.dim);
        if !self.len.is_multiple_of(PANEL) {
            let start = self.len / PANEL * PANEL * self.dim;
            for lanes in self.data[start..].chunks_exact_mut(PANEL) {
                lanes[self.len % PANEL..].fill(F::zero());
            }
        }
    }
    /// Number of keys.
    pub fn len(&self) -> usize {
        self.len
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// Width of a key.
    pub fn dim(&self) -> usize {
        self.dim
    }
    /// Key `index`, [dim].
    pub fn row(&self, index: usize) -> impl Iterator<Item = F> + '_ {
        let start = index / PANEL * PANEL * self.dim + index % PANEL;
        self.data[start..].iter().step_by(PANEL).take(self.dim).copied()
    }
    /// Adds to `out`, for each key from `first` on, `scale` times its product with the vector that begins at
    /// `start(key)` in `table`.
    pub fn add_products(
        &self,
        first: usize,
        table: &[F],
        start: impl Fn(usize) -> usize,
        scale: F,
        out: &mut [F],
    ) {
        let end = first + out.len();
        let mut key = first;
        while key < end {
            let (panel, lane) = (key / PANEL, key % PANEL);
            let lanes = lane..PANEL.min(lane + end - key);
            let vectors: Vec<&[F]> =
                (key..key + lanes.len()).map(|key| &table[start(key)..][..self.dim]).collect();
            let mut sums = [F::zero(); PANEL];
            let panel = &self.data[panel * PANEL * self.dim..(panel + 1) * PANEL * self.dim];
            for (d, keys) in panel.chunks_exact(PANEL).enumerate() {
                for ((sum, &x), vector) in sums.iter_mut().zip(&keys[lanes.clone()]).zip(&vectors) {
                    *sum += x * vector[d];
                }
            }
            for (out, &sum) in out[key - first..].iter_mut().zip(&sums[..lanes.len()]) {
                *out += scale * sum;
            }
            key += lanes.len();
        }
    }
    /// The panels in `range`, each `dim · 16` long.
    pub(super) fn panels(&self, range: std::ops::Range<usize>) -> &[F] {
        &self.data[range.start * PANEL * self.dim..range.end * PANEL * self.dim]
    }
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.data.capacity() * size_of::<F>()
    }
}

/// Rows of one width, each padded with zeros to a multiple of 16, so that vectors never straddle two rows.
#[derive(Clone, Debug, Default)]
pub struct PaddedRows<F> {
    dim: usize,
    len: usize,
    data: Vec<F>,
}

impl<F: Real> PaddedRows<F> {
    /// No rows yet, each `dim` wide.
    pub fn new(dim: usize) -> Self {
        Self { dim, len: 0, data: Vec::new() }
    }
    /// Makes room for `n` more rows.
    pub fn reserve(&mut self, n: usize) {
        self.data.reserve_exact(n * self.stride());
    }
    /// Appends one row.
    pub fn push(&mut self, row: &[F]) {
        debug_assert_eq!(row.len(), self.dim);
        self.data.extend_from_slice(row);
        self.len += 1;
        self.data.resize(self.len * self.stride(), F::zero());
    }
    /// Forgets all rows from `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        self.data.truncate(self.len * self.stride());
    }
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// Width of a row, without its padding.
    pub fn dim(&self) -> usize {
        self.dim
    }
    /// Distance from one row to the next.
    pub fn stride(&self) -> usize {
        self.dim.next_multiple_of(PANEL)
    }
    /// Row `index`, [dim].
    pub fn row(&self, index: usize) -> &[F] {
        &self.data[index * self.stride()..][..self.dim]
    }
    /// Rows in `range`, padding included.
    pub(super) fn padded(&self, range: std::ops::Range<usize>) -> &[F] {
        &self.data[range.start * self.stride()..range.end * self.stride()]
    }
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.data.capacity() * size_of::<F>()
    }
}
