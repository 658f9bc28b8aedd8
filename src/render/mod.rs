//! Values to colour: colour maps, scales, rasters and the tile pyramid, shared by the window and the exports.
//!
//! **Invariant:** no egui types and no files here; a matrix goes in, pixels come out.

mod bundles;
mod colormap;
pub mod fonts;
mod palette;
pub mod rank;
mod raster;
pub mod ribbons;
mod shader;
mod theme;
pub mod tiles;

pub use bundles::{Strand, bundled, way};
pub use colormap::{ColorMap, Rgba, contrast, ink_on};
pub use raster::Raster;
pub use shader::{Scale, Shader, ValueRange};
pub use theme::{Theme, Tokens, mix};
pub use tiles::{Plain, Quantity, Surface, Tile, TileKey, Watched, farther, share};
