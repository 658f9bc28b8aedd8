//! How this frame colours weights: map, scale, and a number that changes when either does.

use super::state::Look;
use crate::{
    model::HeadId,
    render::{ColorMap, Rgba, Scale, Shader, ValueRange},
    trace::Trace,
};
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
    /// Of the looks in one theme.
    pub fn new(look: &Look, dark: bool) -> Self {
        let (map, scale) = (look.map(dark), look.scale);
        Self { number: scale as u64 * ColorMap::COUNT as u64 + map as u64, map, scale }
    }

    /// What masked cells show.
    pub fn floor(&self) -> Rgba {
        self.map.at(0.0)
    }

    /// The shader for one head's weights, from 0 to the greatest but its first row's.
    pub fn shader(&self, trace: &Trace, head: HeadId) -> Shader {
        Shader::new(self.map, self.scale, ValueRange { low: 0.0, high: top(trace, head) })
    }
}

/// The greatest weight that a head's map is scaled to: of its thumbnail, less the first row, which is always 1.
fn top(trace: &Trace, head: HeadId) -> f32 {
    let thumbnail = trace.thumbnail(head);
    let rows = if thumbnail.size > 1 { &thumbnail.values[thumbnail.size..] } else { &thumbnail.values };
    let top = rows.iter().copied().filter(|value| value.is_finite()).fold(0.0, f32::max);
    if top > 0.0 { top } else { 1.0 }
}
