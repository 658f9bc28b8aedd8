//! From value to colour: a scale, a range and a colour map folded into one table.
//!
//! Knows nothing of attention: a shader colours any matrix. Whoever changes scale, range or map builds a new one and
//! paints again.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use strum::{EnumCount as _, EnumIter, EnumString, IntoStaticStr};

use super::colormap::{ColorMap, Rgba};
use super::rank;
use super::raster::Raster;

/// Entries of the folded table that values reach.
const ENTRIES: usize = 4096;
/// The entry behind them for what is masked, and the one for what is no number.
const MASKED: u32 = ENTRIES as u32;
const NAN: u32 = MASKED + 1;
/// Values whose entries are found together, so that the compiler can do several at once.
const BATCH: usize = 64;
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
    /// By place in the order of a row's values, from the least to the greatest: the order alone, whatever the sizes.
    Rank,
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
            Self::Rank => "Rank in its row",
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

    /// The range that suits `map`, or values of both signs on any map.
    pub fn fit(map: ColorMap, signed: bool, values: &[f32]) -> Self {
        if signed || map.is_signed() { Self::symmetric(values) } else { Self::up_to_max(values) }
    }
}

/// A ready table from values to colours.
#[derive(Clone, Debug)]
pub struct Shader {
    table: &'static [Rgba],
    scale: Scale,
    signed: bool,
    range: ValueRange,
    threshold: f32,
}

impl Shader {
    /// Folds `map`, `scale` and `range` into one table. A signed map reads the range as ± its greater end, and so does any
    /// map of a range that begins below zero: zero is its middle then.
    pub fn new(map: ColorMap, scale: Scale, range: ValueRange) -> Self {
        let signed = map.is_signed() || range.low < 0.0;
        let range = if signed {
            let high = range.high.abs().max(range.low.abs());
            ValueRange { low: -high, high }
        } else {
            range
        };
        Self { table: table_of(map, signed), scale, signed, range, threshold: 0.0 }
    }

    /// The same, but values smaller than `threshold` show the floor.
    #[must_use]
    pub fn from_threshold(self, threshold: f32) -> Self {
        Self { threshold, ..self }
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
        self.table[MASKED as usize]
    }

    /// The colour of one value. On [`Scale::Row`] the range's high end stands for the row's maximum.
    pub fn color(&self, value: f32) -> Rgba {
        let mut pixel = [self.floor()];
        self.paint_row(&mut pixel, &[value], self.row_range(None));
        pixel[0]
    }

    /// `n` colours from one end of the range to the other: a legend.
    pub fn ramp(&self, n: usize) -> Vec<Rgba> {
        (0..n).map(|i| self.table[i * (ENTRIES - 1) / n.saturating_sub(1).max(1)]).collect()
    }

    /// Where `value` sits along the legend, 0…1.
    pub fn position(&self, value: f32) -> f32 {
        let range = self.row_range(None);
        let entry = match (self.scale, self.signed) {
            (Scale::Log, false) => log_entry(value, range),
            (Scale::Log, true) => signed_log_entry(value, range),
            _ => linear_entry(value, range),
        };
        entry as f32 / (ENTRIES - 1) as f32
    }

    /// Colours a row-major matrix with `columns` columns, one pixel a value.
    pub fn paint(&self, values: &[f32], columns: usize) -> Raster {
        self.paint_rows(values, columns, None)
    }

    /// As [`Shader::paint`]; on [`Scale::Row`] `peaks` are the maxima of whole rows of which `values` holds a part.
    /// On [`Scale::Rank`] values are ranked among those of the row that are there.
    pub fn paint_rows(&self, values: &[f32], columns: usize, peaks: Option<&[f32]>) -> Raster {
        let columns = columns.max(1);
        if self.scale == Scale::Rank {
            let ranks: Vec<f32> =
                values.chunks(columns).flat_map(|row| rank::of_row(row, self.signed)).collect();
            return self.paint_ranks(&ranks, values, columns);
        }
        let mut pixels = vec![self.floor(); values.len()];
        let row = |(index, (out, values)): (usize, (&mut [Rgba], &[f32]))| {
            let range = match (self.scale, peaks.and_then(|peaks| peaks.get(index))) {
                (Scale::Row, Some(&peak)) => self.row_range(Some(peak)),
                (Scale::Row, None) if self.signed => self.row_range(Some(peak(values, f32::abs))),
                (Scale::Row, None) => self.row_range(Some(peak(values, |v| v))),
                _ => self.row_range(None),
            };
            self.paint_row(out, values, range);
        };
        if values.len() >= PARALLEL_FROM {
            pixels.par_chunks_mut(columns).zip(values.par_chunks(columns)).enumerate().for_each(row);
        } else {
            pixels.chunks_mut(columns).zip(values.chunks(columns)).enumerate().for_each(row);
        }
        Raster { width: columns, height: values.len().div_ceil(columns), pixels }
    }

