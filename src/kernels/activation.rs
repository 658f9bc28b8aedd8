//! Activation functions, in place: vectors for `f32`, the textbook formula for `f64`.

use super::Real;
use super::exp::exp;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// What stands between an MLP's two products. Written into saved traces under these names, and read under
/// Transformers' where that differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// x·Φ(x)
    #[default]
    Gelu,
    /// x·Φ(x) between −10 and 10
    #[serde(alias = "gelu_10")]
    Gelu10,
    /// Its tanh form
    #[serde(alias = "gelu_new")]
    NewGelu,
    /// The same, as PyTorch calls it
    #[serde(alias = "gelu_pytorch_tanh")]
    GeluPytorchTanh,
    /// x·σ(1.702·x)
    #[serde(alias = "quick_gelu")]
    QuickGelu,
    /// max(x, 0)
    Relu,
    /// max(x, 0)²
    Relu2,
    /// max(x, 0), at most 6
    Relu6,
    /// x·σ(x)
    Silu,
    /// The same, by its first name
    Swish,
    /// σ(x)
    Sigmoid,
    /// A line from 0 at −3 to 1 at 3
    HardSigmoid,
    /// x times that
    HardSwish,
    /// x·tanh(ln(1 + eˣ))
    Mish,
    /// tanh(x)
    Tanh,
    /// The normal distribution's Φ with mean √½ and deviation 0.282095 (MEGA)
    Laplace,
    /// x
    Linear,
    /// x above 0, α·(eˣ − 1) below
    Elu(f64),
    /// x above 0, a part of it below
    LeakyRelu(f64),
}

/// Elements a task: large enough to be worth handing to a thread.
const TASK: usize = 16_384;

/// Applies the activation function to every element, in parallel.
pub fn activate<F: Real>(kind: Activation, x: &mut [F]) {
    x.par_chunks_mut(TASK).for_each(|x| F::activate(kind, x));
}

/// `x[i] *= y[i]`: the gate of a gated MLP.
pub fn multiply<F: Real>(x: &mut [F], y: &[F]) {
    F::multiply(x, y);
}

pub(super) fn multiply_plain<F: Real>(x: &mut [F], y: &[F]) {
    x.par_chunks_mut(TASK).zip(y.par_chunks(TASK)).for_each(|(x, y)| {
        for (x, &y) in x.iter_mut().zip(y) {
            *x *= y;
        }
    });
}

/// `x[i] *= factor`; nothing is touched where that is 1.
#[expect(clippy::float_cmp, reason = "1 means that the model has no factor here")]
pub fn scale<F: Real>(x: &mut [F], factor: f32) {
    if factor != 1.0 {
        let factor = F::of(factor);
        x.par_chunks_mut(TASK).for_each(|x| x.iter_mut().for_each(|x| *x *= factor));
    }
}

/// √(2/π), of the tanh form of GELU.
const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;
/// Of the sigmoid form of GELU.
const QUICK: f64 = 1.702;

pub(super) fn activate_f32(kind: Activation, x: &mut [f32]) {
    let arch = Arch::new();
    match kind {
        Activation::Gelu => arch.dispatch(Map::<Gelu>(x, PhantomData)),
        Activation::NewGelu | Activation::GeluPytorchTanh => arch.dispatch(Map::<GeluTanh>(x, PhantomData)),
        Activation::QuickGelu => arch.dispatch(Map::<GeluSigmoid>(x, PhantomData)),
        Activation::Silu | Activation::Swish => arch.dispatch(Map::<Silu>(x, PhantomData)),
        _ => {
            for x in x {
                *x = plain(kind, *x);
            }
        }
    }
}

/// A function on vectors. A trait and not a closure: a closure's call is compiled without the processor's features.
trait Function {
    fn of<S: Simd>(simd: S, x: S::f32s) -> S::f32s;
}

struct Map<'a, F>(&'a mut [f32], PhantomData<F>);

impl<F: Function> WithSimd for Map<'_, F> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (body, tail) = S::as_mut_simd_f32s(self.0);
        for x in body {
            *x = F::of(simd, *x);
        }
        let last = F::of(simd, simd.partial_load_f32s(tail));
        simd.partial_store_f32s(tail, last);
    }
}

/// x·σ(−inner) = x/(1 + exp(inner))
#[inline(always)]
fn part_by<S: Simd>(simd: S, x: S::f32s, inner: S::f32s) -> S::f32s {
    simd.div_f32s(x, simd.add_f32s(simd.splat_f32s(1.0), exp(simd, inner)))
}

