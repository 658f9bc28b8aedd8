//! Numbers in fewer bits than a float: how each packing lies in memory, and how it becomes single precision.
//!
//! The block kinds that candle knows are unpacked by candle; IQ4, MXFP4 and 8-bit floats, which it does not, here.
//! Layouts: ggml's `ggml-common.h`; OCP Microscaling Formats 1.0; OCP 8-bit Floating Point 1.0.

use candle_core::quantized::{GgmlType, k_quants};
use half::f16;
use strum::{Display, IntoStaticStr};

/// How numbers are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Packing {
    /// 32 numbers: scale, 4 bits each
    #[strum(serialize = "Q4_0")]
    Q4_0,
    /// 32 numbers: scale and least, 4 bits each
    #[strum(serialize = "Q4_1")]
    Q4_1,
    /// 32 numbers: scale, 5 bits each
    #[strum(serialize = "Q5_0")]
    Q5_0,
    /// 32 numbers: scale and least, 5 bits each
    #[strum(serialize = "Q5_1")]
    Q5_1,
    /// 32 numbers: scale, 8 bits each
    #[strum(serialize = "Q8_0")]
    Q8_0,
    /// 256 numbers in 16 groups, 2 bits each
    #[strum(serialize = "Q2_K")]
    Q2K,
    /// 256 numbers in 16 groups, 3 bits each
    #[strum(serialize = "Q3_K")]
    Q3K,
    /// 256 numbers in 8 groups, 4 bits each
    #[strum(serialize = "Q4_K")]
    Q4K,
    /// 256 numbers in 8 groups, 5 bits each
    #[strum(serialize = "Q5_K")]
    Q5K,
    /// 256 numbers in 16 groups, 6 bits each
    #[strum(serialize = "Q6_K")]
    Q6K,
    /// 32 numbers: scale, 4 bits each that choose among 16 uneven steps
    #[strum(serialize = "IQ4_NL")]
    Iq4Nl,
    /// 256 numbers in 8 groups, 4 bits each that choose among 16 uneven steps
    #[strum(serialize = "IQ4_XS")]
    Iq4Xs,
    /// 32 numbers: an exponent, then 4-bit floats, those of the first half in the low bits
    #[strum(serialize = "MXFP4")]
    Mxfp4,
    /// 32 numbers as 4-bit floats, neighbours in a byte; their exponent lies apart
    #[strum(serialize = "MXFP4")]
    Mxfp4Apart,
    /// 8-bit floats with 4 bits of exponent
    #[strum(serialize = "F8_E4M3")]
    E4m3,
    /// 8-bit floats with 5 bits of exponent
    #[strum(serialize = "F8_E5M2")]
    E5m2,
}

impl Packing {
    /// Numbers in a block, and the bytes it takes.
    pub fn block(self) -> (usize, usize) {
        match self {
            Self::Q4_0 | Self::Iq4Nl => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q2K => (256, 84),
            Self::Q3K => (256, 110),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
            Self::Iq4Xs => (256, 136),
            Self::Mxfp4 => (32, 17),
            Self::Mxfp4Apart => (32, 16),
            Self::E4m3 | Self::E5m2 => (1, 1),
        }
    }
    /// What a block's address must be a multiple of.
    pub fn alignment(self) -> usize {
        match self {
            Self::Iq4Nl | Self::Iq4Xs | Self::Mxfp4 | Self::Mxfp4Apart | Self::E4m3 | Self::E5m2 => 1,
            _ => 2,
        }
    }
}

/// Packed numbers of a tensor, counted from `first`.
#[derive(Clone, Copy, Debug)]
pub struct Packed<'a> {
    /// How they are packed
    pub packing: Packing,
    /// Whole blocks
    pub bytes: &'a [u8],
    /// What multiplies them and does not lie in the blocks
    pub scales: Scales<'a>,
    /// The number that counts as the first
    pub first: usize,
}

