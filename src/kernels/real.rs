//! The two kinds of number the forward pass runs on, and where each one's kernels live.

use super::activation::Activation;
use super::linear::{self, Elements, Matrix};
use super::softmax::{self, RowMoments};
use super::{KeyPanels, PaddedRows, activation, norm, scores};
use std::fmt::Debug;
use std::ops::Range;

/// `f32` (SIMD, what everything shown is computed in) or `f64` (plain loops, what the check compares with).
pub trait Real: num_traits::Float + num_traits::NumAssign + Default + Debug + Send + Sync + 'static {
    /// From single precision, exactly.
    fn of(x: f32) -> Self;
    /// From double precision, rounded where needed.
    fn of64(x: f64) -> Self;
    /// To single precision, rounded where needed.
    fn single(self) -> f32;
    /// To double precision, exactly.
    fn double(self) -> f64;
    /// The elements as they lie, if they are already of this type.
    fn direct<'a>(elements: &Elements<'a>) -> Option<&'a [Self]>;

    /// `out[r, j] = scale · ⟨queries[r], key(16·first_panel + j)⟩` for each row and all keys of the panels.
    ///
    /// - `queries`: [rows, dim] without gaps
    /// - `panels`: which panels of 16 keys
    /// - `out`: row r begins at `r · stride`; 16 values a panel are written
    fn scores(
        queries: &[Self],
        keys: &KeyPanels<Self>,
        panels: Range<usize>,
        scale: Self,
        out: &mut [Self],
        stride: usize,
    );

    /// Turns one row of scores into `exp(score − max)`, not yet divided by its sum. `query` is the row's position
    /// and `first_key` the position of `row[0]`.
    fn softmax(row: &mut [Self], query: usize, first_key: usize) -> RowMoments;

    /// `out[r] += Σ_j weights[r, j] · values[first_key + j]` over `n_keys` keys.
    ///
    /// - `weights`: row r begins at `r · stride`
    /// - `out`: [rows, `values.stride()`]
    fn weighted_sum(
        weights: &[Self],
        stride: usize,
        keys: Range<usize>,
        values: &PaddedRows<Self>,
        out: &mut [Self],
    );

    /// `cap·tanh(x/cap)`, in place.
    fn softcap(x: &mut [Self], cap: Self);
    /// ⟨x, y⟩
    fn dot(x: &[Self], y: &[Self]) -> Self;
    /// `y += scale·x`
    fn add_scaled(scale: Self, x: &[Self], y: &mut [Self]);
    /// The activation function of an MLP, in place.
    fn activate(kind: Activation, x: &mut [Self]);

    /// [`Elements::read`]
    fn read(elements: &Elements<'_>, start: usize, out: &mut [Self]);
    /// [`Matrix::dense`]
    fn dense(weight: &Matrix<'_>) -> Vec<Self>;
    /// [`super::linear`]
    fn linear(x: &[Self], weight: &Matrix<'_>, bias: Option<&[Self]>) -> Vec<Self>;
    /// [`super::layer_norm`]
    fn layer_norm(
        x: &[Self],
        width: usize,
        weight: Option<&[Self]>,
        bias: Option<&[Self]>,
        eps: f64,
    ) -> Vec<Self>;
    /// [`super::rms_norm`]
    fn rms_norm(x: &[Self], width: usize, weight: Option<&[Self]>, eps: f64) -> Vec<Self>;
    /// [`super::multiply`]
    fn multiply(x: &mut [Self], y: &[Self]);
}

/// Loops that both kinds share. Written into each `impl`, they are compiled, and optimised, with this crate; a generic
/// function would be compiled with the crate that calls it, which a test build does not optimise.
macro_rules! shared_loops {
    () => {
        fn read(elements: &Elements<'_>, start: usize, out: &mut [Self]) {
            linear::read(elements, start, out);
        }
        fn dense(weight: &Matrix<'_>) -> Vec<Self> {
            linear::dense(weight)
        }
        fn linear(x: &[Self], weight: &Matrix<'_>, bias: Option<&[Self]>) -> Vec<Self> {
            linear::affine(x, weight, bias)
        }
        fn layer_norm(
            x: &[Self],
            width: usize,
            weight: Option<&[Self]>,
            bias: Option<&[Self]>,
            eps: f64,
        ) -> Vec<Self> {
            norm::layer_norm_plain(x, width, weight, bias, eps)
        }
        fn rms_norm(x: &[Self], width: usize, weight: Option<&[Self]>, eps: f64) -> Vec<Self> {
            norm::rms_norm_plain(x, width, weight, eps)
        }
        fn multiply(x: &mut [Self], y: &[Self]) {
            activation::multiply_plain(x, y);
        }
    };
}

impl Real for f32 {
    fn of(x: f32) -> Self {
        x
    }
    fn of64(x: f64) -> Self {
        x as f32
    }
    fn single(self) -> f32 {
        self
    }
    fn double(self) -> f64 {
        f64::from(self)
    }
    fn direct<'a>(elements: &Elements<'a>) -> Option<&'a [Self]> {
        match elements {
            Elements::F32(x) => Some(x),
            _ => None,
        }
    }
    fn scores(
        queries: &[f32],
        keys: &KeyPanels<f32>,
        panels: Range<usize>,
        scale: f32,
        out: &mut [f32],
        stride: usize,
    ) {
        scores::scores_f32(queries, keys, panels, scale, out, stride);
    }
    fn softmax(row: &mut [f32], query: usize, first_key: usize) -> RowMoments {
        softmax::softmax_f32(row, query, first_key)
    }
    fn weighted_sum(
        weights: &[f32],
        stride: usize,
        keys: Range<usize>,
        values: &PaddedRows<f32>,
        out: &mut [f32],
    ) {
        scores::weighted_sum_f32(weights, stride, keys, values, out);
    }
    fn softcap(x: &mut [f32], cap: f32) {
        softmax::softcap_f32(x, cap);
    }
    fn dot(x: &[f32], y: &[f32]) -> f32 {
        linear::dot_f32(x, y)
    }
    fn add_scaled(scale: f32, x: &[f32], y: &mut [f32]) {
        linear::add_scaled_f32(scale, x, y);
    }
    fn activate(kind: Activation, x: &mut [f32]) {
        activation::activate_f32(kind, x);
    }
    shared_loops!();
}

