//! From value to colour: a scale, a range and a colour map folded into one table.
//!
//! Knows nothing of attention: a shader colours any matrix. Whoever changes scale, range or map builds a new one
//! (a few microseconds) and paints again.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

use super::colormap::{ColorMap, Rgba};
use super::raster::Raster;

/// Entries of the folded table.
const ENTRIES: usize = 4096;
/// Powers of two that the logarithmic scale spans: its floor is 2⁻¹⁶ ≈ 1.5e−5 of the maximum.
const OCTAVES: u32 = 16;
/// Below this many values one thread is faster than waking the others.
const PARALLEL_FROM: usize = 1 << 16;

/// How a value becomes a share of the colour map.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Scale {
    /// Evenly from the low end of the range to the high end.
    #[default]
    Linear,
    /// By order of magnitude, down to 2⁻¹⁶ of the maximum.
    Log,
    /// Evenly, each row against its own maximum: weak rows show their shape too.
    Row,
}

impl Scale {
    /// Its name in options, settings and files.
    pub fn id(self) -> &'static str {
        self.into()
    }

    /// Its name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Linear => "Linear",
            Self::Log => "Log",
            Self::Row => "Row maximum",
        }
    }
}

/// The values that meet the two ends of a colour map.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValueRange {
    /// The low end.
    pub low: f32,
    /// The high end.
    pub high: f32,
}

impl ValueRange {
    /// From 0 to the greatest finite value (1 where nothing is positive): for weights.
    pub fn up_to_max(values: &[f32]) -> Self {
        let high = peak(values, |v| v);
        Self { low: 0.0, high: if high > 0.0 { high } else { 1.0 } }
    }

    /// As far below zero as above, reaching the greatest finite magnitude: for signed values.
    pub fn symmetric(values: &[f32]) -> Self {
        let high = peak(values, f32::abs);
        let high = if high > 0.0 { high } else { 1.0 };
        Self { low: -high, high }
    }

    /// The range that suits `map`.
    pub fn fit(map: ColorMap, values: &[f32]) -> Self {
        if map.is_signed() { Self::symmetric(values) } else { Self::up_to_max(values) }
    }
}

/// A ready table from values to colours.
#[derive(Clone, Debug)]
pub struct Shader {
    table: Box<[Rgba]>,
    floor: Rgba,
    nan: Rgba,
    scale: Scale,
    signed: bool,
    range: ValueRange,
}

impl Shader {
    /// Folds `map`, `scale` and `range` into one table. A signed map reads the range as ± its greater end.
    pub fn new(map: ColorMap, scale: Scale, range: ValueRange) -> Self {
        let signed = map.is_signed();
        let range = if signed {
            let high = range.high.abs().max(range.low.abs());
            ValueRange { low: -high, high }
        } else {
            range
        };
        let table: Box<[Rgba]> = (0..ENTRIES).map(|i| map.at(i as f32 / (ENTRIES - 1) as f32)).collect();
        let floor = if signed { map.at(0.5) } else { map.at(0.0) };
        Self { table, floor, nan: map.nan(), scale, signed, range }
    }

    /// The range it was made for.
    pub fn range(&self) -> ValueRange {
        self.range
    }

    /// The value at the low end of the legend: on a logarithmic scale that is not the range's.
    pub fn low_end(&self) -> f32 {
        match (self.scale, self.signed) {
            (Scale::Log, false) => self.range.high / (1 << OCTAVES) as f32,
            _ => self.range.low,
        }
    }

    /// The colour of "nothing": the low end, or zero on a signed map. Masked cells (−∞, 0) show it.
    pub fn floor(&self) -> Rgba {
        self.floor
    }

    /// The colour of one value. On [`Scale::Row`] the range's high end stands for the row's maximum.
    pub fn color(&self, value: f32) -> Rgba {
        self.lookup(value, self.row_range(None))
    }

    /// `n` colours from one end of the range to the other: a legend.
    pub fn ramp(&self, n: usize) -> Vec<Rgba> {
        (0..n).map(|i| self.table[i * (ENTRIES - 1) / n.saturating_sub(1).max(1)]).collect()
    }

