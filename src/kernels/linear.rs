//! `y = x·W + b` for weights that stay in the type and place they were loaded in.
//!
//! Many rows go to `gemm` (single precision directly; everything else unpacked a slice at a time), one row to a
//! matrix–vector product that reads each weight once.

use super::{Packed, Real};
use gemm::Parallelism;
use half::slice::HalfFloatSliceExt as _;
use half::{bf16, f16};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Numbers of a tensor, in the type they are stored in.
#[derive(Clone, Copy, Debug)]
pub enum Elements<'a> {
    /// IEEE single precision
    F32(&'a [f32]),
    /// IEEE half precision
    F16(&'a [f16]),
    /// The upper half of single precision
    Bf16(&'a [bf16]),
    /// Blocks of fewer bits
    Packed(Packed<'a>),
}

impl<'a> Elements<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(x) => x.len(),
            Self::F16(x) => x.len(),
            Self::Bf16(x) => x.len(),
            Self::Packed(x) => x.len(),
        }
    }
    /// Those from `start` on.
    #[must_use]
    pub fn from(self, start: usize) -> Elements<'a> {
        match self {
            Self::F32(x) => Self::F32(&x[start..]),
            Self::F16(x) => Self::F16(&x[start..]),
            Self::Bf16(x) => Self::Bf16(&x[start..]),
            Self::Packed(x) => Self::Packed(Packed { first: x.first + start, ..x }),
        }
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Unpacks the elements from `start` on into `out`.
    pub fn read<F: Real>(&self, start: usize, out: &mut [F]) {
        F::read(self, start, out);
    }
}

pub(super) fn read<F: Real>(elements: &Elements<'_>, start: usize, out: &mut [F]) {
    let range = start..start + out.len();
    match elements {
        Elements::F32(x) => convert(&x[range], out, |x| x),
        Elements::F16(x) => read_half(&x[range], out),
        Elements::Bf16(x) => convert(&x[range], out, bf16::to_f32),
        Elements::Packed(x) => x.read(start, out.len(), |place, single| {
            convert(single, &mut out[place..place + single.len()], |x| x);
        }),
    }
}

fn convert<F: Real, T: Copy>(x: &[T], out: &mut [F], single: impl Fn(T) -> f32) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = F::of(single(x));
    }
}

/// `half`'s slice conversion uses the processor's own instruction, but only writes single precision.
fn read_half<F: Real>(x: &[f16], out: &mut [F]) {
    let mut single = [0.0; 512];
    for (x, out) in x.chunks(512).zip(out.chunks_mut(512)) {
        x.convert_to_f32_slice(&mut single[..x.len()]);
        convert(&single[..x.len()], out, |x| x);
    }
}

/// A weight matrix [inputs, outputs] as it lies in memory; `W[i, o]` is `elements[i·input_stride + o·output_stride]`,
/// where `rows` does not say otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// The numbers; the first is `W[0, 0]`
    pub elements: Elements<'a>,
    /// Rows of W
    pub inputs: usize,
    /// Columns of W
    pub outputs: usize,
    /// Distance between neighbours in a column; 1 where PyTorch stores [out, in]
    pub input_stride: usize,
    /// Distance between neighbours in a row; 1 where GPT-2's Conv1D stores [in, out]
    pub output_stride: usize,
    /// Where a file has its outputs in another order: the place of each, to be read instead of `o`
    pub rows: Option<&'a [u32]>,
}

impl<'a> Matrix<'a> {
    /// The columns from `first` on, [inputs, n].
    #[must_use]
    pub fn columns(self, first: usize, n: usize) -> Matrix<'a> {
        if let Some(rows) = self.rows {
            return Matrix { outputs: n, rows: Some(&rows[first..first + n]), ..self };
        }
        let elements = self.elements.from(first * self.output_stride);
        Matrix { elements, outputs: n, ..self }
    }
    /// Where the weights of an output begin.
    fn output(&self, output: usize) -> usize {
        self.rows.map_or(output, |rows| rows[output] as usize) * self.output_stride
    }
    /// The weights of one output, [inputs].
    pub fn column<F: Real>(&self, output: usize) -> Vec<F> {
        let (start, mut column) = (self.output(output), vec![F::zero(); self.inputs]);
        if self.input_stride == 1 {
            self.elements.read(start, &mut column);
        } else {
            for (input, x) in column.iter_mut().enumerate() {
                self.elements.read(start + input * self.input_stride, std::slice::from_mut(x));
            }
        }
        column
    }
    /// The numbers as they lie, if gemm can have them so.
    fn direct<F: Real>(&self) -> Option<&[F]> {
        F::direct(&self.elements).filter(|_| self.rows.is_none())
    }
    /// All numbers, unpacked: [inputs, outputs], row-major.
    pub fn dense<F: Real>(&self) -> Vec<F> {
        F::dense(self)
    }
}

