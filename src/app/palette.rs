//! How this frame colours weights: map, scale, and a number that changes when either does.

use super::state::Look;
use crate::{
    model::HeadId,
    render::{ColorMap, Rgba, Scale, Shader, tiles},
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
        Shader::new(self.map, self.scale, tiles::weight_range(trace, head))
    }
}