impl Real for f64 {
    fn of(x: f32) -> Self {
        f64::from(x)
    }
    fn of64(x: f64) -> Self {
        x
    }
    fn single(self) -> f32 {
        self as f32
    }
    fn double(self) -> f64 {
        self
    }
    fn direct<'a>(_: &Elements<'a>) -> Option<&'a [Self]> {
        None
    }
    fn scores(
        queries: &[f64],
        keys: &KeyPanels<f64>,
        panels: Range<usize>,
        scale: f64,
        out: &mut [f64],
        stride: usize,
    ) {
        scores::scores_plain(queries, keys, panels, scale, out, stride);
    }
    fn softmax(row: &mut [f64], query: usize, first_key: usize) -> RowMoments {
        softmax::softmax_plain(row, query, first_key)
    }
    fn weighted_sum(
        weights: &[f64],
        stride: usize,
        keys: Range<usize>,
        values: &PaddedRows<f64>,
        out: &mut [f64],
    ) {
        scores::weighted_sum_plain(weights, stride, keys, values, out);
    }
    fn softcap(x: &mut [f64], cap: f64) {
        softmax::softcap_plain(x, cap);
    }
    fn dot(x: &[f64], y: &[f64]) -> f64 {
        x.iter().zip(y).map(|(x, y)| x * y).sum()
    }
    fn add_scaled(scale: f64, x: &[f64], y: &mut [f64]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y += scale * x;
        }
    }
    fn activate(kind: Activation, x: &mut [f64]) {
        for x in x {
            *x = activation::plain(kind, *x);
        }
    }
    shared_loops!();
}