/// x·σ(x)
struct Silu;

impl Function for Silu {
    #[inline(always)]
    fn of<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
        part_by(simd, x, simd.neg_f32s(x))
    }
}

/// x·σ(1.702·x)
struct GeluSigmoid;

impl Function for GeluSigmoid {
    #[inline(always)]
    fn of<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
        part_by(simd, x, simd.mul_f32s(x, simd.splat_f32s(-QUICK as f32)))
    }
}

/// x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2 = x·σ(2·√(2/π)·(x + 0.044715·x³))
struct GeluTanh;

impl Function for GeluTanh {
    #[inline(always)]
    fn of<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
        let square = simd.mul_f32s(x, x);
        let factor = simd.mul_add_e_f32s(square, simd.splat_f32s(0.044_715), simd.splat_f32s(1.0));
        part_by(
            simd,
            x,
            simd.mul_f32s(simd.mul_f32s(x, factor), simd.splat_f32s(-2.0 * SQRT_2_OVER_PI as f32)),
        )
    }
}

/// x·(1 + erf(x/√2))/2, with erf from Abramowitz & Stegun 7.1.26 (absolute error below 1.5e−7).
struct Gelu;

impl Function for Gelu {
    #[inline(always)]
    fn of<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
        let z = simd.mul_f32s(simd.abs_f32s(x), simd.splat_f32s(std::f32::consts::FRAC_1_SQRT_2));
        let one = simd.splat_f32s(1.0);
        let t = simd.div_f32s(one, simd.mul_add_e_f32s(simd.splat_f32s(0.327_591_1), z, one));
        let mut p = simd.splat_f32s(1.061_405_4);
        for coefficient in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
            p = simd.mul_add_e_f32s(p, t, simd.splat_f32s(coefficient));
        }
        // 1 − erf(|z|) = p·t·exp(−z²); for x < 0 that is 1 + erf(z) itself, so small values keep their digits
        let tail = simd.mul_f32s(simd.mul_f32s(p, t), exp(simd, simd.neg_f32s(simd.mul_f32s(z, z))));
        let above = simd.sub_f32s(simd.splat_f32s(2.0), tail);
        let sum = simd.select_f32s(simd.less_than_f32s(x, simd.splat_f32s(0.0)), tail, above);
        simd.mul_f32s(simd.mul_f32s(x, simd.splat_f32s(0.5)), sum)
    }
}

/// The function as its definition has it, for one number.
pub(super) fn plain<F: Real>(kind: Activation, x: F) -> F {
    let c = F::of64;
    let (zero, one) = (F::zero(), F::one());
    let sigmoid = |x: F| one / (one + (-x).exp());
    // Φ of a normal distribution with this mean and deviation
    let normal = |mean: f64, deviation: f64| {
        0.5 * (1.0 + libm::erf((x.double() - mean) / deviation * std::f64::consts::FRAC_1_SQRT_2))
    };
    match kind {
        Activation::Gelu => c(x.double() * normal(0.0, 1.0)),
        Activation::Gelu10 => c((x.double() * normal(0.0, 1.0)).clamp(-10.0, 10.0)),
        Activation::QuickGelu => x * sigmoid(c(QUICK) * x),
        Activation::Tanh => x.tanh(),
        Activation::Laplace => c(normal(std::f64::consts::FRAC_1_SQRT_2, 0.282_095)),
        Activation::Linear => x,
        Activation::NewGelu | Activation::GeluPytorchTanh => {
            c(0.5) * x * (one + (c(SQRT_2_OVER_PI) * (x + c(0.044_715) * x * x * x)).tanh())
        }
        Activation::Relu => x.max(zero),
        Activation::Relu2 => x.max(zero) * x.max(zero),
        Activation::Relu6 => x.max(zero).min(c(6.0)),
        Activation::Silu | Activation::Swish => x * sigmoid(x),
        Activation::Sigmoid => sigmoid(x),
        Activation::HardSigmoid => ((x + c(3.0)) / c(6.0)).max(zero).min(one),
        Activation::HardSwish => x * ((x + c(3.0)) / c(6.0)).max(zero).min(one),
        Activation::Mish => x * (one + x.exp()).ln().tanh(),
        Activation::Elu(alpha) => {
            if x > zero {
                x
            } else {
                c(alpha) * (x.exp() - one)
            }
        }
        Activation::LeakyRelu(slope) => x.max(zero) + c(slope) * x.min(zero),
    }
}
