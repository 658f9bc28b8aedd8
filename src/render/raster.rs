//! A picture of pixels: what goes to a texture, a PNG or an SVG's image.

use super::colormap::Rgba;

/// Row-major pixels, top row first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// `width × height` colours.
    pub pixels: Vec<Rgba>,
}

impl Raster {
    /// The same as bytes: red, green, blue, alpha of the first pixel, and on.
    pub fn bytes(&self) -> &[u8] {
        self.pixels.as_flattened()
    }
}
