//! The two matrix products of attention, blocked for registers: q·k over key panels, and weights·v over value rows.

use super::{KeyPanels, PANEL, PaddedRows, Real};
use pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// Rows of queries handled at once.
const ROWS: usize = 4;
/// Panels handled at once: 64 keys of 64 dimensions fill half of a first-level cache.
const PANELS: usize = 4;
/// Keys whose values stay in the first-level cache while all rows pass over them.
const KEYS: usize = 64;

/// See [`Real::scores`].
pub(super) fn scores_f32(
    queries: &[f32],
    keys: &KeyPanels<f32>,
    panels: Range<usize>,
    scale: f32,
    out: &mut [f32],
    stride: usize,
) {
    let dim = keys.dim();
    let keys = keys.panels(panels);
    Arch::new().dispatch(Scores { queries, dim, keys, scale, out, stride });
}

struct Scores<'a> {
    queries: &'a [f32],
    dim: usize,
    keys: &'a [f32],
    scale: f32,
    out: &'a mut [f32],
    stride: usize,
}

impl WithSimd for Scores<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.run::<S, 1>(simd),
            8 => self.run::<S, 2>(simd),
            4 => self.run::<S, 4>(simd),
            _ => self.run::<S, 16>(simd),
        }
    }
}

impl Scores<'_> {
    /// `V`: vectors a panel.
    #[inline(always)]
    fn run<S: Simd, const V: usize>(mut self, simd: S) {
        let (keys, _) = S::as_simd_f32s(self.keys);
        let (steps, _) = keys.as_chunks::<V>();
        let n_panels = steps.len() / self.dim.max(1);
        let n_rows = self.queries.len() / self.dim.max(1);
        let mut panel = 0;
        // With few registers (AVX2: 16) one panel at a time already fills them
        while V == 1 && panel + PANELS <= n_panels {
            self.rows::<S, V, PANELS>(simd, steps, panel, n_rows);
            panel += PANELS;
        }
        for panel in panel..n_panels {
            self.rows::<S, V, 1>(simd, steps, panel, n_rows);
        }
    }

    #[inline(always)]
    fn rows<S: Simd, const V: usize, const P: usize>(
        &mut self,
        simd: S,
        steps: &[[S::f32s; V]],
        panel: usize,
        n_rows: usize,
    ) {
        let panels: [&[[S::f32s; V]]; P] =
            std::array::from_fn(|p| &steps[(panel + p) * self.dim..][..self.dim]);
        let mut row = 0;
        while row + ROWS <= n_rows {
            self.block::<S, V, P, ROWS>(simd, panels, panel, row);
            row += ROWS;
        }
        for row in row..n_rows {
            self.block::<S, V, P, 1>(simd, panels, panel, row);
        }
    }

    #[inline(always)]
    fn block<S: Simd, const V: usize, const P: usize, const R: usize>(
        &mut self,
        simd: S,
        panels: [&[[S::f32s; V]]; P],
        panel: usize,
        row: usize,
    ) {
        let queries: [&[f32]; R] = std::array::from_fn(|r| &self.queries[(row + r) * self.dim..][..self.dim]);
        let mut sums = [[[simd.splat_f32s(0.0); V]; P]; R];
        for d in 0..self.dim {
            for r in 0..R {
                let q = simd.splat_f32s(queries[r][d]);
                for p in 0..P {
                    for v in 0..V {
                        sums[r][p][v] = simd.mul_add_e_f32s(q, panels[p][d][v], sums[r][p][v]);
                    }
                }
            }
        }
        let scale = simd.splat_f32s(self.scale);
        for (r, sums) in sums.iter().enumerate() {
            let out = &mut self.out[(row + r) * self.stride + panel * PANEL..][..P * PANEL];
            let (out, _) = S::as_mut_simd_f32s(out);
            for (out, &sum) in out.iter_mut().zip(sums.as_flattened()) {
                *out = simd.mul_f32s(sum, scale);
            }
        }
    }
}