    /// Where `value` sits along the legend, 0…1.
    pub fn position(&self, value: f32) -> f32 {
        self.index(value, self.row_range(None)) as f32 / (ENTRIES - 1) as f32
    }

    /// Colours a row-major matrix with `columns` columns, one pixel a value.
    pub fn paint(&self, values: &[f32], columns: usize) -> Raster {
        self.paint_rows(values, columns, None)
    }

    /// As [`Shader::paint`]; on [`Scale::Row`] `peaks` are the maxima of whole rows of which `values` holds a part.
    pub fn paint_rows(&self, values: &[f32], columns: usize, peaks: Option<&[f32]>) -> Raster {
        let columns = columns.max(1);
        let mut pixels = vec![self.floor; values.len()];
        let row = |(index, (out, values)): (usize, (&mut [Rgba], &[f32]))| {
            let range = match (self.scale, peaks.and_then(|peaks| peaks.get(index))) {
                (Scale::Row, Some(&peak)) => self.row_range(Some(peak)),
                (Scale::Row, None) if self.signed => self.row_range(Some(peak(values, f32::abs))),
                (Scale::Row, None) => self.row_range(Some(peak(values, |v| v))),
                _ => self.row_range(None),
            };
            for (pixel, &value) in out.iter_mut().zip(values) {
                *pixel = self.lookup(value, range);
            }
        };
        if values.len() >= PARALLEL_FROM {
            pixels.par_chunks_mut(columns).zip(values.par_chunks(columns)).enumerate().for_each(row);
        } else {
            pixels.chunks_mut(columns).zip(values.chunks(columns)).enumerate().for_each(row);
        }
        Raster { width: columns, height: values.len().div_ceil(columns), pixels }
    }

    /// Low end and gain for a row whose maximum is `peak`, or for the whole range.
    fn row_range(&self, peak: Option<f32>) -> (f32, f32) {
        let ValueRange { low, high } = match peak {
            Some(peak) if self.signed => ValueRange { low: -peak, high: peak },
            Some(peak) => ValueRange { low: self.range.low, high: peak },
            None => self.range,
        };
        let span = if self.scale == Scale::Log { high } else { high - low };
        match (span > 0.0, self.signed) {
            (true, _) => (low, 1.0 / span),
            (false, true) => (-1.0, 0.5),
            (false, false) => (low, 0.0),
        }
    }

    #[inline]
    fn lookup(&self, value: f32, range: (f32, f32)) -> Rgba {
        if value.is_nan() {
            self.nan
        } else if value == f32::NEG_INFINITY {
            self.floor
        } else {
            self.table[self.index(value, range)]
        }
    }

    #[inline]
    fn index(&self, value: f32, (low, gain): (f32, f32)) -> usize {
        match (self.scale, self.signed) {
            (Scale::Log, false) => octave_index(value * gain, ENTRIES),
            (Scale::Log, true) => {
                let half = octave_index((value * gain).abs(), ENTRIES / 2);
                if value < 0.0 {
                    ENTRIES / 2 - half.min(ENTRIES / 2)
                } else {
                    (ENTRIES / 2 + half).min(ENTRIES - 1)
                }
            }
            // A float-to-integer cast saturates: what lies outside the range takes its end
            _ => (((value - low) * gain * (ENTRIES - 1) as f32 + 0.5) as usize).min(ENTRIES - 1),
        }
    }
}

/// The place of `share` on a logarithmic axis of `entries` steps from 2⁻¹⁶ to 1: the leading bits of a float are
/// its logarithm, straight between powers of two, so no logarithm is taken.
#[inline]
fn octave_index(share: f32, entries: usize) -> usize {
    const FLOOR: u32 = (127 - OCTAVES) << 23;
    let shift = 23 + OCTAVES.trailing_zeros() - entries.trailing_zeros();
    if share <= f32::from_bits(FLOOR) {
        return 0;
    }
    (((share.to_bits() - FLOOR) >> shift) as usize).min(entries - 1)
}

/// The greatest finite `of(value)`, at least 0.
fn peak(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    values.iter().map(|&v| of(v)).filter(|v| v.is_finite()).fold(0.0, f32::max)
}