pub(super) fn dense<F: Real>(weight: &Matrix<'_>) -> Vec<F> {
    let mut stored = vec![F::zero(); weight.elements.len()];
    weight.elements.read(0, &mut stored);
    let cells = (0..weight.inputs).flat_map(|i| (0..weight.outputs).map(move |o| (i, o)));
    cells.map(|(i, o)| stored[i * weight.input_stride + weight.output(o)]).collect()
}

/// Weights below which handing work to other threads costs more than it saves.
const SERIAL: usize = 1 << 15;
/// Weights unpacked at once: 4 MB of single precision.
const SLICE: usize = 1 << 20;

/// `y = x·W + b`: [rows, inputs] → [rows, outputs].
pub fn linear<F: Real>(x: &[F], weight: &Matrix<'_>, bias: Option<&[F]>) -> Vec<F> {
    F::linear(x, weight, bias)
}

pub(super) fn affine<F: Real>(x: &[F], weight: &Matrix<'_>, bias: Option<&[F]>) -> Vec<F> {
    let rows = x.len() / weight.inputs.max(1);
    let mut y = Vec::with_capacity(rows * weight.outputs);
    for _ in 0..rows {
        match bias {
            Some(bias) => y.extend_from_slice(bias),
            None => y.resize(y.len() + weight.outputs, F::zero()),
        }
    }
    if rows == 1 {
        matrix_vector(x, weight, &mut y);
    } else if rows > 1 {
        matrix_matrix(x, weight, &mut y);
    }
    y
}

/// `y += x·W` with `gemm`, a slice of outputs at a time where weights have to be unpacked.
fn matrix_matrix<F: Real>(x: &[F], weight: &Matrix<'_>, y: &mut [F]) {
    if let Some(elements) = weight.direct() {
        return multiply_add(x, elements, weight, 0..weight.outputs, y);
    }
    if weight.input_stride == 1 {
        // [out, in]: the weights of neighbouring outputs follow each other
        let step = (SLICE / weight.inputs).clamp(1, weight.outputs);
        let mut unpacked = vec![F::zero(); step * weight.inputs];
        for first in (0..weight.outputs).step_by(step) {
            let outputs = first..(first + step).min(weight.outputs);
            let unpacked = &mut unpacked[..outputs.len() * weight.inputs];
            unpacked.par_chunks_mut(weight.inputs).zip(outputs.clone()).for_each(|(row, output)| {
                weight.elements.read(weight.output(output), row);
            });
            let part = Matrix { output_stride: weight.inputs, ..*weight };
            multiply_add(x, unpacked, &part, outputs, y);
        }
    } else {
        // [in, out]: unpack the same columns of every row
        let step = (SLICE / weight.inputs).clamp(1, weight.outputs);
        let mut unpacked = vec![F::zero(); step * weight.inputs];
        for first in (0..weight.outputs).step_by(step) {
            let outputs = first..(first + step).min(weight.outputs);
            let width = outputs.len();
            let unpacked = &mut unpacked[..width * weight.inputs];
            unpacked.par_chunks_mut(width).enumerate().for_each(|(input, row)| {
                weight.elements.read(input * weight.input_stride + outputs.start * weight.output_stride, row);
            });
            let part = Matrix { input_stride: width, ..*weight };
            multiply_add(x, unpacked, &part, outputs, y);
        }
    }
}

