//! Contract: the kernels compute what candle computes, in every weight type and layout, and in double precision.

use candle_core::{D, DType, Device, Tensor};
use half::{bf16, f16};
use mnemoscope::kernels::{Activation, Elements, Matrix, activate, layer_norm, linear, rms_norm};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..n).map(|_| random.random_range(-2.0..2.0)).collect()
}

fn tensor(x: &[f32], rows: usize) -> Tensor {
    Tensor::from_slice(x, (rows, x.len() / rows), &Device::Cpu).expect("a tensor")
}

fn values(tensor: candle_core::Result<Tensor>) -> Vec<f32> {
    let flat = tensor.and_then(|tensor| tensor.to_dtype(DType::F32)?.flatten_all()).expect("candle computes");
    flat.to_vec1().expect("numbers")
}

#[track_caller]
fn close(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "[{i}] {a} is not {b}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn linear_equals_candle(rows in 1_usize..9, inputs in 1_usize..80, outputs in 1_usize..600, seed in any::<u64>()) {
        let (x, w, bias) = (numbers(rows * inputs, seed), numbers(inputs * outputs, seed ^ 1), numbers(outputs, seed ^ 2));
        let (halves, brains): (Vec<f16>, Vec<bf16>) =
            w.iter().map(|&w| (f16::from_f32(w), bf16::from_f32(w))).unzip();
        for elements in [Elements::F32(&w), Elements::F16(&halves), Elements::Bf16(&brains)] {
            let mut stored = vec![0.0_f32; w.len()];
            elements.read(0, &mut stored);
            // [in, out] as GPT-2 stores it, and [out, in] as PyTorch does
            for turned in [false, true] {
                let (input_stride, output_stride) = if turned { (1, inputs) } else { (outputs, 1) };
                let matrix = Matrix { elements, inputs, outputs, input_stride, output_stride, rows: None };
                let weight = if turned { tensor(&stored, outputs).t() } else { Ok(tensor(&stored, inputs)) };
                let expected = weight.and_then(|w| tensor(&x, rows).matmul(&w)?.broadcast_add(&tensor(&bias, 1)));
                let expected = values(expected);
                close(&linear(&x, &matrix, Some(&bias)), &expected, 1e-4);
                let double: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
                let double = linear(&double, &matrix, None);
                let single: Vec<f32> = double.iter().enumerate().map(|(i, &y)| y as f32 + bias[i % outputs]).collect();
                close(&single, &expected, 1e-4);
            }
        }
    }
}

#[test]
fn norms_equal_candle() {
    for width in [1, 7, 48, 1000] {
        let (x, w, b) = (numbers(3 * width, 1), numbers(width, 2), numbers(width, 3));
        let (tx, tw, tb) = (tensor(&x, 3), tensor(&w, 1), tensor(&b, 1));
        let flat = |t: &Tensor| t.flatten_all().expect("flat");
        close(
            &layer_norm(&x, width, Some(&w), Some(&b), 1e-5),
            &values(candle_nn::ops::layer_norm(&tx, &flat(&tw), &flat(&tb), 1e-5)),
            1e-4,
        );
        close(
            &rms_norm(&x, width, Some(&w), 1e-6),
            &values(candle_nn::ops::rms_norm(&tx, &flat(&tw), 1e-6)),
            1e-4,
        );
    }
}

#[test]
fn activations_equal_candle() {
    use candle_nn::{Activation as Theirs, Module as _};
    let x: Vec<f32> = (-400..=400).map(|i| i as f32 / 40.0).collect();
    let kinds = [
        (Activation::Gelu, Theirs::Gelu),
        (Activation::NewGelu, Theirs::NewGelu),
        (Activation::GeluPytorchTanh, Theirs::GeluPytorchTanh),
        (Activation::Silu, Theirs::Silu),
        (Activation::Relu, Theirs::Relu),
        (Activation::Relu2, Theirs::Relu2),
        (Activation::Sigmoid, Theirs::Sigmoid),
        (Activation::Mish, Theirs::Mish),
        (Activation::Elu(1.3), Theirs::Elu(1.3)),
        (Activation::LeakyRelu(0.1), Theirs::LeakyRelu(0.1)),
    ];
    for (kind, theirs) in kinds {
        activates(kind, &x, &values(theirs.forward(&tensor(&x, 1))));
    }
}

/// Those that candle lacks: PyTorch's values at −2, −0.5, 0.3 and 1.5, double precision.
#[test]
fn activations_equal_pytorch() {
    let x = [-2.0, -0.5, 0.3, 1.5];
    let kinds = [
        (Activation::QuickGelu, [-0.064_341_38, -0.149_611_6, 0.187_484_1, 1.391_662]),
        (Activation::Tanh, [-0.964_027_6, -0.462_117_2, 0.291_312_6, 0.905_148_3]),
        (Activation::Laplace, [0.0, 0.000_009_383, 0.074_488_31, 0.997_528_5]),
        (Activation::Linear, [-2.0, -0.5, 0.3, 1.5]),
        (Activation::Gelu10, [-0.045_500_26, -0.154_268_8, 0.185_373_4, 1.399_789]),
        (Activation::HardSwish, [-0.333_333_3, -0.208_333_3, 0.165, 1.125]),
        (Activation::Relu6, [0.0, 0.0, 0.3, 1.5]),
    ];
    for (kind, expected) in kinds {
        activates(kind, &x, &expected);
    }
}

fn activates(kind: Activation, x: &[f32], expected: &[f32]) {
    let mut single = x.to_vec();
    activate(kind, &mut single);
    close(&single, expected, 2e-6);
    let mut double: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
    activate(kind, &mut double);
    close(&double.iter().map(|&y| y as f32).collect::<Vec<_>>(), expected, 2e-6);
}

#[test]
fn weights_equal_candles_softmax() {
    let scores = numbers(1001, 9);
    let expected = values(candle_nn::ops::softmax(&tensor(&scores, 1), D::Minus1));
    let lse = scores.iter().map(|&s| f64::from(s).exp()).sum::<f64>().ln();
    let mut weights = scores;
    mnemoscope::kernels::weights(&mut weights, lse as f32);
    close(&weights, &expected, 1e-6);
}