/// See [`Real::scores`].
pub(super) fn scores_plain<F: Real>(
    queries: &[F],
    keys: &KeyPanels<F>,
    panels: Range<usize>,
    scale: F,
    out: &mut [F],
    stride: usize,
) {
    let dim = keys.dim();
    for (r, query) in queries.chunks_exact(dim).enumerate() {
        for (panel, key) in keys.panels(panels.clone()).chunks_exact(dim * PANEL).enumerate() {
            let mut sums = [F::zero(); PANEL];
            for (&q, key) in query.iter().zip(key.chunks_exact(PANEL)) {
                for (sum, &k) in sums.iter_mut().zip(key) {
                    *sum += q * k;
                }
            }
            for (out, sum) in out[r * stride + panel * PANEL..].iter_mut().zip(sums) {
                *out = sum * scale;
            }
        }
    }
}

/// See [`Real::weighted_sum`].
pub(super) fn weighted_sum_f32(
    weights: &[f32],
    stride: usize,
    keys: Range<usize>,
    values: &PaddedRows<f32>,
    out: &mut [f32],
) {
    let n_keys = keys.len();
    let width = values.stride();
    let values = values.padded(keys);
    Arch::new().dispatch(WeightedSum { weights, stride, n_keys, values, width, out });
}

struct WeightedSum<'a> {
    weights: &'a [f32],
    stride: usize,
    n_keys: usize,
    values: &'a [f32],
    width: usize,
    out: &'a mut [f32],
}

impl WithSimd for WeightedSum<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (values, _) = S::as_simd_f32s(self.values);
        let per_row = self.width / S::F32_LANES;
        let n_rows = self.out.len() / self.width;
        for first in (0..self.n_keys).step_by(KEYS) {
            let keys = first..(first + KEYS).min(self.n_keys);
            let values = &values[keys.start * per_row..keys.end * per_row];
            let mut column = 0;
            while column + 4 <= per_row {
                self.rows::<S, 4>(simd, keys.clone(), values, per_row, column, n_rows);
                column += 4;
            }
            for column in column..per_row {
                self.rows::<S, 1>(simd, keys.clone(), values, per_row, column, n_rows);
            }
        }
    }
}

impl WeightedSum<'_> {
    #[inline(always)]
    fn rows<S: Simd, const N: usize>(
        &mut self,
        simd: S,
        keys: Range<usize>,
        values: &[S::f32s],
        per_row: usize,
        column: usize,
        n_rows: usize,
    ) {
        let mut row = 0;
        // Four rows of four vectors want 16 accumulators: AVX2 has no more registers than that
        while S::REGISTER_COUNT > 16 && row + ROWS <= n_rows {
            self.block::<S, N, ROWS>(simd, keys.clone(), values, per_row, column, row);
            row += ROWS;
        }
        while row + 2 <= n_rows {
            self.block::<S, N, 2>(simd, keys.clone(), values, per_row, column, row);
            row += 2;
        }
        for row in row..n_rows {
            self.block::<S, N, 1>(simd, keys.clone(), values, per_row, column, row);
        }
    }

    #[inline(always)]
    fn block<S: Simd, const N: usize, const R: usize>(
        &mut self,
        simd: S,
        keys: Range<usize>,
        values: &[S::f32s],
        per_row: usize,
        column: usize,
        row: usize,
    ) {
        let n = keys.len();
        let weights: [&[f32]; R] =
            std::array::from_fn(|r| &self.weights[(row + r) * self.stride + keys.start..][..n]);
        let mut sums = [[simd.splat_f32s(0.0); N]; R];
        for (k, value) in values.chunks_exact(per_row).take(n).enumerate() {
            let value = &value[column..column + N];
            for r in 0..R {
                let weight = simd.splat_f32s(weights[r][k]);
                for (sum, &value) in sums[r].iter_mut().zip(value) {
                    *sum = simd.mul_add_e_f32s(weight, value, *sum);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let (out, _) = S::as_mut_simd_f32s(&mut self.out[(row + r) * self.width..][..self.width]);
            for (out, &sum) in out[column..].iter_mut().zip(sums) {
                *out = simd.add_f32s(*out, sum);
            }
        }
    }
}

/// See [`Real::weighted_sum`].
pub(super) fn weighted_sum_plain<F: Real>(
    weights: &[F],
    stride: usize,
    keys: Range<usize>,
    values: &PaddedRows<F>,
    out: &mut [F],
) {
    for (r, out) in out.chunks_exact_mut(values.stride()).enumerate() {
        let weights = &weights[r * stride..][..keys.len()];
        for (&weight, value) in weights.iter().zip(values.padded(keys.clone()).chunks_exact(values.stride()))
        {
            for (out, &value) in out.iter_mut().zip(value) {
                *out += weight * value;
            }
        }
    }
}
