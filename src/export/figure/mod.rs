//! Pictures for papers and slides: one layout, spelled as SVG, drawn as PNG.
//!
//! A layout is pure: values, labels and a shader go in, a [`Drawing`] comes out whose texts know their places.

pub mod axis;
pub mod drawing;
pub(crate) mod legend;
pub mod matrix;
pub(crate) mod metrics;
pub mod sheet;
pub mod strip;
mod svg;

pub use drawing::Drawing;
pub use svg::to_svg;
