//! How this frame colours weights: map, scale, and a number that changes when either does.

use super::{state::Look, theme};
use crate::{
    model::{HeadId, Thumbnail},
    render::{ColorMap, Rgba, Scale, Shader, ValueRange, tiles},
    trace::Trace,
};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use strum::EnumCount as _;

/// A colour map with a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Textures made under another number are coloured anew.
    pub number: u64,
    /// The colour map.
    pub map: ColorMap,
    /// From weight to a share of the map.
    pub scale: Scale,
}

impl Palette {
    /// Of differences between two runs: signed, on the looks' scale.
    pub fn of_differences(look: &Look, dark: bool) -> Self {
        let (map, scale) = (ColorMap::signed(theme::shared(dark)), look.scale);
        Self { number: scale as u64 * ColorMap::COUNT as u64 + map as u64, map, scale }
    }

    /// Of the looks in one theme.
    pub fn new(look: &Look, dark: bool) -> Self {
        let (map, scale) = (look.map(dark), look.scale);
        Self { number: scale as u64 * ColorMap::COUNT as u64 + map as u64, map, scale }
    }

    /// The same, numbered anew for what else decides about colours.
    #[must_use]
    pub fn numbered(self, threshold: f32, range: ValueRange) -> Self {
        let mut hasher = DefaultHasher::new();
        (self.number, threshold.to_bits(), range.low.to_bits(), range.high.to_bits()).hash(&mut hasher);
        Self { number: hasher.finish(), ..self }
    }

    /// What masked cells show.
    pub fn floor(&self) -> Rgba {
        self.map.at(if self.map.is_signed() { 0.5 } else { 0.0 })
    }

    /// The shader for one head's weights, from 0 to the greatest but its first row's; or for how they differ from
    /// those of another run.
    pub fn shader(&self, trace: &Trace, less: Option<&Trace>, head: HeadId) -> Shader {
        let range = match less {
            Some(less) => ValueRange::symmetric(&differences(trace, less, head).values),
            None => tiles::weight_range(trace, head),
        };
        Shader::new(self.map, self.scale, range)
    }
}

/// A head's thumbnail less that of another run.
pub fn differences(trace: &Trace, less: &Trace, head: HeadId) -> Thumbnail {
    let mut thumbnail = trace.thumbnail(head).clone();
    for (value, theirs) in thumbnail.values.iter_mut().zip(&less.thumbnail(head).values) {
        *value -= theirs;
    }
    thumbnail
}