/// Factors that lie apart from the numbers.
#[derive(Clone, Copy, Debug)]
pub enum Scales<'a> {
    /// None do
    Within,
    /// A power of two a block, 127 for one
    Exponents(&'a [u8]),
    /// A factor for every tile of a matrix
    Tiles(Tiles<'a>),
}

/// A factor for every tile of a matrix; the last tile of a row or column may be cut.
#[derive(Clone, Copy, Debug)]
pub struct Tiles<'a> {
    /// [tile rows, tile columns]
    pub factors: &'a [f32],
    /// Numbers in a row of the matrix
    pub row: usize,
    /// Rows and columns of a tile
    pub tile: (usize, usize),
}

/// Numbers unpacked at once.
const CHUNK: usize = 256;

impl Packed<'_> {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        let (numbers, bytes) = self.packing.block();
        self.bytes.len() / bytes * numbers - self.first
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Unpacks `len` numbers from `start` on and hands them to `take` in pieces, each with its place in the run.
    pub(super) fn read(&self, start: usize, len: usize, mut take: impl FnMut(usize, &[f32])) {
        let (numbers, size) = self.packing.block();
        let (mut at, end) = (self.first + start, self.first + start + len);
        let mut single = [0.0; CHUNK];
        while at < end {
            let block = at / numbers;
            let last = end.div_ceil(numbers).min(block + CHUNK / numbers);
            let unpacked = &mut single[..(last - block) * numbers];
            self.unpack(block, &self.bytes[block * size..last * size], unpacked);
            let upto = end.min(last * numbers);
            let place = at - self.first - start;
            take(place, &unpacked[at - block * numbers..upto - block * numbers]);
            at = upto;
        }
    }

    /// Whole blocks, of which `block` is the first.
    fn unpack(&self, block: usize, bytes: &[u8], out: &mut [f32]) {
        match self.packing {
            Packing::Q4_0 => candle::<k_quants::BlockQ4_0>(bytes, out),
            Packing::Q4_1 => candle::<k_quants::BlockQ4_1>(bytes, out),
            Packing::Q5_0 => candle::<k_quants::BlockQ5_0>(bytes, out),
            Packing::Q5_1 => candle::<k_quants::BlockQ5_1>(bytes, out),
            Packing::Q8_0 => candle::<k_quants::BlockQ8_0>(bytes, out),
            Packing::Q2K => candle::<k_quants::BlockQ2K>(bytes, out),
            Packing::Q3K => candle::<k_quants::BlockQ3K>(bytes, out),
            Packing::Q4K => candle::<k_quants::BlockQ4K>(bytes, out),
            Packing::Q5K => candle::<k_quants::BlockQ5K>(bytes, out),
            Packing::Q6K => candle::<k_quants::BlockQ6K>(bytes, out),
            Packing::Iq4Nl => each::<18, 32>(bytes, out, |block, out| {
                steps(f16::from_le_bytes([block[0], block[1]]).to_f32(), &block[2..], out);
            }),
            Packing::Iq4Xs => each::<136, 256>(bytes, out, iq4_xs),
            Packing::Mxfp4 => each::<17, 32>(bytes, out, |block, out| {
                let scale = power_of_two(block[0]);
                let (low, high) = out.split_at_mut(16);
                for ((&byte, low), high) in block[1..].iter().zip(low).zip(high) {
                    *low = scale * E2M1[usize::from(byte & 15)];
                    *high = scale * E2M1[usize::from(byte >> 4)];
                }
            }),
            Packing::Mxfp4Apart => {
                let Scales::Exponents(exponents) = self.scales else { unreachable!("MXFP4 has exponents") };
                let mut exponents = exponents[block..].iter();
                each::<16, 32>(bytes, out, |block, out| {
                    let scale = exponents.next().map_or(1.0, |&exponent| power_of_two(exponent));
                    for (&byte, out) in block.iter().zip(out.as_chunks_mut::<2>().0) {
                        *out = [E2M1[usize::from(byte & 15)] * scale, E2M1[usize::from(byte >> 4)] * scale];
                    }
                });
            }
            Packing::E4m3 => self.tiled(block, bytes, out, e4m3),
            Packing::E5m2 => {
                self.tiled(block, bytes, out, |byte| f16::from_bits(u16::from(byte) << 8).to_f32());
            }
        }
    }

    /// 8-bit floats, of which `first` is the first, each by its tile's factor.
    fn tiled(&self, first: usize, bytes: &[u8], out: &mut [f32], single: impl Fn(u8) -> f32) {
        let Scales::Tiles(Tiles { factors, row, tile }) = self.scales else {
            out.iter_mut().zip(bytes).for_each(|(out, &byte)| *out = single(byte));
            return;
        };
        let across = row.div_ceil(tile.1);
        for (i, (out, &byte)) in out.iter_mut().zip(bytes).enumerate() {
            let (y, x) = ((first + i) / row, (first + i) % row);
            *out = single(byte) * factors[y / tile.0 * across + x / tile.1];
        }
    }
}