    /// Colours values by ranks that are known: shares from 0 to 1, on a signed map from −1 to 1; −∞ shows the floor.
    pub fn paint_ranks(&self, ranks: &[f32], values: &[f32], columns: usize) -> Raster {
        let mut pixels = vec![self.floor(); ranks.len()];
        let shades = rank::from_threshold(ranks, values, self.threshold);
        let range = self.row_range(None);
        self.look_up(&mut pixels, &shades, 0.0, |rank| linear_entry(rank, range));
        let columns = columns.max(1);
        Raster { width: columns, height: ranks.len().div_ceil(columns), pixels }
    }

    /// Low end and gain for a row whose maximum is `peak`, or for the whole range.
    fn row_range(&self, peak: Option<f32>) -> (f32, f32) {
        let ValueRange { low, high } = match peak {
            Some(peak) if self.signed => ValueRange { low: -peak, high: peak },
            Some(peak) => ValueRange { low: self.range.low, high: peak },
            None if self.scale == Scale::Rank => {
                ValueRange { low: if self.signed { -1.0 } else { 0.0 }, high: 1.0 }
            }
            None => self.range,
        };
        let span = if self.scale == Scale::Log { high } else { high - low };
        match (span > 0.0, self.signed) {
            (true, _) => (low, 1.0 / span),
            (false, true) => (-1.0, 0.5),
            (false, false) => (low, 0.0),
        }
    }

    fn paint_row(&self, out: &mut [Rgba], values: &[f32], range: (f32, f32)) {
        match (self.scale, self.signed) {
            (Scale::Log, false) => self.look_up(out, values, self.threshold, |value| log_entry(value, range)),
            (Scale::Log, true) => {
                self.look_up(out, values, self.threshold, |value| signed_log_entry(value, range));
            }
            _ => self.look_up(out, values, self.threshold, |value| linear_entry(value, range)),
        }
    }

    fn look_up(&self, out: &mut [Rgba], values: &[f32], threshold: f32, entry: impl Fn(f32) -> u32) {
        let mut entries = [0; BATCH];
        for (out, values) in out.chunks_mut(BATCH).zip(values.chunks(BATCH)) {
            for (place, &value) in entries.iter_mut().zip(values) {
                let reached = entry(value);
                let hidden = value == f32::NEG_INFINITY || value.abs() < threshold;
                let reached = if hidden { MASKED } else { reached };
                *place = if value.is_nan() { NAN } else { reached };
            }
            for (pixel, &entry) in out.iter_mut().zip(&entries) {
                *pixel = self.table[entry as usize];
            }
        }
    }
}

/// A map's colours, what is masked and what is no number, made once: a grid of small maps has a shader for each.
fn table_of(map: ColorMap, signed: bool) -> &'static [Rgba] {
    static TABLES: [OnceLock<Box<[Rgba]>>; 2 * ColorMap::COUNT] =
        [const { OnceLock::new() }; 2 * ColorMap::COUNT];
    TABLES[2 * map as usize + usize::from(signed)].get_or_init(|| {
        let colors = (0..ENTRIES).map(|i| map.at(i as f32 / (ENTRIES - 1) as f32));
        let floor = if signed { map.at(0.5) } else { map.at(0.0) };
        colors.chain([floor, map.nan()]).collect()
    })
}

#[inline]
fn linear_entry(value: f32, (low, gain): (f32, f32)) -> u32 {
    // What lies outside the range takes its end. A float near 2²³ has its rounded value in its last bits: cheaper
    // than a cast, which must mind what a float may be
    const SHIFT: f32 = (1 << 23) as f32;
    let last = (ENTRIES - 1) as f32;
    let place = ((value - low) * gain * last).max(0.0).min(last);
    (place + SHIFT).to_bits() & (ENTRIES as u32 - 1)
}

#[inline]
fn log_entry(value: f32, (_, gain): (f32, f32)) -> u32 {
    octave_index(value * gain, ENTRIES)
}

#[inline]
fn signed_log_entry(value: f32, (_, gain): (f32, f32)) -> u32 {
    const MIDDLE: u32 = ENTRIES as u32 / 2;
    let half = octave_index((value * gain).abs(), ENTRIES / 2);
    if value < 0.0 { MIDDLE - half } else { MIDDLE + half }
}

/// The place of `share` on a logarithmic axis of `entries` steps from 2⁻¹⁶ to 1: the leading bits of a float are
/// its logarithm, straight between powers of two, so no logarithm is taken.
#[inline]
fn octave_index(share: f32, entries: usize) -> u32 {
    const FLOOR: u32 = (127 - OCTAVES) << 23;
    let shift = 23 + OCTAVES.trailing_zeros() - entries.trailing_zeros();
    let index = (share.to_bits().wrapping_sub(FLOOR) >> shift).min(entries as u32 - 1);
    if share > f32::from_bits(FLOOR) { index } else { 0 }
}

/// The greatest finite `of(value)`, at least 0. In eight lanes: one maximum waits for the one before.
fn peak(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let greater = |best: f32, value: f32| {
        let value = of(value);
        if value > best && value < f32::INFINITY { value } else { best }
    };
    let (eights, rest) = values.as_chunks::<8>();
    let mut best = [0.0; 8];
    for eight in eights {
        for (best, &value) in best.iter_mut().zip(eight) {
            *best = greater(*best, value);
        }
    }
    let best = best.into_iter().fold(0.0, f32::max);
    rest.iter().fold(best, |best, &value| greater(best, value))
}
