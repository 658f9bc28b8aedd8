//! Vector exponential, to about one unit in the last place of `f32`.

use pulp::Simd;

const LOG2_E: f32 = std::f32::consts::LOG2_E;
/// ln 2 in two parts: the first has few enough digits that `n · LN2_HIGH` is exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
/// Adding 1.5·2²³ rounds to an integer and leaves it in the low bits.
const ROUND: f32 = 12_582_912.0;

/// eˣ lane by lane; below −87 (where it is about 1.6e−38) it is 0, above 88 it is e⁸⁸; NaN stays NaN.
#[inline(always)]
pub(super) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let (nan, least) = (x, simd.splat_f32s(-87.0));
    let tiny = simd.less_than_f32s(x, least);
    let x = simd.max_f32s(least, simd.min_f32s(simd.splat_f32s(88.0), x));
    let shifted = simd.mul_add_e_f32s(x, simd.splat_f32s(LOG2_E), simd.splat_f32s(ROUND));
    let n = simd.sub_f32s(shifted, simd.splat_f32s(ROUND));
    let r = simd.mul_add_e_f32s(n, simd.splat_f32s(-LN2_HIGH), x);
    let r = simd.mul_add_e_f32s(n, simd.splat_f32s(-LN2_LOW), r);
    // Taylor to r⁷ on |r| ≤ ln2/2: the first term left out is below 6e−9
    let mut p = simd.splat_f32s(1.0 / 5040.0);
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = simd.mul_add_e_f32s(p, r, simd.splat_f32s(coefficient));
    }
    let bits = simd.transmute_u32s_f32s(shifted);
    let exponent = simd.wrapping_dyn_shl_u32s(bits, simd.splat_u32s(23));
    let scale = simd.transmute_f32s_u32s(simd.add_u32s(exponent, simd.splat_u32s(1.0_f32.to_bits())));
    let result = simd.select_f32s(tiny, simd.splat_f32s(0.0), simd.mul_f32s(p, scale));
    simd.select_f32s(simd.equal_f32s(nan, nan), result, nan)
}