/// Unpacks with candle.
#[expect(unsafe_code, reason = "candle's blocks are plain bytes, but do not say so to bytemuck")]
fn candle<B: GgmlType>(bytes: &[u8], out: &mut [f32]) {
    // SAFETY: every `B` used here is `repr(C)` of `f16`, `u8` and `i8` fields only, so any bytes are a value of it;
    // `align_to` puts what is not aligned or not a whole block into its first and last part.
    let (before, blocks, after) = unsafe { bytes.align_to::<B>() };
    assert!(before.is_empty() && after.is_empty(), "whole blocks, aligned");
    B::to_float(blocks, out);
}

/// Hands each block to `unpack` with its numbers.
fn each<const BYTES: usize, const NUMBERS: usize>(
    bytes: &[u8],
    out: &mut [f32],
    mut unpack: impl FnMut(&[u8; BYTES], &mut [f32; NUMBERS]),
) {
    for (block, out) in bytes.as_chunks().0.iter().zip(out.as_chunks_mut().0) {
        unpack(block, out);
    }
}

/// The 16 steps that IQ4 chooses among.
const IQ4_STEPS: [f32; 16] = [
    -127.0, -104.0, -83.0, -65.0, -49.0, -35.0, -22.0, -10.0, 1.0, 13.0, 25.0, 38.0, 53.0, 69.0, 89.0, 113.0,
];

/// 32 numbers of an IQ4 kind: low halves of the bytes, then high halves.
fn steps(scale: f32, bytes: &[u8], out: &mut [f32]) {
    let (low, high) = out.split_at_mut(16);
    for ((&byte, low), high) in bytes.iter().zip(low).zip(high) {
        *low = scale * IQ4_STEPS[usize::from(byte & 15)];
        *high = scale * IQ4_STEPS[usize::from(byte >> 4)];
    }
}

/// Scale, then the upper two and the lower four bits of eight 6-bit scales, then 8 × 16 bytes.
fn iq4_xs(block: &[u8; 136], out: &mut [f32; 256]) {
    let whole = f16::from_le_bytes([block[0], block[1]]).to_f32();
    let upper = u16::from_le_bytes([block[2], block[3]]);
    let (groups, _) = block[8..].as_chunks::<16>();
    for (i, (bytes, out)) in groups.iter().zip(out.as_chunks_mut::<32>().0).enumerate() {
        let lower = block[4 + i / 2] >> (4 * (i % 2)) & 15;
        let scale = i16::from(lower) | ((upper >> (2 * i) & 3) << 4) as i16;
        steps(whole * f32::from(scale - 32), bytes, out);
    }
}

/// 4-bit floats with 2 bits of exponent.
const E2M1: [f32; 16] =
    [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0];

/// 2^(exponent − 127), exactly, down to the denormal at 0.
fn power_of_two(exponent: u8) -> f32 {
    f32::from_bits(if exponent == 0 { 1 << 22 } else { u32::from(exponent) << 23 })
}

/// Sign, four bits of exponent (bias 7), three of mantissa; no infinity, NaN at all ones.
fn e4m3(byte: u8) -> f32 {
    let sign = u32::from(byte >> 7) << 31;
    let rest = u32::from(byte & 127);
    if rest == 127 {
        return f32::NAN;
    }
    // The three bits of mantissa moved below the exponent of a single: a power of 120 short, denormals included
    let shifted = f32::from_bits(rest << 20) * f32::from_bits((127 + 120) << 23);
    f32::from_bits(shifted.to_bits() | sign)
}