/// `y[:, outputs] += x·W`, where `elements[0]` is `W[0, outputs.start]`.
#[expect(unsafe_code, reason = "gemm takes raw pointers and strides")]
fn multiply_add<F: Real>(
    x: &[F],
    elements: &[F],
    weight: &Matrix<'_>,
    outputs: std::ops::Range<usize>,
    y: &mut [F],
) {
    let rows = x.len() / weight.inputs;
    let last = (weight.inputs - 1) * weight.input_stride + (outputs.len() - 1) * weight.output_stride;
    assert!(last < elements.len() && x.len() == rows * weight.inputs);
    assert!(y.len() == rows * weight.outputs && outputs.end <= weight.outputs);
    let y = &mut y[outputs.start..];
    let threads = rayon::current_num_threads();
    let parallelism = if threads == 1 { Parallelism::None } else { Parallelism::Rayon(threads) };
    // SAFETY: the asserts above put the last element of each operand inside its slice; y is borrowed mutably and
    // overlaps neither operand; F is f32 or f64, which gemm knows.
    unsafe {
        gemm::gemm(
            rows,
            outputs.len(),
            weight.inputs,
            y.as_mut_ptr(),
            1,
            weight.outputs as isize,
            true,
            x.as_ptr(),
            1,
            weight.inputs as isize,
            elements.as_ptr(),
            weight.output_stride as isize,
            weight.input_stride as isize,
            F::one(),
            F::one(),
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// `y += x·W` for one row, reading each weight once.
fn matrix_vector<F: Real>(x: &[F], weight: &Matrix<'_>, y: &mut [F]) {
    let serial = weight.inputs * weight.outputs <= SERIAL || rayon::current_num_threads() == 1;
    let step = if serial { weight.outputs } else { 256.min(weight.outputs.div_ceil(8)).max(1) };
    let run = |(chunk, y): (usize, &mut [F])| {
        let first = chunk * step;
        if weight.input_stride == 1 { dots(x, weight, first, y) } else { add_rows(x, weight, first, y) }
    };
    if serial {
        y.chunks_mut(step).enumerate().for_each(run);
    } else {
        y.par_chunks_mut(step).enumerate().for_each(run);
    }
}

/// [out, in]: one dot product an output.
fn dots<F: Real>(x: &[F], weight: &Matrix<'_>, first: usize, y: &mut [F]) {
    let mut unpacked = Vec::new();
    for (j, y) in y.iter_mut().enumerate() {
        let start = weight.output(first + j);
        let row = if let Some(elements) = F::direct(&weight.elements) {
            &elements[start..start + weight.inputs]
        } else {
            unpacked.resize(weight.inputs, F::zero());
            weight.elements.read(start, &mut unpacked);
            &unpacked
        };
        *y += F::dot(x, row);
    }
}

/// [in, out]: every input adds its row, scaled.
fn add_rows<F: Real>(x: &[F], weight: &Matrix<'_>, first: usize, y: &mut [F]) {
    let mut unpacked = vec![F::zero(); y.len()];
    for (i, &x) in x.iter().enumerate() {
        let start = i * weight.input_stride + first * weight.output_stride;
        let row = if let Some(elements) = F::direct(&weight.elements) {
            &elements[start..start + y.len()]
        } else {
            weight.elements.read(start, &mut unpacked);
            &unpacked
        };
        F::add_scaled(x, row, y);
    }
}

/// ⟨x, y⟩ in four vector accumulators.
pub(super) fn dot_f32(x: &[f32], y: &[f32]) -> f32 {
    struct Dot<'a>(&'a [f32], &'a [f32]);
    impl WithSimd for Dot<'_> {
        type Output = f32;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            let (x, x_tail) = S::as_simd_f32s(self.0);
            let (y, y_tail) = S::as_simd_f32s(self.1);
            let mut sums = [simd.splat_f32s(0.0); 4];
            let ((x4, x1), (y4, y1)) = (x.as_chunks::<4>(), y.as_chunks::<4>());
            for (x, y) in x4.iter().zip(y4) {
                for ((sum, &x), &y) in sums.iter_mut().zip(x).zip(y) {
                    *sum = simd.mul_add_e_f32s(x, y, *sum);
                }
            }
            for ((sum, &x), &y) in sums.iter_mut().zip(x1).zip(y1) {
                *sum = simd.mul_add_e_f32s(x, y, *sum);
            }
            let (x, y) = (simd.partial_load_f32s(x_tail), simd.partial_load_f32s(y_tail));
            sums[3] = simd.mul_add_e_f32s(x, y, sums[3]);
            let (a, b) = (simd.add_f32s(sums[0], sums[1]), simd.add_f32s(sums[2], sums[3]));
            simd.reduce_sum_f32s(simd.add_f32s(a, b))
        }
    }
    Arch::new().dispatch(Dot(x, y))
}

/// `y += scale·x`
pub(super) fn add_scaled_f32(scale: f32, x: &[f32], y: &mut [f32]) {
    struct AddScaled<'a>(f32, &'a [f32], &'a mut [f32]);
    impl WithSimd for AddScaled<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let scale = simd.splat_f32s(self.0);
            let (x, x_tail) = S::as_simd_f32s(self.1);
            let (y, y_tail) = S::as_mut_simd_f32s(self.2);
            for (y, &x) in y.iter_mut().zip(x) {
                *y = simd.mul_add_e_f32s(scale, x, *y);
            }
            for (y, &x) in y_tail.iter_mut().zip(x_tail) {
                *y += self.0 * x;
            }
        }
    }
    Arch::new().dispatch(AddScaled(scale, x, y));
}
